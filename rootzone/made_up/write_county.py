"""Write a made-up county in the real file formats the readers expect, and a catalog beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import netCDF4
import numpy as np
import rasterio
from pyproj import Transformer
from rasterio.transform import Affine, from_origin

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.days import day_number
from rootzone._shared.seeds import stream
from rootzone.covariates.grid import Bounds
from rootzone.made_up.county_fields import EAST, NORTH, SOUTH, WEST, County, daily_weather

COUNTY: Bounds = (WEST, SOUTH, EAST, NORTH)
NOTE = "Made up by rootzone's seeded generator: not real data."
_MARGIN_DEG = 0.03  # rasters reach past the county, as real tiles do
_ARCSECOND = 1 / 3600
_BECK_DEG = 1 / 120
NLCD_CRS = "+proj=aea +lat_0=23 +lon_0=-96 +lat_1=29.5 +lat_2=45.5 +datum=WGS84 +units=m"
_NLCD_EDGE_M = 15  # NLCD's pixel edges lie at 15 mod 30 m
_POLARIS_DEPTHS_CM = ((0, 5), (5, 15), (15, 30), (30, 60), (60, 100), (100, 200))
_GRIDMET_LAT0, _GRIDMET_LON0, _GRIDMET_STEP = 49.4, -124.766666667, 1 / 24
_GRIDMET_FILL = 32767
# Variable name in yearly files, units, scale and offset (gridMET's own packing).
_GRIDMET = {
    "pr": ("precipitation_amount", "mm", 0.1, 0.0),
    "tmmx": ("air_temperature", "K", 0.1, 220.0),
    "tmmn": ("air_temperature", "K", 0.1, 210.0),
    "srad": ("surface_downwelling_shortwave_flux_in_air", "W m-2", 0.1, 0.0),
    "vpd": ("mean_vapor_pressure_deficit", "kPa", 0.01, 0.0),
    "pet": ("potential_evapotranspiration", "mm", 0.1, 0.0),
}


@dataclass(frozen=True)
class CellWeather:
    """A year of daily weather on gridMET's own cells.

    Parameters
    ----------
    lat, lon : array
        Cell centres [degree], latitude falling.
    day : array of int, shape (day,)
        Days since 1970-01-01.
    fields : mapping of str to array, shape (day, lat, lon)
        gridMET's quantities by their short names, in its units.
    """

    lat: FloatArray
    lon: FloatArray
    day: IntArray
    fields: Mapping[str, FloatArray]

    def nearest(self, lat: float, lon: float) -> dict[str, FloatArray]:
        """Every quantity in the cell a point lies in, shape (day,) each."""
        i, j = int(np.argmin(np.abs(self.lat - lat))), int(np.argmin(np.abs(self.lon - lon)))
        return {name: values[:, i, j] for name, values in self.fields.items()}


def county_weather(seed: int, year: int) -> CellWeather:
    """The weather that `write_county` writes for a year, before it is packed."""
    lat, lon = gridmet_centres()
    epoch = date(1970, 1, 1).toordinal()
    day = np.arange(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal()) - epoch
    height = County.from_seed(seed).elevation_m(*np.meshgrid(lon, lat)).ravel()
    rng = stream(seed, year)
    flat = daily_weather(rng, (day - day[0] + 1).astype(float), height)
    shape = (day.size, lat.size, lon.size)
    return CellWeather(lat, lon, day, {name: v.reshape(shape) for name, v in flat.items()})


def write_county(folder: Path, years: Sequence[int], seed: int) -> list[Path]:
    """Write every raster and weather file of a made-up county.

    Parameters
    ----------
    folder : Path
        Data folder; files lie below it as the packed catalog expects real ones.
    years : sequence of int
        Calendar years of weather and land cover.
    seed : int
        The county; the same seed gives the same land and weather.

    Returns
    -------
    list of Path
        The files written.
    """
    county = County.from_seed(seed)
    written = [_write_elevation(folder, county), _write_climate(folder, county)]
    written += write_texture(folder, county)
    for year in years:
        written.append(_write_land_cover(folder, county, year))
        written += write_gridmet_year(folder, county_weather(seed, year), year)
    write_text(folder / "README.txt", NOTE + f" Seed {seed}, years {list(years)}.\n")
    return written


def _write_elevation(folder: Path, county: County) -> Path:
    lon, lat, transform = geographic_pixels(_ARCSECOND)
    path = folder / "3dep" / "USGS_1_n41w106.tif"
    return write_raster(
        path, county.elevation_m(lon, lat).astype("float32"), transform, "EPSG:4269", -999999
    )


def _write_climate(folder: Path, county: County) -> Path:
    lon, lat, transform = geographic_pixels(_BECK_DEG)
    path = folder / "koppen" / "Beck_KG_V1_present_0p0083.tif"
    return write_raster(
        path, county.climate_code(lon, lat).astype("uint8"), transform, "EPSG:4326", 0
    )


def write_texture(folder: Path, county: County, bounds: Bounds = COUNTY) -> list[Path]:
    """Write made-up textures of a box as POLARIS tiles; the box must lie in one tile."""
    lon, lat, transform = geographic_pixels(_ARCSECOND, bounds)
    middles_cm = [(top + bottom) / 2 for top, bottom in _POLARIS_DEPTHS_CM]
    textures = county.texture_pct(lon, lat, middles_cm)
    written = []
    for (top, bottom), fractions in zip(_POLARIS_DEPTHS_CM, textures, strict=True):
        for name, values in zip(("sand", "silt", "clay"), fractions, strict=True):
            path = folder / f"polaris/{name}/mean/{top}_{bottom}/lat4041_lon-106-105.tif"
            values = values.astype("float32")
            written.append(write_raster(path, values, transform, "EPSG:4326", -9999))
    return written


def _write_land_cover(folder: Path, county: County, year: int) -> Path:
    lon, lat, transform = nlcd_pixels()
    path = folder / "nlcd" / f"Annual_NLCD_LndCov_{year}_CU_C1V1.tif"
    codes = county.land_cover(lon, lat).astype("uint8")
    return write_raster(path, codes, transform, NLCD_CRS, 250)


def write_gridmet_year(
    folder: Path, weather: CellWeather, year: int, note: str = NOTE
) -> list[Path]:
    """Write a year of weather as gridMET's yearly files, a quantity each, packed as it packs."""
    written = []
    for short, values in weather.fields.items():
        path = folder / "gridmet" / f"{short}_{year}.nc"
        with atomic_path(path) as temporary:
            _write_gridmet(temporary, short, values, weather, note)
        written.append(path)
    return written


def _write_gridmet(
    path: Path, short: str, values: FloatArray, weather: CellWeather, note: str
) -> None:
    name, units, scale, offset = _GRIDMET[short]
    day = weather.day - day_number(date(1900, 1, 1))
    lat, lon = weather.lat, weather.lon
    with netCDF4.Dataset(path, "w") as file:
        file.note = note
        for axis, size in (("day", day.size), ("lat", lat.size), ("lon", lon.size)):
            file.createDimension(axis, size)
        for axis, content, unit in (
            ("lat", lat, "degrees_north"),
            ("lon", lon, "degrees_east"),
            ("day", day, "days since 1900-01-01 00:00:00"),
        ):
            variable = file.createVariable(axis, "f8", (axis,))
            variable.units = unit
            variable[:] = content
        file.createVariable("crs", "i2", ()).grid_mapping_name = "latitude_longitude"
        packed = file.createVariable(
            name, "i2", ("day", "lat", "lon"), fill_value=_GRIDMET_FILL, zlib=True
        )
        packed.units, packed.scale_factor, packed.add_offset = units, scale, offset
        packed.grid_mapping = "crs"
        packed[:] = values


def geographic_pixels(
    step_deg: float, bounds: Bounds = COUNTY
) -> tuple[FloatArray, FloatArray, Affine]:
    """Longitude and latitude of pixel centres, and transform, of a raster that covers a box."""
    west_deg, south_deg, east_deg, north_deg = bounds
    west = np.floor((west_deg - _MARGIN_DEG) / step_deg) * step_deg
    north = np.ceil((north_deg + _MARGIN_DEG) / step_deg) * step_deg
    width = round((east_deg + _MARGIN_DEG - west) / step_deg)
    height = round((north - south_deg + _MARGIN_DEG) / step_deg)
    lon, lat = np.meshgrid(
        west + (np.arange(width) + 0.5) * step_deg, north - (np.arange(height) + 0.5) * step_deg
    )
    return lon, lat, from_origin(west, north, step_deg, step_deg)


def nlcd_pixels(bounds: Bounds = COUNTY) -> tuple[FloatArray, FloatArray, Affine]:
    """Longitude and latitude of pixel centres, and transform, of a cut of NLCD's own lattice."""
    west, south, east, north = bounds
    to_metres = Transformer.from_crs("EPSG:4326", NLCD_CRS, always_xy=True)
    left, bottom, right, top = to_metres.transform_bounds(
        west - _MARGIN_DEG, south - _MARGIN_DEG, east + _MARGIN_DEG, north + _MARGIN_DEG
    )
    left = np.floor((left - _NLCD_EDGE_M) / 30) * 30 + _NLCD_EDGE_M
    top = np.ceil((top - _NLCD_EDGE_M) / 30) * 30 + _NLCD_EDGE_M
    width, height = int((right - left) // 30), int((top - bottom) // 30)
    x_m, y_m = np.meshgrid(
        left + 30 * (np.arange(width) + 0.5), top - 30 * (np.arange(height) + 0.5)
    )
    to_degrees = Transformer.from_crs(NLCD_CRS, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(x_m, y_m)
    return lon, lat, from_origin(left, top, 30, 30)


def gridmet_centres(bounds: Bounds = COUNTY) -> tuple[FloatArray, FloatArray]:
    """Latitudes and longitudes of the gridMET cells over a box, one to spare on each side."""
    west, south, east, north = bounds
    rows = np.arange(
        round((_GRIDMET_LAT0 - north) / _GRIDMET_STEP) - 1,
        round((_GRIDMET_LAT0 - south) / _GRIDMET_STEP) + 2,
    )
    cols = np.arange(
        round((west - _GRIDMET_LON0) / _GRIDMET_STEP) - 1,
        round((east - _GRIDMET_LON0) / _GRIDMET_STEP) + 2,
    )
    lat = (_GRIDMET_LAT0 - _GRIDMET_STEP * rows).astype(np.float64)
    return lat, (_GRIDMET_LON0 + _GRIDMET_STEP * cols).astype(np.float64)


def write_raster(
    path: Path, values: AnyArray, transform: Affine, crs: str, nodata: float, note: str = NOTE
) -> Path:
    """Write one band as a tiled GeoTIFF that says in its tags what it is."""
    profile = {
        "driver": "GTiff", "width": values.shape[1], "height": values.shape[0], "count": 1,
        "dtype": values.dtype.name, "crs": crs, "transform": transform, "nodata": nodata,
        "compress": "deflate", "tiled": True, "blockxsize": 256, "blockysize": 256,
    }  # fmt: skip
    with atomic_path(path) as temporary, rasterio.open(temporary, "w", **profile) as file:
        file.write(values, 1)
        file.update_tags(note=note)
    return path
