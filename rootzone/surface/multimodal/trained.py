"""Networks and trees that a campaign of the system ``multimodal`` has trained, in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.seal import check
from rootzone.surface.chain.run_training import _ROUNDS, _TREES
from rootzone.surface.multimodal.chips import Chips
from rootzone.surface.multimodal.open_chips import OpenChips

if TYPE_CHECKING:
    import torch

    from rootzone.surface.multimodal.network import MultimodalNetwork

_AGAIN: Final = "rootzone surface train makes it again."


@dataclass(frozen=True)
class Trained:
    """Files of a campaign's networks.

    Parameters
    ----------
    chips : OpenChips
        The campaign.
    """

    chips: OpenChips

    @property
    def folder(self) -> Path:
        """Where results go."""
        return self.chips.folder

    @property
    def predictions(self) -> Path:
        """What is said at held-out samples."""
        return self.folder / "predictions.parquet"

    @property
    def skill(self) -> Path:
        """Figures of all splits and models."""
        return self.folder / "skill.json"

    def stage_folder(self, stage: str, seed: int) -> Path:
        """Log, checkpoint and weights of a stage that no split changes."""
        return self.folder / "networks" / f"{stage}_{seed}"

    def network_file(self, split: str, seed: int, *, scratch: bool = False) -> Path:
        """Weights of a network that learned from stations; ``scratch``: from nothing else."""
        name = f"{split}_{seed}_scratch" if scratch else f"{split}_{seed}"
        return self.folder / "networks" / name / "network.safetensors"

    def trees_file(self, split: str, seed: int) -> Path:
        """Trees on the same inputs."""
        return self.folder / "networks" / f"{split}_{seed}" / "trees.txt"

    def record(self, identity: dict[str, Any]) -> Provenance:
        """Provenance of what was trained."""
        return Provenance("rootzone surface train", {"files": self.chips.digest}, identity)

    def networks(self, split: str) -> list[MultimodalNetwork]:
        """Networks of a split, a seed each.

        Raises
        ------
        RequestError
            One is not trained yet.
        """
        found = []
        for seed in self.chips.opened.section.seeds:
            path = self.network_file(split, seed)
            if not path.is_file():
                raise RequestError(f"{path} is missing; run rootzone surface train first.")
            found.append(self.loaded(path))
        return found

    def loaded(self, path: Path) -> MultimodalNetwork:
        """A network with the weights of a file, ready to predict."""
        from safetensors.torch import load_file

        from rootzone.surface.multimodal.network import MultimodalNetwork

        network = MultimodalNetwork(self.chips.config)
        network.load_state_dict(load_file(check(path, _AGAIN)))
        return network.eval().to(self.chips.device)


def save_network(path: Path, weights: dict[str, torch.Tensor], record: Provenance) -> None:
    """Write weights and where they come from."""
    from safetensors.torch import save_file

    with atomic_path(path) as temporary:
        save_file({name: v.contiguous() for name, v in weights.items()}, temporary)
    write_sidecar(path, record)


def grown_trees(chips: Chips, path: Path | None = None, record: Provenance | None = None) -> Any:  # noqa: ANN401 - lightgbm is untyped
    """LightGBM on each pixel's channels and their means over 9 px, kept if a file is named."""
    import lightgbm

    trees = lightgbm.train(_TREES, lightgbm.Dataset(chips.at_pixels(), chips.y), _ROUNDS)
    if path is not None and record is not None:
        write_text(path, trees.model_to_string())
        write_sidecar(path, record)
    return trees


def by_trees(trees: Any, chips: Chips) -> FloatArray:  # noqa: ANN401
    """What trees say at the pixels of chips [m3 m-3]."""
    return np.asarray(trees.predict(chips.at_pixels()), np.float64)


def by_network(
    network: MultimodalNetwork, chips: Chips, block: int = 32
) -> tuple[FloatArray, FloatArray]:
    """What a network says at the pixels of chips and how sure it is [m3 m-3], shape (chip,)."""
    from rootzone.networks.validate import values_at_labels

    told = values_at_labels(
        lambda x, soil: network(x, soil),
        chips,
        batch_size=block,
        device=next(network.parameters()).device,
    )
    theta, spread = np.full(len(chips), np.nan), np.full(len(chips), np.nan)
    theta[told.sample] = told.predicted
    if told.spread is not None:
        spread[told.sample] = told.spread
    return theta, spread
