"""A world of which the truth is known at every pixel, to hold whole maps against.

Truth is the engine with the soil's own layers. Maps tell the texture of 15-30 cm alone, with or
without an error in every pixel; physics at every pixel is the engine with that texture at all
depths, between simulated columns as the product makes it. The eastern column of tiles has no label,
and days of test blocks are never trained on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from rootzone._shared.arrays import BoolArray, Float32Array, FloatArray, IntArray
from rootzone.labels.field.anchors import Asked, anchored
from rootzone.labels.splits import TEST
from rootzone.networks.mixing import SIMULATED, STATION

from .landscape import TILE_PX, Landscape, WorldSettings, make_landscape
from .recovery import LABEL_SHARE, evenly, split_dates
from .samples import Labels
from .truth import THICKNESS_MM, Bias, columns_of, theta_at

PHYSICS_ERROR: Final = 0.002  # what a campaign asks by default [m3 m-3]
_BLOCK: Final = 8192  # pixels simulated at a time


@dataclass(frozen=True)
class MapWorldSettings:
    """A world.

    Parameters
    ----------
    land : WorldSettings
        The landscape.
    bias : Bias
        How the simulator's inputs differ from the truth, in physics and in simulated labels.
    stations : int
        Stations; without any, the simulated labels are the truth at their pixels.
    noise, offset : float
        Standard deviation of a station's daily noise and of its lasting offset [m3 m-3].
    scored : int
        Unseen dates scored at every pixel.
    """

    land: WorldSettings = field(default_factory=lambda: WorldSettings(tiles=4, last="2023-12-31"))
    bias: Bias = field(default_factory=Bias)
    stations: int = 0
    noise: float = 0.01
    offset: float = 0.01
    scored: int = 16


_SMALL: Final = MapWorldSettings().land
WORLDS: Final[Mapping[str, MapWorldSettings]] = {
    "exact": MapWorldSettings(),
    "pixel-error": MapWorldSettings(replace(_SMALL, map_error=0.3)),
    "biased": MapWorldSettings(
        replace(_SMALL, contrast=1.4), Bias(ln_sand=0.8, rain_factor=0.65), stations=40
    ),
}


@dataclass(frozen=True)
class MapWorld:
    """A landscape with physics at every pixel, labels, and the truth."""

    land: Landscape
    """its last channel is physics"""
    physics: Float32Array
    """(date, row, column)"""
    labels: Mapping[str, Labels]
    judge: str
    """whose labels choose and judge: stations, where there are any"""
    dates: Mapping[str, IntArray]
    scored: IntArray
    truth: Float32Array
    """(scored date, row, column)"""
    left_out: BoolArray
    """pixels on tiles without a label (row, column)"""
    columns: int
    """columns simulated for physics"""
    noise: float = 0.0
    offset: float = 0.0
    """standard deviations of a station's daily noise and lasting offset [m3 m-3]"""

    def read_at(self, where: BoolArray) -> FloatArray:
        """What the source that judges would say at some pixels, shape (scored date, pixel)."""
        true = self.truth[:, where].astype(np.float64)
        if self.judge == SIMULATED:
            return true
        rng = np.random.default_rng([self.land.settings.seed, 8])
        lasting = self.offset * rng.standard_normal(true.shape[1])
        return np.clip(true + lasting + self.noise * rng.standard_normal(true.shape), 0.0, 1.0)


def make_map_world(settings: MapWorldSettings) -> MapWorld:
    """Draw the land, simulate physics and truth, and read the labels."""
    land = make_landscape(settings.land)
    side = settings.land.side_px
    dates = split_dates(land, "blocked_dates", settings.land.seed)
    scored = evenly(dates[TEST], settings.scored)
    physics, columns = _physics(land, settings.bias)
    left_out = np.zeros((side, side), dtype=bool)
    left_out[:, -TILE_PX:] = True
    rng = np.random.default_rng([settings.land.seed, 5])
    inside = np.flatnonzero(~left_out.ravel())
    n_label = round(LABEL_SHARE * inside.size)
    row, col = np.divmod(rng.choice(inside, n_label + settings.stations, replace=False), side)
    at = slice(n_label, None)
    labels = {SIMULATED: Labels(row[:n_label], col[:n_label], np.empty((0, 0), np.float32))}
    said = theta_at(land, row[:n_label], col[:n_label], settings.bias)
    labels[SIMULATED] = replace(labels[SIMULATED], theta=said)
    if settings.stations:
        true = theta_at(land, row[at], col[at])
        offset = settings.offset * rng.standard_normal((settings.stations, 1))
        read = true + offset + settings.noise * rng.standard_normal(true.shape)
        labels[STATION] = Labels(row[at], col[at], np.clip(read, 0, 1).astype(np.float32))
    judge = STATION if settings.stations else SIMULATED
    return MapWorld(
        replace(land, physics=physics), physics, labels, judge, dates, scored,
        _truth(land, scored), left_out, columns, settings.noise, settings.offset,
    )  # fmt: skip


def _truth(land: Landscape, scored: IntArray) -> Float32Array:
    side = land.settings.side_px
    row, col = (axis.ravel() for axis in np.mgrid[0:side, 0:side])
    out = np.empty((scored.size, side * side), dtype=np.float32)
    for start in range(0, row.size, _BLOCK):
        here = slice(start, start + _BLOCK)
        out[:, here] = theta_at(land, row[here], col[here])[:, scored].T
    return out.reshape(scored.size, side, side)


def _physics(land: Landscape, bias: Bias) -> tuple[Float32Array, int]:
    """Physics of every pixel between simulated columns, and how many of these there are."""
    side, n_layer = land.settings.side_px, THICKNESS_MM.size
    sand, clay = land.mapped_sand_clay_pct.astype(np.float64)
    texture = np.stack([sand, 100.0 - sand - clay, clay])
    out = np.empty((land.dates.size, side * side), dtype=np.float32)
    total = 0
    for cell in np.unique(land.cell):
        pixels = np.flatnonzero(land.cell.ravel() == cell)
        soils = texture.reshape(3, -1)[:, pixels]
        features = soils[[0, 2]].T / soils[[0, 2]].std(axis=1)

        def run(which: IntArray, cell: int = int(cell), soils: FloatArray = soils) -> FloatArray:
            layers = np.repeat(soils[None][:, :, which], n_layer, axis=0)
            told = columns_of(land, np.full(which.size, cell), layers, bias)
            return told.astype(np.float64)

        rng = np.random.default_rng([land.settings.seed, 6, int(cell)])
        made = anchored(features, run, Asked(PHYSICS_ERROR), rng)
        weights = made.interpolant.coefficients(made.values).astype(np.float32)
        at = made.interpolant.coordinates(features)
        out[:, pixels] = made.interpolant.at(at, weights, exact=False).T
        total += len(made.anchors)
    return out.reshape(-1, side, side), total
