"""Training tiles at random offsets, so that a network never sees land on one lattice alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from rootzone._shared.arrays import AnyArray
from rootzone._shared.seeds import stream
from rootzone.learning.samples.batches import SampleSet
from rootzone.networks.batch import Batch


@dataclass(frozen=True, eq=False)
class ShiftedSamples:
    """Samples whose tile is moved in each batch by up to some pixels down and across.

    A sample keeps one of its labels at least; those that the moved tile does not hold are left out
    of that batch. The offsets follow from the numbers of the batch and the seed, so a run that goes
    on after a kill draws the same.

    Parameters
    ----------
    whole : SampleSet
        The samples on their lattice.
    shift_px : int
        Largest offset, 1 or more.
    seed : int
        Of the offsets.
    """

    whole: SampleSet
    shift_px: int
    seed: int

    def __post_init__(self) -> None:
        wider = replace(self.whole, crop_halo_px=self.whole.crop_halo_px + self.shift_px)
        object.__setattr__(self, "_wider", wider)

    def __len__(self) -> int:
        return len(self.whole)

    @property
    def source(self) -> str:
        """``simulated`` or ``station``."""
        return self.whole.source

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        """Some samples as tensors, each at an offset of its own."""
        indices = np.asarray(indices, dtype=np.int64)
        wider: SampleSet = self._wider  # type: ignore[attr-defined]
        read = wider.batch(indices, device)
        halo, side = self.whole.crop_halo_px, self.whole.side_px
        rng = stream(self.seed, *indices.tolist())
        where = read.mask.any(dim=1).cpu().numpy()
        corners = [self._corner(one, rng) for one in where]

        def cut(values: Tensor) -> Tensor:
            parts = [
                v[..., r : r + side, c : c + side]
                for v, (r, c) in zip(values, corners, strict=True)
            ]
            return torch.stack(parts)

        mask, weight = cut(read.mask), cut(read.weight)
        if halo:  # what moved into the halo counts no more
            inner = torch.zeros_like(mask)
            inner[..., halo:-halo, halo:-halo] = True
            mask, weight = mask & inner, torch.where(inner, weight, 0.0)
        return replace(
            read, x=cut(read.x), y=cut(read.y), mask=mask, soil=cut(read.soil), weight=weight,
            halo_px=halo,
        )  # fmt: skip

    def _corner(self, labelled: AnyArray, rng: np.random.Generator) -> tuple[int, int]:
        """Corner of a moved tile in the wider one, such that a label drawn at random is on it."""
        at = np.argwhere(labelled)
        label = at[rng.integers(len(at))] - self.whole.crop_halo_px
        tile_px = self.whole.side_px - 2 * self.whole.crop_halo_px
        low = np.maximum(0, label - tile_px + 1)
        high = np.minimum(2 * self.shift_px, label)
        row, col = rng.integers(low, high + 1).tolist()
        return int(row), int(col)


def shifted(samples: SampleSet, shift_px: int, seed: int) -> SampleSet | ShiftedSamples:
    """The samples at random offsets, or as they are where ``shift_px`` is 0."""
    return ShiftedSamples(samples, shift_px, seed) if shift_px else samples
