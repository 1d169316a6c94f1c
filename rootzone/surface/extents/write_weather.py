"""Daily weather as files that the surface network reads, five channels a day.

The campaign's own weather table holds what its forcing source gave, checked and completed; the
relative humidities follow from its vapour pressure and temperatures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, inputs_of, write_sidecar
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import WEATHER
from rootzone.covariates.weather.pet import mean_saturation_kpa, saturation_kpa
from rootzone.maps.map_run import made_alike
from rootzone.surface.extents.channels import DAILY
from rootzone.surface.extents.write_fields import of_day
from rootzone.surface.extents.write_land import VERB, refuse_foreign

if TYPE_CHECKING:
    import polars as pl

    from rootzone.covariates.open_campaign import CampaignFiles

_READ: Final = ("rain_mm", "tmax_degc", "tmin_degc", "vpd_kpa")


def humidities_pct(
    tmax_degc: FloatArray, tmin_degc: FloatArray, vpd_kpa: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Highest and lowest relative humidity of a day [%], at its lowest and highest temperature.

    The vapour pressure is the mean saturation pressure less the deficit (FAO-56 Eq. 12), and stays
    the same all day.

    Examples
    --------
    Without a deficit and with one temperature the air is saturated:

    >>> most, least = humidities_pct(np.array([20.0]), np.array([20.0]), np.array([0.0]))
    >>> most.tolist(), least.tolist()
    ([100.0], [100.0])
    """
    vapour = np.maximum(mean_saturation_kpa(tmax_degc, tmin_degc) - vpd_kpa, 0.0)
    most, least = (100.0 * vapour / saturation_kpa(t) for t in (tmin_degc, tmax_degc))
    return np.minimum(most, 100.0), np.minimum(least, 100.0)


def write_weather(
    files: CampaignFiles, pattern: str, every: int, say: Callable[[str], None]
) -> list[Path]:
    """Write the five weather channels of each day of the campaign's years.

    Parameters
    ----------
    files : CampaignFiles
        The campaign; its weather tables must be there.
    pattern : str
        ``surface.deepsoil.weather``; a ``*`` in its name becomes the day.
    every : int
        Days from one file to the next.
    say : callable
        Told how it goes.

    Raises
    ------
    RequestError
        A year has no weather table, the pattern has no place for the day, or files that were not
        made here are in the way.
    """
    made: list[Path] = []
    for year in files.campaign.years:
        table = files.workspace.weather(year)
        if not table.is_file():
            raise RequestError(f"{table} is missing; run rootzone forcing {files.path} first.")
        record = Provenance(VERB, inputs_of({table.name: table}), {"weather": list(DAILY)})
        frame = read_table(table, WEATHER, required=_READ)
        for day, corner, values in _days(files, frame, every):
            path = files.folder / of_day(pattern, "weather", "weather", day)
            made.append(path)
            if not made_alike(path, record):
                refuse_foreign(path)
                _write(path, values, corner, files.weather_grid.crs, record)
    say(f"{len(made)} days of weather, {made[0].name} to {made[-1].name}")
    return made


def _days(
    files: CampaignFiles, frame: pl.DataFrame, every: int
) -> Iterator[tuple[date, tuple[float, float, float, float], AnyArray]]:
    """Days with the corner and size of their cells, and the channels on them."""
    grid = files.weather_grid
    cell, dates = frame["cell_id"].to_numpy(), frame["date"].to_numpy().astype("datetime64[D]")
    row, col = grid.row_col(cell)
    top, left = int(row.min()), int(col.min())
    days, at = np.unique(dates, return_inverse=True)
    shape = (days.size, int(row.max()) - top + 1, int(col.max()) - left + 1)
    rain, tmax, tmin, vpd = (frame[name].to_numpy().astype(np.float64) for name in _READ)
    channels = (rain, *humidities_pct(tmax, tmin, vpd), tmax, tmin)
    values = np.full((len(channels), *shape), np.nan, dtype=np.float32)
    for k, one in enumerate(channels):
        values[k, at, row - top, col - left] = one
    west, north = grid.corner
    corner = (west + left * grid.step[0], north - top * grid.step[1], *grid.step)
    for number in range(0, days.size, every):
        yield days[number].item(), corner, values[:, number]


def _write(
    path: Path, values: AnyArray, corner: tuple[float, float, float, float], crs: str,
    record: Provenance,
) -> None:  # fmt: skip
    import rasterio

    left, top, wide, high = corner
    profile = {
        "driver": "GTiff", "height": values.shape[1], "width": values.shape[2],
        "count": len(values), "dtype": "float32", "crs": crs, "nodata": np.nan,
        "transform": rasterio.Affine(wide, 0.0, left, 0.0, -high, top),
    }  # fmt: skip
    with atomic_path(path) as temporary, rasterio.open(temporary, "w", **profile) as file:
        file.write(values)
        file.descriptions = DAILY
    write_sidecar(path, record)
