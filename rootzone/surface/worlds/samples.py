"""Samples of a made-up province: what its satellites saw at stations, and of whole days."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray
from rootzone._shared.seeds import stream
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.emission_model.channels import channels_of
from rootzone.surface.grids.aggregate import spread
from rootzone.surface.physics.classes import class_fractions, prior_of_fractions
from rootzone.surface.samples.footprint import footprint_columns
from rootzone.surface.samples.polarisation import SECOND, miss_of_looks, over_looks
from rootzone.surface.worlds.look import (
    INCIDENCE_DEG,
    Radiometer,
    Stations,
    cell_means,
    ndvi_product,
    radiometer,
    stations,
    surface_temperature_k,
    true_ndvi,
    vegetation_water,
)
from rootzone.surface.worlds.province import CELL_PX, Province


@dataclass(frozen=True)
class Looks:
    """A province as its satellites saw it.

    Attributes
    ----------
    province : Province
        The truth.
    smap : Radiometer
        Brightness of cells of 9 km.
    ndvi, lst_k : array, shape (date, row, col)
        NDVI product, and day temperature with gaps under clouds.
    stations : Stations
        Sensors at 5 cm.
    """

    province: Province
    smap: Radiometer
    ndvi: Float32Array
    lst_k: Float32Array
    stations: Stations

    @cached_property
    def second(self) -> tuple[FloatArray, FloatArray]:
        """What the second polarisation says of each cell over all looks (cell row, cell col)."""
        land, smap = self.province, self.smap
        ndvi = self.ndvi[smap.day].astype(np.float64)
        columns = footprint_columns(
            cell_means, prior_of_fractions(class_fractions(land.igbp)),
            vegetation_water(land.igbp, ndvi), ndvi, _soil(land),
        )  # fmt: skip
        seen = {"tb_v": smap.tb_v, "tb_h": smap.tb_h, "teff_k": smap.teff_k}
        own = {n: v for n, v in columns.items() if not n.startswith("pixel_")}
        return over_looks(*miss_of_looks({**own, **seen, "incidence_deg": np.array(INCIDENCE_DEG)}))


def look_at(province: Province, seed: int, n_stations: int = 48) -> Looks:
    """All sensors over a province; the seed is that of noise and of the stations' places."""
    rng = stream(province.settings.seed, seed)
    ndvi = true_ndvi(province)
    return Looks(
        province,
        radiometer(province, ndvi, rng),
        ndvi_product(province, ndvi, rng),
        surface_temperature_k(province, ndvi, rng),
        stations(province, n_stations, rng),
    )


def columns_of_days(looks: Looks, look: slice | AnyArray) -> dict[str, FloatArray]:
    """Every input of the retrieval at every pixel of some overpasses, shape (look, row, col)."""
    land, smap = looks.province, looks.smap
    day = smap.day[look]
    size = land.grid.height // CELL_PX
    coarse = cells_grid(land)

    def fine(cells: FloatArray) -> FloatArray:
        return spread(cells.reshape(-1, size, size), coarse, land.grid, "bilinear")

    ndvi = looks.ndvi[day].astype(np.float64)
    vwc = vegetation_water(land.igbp, ndvi)
    prior = prior_of_fractions(class_fractions(land.igbp))
    doy = (land.dates[day] - land.dates[day].astype("datetime64[Y]")).astype(np.float64)
    angle = 2 * np.pi * doy[:, None, None] / 365.25
    return {
        "tb_v": fine(smap.tb_v[look]), "tb_h": fine(smap.tb_h[look]),
        "teff_k": fine(smap.teff_k[look]), "incidence_deg": np.array(INCIDENCE_DEG),
        **footprint_columns(
            lambda field: fine(cell_means(field)), prior, vwc, ndvi,
            _soil(land),
        ),
        "sin_doy": np.sin(angle), "cos_doy": np.cos(angle),
        **{name: fine(told) for name, told in zip(SECOND, looks.second, strict=True)},
    }  # fmt: skip


def _soil(land: Province) -> dict[str, FloatArray]:
    names = ("sand_pct", "clay_pct", "bulk_density_g_cm3")
    return {name: getattr(land, name) for name in names}


def cells_grid(province: Province) -> MasterGrid:
    """Cells of 9 km over a province."""
    grid, size = province.grid, province.grid.height // CELL_PX
    return MasterGrid(grid.crs, grid.resolution_m * CELL_PX, grid.left, grid.top, size, size)


@dataclass(frozen=True)
class StationTable:
    """Whole samples at stations.

    Attributes
    ----------
    channels : array, shape (channel, sample)
        Of the retrieval.
    theta, truth : array, shape (sample,)
        What the station said, and what was there [m3 m-3].
    place, row, col : array of int, shape (sample,)
        Station, and its pixel.
    date : array of int, shape (sample,)
        Days since 1970-01-01.
    """

    channels: FloatArray
    theta: FloatArray
    truth: FloatArray
    place: AnyArray
    date: AnyArray
    row: AnyArray
    col: AnyArray


def at_stations(looks: Looks) -> StationTable:
    """Samples of all stations and overpasses, frozen days and gaps left out."""
    land, seats = looks.province, looks.stations
    columns = columns_of_days(looks, slice(None))
    shape = (looks.smap.day.size, *land.grid.shape)
    here = {
        name: np.broadcast_to(values, shape)[:, seats.row, seats.col]
        for name, values in columns.items()
    }
    channels = channels_of(here)
    theta = seats.theta[looks.smap.day]
    truth = land.theta["0_5cm"][looks.smap.day][:, seats.row, seats.col].astype(np.float64)
    thawed = here["teff_k"] >= 273.15
    whole = np.isfinite(channels).all(axis=0) & np.isfinite(theta) & thawed
    place = np.broadcast_to(np.arange(seats.row.size), theta.shape)
    first = int((land.dates[0] - np.datetime64("1970-01-01")).astype(int))
    date = np.broadcast_to(first + looks.smap.day[:, None], theta.shape)
    return StationTable(
        channels[:, whole],
        theta[whole],
        truth[whole],
        place[whole],
        date[whole],
        seats.row[place[whole]],
        seats.col[place[whole]],
    )
