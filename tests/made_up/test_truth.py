"""The truth at every pixel of the made-up county is what its stations sample."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from rootzone.covariates.grid import MasterGrid
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.settings import default_settings
from rootzone.made_up.county_fields import County
from rootzone.made_up.stations import Draws, Errors, station_generator, station_places
from rootzone.made_up.truth import TruthFields, read_truth, write_truth
from rootzone.made_up.write_county import county_weather

_DAYS = (date(2023, 1, 20), date(2023, 3, 15))


def test_the_fields_pass_through_the_draws_of_the_stations() -> None:
    county = County.from_seed(7)
    fields = TruthFields.of(county, 7, 6, 365)
    places = station_places(county, 7, 6)
    lon, lat = (np.array([getattr(p, axis) for p in places]) for axis in ("lon", "lat"))
    drawn = [Draws.of(station_generator(7, i), 365) for i in range(6)]
    wanted = [[d.texture[0], d.texture[2], d.log10_ks, d.rain_year, d.pet] for d in drawn]
    assert fields.at(lon, lat) == pytest.approx(np.array(wanted), abs=1e-9)


def test_the_fields_are_standard_normal_far_from_stations() -> None:
    rng = np.random.default_rng(0)
    lon, lat = rng.uniform(-105.28, -105.16, 4000), rng.uniform(40.02, 40.11, 4000)
    told = np.concatenate(
        [TruthFields.of(County.from_seed(s), s, 0, 365).at(lon, lat) for s in range(6)]
    )
    # Waves of up to 6 km in a box of 10: six counties hold many independent places.
    assert np.abs(told.mean(axis=0)).max() < 0.3
    assert told.std(axis=0) == pytest.approx(np.ones(5), abs=0.2)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MasterGrid]:
    folder = tmp_path_factory.mktemp("truth")
    grid = MasterGrid.for_bounds((-105.2, 40.05, -105.193, 40.055), tile_px=8)
    engine = SwimEngine(default_settings("van_genuchten", "converged"), threads=1)
    write_truth(folder, grid, 7, [2023], _DAYS, [200.0], engine, errors=replace(
        Errors(), log10_ks=0.0, texture=0.0, log_rain_year=0.0, log_pet=0.0))  # fmt: skip
    return folder, grid


def test_without_errors_the_truth_is_the_engine_with_the_mapped_soil(
    written: tuple[Path, MasterGrid],
) -> None:
    # The same column, run by itself as a station of the county without errors.
    from rootzone._shared.profile_depths import mid_depths_mm
    from rootzone.inversion.column_runs import THICKNESS_MM
    from rootzone.made_up.stations import _true_theta, true_soils

    folder, grid = written
    row, col = np.array([grid.height // 2]), np.array([grid.width // 3])
    lon, lat = grid.lon_lat(row, col)
    sky = county_weather(7, 2023)
    cell = sky.nearest(float(lat[0]), float(lon[0]))
    middle_cm = (mid_depths_mm(THICKNESS_MM) / 10.0).tolist()
    mapped = np.moveaxis(np.array(County.from_seed(7).texture_pct(lon, lat, middle_cm)), 2, 0)
    soil = true_soils(mapped, np.zeros_like(mapped), np.ones(1))
    assert soil is not None
    engine = SwimEngine(default_settings("van_genuchten", "converged"), threads=1)
    theta = _true_theta(soil, sky.day, cell["pr"], cell["pet"], sky.day.size, engine, "here")
    for day in _DAYS:
        field = read_truth(folder, 200.0, day)
        assert field is not None
        at = day.timetuple().tm_yday - 1
        # 20 cm is the third probe; 0.002 is what is asked between simulated columns.
        assert field[row[0], col[0]] == pytest.approx(theta[at, 2], abs=0.003)


def test_a_day_that_was_not_written_is_unknown(written: tuple[Path, MasterGrid]) -> None:
    assert read_truth(written[0], 200.0, date(2023, 7, 1)) is None
