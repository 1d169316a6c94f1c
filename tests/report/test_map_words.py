"""What the report says of a map: where a pixel is, how many dates, how wide the interval."""

from __future__ import annotations

import datetime as dt

import numpy as np

from rootzone.covariates.grid import MasterGrid
from rootzone.report.map_section import _lattice, _span, interval_words


def test_degrees_between_the_lattice_are_those_of_the_grid() -> None:
    grid = MasterGrid.for_bounds((-105.70, 39.91, -105.05, 40.26))
    lon, lat = (np.array(values) for values in _lattice(grid))
    n = len(lon) - 1
    for row, col in ((10, 20), (700, 900), (grid.height - 3, 5)):
        y, x = (row + 0.5) / grid.height * n, (col + 0.5) / grid.width * n
        r, c = min(int(y), n - 1), min(int(x), n - 1)
        v, u = y - r, x - c
        said = [
            (1 - v) * ((1 - u) * t[r, c] + u * t[r, c + 1])
            + v * ((1 - u) * t[r + 1, c] + u * t[r + 1, c + 1])
            for t in (lon, lat)
        ]
        # 30 m are 0.00027 degree of latitude; the page gives four decimals.
        assert np.abs(np.array(said) - np.array(grid.lon_lat(row, col)).ravel()).max() < 5e-5


def test_one_date_is_no_span() -> None:
    one = dt.date(2023, 6, 15)
    assert _span([one]) == "One date, 2023-06-15,"
    assert _span([one, dt.date(2023, 7, 15)]) == "2 dates from 2023-06-15 to 2023-07-15"


def test_an_interval_that_is_one_number_is_told_so() -> None:
    assert "one number, 0.021" in interval_words([np.full((3, 3), 0.0212)], "80")
    assert interval_words([np.array([[0.01, 0.03]])], "80") == ""
    assert interval_words([np.full((2, 2), np.nan)], "80") == ""
