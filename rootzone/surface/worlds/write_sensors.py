"""A made-up province as files of other products, in the layouts that the catalog's readers know.

GLEAM 3 and ERA5-Land (NetCDF), Sentinel-1 (GeoTIFF in dB), Sentinel-2 (GeoTIFF a band), MODIS day
temperature (GeoTIFF as AppEEARS cuts it, sinusoidal). Every file says that it is made up.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.provenance import Provenance
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.physics.bare_soil import db_from_linear
from rootzone.surface.worlds.look import Radar
from rootzone.surface.worlds.look_optical import Optical
from rootzone.surface.worlds.province import Province
from rootzone.surface.worlds.write_smap import NOTE

_SINUSOIDAL, _MODIS_M = "+proj=sinu +R=6371007.181 +units=m", 926.625433056
_NODATA_DB = -99.0
GLEAM_ORDER, GLEAM_FILL = ("time", "lon", "lat"), -999.0


def write_gleam(path: Path, province: Province, fields: FloatArray, name: str = "SMsurf") -> None:
    """A GLEAM 3 file: cells of .25 degree, arrays by time, longitude, latitude, fill -999.

    Parameters
    ----------
    path : Path
        Such as ``SMsurf_2022_GLEAM_v3.8a.nc``.
    province : Province
        Where and when.
    fields : array, shape (date, row, col)
        Water content on any grid of whole pixels over the province, from the north [m3 m-3].
    name : str
        ``SMsurf`` or ``SMroot``.
    """
    _write_degrees(path, province, {name: fields}, 0.25, GLEAM_ORDER, GLEAM_FILL)


def write_era5_land(path: Path, province: Province, layers: dict[str, Float32Array]) -> None:
    """An ERA5-Land file: cells of .1 degree, latitude falling, arrays by time, latitude, longitude.

    Parameters
    ----------
    path : Path
        Such as ``era5_land_moisture_2022_06.nc``.
    province : Province
        Where and when.
    layers : dict of arrays, shape (date, row, col)
        Water content by name, ``swvl1`` and so on [m3 m-3].
    """
    order = ("time", "latitude", "longitude")
    _write_degrees(path, province, dict(layers), 0.1, order, -32767.0)


def write_radar(folder: Path, province: Province, seen: Radar, border_px: int = 2) -> list[Path]:
    """Sentinel-1 scenes in dB, a file a polarisation, with the border without values of old ones.

    Parameters
    ----------
    folder : Path
        Gets ``S1A__IW___A_20220502T120000_VV_grd_mli_geo_norm_db.tif`` and so on.
    province : Province
        Where.
    seen : Radar
        Linear power.
    border_px : int
        Columns without a value on both sides of every other scene.
    """
    made = []
    for number, day in enumerate(seen.day.tolist()):
        date = str(province.dates[day]).replace("-", "")
        for name, power in (("VV", seen.vv[number]), ("VH", seen.vh[number])):
            db = np.asarray(db_from_linear(power.astype(np.float64)))
            if number % 2 and border_px:
                db[:, :border_px] = db[:, -border_px:] = _NODATA_DB
            path = folder / f"S1A__IW___A_{date}T120000_{name}_grd_mli_geo_norm_db.tif"
            band = Band(name, "dB", f"backscatter {name}, made up")
            tags = {"note": NOTE, "incidence_deg": f"{float(seen.incidence_deg[number]):g}"}
            spec = CogSpec(province.grid, [band], "float32", _NODATA_DB, "average", tags)
            write_cog(path, spec, db[None].astype(np.float32), _record(province))
            made.append(path)
    return made


def write_modis_lst(folder: Path, province: Province, lst_k: Float32Array, day: int) -> Path:
    """A day's temperature as AppEEARS cuts MOD11A1: sinusoidal, uint16 times .02, 0 under clouds.

    Parameters
    ----------
    folder : Path
        Gets the file and its quality layer; 2 there is cloud.
    province : Province
        Where and when.
    lst_k : array, shape (date, row, col)
        Day temperature [K], NaN under clouds.
    day : int
        Number of the date.
    """
    import rasterio
    from rasterio.warp import Resampling, calculate_default_transform, reproject

    grid = province.grid
    source = rasterio.transform.from_origin(
        grid.left, grid.top, grid.resolution_m, grid.resolution_m
    )
    transform, width, height = calculate_default_transform(
        grid.crs, _SINUSOIDAL, grid.width, grid.height, *grid.bounds_m, resolution=_MODIS_M
    )
    # On the product's own lattice of pixels.
    left = np.floor(transform.c / _MODIS_M) * _MODIS_M
    top = np.ceil(transform.f / _MODIS_M) * _MODIS_M
    onto = rasterio.transform.from_origin(left, top, _MODIS_M, _MODIS_M)
    field = np.full((height + 1, width + 1), np.nan)
    reproject(
        lst_k[day].astype(np.float64), field, src_transform=source, src_crs=grid.crs,
        dst_transform=onto, dst_crs=_SINUSOIDAL, resampling=Resampling.nearest,
        src_nodata=np.nan, dst_nodata=np.nan,
    )  # fmt: skip
    stored = np.where(np.isfinite(field), np.rint(field / 0.02), 0).astype(np.uint16)
    quality = np.where(stored > 0, 0, 2).astype(np.uint8)
    date = province.dates[day]
    year = str(date)[:4]
    of_year = int((date - np.datetime64(f"{year}-01-01")).astype(int)) + 1
    folder.mkdir(parents=True, exist_ok=True)
    told: list[tuple[str, AnyArray, int | None]] = [
        ("LST_Day_1km", stored, 0), ("QC_Day", quality, None)
    ]  # fmt: skip
    paths = [folder / f"MOD11A1.061_{name}_doy{year}{of_year:03d}_aid0001.tif" for name, *_ in told]
    for path, (_, values, nodata) in zip(paths, told, strict=True):
        profile = {"driver": "GTiff", "count": 1, "crs": _SINUSOIDAL, "transform": onto,
                   "height": values.shape[0], "width": values.shape[1], "dtype": values.dtype,
                   "nodata": nodata}  # fmt: skip
        with atomic_path(path) as temporary, rasterio.open(temporary, "w", **profile) as file:
            file.write(values, 1)
            file.update_tags(note=NOTE)
    return paths[0]


_SENTINEL2 = {"blue": "B02", "green": "B03", "red": "B04", "nir": "B8A", "swir1": "B11",
              "swir2": "B12"}  # fmt: skip
_SCL_SOIL, _SCL_CLOUD = 5, 9


def write_sentinel2(folder: Path, province: Province, seen: Optical) -> list[Path]:
    """Sentinel-2 L2A bands and scene classes: uint16, (reflectance + .1) x 10000 as of 2022.

    Parameters
    ----------
    folder : Path
        Gets ``T13TGE_20220503T174911_B04_20m.tif`` and so on, a file a band, and SCL.
    province : Province
        Where and when.
    seen : Optical
        Reflectance and clouds.
    """
    made = []
    for number, day in enumerate(seen.day.tolist()):
        scene = f"T13TGE_{str(province.dates[day]).replace('-', '')}T174911"
        bands = {
            name: np.clip(np.rint((seen.reflectance[band][number] + 0.1) * 1e4), 1, 65535)
            for band, name in _SENTINEL2.items()
        }
        bands["SCL"] = np.where(seen.cloud[number], _SCL_CLOUD, _SCL_SOIL)
        for name, stored in bands.items():
            classes = name == "SCL"
            kind, how = ("uint8", "mode") if classes else ("uint16", "average")
            path = folder / f"{scene}_{name}_20m.tif"
            band = Band(name, "-", f"{name}, made up")
            spec = CogSpec(province.grid, [band], kind, 0, how, {"note": NOTE})
            write_cog(path, spec, stored[None].astype(kind), _record(province))
            made.append(path)
    return made


def _record(province: Province) -> Provenance:
    return Provenance("made-up province", settings=province.settings.to_dict())


def _write_degrees(
    path: Path,
    province: Province,
    fields: dict[str, Any],
    step_deg: float,
    order: tuple[str, str, str],
    fill: float,
) -> None:
    """Fields on a grid of degrees: each cell has the value that lies at its middle."""
    grid = province.grid
    west, north = (float(v) for v in grid.lon_lat(0, 0))
    east, south = (float(v) for v in grid.lon_lat(grid.height - 1, grid.width - 1))
    half = 0.5 * step_deg
    lat = np.arange(np.ceil(north / step_deg) * step_deg - half, south - half, -step_deg)
    lon = np.arange(np.floor(west / step_deg) * step_deg + half, east + half, step_deg)
    row, col = grid.row_col_of_lon_lat(*np.meshgrid(lon, lat))
    inside = grid.contains(row, col)
    taken = {}
    for name, values in fields.items():
        px = grid.height // values.shape[-1]
        at = (np.clip(row, 0, grid.height - 1) // px, np.clip(col, 0, grid.width - 1) // px)
        taken[name] = np.where(inside, values[:, at[0], at[1]], np.nan)
    write_cells(path, province.dates, lat, lon, taken, order, fill)


def write_cells(
    path: Path,
    dates: AnyArray,
    lat: AnyArray,
    lon: AnyArray,
    fields: Mapping[str, AnyArray],
    order: tuple[str, str, str],
    fill: float,
) -> None:
    """A NetCDF file of cells of degrees.

    Parameters
    ----------
    path : Path
        The file.
    dates : array of datetime64[D]
        Days.
    lat, lon : array
        Middles of cells [degree].
    fields : mapping of str to array, shape (date, lat, lon)
        Water content [m3 m-3], NaN where there is none.
    order : tuple of str
        Names of the axes as they lie in the file, time first.
    fill : float
        What stands where there is none.
    """
    import netCDF4

    sizes = {"time": dates.size, "lat": lat.size, "lon": lon.size}
    with atomic_path(path) as temporary, netCDF4.Dataset(temporary, "w") as file:
        file.note = NOTE
        for name in order:
            file.createDimension(name, sizes[name if name == "time" else name[:3]])
        time = file.createVariable("time", "f8", ("time",))
        time.units = "days since 1970-01-01 00:00:00"
        time[:] = dates.astype("datetime64[D]").astype(np.int64)
        for name in order[1:]:
            axis = file.createVariable(name, "f8", (name,))
            axis[:] = lat if name.startswith("lat") else lon
        for name, values in fields.items():
            known = np.where(np.isfinite(values), values, fill)
            if order[1].startswith("lon"):
                known = np.swapaxes(known, 1, 2)
            made = file.createVariable(name, "f4", order, fill_value=fill)
            made.units = "m3 m-3"
            made[:] = known
