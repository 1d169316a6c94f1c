"""What the differentiable retrieval reads: physical channels as they are, then covariates scaled.

A radiometer sees a footprint of many pixels. Physics and covariates are those of the footprint,
each field averaged as brightness was; only the water that soil holds comes twice, that of the
footprint and the pixel's own. Scales are fixed numbers, never those of a training set, so that a
model of one region can be taken to another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.hydraulics.closed_forms import saxton_rawls_points
from rootzone.surface.physics.dielectric import Constants, mironov2009_constants
from rootzone.surface.physics.emission import cosine
from rootzone.surface.physics.retrieve import porosity_from_bulk_density

PHYSICAL: Final = (
    "tb_v", "tb_h", "teff_k", "cos_i", "porosity", "vwc_kg_m2", "h0", "omega0", "b0",
    *(f"soil_{name}" for name in Constants._fields),
)  # fmt: skip
"""Channels that go into the emission model as they are."""


class Covariate(NamedTuple):
    """A covariate of the parameters.

    Attributes
    ----------
    name : str
        Column.
    middle, width : float
        Value that becomes 0, and how much more becomes 1.
    """

    name: str
    middle: float
    width: float


# No place, and nothing that stands for one: with elevation and slope the network knew its stations
# again. Few, since a few dozen stations tell few things: with temperature, bulk density and the
# class's h, omega and b besides, ubRMSE in a province never seen was .0266 in place of .0241.
COVARIATES: Final = (
    Covariate("ndvi", 0.4, 0.25),
    Covariate("sand_pct", 40.0, 20.0),
    Covariate("clay_pct", 22.0, 12.0),
    Covariate("sin_doy", 0.0, 0.7),
    Covariate("cos_doy", 0.0, 0.7),
    Covariate("miss_k", 0.0, 2.5),
    Covariate("miss_slope_k", -20.0, 20.0),
)
"""Of the footprint: what emission parameters depend on. The last two are what the second
polarisation says of the place over many looks (`samples.polarisation`)."""

HELD: Final = ("ln_held_pixel", "ln_held")
"""Logarithm of the water that soil holds at 33 kPa [m3 m-3], of the pixel and of its footprint."""
_ORGANIC_PCT: Final = 2.0  # of topsoil where nothing tells it; a ratio of two soils hardly feels it

CHANNELS: Final = len(PHYSICAL) + len(COVARIATES) + len(HELD)
"""How many channels there are."""

NEEDED: Final = (
    "tb_v", "tb_h", "teff_k", "incidence_deg", "vwc_kg_m2", "h0", "omega0", "b0", "clay_pct",
    "bulk_density_g_cm3",
)  # fmt: skip


def channels_of(columns: Mapping[str, AnyArray]) -> FloatArray:
    """Channels of some pixels, shape (channel, ...).

    Parameters
    ----------
    columns : mapping
        Arrays of one shape, or such that broadcast: those of `NEEDED` and of `COVARIATES`, and
        the pixel's own ``pixel_sand_pct`` and ``pixel_clay_pct``. A covariate that is missing, or
        NaN, counts as average; a pixel whose soil is not known, as one like its footprint.

    Raises
    ------
    RequestError
        One that the physics needs is missing, or a brightness cannot be one.
    """
    lacking = [name for name in NEEDED if name not in columns]
    if lacking:
        raise RequestError(
            f"The retrieval needs {', '.join(lacking)}; the samples have "
            f"{', '.join(sorted(columns))}."
        )
    named = {name: np.asarray(values, np.float64) for name, values in columns.items()}
    shape = np.broadcast_shapes(*(values.shape for values in named.values()))
    soil = mironov2009_constants(named["clay_pct"])
    physical: dict[str, FloatArray] = {
        **{name: named[name] for name in PHYSICAL if name in named},
        "cos_i": np.asarray(cosine(named["incidence_deg"])),
        "porosity": porosity_from_bulk_density(named["bulk_density_g_cm3"]),
        **{f"soil_{name}": np.asarray(part) for name, part in soil._asdict().items()},
    }
    out = np.zeros((CHANNELS, *shape))
    for i, name in enumerate(PHYSICAL):
        out[i] = physical[name]
    for i, covariate in enumerate(COVARIATES, start=len(PHYSICAL)):
        if covariate.name in named:
            out[i] = scaled(named[covariate.name], covariate)
    if "sand_pct" in named:
        seen = ln_held(named["sand_pct"], named["clay_pct"])
        own = ln_held(*(named.get(f"pixel_{n}", named[n]) for n in ("sand_pct", "clay_pct")))
        out[-2] = np.nan_to_num(np.where(np.isfinite(own), own, seen))
        out[-1] = np.nan_to_num(seen)
    return out


def ln_held(sand_pct: FloatArray, clay_pct: FloatArray) -> FloatArray:
    """Logarithm of the water that a topsoil holds at 33 kPa [m3 m-3], after Saxton and Rawls.

    Loam holds more than sand of the same place: .25 and .10 m3 m-3 here.

    >>> np.exp(ln_held(np.array([40.0, 85.0]), np.array([15.0, 5.0]))).round(2)
    array([0.25, 0.1 ])
    """
    _, held, _ = saxton_rawls_points(sand_pct, clay_pct, np.full(1, _ORGANIC_PCT))
    return np.asarray(np.log(np.maximum(held, 0.01)))


def scaled(values: FloatArray, covariate: Covariate) -> FloatArray:
    """A covariate about 0 and 1 wide, held within 4; 0 where it is missing."""
    z = np.clip((values - covariate.middle) / covariate.width, -4.0, 4.0)
    return np.asarray(np.nan_to_num(z, nan=0.0))
