"""One day's map: water content, its interval, flags and the parameters it was made with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.provenance import Provenance
from rootzone._shared.units import FREEZING_K
from rootzone.covariates.grid import MasterGrid
from rootzone.maps.cf import SeriesSpec
from rootzone.maps.encoding import (
    NO_VALUE,
    WATER,
    Flag,
    flags_of,
    pack_theta,
)
from rootzone.maps.map_spec import theta_spec
from rootzone.maps.names import MapFiles
from rootzone.maps.stac import stac_item, write_stac_item
from rootzone.maps.style import put_style
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.maps.write_series import write_netcdf
from rootzone.surface.emission_model.channels import PHYSICAL
from rootzone.surface.emission_model.predict import RetrievedPixels
from rootzone.surface.physics.classes import DENSE_VWC_KG_M2

LAYER_MM: Final = (0.0, 50.0)
_WATER_CLASS = 17
# The first two bits are those of all maps; the others are a radiometer's own.
MISSING_INPUT: Final = Flag(8, "missing_input", "an input of the retrieval is missing here")
FROZEN: Final = Flag(32, "frozen", "the soil was frozen; what is seen of it is not its water")
DENSE: Final = Flag(64, "dense_vegetation", "more vegetation water than a radiometer sees through")
AT_BOUND: Final = Flag(128, "at_bound", "the value is a limit of the retrieval and not a root")
SURFACE_FLAGS: Final = (NO_VALUE, WATER, MISSING_INPUT, FROZEN, DENSE, AT_BOUND)
PARAMETERS: Final = (
    Band("h", "-", "roughness of the soil surface"),
    Band("omega", "-", "single-scattering albedo of the canopy"),
    Band("tau", "-", "opacity of the canopy at nadir"),
    Band("teff_shift", "K", "correction of the effective temperature"),
    Band("tb_h_residual", "K", "forward horizontal brightness minus the one seen"),
)


@dataclass(frozen=True)
class SurfaceMapFiles(MapFiles):
    """The files of one day, by the pattern that ``learning.features.surface_moisture`` reads.

    >>> SurfaceMapFiles(Path(), 25.0, date(2022, 6, 1)).theta.name
    'surface_theta_20220601.tif'
    """

    @property
    def name(self) -> str:
        """Such as ``surface_theta_20220601``."""
        return f"surface_theta_{self.day:%Y%m%d}"

    @property
    def parameters(self) -> Path:
        """Cloud-optimised GeoTIFF of `PARAMETERS`."""
        return self.folder / f"surface_parameters_{self.day:%Y%m%d}.tif"


def files_of(folder: Path, day: date) -> SurfaceMapFiles:
    """Files of a day; the depth is the middle of 0-50 mm."""
    return SurfaceMapFiles(folder, sum(LAYER_MM) / 2.0, day)


def pixel_flags(channels: FloatArray, told: RetrievedPixels, igbp: AnyArray) -> AnyArray:
    """Flags of every pixel as one byte.

    Parameters
    ----------
    channels : array, shape (channel, row, col)
        What the retrieval read.
    told : RetrievedPixels
        What it said.
    igbp : array, shape (row, col)
        Land cover.
    """
    nothing = ~np.isfinite(told.theta)
    return flags_of(
        [
            (NO_VALUE, nothing),
            (WATER, np.asarray(igbp == _WATER_CLASS)),
            (MISSING_INPUT, np.asarray(~np.isfinite(channels).all(axis=0))),
            (FROZEN, np.asarray(channels[PHYSICAL.index("teff_k")] < FREEZING_K)),
            (DENSE, np.asarray(channels[PHYSICAL.index("vwc_kg_m2")] > DENSE_VWC_KG_M2)),
            (AT_BOUND, told.at_bound & ~nothing),
        ]
    )


def write_day(
    files: SurfaceMapFiles,
    grid: MasterGrid,
    told: RetrievedPixels,
    flags: AnyArray,
    half_width: float,
    interval_pct: float,
    record: Provenance,
) -> None:
    """Write a day's rasters and its catalog item; frozen ground and water get no value.

    Parameters
    ----------
    files : SurfaceMapFiles
        Where.
    grid : MasterGrid
        Pixels.
    told : RetrievedPixels
        The retrieval, shape (row, col).
    flags : array of uint8
        Of `pixel_flags`.
    half_width : float
        Half of the width of the interval, from stations left out [m3 m-3]; NaN where not known.
    interval_pct : float
        The interval [%].
    record : Provenance
        Goes into every file.
    """
    hidden = (flags & (FROZEN.bit | WATER.bit)) > 0
    theta = np.where(hidden, np.nan, told.theta)
    width = np.where(np.isfinite(theta), half_width, np.nan)
    tags = {"depth_kind": "layer 0-50 mm", "sensor": "SMAP, tau-omega retrieval"}
    spec = theta_spec(grid, "uint16", files.depth_mm, files.day, interval_pct, tags)
    write_cog(files.theta, spec, np.stack([pack_theta(theta), pack_theta(width)]), record)
    parameters = np.stack([told.h, told.omega, told.tau, told.teff_shift_k, told.residual_tbh_k])
    parameter_spec = CogSpec(grid, PARAMETERS, "float32", float("nan"), "average", tags)
    write_cog(files.parameters, parameter_spec, parameters.astype(np.float32), record)
    write_beside(files, spec, SURFACE_FLAGS, flags, record)


def write_beside(
    files: SurfaceMapFiles,
    spec: CogSpec,
    table: Sequence[Flag],
    flags: AnyArray,
    record: Provenance,
) -> None:
    """What goes with a day's map: its flags, colours, and the catalog item.

    Parameters
    ----------
    files : SurfaceMapFiles
        Where.
    spec : CogSpec
        Of the map itself.
    table : sequence of Flag
        What the bits mean.
    flags : array of uint8, shape (row, col)
        The bits.
    record : Provenance
        Goes into the flags and, as a digest, into the item.
    """
    meaning = "; ".join(f"{flag.bit}: {flag.meaning}" for flag in table)
    flag_spec = CogSpec(spec.grid, [Band("flags", "-", meaning)], "uint8", None, "mode", {})
    write_cog(files.flags, flag_spec, flags[None], record)
    put_style(files.style)
    item = stac_item(files, spec, flag_spec, {"rootzone:digest": record.digest})
    write_stac_item(files.stac, item)


def write_days_series(
    path: Path,
    grid: MasterGrid,
    files: list[SurfaceMapFiles],
    interval_pct: float,
    record: Provenance,
    source: str = "SMAP brightness, tau-omega retrieval by rootzone",
    flags: Sequence[Flag] = SURFACE_FLAGS,
) -> None:
    """All days in one CF file, as means of the layer 0-50 mm; ``source`` says who made them."""
    attributes = {
        "title": "surface soil moisture, 0-50 mm", "digest": record.digest, "source": source,
    }  # fmt: skip
    spec = SeriesSpec(
        grid, [one.day for one in files], sum(LAYER_MM) / 2.0, interval_pct, "uint16", attributes,
        flags, LAYER_MM,
    )  # fmt: skip
    write_netcdf(path, spec, files, record)
