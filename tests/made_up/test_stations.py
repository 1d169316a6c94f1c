from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_pairs
from rootzone.made_up.county_fields import EAST, NORTH, SOUTH, WEST, County
from rootzone.made_up.stations import (
    Errors,
    soil_temperature_degc,
    station_places,
    write_made_up_stations,
)
from rootzone.stations.pixels import distance_km
from rootzone.stations.readers.read_any import read_all, station_files

_USUAL = Errors()
_NO_ERRORS = Errors(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0)


def _written(folder: Path, errors: Errors = _USUAL, seed: int = 7) -> list[Path]:
    engine = SwimEngine(settings_from_pairs("van_genuchten", "converged", ()), threads=1)
    return write_made_up_stations(folder, seed, [2023], 2, engine, errors)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("stations")
    _written(made)
    return made


def test_the_reader_finds_every_probe_placed_to_the_pixel(folder: Path) -> None:
    data = read_all(station_files([folder]))
    assert [one.depth_m for one in data.series] == [0.05, 0.1, 0.2, 0.5, 1.0] * 2
    assert not data.findings.counts  # no coarse position, no broken line
    theta = np.concatenate([one.theta for one in data.series])
    assert 0.02 < np.nanmin(theta) < np.nanmax(theta) < 0.5


def test_a_seed_is_a_set_of_stations(folder: Path, tmp_path: Path) -> None:
    again = _written(tmp_path / "again")
    other = _written(tmp_path / "other", seed=8)
    assert [digest_file(path) for path in again] == [digest_file(folder / p.name) for p in again]
    assert digest_file(other[0]) != digest_file(folder / other[0].name)


def test_it_is_said_that_they_are_made_up(folder: Path) -> None:
    assert "not real data" in (folder / "MADE_UP.md").read_text()


def test_without_errors_the_gauge_reads_the_cells_rain(tmp_path: Path) -> None:
    from rootzone.made_up.write_county import county_weather

    _written(tmp_path, _NO_ERRORS)
    data = read_all(station_files([tmp_path]))
    place = data.series[0].place
    rain = county_weather(7, 2023).nearest(place.lat, place.lon)["pr"]
    # The files hold one decimal.
    np.testing.assert_allclose(data.weather[0].columns["rain_mm"], rain, atol=0.0501)


def test_errors_move_the_truth_away_from_the_maps(folder: Path, tmp_path: Path) -> None:
    _written(tmp_path, _NO_ERRORS)
    exact, off = (read_all(station_files([at])).series[2].theta for at in (tmp_path, folder))
    known = np.isfinite(exact + off)
    difference = float(np.abs(exact - off)[known].mean())
    # More than the rounding of the files, less than the range of soils.
    assert 0.002 < difference < 0.15


def test_places_lie_in_the_county_apart_and_on_dry_land() -> None:
    county = County.from_seed(7)
    places = station_places(county, 7, 14)
    for i, one in enumerate(places):
        assert WEST < one.lon < EAST
        assert SOUTH < one.lat < NORTH
        for other in places[:i]:
            assert distance_km(one.lat, one.lon, other.lat, other.lon) >= 0.9
    cover = county.land_cover(
        np.array([one.lon for one in places]), np.array([one.lat for one in places])
    )
    assert not set(cover.tolist()) & {11, 21, 22}


def test_more_stations_than_there_is_room_for_are_refused() -> None:
    with pytest.raises(RequestError, match="do not fit"):
        station_places(County.from_seed(7), 7, 400)


def test_soil_temperature_is_damped_with_depth() -> None:
    day = np.arange(730)
    air = 10.0 + 12.0 * np.sin(2 * np.pi * day / 365) + 5.0 * np.sin(2 * np.pi * day / 7)
    spread = soil_temperature_degc(air)[365:].std(axis=0)
    # A running mean over more days takes more of every wave away.
    assert all(upper > lower for upper, lower in pairwise(spread))
