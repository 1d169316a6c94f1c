"""A trained network's water content for any window of the land, seam-free."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rootzone._shared.arrays import AnyArray, BoolArray, Float32Array
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.labels.splits import season_of
from rootzone.learning.fallback import fallback_of
from rootzone.learning.scene.expand import expand
from rootzone.learning.scene.scene import Scene
from rootzone.learning.trust import FEATURES, split_features
from rootzone.maps.encoding import (
    FALLBACK,
    FLAG_TYPE,
    MISSING_INPUT,
    MISSING_LAND,
    MISSING_WEATHER,
    UNKNOWN_BITS,
    CoverCodes,
    cover_flags,
    flags_of,
)
from rootzone.maps.trimmed import Rim, folded, predict_middle
from rootzone.networks.bundle import Bundle
from rootzone.networks.channels import ANGLE, DAY, LAND, SURFACE, WEATHER
from rootzone.networks.ensemble import EnsemblePrediction, combine

_FLAG_OF = {
    LAND: MISSING_LAND,
    WEATHER: MISSING_WEATHER,
    DAY: MISSING_WEATHER,
    SURFACE: MISSING_INPUT,
}
BLOCK_PX = 640  # computed at once, in 1.5 GB with net A; larger windows are cut
_FAITHFUL_BATCH = 16


class WindowValues(NamedTuple):
    """What is known about a window on one day."""

    theta: Float32Array
    """(depth, row, col) [m3 m-3]; NaN where land or weather are not known"""
    half_width: Float32Array
    """half of the width of the interval [m3 m-3]; NaN where the model was not calibrated"""
    flags: NDArray[np.uint16]
    """(row, col) what is not known of a pixel that day; the land cover is told elsewhere"""


class _Inputs(NamedTuple):
    """Covariates of one block that stay the same from day to day, on the device."""

    static: Tensor
    cell: Tensor
    weight: Tensor
    soil: Tensor | None
    padded: Window
    rim: Rim
    instead: BoolArray | None
    """pixels of the block that take physics as it is"""


class WindowPredictor:
    """Predicts windows of the master grid.

    Every window size gives the same pixels: each block is read with the network's exact halo, cut
    only where the land ends, where the network's own padding takes over as it does for a whole
    scene.

    Parameters
    ----------
    scene : Scene
        Covariates.
    bundle : Bundle
        The model, on the device to use.
    faithful : bool
        Predict bare tiles side by side as the manuscript does; their edges show.
    bf16 : bool
        Body in bfloat16; the head stays float32.

    Raises
    ------
    RequestError
        The grid does not fit the network's stride.
    """

    def __init__(
        self, scene: Scene, bundle: Bundle, *, faithful: bool = False, bf16: bool = False
    ) -> None:
        stride = bundle.config.stride_px
        if scene.grid.width % stride or scene.grid.height % stride or scene.grid.tile_px % stride:
            raise RequestError(
                f"The grid of {scene.grid.width} x {scene.grid.height} px in tiles of "
                f"{scene.grid.tile_px} does not fit the network, which needs multiples of {stride}."
            )
        self.scene, self.bundle = scene, bundle
        self.faithful, self.bf16 = faithful, bf16
        self.halo = bundle.config.halo_px
        self._models = [folded(model) for model in bundle.models]
        self._fallback = fallback_of(bundle.info)

    def days(self, window: Window, days: Sequence[dt.date]) -> Iterator[WindowValues]:
        """Values of a window, day after day.

        Parameters
        ----------
        window : Window
            Pixels of the grid; its corner and size are multiples of the stride, of whole tiles
            where ``faithful``.
        days : sequence of date
            Days whose weather is there.
        """
        blocks = [(block, self._inputs(block)) for block in _blocks(window, self._side)]
        for day in days:
            theta = np.empty((len(self.bundle.depths_mm), *window.shape), dtype=np.float32)
            half, flags = np.empty_like(theta), np.zeros(window.shape, dtype=FLAG_TYPE)
            table = torch.from_numpy(self.scene.day(day)).to(self.bundle.device)
            for block, inputs in blocks:
                told, missing, physics = self._predict(inputs, table, day)
                where = _within(block, window)
                season, error = season_of(day.month), self._error(day, block)
                theta[:, *where], half[:, *where] = self._with_width(told, season, error)
                flags[where] = missing
                self._fall_back(inputs, physics, season, error, theta, half, flags, where)
            unknown = (flags & UNKNOWN_BITS) != 0
            theta[:, unknown], half[:, unknown] = np.nan, np.nan
            yield WindowValues(theta, half, flags)

    def _missing(self, x: Tensor, rim: Rim) -> NDArray[np.uint16]:
        """Flags of the pixels of the middle that the network is shown without an input."""
        middle = _middle(x, rim)[0]
        by_flag = {
            flag: torch.zeros(middle.shape[1:], dtype=torch.bool, device=x.device)
            for flag in (MISSING_LAND, MISSING_WEATHER, MISSING_INPUT)
        }
        for i, one in enumerate(self.scene.spec.channels):
            if one.kind != ANGLE:  # level ground has no aspect; that is no gap in the data
                by_flag[_FLAG_OF[one.origin]] |= torch.isnan(middle[i])
        return flags_of([(flag, np.asarray(at.cpu().numpy())) for flag, at in by_flag.items()])

    @property
    def _side(self) -> int:
        tile = self.scene.grid.tile_px
        return max(tile, BLOCK_PX // tile * tile) if self.faithful else BLOCK_PX

    def _inputs(self, block: Window) -> _Inputs:
        rim = Rim(0, 0, 0, 0) if self.faithful else rim_of(block, self.scene.grid, self.halo)
        padded = Window(
            block.row - rim.top,
            block.col - rim.left,
            block.height + rim.top + rim.bottom,
            block.width + rim.left + rim.right,
        )
        cells = self.scene.cells(padded)
        soil = None
        if self.bundle.config.output == "bounds":
            soil = self._tensor(self.scene.soil(block, self.bundle.depths_mm))
        land = self.scene.static(padded)
        static, index, weight = (self._tensor(a) for a in (land, cells.index, cells.weight))
        return _Inputs(static, index, weight, soil, padded, rim, self._instead(block))

    def _instead(self, block: Window) -> BoolArray | None:
        """Pixels of a block that take physics as it is; None where there are none."""
        if self._fallback is None:
            return None
        bands = self.scene.land.read(FEATURES, block)
        numbers, _ = split_features(FEATURES, bands.reshape(len(FEATURES), -1))
        instead = self._fallback.instead(numbers).reshape(block.shape)
        return instead if instead.any() else None

    def _fall_back(
        self,
        inputs: _Inputs,
        physics: Float32Array | None,
        season: str,
        error: Float32Array | None,
        theta: Float32Array,
        half: Float32Array,
        flags: NDArray[np.uint16],
        where: tuple[slice, slice],
    ) -> None:
        """Put physics, its width and the flag where the model is not to be asked."""
        if inputs.instead is None or physics is None or self._fallback is None:
            return
        own = self._fallback.physics
        width = own.half_width(physics, None, season, error).astype(np.float32)
        theta[:, *where][:, inputs.instead] = physics[:, inputs.instead]
        half[:, *where][:, inputs.instead] = width[:, inputs.instead]
        flags[where][inputs.instead] |= FLAG_TYPE(FALLBACK.bit)

    def _tensor(self, values: AnyArray) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(values))[None].to(self.bundle.device)

    def _predict(
        self, inputs: _Inputs, table: Tensor, day: dt.date
    ) -> tuple[EnsemblePrediction, NDArray[np.uint16], Float32Array | None]:
        """Water content of a block on a day, where a covariate was missing, and physics."""
        spec = self.bundle.spec
        surface = None
        if spec.of_origin(SURFACE):
            surface = self._tensor(self.scene.surface(day, inputs.padded))
        device = self.bundle.device.type
        with (
            torch.inference_mode(),
            torch.autocast(device, dtype=torch.bfloat16, enabled=self.bf16),
        ):
            x = expand(inputs.static, inputs.cell, inputs.weight, table, surface, spec)
            missing = self._missing(x, inputs.rim)
            physics = None
            if inputs.instead is not None:
                inner = _middle(x, inputs.rim)[0, -len(self.bundle.depths_mm) :]
                physics = inner.float().cpu().numpy()
            if self.faithful:
                return self._bare_tiles(x, inputs.soil), missing, physics
            x = x.contiguous(memory_format=torch.channels_last)
            middles = [predict_middle(m, x, inputs.rim, inputs.soil) for m in self._models]
            return combine(middles), missing, physics

    def _bare_tiles(self, x: Tensor, soil: Tensor | None) -> EnsemblePrediction:
        """Tiles predicted each by itself and laid side by side."""
        side = self.scene.grid.tile_px
        down, across = x.shape[2] // side, x.shape[3] // side
        tiles, soils = _cut_tiles(x, side), None if soil is None else _cut_tiles(soil, side)
        parts = []
        for first in range(0, len(tiles), _FAITHFUL_BATCH):
            these = slice(first, first + _FAITHFUL_BATCH)
            own = None if soils is None else soils[these]
            batch = tiles[these].contiguous(memory_format=torch.channels_last)
            parts.append(self.bundle.ensemble(batch, own))
        theta = _lay_tiles(torch.cat([part.theta for part in parts]), down, across)
        if parts[0].spread is None:
            return EnsemblePrediction(theta, None, None)
        spread = _lay_tiles(torch.cat([part.spread for part in parts]), down, across)
        return EnsemblePrediction(theta, spread, None)

    def _error(self, day: dt.date, block: Window) -> Float32Array | None:
        """Error of physics between simulated soils, where a width counts on it."""
        own, rule = self.bundle.calibration, self._fallback
        counts = (own is not None and own.physics) or (rule is not None and rule.physics.physics)
        if own is None or not counts or self.scene.physics is None:
            return None
        return self.scene.physics.error(day, block, own.coverage)

    def _with_width(
        self, told: EnsemblePrediction, season: str, error: Float32Array | None
    ) -> tuple[AnyArray, AnyArray]:
        theta = told.theta[0].cpu().numpy()
        calibration = self.bundle.calibration
        if calibration is None:
            return theta, np.full_like(theta, np.nan)
        spread = None if told.spread is None else told.spread[0].cpu().numpy()
        return theta, calibration.half_width(theta, spread, season, error).astype(np.float32)


def _middle(x: Tensor, rim: Rim) -> Tensor:
    """A block's own pixels, without the halo."""
    return x[..., rim.top : x.shape[2] - rim.bottom, rim.left : x.shape[3] - rim.right]


def rim_of(block: Window, grid: MasterGrid, halo: int) -> Rim:
    """The halo on each side, or what there is of it before the land ends."""
    return Rim(
        min(halo, block.row),
        min(halo, block.col),
        min(halo, grid.height - block.row - block.height),
        min(halo, grid.width - block.col - block.width),
    )


def _blocks(window: Window, side: int) -> Iterator[Window]:
    for row in range(window.row, window.row + window.height, side):
        for col in range(window.col, window.col + window.width, side):
            yield Window(
                row,
                col,
                min(side, window.row + window.height - row),
                min(side, window.col + window.width - col),
            )


def _within(part: Window, window: Window) -> tuple[slice, slice]:
    """Rows and columns of a window that hold a part of it."""
    row, col = part.row - window.row, part.col - window.col
    return slice(row, row + part.height), slice(col, col + part.width)


def _cut_tiles(x: Tensor, side: int) -> Tensor:
    """(1, ..., H, W) to (tile, ..., side, side), along rows of tiles."""
    *front, height, width = x.shape[1:]
    down, across = height // side, width // side
    split = x[0].reshape(*front, down, side, across, side)
    n = len(front)
    order = (n, n + 2, *range(n), n + 1, n + 3)
    return split.permute(order).reshape(down * across, *front, side, side)


def _lay_tiles(tiles: Tensor, down: int, across: int) -> Tensor:
    """(tile, depth, side, side) to (1, depth, H, W)."""
    depth, side = tiles.shape[1], tiles.shape[2]
    laid = tiles.reshape(down, across, depth, side, side).permute(2, 0, 3, 1, 4)
    return laid.reshape(1, depth, down * side, across * side)


def land_flags(scene_land: AnyArray, cover: CoverCodes) -> AnyArray:
    """Flags that the land cover gives, from its codes as the land raster holds them."""
    codes = np.nan_to_num(scene_land, nan=0.0).astype(np.int16)
    return flags_of(list(cover_flags(codes, cover)))
