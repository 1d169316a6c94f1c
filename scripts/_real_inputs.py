"""Inputs of the real chain: real files where there are any, made-up ones where there are none."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import polars as pl
import rasterio

from rootzone._shared.arrays import FloatArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone.covariates.grid import Bounds
from rootzone.made_up.county_fields import County
from rootzone.made_up.write_county import (
    NLCD_CRS,
    CellWeather,
    gridmet_centres,
    nlcd_pixels,
    write_gridmet_year,
    write_raster,
    write_texture,
)

DEM = Path("dem") / "SRTMGL3_40.09_-105.55_40.21_-105.35.asc"
KOPPEN = Path("koppen") / "kottek_rubel_kg_100arcsec_colorado.tif"
BOX: Bounds = (-105.545, 40.095, -105.355, 40.205)  # inside the elevation file
SEED = 7
# Boulder 14 W, the station whose weather drives the county; the height is GHCN-Daily's.
WEATHER_STATION_M = 2995.6
LAPSE_K_PER_M = 0.0065  # standard atmosphere

CATALOG = f"""\
catalog: boulder
sources:
  srtm:
    title: SRTM elevation, 3 arc-seconds, Boulder County (real)
    reader: dem
    kind: continuous
    path: {DEM.as_posix()}
    unit: m
    crs: EPSG:4326
    nodata: [0]
    range: [-100, 4500]
    variables:
      elevation_m: {{unit: m, range: [-100, 4500]}}
      slope_deg: {{unit: degree, range: [0, 90]}}
      aspect_deg: {{unit: degree, range: [0, 360]}}
    licence: public domain (NASA)
  koppen_colorado:
    title: Koppen-Geiger climate of Colorado, Kottek et al. 2006 (real)
    reader: koppen
    kind: class
    path: {KOPPEN.as_posix()}
    crs: EPSG:4326
    nodata: [0]
    legend: koppen_kottek
    licence: as stated by koeppen-geiger.vu-wien.ac.at
    doi: 10.1127/0941-2948/2006/0130
"""


def write_inputs(real: Path, data: Path, station_weather: Path, years: list[int]) -> None:
    """Fill the data folder of the Boulder campaign.

    Parameters
    ----------
    real : Path
        Folder of real files.
    data : Path
        Folder to fill; files lie where the catalog looks for them.
    station_weather : Path
        Gapless weather of the weather station, as ``rootzone stations --forcing`` writes it.
    years : list of int
        Calendar years.
    """
    for name in (DEM, KOPPEN):
        with atomic_path(data / name) as temporary:
            shutil.copyfile(real / name, temporary)
    county = County.from_seed(SEED)
    write_texture(data, county, BOX)
    for year in years:
        _write_land_cover(data, county, year)
        weather = cell_weather(station_weather, data / DEM, year)
        note = (
            "Rain, radiation and humidity as measured at USCRN Boulder 14 W (real); temperature "
            "moved from its height to each cell's by 6.5 K/km. Not gridMET's own fields."
        )
        write_gridmet_year(data, weather, year, note)
    write_text(data.parent / "catalog.yaml", CATALOG)


def cell_weather(station_weather: Path, dem: Path, year: int) -> CellWeather:
    """One station's weather on all cells of the box, temperature by height."""
    table = pl.read_parquet(station_weather).filter(pl.col("date").dt.year() == year).sort("date")
    lat, lon = gridmet_centres(BOX)
    height_m = cell_height_m(dem, lat, lon)
    warmer = LAPSE_K_PER_M * (WEATHER_STATION_M - height_m)[None] + 273.15

    def everywhere(values: FloatArray) -> FloatArray:
        return np.asarray(np.broadcast_to(values[:, None, None], (len(values), *height_m.shape)))

    own = {name: table[name].cast(pl.Float64).to_numpy() for name in table.columns if "_" in name
           and name != "cell_id"}  # fmt: skip
    vpd = np.nan_to_num(own["vpd_kpa"], nan=float(np.nanmean(own["vpd_kpa"])))
    fields = {
        "pr": everywhere(own["rain_mm"]),
        "tmmx": everywhere(own["tmax_degc"]) + warmer,
        "tmmn": everywhere(own["tmin_degc"]) + warmer,
        "srad": everywhere(own["radn_mj_m2"]) / 0.0864,
        "vpd": everywhere(vpd),
    }
    day = table["date"].cast(pl.Date).to_physical().to_numpy().astype(np.int64)
    return CellWeather(lat, lon, day, fields)


def cell_height_m(dem: Path, lat: FloatArray, lon: FloatArray) -> FloatArray:
    """Mean height of each cell over the elevation file, the nearest pixel's beyond its edge."""
    with rasterio.open(dem) as file:
        height = file.read(1).astype(float)
        at = file.transform
        y = at.f + (np.arange(file.height) + 0.5) * at.e
        x = at.c + (np.arange(file.width) + 0.5) * at.a
    half = 1 / 48
    out = np.empty((len(lat), len(lon)))
    for i, at_lat in enumerate(lat):
        rows = np.flatnonzero(np.abs(y - at_lat) <= half)
        rows = rows if len(rows) else [int(np.argmin(np.abs(y - at_lat)))]
        for j, at_lon in enumerate(lon):
            cols = np.flatnonzero(np.abs(x - at_lon) <= half)
            cols = cols if len(cols) else [int(np.argmin(np.abs(x - at_lon)))]
            out[i, j] = height[np.ix_(rows, cols)].mean()
    return out


def _write_land_cover(data: Path, county: County, year: int) -> None:
    """Made-up land cover that follows the real heights: grass, shrub, forest, tundra."""
    lon, lat, transform = nlcd_pixels(BOX)
    with rasterio.open(data / DEM) as file:
        at = file.transform
        row = np.clip(((lat - at.f) / at.e).astype(int), 0, file.height - 1)
        col = np.clip(((lon - at.c) / at.a).astype(int), 0, file.width - 1)
        height = file.read(1)[row, col]
    cover = county.cover.at(lon, lat)
    code = np.where(cover > 0.2, 52, 71)
    code = np.where((height > 1900) & (cover > -0.8), 42, code)
    code = np.where(height > 3300, 71, code)
    name = data / "nlcd" / f"Annual_NLCD_LndCov_{year}_CU_C1V1.tif"
    write_raster(name, code.astype("uint8"), transform, NLCD_CRS, 250)
