"""Coarse products over a made-up province: a second land model, and eight-day composites.

The GLEAM-like product stands in `look.coarse_model`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from rootzone._shared.arrays import Float32Array, FloatArray, IntArray
from rootzone.surface.worlds.look_optical import lai_of_ndvi
from rootzone.surface.worlds.province import CELL_PX, Province, ProvinceSettings, simulate_pixels

ERA5_LAYERS: Final[dict[str, tuple[float, float]]] = {
    "swvl1": (0.0, 70.0), "swvl2": (70.0, 280.0), "swvl3": (280.0, 1000.0),
}  # fmt: skip
"""Layers of ERA5-Land [mm from the surface]; its fourth ends below our columns."""
_SANDIER, _LESS_RAIN = 0.4, 0.9
_GLASS_PX, _GLASS_DAYS = 5, 8


def second_model(settings: ProvinceSettings, threads: int | None = 1) -> dict[str, Float32Array]:
    """An ERA5-Land-like model: a column a cell of 9 km, with other soils and less rain.

    Its error is that of a model and not noise: sand too high by a factor of exp(.4) against silt,
    nine tenths of the rain, and one soil for a cell. Grass grows where it grows in the province.

    Parameters
    ----------
    settings : ProvinceSettings
        The province it models.
    threads : int
        Threads of the engine, all that there are for None.

    Returns
    -------
    dict of arrays, shape (date, cell row, cell col)
        Water content of `ERA5_LAYERS` [m3 m-3].
    """
    wrong = replace(
        settings, ln_sand=settings.ln_sand + _SANDIER,
        rain_factor=_LESS_RAIN * settings.rain_factor,
    )  # fmt: skip
    size = settings.side_km // CELL_PX
    middle = CELL_PX * (np.arange(size) + 0.5)
    north, east = (part.ravel() for part in np.meshgrid(middle, middle, indexing="ij"))
    theta = simulate_pixels(wrong, east, north, threads, ERA5_LAYERS)
    return {name: values.reshape(-1, size, size) for name, values in theta.items()}


@dataclass(frozen=True)
class Composites:
    """GLASS-like composites of eight days on cells of 5 km.

    Attributes
    ----------
    first : array of int, shape (composite,)
        Number of the first date of each.
    ndvi : array, shape (composite, row, col)
        Vegetation index, noise of .03.
    lst_k : array
        Day temperature, 2 K too warm, noise of 1.5 K; gaps are filled, as the product does.
    lai : array
        Leaf area over ground area, noise of .3, none below 0.
    """

    first: IntArray
    ndvi: Float32Array
    lst_k: Float32Array
    lai: Float32Array


def eight_days(
    province: Province, ndvi: Float32Array, lst_k: Float32Array, rng: np.random.Generator
) -> Composites:
    """Composites of a province whose side is no multiple of 5 km lose the rim that is left over.

    Parameters
    ----------
    province : Province
        The land.
    ndvi, lst_k : array, shape (date, row, col)
        Vegetation index [-] that is there, and temperature [K] that was seen, NaN under clouds.
    rng : numpy.random.Generator
        Of the noise.
    """
    n = province.dates.size // _GLASS_DAYS
    first = _GLASS_DAYS * np.arange(n)
    kept = province.grid.height // _GLASS_PX * _GLASS_PX

    def composite(field: Float32Array) -> FloatArray:
        cut = field[: n * _GLASS_DAYS, :kept, :kept].astype(np.float64)
        small = kept // _GLASS_PX
        parts = cut.reshape(n, _GLASS_DAYS, small, _GLASS_PX, small, _GLASS_PX)
        known = np.isfinite(parts)
        total = np.where(known, parts, 0.0).sum(axis=(1, 3, 5))
        count = known.sum(axis=(1, 3, 5))
        mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
        return np.asarray(np.where(np.isfinite(mean), mean, np.nanmean(mean)))

    green, warm = composite(ndvi), composite(lst_k)
    leaves = composite(lai_of_ndvi(ndvi).astype(np.float32))
    return Composites(
        first,
        (green + 0.03 * rng.standard_normal(green.shape)).astype(np.float32),
        (warm + 2.0 + 1.5 * rng.standard_normal(warm.shape)).astype(np.float32),
        np.maximum(leaves + 0.3 * rng.standard_normal(leaves.shape), 0.0).astype(np.float32),
    )
