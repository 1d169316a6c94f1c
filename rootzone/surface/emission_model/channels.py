"""What the differentiable retrieval reads: physical channels as they are, then covariates scaled.

A radiometer sees a footprint of many pixels. Physics and covariates are those of the footprint,
each field averaged as brightness was; only the soil comes twice, that of the footprint and the
pixel's own. Scales are fixed numbers, never those of a training set, so that a model of one region
can be taken to another.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
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
)
"""Of the footprint: what emission parameters depend on."""

SOIL: Final = (
    Covariate("sand_pct", 40.0, 20.0),
    Covariate("clay_pct", 22.0, 12.0),
    Covariate("bulk_density_g_cm3", 1.4, 0.15),
)
"""Of the pixel (columns ``pixel_sand_pct`` and so on), then of the footprint; shares water out."""

CHANNELS: Final = len(PHYSICAL) + len(COVARIATES) + 2 * len(SOIL)
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
        Arrays of one shape, or such that broadcast: those of `NEEDED`, of `COVARIATES` and of
        `SOIL`, and the pixel's own soil. A covariate that is missing, or NaN, counts as average;
        a pixel whose soil is not known, as one like its footprint.

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
    for i, covariate in enumerate(SOIL, start=len(PHYSICAL) + len(COVARIATES)):
        seen = named.get(covariate.name, np.array(np.nan))
        own = named.get(f"pixel_{covariate.name}", seen)
        out[i] = scaled(np.where(np.isfinite(own), own, seen), covariate)
        out[i + len(SOIL)] = scaled(seen, covariate)
    return out


def scaled(values: FloatArray, covariate: Covariate) -> FloatArray:
    """A covariate about 0 and 1 wide, held within 4; 0 where it is missing."""
    z = np.clip((values - covariate.middle) / covariate.width, -4.0, 4.0)
    return np.asarray(np.nan_to_num(z, nan=0.0))
