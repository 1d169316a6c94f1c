"""gridMET files to the documented layout."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import netCDF4
import numpy as np

from rootzone.covariates.layers.catalog import load_catalog

GRIDMET = load_catalog([], Path()).weather_grid("gridmet")

# data_formats.md 7: variable, unit, scale, offset of the yearly files.
PACKING = {
    "pr": ("precipitation_amount", "mm", 0.1, 0.0),
    "tmmx": ("air_temperature", "K", 0.1, 220.0),
    "tmmn": ("air_temperature", "K", 0.1, 210.0),
    "rmax": ("relative_humidity", "%", 0.1, 0.0),
    "rmin": ("relative_humidity", "%", 0.1, 0.0),
    "srad": ("surface_downwelling_shortwave_flux_in_air", "W m-2", 0.1, 0.0),
    "vs": ("wind_speed", "m/s", 0.1, 0.0),
    "vpd": ("mean_vapor_pressure_deficit", "kPa", 0.01, 0.0),
    "pet": ("potential_evapotranspiration", "mm", 0.1, 0.0),
}
ROWS, COLS = slice(224, 227), slice(466, 470)  # twelve cells around Boulder


def year_dates(year):
    return np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")


def write_gridmet(
    path: Path,
    short,
    values,
    dates,
    *,
    rows=ROWS,
    cols=COLS,
    file_format="NETCDF4",
    ascending=False,
    variable=None,
    units=None,
    long_name=None,
):
    """``values`` in the unit of the file (K, mm, W m-2), shape (day, row, col); NaN is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    name, unit, scale, offset = PACKING[short]
    lat = GRIDMET.origin[1] - np.arange(rows.start, rows.stop) * GRIDMET.step[1]
    lon = GRIDMET.origin[0] + np.arange(cols.start, cols.stop) * GRIDMET.step[0]
    if ascending:
        lat, values = lat[::-1], values[:, ::-1]
    with netCDF4.Dataset(path, "w", format=file_format) as file:
        for axis, size in (("day", len(dates)), ("lat", lat.size), ("lon", lon.size)):
            file.createDimension(axis, size)
        day = file.createVariable("day", "f8", ("day",))
        day.units = "days since 1900-01-01 00:00:00"
        epoch = date(1900, 1, 1)
        day[:] = [(d.astype(object) - epoch).days for d in np.asarray(dates)]
        file.createVariable("lat", "f8", ("lat",))[:] = lat
        file.createVariable("lon", "f8", ("lon",))[:] = lon
        data = file.createVariable(
            variable or name, "i2", ("day", "lat", "lon"), fill_value=np.int16(32767)
        )
        data.units = unit if units is None else units
        if long_name:
            data.long_name = long_name
        data.scale_factor, data.add_offset = scale, offset
        data.setncattr("_Unsigned", "true")
        data.missing_value = np.int16(32767)
        data.set_auto_maskandscale(False)
        packed = np.round((np.asarray(values) - offset) / scale)
        data[:] = np.where(np.isnan(packed), 32767, packed).astype(np.int16)
    return path


def plausible(short, dates, shape=(3, 4), seed=0):
    """A made-up year in the unit of the file: values any check should let pass."""
    rng = np.random.default_rng([seed, sum(map(ord, short))])
    day = (dates - dates[0].astype("datetime64[Y]")).astype(int)[:, None, None]
    season = np.cos(2 * np.pi * (day - 200) / 365)
    noise = rng.random((len(dates), *shape))
    return {
        "pr": np.where(noise > 0.7, np.round(20 * (noise - 0.7) / 0.3, 1), 0.0),
        "tmmx": 289 + 14 * season + 4 * noise,
        "tmmn": 275 + 12 * season + 4 * noise,
        "rmax": 60 + 30 * noise,
        "rmin": 20 + 20 * noise,
        "srad": 190 + 100 * season - 60 * noise,
        "vs": 2 + 3 * noise,
        "vpd": 0.7 + 0.5 * season + 0.2 * noise,
        "pet": 3.5 + 3 * season + noise * 0.4,
    }[short]


def write_year(folder, year, shorts=("pr", "tmmx", "tmmn", "srad", "vpd", "pet"), change=None):
    """All files of a year; ``change(short, values)`` may spoil them."""
    dates = year_dates(year)
    for short in shorts:
        values = plausible(short, dates, seed=year)
        if change is not None:
            values = change(short, values)
        write_gridmet(folder / "gridmet" / f"{short}_{year}.nc", short, values, dates)
