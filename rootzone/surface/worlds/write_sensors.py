"""A made-up province as files of other products, in the layouts that the catalog's readers know.

GLEAM 3, ERA5-Land and GLASS (NetCDF) and Sentinel-1 (GeoTIFF in dB); Sentinel-2 and Landsat stand
in `write_optical`, MODIS in `write_modis`. Every file says that it is made up.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.provenance import Provenance
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.physics.bare_soil import db_from_linear
from rootzone.surface.worlds.look import Radar
from rootzone.surface.worlds.look_coarse import Composites
from rootzone.surface.worlds.province import Province
from rootzone.surface.worlds.write_smap import NOTE

_NODATA_DB = -99.0
GLEAM_ORDER, GLEAM_FILL = ("time", "lon", "lat"), -999.0
GLASS_SCALE, GLASS_FILL = 0.01, 2550


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


def write_glass(folder: Path, province: Province, seen: Composites) -> list[Path]:
    """GLASS leaf area, a file a composite of 8 days: cells of .05 degree, int16 times .01.

    The product comes as HDF4; this is what its users make of it, NetCDF of the same numbers.

    Parameters
    ----------
    folder : Path
        Gets ``GLASS01B02.V40.A2022121.2023001.nc`` and so on; the first of the two days is that of
        the look, the other that of the processing.
    province : Province
        Where and when.
    seen : Composites
        Leaf area of cells of whole pixels.
    """
    import netCDF4

    lat, lon, take = _cells_of_degrees(province, 0.05)
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for number, first in enumerate(seen.first.tolist()):
        date = province.dates[first]
        year = int(str(date)[:4])
        of_year = int((date - date.astype("datetime64[Y]")).astype(int)) + 1
        made.append(folder / f"GLASS01B02.V40.A{year}{of_year:03d}.{year + 1}001.nc")
        field = take(seen.lai[number])
        stored = np.where(np.isfinite(field), np.rint(field / GLASS_SCALE), GLASS_FILL)
        with atomic_path(made[-1]) as temporary, netCDF4.Dataset(temporary, "w") as file:
            file.note = NOTE
            for name, axis in (("lat", lat), ("lon", lon)):
                file.createDimension(name, axis.size)
                file.createVariable(name, "f8", (name,))[:] = axis
            lai = file.createVariable("LAI", "i2", ("lat", "lon"), fill_value=GLASS_FILL)
            lai.scale_factor = GLASS_SCALE
            lai.set_auto_scale(False)
            lai[:] = stored
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
    lat, lon, take = _cells_of_degrees(province, step_deg)
    taken = {name: take(np.asarray(values)) for name, values in fields.items()}
    write_cells(path, province.dates, lat, lon, taken, order, fill)


def _cells_of_degrees(
    province: Province, step_deg: float
) -> tuple[FloatArray, FloatArray, Callable[[AnyArray], AnyArray]]:
    """Middles of cells over a province from the north, and what takes the values that lie there.

    Fields are of whole pixels a cell, shape (..., row, col), from the province's upper left corner;
    beyond them there is no value.
    """
    grid = province.grid
    west, north = (float(v) for v in grid.lon_lat(0, 0))
    east, south = (float(v) for v in grid.lon_lat(grid.height - 1, grid.width - 1))
    half = 0.5 * step_deg
    lat = np.arange(np.ceil(north / step_deg) * step_deg - half, south - half, -step_deg)
    lon = np.arange(np.floor(west / step_deg) * step_deg + half, east + half, step_deg)
    row, col = grid.row_col_of_lon_lat(*np.meshgrid(lon, lat))

    def take(values: AnyArray) -> AnyArray:
        *_, height, width = values.shape
        px = grid.height // height
        at = (np.clip(row // px, 0, height - 1), np.clip(col // px, 0, width - 1))
        inside = (row >= 0) & (col >= 0) & (row // px < height) & (col // px < width)
        return np.where(inside, values[..., at[0], at[1]], np.nan)

    return lat, lon, take


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
