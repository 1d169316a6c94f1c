"""Which pixels of a raster a box of degrees touches."""

from __future__ import annotations

import math

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Bounds
from rootzone.covariates.layers.mosaic import Piece

# The grid of a region ends at whole tiles, which may lie two kilometres beyond its box.
_MARGIN_DEG, _MARGIN_PX = 0.05, 3


def window_of(piece: Piece, bounds: Bounds) -> tuple[int, int, int, int]:
    """First row and column, height and width of the part of a raster that a box touches.

    Parameters
    ----------
    piece : Piece
        Header of the raster.
    bounds : tuple of float
        West, south, east, north [degree]; a margin of 0.05 degrees and three pixels is added.

    Raises
    ------
    RequestError
        The box lies outside the raster.
    """
    from pyproj import Transformer

    west, south, east, north = bounds
    box = (west - _MARGIN_DEG, max(south - _MARGIN_DEG, -90.0),
           east + _MARGIN_DEG, min(north + _MARGIN_DEG, 90.0))  # fmt: skip
    to_raster = Transformer.from_crs("EPSG:4326", piece.crs, always_xy=True)
    left, bottom, right, top = to_raster.transform_bounds(*box, densify_pts=21)
    first_row = max(math.floor((piece.top - top) / piece.pixel_y) - _MARGIN_PX, 0)
    first_col = max(math.floor((left - piece.left) / piece.pixel_x) - _MARGIN_PX, 0)
    end_row = min(math.ceil((piece.top - bottom) / piece.pixel_y) + _MARGIN_PX, piece.height)
    end_col = min(math.ceil((right - piece.left) / piece.pixel_x) + _MARGIN_PX, piece.width)
    if end_row <= first_row or end_col <= first_col:
        raise RequestError(f"{piece.uri}: the region {bounds} lies outside it.")
    return first_row, first_col, end_row - first_row, end_col - first_col
