"""Daily products nobody gave us a file of, in the layout and units their makers document.

Values are what a file stores, and by hand what it means in the entry's unit.
"""

from __future__ import annotations

from datetime import date

import netCDF4
import numpy as np
import pytest

from rootzone.covariates.check.check import check_file
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.readers.registry import daily_reader
from rootzone.covariates.weather.cells import Cells

DAY = date(2023, 6, 15)
# Product, its variable, unit inside, stored value, value meant, whether latitude runs north.
STORED = [
    ("agera5", "tmax", "K", 300.15, 27.0, False),
    ("agera5", "rain", "mm d-1", 4.0, 4.0, False),
    ("agera5", "radiation", "J m-2 d-1", 2.1e7, 21.0, False),
    ("agera5", "vapour", "hPa", 15.0, 1.5, False),
    ("agera5", "wind", "m s-1", 3.0, 3.0, False),
    ("power", "rain", "mm/day", 4.0, 4.0, True),
    ("power", "tmin", "C", 11.0, 11.0, True),
    ("power", "dewpoint", "C", 9.0, 9.0, True),
    ("power", "wind", "m/s", 2.0, 2.0, True),
    ("silo", "daily_rain", "mm", 4.0, 4.0, True),
    ("silo", "max_temp", "Celsius", 27.0, 27.0, True),
    ("silo", "radiation", "MJ/m^2", 21.0, 21.0, True),
    ("silo", "vp", "hPa", 15.0, 1.5, True),
    ("silo", "et_short_crop", "mm", 5.0, 5.0, True),
    ("eobs", "rain", "mm", 4.0, 4.0, True),
    ("eobs", "tmax", "Celsius", 27.0, 27.0, True),
    ("eobs", "radiation", "W/m2", 250.0, 21.6, True),  # 250 * 86400 s
    ("eobs", "humidity", "%", 70.0, 70.0, True),
    ("chirps", "precip", "mm/day", 4.0, 4.0, True),
    ("era5_land_daily", "tmax", "K", 300.15, 27.0, False),
    ("era5_land_daily", "wind_u", "m s**-1", 3.0, 3.0, False),
]  # fmt: skip


def write_cut(catalog, layer, unit, value, *, northward):
    """A cut of 3 x 4 cells of the product's own grid, of the days its path says."""
    part, grid = layer.part, layer.source.weather_grid
    path = str(catalog.data_folder / layer.path_pattern()).replace("{any}", "1.1")
    whole_year = "{month}" not in path
    dates = np.arange(np.datetime64("2023-01-01"), np.datetime64("2024-01-01"))
    if not whole_year:
        dates = dates[dates.astype("datetime64[M]") == np.datetime64("2023-06")]
    if "{day}" in path:
        dates = np.array([np.datetime64(DAY)])
    path = catalog.data_folder / path.replace("{month}", "06").replace("{day}", "15")
    path.parent.mkdir(parents=True, exist_ok=True)
    row, col = np.arange(100, 103), np.arange(200, 204)
    lat, lon = grid.origin[1] - row * grid.step[1], grid.origin[0] + col * grid.step[0]
    values = value + np.zeros((dates.size, 3, 4), np.float32)
    values[:, 0, 1] *= 0.5  # one cell of its own, in the northern row
    with netCDF4.Dataset(path, "w") as file:
        for name, axis in (("time", dates), ("lat", lat), ("lon", lon)):
            file.createDimension(name, len(axis))
            out = file.createVariable(name, "f8", (name,))
            if name == "time":
                out.units = "days since 1950-01-01 00:00"
                axis = (dates - np.datetime64("1950-01-01")).astype(int)
            out[:] = axis[::-1] if name == "lat" and northward else axis
        held = part.names[0] if part.names else layer.values["variable"]
        cube = file.createVariable(held, "f4", ("time", "lat", "lon"), fill_value=-9999.0)
        cube.units = unit
        cube[:] = values[:, ::-1] if northward else values
    return path, Cells(grid, row.repeat(4), np.tile(col, 3))


@pytest.mark.parametrize(("name", "variable", "unit", "stored", "meant", "northward"), STORED)
def test_a_file_in_its_makers_layout_is_read_and_nothing_is_wrong_with_it(
    tmp_path, name, variable, unit, stored, meant, northward
):
    catalog = load_catalog([], tmp_path)
    layer = catalog.layer(f"{name}/{variable}", 2023)
    path, cells = write_cut(catalog, layer, unit, stored, northward=northward)
    report = check_file(path, catalog, name)
    wrong = [finding for finding in report.findings if finding.level == "problem"]
    assert (report.source, wrong) == (name, [])
    read = daily_reader(layer).read(layer, tmp_path, cells, DAY, DAY)
    assert read.dates.astype(str).tolist() == [str(DAY)]
    values = np.delete(read.values[0], 1)
    assert values == pytest.approx(meant, rel=1e-5)
    # The cell of its own is the second of the northern row, whichever way latitude runs.
    own = meant * 0.5 if unit != "K" else stored * 0.5 - 273.15
    assert read.values[0, 1] == pytest.approx(own, rel=1e-5)
