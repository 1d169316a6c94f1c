"""Campaign choices for a place: which sources, grid and region a pack of the catalog suggests."""

from __future__ import annotations

from typing import Any

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import crs_for
from rootzone.covariates.layers.catalog import PACKS

_HALF_SIDE_DEG = 0.1  # of the region that a point gets: some 20 km
_GLOBAL = {
    "catalog.land_cover": "worldcover",
    "catalog.climate_class": "koppen_beck2023",
    "catalog.texture": "soilgrids",
    "catalog.elevation": "dem_glo30",
    "catalog.forcing": "era5_land",
}


def choices_for(pack: str, lat: float | None, lon: float | None) -> dict[str, Any]:
    """Values by dotted key that a new campaign starts from, where they are no defaults.

    Parameters
    ----------
    pack : str
        ``conus`` (the defaults) or ``global``.
    lat, lon : float, optional
        Middle of the region [degree]; the region is 0.2 degrees wide and high around it.

    Raises
    ------
    RequestError
        There is no such pack, one of the two is missing, or the place is at a pole or across the
        180th meridian.
    """
    if pack not in PACKS:
        raise RequestError(f"There is no pack {pack!r}; there are {', '.join(PACKS)}.")
    choices: dict[str, Any] = dict(_GLOBAL) if pack == "global" else {}
    if (lat is None) != (lon is None):
        raise RequestError("Give both --lat and --lon, or neither and edit region in the file.")
    if lat is None or lon is None:
        if pack == "global":
            choices["grid.crs"] = "utm"
        return choices
    west, east = round(lon - _HALF_SIDE_DEG, 6), round(lon + _HALF_SIDE_DEG, 6)
    south, north = round(lat - _HALF_SIDE_DEG, 6), round(lat + _HALF_SIDE_DEG, 6)
    if not (-180 <= west < east <= 180 and -90 < south < north < 90):
        raise RequestError(
            f"A region around {lat:g} N, {lon:g} E would lie across the 180th meridian or a pole. "
            "Choose a place a little off, or make two campaigns."
        )
    choices["region.place"] = None
    choices["region.bounds_lonlat_deg"] = [west, south, east, north]
    if pack == "global":
        choices["grid.crs"] = crs_for("utm", (west, south, east, north))
    return choices
