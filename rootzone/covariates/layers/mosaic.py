"""Virtual rasters: many tiles as one, or one file with the georeference it lacks.

Both are written as a GDAL virtual raster in memory, so that nothing is copied and a bilinear value
beside a seam sees the pixels on both sides of it.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.grid import Bounds

# Pixels of one product meet to a small part of a pixel, or the tiles are not of one product.
_LATTICE_TOLERANCE_PX = 0.01
SENTINEL = -(
    2.0**127
)  # nodata of numbers whose file declares none; the same in float32 and float64
_GDAL_TYPES = {
    "uint8": "Byte", "int8": "Int8", "uint16": "UInt16", "int16": "Int16", "uint32": "UInt32",
    "int32": "Int32", "int64": "Int64", "uint64": "UInt64", "float32": "Float32",
    "float64": "Float64",
}  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """The header of one raster.

    Parameters
    ----------
    uri : str
        What GDAL opens: a path or a subdataset.
    crs : str
        Coordinate system as WKT.
    left, top : float
        Outer corner of the upper-left pixel, in the unit of the coordinate system.
    pixel_x, pixel_y : float
        Pixel size, both positive.
    width, height : int
        Pixels across and down.
    dtype : str
        Type of the stored values.
    nodata : float or None
        Nodata value the file declares.
    scale, offset : float
        Factor and term the file declares, from stored to physical values.
    unit : str
        Unit the file declares, empty where it does not.
    masked : bool
        Whether a mask inside or beside the file says which pixels count.
    """

    uri: str
    crs: str
    left: float
    top: float
    pixel_x: float
    pixel_y: float
    width: int
    height: int
    dtype: str
    nodata: float | None
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    masked: bool = False

    @property
    def bounds(self) -> Bounds:
        """Left, bottom, right, top."""
        return (
            self.left,
            self.top - self.height * self.pixel_y,
            self.left + self.width * self.pixel_x,
            self.top,
        )


def read_piece(uri: str, crs: str | None = None, bounds: Bounds | None = None) -> Piece:
    """Header of a raster; ``crs`` and ``bounds`` stand in where the file has none.

    Raises
    ------
    RequestError
        GDAL cannot open it, it is not north-up, or it has no georeference and none was given.
    """
    from rasterio.enums import MaskFlags
    from rasterio.errors import RasterioIOError

    try:
        with quiet(), open_raster(uri) as data:
            found = data.crs.to_wkt() if data.crs else None
            transform = data.transform
            shape, dtype, nodata = data.shape, data.dtypes[0], data.nodata
            scale, offset = float(data.scales[0]), float(data.offsets[0])
            unit = data.units[0] or ""
            masked = MaskFlags.per_dataset in data.mask_flag_enums[0]
    except RasterioIOError as error:
        raise RequestError(f"{uri} cannot be read as a raster: {error}") from error
    if transform.is_identity and bounds is None:
        raise RequestError(
            f"{uri} has no georeference: give its bounds, or a world file beside it."
        )
    if transform.is_identity and bounds is not None:
        left, bottom, right, top = bounds
        pixel_x, pixel_y = (right - left) / shape[1], (top - bottom) / shape[0]
    else:
        left, top, pixel_x, pixel_y = transform.c, transform.f, transform.a, -transform.e
    if pixel_x <= 0 or pixel_y <= 0 or transform.b or transform.d:
        raise RequestError(
            f"{uri} is rotated or upside down (transform {tuple(transform)[:6]}). Rewrite it "
            "north-up: gdalwarp IN OUT."
        )
    wkt = found or (None if crs is None else _wkt(crs))
    if wkt is None:
        raise RequestError(f"{uri} names no coordinate system, nor does its catalog entry (crs).")
    return Piece(
        uri, wkt, left, top, pixel_x, pixel_y, shape[1], shape[0], dtype, nodata, scale, offset,
        unit, masked,
    )  # fmt: skip


@contextmanager
def quiet() -> Iterator[None]:
    """Silence the note that a file has no georeference: the caller deals with it."""
    from rasterio.errors import NotGeoreferencedWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


def _wkt(crs: str) -> str:
    from pyproj import CRS

    return str(CRS.from_user_input(crs).to_wkt("WKT1_GDAL"))


def without_values(piece: Piece, band: int, missing: Sequence[float]) -> Piece:
    """A piece in which further values, too, mean that there is nothing.

    A source of a virtual raster knows one such value; each further one is a raster of its own
    around it. Without them bilinear values would be put between heights and -32768.
    """
    for value in missing:
        if value == piece.nodata:
            continue
        text = virtual_raster([piece], band, None, "float32", whole=SENTINEL)
        piece = replace(
            piece, uri=text, nodata=value, masked=False, dtype="float32", scale=1.0, offset=0.0
        )
        band = 1
    return piece


def virtual_raster(
    pieces: Sequence[Piece],
    band: int,
    nodata: float | None,
    dtype: str | None = None,
    whole: float | None = None,
    finer: int = 1,
) -> str:
    """A virtual raster of all pieces, as text GDAL opens.

    Parameters
    ----------
    pieces : sequence of Piece
        Tiles on one lattice; where they overlap the last one counts.
    band : int
        Band of every piece, counted from 1.
    nodata : float or None
        Nodata of pieces that declare none, and of the whole.
    dtype : str, optional
        Type of the whole; that of the first piece by default.
    whole : float, optional
        Nodata of the whole, where it is another one.
    finer : int
        How many pixels of the whole stand side by side for one of a piece, each with its value.

    Raises
    ------
    RequestError
        The pieces do not share one lattice.
    """
    first = pieces[0]
    left = min(piece.bounds[0] for piece in pieces)
    top = max(piece.bounds[3] for piece in pieces)
    width = round((max(p.bounds[2] for p in pieces) - left) / first.pixel_x)
    height = round((top - min(p.bounds[1] for p in pieces)) / first.pixel_y)
    whole_nodata = whole if whole is not None else nodata if nodata is not None else first.nodata
    kind = _GDAL_TYPES[dtype or first.dtype]
    if whole_nodata is None or (kind == "Float32" and not _kept_by_float32(whole_nodata)):
        whole_nodata = SENTINEL
    lines = [
        f'<VRTDataset rasterXSize="{finer * width}" rasterYSize="{finer * height}">',
        f"<SRS>{escape(first.crs)}</SRS>",
        f"<GeoTransform>{left!r}, {first.pixel_x / finer!r}, 0, {top!r}, 0, "
        f"{-first.pixel_y / finer!r}</GeoTransform>",
        f'<VRTRasterBand dataType="{kind}" band="1"><NoDataValue>{whole_nodata!r}</NoDataValue>',
    ]
    lines.extend(_source(piece, first, left, top, band, nodata, finer) for piece in pieces)
    return "".join([*lines, "</VRTRasterBand></VRTDataset>"])


def _source(
    piece: Piece, first: Piece, left: float, top: float, band: int, nodata: float | None,
    finer: int,
) -> str:  # fmt: skip
    column = (piece.left - left) / first.pixel_x
    row = (top - piece.top) / first.pixel_y
    drift = max(abs(column - round(column)), abs(row - round(row)))
    scale = max(abs(piece.pixel_x / first.pixel_x - 1), abs(piece.pixel_y / first.pixel_y - 1))
    if drift > _LATTICE_TOLERANCE_PX or scale * piece.width > _LATTICE_TOLERANCE_PX:
        raise RequestError(
            f"{piece.uri} is not on the lattice of {first.uri}: it is {drift:.3f} px off, pixel "
            f"size {piece.pixel_x:.10g} against {first.pixel_x:.10g}. Tiles of different products "
            "or versions cannot be one mosaic."
        )
    own = piece.nodata if piece.nodata is not None else nodata
    missing = "" if own is None else f"<NODATA>{own!r}</NODATA>"
    if piece.masked:  # a mask inside the file, a .msk beside it, or an alpha band
        missing = "<UseMaskBand>true</UseMaskBand>"
    size = f'xSize="{piece.width}" ySize="{piece.height}"'
    laid = f'xSize="{finer * piece.width}" ySize="{finer * piece.height}"'
    place = f'xOff="{finer * round(column)}" yOff="{finer * round(row)}"'
    return (
        f'<ComplexSource><SourceFilename relativeToVRT="0">{escape(piece.uri)}</SourceFilename>'
        f'<SourceBand>{band}</SourceBand><SrcRect xOff="0" yOff="0" {size}/>'
        f"<DstRect {place} {laid}/>{missing}</ComplexSource>"
    )


def _kept_by_float32(value: float) -> bool:
    """Whether a value stays itself in float32; GDAL warps past a nodata value that does not."""
    with np.errstate(over="ignore"):
        return bool(np.isnan(value) or float(np.float32(value)) == value)


def missing_files(paths: Sequence[Path]) -> list[Path]:
    """Those that do not exist; a Zarr store is a folder."""
    return [path for path in paths if not path.exists()]
