"""Fields of any window of a grid from GeoTIFFs on that grid or on any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.fetch.checksums import check_beside
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.learning.scene.land import inside_of, place_inside

_ALIGNED_PX: Final = 0.01


def read_part(
    path: Path, grid: MasterGrid, window: Window, bands: Sequence[str], classes: bool = False
) -> Float32Array:
    """Some bands of a file over a window of a grid.

    Parameters
    ----------
    path : Path
        GeoTIFF with a coordinate system.
    grid : MasterGrid
        The grid.
    window : Window
        Part of it; may reach beyond.
    bands : sequence of str
        Names of bands; empty for the first band. A name that the file lacks is missing everywhere.
    classes : bool
        Values are codes: those of the nearest pixel are taken, never anything between.

    Returns
    -------
    array, shape (band, row, col)
        Physical values, NaN where there are none. A file on the grid's pixels is read as it is,
        any other is interpolated.

    Raises
    ------
    RequestError
        The file cannot be read or has no coordinate system.
    """
    with open_raster(path) as file:
        named = {name: number for number, name in enumerate(file.descriptions, 1) if name}
        wanted = [named.get(name, 0) for name in bands] if bands else [1]
        out = np.full((len(wanted), *window.shape), np.nan, dtype=np.float32)
        there = [k for k, number in enumerate(wanted) if number]
        if there:
            numbers = [wanted[k] for k in there]
            out[there] = _values(path, file, grid, window, numbers, classes)
        return out


def _values(
    path: Path, file: object, grid: MasterGrid, window: Window, numbers: list[int], classes: bool
) -> Float32Array:
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT
    from rasterio.windows import Window as Part

    source = file
    if source.crs is None:  # type: ignore[attr-defined]
        raise RequestError(f"{path} has no coordinate system, so it cannot be put on a grid.")
    affine, size = source.transform, grid.resolution_m  # type: ignore[attr-defined]
    right, down = grid.lattice_offset_px(affine.c, affine.f)
    whole = np.full((len(numbers), *window.shape), np.nan, dtype=np.float32)
    scale = np.array([source.scales[n - 1] for n in numbers])[:, None, None]  # type: ignore[attr-defined]
    offset = np.array([source.offsets[n - 1] for n in numbers])[:, None, None]  # type: ignore[attr-defined]
    aligned = (
        source.crs == grid.crs  # type: ignore[attr-defined]
        and abs(affine.a - size) < 1e-6 * size
        and max(abs(right), abs(down)) < _ALIGNED_PX
    )
    if aligned:
        row, col = round((grid.top - affine.f) / size), round((affine.c - grid.left) / size)
        own = MasterGrid(grid.crs, size, 0, 0, source.width, source.height)  # type: ignore[attr-defined]
        moved = Window(window.row - row, window.col - col, window.height, window.width)
        inside = inside_of(moved, own)
        if inside is None:
            return whole
        box = Part(inside.col, inside.row, inside.width, inside.height)
        stored = source.read(numbers, window=box, masked=True)  # type: ignore[attr-defined]
        values = stored.astype(np.float32).filled(np.nan) * scale + offset
        place_inside(whole, values, moved, inside)
        return whole
    if not classes and source.crs == grid.crs:  # type: ignore[attr-defined]
        between = _between_cells(source, grid, window, numbers, scale, offset)
        if between is not None:
            return between
    how = Resampling.nearest if classes else Resampling.bilinear
    with WarpedVRT(
        source, crs=grid.crs, transform=grid.affine(window), width=window.width,
        height=window.height, resampling=how,
    ) as warped:  # fmt: skip
        stored = warped.read(numbers, masked=True)
    found = stored.astype(np.float32).filled(np.nan) * scale + offset
    return np.asarray(found, dtype=np.float32)


def _between_cells(
    source: object, grid: MasterGrid, window: Window, numbers: list[int], scale: AnyArray,
    offset: AnyArray,
) -> Float32Array | None:  # fmt: skip
    """Bilinear values between coarser cells of the grid's own projection, as a warp gives them.

    Such fields (weather, a radiometer's) have few cells in a window, and warping each pixel of it
    costs more than a small network does. A cell without a value gives its share to the others, and
    pixels in it have none. None where cells are finer or turned: a warp knows what to do there.
    """
    from rasterio.windows import Window as Part

    affine, size = source.transform, grid.resolution_m  # type: ignore[attr-defined]
    if affine.b or affine.d or affine.a < size or -affine.e < size:
        return None
    right = grid.left + (window.col + np.arange(window.width) + 0.5) * size
    down = grid.top - (window.row + np.arange(window.height) + 0.5) * size
    cols = _Between.of((right - affine.c) / affine.a, source.width)  # type: ignore[attr-defined]
    rows = _Between.of((down - affine.f) / affine.e, source.height)  # type: ignore[attr-defined]
    whole = np.full((len(numbers), *window.shape), np.nan, dtype=np.float32)
    if cols is None or rows is None:
        return whole
    box = Part(cols.start, rows.start, cols.stop - cols.start, rows.stop - rows.start)
    stored = source.read(numbers, window=box, masked=True)  # type: ignore[attr-defined]
    cells = stored.astype(np.float32).filled(np.nan) * scale + offset
    known = np.isfinite(cells)
    here = np.ix_(np.arange(len(numbers)), rows.inside, cols.inside)
    found = cols.along(rows.along(np.where(known, cells, 0.0), 1), 2)
    if not known.all():
        share = cols.along(rows.along(known.astype(np.float32), 1), 2)
        own = known[:, rows.own][:, :, cols.own]
        found = np.where(own, found / np.where(own, share, 1.0), np.nan)
    whole[here] = found
    return whole


@dataclass(frozen=True)
class _Between:
    """Where points lie among the middles of a line of cells, whose ends are flat for half a cell.

    Only points that lie on the line count; cells are numbered from the first that any needs.
    """

    before: IntArray
    after: IntArray
    own: IntArray
    share: Float32Array
    inside: BoolArray
    start: int
    stop: int

    @classmethod
    def of(cls, place: FloatArray, n: int) -> _Between | None:
        """Of places counted in cells from the line's edge; None where all lie beyond it."""
        inside = (place >= 0.0) & (place < n)
        if not inside.any():
            return None
        middle = np.clip(place[inside] - 0.5, 0.0, n - 1.0)
        before = np.floor(middle).astype(np.int64)
        after = np.minimum(before + 1, n - 1)
        start, own = int(before.min()), np.floor(place[inside]).astype(np.int64)
        return cls(
            before - start, after - start, own - start, (middle - before).astype(np.float32),
            inside, start, int(after.max()) + 1,
        )  # fmt: skip

    def along(self, cells: AnyArray, axis: int) -> AnyArray:
        """Values at the points, along one axis of some cells."""
        shape = [1] * cells.ndim
        shape[axis] = self.share.size
        share = self.share.reshape(shape)
        one, two = cells.take(self.before, axis=axis), cells.take(self.after, axis=axis)
        return np.asarray(one + share * (two - one))


class Near(NamedTuple):
    """The field nearest in time to a day."""

    path: Path
    age_days: int
    """how many days it lies from the day, above 0 where it is older"""


@dataclass(frozen=True)
class DayFiles:
    """Files of one quantity by the day in their names.

    Parameters
    ----------
    by_day : dict
        File of each day.
    """

    by_day: dict[date, Path]

    @classmethod
    def of(cls, name: str, pattern: str, paths: Sequence[Path]) -> DayFiles:
        """The files that a pattern found.

        Raises
        ------
        RequestError
            There are none, two are of one day, or one differs from the checksum beside it.
        """
        kept = [path for path in paths if path.suffix.lower() in (".tif", ".tiff")]
        if not kept:
            raise RequestError(f"There are no files of {name}: nothing is called {pattern}.")
        check_beside(kept)
        by_day = {day_in_name(path.name): path for path in kept}
        if len(by_day) < len(kept):
            raise RequestError(f"{pattern}: two files of {name} are of one day.")
        return cls(dict(sorted(by_day.items())))

    def nearest(self, day: date, reach_days: int) -> Near | None:
        """The file nearest in time, of two the earlier one; None where none is near enough."""
        for apart in range(reach_days + 1):
            for age in dict.fromkeys((apart, -apart)):
                path = self.by_day.get(day - timedelta(days=age))
                if path is not None:
                    return Near(path, age)
        return None
