"""The inversion, on stations whose soil is known because the engine made their readings."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

import rootzone as rz
from rootzone._shared.errors import RequestError
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.settings import default_settings
from rootzone.inversion.column_runs import ColumnSetup, as_observed, simulated_at_depths
from rootzone.inversion.corrections import Prior
from rootzone.inversion.invert_station import Inversion, invert_station
from rootzone.inversion.observations import InversionRules, divide_years
from rootzone.inversion.run_inversions import run_inversions
from rootzone.inversion.scores import scores_of
from rootzone.inversion.summary import (
    as_markdown,
    inversion_frame,
    score_frame,
    summarise,
)
from rootzone.inversion.triangle import SearchPlan, Texture
from rootzone.stations.series import (
    MEAN_LST,
    Place,
    SensorSeries,
    StationData,
)
from rootzone.stations.station_forcing import station_forcing
from rootzone.stations.station_table import station_frame

DAYS = 1096  # 2021 to 2023
DEPTHS_M = (0.05, 0.20)
QUICK = InversionRules(depths_m=DEPTHS_M, plan=SearchPlan(25, (10, 5), 1))


@pytest.fixture(scope="module")
def setup() -> ColumnSetup:
    settings = default_settings("van_genuchten", "converged")
    return ColumnSetup(SwimEngine(settings, threads=1), thickness_mm=(50.0,) * 4 + (200.0,) * 3)


@pytest.fixture(scope="module")
def weather() -> pl.DataFrame:
    rng = np.random.default_rng(11)
    season = np.sin(2 * np.pi * (np.arange(DAYS) - 100) / 365.25)
    rain = np.where(rng.random(DAYS) < 0.25, rng.exponential(8.0, DAYS), 0.0)
    return pl.DataFrame(
        {
            "network": "N",
            "station": "a",
            "date": [date(2021, 1, 1) + timedelta(days=i) for i in range(DAYS)],
            "rain_mm": rain,
            "tmax_degc": 18.0 + 12.0 * season,
            "tmin_degc": 6.0 + 10.0 * season,
            "radn_mj_m2": 15.0 + 9.0 * season,
        }
    )


def station_of(texture: Texture, setup: ColumnSetup, weather: pl.DataFrame) -> pl.DataFrame:
    """A station whose sensors read what the engine computes for a texture."""
    forcing = station_forcing(weather)
    theta = simulated_at_depths([(texture,)], forcing, setup, DEPTHS_M, MEAN_LST)[0]
    record = slice(forcing.spin_up_d, None)
    time = forcing.day[record].astype("datetime64[D]").astype("datetime64[m]")
    data = StationData(
        series=[
            SensorSeries(Place("N", "a"), depth, time, theta[record, i], MEAN_LST)
            for i, depth in enumerate(DEPTHS_M)
        ]
    )
    return station_frame(data, ["range"])


@pytest.fixture(scope="module")
def found(setup: ColumnSetup, weather: pl.DataFrame) -> Inversion:
    return invert_station(station_of((60, 25), setup, weather), weather, setup, QUICK)


def test_the_soil_that_made_the_readings_is_found(found: Inversion) -> None:
    # A perfect model is recovered: the texture to the last step of the search, the error to 0.
    sand, silt = found.best[0]
    assert (sand, silt) == pytest.approx((60, 25), abs=5)
    assert found.cost < 0.004
    assert found.cost < found.loam_cost


def test_training_and_held_out_years_are_apart(found: Inversion) -> None:
    assert found.years == (2021, 2022, 2023)
    assert found.training_years == (2021, 2022)
    assert found.held_out_years == (2023,)


def test_held_out_scores_of_a_perfect_model_are_nearly_perfect(found: Inversion) -> None:
    rows = {
        (row.soil, row.depth_m): row.skill
        for row in scores_of(found)
        if row.years == "held_out" and row.season == "all"
    }
    assert {soil for soil, _ in rows} == {"loam", "inverted", "climatology"}
    assert rows["inverted", 0.20].r > 0.99
    assert rows["inverted", 0.20].rmse < rows["loam", 0.20].rmse
    # One reading a day of 2023, at each depth.
    assert rows["loam", 0.20].n == 365


def test_over_all_years_only_the_loam_is_scored(found: Inversion) -> None:
    # The others were made from half of those years.
    assert {row.soil for row in scores_of(found) if row.years == "all"} == {"loam"}


def test_workers_do_not_change_a_number(setup: ColumnSetup, weather: pl.DataFrame) -> None:
    table = station_of((60, 25), setup, weather)
    both = pl.concat([table, table.with_columns(pl.lit("b").alias("station"))])
    own = pl.concat([weather, weather.with_columns(pl.lit("b").alias("station"))])
    quick = InversionRules(depths_m=DEPTHS_M, plan=SearchPlan(50, (), 1))
    one, two = run_inversions(both, own, setup, quick)
    assert one.found is not None
    assert two.found is not None
    assert one.found.tried == two.found.tried


def test_a_station_without_weather_is_told_and_the_others_go_on(
    setup: ColumnSetup, weather: pl.DataFrame
) -> None:
    table = station_of((60, 25), setup, weather)
    both = pl.concat([table.with_columns(pl.lit("b").alias("station")), table])
    quick = InversionRules(depths_m=DEPTHS_M, plan=SearchPlan(50, (), 1))
    without, with_weather = run_inversions(both, weather, setup, quick)
    assert without.found is None
    assert "shorter than a year" in without.problem
    assert with_weather.found is not None


def test_two_zones_get_a_texture_each(setup: ColumnSetup, weather: pl.DataFrame) -> None:
    zoned = ColumnSetup(setup.engine, thickness_mm=setup.thickness_mm, zone_bottom_mm=(150.0, 1e9))
    assert zoned.zone_of_layer().tolist() == [0, 0, 0, 1, 1, 1, 1]
    table = station_of((60, 25), setup, weather)
    quick = InversionRules(depths_m=DEPTHS_M, plan=SearchPlan(50, (10,), 1))
    two = invert_station(table, weather, zoned, quick)
    one = invert_station(table, weather, setup, quick)
    assert len(two.best) == 2
    assert two.cost <= one.cost  # more freedom never costs more in training


def test_an_objective_without_the_level_ignores_a_shift(
    setup: ColumnSetup, weather: pl.DataFrame
) -> None:
    table = station_of((60, 25), setup, weather).with_columns(pl.col("theta") + 0.08)
    plan = SearchPlan(25, (10, 5), 1)
    shifted = InversionRules(depths_m=DEPTHS_M, plan=plan, objective="ubrmse")
    found = invert_station(table, weather, setup, shifted)
    assert found.best[0] == pytest.approx((60, 25), abs=5)


def test_an_unknown_objective_is_refused(setup: ColumnSetup, weather: pl.DataFrame) -> None:
    table = station_of((60, 25), setup, weather)
    with pytest.raises(RequestError, match="none of rmse, ubrmse"):
        invert_station(table, weather, setup, InversionRules(objective="r"))


def test_too_few_good_values_at_20_cm_make_no_station_year(
    setup: ColumnSetup, weather: pl.DataFrame
) -> None:
    table = station_of((60, 25), setup, weather).filter(pl.col("date").dt.ordinal_day() < 180)
    with pytest.raises(RequestError, match="no year has usable weather and 180 good values"):
        invert_station(table, weather, setup, QUICK)


def test_a_single_station_year_trains_nothing() -> None:
    assert divide_years([2020]) == ((), (2020,))


def test_wanted_training_years_are_taken_where_they_exist() -> None:
    assert divide_years([2012, 2013, 2014], [2013, 1999]) == ((2013,), (2012, 2014))


def test_readings_at_midnight_belong_to_the_day_before() -> None:
    ends = np.array([[0.1], [0.2], [0.4]])
    assert as_observed(ends, "start_lst")[:, 0][1:].tolist() == [0.1, 0.2]
    assert as_observed(ends, "mean_lst")[:, 0][1:].tolist() == pytest.approx([0.15, 0.3])


def test_the_summary_is_a_median_over_stations(found: Inversion) -> None:
    scores = score_frame(scores_of(found), DEPTHS_M)
    summary = summarise(scores, seed=1)
    row = summary.filter(
        pl.col("years") == "held_out",
        pl.col("season") == "all",
        pl.col("soil") == "inverted",
        pl.col("nominal_depth_m") == 0.20,
    ).row(0, named=True)
    assert (row["stations"], row["days"]) == (1, 365)
    assert np.isnan(row["r_low"])  # one station has no interval
    assert "| 20 cm | inverted | 1 |" in as_markdown(summary, "held_out")
    assert inversion_frame([found])["sand_pct_zone_1"][0] == found.best[0][0]


def test_a_measured_soil_is_corrected_toward_the_readings_and_stays_near(
    setup: ColumnSetup, weather: pl.DataFrame
) -> None:
    # Readings of 60 % sand, 25 % silt; the sample says sandier, so the truth holds more water.
    # One more sample makes 112 %: it is told, and the rest goes on.
    samples = {"network": "N", "station": "a", "depth_mm": [50.0, 200.0, 900.0, 500.0],
               "bd_g_cm3": 1.4, "sand_pct": [72.0, 74.0, 73.0, 80.0],
               "silt_pct": [18.0, 17.0, 18.0, 20.0],
               "clay_pct": [10.0, 9.0, 9.0, 12.0]}  # fmt: skip
    soils = {key: np.broadcast_to(value, 4) for key, value in samples.items()}
    found = rz.invert(
        station_of((60, 25), setup, weather), weather, soils=soils, depths_m=DEPTHS_M, snow=False
    )
    assert "112.0 %" in found.not_inverted["soil of N a, 500 mm"]
    one = found["a"]
    assert one.correction is not None
    held_out = np.isin(one.day.astype("datetime64[D]").astype("datetime64[Y]").astype(int) + 1970,
                       one.held_out_years)  # fmt: skip
    error = {
        name: float(np.nanmean(np.abs(getattr(one, name)[held_out] - one.observed[held_out])))
        for name in ("measured", "inverted")
    }
    assert error["inverted"] < 0.5 * error["measured"]
    assert one.correction.log_water[0] > 0.0
    assert one.correction.penalty(Prior()) < 12.0  # six numbers, two standard deviations at most
