"""Files of a made-up province for the system of two layers, in layouts that products have."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.provenance import Provenance
from rootzone._shared.seeds import stream
from rootzone.covariates.fetch.checksums import NAME as CHECKSUMS
from rootzone.covariates.fetch.checksums import record_files
from rootzone.covariates.grid import MasterGrid
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.grids.aggregate import weights
from rootzone.surface.grids.cell_grid import CellGrid
from rootzone.surface.worlds import look
from rootzone.surface.worlds.province import CELL_PX, Province
from rootzone.surface.worlds.write_sensors import GLEAM_FILL, GLEAM_ORDER, write_cells
from rootzone.surface.worlds.write_smap import NOTE

GLEAM: Final = {"0_10cm": "SMsurf", "0_100cm": "SMroot"}
_SENSORS_M = (0.05, 0.50)
_DEEP_SHARE = 0.725  # of the sensor at 50 cm in 0-100 cm: what lies nearer to it than to 5 cm


def write_layers_province(
    folder: Path, province: Province, seed: int, *, step_deg: float = 0.25, n_stations: int = 48
) -> None:
    """Write product, fields, weather and stations of a province.

    Parameters
    ----------
    folder : Path
        Gets ``product/`` (GLEAM 3: time, lon, lat; -999; one file a variable and year), ``lst/``,
        ``ndvi/``, ``rain/``, ``pet/``, ``simulated/``, ``land.tif``, ``stations.csv``, and the
        checksums of all.
    province : Province
        The truth.
    seed : int
        Of noise and places.
    step_deg : float
        Side of the product's cells [degree].
    n_stations : int
        Stations, 6 px from the rim or more.
    """
    rng = stream(province.settings.seed, seed)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "MADE_UP.txt", f"{NOTE}. Settings: {province.settings.to_dict()}\n")
    ndvi = look.ndvi_product(province, look.true_ndvi(province), rng)
    lst = look.surface_temperature_k(province, ndvi, rng)
    _write_land(folder / "land.tif", province)
    cells = _weather_grid(province)
    for number, date in enumerate(province.dates):
        day = str(date).replace("-", "")
        if number % 8 == 0:
            _write(folder / "ndvi" / f"ndvi_{day}.tif", province.grid, ndvi[number], "-")
        _write(folder / "lst" / f"lst_{day}.tif", province.grid, _whole(lst[number]), "K")
        _write(folder / "rain" / f"rain_{day}.tif", cells, province.rain_mm[number], "mm")
        _write(folder / "pet" / f"pet_{day}.tif", cells, province.pet_mm[number], "mm")
        if number % 30 == 0:
            store = province.theta["0_100cm"][number]
            _write(folder / "simulated" / f"store_{day}.tif", province.grid, store, "m3 m-3")
    _write_product(folder / "product", province, rng, step_deg)
    _write_stations(folder / "stations.csv", province, rng, n_stations)
    (folder / CHECKSUMS).unlink(missing_ok=True)
    files = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]
    record_files(folder, files, "made up")


def _whole(lst: AnyArray) -> FloatArray:
    """Gaps under clouds by the day's mean, as a daily series without gaps would have something."""
    mean = float(np.nanmean(lst)) if np.isfinite(lst).any() else 290.0
    return np.where(np.isfinite(lst), lst, mean)


def _weather_grid(province: Province) -> MasterGrid:
    grid, side = province.grid, province.grid.height // CELL_PX
    return MasterGrid(
        grid.crs, CELL_PX * grid.resolution_m, grid.left, grid.top, side, side, grid.tile_px
    )


def _write(path: Path, grid: MasterGrid, values: AnyArray, unit: str) -> None:
    spec = CogSpec(
        grid, [Band(path.parent.name, unit, f"{path.parent.name}, made up")], "float32",
        float("nan"), "average", {"note": NOTE},
    )  # fmt: skip
    write_cog(path, spec, np.asarray(values, np.float32)[None], Provenance("made-up province"))


def _write_land(path: Path, province: Province) -> None:
    fields = {
        "sand_pct": province.sand_pct, "clay_pct": province.clay_pct,
        "height_m": province.height_m, "slope_deg": province.slope_deg,
    }  # fmt: skip
    bands = [Band(name, "-", f"{name}, made up") for name in fields]
    spec = CogSpec(province.grid, bands, "float32", float("nan"), "average", {"note": NOTE})
    stored = np.stack(list(fields.values())).astype(np.float32)
    write_cog(path, spec, stored, Provenance("made-up province"))


def _write_product(
    folder: Path, province: Province, rng: np.random.Generator, step_deg: float
) -> None:
    """GLEAM 3 in its layout, its cells over the province and one more on every side."""
    grid = province.grid
    lon, lat = grid.lon_lat(np.array([0, grid.height - 1]), np.array([0, grid.width - 1]))
    west, south = (step_deg * np.floor(v.min() / step_deg) - step_deg for v in (lon, lat))
    n_col, n_row = (int(np.ceil((v.max() - o) / step_deg)) + 1
                    for v, o in ((lon, west), (lat, south)))  # fmt: skip
    cells = CellGrid(float(west), float(south + n_row * step_deg), step_deg, n_col, n_row)
    middle_lon, _ = cells.lon_lat(0, np.arange(cells.width))
    _, middle_lat = cells.lon_lat(np.arange(cells.height), 0)
    share = weights(grid, cells)
    for layer, name in GLEAM.items():
        mean, known = share.mean(province.theta[layer].astype(np.float64))
        values = np.where(known > 0.0, look.coarsened(mean, rng), np.nan)
        path = folder / f"{name}_{province.dates[0]!s:.4}_GLEAM_v3.5a.nc"
        write_cells(
            path, province.dates, middle_lat, middle_lon, {name: values}, GLEAM_ORDER, GLEAM_FILL
        )


def _write_stations(path: Path, province: Province, rng: np.random.Generator, n: int) -> None:
    """Sensors at 5 and 50 cm whose mean by thickness is the truth of 0-100 cm, with errors."""
    side, dates = province.grid.height - 12, province.dates
    row, col = (6 + part for part in np.divmod(rng.choice(side**2, n, replace=False), side))
    top = province.theta["0_10cm"][:, row, col].astype(np.float64)
    deep = (province.theta["0_100cm"][:, row, col] - (1.0 - _DEEP_SHARE) * top) / _DEEP_SHARE
    lon, lat = province.grid.lon_lat(row, col)
    offset = 0.015 * rng.standard_normal(n)
    frames = []
    for depth, truth in zip(_SENSORS_M, (top, deep), strict=True):
        told = truth + offset + 0.01 * rng.standard_normal(truth.shape)
        frames.append(
            pl.DataFrame(
                {
                    "network": ["made-up"] * told.size,
                    "station": np.repeat([f"S{k:02d}" for k in range(n)], dates.size),
                    "date": np.tile(dates.astype(str), n),
                    "lat": np.repeat(lat.round(5), dates.size),
                    "lon": np.repeat(lon.round(5), dates.size),
                    "depth_m": np.full(told.size, depth),
                    "theta": np.maximum(told, 0.0).T.ravel().round(4),
                }
            )
        )
    with atomic_path(path) as temporary:
        pl.concat(frames).write_csv(temporary)
