"""Stations on pixels, with the uncertainty of their position."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.stations.pixels import distance_km, pixel_values, station_pixels

GRID = MasterGrid.for_bounds((-105.3, 39.9, -105.0, 40.1))


def stations(**changes: list[object]) -> pl.DataFrame:
    lon, lat = (value.item() for value in GRID.lon_lat(100, 200))
    values = {
        "network": ["N", "N"], "station": ["a", "b"], "lat": [lat, 60.0], "lon": [lon, 0.0],
        "position_m": [5.0, 5.0],
    }  # fmt: skip
    return pl.DataFrame({**values, **changes})


def test_a_station_lies_in_its_nearest_pixel_and_others_are_off_the_grid() -> None:
    found = station_pixels(stations(), GRID)
    assert found.select("station", "row", "col", "uncertain").rows() == [("a", 100, 200, False)]


def test_a_hundredth_of_a_degree_is_flagged_and_its_reach_told() -> None:
    found = station_pixels(stations(position_m=[556.0, 556.0]), GRID)
    # 556 m / 30 m = 18.5, so 19 pixels either way.
    assert found.select("uncertain", "reach_px").rows() == [(True, 19)]


def test_a_neighbourhood_of_one_is_nine_pixels() -> None:
    found = station_pixels(stations(), GRID, neighbourhood_px=1)
    assert found.height == 9
    assert (found["row"].min(), found["row"].max()) == (99, 101)


def test_a_station_without_a_position_is_left_out() -> None:
    assert station_pixels(stations(lat=[None, None]), GRID).height == 0


def values() -> pl.DataFrame:
    return pl.DataFrame(
        {
            "network": ["N", "N"], "station": ["a", "c"], "date": [date(2023, 6, 1)] * 2,
            "theta": [0.2, 0.4],
        }
    )  # fmt: skip


def test_stations_of_one_pixel_are_averaged_or_kept() -> None:
    both = pl.concat([stations().head(1), stations(station=["c", "x"]).head(1)])
    pixels = station_pixels(both, GRID)
    mean = pixel_values(values(), pixels)
    assert mean.select("theta", "n_station", "stations").rows() == [
        (pytest.approx(0.3), 2, "N:a,N:c")
    ]
    assert sorted(pixel_values(values(), pixels, "keep")["theta"]) == [0.2, 0.4]


def test_another_way_to_share_a_pixel_is_refused() -> None:
    with pytest.raises(RequestError, match="neither mean nor keep"):
        pixel_values(values(), station_pixels(stations(), GRID), "best")


def test_a_quarter_of_the_equator_is_10_007_km() -> None:
    # pi/2 * 6371 km.
    assert distance_km(0.0, 0.0, 0.0, 90.0) == pytest.approx(10_007.5, abs=0.1)
