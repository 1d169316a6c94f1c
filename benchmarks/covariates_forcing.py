"""A year of weather for all 16,393 gridMET cells of Colorado: time, memory, size of the table."""

from __future__ import annotations

import resource
import tempfile
import time
from pathlib import Path

import netCDF4
import numpy as np
from _figures import Figures, parser

from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import WEATHER
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.weather.forcing import ForcingRequest, prepare_year

GRIDMET = load_catalog([], Path()).weather_grid("gridmet")

COLORADO = (-109.060253, 36.992426, -102.041524, 41.003444)
# Variable, unit, scale, offset and a made-up mean and spread in that unit.
FILES = {
    "pr": ("precipitation_amount", "mm", 0.1, 0.0, 0.0, 12.0),
    "tmmx": ("air_temperature", "K", 0.1, 220.0, 290.0, 10.0),
    "tmmn": ("air_temperature", "K", 0.1, 210.0, 275.0, 10.0),
    "srad": ("surface_downwelling_shortwave_flux_in_air", "W m-2", 0.1, 0.0, 60.0, 60.0),
    "vpd": ("mean_vapor_pressure_deficit", "kPa", 0.01, 0.0, 0.3, 1.0),
    "pet": ("potential_evapotranspiration", "mm", 0.1, 0.0, 1.0, 5.0),
    "vs": ("wind_speed", "m/s", 0.1, 0.0, 1.0, 6.0),
}


def write_files(folder: Path, year: int) -> None:
    rows, cols = np.arange(202, 299), np.arange(377, 546)
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    rng = np.random.default_rng(year)
    (folder / "gridmet").mkdir(exist_ok=True)
    for short, (name, unit, scale, offset, low, spread) in FILES.items():
        with netCDF4.Dataset(folder / "gridmet" / f"{short}_{year}.nc", "w") as file:
            for axis, size in (("day", days.size), ("lat", rows.size), ("lon", cols.size)):
                file.createDimension(axis, size)
            day = file.createVariable("day", "f8", ("day",))
            day.units = "days since 1900-01-01 00:00:00"
            day[:] = (days - np.datetime64("1900-01-01")).astype(int)
            file.createVariable("lat", "f8", ("lat",))[:] = (
                GRIDMET.origin[1] - rows * GRIDMET.step[1]
            )
            file.createVariable("lon", "f8", ("lon",))[:] = (
                GRIDMET.origin[0] + cols * GRIDMET.step[0]
            )
            data = file.createVariable(
                name, "i2", ("day", "lat", "lon"), fill_value=np.int16(32767), zlib=True,
                chunksizes=(61, 97, 169), complevel=1,
            )  # fmt: skip
            data.units, data.scale_factor, data.add_offset = unit, scale, offset
            values = low + spread * rng.random((days.size, rows.size, cols.size))
            data[:] = (
                np.where(values < low + 0.7 * spread, low, values) if short == "pr" else values
            )


def main() -> None:
    arguments = parser(__doc__).parse_args()
    figures = Figures()
    cells = GRIDMET.cells_in(COLORADO)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for year in (2022, 2023):
            write_files(folder, year)
        catalog = load_catalog([], folder)
        for form in ("delivered", "fao56"):
            start = time.perf_counter()
            weather = prepare_year(
                catalog, ForcingRequest(pet_form=form), 2023, cells, np.full(len(cells), 1800.0)
            )
            figures.add(f"prepare a year, PET {form}", time.perf_counter() - start, "s")
        start = time.perf_counter()
        path = folder / "weather_2023.parquet"
        write_table(path, weather.to_frame(), WEATHER, Provenance("benchmark"))
        figures.add("write the table", time.perf_counter() - start, "s")
        figures.add("table", path.stat().st_size / 1e6, "MB")
    figures.add("cell-days", len(cells) * 365 / 1e6, "million")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    figures.add("peak memory", peak, "GiB", "<= 4")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
