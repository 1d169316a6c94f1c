"""A made-up piece of land anywhere on Earth, in the files of the catalog's global pack.

SoilGrids in interrupted Homolosine, a Copernicus elevation tile, WorldCover, Koppen classes of Beck
et al. (2023) and ERA5-Land by the hour with its running totals. The truth that is written stands in
`Truth`, so that what is read can be held against it number by number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import netCDF4
import numpy as np
from pyproj import Transformer
from rasterio.transform import from_origin

from rootzone._shared.arrays import ONE_DAY, AnyArray, FloatArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.seeds import stream
from rootzone._shared.units import kelvin_from_degc
from rootzone.covariates.grid import Bounds
from rootzone.covariates.weather.pet import extraterrestrial_mj_m2
from rootzone.made_up.county_fields import SOUTH, WEST, County
from rootzone.made_up.write_county import write_raster

NOTE = "made up; no measurement, no real place"
IGH = "+proj=igh +lon_0=0 +datum=WGS84 +units=m"
DEPTHS_CM = ((0, 5), (5, 15), (15, 30), (30, 60), (60, 100), (100, 200))
_MARGIN_DEG = 0.02
_SOIL_M, _COVER_DEG, _KOPPEN_DEG, _CELL_DEG = 250.0, 1 / 12000, 1 / 120, 0.1
_ARCSECOND = 1 / 3600
_TO_WORLDCOVER = {11: 80, 12: 70, 21: 50, 22: 50, 23: 50, 24: 50, 31: 60, 41: 10, 42: 10, 43: 10,
                  52: 20, 71: 30, 81: 30, 82: 40, 90: 90, 95: 90}  # fmt: skip
_HOUR = np.timedelta64(1, "h")
_WARMEST_H, _RAIN_H, _SUN_H = 15, range(6, 12), range(6, 18)  # local hours


@dataclass(frozen=True)
class Truth:
    """Weather of local days, as it goes into the files.

    Parameters
    ----------
    lat, lon : array, shape (row,), (col,)
        Centres of the cells, latitude from the north [degree].
    dates : array of datetime64[D], shape (day,)
        Local days.
    columns : mapping of str to array, shape (day, row, col)
        ``rain_mm``, ``tmax_degc``, ``tmin_degc``, ``radn_mj_m2``, ``dewpoint_degc``, ``wind_m_s``.
    utc_offset_h : int
        Local time less UTC [h].
    """

    lat: FloatArray
    lon: FloatArray
    dates: AnyArray
    columns: dict[str, FloatArray]
    utc_offset_h: int


SPREAD = 0.2  # of the way from the mean of a fraction to 0 and 100 % are its quantiles
_GRAVITY = 9.80665  # m s-2


@dataclass(frozen=True)
class Anywhere:
    """A box of made-up land.

    Parameters
    ----------
    bounds : tuple of float
        West, south, east, north [degree].
    seed : int
        The land and its weather.
    """

    bounds: Bounds
    seed: int

    @property
    def county(self) -> County:
        """Where its fields come from; `there` gives the place in them."""
        return County.from_seed(self.seed)

    def there(self, lon: AnyArray, lat: AnyArray) -> tuple[AnyArray, AnyArray]:
        """Place in the made-up county that stands for a place here."""
        middle = np.cos(np.radians((self.bounds[1] + self.bounds[3]) / 2.0))
        return WEST + (lon - self.bounds[0]) * middle / 0.765, SOUTH + lat - self.bounds[1]

    def elevation_m(self, lon: AnyArray, lat: AnyArray) -> FloatArray:
        """Height [m]."""
        return self.county.elevation_m(*self.there(lon, lat))

    def texture_pct(self, lon: AnyArray, lat: AnyArray) -> list[AnyArray]:
        """Sand, silt and clay [%] of each layer of `DEPTHS_CM`, shape (3, ...)."""
        middles = [(top + bottom) / 2 for top, bottom in DEPTHS_CM]
        return [np.asarray(v) for v in self.county.texture_pct(*self.there(lon, lat), middles)]

    def land_cover(self, lon: AnyArray, lat: AnyArray) -> AnyArray:
        """WorldCover codes."""
        codes = self.county.land_cover(*self.there(lon, lat))
        table = np.zeros(256, dtype=np.uint8)
        table[list(_TO_WORLDCOVER)] = list(_TO_WORLDCOVER.values())
        return table[codes]

    def truth(self, years: Sequence[int]) -> Truth:
        """Daily weather of all cells over the box, with the December before the first year."""
        west, south, east, north = self.bounds
        lat = np.arange(round(north / _CELL_DEG) + 1, round(south / _CELL_DEG) - 2, -1) * _CELL_DEG
        lon = np.arange(round(west / _CELL_DEG) - 1, round(east / _CELL_DEG) + 2) * _CELL_DEG
        first = np.datetime64(date(min(years) - 1, 12, 1)) - ONE_DAY
        dates = np.arange(first, np.datetime64(date(max(years), 12, 31)) + 2 * ONE_DAY)
        rng = stream(self.seed, 5)
        shape = (dates.size, lat.size, lon.size)
        doy = (dates - dates.astype("datetime64[Y]").astype("datetime64[D]")).astype(int) + 1
        cold = 15 if north > 0 else 196  # middle of the winter
        season = -np.cos(2 * np.pi * (doy - cold) / 365.25)[:, None, None]
        mean = 12.0 - 0.25 * (abs(lat[None, :, None]) - 35.0) + 10.0 * season
        mean = mean + rng.normal(0.0, 2.0, (dates.size, 1, 1)) + np.zeros(shape)
        half = rng.uniform(3.0, 7.0, shape)
        wet = rng.random((dates.size, 1, 1)) < 0.3
        top = extraterrestrial_mj_m2(lat[None, :, None], doy[:, None, None])
        columns = {
            "rain_mm": np.where(wet, rng.gamma(1.0, 8.0, shape), 0.0),
            "tmax_degc": mean + half,
            "tmin_degc": mean - half,
            "radn_mj_m2": np.where(wet, 0.3, 0.6) * top + np.zeros(shape),
            "dewpoint_degc": mean - half - 1.0,
            "wind_m_s": rng.uniform(1.0, 5.0, shape),
        }
        offset = round((west + east) / 2.0 / 15.0)
        return Truth(np.asarray(lat, float), np.asarray(lon, float), dates, columns, offset)


def write_anywhere(folder: Path, place: Anywhere, years: Sequence[int]) -> list[Path]:
    """Write every raster and weather file of a made-up place, as the global pack expects them.

    Parameters
    ----------
    folder : Path
        Data folder.
    place : Anywhere
        The land; its box must lie in one tile of each product.
    years : sequence of int
        Calendar years of weather.
    """
    written = [_elevation(folder, place), _land_cover(folder, place), _climate(folder, place)]
    written += _soils(folder, place)
    truth = place.truth(years)
    written.append(write_era5_land(folder, truth, min(years) - 1, 12))
    for year in years:
        written += [write_era5_land(folder, truth, year, month) for month in range(1, 13)]
    return written


def _degrees(bounds: Bounds, step_x: float, step_y: float) -> tuple[AnyArray, AnyArray, object]:
    west = np.floor((bounds[0] - _MARGIN_DEG) / step_x) * step_x
    north = np.ceil((bounds[3] + _MARGIN_DEG) / step_y) * step_y
    width = int(np.ceil((bounds[2] + _MARGIN_DEG - west) / step_x))
    height = int(np.ceil((north - bounds[1] + _MARGIN_DEG) / step_y))
    lon, lat = np.meshgrid(
        west + (np.arange(width) + 0.5) * step_x, north - (np.arange(height) + 0.5) * step_y
    )
    return lon, lat, from_origin(west, north, step_x, step_y)


def _elevation(folder: Path, place: Anywhere) -> Path:
    west, south = (int(np.floor(v)) for v in place.bounds[:2])
    ns, ew = ("N" if south >= 0 else "S"), ("E" if west >= 0 else "W")
    wider = 1 if abs(south) < 50 else 1.5 if abs(south) < 60 else 2 if abs(south) < 70 else 3
    lon, lat, transform = _degrees(place.bounds, wider * _ARCSECOND, _ARCSECOND)
    name = f"Copernicus_DSM_COG_10_{ns}{abs(south):02}_00_{ew}{abs(west):03}_00_DEM.tif"
    height = place.elevation_m(lon, lat).astype("float32")
    return write_raster(folder / "glo30" / name, height, transform, "EPSG:4326", -9999, NOTE)


def _land_cover(folder: Path, place: Anywhere) -> Path:
    west, south = (int(np.floor(v / 3) * 3) for v in place.bounds[:2])
    ns, ew = ("N" if south >= 0 else "S"), ("E" if west >= 0 else "W")
    lon, lat, transform = _degrees(place.bounds, _COVER_DEG, _COVER_DEG)
    name = f"ESA_WorldCover_10m_2021_v200_{ns}{abs(south):02}{ew}{abs(west):03}_Map.tif"
    codes = place.land_cover(lon, lat)
    return write_raster(folder / "worldcover" / name, codes, transform, "EPSG:4326", 0, NOTE)


def _climate(folder: Path, place: Anywhere) -> Path:
    lon, lat, transform = _degrees(place.bounds, _KOPPEN_DEG, _KOPPEN_DEG)
    codes = place.county.climate_code(*place.there(lon, lat)).astype("uint8")
    path = folder / "koppen" / "1991_2020" / "koppen_geiger_0p00833333.tif"
    return write_raster(path, codes, transform, "EPSG:4326", 0, NOTE)


def _soils(folder: Path, place: Anywhere) -> list[Path]:
    """SoilGrids stores g kg-1 as whole numbers."""
    to_igh = Transformer.from_crs("EPSG:4326", IGH, always_xy=True)
    left, bottom, right, top = to_igh.transform_bounds(*place.bounds, densify_pts=21)
    left, top = np.floor(left / _SOIL_M - 4) * _SOIL_M, np.ceil(top / _SOIL_M + 4) * _SOIL_M
    width, height = int((right - left) / _SOIL_M) + 5, int((top - bottom) / _SOIL_M) + 5
    x, y = np.meshgrid(
        left + (np.arange(width) + 0.5) * _SOIL_M, top - (np.arange(height) + 0.5) * _SOIL_M
    )
    lon, lat = Transformer.from_crs(IGH, "EPSG:4326", always_xy=True).transform(x, y)
    transform = from_origin(left, top, _SOIL_M, _SOIL_M)
    written = []
    for (upper, lower), fractions in zip(DEPTHS_CM, place.texture_pct(lon, lat), strict=True):
        for name, values in zip(("sand", "silt", "clay"), fractions, strict=True):
            path = folder / f"soilgrids/{name}/{name}_{upper}-{lower}cm_mean.tif"
            stored = np.round(values * 10).astype("int16")
            written.append(write_raster(path, stored, transform, IGH, -32768, NOTE))
            for quantile, end in (("Q0.05", 0.0), ("Q0.95", 100.0)):
                beside = path.with_name(path.name.replace("mean", quantile))
                moved = np.round((values + SPREAD * (end - values)) * 10).astype("int16")
                written.append(write_raster(beside, moved, transform, IGH, -32768, NOTE))
    return written


def write_geopotential(folder: Path, place: Anywhere, height_m: float) -> Path:
    """ERA5-Land's own ground, flat, as it delivers it: m2 s-2, longitudes from 0, one time."""
    truth = place.truth([2023])
    path = folder / "era5_land" / "geopotential.nc"
    with atomic_path(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        file.note = NOTE
        axes = {"time": np.zeros(1), "latitude": truth.lat, "longitude": truth.lon % 360.0}
        for name, axis in axes.items():
            file.createDimension(name, len(axis))
            file.createVariable(name, "f8", (name,))[:] = np.round(axis, 4)
        z = file.createVariable("z", "f4", tuple(axes))
        z.units = "m**2 s**-2"
        z[:] = height_m * _GRAVITY
    return path


def write_era5_land(folder: Path, truth: Truth, year: int, month: int) -> Path:
    """Hours of a month and the first hour of the next, with totals that run from 0 h UTC."""
    begin = np.datetime64(f"{year}-{month:02d}-01T00", "h")
    end = np.datetime64(f"{year + month // 12}-{month % 12 + 1:02d}-01T00", "h")
    hours = np.arange(begin if (year, month) == _first(truth) else begin + _HOUR, end + _HOUR)
    values = _hourly(truth, hours)
    path = folder / "era5_land" / f"era5_land_{year}_{month:02d}.nc"
    with atomic_path(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        file.note = NOTE
        axes = {"valid_time": hours, "latitude": truth.lat, "longitude": truth.lon}
        for name, axis in axes.items():
            file.createDimension(name, len(axis))
        when = file.createVariable("valid_time", "i8", ("valid_time",))
        when.units, when.calendar = "seconds since 1970-01-01", "proleptic_gregorian"
        when[:] = hours.astype("datetime64[s]").astype(np.int64)
        file.createVariable("latitude", "f8", ("latitude",))[:] = np.round(truth.lat, 4)
        file.createVariable("longitude", "f8", ("longitude",))[:] = np.round(truth.lon, 4)
        for name, (unit, data) in values.items():
            variable = file.createVariable(name, "f4", tuple(axes), zlib=True, complevel=1)
            variable.units = unit
            variable[:] = data
    return path


def _first(truth: Truth) -> tuple[int, int]:
    start = (truth.dates[0] + ONE_DAY).astype(object)
    return start.year, start.month


def _hourly(truth: Truth, hours: AnyArray) -> dict[str, tuple[str, AnyArray]]:
    """Values at hours UTC; a local day's sums are spread over some of its hours."""
    local = hours + np.timedelta64(truth.utc_offset_h, "h")
    day, hour = _day_hour(truth, local)
    get = {name: column[day] for name, column in truth.columns.items()}
    middle = (get["tmax_degc"] + get["tmin_degc"]) / 2.0
    half = (get["tmax_degc"] - get["tmin_degc"]) / 2.0
    wave = np.cos(2 * np.pi * (hour - _WARMEST_H) / 24.0)[:, None, None]
    return {
        "t2m": ("K", kelvin_from_degc(middle + half * wave)),
        "d2m": ("K", kelvin_from_degc(get["dewpoint_degc"])),
        "u10": ("m s**-1", 0.6 * get["wind_m_s"]),
        "v10": ("m s**-1", -0.8 * get["wind_m_s"]),
        "tp": ("m", _running(truth, hours, "rain_mm", _RAIN_H) * 1e-3),
        "ssrd": ("J m**-2", _running(truth, hours, "radn_mj_m2", _SUN_H) * 1e6),
    }


def _running(truth: Truth, hours: AnyArray, column: str, when: range) -> AnyArray:
    """Total since 0 h UTC at each hour; at 0 h that of the whole day before."""
    day_start = (hours - _HOUR).astype("datetime64[D]").astype("datetime64[h]")
    total = np.zeros((hours.size, truth.lat.size, truth.lon.size))
    for back in range(24):
        begin = (
            hours - (1 + back) * _HOUR
        )  # the hour from here to the next counts, if the day has begun
        counts = begin >= day_start
        day, hour = _day_hour(truth, begin + np.timedelta64(truth.utc_offset_h, "h"))
        share = np.where(counts & np.isin(hour, list(when)), 1.0 / len(when), 0.0)
        total += share[:, None, None] * truth.columns[column][day]
    return total


def _day_hour(truth: Truth, local: AnyArray) -> tuple[AnyArray, AnyArray]:
    dates = local.astype("datetime64[D]")
    hour = (local - dates.astype("datetime64[h]")).astype(int)
    return np.clip((dates - truth.dates[0]).astype(int), 0, truth.dates.size - 1), hour
