"""Everything the network sees, put together for any window and day of the master grid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rootzone._shared.arrays import AnyArray, Float32Array, IntArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.weather.cells import WeatherGrid
from rootzone.learning.scene.features import LEAF_AREA, SURFACE_THETA, physics_column
from rootzone.learning.scene.land import HYDRAULIC, LandSource, hydraulic_bands
from rootzone.learning.scene.physics import PhysicsChannels
from rootzone.learning.scene.weather_days import WeatherDays
from rootzone.networks.channels import LAND, SURFACE, FeatureSpec

Int32Array = NDArray[np.int32]

_POINT_BLOCK_PX = 512


class SurfaceSource(Protocol):
    """What a scene asks of a product by day: surface moisture, leaf area."""

    def read(self, date: dt.date, window: Window) -> Float32Array:
        """Values of a window in their unit, shape (row, col); NaN where nothing is known."""


@dataclass(frozen=True, eq=False)
class CellWeights:
    """From which rows of a day's table each pixel takes its weather.

    Parameters
    ----------
    index : array of int32, shape (k, row, col)
        Rows of `Scene.day`; its last row, all NaN, where no cell has weather.
    weight : array of float32, shape (k, row, col)
        Their weights, adding up to 1; k is 1 (nearest) or 4 (bilinear).
    """

    index: Int32Array
    weight: Float32Array


@dataclass(frozen=True, eq=False)
class Scene:
    """Land, weather and the specification that joins them.

    Parameters
    ----------
    land : LandSource
        Static bands in physical units.
    weather : WeatherDays
        Scaled weather, read with the same specification.
    spec : FeatureSpec
        Channels.
    weather_grid : WeatherGrid
        Where the weather cells lie.
    surface : SurfaceSource, optional
        Surface moisture, where the specification has such a channel.
    physics : PhysicsChannels, optional
        Physics at every pixel, where the specification has channels of it.
    leaf_area : SurfaceSource, optional
        Leaf area [m2 m-2], where the specification has such a channel.

    Raises
    ------
    RequestError
        The weather was read for other channels, or a surface channel has no product.
    """

    land: LandSource
    weather: WeatherDays
    spec: FeatureSpec
    weather_grid: WeatherGrid
    surface_source: SurfaceSource | None = None
    physics: PhysicsChannels | None = None
    leaf_area: SurfaceSource | None = None

    def __post_init__(self) -> None:
        if self.weather.values.shape[2] != len(self.spec.dynamic):
            raise RequestError(
                f"The weather holds {self.weather.values.shape[2]} channels, the specification "
                f"{self.spec.name} {len(self.spec.dynamic)}. Read it with this specification."
            )
        made_for = getattr(self.land, "texture_depth_cm", self.spec.texture_depth_cm)
        if tuple(made_for) != self.spec.texture_depth_cm:
            raise RequestError(
                f"The land raster holds the texture of {made_for} cm, the specification wants "
                f"{self.spec.texture_depth_cm} cm. Make it again with rootzone train."
            )
        columns = set(self.spec.columns(SURFACE))
        if self.physics is None and any(physics_column(one) for one in columns):
            raise RequestError(
                f"The specification {self.spec.name} has channels of physics, but there is none. "
                "Set learning.features.physics."
            )
        if SURFACE_THETA in columns and self.surface_source is None:
            raise RequestError(
                f"The specification {self.spec.name} has a surface-moisture channel, but there is "
                "no product. Set learning.features.surface_moisture."
            )
        if LEAF_AREA in columns and self.leaf_area is None:
            raise RequestError(
                f"The specification {self.spec.name} has a channel of leaf area, but there are no "
                "maps of it. Set learning.features.leaf_area."
            )

    @property
    def grid(self) -> MasterGrid:
        """The master grid."""
        return self.land.grid

    def static(self, window: Window) -> Float32Array:
        """Scaled land channels of a window, shape (land channel, row, col).

        NaN where nothing is known, and beyond the grid.
        """
        names = self.spec.columns(LAND)
        bands: Mapping[str, AnyArray] = dict(zip(names, self.land.read(names, window), strict=True))
        return self.spec.scaled_land(bands)

    def soil(self, window: Window, depths_mm: tuple[float, ...] | None = None) -> Float32Array:
        """Van Genuchten parameters of a window, shape (depth, 4, row, col).

        Parameters
        ----------
        window : Window
            Pixels of the master grid.
        depths_mm : tuple of float, optional
            Label depths [mm]; all of the land by default.

        Returns
        -------
        soil : array of float32
            theta_r, theta_s [m3 m-3], alpha [cm-1] and n, natural values; NaN where the soil is
            not known or was refused.
        """
        depths = self.land.depths_mm if depths_mm is None else depths_mm
        names = [name for depth in depths for name in hydraulic_bands(depth)]
        return self.land.read(names, window).reshape(len(depths), len(HYDRAULIC), *window.shape)

    def cells(self, window: Window) -> CellWeights:
        """Weather cells of a window and their weights."""
        if self.spec.forcing == "nearest":
            cell = self.weather_grid.ids(self.grid, window)
            index = self.weather.cell_index(cell)[None].astype(np.int32)
            return CellWeights(index, np.ones(index.shape, dtype=np.float32))
        row, col = np.mgrid[
            window.row : window.row + window.height, window.col : window.col + window.width
        ]
        return self._between_cells(row, col)

    def _between_cells(self, row: AnyArray, col: AnyArray) -> CellWeights:
        """Four cells around each pixel; those without weather give their weight to the others.

        A pixel whose own cell has no weather has none, as in maps from physics.
        """
        lon, lat = self.grid.lon_lat(row, col)
        down, right = self.weather_grid.place(lon, lat)
        top, left = np.floor(down).astype(np.int64), np.floor(right).astype(np.int64)
        part_down, part_right = down - top, right - left
        corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
        index = np.stack(
            [
                self.weather.cell_index(self.weather_grid.id_of(top + i, left + j))
                for i, j in corners
            ]
        )
        weight = np.stack(
            [
                (part_down if i else 1.0 - part_down) * (part_right if j else 1.0 - part_right)
                for i, j in corners
            ]
        )
        absent = index == self.weather.n_cell
        weight[absent] = 0.0
        total = weight.sum(axis=0)
        own = self.weather.cell_index(self.weather_grid.id_at(lon, lat))
        nowhere = (total <= 0.0) | (own == self.weather.n_cell)
        index, weight = np.where(nowhere, self.weather.n_cell, index), np.where(nowhere, 0, weight)
        # A weight of 0 on a NaN row would give NaN: such corners point to a cell that is there.
        index = np.where(absent & ~nowhere, np.where(absent, -1, index).max(axis=0), index)
        weight = weight / np.where(nowhere, 1.0, total)
        weight[0][nowhere] = 1.0
        return CellWeights(index.astype(np.int32), weight.astype(np.float32))

    def day(self, date: dt.date | np.datetime64) -> Float32Array:
        """Scaled weather and calendar of one day, shape (cell + 1, dynamic channel).

        The last row is NaN, for pixels without a weather cell.

        Raises
        ------
        RequestError
            As `WeatherDays.day_index`.
        """
        table = self.weather.table(date)
        return np.vstack([table, np.full((1, table.shape[1]), np.nan, dtype=np.float32)])

    def surface(self, date: dt.date | np.datetime64, window: Window) -> Float32Array:
        """Scaled surface channels of a window and day, shape (surface channel, row, col)."""
        at = self.spec.of_origin(SURFACE)
        out = np.empty((len(at), *window.shape), dtype=np.float32)
        for i, position in enumerate(at):
            column = self.spec.channels[position].column
            if physics_column(column) is not None:
                assert self.physics is not None  # noqa: S101 - held by __post_init__
                values = self.physics.read(column, as_date(date), window)
            else:
                source = self.leaf_area if column == LEAF_AREA else self.surface_source
                assert source is not None  # noqa: S101 - held by __post_init__
                values = source.read(as_date(date), window)
            out[i] = self.spec.scaled(position, values)
        return out

    def where(self, row: AnyArray, col: AnyArray) -> PointFeatures:
        """Land channels and weather cells of some pixels, read once for many days.

        Parameters
        ----------
        row, col : array of int, shape (point,)
            Pixels of the master grid.
        """
        row, col = np.asarray(row, dtype=np.int64), np.asarray(col, dtype=np.int64)
        static = np.full((row.size, len(self.spec.of_origin(LAND))), np.nan, dtype=np.float32)
        across = -(-self.grid.width // _POINT_BLOCK_PX)
        block = (row // _POINT_BLOCK_PX) * across + col // _POINT_BLOCK_PX
        for number in np.unique(block):
            here = np.flatnonzero(block == number)
            top, left = int(row[here].min()), int(col[here].min())
            window = Window(
                top, left, int(row[here].max()) - top + 1, int(col[here].max()) - left + 1
            )
            static[here] = self.static(window)[:, row[here] - top, col[here] - left].T
        if self.spec.forcing == "nearest":
            lon, lat = self.grid.lon_lat(row, col)
            index = self.weather.cell_index(self.weather_grid.id_at(lon, lat))[None]
            weight = np.ones(index.shape, dtype=np.float32)
        else:
            between = self._between_cells(row, col)
            index, weight = between.index.astype(np.int64), between.weight
        return PointFeatures(self, row, col, static, index, weight)

    def points(self, row: AnyArray, col: AnyArray, date_index: AnyArray) -> Float32Array:
        """Channels of single pixels on single days, for models without neighbours.

        Parameters
        ----------
        row, col : array of int, shape (sample,)
            Pixels of the master grid.
        date_index : array of int, shape (sample,)
            Positions in ``weather.dates``, as `WeatherDays.day_index` gives them.

        Returns
        -------
        features : array of float32, shape (sample, channel)
            In the order of the specification; NaN where nothing is known.
        """
        row, col = np.asarray(row, dtype=np.int64), np.asarray(col, dtype=np.int64)
        pixel, point = np.unique(row * self.grid.width + col, return_inverse=True)
        return self.where(*np.divmod(pixel, self.grid.width)).at(point, np.asarray(date_index))


@dataclass(frozen=True, eq=False)
class PointFeatures:
    """Pixels whose land channels and weather cells are known; see `Scene.where`.

    Parameters
    ----------
    scene : Scene
        Where they come from.
    row, col : array of int, shape (point,)
        Pixels.
    static : array of float32, shape (point, land channel)
        Scaled land channels.
    index, weight : array, shape (k, point)
        Weather cells and their weights.
    """

    scene: Scene
    row: IntArray
    col: IntArray
    static: Float32Array
    index: IntArray
    weight: Float32Array

    def at(self, point: AnyArray, date_index: AnyArray) -> Float32Array:
        """Channels of some points on some days, shape (sample, channel).

        Parameters
        ----------
        point : array of int, shape (sample,)
            Positions among the points.
        date_index : array of int, shape (sample,)
            Positions in ``weather.dates``.
        """
        spec, weather = self.scene.spec, self.scene.weather
        out = np.empty((len(point), len(spec)), dtype=np.float32)
        out[:, spec.of_origin(LAND)] = self.static[point]
        dynamic = np.zeros((len(point), len(spec.dynamic)), dtype=np.float32)
        for index, weight in zip(self.index, self.weight, strict=True):
            cell = index[point]
            values = weather.values[date_index, np.minimum(cell, weather.n_cell - 1)]
            values[cell == weather.n_cell] = np.nan
            dynamic += values if len(self.index) == 1 else values * weight[point][:, None]
        out[:, spec.dynamic] = dynamic
        if spec.of_origin(SURFACE):
            out[:, spec.of_origin(SURFACE)] = self._surface(np.asarray(point), date_index)
        return out

    def _surface(self, point: IntArray, date_index: AnyArray) -> Float32Array:
        scene, at = self.scene, self.scene.spec.of_origin(SURFACE)
        columns = [scene.spec.channels[position].column for position in at]
        out = np.empty((point.size, len(at)), dtype=np.float32)
        if scene.physics is not None and all(physics_column(one) for one in columns):
            days = scene.weather.dates[np.asarray(date_index)].astype("datetime64[D]").tolist()
            told = scene.physics.at_points(columns, self.row[point], self.col[point], days)
            for k, position in enumerate(at):
                out[:, k] = scene.spec.scaled(position, told[:, k])
            return out
        for day in np.unique(date_index):
            here = np.flatnonzero(np.asarray(date_index) == day)
            row, col = self.row[point[here]], self.col[point[here]]
            top, left = int(row.min()), int(col.min())
            window = Window(top, left, int(row.max()) - top + 1, int(col.max()) - left + 1)
            field = scene.surface(scene.weather.dates[day], window)
            out[here] = field[:, row - top, col - left].T
        return out


def as_date(date: dt.date | np.datetime64) -> dt.date:
    """A calendar day, whichever way it was given."""
    return date if isinstance(date, dt.date) else date.astype("datetime64[D]").item()
