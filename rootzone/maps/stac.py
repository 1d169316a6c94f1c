"""A STAC item for each map: where, when, what, and the checksum of its files."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rootzone._shared.atomic import write_text
from rootzone._shared.seal import sealed_json
from rootzone.covariates.grid import MasterGrid, to_lon_lat
from rootzone.maps.names import MapFiles
from rootzone.maps.write_cog import CogSpec

VERSION: Final = "1.0.0"
_EXTENSIONS: Final = (
    "https://stac-extensions.github.io/projection/v1.1.0/schema.json",
    "https://stac-extensions.github.io/raster/v1.1.0/schema.json",
    "https://stac-extensions.github.io/file/v2.1.0/schema.json",
    "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
)
_COG: Final = "image/tiff; application=geotiff; profile=cloud-optimized"
_CHUNK_BYTES: Final = 1 << 20
_EDGE_POINTS: Final = 16  # points on each side: an edge straight in Albers is curved in degrees


def multihash_sha256(path: Path) -> str:
    """SHA-256 of a file as the file extension wants it: ``1220`` and the digest in hexadecimal.

    ``12`` is the code of SHA-256 in the multihash table, ``20`` its length of 32 bytes.
    """
    state = hashlib.sha256()
    with path.open("rb") as handle:
        while chunk := handle.read(_CHUNK_BYTES):
            state.update(chunk)
    return "1220" + state.hexdigest()


def footprint_lon_lat(grid: MasterGrid) -> list[list[float]]:
    """Outline of the grid [degree], anticlockwise and closed, as GeoJSON asks."""
    left, bottom, right, top = grid.bounds_m
    share = [i / _EDGE_POINTS for i in range(_EDGE_POINTS)]
    x_m = [left + s * (right - left) for s in share] + [right] * _EDGE_POINTS
    x_m += [right + s * (left - right) for s in share] + [left] * _EDGE_POINTS
    y_m = [bottom] * _EDGE_POINTS + [bottom + s * (top - bottom) for s in share]
    y_m += [top] * _EDGE_POINTS + [top + s * (bottom - top) for s in share]
    lon, lat = to_lon_lat(grid.crs, x_m, y_m)  # type: ignore[arg-type]
    ring = [[round(float(a), 7), round(float(b), 7)] for a, b in zip(lon, lat, strict=True)]
    return [*ring, ring[0]]


def stac_item(
    files: MapFiles, theta: CogSpec, flags: CogSpec, properties: Mapping[str, Any]
) -> dict[str, Any]:
    """The item as a plain dictionary.

    Parameters
    ----------
    files : MapFiles
        The map; its two rasters must be finished.
    theta, flags : CogSpec
        What they are made of.
    properties : mapping
        Further properties, such as ``rootzone:digest``. No clock times, so that the same map gives
        the same item.
    """
    grid = theta.grid
    ring = footprint_lon_lat(grid)
    lon, lat = [point[0] for point in ring], [point[1] for point in ring]
    day = files.day.isoformat()
    return {
        "type": "Feature",
        "stac_version": VERSION,
        "stac_extensions": list(_EXTENSIONS),
        "id": files.name,
        "bbox": [min(lon), min(lat), max(lon), max(lat)],
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "properties": {
            "title": theta.bands[0].meaning,
            "datetime": None,
            "start_datetime": f"{day}T00:00:00Z",
            "end_datetime": f"{day}T23:59:59Z",
            "gsd": grid.resolution_m,
            **_projection(grid),
            **properties,
        },
        "links": [],
        "assets": {
            "theta": _asset(files.theta, theta, ["data"], "water content and its uncertainty"),
            "flags": _asset(files.flags, flags, ["data"], "flags of each pixel"),
            "style": {
                "href": f"./{files.style.name}",
                "type": "application/xml",
                "roles": ["metadata"],
                "title": "colours for QGIS",
            },
        },
    }


def write_stac_item(path: Path, item: Mapping[str, Any]) -> None:
    """Write the item, keys in a fixed order."""
    write_text(path, sealed_json(dict(item)))


def _projection(grid: MasterGrid) -> dict[str, Any]:
    from pyproj import CRS

    crs = CRS.from_user_input(grid.crs)
    epsg = crs.to_epsg()
    own = {"proj:epsg": epsg} if epsg else {"proj:epsg": None, "proj:wkt2": crs.to_wkt()}
    size = grid.resolution_m
    return {
        **own,
        "proj:shape": [grid.height, grid.width],
        "proj:transform": [size, 0.0, grid.left, 0.0, -size, grid.top],
        "proj:bbox": list(grid.bounds_m),
    }


def _asset(path: Path, spec: CogSpec, roles: list[str], title: str) -> dict[str, Any]:
    bands = []
    for band in spec.bands:
        entry: dict[str, Any] = {
            "data_type": spec.dtype,
            "scale": band.scale,
            "offset": 0.0,
            "unit": band.unit,
            "spatial_resolution": spec.grid.resolution_m,
        }
        if spec.nodata is not None:
            entry["nodata"] = "nan" if spec.nodata != spec.nodata else spec.nodata
        bands.append(entry)
    return {
        "href": f"./{path.name}",
        "type": _COG,
        "roles": roles,
        "title": title,
        "file:size": path.stat().st_size,
        "file:checksum": multihash_sha256(path),
        "raster:bands": bands,
        "eo:bands": [{"name": band.name, "description": band.meaning} for band in spec.bands],
    }
