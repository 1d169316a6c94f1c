"""What a raster reader hands to the stack: a layer found, laid out as one raster, not yet read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone.covariates.grid import Bounds
from rootzone.covariates.layers.mosaic import Piece


@dataclass(frozen=True)
class Quality:
    """A second raster that says which values count.

    Parameters
    ----------
    raster : str
        Virtual raster of the flags, on the lattice of the values.
    good : callable
        True where a flag lets the value count.
    """

    raster: str
    good: Callable[[AnyArray], BoolArray]


@dataclass(frozen=True)
class Opened:
    """What the stack needs of a layer.

    Parameters
    ----------
    raster : str
        Virtual raster as text.
    piece : Piece
        Header of the whole: coordinate system, corner and pixel size.
    files : tuple of Path
        Files it reads.
    gaps : tuple of str
        Tiles that are not there and count as nodata.
    quality : Quality, optional
        Flags.
    scale, offset : float
        Factor and term from stored to physical values.
    lookup : callable, optional
        From what is stored, such as the number of a mapping unit, to values before the factor.
    """

    raster: str
    piece: Piece
    files: tuple[Path, ...]
    gaps: tuple[str, ...] = ()
    quality: Quality | None = None
    scale: float = 1.0
    offset: float = 0.0
    lookup: Callable[[AnyArray], AnyArray] | None = None


def same_crs(one: str, other: str, bounds: Bounds) -> bool:
    """Whether two coordinate systems give the same numbers inside a box, to 0.1 mm or 1e-9 deg.

    Albers on NAD83 and on WGS 84 count as the same: PROJ puts them less than 0.1 mm apart.
    """
    from pyproj import CRS, Transformer

    a, b = CRS.from_user_input(one), CRS.from_user_input(other)
    if a.is_geographic != b.is_geographic:
        return False
    if a.equals(b, ignore_axis_order=True):
        return True
    x = np.linspace(bounds[0], bounds[2], 5)
    y = np.linspace(bounds[1], bounds[3], 5)
    moved_x, moved_y = Transformer.from_crs(a, b, always_xy=True).transform(x, y)
    tolerance = 1e-9 if a.is_geographic else 2e-4
    return bool(np.all(np.hypot(moved_x - x, moved_y - y) < tolerance))
