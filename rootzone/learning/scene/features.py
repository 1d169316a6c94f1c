"""The channels of the 20 cm network: those of the manuscript, and what a campaign may ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array
from rootzone.covariates.layers.legends import Legend, legend_of
from rootzone.networks.channels import (
    ANGLE,
    CLASS,
    DAY,
    LAND,
    SURFACE,
    VERSION,
    WEATHER,
    Channel,
    FeatureSpec,
)

if TYPE_CHECKING:
    from rootzone.campaign.learning_section import Features

_DAYS_PER_YEAR = 365.25
_FAITHFUL = "deepsoil-20"


def faithful_features() -> FeatureSpec:
    """The 20 channels of the manuscript's 3.6.2, in its order."""
    channels = (*_texture(), *_terrain("degrees"), *_classes("ordinal", "nlcd", "koppen_beck"))
    return FeatureSpec(_FAITHFUL, VERSION, (*channels, *_WEATHER, *_DAY))


def features_of(
    features: Features,
    land_cover_legend: str = "nlcd",
    climate_legend: str = "koppen_beck",
    legends: Mapping[str, Legend] | None = None,
    depths_mm: Sequence[float] = (),
) -> FeatureSpec:
    """The channels a campaign asks for; its defaults are `faithful_features`.

    Parameters
    ----------
    features : campaign.learning_section.Features
        Options of the campaign.
    land_cover_legend, climate_legend : str
        Legends of the class layers of its catalog.
    legends : mapping of str to Legend, optional
        Legends of that catalog; the packed ones by default.
    depths_mm : sequence of float
        Label depths, for channels of physics [mm].
    """
    channels = (
        *_texture(),
        *_terrain(features.aspect),
        *(TOPOGRAPHY[name] for name in features.topography),
        *_classes(features.classes, land_cover_legend, climate_legend, legends),
        *_WEATHER,
        *_DAY,
        *((_SURFACE,) if features.surface_moisture else ()),
        *((_LEAVES,) if features.leaf_area else ()),
        *physics_channels(features.physics, depths_mm),
    )
    name = (
        _FAITHFUL
        if channels == faithful_features().channels
        else f"deepsoil-options-{len(channels)}"
    )
    return FeatureSpec(name, VERSION, channels, features.forcing, features.texture_depth_cm)


def day_of_year_columns(dates: AnyArray) -> dict[str, Float32Array]:
    r"""Sine and cosine of the day of the year, :math:`2 \pi\, \mathrm{doy} / 365.25`.

    Parameters
    ----------
    dates : array of datetime64[D]
        Calendar days; 1 January is day 1.
    """
    dates = np.asarray(dates, dtype="datetime64[D]")
    doy = (dates - dates.astype("datetime64[Y]")).astype(np.int64) + 1
    angle = 2.0 * np.pi * doy / _DAYS_PER_YEAR
    return {
        "doy_sin": np.sin(angle).astype(np.float32),
        "doy_cos": np.cos(angle).astype(np.float32),
    }


def _texture() -> tuple[Channel, ...]:
    names = ("sand_pct", "silt_pct", "clay_pct")
    return tuple(Channel(name, "%", LAND, name, 0.0, 100.0) for name in names)


def _terrain(aspect: str) -> tuple[Channel, ...]:
    # Badwater lies at -86 m and Mount Whitney at 4421 m; the catalog refuses what is beyond.
    height = Channel("elevation_m", "m", LAND, "elevation_m", -100.0, 4500.0)
    slope = Channel("slope_deg", "degree", LAND, "slope_deg", 0.0, 90.0)
    if aspect == "sincos":
        turned = tuple(
            Channel(f"aspect_{turn}", "-", LAND, "aspect_deg", -1.0, 1.0, ANGLE, turn=turn)
            for turn in ("sin", "cos")
        )
        return (height, slope, *turned)
    return height, slope, Channel("aspect_deg", "degree", LAND, "aspect_deg", 0.0, 360.0, ANGLE)


TOPOGRAPHY: Final = {
    "position": Channel("position_m", "m", LAND, "position_m", -100.0, 100.0),
    "wetness": Channel("wetness_index", "-", LAND, "wetness_index", 0.0, 15.0),
}


def _classes(
    how: str,
    land_cover_legend: str,
    climate_legend: str,
    legends: Mapping[str, Legend] | None = None,
) -> tuple[Channel, ...]:
    out: list[Channel] = []
    for column, name in (("land_cover", land_cover_legend), ("climate_class", climate_legend)):
        codes = legend_of(name, legends).classes
        if how == "ordinal":
            top = float(max(codes))
            out.append(Channel(column, "code", LAND, column, 0.0, top, CLASS, legend=name))
        else:
            out += [
                Channel(f"{column}_{code}", "-", LAND, column, 0.0, 1.0, CLASS, code, legend=name)
                for code in sorted(codes)
            ]
    return tuple(out)


def _weather(name: str, unit: str, low: float, high: float) -> Channel:
    return Channel(name, unit, WEATHER, name, low, high)


# High but ordinary values over the contiguous United States; a record storm goes beyond 1. The
# ranges of the nets are those of their parts, so that rain less demand holds in physical units.
_WEATHER = (
    _weather("rain_mm", "mm d-1", 0.0, 100.0),
    _weather("tmean_degc", "degC", -40.0, 45.0),
    _weather("vpd_kpa", "kPa", 0.0, 8.0),
    _weather("pet_mm", "mm d-1", 0.0, 15.0),
    _weather("rain_7d_mm", "mm", 0.0, 200.0),
    _weather("rain_30d_mm", "mm", 0.0, 400.0),
    _weather("pet_7d_mm", "mm", 0.0, 105.0),
    _weather("pet_30d_mm", "mm", 0.0, 450.0),
    _weather("net_7d_mm", "mm", -105.0, 200.0),
    _weather("net_30d_mm", "mm", -450.0, 400.0),
)
_DAY = (
    Channel("doy_sin", "-", DAY, "doy_sin", -1.0, 1.0),
    Channel("doy_cos", "-", DAY, "doy_cos", -1.0, 1.0),
)
PHYSICS: Final = "physics"  # how the columns of physics begin
_CHANGES: Final = {"change_7d": 7, "change_30d": 30}


def physics_channels(kinds: Sequence[str], depths_mm: Sequence[float]) -> tuple[Channel, ...]:
    """Channels of physics at every pixel; water content of each depth comes last, unscaled.

    Examples
    --------
    >>> [channel.column for channel in physics_channels(["theta", "change_7d"], [200.0])]
    ['physics_200_change_7d', 'physics_200']
    """
    changes = [
        Channel(name := f"{PHYSICS}_{depth:g}_{kind}", "m3 m-3", SURFACE, name, -0.2, 0.2)
        for kind in _CHANGES
        if kind in kinds
        for depth in depths_mm
    ]
    own = [
        Channel(name := f"{PHYSICS}_{depth:g}", "m3 m-3", SURFACE, name, 0.0, 1.0)
        for depth in (depths_mm if "theta" in kinds else ())
    ]
    return (*changes, *own)


def physics_column(column: str) -> tuple[float, int] | None:
    """Depth [mm] and days of change of a column of physics; None for any other column.

    Examples
    --------
    >>> physics_column("physics_200_change_7d"), physics_column("surface_theta")
    ((200.0, 7), None)
    """
    first, *rest = column.split("_", 2)
    if first != PHYSICS:
        return None
    return float(rest[0]), _CHANGES[rest[1]] if len(rest) > 1 else 0


SURFACE_THETA: Final = "surface_theta"
LEAF_AREA: Final = "leaf_area"
_SURFACE = Channel(SURFACE_THETA, "m3 m-3", SURFACE, SURFACE_THETA, 0.0, 0.6)
# A closed broadleaf forest or maize in July has 5 to 7; MODIS goes up to 10.
_LEAVES = Channel(LEAF_AREA, "m2 m-2", SURFACE, LEAF_AREA, 0.0, 7.0)
