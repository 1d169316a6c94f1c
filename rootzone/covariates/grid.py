"""The master grid: which square of land each pixel of a campaign is.

All layers of a campaign meet on one Albers grid that is a piece of the NLCD lattice: 30 m pixels
whose edges lie at 15 mod 30 m, cut in whole tiles counted from the upper-left corner of the NLCD
L48 raster. Two campaigns therefore share pixels and tiles wherever they overlap.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError

if TYPE_CHECKING:
    from affine import Affine

Bounds = tuple[float, float, float, float]

ALBERS = "EPSG:5070"
# Upper-left corner of NLCD L48 2001-2021 [m]; the Annual NLCD raster lies whole pixels away.
ANCHOR_X_M, ANCHOR_Y_M = -2493045.0, 3310005.0
_EDGE_POINTS = 1001  # the edge of a lon/lat box is curved in Albers: 1001 points hold it to 1 cm
_WIDEST_UTM_DEG, _FARTHEST_UTM_DEG = 6.0, 84.0
_SNAP = 1e-6  # a bound this near to a tile edge (in tiles) counts as lying on it


@dataclass(frozen=True)
class Window:
    """A rectangle of pixels: its first row and column and its size.

    Parameters
    ----------
    row, col : int
        Upper-left pixel; may be negative, or beyond the grid, for a halo.
    height, width : int
        Pixels down and across.
    """

    row: int
    col: int
    height: int
    width: int

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of an array that fills the window."""
        return self.height, self.width

    def padded(self, margin_px: int) -> Window:
        """The window with ``margin_px`` more pixels on every side."""
        return Window(
            self.row - margin_px,
            self.col - margin_px,
            self.height + 2 * margin_px,
            self.width + 2 * margin_px,
        )


@dataclass(frozen=True)
class MasterGrid:
    """A north-up grid of square pixels cut into square tiles.

    Parameters
    ----------
    crs : str
        Projected coordinate system in metres, any text PROJ reads.
    resolution_m : float
        Side of a pixel [m].
    left, top : float
        Outer corner of the upper-left pixel [m].
    width, height : int
        Pixels across and down.
    tile_px : int
        Side of a tile [px]. Tiles count from the upper-left corner; those of the last row and
        column may be cut.
    """

    crs: str
    resolution_m: float
    left: float
    top: float
    width: int
    height: int
    tile_px: int = 64

    def __post_init__(self) -> None:
        if self.resolution_m <= 0 or self.width < 1 or self.height < 1 or self.tile_px < 1:
            raise RequestError(
                f"A grid of {self.width} x {self.height} pixels of {self.resolution_m} m in tiles "
                f"of {self.tile_px} px has no area. Every number must be positive."
            )

    @classmethod
    def for_bounds(
        cls,
        bounds: Bounds,
        resolution_m: float = 30.0,
        tile_px: int = 64,
        crs: str = ALBERS,
        anchor_m: tuple[float, float] = (ANCHOR_X_M, ANCHOR_Y_M),
    ) -> MasterGrid:
        """The smallest grid of whole tiles that covers a box of longitude and latitude.

        Parameters
        ----------
        bounds : tuple of float
            West, south, east, north [degree], WGS 84.
        resolution_m : float
            Side of a pixel [m].
        tile_px : int
            Side of a tile [px].
        crs : str
            Projected coordinate system in metres.
        anchor_m : tuple of float
            A point that is a corner of a tile [m]; the NLCD corner by default.

        Raises
        ------
        RequestError
            The box is empty, reversed, or cannot be projected.
        """
        x_min, y_min, x_max, y_max = projected_bounds(bounds, crs)
        side_m = resolution_m * tile_px
        first_col = math.floor((x_min - anchor_m[0]) / side_m + _SNAP)
        last_col = math.ceil((x_max - anchor_m[0]) / side_m - _SNAP)
        first_row = math.floor((anchor_m[1] - y_max) / side_m + _SNAP)
        last_row = math.ceil((anchor_m[1] - y_min) / side_m - _SNAP)
        return cls(
            crs=crs,
            resolution_m=resolution_m,
            left=anchor_m[0] + first_col * side_m,
            top=anchor_m[1] - first_row * side_m,
            width=(last_col - first_col) * tile_px,
            height=(last_row - first_row) * tile_px,
            tile_px=tile_px,
        )

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def bounds_m(self) -> Bounds:
        """Left, bottom, right, top of the outer edges [m]."""
        return (
            self.left,
            self.top - self.height * self.resolution_m,
            self.left + self.width * self.resolution_m,
            self.top,
        )

    @property
    def full_window(self) -> Window:
        """The window that is the whole grid."""
        return Window(0, 0, self.height, self.width)

    @property
    def tiles_across(self) -> int:
        """Tiles in a row of tiles."""
        return -(-self.width // self.tile_px)

    @property
    def tiles_down(self) -> int:
        """Tiles in a column of tiles."""
        return -(-self.height // self.tile_px)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a provenance record or a JSON file."""
        return asdict(self)

    def affine(self, window: Window | None = None) -> Affine:
        """Transform from (column, row) of the grid, or of a window of it, to (x, y) [m]."""
        from affine import Affine

        row, col = (0, 0) if window is None else (window.row, window.col)
        left = self.left + col * self.resolution_m
        top = self.top - row * self.resolution_m
        return Affine(self.resolution_m, 0.0, left, 0.0, -self.resolution_m, top)

    def windows(self, size_px: int | None = None) -> Iterator[Window]:
        """Windows that cover the grid once, row by row.

        Parameters
        ----------
        size_px : int, optional
            Side of a window [px]; a tile by default. Those at the right and bottom may be smaller.
        """
        side = self.tile_px if size_px is None else size_px
        for row in range(0, self.height, side):
            for col in range(0, self.width, side):
                yield Window(row, col, min(side, self.height - row), min(side, self.width - col))

    def xy_m(self, row: AnyArray | float, col: AnyArray | float) -> tuple[FloatArray, FloatArray]:
        """Easting and northing of pixel centres [m]; half pixels give edges and corners."""
        x_m = self.left + (np.asarray(col) + 0.5) * self.resolution_m
        y_m = self.top - (np.asarray(row) + 0.5) * self.resolution_m
        return x_m, y_m

    def row_col(
        self, x_m: FloatArray | float, y_m: FloatArray | float
    ) -> tuple[IntArray, IntArray]:
        """Pixel that each point lies in; outside the grid where the result is outside its shape.

        A point on an edge belongs to the pixel right of it or below it.
        """
        col = np.floor((np.asarray(x_m) - self.left) / self.resolution_m).astype(np.int64)
        row = np.floor((self.top - np.asarray(y_m)) / self.resolution_m).astype(np.int64)
        return row, col

    def contains(self, row: IntArray | int, col: IntArray | int) -> AnyArray:
        """Whether each pixel lies on the grid."""
        row, col = np.asarray(row), np.asarray(col)
        return np.asarray((row >= 0) & (row < self.height) & (col >= 0) & (col < self.width))

    def lon_lat(
        self, row: AnyArray | float, col: AnyArray | float
    ) -> tuple[FloatArray, FloatArray]:
        """Longitude and latitude of pixel centres [degree], WGS 84."""
        return to_lon_lat(self.crs, *self.xy_m(row, col))

    def row_col_of_lon_lat(
        self, lon: FloatArray | float, lat: FloatArray | float
    ) -> tuple[IntArray, IntArray]:
        """Pixel that each geographic point lies in."""
        return self.row_col(*from_lon_lat(self.crs, lon, lat))

    def tile_of(self, row: IntArray | int, col: IntArray | int) -> IntArray:
        """Tile that each pixel lies in, counted along rows of tiles from 0 at the upper left."""
        tile_row = np.asarray(row) // self.tile_px
        tile_col = np.asarray(col) // self.tile_px
        return np.asarray(tile_row * self.tiles_across + tile_col, dtype=np.int64)

    def tile_window(self, tile: int) -> Window:
        """The pixels of a tile.

        Raises
        ------
        RequestError
            The grid has no such tile.
        """
        if not 0 <= tile < self.tiles_across * self.tiles_down:
            raise RequestError(
                f"Tile {tile} is not on the grid, which has {self.tiles_across} x "
                f"{self.tiles_down} tiles, numbered from 0."
            )
        row, col = (self.tile_px * part for part in divmod(tile, self.tiles_across))
        height, width = min(self.tile_px, self.height - row), min(self.tile_px, self.width - col)
        return Window(row, col, height, width)

    def lattice_offset_px(self, x_m: float, y_m: float) -> tuple[float, float]:
        """How far a point is from the nearest pixel corner [px], right and down, within half a px.

        (0, 0) for a raster whose pixels are ours; (0.5, 0.5) for one that is half a pixel off.
        """
        across = (x_m - self.left) / self.resolution_m
        down = (self.top - y_m) / self.resolution_m
        return _from_nearest_integer(across), _from_nearest_integer(down)


def _from_nearest_integer(value: float) -> float:
    return value - math.floor(value + 0.5)


def crs_for(asked: str, bounds: Bounds) -> str:
    """The coordinate system of a grid: the one named, or one that suits the region.

    Parameters
    ----------
    asked : str
        ``utm`` for the UTM zone of the region's middle, ``equal_area`` for Lambert's azimuthal
        projection about the whole degrees nearest to it, or any text PROJ reads, which is returned.
    bounds : tuple of float
        West, south, east, north [degree].

    Raises
    ------
    RequestError
        The region is too wide, or too near a pole, for one UTM zone.

    Examples
    --------
    >>> crs_for("utm", (149.0, -35.6, 149.4, -35.2))
    'EPSG:32755'
    """
    west, south, east, north = bounds
    lon, lat = (west + east) / 2.0, (south + north) / 2.0
    if asked == "equal_area":
        return f"+proj=laea +lat_0={round(lat)} +lon_0={round(lon)} +datum=WGS84 +units=m +no_defs"
    if asked != "utm":
        return asked
    if east - west > _WIDEST_UTM_DEG or abs(lat) > _FARTHEST_UTM_DEG:
        raise RequestError(
            f"grid.crs: utm does not suit a region from {west:g} to {east:g} E and {south:g} to "
            f"{north:g} N, which is wider than {_WIDEST_UTM_DEG:g} degrees or beyond "
            f"{_FARTHEST_UTM_DEG:g} degrees. Write crs: equal_area, or name a system."
        )
    zone = min(int((lon + 180.0) // 6.0) + 1, 60)
    return f"EPSG:{32600 + zone if lat >= 0 else 32700 + zone}"


def projected_crs(crs: str) -> None:
    """Refuse a coordinate system that does not exist or does not count in metres.

    Raises
    ------
    RequestError
        It is.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        found = CRS.from_user_input(crs)
    except CRSError as error:
        raise RequestError(f"{crs[:60]!r} is no coordinate system PROJ knows") from error
    units = {axis.unit_name for axis in found.axis_info[:2]}
    if not found.is_projected or units != {"metre"}:
        raise RequestError(f"{crs[:60]!r} ({found.name}) counts in {', '.join(sorted(units))}")


def projected_bounds(bounds: Bounds, crs: str) -> Bounds:
    """Box in metres around a box of longitude and latitude, its edges followed point by point.

    Raises
    ------
    RequestError
        The box is empty, reversed, or cannot be projected.
    """
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    west, south, east, north = bounds
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
        raise RequestError(
            f"Bounds {bounds} are not west, south, east, north in degrees with west < east and "
            "south < north. A region across the 180th meridian must be given in two parts."
        )
    try:
        transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
        box = transformer.transform_bounds(west, south, east, north, densify_pts=_EDGE_POINTS)
    except ProjError as error:
        raise RequestError(f"Bounds {bounds} cannot be projected to {crs!r}: {error}") from error
    if not all(math.isfinite(value) for value in box):
        raise RequestError(f"Bounds {bounds} lie outside what {crs!r} can show.")
    return box


def to_lon_lat(
    crs: str, x_m: FloatArray | float, y_m: FloatArray | float
) -> tuple[FloatArray, FloatArray]:
    """Longitude and latitude [degree], WGS 84, of projected points."""
    from pyproj import Transformer

    transformer = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    lon, lat = transformer.transform(np.asarray(x_m, float), np.asarray(y_m, float))
    return np.asarray(lon), np.asarray(lat)


def from_lon_lat(
    crs: str, lon: FloatArray | float, lat: FloatArray | float
) -> tuple[FloatArray, FloatArray]:
    """Easting and northing [m] of geographic points, WGS 84."""
    from pyproj import Transformer

    transformer = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    x_m, y_m = transformer.transform(np.asarray(lon, float), np.asarray(lat, float))
    return np.asarray(x_m), np.asarray(y_m)
