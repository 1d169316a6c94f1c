"""A feature specification as a table for a reader."""

from __future__ import annotations

from rootzone.networks.channels import ANGLE, DAY, FeatureSpec

_SOURCE = {
    "sand_pct": "catalog.texture, features.texture_depth_cm",
    "silt_pct": "catalog.texture, features.texture_depth_cm",
    "clay_pct": "catalog.texture, features.texture_depth_cm",
    "elevation_m": "catalog.elevation",
    "slope_deg": "from elevation, Horn (1981)",
    "aspect_deg": "from elevation, clockwise from true north",
    "land_cover": "catalog.land_cover",
    "climate_class": "catalog.climate_class",
    "rain_mm": "weather table: the day's precipitation",
    "tmean_degc": "weather table: mean of the day's extremes",
    "vpd_kpa": "weather table: mean vapour pressure deficit",
    "pet_mm": "weather table: the day's demand, by weather.pet",
    "rain_7d_mm": "weather table: the day and the 6 before",
    "rain_30d_mm": "weather table: the day and the 29 before",
    "pet_7d_mm": "weather table: the day and the 6 before",
    "pet_30d_mm": "weather table: the day and the 29 before",
    "net_7d_mm": "rain_7d_mm less pet_7d_mm",
    "net_30d_mm": "rain_30d_mm less pet_30d_mm",
    "doy_sin": "sine of 2 pi day of year / 365.25",
    "doy_cos": "cosine of 2 pi day of year / 365.25",
    "surface_theta": "features.surface_moisture",
}


def channel_table(spec: FeatureSpec) -> str:
    """Number, name, unit, range and source of every channel, as a Markdown table."""
    lines = ["| | channel | unit | 0 is | 1 is | from |", "|---|---|---|---|---|---|"]
    for number, channel in enumerate(spec.channels):
        source = _SOURCE[channel.column]
        if channel.legend:
            source += f", legend {channel.legend}"
        if channel.kind == ANGLE and channel.turn:
            source = f"{'sine' if channel.turn == 'sin' else 'cosine'} of aspect, {source}"
        unit = "-" if channel.origin == DAY else channel.unit
        lines.append(
            f"| {number} | {channel.name} | {unit} | {channel.low:g} | {channel.high:g} "
            f"| {source} |"
        )
    return "\n".join(lines)
