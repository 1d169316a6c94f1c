"""The bands that candidates read, at any scale of whole kilometres."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.days import calendar_day
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.physics.retrieve import porosity_from_bulk_density
from rootzone.surface.samples.scene import Scene

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
