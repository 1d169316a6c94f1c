"""Daily weather as rasters, one file a day: a variable each, or all of them as named bands."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.fetch.checksums import check_inputs
from rootzone.covariates.layers.mosaic import quiet
from rootzone.covariates.layers.opened import same_crs
from rootzone.covariates.layers.source import Layer, Part
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.convert import conversion
from rootzone.covariates.weather.daily import DailyValues
from rootzone.covariates.weather.day_files import days_of_files
from rootzone.covariates.weather.rim_cells import CellsOutside

if TYPE_CHECKING:
    from rootzone.covariates.check.findings import FileFinding

_LISTED = 3


class DailyRaster:
    """GeoTIFF a day; the path holds {year}, {month} and {day}."""

    def paths(self, layer: Layer, data_folder: Path, first: date, last: date) -> list[str | Path]:
        """Files of a span of days, there or not."""
        return list(days_of_files(layer, data_folder, first, last))

    def read(
        self,
        layer: Layer,
        data_folder: Path,
        cells: Cells,
        first: date,
        last: date,
        utc_offset_h: float = 0.0,
    ) -> DailyValues:
        """One variable for some cells and days; a day is whatever 24 hours the product means."""
        files = days_of_files(layer, data_folder, first, last)
        missing = [path for path in files if not path.is_file()]
        if missing:
            listed = ", ".join(path.name for path in missing[:_LISTED])
            raise RequestError(
                f"{layer.address}: {len(missing)} of {len(files)} days are missing from "
                f"{missing[0].parent}: {listed}. Fetch them, or correct path in the catalog."
            )
        check_inputs(list(files), data_folder)
        values = np.stack([self.read_file(path, layer, cells) for path in files])
        dates = np.array(list(files.values()), dtype="datetime64[D]")
        return DailyValues(dates, np.asarray(values, dtype=np.float32))

    def read_file(self, path: Path, layer: Layer, cells: Cells) -> FloatArray:
        """Values of one day, shape (cell,), in the entry's unit.

        Raises
        ------
        RequestError
            The file is damaged, is on another grid, or holds another variable or unit.
        """
        from rasterio.errors import RasterioIOError
        from rasterio.windows import Window

        part = layer.part
        if part is None:
            raise RequestError(f"{layer.address} does not say which variable is meant.")
        try:
            with quiet(), open_raster(path) as data:
                band = _band(data, path, layer, part)
                _same_place(data, path, cells)
                row, col = _positions(data, path, cells)
                top, left = int(row.min()), int(col.min())
                box = Window(left, top, int(col.max()) - left + 1, int(row.max()) - top + 1)
                stored = data.read(band, window=box, masked=True)
                unit = data.units[band - 1] or part.stored_unit or part.unit
                declared = (data.scales[band - 1], data.offsets[band - 1])
        except RasterioIOError as error:
            raise RequestError(f"{path} cannot be read as a raster: {error}") from error
        scale, offset = _packing(layer, part, declared, path)
        values = np.ma.filled(stored.astype(np.float64), np.nan)
        for marker in layer.source.nodata:
            values[values == marker] = np.nan
        physical = values[row - top, col - left] * scale + offset
        return np.asarray(conversion(unit, part.unit, f"{path}: band {band}")(physical))

    def check(self, path: Path, layer: Layer | None) -> tuple[dict[str, Any], list[FileFinding]]:
        """Facts of a day, what does not fit, and what reading it would refuse."""
        from rootzone.covariates.check.check_raster_file import raster_report

        return raster_report(path, layer, None if layer is None else self._refusal(path, layer))

    def _refusal(self, path: Path, layer: Layer) -> str | None:
        """What reading the file's own first cell would say, variable by variable."""
        from dataclasses import replace

        grid, given = layer.source.weather_grid, layer.values.get("variable")
        if grid is None:
            return None
        try:
            with quiet(), open_raster(path) as data:
                x, y = data.transform * (0.5, 0.5)
            row, col = (
                grid.index_of(np.array([y]), "y", str(path)),
                grid.index_of(np.array([x]), "x", str(path)),
            )
            for name in [given] if given else layer.source.variables:
                one = replace(layer, values=layer.values | {"variable": name})
                self.read_file(path, one, Cells(grid, row, col))
        except (RequestError, OSError) as error:
            return str(error)
        return None


READER = DailyRaster()


def _band(data: Any, path: Path, layer: Layer, part: Part) -> int:  # noqa: ANN401 - rasterio
    """Which band holds a variable: the one of its name, or the only one."""
    named = [i for i, text in enumerate(data.descriptions, 1) if text in part.names]
    if len(named) == 1:
        return named[0]
    told = [text for text in data.descriptions if text]
    if data.count == 1 and not told:
        return 1
    raise RequestError(
        f"{path} should hold {layer.values['variable']} ({' or '.join(part.names) or 'no name'}) "
        f"as one band; its {data.count} bands are called {', '.join(told) or 'nothing'}. The file "
        "was renamed, or names in the catalog are others."
    )


def _same_place(data: Any, path: Path, cells: Cells) -> None:  # noqa: ANN401
    if data.crs is None or not same_crs(data.crs.to_wkt(), cells.grid.crs, tuple(data.bounds)):
        raise RequestError(
            f"{path} is in {'no coordinate system' if data.crs is None else data.crs.to_string()}, "
            f"the weather grid in {cells.grid.crs}. Correct weather_grid in the catalog, or take "
            "the original."
        )


def _positions(data: Any, path: Path, cells: Cells) -> tuple[AnyArray, AnyArray]:  # noqa: ANN401
    """Rows and columns of the file in which cells lie."""
    transform = data.transform
    if transform.b or transform.d or transform.a <= 0 or transform.e >= 0:
        raise RequestError(
            f"{path} is rotated or upside down (transform {tuple(transform)[:6]}). Rewrite it "
            "north-up: gdalwarp IN OUT."
        )
    x = transform.c + (np.arange(data.width) + 0.5) * transform.a
    y = transform.f + (np.arange(data.height) + 0.5) * transform.e
    col_at = cells.grid.index_of(x, "x", f"{path}: longitude")
    row_at = cells.grid.index_of(y, "y", f"{path}: latitude")
    row, col = _where(row_at, cells.row), _where(col_at, cells.col)
    lost = (row < 0) | (col < 0)
    if lost.any():
        raise CellsOutside(
            f"{path} covers {y.min():.4f} to {y.max():.4f} N and {x.min():.4f} to {x.max():.4f} E: "
            f"{int(lost.sum())} of {lost.size} cells of the region lie outside.",
            cells.cell_id[lost],
        )
    return row, col


def _where(held: AnyArray, wanted: AnyArray) -> AnyArray:
    order = np.argsort(held)
    at = order[np.clip(np.searchsorted(held, wanted, sorter=order), 0, held.size - 1)]
    return np.where(held[at] == wanted, at, -1)


def _packing(
    layer: Layer, part: Part, declared: tuple[float, float], path: Path
) -> tuple[float, float]:
    """Factor and term of the entry; a file that declares others is not trusted."""
    source = layer.source
    scale = source.scale if part.scale is None else part.scale
    if declared != (1.0, 0.0) and (scale, source.offset) == (1.0, 0.0):
        raise RequestError(
            f"{path} declares scale {declared[0]:g} and offset {declared[1]:g}, the catalog none. "
            "Write scale and offset into the entry."
        )
    return scale, source.offset
