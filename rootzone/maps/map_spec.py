"""What the two files of a map contain, in words and units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from rootzone.covariates.grid import MasterGrid
from rootzone.maps.encoding import FLAGS, NODATA, STEP, Dtype
from rootzone.maps.write_cog import Band, CogSpec

UNIT = "m3 m-3"
HALF_MEANING = "half_width_meaning"  # a tag: what the second band is, where it is no interval


def theta_spec(
    grid: MasterGrid,
    dtype: Dtype,
    depth_mm: float,
    day: date,
    interval_pct: float,
    tags: Mapping[str, str],
) -> CogSpec:
    """Band 1 water content, band 2 half of the width of its central interval.

    Parameters
    ----------
    grid : MasterGrid
        Where.
    dtype : {"uint16", "float32"}
        Stored numbers.
    depth_mm : float
        Depth below the surface [mm].
    day : date
        The day.
    interval_pct : float
        Central interval that band 2 describes [%].
    tags : mapping of str to str
        Further texts, such as the digest of the model.
    """
    scale = STEP if dtype == "uint16" else 1.0
    at = f"{depth_mm:g} mm below the surface on {day.isoformat()}"
    half = f"half of the width of the central {interval_pct:g} % interval of theta"
    bands = (
        Band("theta", UNIT, f"volumetric water content {at}", scale),
        Band(
            "theta_half_width",
            UNIT,
            tags.get(HALF_MEANING, half),
            scale,
        ),
    )
    own = {
        "quantity": "volumetric water content of the soil",
        "depth_mm": f"{depth_mm:g}",
        "depth_kind": "point",
        "date": day.isoformat(),
        "interval_pct": f"{interval_pct:g}",
    }
    nodata = NODATA if dtype == "uint16" else float("nan")
    return CogSpec(grid, bands, dtype, nodata, "average", {**own, **tags})


def flags_spec(grid: MasterGrid, depth_mm: float, day: date, tags: Mapping[str, str]) -> CogSpec:
    """One byte of flags; its bits and their meanings are in the tags."""
    bits = {f"bit_{flag.bit}": f"{flag.name}: {flag.meaning}" for flag in FLAGS}
    band = Band("flags", "1", "sum of the bits that hold")
    own = {"depth_mm": f"{depth_mm:g}", "date": day.isoformat()}
    return CogSpec(grid, (band,), "uint16", None, "mode", {**own, **bits, **tags})
