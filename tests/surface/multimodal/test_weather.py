from __future__ import annotations

import datetime as dt
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.surface.multimodal.weather import CatalogWeather

GRID = MasterGrid("EPSG:32614", 100.0, 500_000.0, 4_450_000.0, 160, 160, 32)  # 99 W, 40.1 N
FIRST = dt.date(2022, 5, 3)


def write_era5_land(path: Path, days: int = 6) -> None:
    """Hours from 1 May as the store delivers them; a kelvin a day, and 24 mm a day at 99.1 W."""
    path.parent.mkdir(parents=True)
    lon, lat = np.arange(-99.3, -98.69, 0.1), np.arange(40.3, 39.69, -0.1)
    hours = np.arange(24 * days)
    with netCDF4.Dataset(path, "w") as file:
        for name, values in (("latitude", lat), ("longitude", lon), ("valid_time", hours)):
            file.createDimension(name, values.size)
            file.createVariable(name, "f8", (name,))[:] = values
        file["valid_time"].units = "hours since 2022-05-01 00:00:00"
        shape = ("valid_time", "latitude", "longitude")
        t2m = file.createVariable("t2m", "f4", shape)
        t2m.units, t2m[:] = (
            "K",
            np.broadcast_to(280.0 + (hours // 24)[:, None, None], (hours.size, lat.size, lon.size)),
        )
        tp = file.createVariable("tp", "f4", shape)
        run = np.where(hours % 24 == 0, 24, hours % 24) * 1e-3
        east = np.where(np.isclose(lon, -98.9), 1.0, 2.0)
        tp.units, tp[:] = (
            "m",
            np.broadcast_to((run[:, None] * east)[:, None, :], (hours.size, lat.size, lon.size)),
        )


def weather(folder: Path, last: dt.date = dt.date(2022, 5, 5)) -> CatalogWeather:
    return CatalogWeather(load_catalog([], folder), "era5_land", GRID, FIRST, last)


def test_era5_lands_own_file_gives_air_and_rain_of_local_days(tmp_path: Path) -> None:
    write_era5_land(tmp_path / "era5_land" / "era5_land_2022_05.nc")
    series = weather(tmp_path).series
    assert series["air"].days[0] == FIRST
    # At 99 W a day runs from 7 h UTC on: 17 hours of 3 May (282 K) and 7 of 4 May (283 K).
    assert np.allclose(series["air"].read(FIRST), 282.5, atol=1e-4)
    rain = series["rain"].read(FIRST)
    # 1 mm an hour in the cell of 98.9 W, 2 mm elsewhere; a cell reaches .05 degrees to each side.
    lon = GRID.lon_lat(*np.mgrid[0:160, 0:160])[0]
    assert np.allclose(rain[lon < -98.951], 48.0, atol=1e-3)
    assert np.allclose(rain[(lon > -98.949) & (lon < -98.851)], 24.0, atol=1e-3)


def test_days_that_no_file_holds_are_refused_by_name(tmp_path: Path) -> None:
    write_era5_land(tmp_path / "era5_land" / "era5_land_2022_05.nc")
    with pytest.raises(RequestError, match=r"era5_land_2022_06\.nc does not exist"):
        _ = weather(tmp_path, dt.date(2022, 6, 2)).series


def test_an_entry_without_rain_is_refused(tmp_path: Path) -> None:
    one = CatalogWeather(load_catalog([], tmp_path), "era5_land_moisture", GRID, FIRST, FIRST)
    with pytest.raises(RequestError, match="gives no rain_mm"):
        _ = one.series
