"""The bands that candidates read, at any scale of whole kilometres, and their environments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.days import calendar_day
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.physics.retrieve import porosity_from_bulk_density
from rootzone.surface.samples.scene import Scene
from rootzone.surface.select.environments import ALL, JOIN, texture_groups

FEATURES: Final = (
    "tb_v", "tb_h", "t_k", "ndvi", "vwc_kg_m2", "sand_pct", "clay_pct", "pixel_sand_pct",
    "pixel_clay_pct", "sin_doy", "cos_doy",
)  # fmt: skip
"""What ridge and trees read."""
BANDS: Final = (
    *FEATURES, "incidence_deg", "h", "omega", "b", "tau", "porosity", "bulk_density_g_cm3",
    "pixel_bulk_density_g_cm3", "month", "scale_km",
)  # fmt: skip
ENVIRONMENT: Final = "environment"
"""Band of the number of a pixel's environment; masked on water."""
COVER_GROUPS: Final[Mapping[str, Sequence[int]]] = {
    "forest": (1, 2, 3, 4, 5), "shrub and bare": (6, 7, 16), "grass": (8, 9, 10),
    "crop": (12, 14), "wet": (11,), "other": (13, 15),
}  # fmt: skip
"""IGBP classes of each group."""
_WATER = 17
_KOPPEN: Final = {"A": (1, 3), "B": (4, 7), "C": (8, 16), "D": (17, 28), "E": (29, 30)}


def blocks(field: AnyArray, side: int) -> FloatArray:
    """Means over blocks of ``side`` x ``side`` pixels; NaN where any pixel is, the rim cut.

    Examples
    --------
    >>> blocks(np.array([[1.0, 3.0, 9.0], [5.0, 7.0, 9.0]]), 2).tolist()
    [[4.0]]
    """
    values = np.asarray(field, np.float64)
    if side == 1:
        return values
    rows, cols = values.shape[0] // side, values.shape[1] // side
    cut = values[: rows * side, : cols * side].reshape(rows, side, cols, side)
    return np.asarray(cut.mean(axis=(1, 3)))


def most_frequent(code: IntArray, side: int) -> IntArray:
    """The code that most pixels of each block have; of equals the lowest."""
    found = np.unique(code)
    shares = np.stack([blocks(code == one, side) for one in found])
    return np.asarray(found[shares.argmax(axis=0)], dtype=np.int64)


def grid_at(grid: MasterGrid, scale_km: int) -> MasterGrid:
    """Pixels of ``scale_km`` times the side, from the same corner."""
    return replace(
        grid, resolution_m=grid.resolution_m * scale_km, width=grid.width // scale_km,
        height=grid.height // scale_km,
    )  # fmt: skip


def bands_at(scene: Scene, look: int, scale_km: int = 1) -> dict[str, FloatArray]:
    """`BANDS` under one half orbit, shape (row, col), averaged to ``scale_km``."""
    columns = scene.columns(look)
    day = calendar_day(int(scene.days[look]))
    # Opacity is averaged as a whole: b of a block is its opacity over its water.
    fields = {
        **columns, "t_k": columns["teff_k"], "h": columns["h0"], "omega": columns["omega0"],
        "tau": columns["b0"] * columns["vwc_kg_m2"],
        "month": np.array(float(day.month)), "scale_km": np.array(float(scale_km)),
    }  # fmt: skip
    shape = scene.grid.shape
    derived = ("porosity", "b")
    out = {
        name: blocks(np.broadcast_to(fields[name], shape), scale_km)
        for name in BANDS
        if name not in derived
    }
    water = out["vwc_kg_m2"]
    out["b"] = np.divide(
        out["tau"], water, out=blocks(columns["b0"], scale_km), where=water > 0.0
    )  # fmt: skip
    out["porosity"] = porosity_from_bulk_density(out["bulk_density_g_cm3"])
    return {name: out[name] for name in BANDS}


def classes_at(scene: Scene, koppen: AnyArray | None, scale_km: int = 1) -> dict[str, AnyArray]:
    """Texts of each class at every pixel, empty where it is not known; ``cover`` of water is None.

    Parameters
    ----------
    scene : Scene
        The region.
    koppen : array of int, optional
        Koppen-Geiger codes on its grid.
    scale_km : int
        Cover and climate are those of most pixels, texture that of the mean soil.
    """
    igbp = most_frequent(scene.land["igbp"].astype(np.int64), scale_km)
    cover = np.full(igbp.shape, "", dtype=object)
    for name, codes in COVER_GROUPS.items():
        cover[np.isin(igbp, codes)] = name
    cover[igbp == _WATER] = None
    sand, clay = (blocks(scene.land[name], scale_km) for name in ("sand_pct", "clay_pct"))
    out = {"cover": cover, "texture": texture_groups(clay, sand)}
    if koppen is not None:
        code = most_frequent(koppen.astype(np.int64), scale_km)
        climate = np.full(code.shape, "", dtype=object)
        for name, (low, high) in _KOPPEN.items():
            climate[(code >= low) & (code <= high)] = name
        out["koppen"] = climate
    return out


def environment_codes(
    classes: Mapping[str, AnyArray], by: Sequence[str], known: Sequence[str]
) -> FloatArray:
    """Number of each pixel's environment among ``known``; NaN on water.

    The most classes that make a known environment count; a pixel of none has that of `ALL`.
    """
    shape = next(iter(classes.values())).shape
    out = np.full(shape, float(known.index(ALL)))
    for level in range(1, len(by) + 1):
        joined = np.array(
            [JOIN.join(map(str, parts)) for parts in zip(*(classes[n].ravel() for n in by[:level]),
                                                         strict=True)],
            dtype=object,
        ).reshape(shape)  # fmt: skip
        for number, name in enumerate(known):
            out[joined == name] = number
    if "cover" in classes:
        is_water = np.array([name is None for name in classes["cover"].ravel()])
        out[is_water.reshape(shape)] = np.nan
    return out
