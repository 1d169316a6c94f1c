"""Water content at the label depth of any pixel, by the embedded engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from rootzone._shared.arrays import Float32Array, FloatArray, IntArray
from rootzone._shared.errors import RootzoneError
from rootzone.engines.protocol import SiteBatch, WeatherBatch
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.hydraulics.soils import soils_from_textures

from .landscape import Landscape

LABEL_MM: Final = 200.0
THICKNESS_MM: Final = np.array([50, 50, 50, 50, 100, 100, 100, 200, 200, 200, 200, 200], float)
_SOIL = ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d", "theta_initial")
# Forcing constant within the day: the fastest, and as good as any in a world of its own.
_WHOLE_DAY = {"rain_hours": 24.0, "eo_start_h": 0.0, "eo_hours": 24.0}


@dataclass(frozen=True)
class Bias:
    """How a simulator's inputs differ from the truth; the defaults do not.

    Attributes
    ----------
    ln_sand, ln_clay : float
        Added to the logarithm of the share of sand and clay, before closing to 100 %.
    rain_factor, pet_factor : float
        Factors on forcing.
    """

    ln_sand: float = 0.0
    ln_clay: float = 0.0
    rain_factor: float = 1.0
    pet_factor: float = 1.0


def theta_at(
    land: Landscape, row: IntArray, col: IntArray, bias: Bias | None = None, threads: int = 1
) -> Float32Array:
    """Water content at 200 mm of some pixels on all dates, shape (pixel, date) [m3 m-3].

    A column of twelve layers, 1.5 m deep and bare, drains freely. Its textures are the soil's own
    at the middle of each layer, its parameters Rosetta's, its physics those of van Genuchten and
    Mualem. The first year is thrown away. Between the nodes at 175 and 250 mm water content is
    linear in depth (Eq. 13).

    Raises
    ------
    RootzoneError
        A column failed; a made-up world has no reason to.
    """
    middle_cm = (np.cumsum(THICKNESS_MM) - 0.5 * THICKNESS_MM) / 10.0
    layers = np.array(land.true_texture(row, col, middle_cm.tolist()))  # (layer, 3, site)
    return columns_of(land, land.cell[row, col], layers, bias, threads)


def columns_of(
    land: Landscape,
    cell: IntArray,
    layers: FloatArray,
    bias: Bias | None = None,
    threads: int = 1,
) -> Float32Array:
    """Water content at 200 mm of some columns on all dates, shape (column, date) [m3 m-3].

    Parameters
    ----------
    land : Landscape
        Weather and dates.
    cell : array, shape (column,)
        Weather cell of each column.
    layers : array, shape (12, 3, column)
        Sand, silt and clay of each layer [%].
    bias : Bias, optional
        As in `theta_at`.
    threads : int
        Threads.
    """
    batch = _batch(land, cell, layers, bias or Bias())
    settings = settings_from_mapping("van_genuchten", "converged", _WHOLE_DAY)
    n_date = land.dates.size
    parts = []
    for run in SwimEngine(settings, threads=threads).stream(batch):
        if run.failures:
            raise RootzoneError(f"A column of the made-up world failed: {run.failures[0]}")
        theta = run.profiles.theta.reshape(len(run.profiles.site_ids), -1, THICKNESS_MM.size)
        parts.append(_at_label_depth(theta[:, -n_date:]).astype(np.float32))
    return np.concatenate(parts)


def _at_label_depth(theta: FloatArray) -> FloatArray:
    middle = np.cumsum(THICKNESS_MM) - 0.5 * THICKNESS_MM
    below = int(np.searchsorted(middle, LABEL_MM))
    share = (LABEL_MM - middle[below - 1]) / (middle[below] - middle[below - 1])
    mixed: FloatArray = (1.0 - share) * theta[..., below - 1] + share * theta[..., below]
    return mixed


def _batch(land: Landscape, cell: IntArray, layers: FloatArray, bias: Bias) -> SiteBatch:
    layers = layers * np.exp([bias.ln_sand, 0.0, bias.ln_clay])[None, :, None]
    layers = layers * (100.0 / layers.sum(axis=1, keepdims=True))
    sand, silt, clay = (np.ascontiguousarray(layers[:, k].T).ravel() for k in range(3))
    n_site, n_layer = cell.size, THICKNESS_MM.size
    start = n_layer * np.arange(n_site + 1)
    columns = soils_from_textures(sand, silt, clay, start)
    soil = {name: np.ascontiguousarray(columns[name]) for name in _SOIL}
    soil["thickness_mm"] = np.tile(THICKNESS_MM, n_site)
    return SiteBatch(np.arange(n_site), start, soil, cell, _forcing(land, bias))


def _forcing(land: Landscape, bias: Bias) -> WeatherBatch:
    n_day, n_cell = land.rain_mm.shape
    first = int((land.dates[-1] - np.datetime64("1970-01-01")).astype(int)) - n_day + 1
    columns = {
        "rain_mm": (bias.rain_factor * land.rain_mm).T.ravel(),
        "eo_mm": (bias.pet_factor * land.pet_mm).T.ravel(),
    }
    return WeatherBatch(
        np.arange(n_cell), n_day * np.arange(n_cell + 1), np.full(n_cell, first), columns
    )
