"""What a retrieval network is made of, told without loading torch."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class RetrievalConfig:
    """What the network is made of, and what it is asked for besides stations.

    Parameters
    ----------
    width, layers : int
        Units of a hidden layer, and how many there are.
    with_q : bool
        Whether polarisation mixing is given too.
    prior_weight : float
        Weight of the mean square of the raw offsets: how dear it is to leave the class table.
    tb_h_weight : float
        Weight of the mean square of (forward TBH - seen TBH) / 4 K; 0 leaves it out.
    consistency_weight : float
        Weight of the same for TBV, averaged over the pixels of unlabelled cells; 0 leaves it out.
    """

    width: int = 16
    layers: int = 2
    with_q: bool = False
    prior_weight: float = 1e-3
    tb_h_weight: float = 0.0
    consistency_weight: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The configuration as plain values."""
        return asdict(self)
