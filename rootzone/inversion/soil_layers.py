"""The soil of one column, ready for the engine, and corrections of it that a sensor may ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone.hydraulics.limits import PARTICLE_DENSITY_G_CM3
from rootzone.hydraulics.read_layers import layers_of_frame
from rootzone.hydraulics.soil_columns import SOIL_VALUES
from rootzone.hydraulics.soils import soils_from_parameters
from rootzone.hydraulics.table_soils import soils_from_layers

_TEXTURE = ("sand_pct", "clay_pct", "bd_g_cm3")
_GIVEN = ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d")


@dataclass(frozen=True)
class SoilLayers:
    """Guarded soil of one column.

    Parameters
    ----------
    values : mapping of str to array, shape (layer,)
        Columns as the engine reads them: ``SOIL_VALUES``, thickness_mm and psidul_cm.
    ptf : str
        Pedotransfer function it was made with.
    texture : mapping of str to array, shape (layer,)
        What was measured, ``sand_pct``, ``clay_pct`` and ``bd_g_cm3``, NaN below the deepest
        sample; empty where none was.
    """

    values: Mapping[str, FloatArray]
    ptf: str
    texture: Mapping[str, FloatArray] = field(default_factory=dict)


def soil_of_station(
    rows: pl.DataFrame, thickness_mm: Sequence[float], ptf: str = "rosetta3"
) -> SoilLayers:
    """Soil of a station on the layers of a profile.

    Organic matter and bulk density that the function needs and the station lacks are filled; the
    deepest sample is taken down to the end of the profile.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows of one station of a table of ``rootzone stations --soils``.
    thickness_mm : sequence of float
        Layers [mm].
    ptf : str
        As ``rootzone soils --ptf``.

    Raises
    ------
    RequestError
        A layer makes no soil; station, depth and numbers are named.
    """
    name = f"{rows['network'][0]} {rows['station'][0]}"
    table = rows.drop("network", "standing", "source")
    known = [column for column in table.columns if table[column].null_count() < table.height]
    layers = layers_of_frame(Path(name), table.select(known), "texture")
    found = soils_from_layers(
        layers, thickness_mm=thickness_mm, extend=True, ptf=ptf, fill_inputs=True
    )
    values = {key: np.ascontiguousarray(found.soils[key]) for key in SOIL_VALUES}
    values["thickness_mm"] = np.asarray(thickness_mm, dtype=np.float64)
    values["psidul_cm"] = np.full(len(thickness_mm), found.soils.psidul_cm)
    measured = dict(zip(found.layers.names, found.layers.values, strict=True))
    measured["bd_g_cm3"] = values["bd_g_cm3"]
    middle = 0.5 * (found.layers.top_mm + found.layers.bottom_mm)
    sampled = middle <= float(rows["bottom_mm"].cast(float).max() or 0.0)  # type: ignore[arg-type]
    texture = {name: np.where(sampled, measured[name], np.nan) for name in _TEXTURE}
    return SoilLayers(values, ptf, texture)


def corrected(
    soil: SoilLayers, water_factor: FloatArray, log10_alpha_shift: FloatArray
) -> SoilLayers:
    """A soil with more or less water at every suction, and with another scale of suction.

    Parameters
    ----------
    soil : SoilLayers
        As measured.
    water_factor : array, shape (layer,)
        theta_r and theta_s are multiplied by it [-]; theta_s stays at or below the porosity.
    log10_alpha_shift : array, shape (layer,)
        Added to the logarithm of alpha [-].
    """
    parameters = np.stack([soil.values[name] for name in _GIVEN])
    porosity = 1.0 - soil.values["bd_g_cm3"] / PARTICLE_DENSITY_G_CM3
    parameters[0] *= water_factor
    parameters[1] = np.minimum(parameters[1] * water_factor, np.maximum(porosity, parameters[1]))
    parameters[2] *= 10.0**log10_alpha_shift
    first_row = np.array([0, parameters.shape[1]], dtype=np.int64)
    made = soils_from_parameters(parameters, first_row)
    kept = {name: soil.values[name] for name in ("thickness_mm", "psidul_cm")}
    return SoilLayers({**{key: made[key].copy() for key in SOIL_VALUES}, **kept}, soil.ptf)
