"""Windows around labels, kept in memory or on disk, as samples of the one training loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json, sealed_json
from rootzone.covariates.grid import Window
from rootzone.networks.batch import Batch
from rootzone.networks.mixing import STATION

SHIFT_PX: Final = 16
"""How far a training window is moved at random, so that stations are not always in the middle."""
_AGAIN: Final = "rootzone surface train makes it again."


@dataclass(frozen=True)
class Chips:
    """Windows of scaled channels with labels: one pixel of each, or all.

    Parameters
    ----------
    x : array of float16, shape (chip, channel, side, side)
        Windows, up to 16 px larger on every side than a network takes; NaN where missing.
    y : array, shape (chip,) or (chip, side, side)
        Water content [m3 m-3] at the pixel of each chip, or everywhere with NaN where unknown.
    row, col : array of int, shape (chip,)
        The pixel inside the chip.
    place, date : array of int, shape (chip,)
        Number of the station, and days since 1970-01-01.
    limits : array, shape (chip, 2, side, side), optional
        theta_r and theta_s of every pixel [m3 m-3], for a bounded output.
    window_px : int
        Side of what a network takes.
    moved : bool
        Whether windows are moved, turned and mirrored at random, as training wants them.
    source : str
        Where the labels come from.
    """

    x: AnyArray
    y: FloatArray
    row: IntArray
    col: IntArray
    place: IntArray
    date: IntArray
    window_px: int
    limits: AnyArray | None = None
    moved: bool = False
    source: str = STATION

    def __len__(self) -> int:
        return int(self.date.size)

    def of(self, chosen: AnyArray, *, moved: bool | None = None) -> Chips:
        """Some of the chips; ``x`` is copied, so that a chosen part lies in memory."""
        chosen = np.flatnonzero(chosen) if np.asarray(chosen).dtype == bool else chosen
        names = ("x", "y", "row", "col", "place", "date")
        parts: dict[str, Any] = {name: getattr(self, name)[chosen] for name in names}
        if self.limits is not None:
            parts["limits"] = self.limits[chosen]
        return replace(self, **parts, moved=self.moved if moved is None else moved)

    def without(self, channels: slice) -> Chips:
        """The same without a sensor: its channels are NaN."""
        x = np.array(self.x)
        x[:, channels] = np.nan
        return replace(self, x=x)

    def of_channels(self, channels: Sequence[int]) -> Chips:
        """The same with some channels only."""
        return replace(self, x=np.ascontiguousarray(self.x[:, list(channels)]))

    def at_pixels(self, mean_px: int = 9) -> FloatArray:
        """Channels of each chip's pixel and their means around it, shape (chip, 2 channel).

        Parameters
        ----------
        mean_px : int
            Side of the square that is averaged; parts outside the chip do not count.
        """
        half, side = mean_px // 2, self.x.shape[-1]
        out = np.empty((len(self), 2 * self.x.shape[1]))
        for k in range(len(self)):
            r, c = int(self.row[k]), int(self.col[k])
            around = np.s_[max(r - half, 0) : min(r + half + 1, side),
                           max(c - half, 0) : min(c + half + 1, side)]  # fmt: skip
            near = np.asarray(self.x[k], np.float64)[:, around[0], around[1]]
            known = np.isfinite(near)
            total, count = np.where(known, near, 0.0).sum(axis=(1, 2)), known.sum(axis=(1, 2))
            mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
            out[k] = np.concatenate([self.x[k, :, r, c].astype(np.float64), mean])
        return out

    def batch(self, indices: AnyArray, device: torch.device | str = "cpu") -> Batch:
        """Some chips; moved at random by torch's own state, so that a resumed run draws the same.

        A window that is not moved has its pixel as near to its middle as the chip allows.
        """
        indices = np.asarray(indices)
        starts = self._starts(indices)
        side = self.window_px
        x = torch.from_numpy(np.stack([
            self.x[k, :, r : r + side, c : c + side]
            for k, (r, c) in zip(indices, starts, strict=True)
        ])).float()  # fmt: skip
        y, mask = self._labels(indices, starts)
        soil = torch.full((len(indices), 1, 4, side, side), torch.nan)
        if self.limits is not None:
            cut = [self.limits[k, :, r : r + side, c : c + side]
                   for k, (r, c) in zip(indices, starts, strict=True)]  # fmt: skip
            soil[:, 0, :2] = torch.from_numpy(np.stack(cut)).float()
        if self.moved:
            x, y, mask, soil = _turned([x, y, mask, soil])
        whole = Batch(
            x=x, y=y, mask=mask, soil=soil, weight=mask.float(),
            tile=torch.from_numpy(self.place[indices].astype(np.int64)),
            date=torch.from_numpy(self.date[indices].astype(np.int64)),
        )  # fmt: skip
        return whole.to(device)

    def _starts(self, indices: IntArray) -> IntArray:
        """Upper-left pixel of each window inside its chip."""
        room = self.x.shape[-1] - self.window_px
        pixel = np.stack([self.row[indices], self.col[indices]], axis=1)
        middle = np.clip(pixel - self.window_px // 2, 0, room)
        if not self.moved or room == 0:
            return np.asarray(middle)
        drawn = torch.randint(-SHIFT_PX, SHIFT_PX + 1, (len(indices), 2)).numpy()
        low = np.maximum(pixel - self.window_px + 1, 0)
        return np.asarray(np.clip(middle + drawn, low, np.minimum(pixel, room)))

    def _labels(self, indices: IntArray, starts: IntArray) -> tuple[Tensor, Tensor]:
        n, side = len(indices), self.window_px
        if self.y.ndim == 3:
            cut = [self.y[k, r : r + side, c : c + side]
                   for k, (r, c) in zip(indices, starts, strict=True)]  # fmt: skip
            y = torch.from_numpy(np.stack(cut)).float()[:, None]
            mask = torch.isfinite(y)
            return torch.where(mask, y, 0.0), mask
        y = torch.zeros(n, 1, side, side)
        mask = torch.zeros(n, 1, side, side, dtype=torch.bool)
        row, col = self.row[indices] - starts[:, 0], self.col[indices] - starts[:, 1]
        at = (torch.arange(n), 0, torch.from_numpy(row), torch.from_numpy(col))
        y[at] = torch.from_numpy(self.y[indices]).float()
        mask[at] = True
        return y, mask


def _turned(fields: Sequence[Tensor]) -> list[Tensor]:
    """Fields mirrored and turned by quarters, all alike."""
    quarters, mirrored = int(torch.randint(0, 4, ())), bool(torch.rand(()) < 0.5)
    out = []
    for field in fields:
        turned = torch.rot90(field, quarters, (-2, -1))
        out.append((turned.flip(-1) if mirrored else turned).contiguous())
    return out


def window_around(row: int, col: int, side: int, height: int, width: int) -> Window:
    """A square of pixels with one near its middle, moved inward at the rim of an area.

    >>> window_around(3, 50, 32, 100, 100)
    Window(row=0, col=34, height=32, width=32)
    """
    r = min(max(row - side // 2, 0), height - side)
    c = min(max(col - side // 2, 0), width - side)
    return Window(r, c, side, side)


class ChipFile:
    """Chips of a campaign in a folder, made once; read again from disk without being copied."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.folder, self.identity = folder, dict(identity)

    @property
    def _facts(self) -> Path:
        return self.folder / "chips.json"

    def read(self, window_px: int, **more: Any) -> Chips | None:  # noqa: ANN401 - of `Chips`
        """The chips, if they are there and of the same inputs."""
        if not self._facts.is_file():
            return None
        if read_sealed_json(self._facts, _AGAIN)["identity"] != self.identity:
            return None
        x = np.load(self.folder / "x.npy", mmap_mode="r")
        with np.load(self.folder / "rest.npz") as file:
            rest: dict[str, Any] = {name: file[name] for name in file.files}
        return Chips(x, window_px=window_px, **rest, **more)

    def write(self, chips: Chips) -> None:
        """Keep chips."""
        if not np.isfinite(chips.y).any():
            raise RequestError("No chip has a label.")
        self.folder.mkdir(parents=True, exist_ok=True)
        with atomic_path(self.folder / "x.npy") as path, path.open("wb") as file:
            np.save(file, chips.x)
        names = ["y", "row", "col", "place", "date"]
        rest = {name: getattr(chips, name) for name in names}
        if chips.limits is not None:
            rest["limits"] = chips.limits
        with atomic_path(self.folder / "rest.npz") as path, path.open("wb") as file:
            np.savez(file, **rest)
        write_text(self._facts, sealed_json({"identity": self.identity}))
