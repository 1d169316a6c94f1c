"""Any layer of the catalog for any window of the master grid, read lazily and aligned.

A source whose pixels are pixels of the grid is read as it is. Anything else goes through a warped
view: classes by nearest neighbour, numbers by bilinear interpolation of the stored values, so that
a layer stored as log10 is interpolated as log10. A pixel's value does not depend on the window it
was asked in.
"""

from __future__ import annotations

import logging
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.grid import Bounds, MasterGrid, Window
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.legends import CLASS_NODATA, Legend
from rootzone.covariates.layers.opened import Opened, same_crs
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.layers.terrain import TERRAIN, terrain
from rootzone.covariates.layers.view import View, stored_values, words_for
from rootzone.covariates.readers.registry import raster_reader, reader

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_LOG = logging.getLogger(__name__)
# Nearer than this to a pixel edge counts as on it: coverage services add sub-millimetre jitter.
_ALIGNED_PX = 0.01
# How far a transformed point may be off, in pixels of the grid: 3 cm of 30 m.
_TOLERANCE_PX = 1e-3
_METRES_PER_DEGREE = 111_320.0
_CACHE_MB = 256
_SAMPLE_WINDOW_PX = 1024


@dataclass
class CovariateStack:
    """Layers on the master grid, by their address in the catalog.

    Parameters
    ----------
    catalog : Catalog
        What there is.
    grid : MasterGrid
        Where it is wanted.
    bounds : tuple of float, optional
        West, south, east, north [degree] that files must cover; the whole grid by default.
    year : int, optional
        Year of layers that come by year, where the address does not say.

    Notes
    -----
    Not thread-safe: every process or thread opens its own. A stack can be pickled; files are
    opened again on the other side. Close it, or use it in a ``with`` block.
    """

    catalog: Catalog
    grid: MasterGrid
    bounds: Bounds | None = None
    year: int | None = None
    _views: dict[str, View] = field(default_factory=dict, init=False, repr=False)

    def __enter__(self) -> CovariateStack:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_views": {}}

    def close(self) -> None:
        """Close every file."""
        for view in self._views.values():
            for handle in (view.dataset, view.quality):
                if handle is not None:
                    handle.close()
        self._views.clear()

    def layer(self, address: str) -> Layer:
        """Unit, range, legend and source of a layer."""
        return self.catalog.layer(address, self.year)

    def legend(self, address: str) -> Legend:
        """What the codes of a class layer mean."""
        return self.catalog.legend_of_layer(address)

    def gaps(self, address: str) -> tuple[str, ...]:
        """Tiles of a layer that are not there and count as nodata."""
        opened: Opened = self._view(self.layer(address)).opened
        return opened.gaps

    def files(self, address: str) -> tuple[Path, ...]:
        """Files that a layer is read from, those of its flags included."""
        opened: Opened = self._view(self.layer(address)).opened
        return opened.files

    def read(self, address: str, window: Window) -> AnyArray:
        """One layer in one window.

        Parameters
        ----------
        address : str
            Such as ``nlcd/2023``, ``polaris/sand/15_30`` or ``dem_3dep/slope_deg``.
        window : Window
            Pixels of the master grid; parts outside the grid are allowed within one tile of it.

        Returns
        -------
        values : array, shape (row, col)
            Classes as int16, 0 for nodata; numbers as float32 in the layer's unit, NaN for nodata.

        Raises
        ------
        RequestError
            Files are missing or misaligned, a code is not in the legend, or a number is outside
            the range that can be true.
        """
        layer = self.layer(address)
        if _is_terrain(layer):
            return self._read_terrain(layer, window)
        if layer.part is not None and layer.part.remainder_of:
            return self._read_remainder(layer, window)
        view = self._view(layer)
        stored = stored_values(view, view.dataset, window, self.grid)
        if layer.source.kind == "class":
            return self._classes(layer, stored, window)
        values = self._numbers(layer, view.opened, stored, window)
        if view.quality is not None and view.opened.quality is not None:
            flags = stored_values(view, view.quality, window, self.grid).filled(np.uint16(0xFFFF))
            values[~view.opened.quality.good(flags)] = np.nan
        return values

    def _read_terrain(self, layer: Layer, window: Window) -> AnyArray:
        elevation = self.read(layer.source_name, window.padded(1))
        return terrain(str(layer.values["variable"]), elevation, self.grid, window)

    def _read_remainder(self, layer: Layer, window: Window) -> AnyArray:
        """What is left of 100 %, such as silt of a product that has sand and clay only."""
        assert layer.part is not None  # noqa: S101 - asked before
        left = np.full(window.shape, 100.0, dtype=np.float32)
        for variable in layer.part.remainder_of:
            left -= self.read(layer.beside(variable), window)
        if layer.range is not None:
            _refuse_outside(left, layer, layer.range, window)
        return left

    def _classes(
        self, layer: Layer, stored: np.ma.MaskedArray[Any, Any], window: Window
    ) -> AnyArray:
        raw = stored.filled(CLASS_NODATA)
        raw = np.where(np.isin(raw, layer.source.nodata), CLASS_NODATA, raw)
        name = str(layer.source.legend)
        legend = self.catalog.legends[name]
        if not np.issubdtype(raw.dtype, np.integer):
            broken = ~np.isfinite(raw) | (raw != np.round(raw))
            if broken.any():
                raise RequestError(
                    f"UNKNOWN_CODES {layer.address}, {words_for(window)}: {int(broken.sum())} px "
                    f"such as {raw[broken][0]:g} are no class codes. Averaged or bilinear codes "
                    "are no class; take the product as served, nearest neighbour only."
                )
        strange = legend.unknown_codes(raw)
        if strange:
            listed = ", ".join(f"{code} ({count} px)" for code, count in strange.items())
            hint = legend.hint_for_unknown(strange, self.catalog.legends)
            raise RequestError(
                f"UNKNOWN_CODES {layer.address}, {words_for(window)}: {listed} not in the legend "
                f"{name}. {hint}."
            )
        return np.asarray(raw.astype(np.int16))

    def _numbers(
        self,
        layer: Layer,
        opened: Opened,
        stored: np.ma.MaskedArray[Any, Any],
        window: Window,
    ) -> AnyArray:
        raw = stored.filled(np.nan).astype(np.float32)
        for value in layer.source.nodata:
            raw[raw == np.float32(value)] = np.nan
        if opened.lookup is not None:
            raw = opened.lookup(raw)
        if (opened.scale, opened.offset) == (1.0, 0.0):
            values = raw
        else:
            values = (raw * opened.scale + opened.offset).astype(np.float32)
        if layer.range is not None:
            _refuse_outside(values, layer, layer.range, window)
        return values

    def sample(self, address: str, row: IntArray, col: IntArray) -> AnyArray:
        """One layer at many pixels, read window by window.

        Parameters
        ----------
        address : str
            Layer.
        row, col : array, shape (site,)
            Pixels of the master grid, in any order.

        Returns
        -------
        values : array, shape (site,)
            As in `read`.
        """
        row, col = np.asarray(row), np.asarray(col)
        across = -(-self.grid.width // _SAMPLE_WINDOW_PX)
        block = (row // _SAMPLE_WINDOW_PX) * across + col // _SAMPLE_WINDOW_PX
        is_class = self.layer(address).source.kind == "class"
        values = np.zeros(row.shape, dtype=np.int16 if is_class else np.float32)
        for number in np.unique(block):
            here = block == number
            top, left = int(row[here].min()), int(col[here].min())
            window = Window(
                top, left, int(row[here].max()) - top + 1, int(col[here].max()) - left + 1
            )
            values[here] = self.read(address, window)[row[here] - top, col[here] - left]
        return values

    def _view(self, layer: Layer) -> View:
        # Terrain and elevation share one open file; so do all windows.
        key = layer.source_name if _gives_terrain(layer) else layer.address
        if key not in self._views:
            self._views[key] = self._open(layer)
        return self._views[key]

    def _open(self, layer: Layer) -> View:
        reader = raster_reader(layer)
        bounds = self.bounds or self._lon_lat_bounds()
        opened = reader.open(layer, self.catalog.data_folder, bounds)
        if opened.gaps:
            _LOG.warning(
                "%s: %d tiles are not there and count as nodata", layer.address, len(opened.gaps)
            )
        origin = self._origin(layer, opened)
        raster = open_raster(opened.raster)
        quality = None if opened.quality is None else open_raster(opened.quality.raster)
        if origin is None:
            pixel_m = _pixel_m(opened)
            raster = self._warped(raster, layer.source.how, pixel_m)
            quality = None if quality is None else self._warped(quality, "nearest", pixel_m)
        return View(opened, raster, quality, origin)

    def _origin(self, layer: Layer, opened: Opened) -> tuple[int, int] | None:
        """Source pixel at the grid's corner, or None where the lattices differ."""
        piece = opened.piece
        size = self.grid.resolution_m
        if not math.isclose(piece.pixel_x, size, rel_tol=1e-7) or not math.isclose(
            piece.pixel_y, size, rel_tol=1e-7
        ):
            return None
        if not same_crs(piece.crs, self.grid.crs, self.grid.bounds_m):
            return None
        right, down = self.grid.lattice_offset_px(piece.left, piece.top)
        if max(abs(right), abs(down)) > _ALIGNED_PX:
            if layer.source.kind == "class" and layer.source.on_misaligned == "refuse":
                raise RequestError(_misaligned(layer, opened, right * size, down * size))
            return None
        column = round((self.grid.left - piece.left) / size)
        return round((piece.top - self.grid.top) / size), column

    def _warped(self, raster: Any, how: str, pixel_m: float) -> Any:  # noqa: ANN401
        from rasterio.enums import Resampling
        from rasterio.vrt import WarpedVRT

        grid, margin = self.grid, self.grid.tile_px
        padded = Window(0, 0, grid.height, grid.width).padded(margin)
        # A fixed kernel: GDAL would widen it by the size of each request.
        kernel = {} if how == "average" else {"XSCALE": 1, "YSCALE": 1}
        return WarpedVRT(
            raster,
            crs=grid.crs,
            transform=grid.affine(padded),
            width=padded.width,
            height=padded.height,
            resampling=Resampling[how],
            tolerance=_TOLERANCE_PX * min(1.0, grid.resolution_m / pixel_m),
            warp_mem_limit=_CACHE_MB,
            **kernel,
        )

    def _lon_lat_bounds(self) -> Bounds:
        from pyproj import Transformer

        transformer = Transformer.from_crs(self.grid.crs, "EPSG:4326", always_xy=True)
        box: Bounds = transformer.transform_bounds(*self.grid.bounds_m, densify_pts=101)
        return box


def _is_terrain(layer: Layer) -> bool:
    """Whether the layer is worked out from the heights of its source."""
    return layer.values.get("variable") in TERRAIN and _gives_terrain(layer)


def _gives_terrain(layer: Layer) -> bool:
    return bool(getattr(reader(layer.source.reader), "terrain", False))


def _pixel_m(opened: Opened) -> float:
    """About how many metres a pixel of the source is."""
    from pyproj import CRS

    pixel = max(opened.piece.pixel_x, opened.piece.pixel_y)
    geographic = CRS.from_user_input(opened.piece.crs).is_geographic
    return pixel * _METRES_PER_DEGREE if geographic else pixel


def _misaligned(layer: Layer, opened: Opened, right_m: float, down_m: float) -> str:
    piece = opened.piece
    new_left, new_top = piece.left - right_m, piece.top + down_m
    name = opened.files[0] if opened.files else layer.path_pattern()
    return (
        f"MISALIGNED {name}: its pixels lie {right_m:+.3f} m east and {-down_m:+.3f} m "
        f"north of the lattice of the master grid (corner {piece.left:.3f}, {piece.top:.3f}). Half "
        "a pixel is the mark of the USGS coverage service; take the GeoTIFF from mrlc.gov. If you "
        "know that only the corner is written wrong: gdal_edit.py -a_ullr "
        f"{new_left:.0f} {new_top:.0f} {new_left + piece.width * piece.pixel_x:.0f} "
        f"{new_top - piece.height * piece.pixel_y:.0f} FILE. To accept a shift of half a pixel, "
        f"set on_misaligned: snap for {layer.source_name}."
    )


def _refuse_outside(
    values: AnyArray, layer: Layer, limits: tuple[float, float], window: Window
) -> None:
    low, high = (np.float32(limit) for limit in limits)
    wrong = (values < low) | (values > high)
    if not wrong.any():
        return
    seen = values[wrong]
    raise RequestError(
        f"OUT_OF_RANGE {layer.address}, {words_for(window)}: {int(wrong.sum())} pixels between "
        f"{seen.min():g} and {seen.max():g} [{layer.unit}], but only {limits[0]:g} to "
        f"{limits[1]:g} can be true. Look at the file with rootzone catalog check; an undeclared "
        "nodata value, a missing scale or natural values in place of log10 are the usual causes."
    )
