"""Which source the next batch comes from: simulated labels or stations, by a seeded draw."""

from __future__ import annotations

import json
from typing import Literal

from rootzone._shared.errors import RequestError
from rootzone._shared.seeds import stream

SIMULATED, STATION = "simulated", "station"
SOURCES = (SIMULATED, STATION)
_STREAM = 11  # keeps these draws apart from others of the same seed


def may_draw(source: str, probability: float, schedule: str) -> bool:
    """Whether a run ever draws a source.

    A chance that falls to nothing leaves room for stations, however high it starts.

    Parameters
    ----------
    source : str
        ``simulated`` or ``station``.
    probability, schedule
        As in `Mixer`.
    """
    if source == SIMULATED:
        return probability > 0.0
    return probability < 1.0 or schedule == "linear"


class Mixer:
    """Draws the source of each batch: simulated with probability p, else stations.

    The paper's "80 % in-situ and 20 % APSIM" is p = 0.2. One number is drawn for every step,
    whatever p is, so runs that differ in p alone see the same numbers.

    Parameters
    ----------
    probability : float
        Chance p of a simulated batch at the start [-], 0 to 1.
    schedule : str
        ``constant`` keeps it; ``linear`` lets it fall to 0 at the end of the run.
    seed : int
        Seed of the draws.

    Raises
    ------
    RequestError
        The probability is outside 0 to 1, or the schedule is unknown.

    References
    ----------
    DeepSoil manuscript, 4.4.
    """

    def __init__(
        self, probability: float, schedule: Literal["constant", "linear"], seed: int
    ) -> None:
        if not 0.0 <= probability <= 1.0:
            raise RequestError(
                f"simulated_batch_probability {probability} must lie between 0 and 1."
            )
        if schedule not in ("constant", "linear"):
            raise RequestError(f"mixing_schedule {schedule!r} is neither constant nor linear.")
        self._probability = probability
        self._schedule = schedule
        self._rng = stream(seed, _STREAM)

    def probability_at(self, step: int, n_steps: int) -> float:
        """Chance of a simulated batch at a step, counted from 0.

        Examples
        --------
        >>> Mixer(0.2, "linear", seed=1).probability_at(50, 100)
        0.1
        """
        if self._schedule == "constant":
            return self._probability
        return self._probability * max(0.0, 1.0 - step / max(1, n_steps))

    def draw(self, step: int, n_steps: int) -> str:
        """Source of the batch of this step, ``simulated`` or ``station``."""
        simulated = self._rng.random() < self.probability_at(step, n_steps)
        return SIMULATED if simulated else STATION

    def state(self) -> str:
        """Everything that decides the coming draws, as text."""
        return json.dumps(self._rng.bit_generator.state)

    def restore(self, state: str) -> None:
        """Go on where `state` was taken."""
        self._rng.bit_generator.state = json.loads(state)
