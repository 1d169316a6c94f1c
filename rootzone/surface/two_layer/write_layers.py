"""A day's map of two layers, and all days in one CF file with an axis of depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.open_files import open_raster
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone.covariates.grid import MasterGrid
from rootzone.maps import cf
from rootzone.maps.cf import CfVariable, SeriesSpec
from rootzone.maps.encoding import (
    MISSING_INPUT,
    NO_VALUE,
    NODATA,
    STEP,
    UNLIKE_TRAINING,
    Flag,
    pack_theta,
)
from rootzone.maps.map_spec import UNIT
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.product.write_day import SurfaceMapFiles, write_beside
from rootzone.surface.two_layer.open_layers import LAYERS_MM

NOT_CORRECTED: Final = Flag(
    32, "not_corrected", "within 5 px of the rim: the downscaled value, not corrected by stations"
)
TWO_LAYER_FLAGS: Final = (
    NO_VALUE,
    Flag(MISSING_INPUT.bit, "missing_input", "a field that the trees read is missing here"),
    Flag(UNLIKE_TRAINING.bit, UNLIKE_TRAINING.name, "a field lies outside 0.5 to 99.5 % of the "
         "cells that the trees learned from, where they are flat"),
    NOT_CORRECTED,
)  # fmt: skip
_TEXT: Final = {name: f"{a / 10:g}-{b / 10:g} cm" for name, (a, b) in LAYERS_MM.items()}


def bands_of(interval_pct: float) -> tuple[Band, ...]:
    """Water content of both layers, then half of the width of their intervals."""
    theta = [
        Band(f"theta_{text.replace('-', '_').replace(' ', '')}", UNIT,
             f"volumetric water content, mean of {text}", STEP)
        for text in _TEXT.values()
    ]  # fmt: skip
    half = [
        Band(f"{band.name}_half_width", UNIT,
             f"half of the width of the central {interval_pct:g} % interval", STEP)
        for band in theta
    ]  # fmt: skip
    return (*theta, *half)


def write_layers(
    files: SurfaceMapFiles,
    grid: MasterGrid,
    theta: Mapping[str, FloatArray],
    half_width: Mapping[str, float],
    flags: AnyArray,
    interval_pct: float,
    record: Provenance,
) -> None:
    """Write a day's rasters and its catalog item.

    Parameters
    ----------
    files : SurfaceMapFiles
        Where.
    grid : MasterGrid
        Pixels.
    theta : mapping of str to array, shape (row, col)
        Water content by layer; NaN where there is none.
    half_width : mapping of str to float
        Half of the width of the interval by layer [m3 m-3].
    flags : array of uint8
        `TWO_LAYER_FLAGS`.
    interval_pct : float
        The interval [%].
    record : Provenance
        Goes into every file.
    """
    width = [np.where(np.isfinite(theta[n]), half_width[n], np.nan) for n in LAYERS_MM]
    tags = {
        "quantity": "volumetric water content of the soil", "depth_kind": "layer",
        "layers_mm": "; ".join(f"{a:g}-{b:g}" for a, b in LAYERS_MM.values()),
        "date": files.day.isoformat(), "interval_pct": f"{interval_pct:g}",
    }  # fmt: skip
    spec = CogSpec(grid, bands_of(interval_pct), "uint16", NODATA, "average", tags)
    stored = np.stack([pack_theta(v) for v in (*(theta[n] for n in LAYERS_MM), *width)])
    write_cog(files.theta, spec, stored, record)
    write_beside(files, spec, TWO_LAYER_FLAGS, flags, record)


def write_layers_series(
    path: Path,
    grid: MasterGrid,
    files: Sequence[SurfaceMapFiles],
    interval_pct: float,
    record: Provenance,
) -> None:
    """All days in one CF-1.11 file: time, depth (two layers with bounds), y, x."""
    import netCDF4

    ends = np.array(list(LAYERS_MM.values()))
    attributes = {
        "title": "soil moisture of two layers, 0-10 cm and 0-100 cm", "digest": record.digest,
        "source": "a coarse product downscaled and corrected by stations, by rootzone",
    }  # fmt: skip
    spec = SeriesSpec(
        grid, [one.day for one in files], float(ends[0].mean()), interval_pct, "uint16", attributes,
        TWO_LAYER_FLAGS, tuple(ends[0].tolist()),
    )  # fmt: skip
    variables = {name: _with_depths(name, v) for name, v in cf.variables(spec).items()}
    variables["depth"] = CfVariable(
        ("depth",), "float64", variables["depth"].attributes, ends.mean(axis=1) / 1000.0
    )
    variables["depth_bounds"] = CfVariable(("depth", "bounds"), "float64", {}, ends / 1000.0)
    sizes = {**spec.sizes, "depth": len(ends)}
    with atomic_path(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        file.setncatts({**cf.global_attributes(spec), "rootzone": record.to_json()})
        for name, size in sizes.items():
            file.createDimension(name, size)
        for name, variable in variables.items():
            options: dict[str, Any] = {"compression": "zlib"} if name in cf.MAPS else {}
            made = file.createVariable(
                name, variable.dtype, variable.dims, fill_value=variable.fill, **options
            )
            made.setncatts(dict(variable.attributes))
            made.set_auto_maskandscale(False)
            if variable.values is not None:
                made[...] = variable.values
        for number, one in enumerate(files):
            with open_raster(one.theta) as raster:
                stored = raster.read().astype(np.int32)
            signed = np.where(stored == NODATA, cf.FILL, stored).astype(np.int16)
            file["theta"][number] = signed[: len(ends)]
            file["theta_half_width"][number] = signed[len(ends) :]
            with open_raster(one.flags) as raster:
                file["flags"][number] = raster.read(1)
    write_sidecar(path, record)


def _with_depths(name: str, variable: CfVariable) -> CfVariable:
    """A map with an axis of depth; its flags are those of both layers."""
    if name not in cf.MAPS:
        return variable
    told = {k: v for k, v in variable.attributes.items() if k != "coordinates"}
    if name == "theta":
        told["long_name"] = "volumetric water content, mean of the layer"
        told["cell_methods"] = "depth: mean"
    dims = variable.dims if name == "flags" else ("time", "depth", "y", "x")
    return CfVariable(dims, variable.dtype, told, variable.values, variable.fill)
