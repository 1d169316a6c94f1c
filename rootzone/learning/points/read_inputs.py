"""Stations, their climate class and the soils found at them, from files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone._shared.seal import check
from rootzone.covariates.layers.legends import legend_of
from rootzone.inversion.column_runs import ColumnSetup
from rootzone.inversion.read_inputs import read_inputs
from rootzone.inversion.station_profiles import measured_profiles
from rootzone.learning.points.samples import (
    InvertedSoil,
    PointSettings,
    PointStation,
    point_station,
)

Place = tuple[str, str]  # network, station


@dataclass(frozen=True)
class PointFiles:
    """Where the samples come from.

    Parameters
    ----------
    stations, weather : Path
        Tables of ``rootzone stations``.
    inversions : Path, optional
        ``inversions.parquet`` of ``rootzone invert`` on the same stations.
    climate : Path, optional
        Raster of climate classes; one without a position covers the globe from 180 W, 90 N.
    climate_legend : str
        What its numbers mean: ``koppen_kottek`` or ``koppen_beck``.
    soils : Path, optional
        Soils of the stations; those beside ``stations`` otherwise.
    ptf : str
        Pedotransfer function of measured soils.
    """

    stations: Path
    weather: Path
    inversions: Path | None = None
    climate: Path | None = None
    climate_legend: str = "koppen_kottek"
    soils: Path | None = None
    ptf: str = "rosetta3"


def read_point_stations(
    files: PointFiles,
    setup: ColumnSetup,
    settings: PointSettings,
    on_problem: Callable[[str], None] | None = None,
) -> list[PointStation]:
    """Samples of every station; one that has no usable weather is told and left out.

    Raises
    ------
    RequestError
        A file is missing or none of what it should be, or no station is left.
    """
    table, weather = read_inputs(files.stations, files.weather)
    soils = read_inversions(files.inversions) if files.inversions else {}
    measured = measured_profiles(
        files.stations, files.soils, setup.thickness_mm, files.ptf, on_problem=on_problem
    )
    classes = climate_classes(files, table) if files.climate else {}
    keys = ["network", "station"]
    own = dict(weather.group_by(keys, maintain_order=True))
    out = []
    for key, values in table.group_by(keys, maintain_order=True):
        place = (str(key[0]), str(key[1]))
        try:
            out.append(
                point_station(
                    values,
                    own.get(key, weather.clear()),
                    setup,
                    settings,
                    climate=classes.get(place, ""),
                    inverted=soils.get(place),
                    soil=measured.get(place),
                )
            )
        except RequestError as error:
            if on_problem is not None:
                on_problem(str(error))
    if not out:
        raise RequestError(f"{files.stations}: no station has weather that can drive a simulation.")
    return out


def read_inversions(path: Path) -> Mapping[Place, InvertedSoil]:
    """Soils found at stations; those without training years are left out.

    Raises
    ------
    RequestError
        The file is no table of ``rootzone invert``.
    """
    if not path.exists():
        raise RequestError(f"{path} does not exist; `rootzone invert` writes inversions.parquet.")
    frame = pl.read_parquet(check(path))
    needed = {"network", "station", "training_years", "sand_pct_zone_1", "silt_pct_zone_1"}
    if missing := sorted(needed - set(frame.columns)):
        raise RequestError(f"{path} lacks {', '.join(missing)}: no inversions.parquet.")
    zones = sum(name.startswith("sand_pct_zone_") for name in frame.columns)
    if zones != 1:
        raise RequestError(f"{path} has soils of {zones} zones; point models take one zone.")
    return {
        (row["network"], row["station"]): InvertedSoil(
            ((int(row["sand_pct_zone_1"]), int(row["silt_pct_zone_1"])),),
            tuple(row["training_years"]),
        )
        for row in frame.iter_rows(named=True)
        if row["training_years"]
    }


def climate_classes(files: PointFiles, stations: pl.DataFrame) -> dict[Place, str]:
    """Climate class of every station with a position, in words such as ``BSk``.

    Raises
    ------
    RequestError
        The raster cannot be read, or its legend is not known.
    """
    import warnings

    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    names = legend_of(files.climate_legend).names
    places = (
        stations.select("network", "station", "lat", "lon")
        .unique(["network", "station"], keep="first", maintain_order=True)
        .drop_nulls()
    )
    lat, lon = (places[name].cast(pl.Float64).to_numpy() for name in ("lat", "lon"))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with open_raster(str(files.climate)) as source:
                codes = source.read(1)
                transform = source.transform
    except RasterioError as error:
        raise RequestError(f"{files.climate} cannot be read as a raster: {error}") from error
    n_row, n_col = codes.shape
    if transform.is_identity:
        row = np.floor((90.0 - lat) / 180.0 * n_row).astype(int)
        col = np.floor((lon + 180.0) / 360.0 * n_col).astype(int)
    else:
        x, y = ~transform * (lon, lat)
        row, col = np.floor(y).astype(int), np.floor(x).astype(int)
    inside = (row >= 0) & (row < n_row) & (col >= 0) & (col < n_col)
    found = np.where(inside, codes[np.clip(row, 0, n_row - 1), np.clip(col, 0, n_col - 1)], 0)
    keys = zip(places["network"].to_list(), places["station"].to_list(), strict=True)
    return {
        (str(network), str(station)): names.get(int(code), "")
        for (network, station), code in zip(keys, found.tolist(), strict=True)
    }
