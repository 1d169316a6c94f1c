"""The land raster of a campaign, read window by window: what does not change from day to day."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.open_files import open_raster
from rootzone.covariates.grid import MasterGrid, Window

FEATURE_BANDS = {
    "sand_pct": "%",
    "silt_pct": "%",
    "clay_pct": "%",
    "elevation_m": "m",
    "slope_deg": "degree",
    "aspect_deg": "degree",
    "land_cover": "code",
    "climate_class": "code",
}
HYDRAULIC = {"theta_r": "m3 m-3", "theta_s": "m3 m-3", "alpha_per_cm": "cm-1", "n": "-"}
TAG_LAND = "rootzone_land"  # grid, depths and legends as JSON
TAG_MADE_FROM = "rootzone_made_from"  # digest of the inputs, file times included
_CACHE_MB = 128


def hydraulic_bands(depth_mm: float) -> tuple[str, ...]:
    """Names of the four van Genuchten bands of a label depth.

    Examples
    --------
    >>> hydraulic_bands(200.0)
    ('theta_r@200', 'theta_s@200', 'alpha_per_cm@200', 'n@200')
    """
    return tuple(f"{name}@{depth_mm:g}" for name in HYDRAULIC)


class LandSource(Protocol):
    """What a scene asks of the land."""

    @property
    def grid(self) -> MasterGrid:
        """The master grid."""

    @property
    def depths_mm(self) -> tuple[float, ...]:
        """Label depths with hydraulic bands [mm]."""

    def read(self, names: Sequence[str], window: Window) -> Float32Array:
        """Bands of a window, shape (band, row, col); NaN where nothing is known."""


def place_inside(whole: AnyArray, part: AnyArray, window: Window, inside: Window) -> None:
    """Put what was read of the grid where it lies in a window that may reach beyond it."""
    row, col = inside.row - window.row, inside.col - window.col
    whole[:, row : row + inside.height, col : col + inside.width] = part


def inside_of(window: Window, grid: MasterGrid) -> Window | None:
    """The part of a window that lies on the grid, or None."""
    top, left = max(window.row, 0), max(window.col, 0)
    bottom = min(window.row + window.height, grid.height)
    right = min(window.col + window.width, grid.width)
    if top >= bottom or left >= right:
        return None
    return Window(top, left, bottom - top, right - left)


@dataclass(frozen=True, eq=False)
class ArrayLand:
    """A land in memory, for made-up worlds and tests.

    Parameters
    ----------
    grid : MasterGrid
        The master grid.
    values : mapping of str to array, shape (row, col)
        Bands over the whole grid in physical units, named as in the land raster.
    depths_mm : tuple of float
        Label depths that have hydraulic bands [mm].
    """

    grid: MasterGrid
    values: Mapping[str, AnyArray]
    depths_mm: tuple[float, ...] = ()

    @property
    def bands(self) -> tuple[str, ...]:
        """Names of the bands."""
        return tuple(self.values)

    def read(self, names: Sequence[str], window: Window) -> Float32Array:
        """Bands of a window, shape (band, row, col); NaN outside the grid."""
        _require_bands(names, self.bands, "This land")
        whole = np.full((len(names), *window.shape), np.nan, dtype=np.float32)
        inside = inside_of(window, self.grid)
        if inside is not None:
            rows = slice(inside.row, inside.row + inside.height)
            cols = slice(inside.col, inside.col + inside.width)
            part = np.stack([self.values[name][rows, cols] for name in names])
            place_inside(whole, part, window, inside)
        return whole


class Land:
    """The land raster as `write_land` makes it.

    May be pickled, or shared with a forked process: each process opens the file for itself.

    Parameters
    ----------
    path : Path
        ``covariates/land.tif`` of a campaign.

    Raises
    ------
    RequestError
        The file is missing, damaged, or was not written by rootzone.
    """

    def __init__(self, path: Path) -> None:
        self.path = Path(path)
        self._handle: Any = None
        self._pid = -1
        self._lock = Lock()
        dataset = self._dataset()
        facts = dataset.tags().get(TAG_LAND)
        if facts is None:
            raise RequestError(f"{path} is not a land raster of rootzone; its tags say nothing.")
        told = json.loads(facts)
        self.grid = MasterGrid(**told["grid"])
        self.depths_mm: tuple[float, ...] = tuple(told["depths_mm"])
        self.texture_depth_cm: tuple[int, int] = tuple(told["texture_depth_cm"])
        self.legends: dict[str, str] = told["legends"]
        self.class_names: dict[str, dict[int, str]] = {
            layer: {int(code): text for code, text in names.items()}
            for layer, names in told.get("class_names", {}).items()
        }
        self.digest: str = told["digest"]
        self.bands: tuple[str, ...] = tuple(dataset.descriptions)
        self._number = {name: i + 1 for i, name in enumerate(self.bands)}

    def __getstate__(self) -> dict[str, Any]:
        state = {**self.__dict__, "_handle": None, "_pid": -1}
        del state["_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = Lock()

    def close(self) -> None:
        """Close the file; the next reading opens it again."""
        if self._handle is not None and self._pid == os.getpid():
            self._handle.close()
        self._handle = None

    def read(self, names: Sequence[str], window: Window) -> Float32Array:
        """Bands of a window in physical units.

        Parameters
        ----------
        names : sequence of str
            Bands, in the order wanted.
        window : Window
            Pixels of the master grid; it may reach beyond the grid.

        Returns
        -------
        values : array of float32, shape (band, row, col)
            NaN outside the grid and where nothing is known.

        Raises
        ------
        RequestError
            There is no such band, or the file cannot be read there.
        """
        import rasterio
        from rasterio.errors import RasterioIOError
        from rasterio.windows import Window as Part

        _require_bands(names, self.bands, str(self.path))
        whole = np.full((len(names), *window.shape), np.nan, dtype=np.float32)
        inside = inside_of(window, self.grid)
        if inside is None or not names:
            return whole
        numbers = [self._number[name] for name in names]
        box = Part(inside.col, inside.row, inside.width, inside.height)
        with self._lock, rasterio.Env(GDAL_CACHEMAX=_CACHE_MB):
            try:
                part = self._dataset().read(numbers, window=box)
            except RasterioIOError as error:
                raise RequestError(
                    f"{self.path} cannot be read: {error}. Delete it; it will be made again."
                ) from error
        place_inside(whole, part, window, inside)
        return whole

    def _dataset(self) -> Any:  # noqa: ANN401 - rasterio is untyped
        from rasterio.errors import RasterioIOError

        if self._handle is None or self._pid != os.getpid():
            try:
                self._handle = open_raster(self.path)
            except RasterioIOError as error:
                raise RequestError(
                    f"The land raster {self.path} cannot be opened: {error}. `rootzone train` "
                    "makes it from the catalog."
                ) from error
            self._pid = os.getpid()
        return self._handle


def _require_bands(names: Sequence[str], bands: Sequence[str], where: str) -> None:
    for name in names:
        if name not in bands:
            raise RequestError(
                f"{where} has no band {name!r}{did_you_mean(name, bands)}. It has "
                f"{', '.join(bands)}."
            )
