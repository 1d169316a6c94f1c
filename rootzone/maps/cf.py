"""Names and attributes that the CF conventions ask of a time series of maps.

One description serves NetCDF and Zarr: variables with their dimensions, attributes and, but for the
maps themselves, their values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.days import day_number
from rootzone._shared.units import m_from_mm
from rootzone.covariates.grid import MasterGrid
from rootzone.maps.encoding import FLAGS, STEP, Dtype, Flag

CONVENTIONS: Final = "CF-1.11"
STANDARD_NAME: Final = "volume_fraction_of_condensed_water_in_soil"
FILL: Final = -32768  # packed variables are signed: CF 8.1 knows byte, short and int
MAPS: Final = ("theta", "theta_half_width", "flags")  # what is filled in day by day


@dataclass(frozen=True)
class CfVariable:
    """One variable of the file.

    Parameters
    ----------
    dims : tuple of str
        Its dimensions; none for a scalar.
    dtype : str
        NumPy type as stored.
    attributes : mapping
        CF attributes.
    values : array, optional
        Content, where it is known beforehand.
    fill : number, optional
        Stored value of a missing one.
    """

    dims: tuple[str, ...]
    dtype: str
    attributes: Mapping[str, Any]
    values: AnyArray | None = None
    fill: float | None = None


@dataclass(frozen=True)
class SeriesSpec:
    """What a time series holds.

    Parameters
    ----------
    grid : MasterGrid
        Where.
    days : sequence of date
        When, ascending.
    depth_mm : float
        Depth below the surface [mm].
    interval_pct : float
        Central interval of the uncertainty [%].
    dtype : {"uint16", "float32"}
        Stored numbers of the maps; 16-bit ones become signed here.
    attributes : mapping of str to str
        Global attributes such as title, source, licence and digest.
    flags : tuple of Flag
        Bits of the flags.
    layer_mm : tuple of float, optional
        Ends of the layer the values are means of [mm]; a point at ``depth_mm`` where there is none.
    """

    grid: MasterGrid
    days: Sequence[date]
    depth_mm: float
    interval_pct: float
    dtype: Dtype
    attributes: Mapping[str, str] = field(default_factory=dict)
    flags: Sequence[Flag] = FLAGS
    layer_mm: tuple[float, float] | None = None

    @property
    def sizes(self) -> dict[str, int]:
        """Length of every dimension."""
        return {"time": len(self.days), "y": self.grid.height, "x": self.grid.width, "bounds": 2}


def global_attributes(spec: SeriesSpec) -> dict[str, str]:
    """Attributes of the whole file; CF section 2.6."""
    return {"Conventions": CONVENTIONS, **spec.attributes}


def variables(spec: SeriesSpec) -> dict[str, CfVariable]:
    """Every variable by its name; coordinates first."""
    return {**_coordinates(spec), **_maps(spec)}


def _coordinates(spec: SeriesSpec) -> dict[str, CfVariable]:
    from pyproj import CRS

    grid = spec.grid
    x_m, _ = grid.xy_m(np.zeros(grid.width), np.arange(grid.width))
    _, y_m = grid.xy_m(np.arange(grid.height), np.zeros(grid.height))
    day = np.array([day_number(d) for d in spec.days], dtype=np.int32)
    return {
        "time": CfVariable(
            ("time",),
            "int32",
            {
                "standard_name": "time",
                "long_name": "day; its bounds are midnight to midnight, local time of the forcing",
                "units": "days since 1970-01-01",
                "units_metadata": "leap_seconds: none",
                "calendar": "standard",
                "axis": "T",
                "bounds": "time_bounds",
            },
            day,
        ),
        "time_bounds": CfVariable(
            ("time", "bounds"), "int32", {}, np.stack([day, day + 1], axis=1).astype(np.int32)
        ),
        "y": CfVariable(("y",), "float64", _axis("projection_y_coordinate", "Y"), y_m),
        "x": CfVariable(("x",), "float64", _axis("projection_x_coordinate", "X"), x_m),
        **_depth(spec),
        "crs": CfVariable((), "int32", CRS.from_user_input(grid.crs).to_cf(), np.array(0)),
    }


def _depth(spec: SeriesSpec) -> dict[str, CfVariable]:
    attributes = {
        "standard_name": "depth",
        "long_name": "depth below the soil surface, a point and not a layer",
        "units": "m",
        "positive": "down",
        "axis": "Z",
    }
    if spec.layer_mm is None:
        return {"depth": CfVariable((), "float64", attributes, np.array(m_from_mm(spec.depth_mm)))}
    attributes |= {"long_name": "middle of the layer that is averaged", "bounds": "depth_bounds"}
    ends = np.array(spec.layer_mm) / 1000.0
    return {
        "depth": CfVariable((), "float64", attributes, np.array(ends.mean())),
        "depth_bounds": CfVariable(("bounds",), "float64", {}, ends),
    }


def _axis(standard_name: str, axis: str) -> dict[str, str]:
    return {
        "standard_name": standard_name,
        "long_name": f"{axis.lower()} of the pixel centre",
        "units": "m",
        "axis": axis,
    }


def _maps(spec: SeriesSpec) -> dict[str, CfVariable]:
    packed: dict[str, Any] = {}
    fill, stored = float("nan"), "float32"
    if spec.dtype == "uint16":
        packed = {"scale_factor": STEP, "add_offset": 0.0}
        fill, stored = FILL, "int16"
    placed = {"grid_mapping": "crs", "coordinates": "depth"}
    dims = ("time", "y", "x")
    theta = {
        "standard_name": STANDARD_NAME,
        "long_name": f"volumetric water content {spec.depth_mm:g} mm below the surface",
        "units": "1",
        "comment": "m3 of water in m3 of soil",
        "ancillary_variables": "theta_half_width flags",
        **packed,
        **placed,
    }
    half = {
        "long_name": f"half of the width of the central {spec.interval_pct:g} % interval of theta",
        "units": "1",
        **packed,
        **placed,
    }
    flags = {
        "standard_name": "status_flag",
        "long_name": "; ".join(f"{flag.name}: {flag.meaning}" for flag in spec.flags),
        "flag_masks": np.array([flag.bit for flag in spec.flags], dtype=np.uint16),
        "flag_meanings": " ".join(flag.name for flag in spec.flags),
        **placed,
    }
    return {
        "theta": CfVariable(dims, stored, theta, fill=fill),
        "theta_half_width": CfVariable(dims, stored, half, fill=fill),
        "flags": CfVariable(dims, "uint16", flags),
    }
