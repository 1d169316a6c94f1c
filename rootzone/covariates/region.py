"""Where a campaign runs: a box, an outline read from a polygon file, or a place by its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import BoolArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import check_outline_file, read_geojson
from rootzone.covariates.grid import Bounds, MasterGrid, Window
from rootzone.covariates.places import find_place

if TYPE_CHECKING:
    from shapely.geometry.base import BaseGeometry

    from rootzone.campaign.model import Region as RegionRequest

POLYGON_SUFFIXES = (".geojson", ".json", ".gpkg", ".shp")
_MAX_FEATURES = 100_000
_EDGE_M, _MOST_POINTS = 1000.0, 50_000  # how finely edges of a projected outline are cut


@dataclass(frozen=True)
class Region:
    """A part of the land.

    Parameters
    ----------
    name : str
        What to call it.
    bounds : tuple of float
        West, south, east, north [degree], WGS 84.
    outline : geometry, optional
        Its outline [degree], WGS 84; the box itself where there is none.
    """

    name: str
    bounds: Bounds
    outline: BaseGeometry | None = None

    def mask(self, grid: MasterGrid, window: Window) -> BoolArray:
        """Which pixels of a window have their centre in the region, shape (row, col).

        The answer for a pixel does not depend on the window it is asked in.
        """
        if self.outline is None:
            return self._inside_box(grid, window)
        from rasterio.features import geometry_mask

        shape = _in_crs(_dense(self.outline), grid.crs)
        inside = geometry_mask(
            [shape], out_shape=window.shape, transform=grid.affine(window), invert=True
        )
        return np.asarray(inside, dtype=np.bool_)

    def _inside_box(self, grid: MasterGrid, window: Window) -> BoolArray:
        row, col = np.mgrid[
            window.row : window.row + window.height, window.col : window.col + window.width
        ]
        lon, lat = grid.lon_lat(row, col)
        west, south, east, north = self.bounds
        return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))


def region_of(request: RegionRequest, folder: Path) -> Region:
    """The region a campaign asks for.

    Parameters
    ----------
    request : campaign.model.Region
        The campaign's section.
    folder : Path
        Folder of the campaign file, from which a polygon file is looked for.

    Raises
    ------
    RequestError
        The polygon file cannot be read, or the place is not known.
    """
    if request.polygon_file is not None:
        return region_from_file(folder / request.polygon_file)
    if request.place is not None:
        return region_from_place(request.place)
    if request.bounds_lonlat_deg is None:
        raise RequestError("The region is empty: give bounds_lonlat_deg, polygon_file or place.")
    return Region("box", request.bounds_lonlat_deg)


def region_from_place(name: str) -> Region:
    """The box of a country, a first-level unit, or a county of Colorado, by its name.

    Such as ``Utah``, ``Boulder County, Colorado``, ``Kenya`` or ``Punjab, Pakistan``.

    Raises
    ------
    RequestError
        The packed tables have no such place, or several, or it lies across the 180th meridian.
    """
    place = find_place(name)
    return Region(place.name, place.bounds)


def region_from_file(path: Path) -> Region:
    """The union of all polygons in a GeoJSON, GeoPackage or shapefile.

    Raises
    ------
    RequestError
        The file is missing, unreadable, without polygons or without a coordinate system.
    """
    if path.suffix.lower() not in POLYGON_SUFFIXES:
        raise RequestError(f"{path} does not end in one of {', '.join(POLYGON_SUFFIXES)}.")
    if not path.is_file():
        raise RequestError(f"The polygon file {path} does not exist.")
    shapes, crs = _read_polygons(path)
    outline = _to_lon_lat(_union(shapes, path), crs, path)
    west, south, east, north = outline.bounds
    return Region(path.stem, (west, south, east, north), outline)


def _read_polygons(path: Path) -> tuple[list[Any], str]:
    if path.suffix.lower() in (".geojson", ".json"):
        return read_geojson(path)
    import pyogrio.raw
    import shapely
    from pyogrio.errors import CRSError, DataSourceError

    check_outline_file(path)
    try:
        meta, _, wkb, _ = pyogrio.raw.read(path, columns=[], max_features=_MAX_FEATURES)
    except (DataSourceError, CRSError, ValueError) as error:
        raise RequestError(f"{path} cannot be read as polygons: {error}") from error
    shapes = [shape for shape in shapely.from_wkb(wkb) if shape is not None]
    crs = meta["crs"]
    if crs is None:
        raise RequestError(
            f"{path} names no coordinate system (a shapefile keeps it in the .prj beside it). "
            "Add it, so that the outline does not land elsewhere."
        )
    return shapes, str(crs)


def _union(shapes: list[Any], path: Path) -> BaseGeometry:
    import shapely

    polygons = [shape for shape in shapes if shape.geom_type in ("Polygon", "MultiPolygon")]
    if not polygons:
        kinds = sorted({shape.geom_type for shape in shapes}) or ["nothing"]
        raise RequestError(f"{path} holds {', '.join(kinds)}; a region needs polygons.")
    return shapely.union_all([shapely.make_valid(shape) for shape in polygons])


def _to_lon_lat(shape: BaseGeometry, crs: str, path: Path) -> BaseGeometry:
    from pyproj.exceptions import CRSError

    try:
        outline = _transform(_cut_edges(shape, crs), crs, "EPSG:4326")
    except CRSError as error:
        raise RequestError(
            f"{path} names the coordinate system {crs[:60]!r}, which is not known. Correct it in "
            "the file."
        ) from error
    west, south, east, north = outline.bounds
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise RequestError(
            f"{path}: the outline spans {outline.bounds}, which are no longitudes and latitudes. "
            f"Its coordinate system is given as {crs[:60]}; correct it in the file."
        )
    return outline


def _cut_edges(shape: BaseGeometry, crs: str) -> BaseGeometry:
    """A projected outline with points along its edges: what is straight there bends in degrees.

    The northern edge of a square of 400 km in Albers reaches 2.6 km beyond the line between its
    corners. A point every kilometre leaves 2 cm; long outlines get 50,000 points at most.
    """
    import shapely
    from pyproj import CRS

    system = CRS.from_user_input(crs)
    if not system.is_projected or not shape.length:
        return shape
    metres = system.axis_info[0].unit_conversion_factor or 1.0
    step = max(_EDGE_M / metres, shape.length / _MOST_POINTS)
    cut: BaseGeometry = shapely.segmentize(shape, step)
    return cut


def _dense(shape: BaseGeometry) -> BaseGeometry:
    """The outline with a point at least every hundredth of a degree: its edges bend in Albers."""
    import shapely

    dense: BaseGeometry = shapely.segmentize(shape, 0.01)
    return dense


def _in_crs(shape: BaseGeometry, crs: str) -> BaseGeometry:
    return _transform(shape, "EPSG:4326", crs)


def _transform(shape: BaseGeometry, source: str, target: str) -> BaseGeometry:
    import shapely
    from pyproj import Transformer

    transformer = Transformer.from_crs(source, target, always_xy=True)

    def moved(points: Any) -> Any:  # noqa: ANN401 - coordinate array
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    result: BaseGeometry = shapely.transform(shapely.force_2d(shape), moved)
    return result
