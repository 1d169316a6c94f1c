"""Point models on a small made-up network of stations whose levels and ups and downs are known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
import torch

from rootzone._shared.errors import RequestError
from rootzone.inversion.soil_layers import soil_of_station
from rootzone.learning.evaluation.compare import compare
from rootzone.learning.evaluation.metrics import skill_table
from rootzone.learning.points.levels import place_means, place_traits, ridge_level
from rootzone.learning.points.report import as_text
from rootzone.learning.points.run_skill import SkillSettings, point_predictions
from rootzone.learning.points.samples import (
    LEVEL_ONLY,
    PointStation,
    columns_of,
    fading_memory,
    point_table,
    soil_traits,
)
from rootzone.learning.points.tcn import TcnSettings, daily_inputs, predict_tcn, train_tcn
from rootzone.learning.points.trees import (
    TreeSettings,
    folds_of,
    tree_anomalies,
)
from rootzone.stations.station_forcing import StationForcing

DAYS = 1096
FIRST = date(2020, 1, 1).toordinal() - date(1970, 1, 1).toordinal()
QUICK = TcnSettings(channels=8, dilations=(1, 4), steps=5, batch=4, window_days=64)
TREES = TreeSettings(rounds=40)
FIGURES = SkillSettings(splits=("stations",), folds=3, trees=TREES, tcn=QUICK)


def forcing_of(rain_per_day_mm: float, seed: int) -> StationForcing:
    rng = np.random.default_rng(seed)
    n = DAYS + 365
    season = np.sin(2 * np.pi * (np.arange(n) - 100) / 365.25)
    rain = np.where(rng.random(n) < 0.25, rng.exponential(4.0 * rain_per_day_mm, n), 0.0)
    columns = {
        "rain_mm": rain, "eo_mm": 3.0 + 2.0 * season, "tmax_degc": 18.0 + 12.0 * season,
        "tmin_degc": 6.0 + 10.0 * season, "radn_mj_m2": 15.0 + 9.0 * season,
    }  # fmt: skip
    return StationForcing(FIRST - 365, columns, 365, (2020, 2021, 2022), {})


def station(number: int) -> PointStation:
    """Level 0.05 to 0.30 by the place's rain; ups and downs by the rain of the last weeks."""
    forcing = forcing_of(1.0 + 0.5 * number, number)
    record = slice(365, None)
    columns = {name: column[record] for name, column in columns_of(forcing).items()}
    wet = columns["rain_memory_20d_mm"] / columns["rain_memory_20d_mm"].mean() - 1.0
    theta = 0.05 + 0.025 * number + 0.03 * np.tanh(wet)
    loam = 0.2 + 0.02 * np.tanh(wet)
    theta[number::7] = np.nan
    return PointStation(
        "N", f"s{number}", forcing.day[record], theta, columns, {"loam": loam}, "BSk"
    )


@pytest.fixture(scope="module")
def stations() -> list[PointStation]:
    torch.set_num_threads(1)
    return [station(number) for number in range(9)]


def test_a_fading_memory_of_one_wet_day_falls_to_1_over_e_in_its_time() -> None:
    # Of an impulse the weights are (1 - q) q^k with q = exp(-1/5): ratio over 5 days is 1/e.
    rain = np.zeros(20)
    rain[4] = 10.0
    memory = fading_memory(rain, 5.0)
    assert memory[3] == 0.0
    assert memory[4] == pytest.approx(10.0 * (1.0 - np.exp(-0.2)))
    assert memory[9] / memory[4] == pytest.approx(np.exp(-1.0))


def test_columns_know_the_past_only() -> None:
    forcing = forcing_of(1.0, 3)
    later = {name: values.copy() for name, values in forcing.columns.items()}
    later["rain_mm"][800:] += 50.0
    one, other = columns_of(forcing), columns_of(replace(forcing, columns=later))
    for name in one:
        if "per_year" in name or name == "warm_rain_share":  # the place's climate, all years
            continue
        np.testing.assert_array_equal(one[name][:800], other[name][:800], err_msg=name)


def test_sums_over_a_year_are_there_from_the_first_day_of_the_record(
    stations: list[PointStation],
) -> None:
    table = point_table(stations)
    assert np.isfinite(table.x).all()
    one = stations[0]
    total = forcing_of(1.0, 0).columns["rain_mm"][1:366].sum()  # 365 days up to the first
    assert one.columns["rain_365d_mm"][0] == pytest.approx(total)


def test_a_table_holds_days_with_values_and_no_labels_unless_told(
    stations: list[PointStation],
) -> None:
    table = point_table(stations)
    assert len(table.y) == sum(int(one.known.sum()) for one in stations)
    assert "theta_loam" in table.names
    assert "theta_inverted" not in table.names
    soiled = [replace(one, simulated={**one.simulated, "inverted": one.theta}) for one in stations]
    assert "theta_inverted" not in point_table(soiled).names
    assert "theta_inverted" in point_table(soiled, with_inverted=True).names


def test_ridge_is_the_textbook_one_and_looks_at_training_places_only() -> None:
    rng = np.random.default_rng(0)
    traits = rng.normal(size=(30, 3))
    mean = 0.2 + 0.05 * traits[:, 0] + 0.001 * rng.normal(size=30)
    train = np.arange(30) < 25
    level = ridge_level(traits, mean, train)
    # The signal is strong, so leave-one-out picks the least penalty of 1: with standardised traits
    # that shrinks the slope by 25/26.
    slope = np.polyfit(traits[~train, 0], level[~train], 1)[0]
    assert slope == pytest.approx(0.05 * 25 / 26, rel=0.02)
    shuffled = np.where(train, mean, 99.0)
    np.testing.assert_array_equal(level, ridge_level(traits, shuffled, train))


def test_ridge_of_noise_is_nearly_the_mean() -> None:
    rng = np.random.default_rng(1)
    traits, mean = rng.normal(size=(40, 5)), 0.2 + 0.05 * rng.normal(size=40)
    level = ridge_level(traits, mean, np.ones(40, dtype=bool))
    assert np.std(level) < 0.5 * np.std(mean)
    assert ridge_level(traits, mean, np.arange(40) < 2).tolist() == [mean[:2].mean()] * 40


def test_a_level_that_goes_as_the_exponential_of_a_trait_is_found_in_other_scales() -> None:
    # A line in water content misses an exponential by its bend; its logarithm has none.
    trait = np.linspace(-1.5, 1.5, 40)[:, None]
    mean = 0.12 * np.exp(0.8 * trait[:, 0])
    train = np.arange(40) % 4 > 0
    line = np.polyval(np.polyfit(trait[train, 0], mean[train], 1), trait[:, 0])
    level = ridge_level(trait, mean, train)
    misses = [np.sqrt(np.mean((one - mean)[~train] ** 2)) for one in (level, line)]
    assert misses[0] < 0.6 * misses[1]
    assert (level > 0.0).all()
    assert (line < 0.05).any()  # it is far too dry where the others are dry


def test_trees_never_see_held_out_values(stations: list[PointStation]) -> None:
    table = point_table(stations)
    train = table.station < 6
    anomaly = table.y - place_means([one.theta for one in stations])[table.station]
    one = tree_anomalies(table, anomaly, train, ~train, TREES, 1)
    other = tree_anomalies(table, np.where(train, anomaly, 9.0), train, ~train, TREES, 1)
    np.testing.assert_array_equal(one, other)
    assert np.isnan(one[train]).all()
    assert np.corrcoef(one[~train], anomaly[~train])[0, 1] > 0.9


def test_the_network_knows_the_past_only_and_its_reach(stations: list[PointStation]) -> None:
    model = train_tcn(stations[:2], [one.theta - 0.1 for one in stations[:2]], QUICK, 1)
    one = stations[0]
    assert QUICK.reach_days == 15  # (4 - 1) (1 + 4)
    rain = one.columns["rain_mm"].copy()
    rain[500] += 80.0
    changed = predict_tcn(
        model, replace(one, columns={**one.columns, "rain_mm": rain}), QUICK
    ) != predict_tcn(model, one, QUICK)
    assert changed[500:516].any()
    assert not changed[:500].any()
    assert not changed[516:].any()


def test_the_network_is_the_same_for_the_same_seed_and_leaves_torch_alone(
    stations: list[PointStation],
) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    runs = [
        predict_tcn(
            train_tcn(stations[:2], [s.theta for s in stations[:2]], QUICK, 3), stations[2], QUICK
        )
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*runs)
    assert torch.equal(before, torch.get_rng_state())
    assert daily_inputs(stations[0], 15).shape[1] == DAYS + 15


def test_the_network_learns_what_the_rain_of_weeks_does(stations: list[PointStation]) -> None:
    quick = replace(QUICK, steps=400)
    targets = [one.theta - np.nanmean(one.theta) for one in stations]
    others = [i for i in range(9) if i != 4]
    model = train_tcn([stations[i] for i in others], [targets[i] for i in others], quick, 1)
    found, known = predict_tcn(model, stations[4], quick), stations[4].known
    assert np.corrcoef(found[known], targets[4][known])[0, 1] > 0.8


def test_folds_are_even_and_from_the_seed() -> None:
    fold = folds_of(72, 8, 1)
    assert np.bincount(fold).tolist() == [9] * 8
    assert fold.tolist() == folds_of(72, 8, 1).tolist() != folds_of(72, 8, 2).tolist()


def test_every_station_is_asked_once_and_by_models_that_never_saw_it(
    stations: list[PointStation],
) -> None:
    found = point_predictions(stations, FIGURES)
    trees = found.filter(pl.col("model") == "lightgbm")
    assert trees.height == sum(int(one.known.sum()) for one in stations)
    # Another value at one station moves nothing of what is predicted there ...
    wetter = [replace(one, theta=one.theta + 0.1 * (i == 4)) for i, one in enumerate(stations)]
    again = point_predictions(wetter, FIGURES)
    for model in ("lightgbm", "tcn", "climatology_others", "loam_simulation"):
        here = pl.col("place") == "N:s4", pl.col("model") == model
        assert again.filter(*here)["predicted"].equals(found.filter(*here)["predicted"])
    # ... except by the line that is told its level, and its own climatology.
    here = pl.col("place") == "N:s4", pl.col("model") == "lightgbm_level_told"
    moved = again.filter(*here)["predicted"] - found.filter(*here)["predicted"]
    assert moved.mean() == pytest.approx(0.1)


def test_own_climatology_of_a_left_out_station_leaves_the_days_own_year_out(
    stations: list[PointStation],
) -> None:
    one = stations[0]
    jump = np.where(one.year == 2021, 0.4, one.theta)
    found = point_predictions([replace(one, theta=jump), *stations[1:]], FIGURES)
    own = found.filter(
        pl.col("place") == "N:s0",
        pl.col("model") == "climatology_own",
        pl.col("date").dt.year() == 2021,
    )
    assert own["predicted"].max() < 0.2


def test_later_years_are_held_out_and_dates_do_not_meet(stations: list[PointStation]) -> None:
    found = point_predictions(
        stations[:3], replace(FIGURES, splits=("years", "season_dates", "blocked_dates"))
    )
    years = found.filter(pl.col("split") == "years")["date"].dt.year().unique().to_list()
    assert years == [2022]  # 2020 and 2021 train: the first half of three, rounded up
    dates = found.filter(pl.col("split") == "season_dates", pl.col("model") == "tcn")
    # 20 % of the dates of each season and year test.
    assert dates["date"].n_unique() == pytest.approx(0.2 * DAYS, rel=0.05)


def test_with_a_known_level_only_ups_and_downs_are_left_to_miss(
    stations: list[PointStation],
) -> None:
    found = point_predictions(stations, FIGURES)
    skill = skill_table(found, repeats=50)
    rmse = {
        row["model"]: row["rmse"]
        for row in skill.filter(pl.col("group_kind") == "all").iter_rows(named=True)
    }
    assert rmse["lightgbm_level_told"] < rmse["lightgbm"] < rmse["climatology_others"]
    text = as_text(skill, compare(found, repeats=50, model="lightgbm"))
    assert "0.042" in text
    assert "| LightGBM | 9 |" in text
    assert "LightGBM against raw simulation, assumed loam: MAE" in text


def test_fewer_stations_than_folds_and_no_values_are_refused(
    stations: list[PointStation],
) -> None:
    with pytest.raises(RequestError, match="fewer than the 3 parts"):
        point_predictions(stations[:2], FIGURES)
    empty = [replace(one, theta=np.full(DAYS, np.nan)) for one in stations]
    with pytest.raises(RequestError, match="No station has a good value"):
        point_table(empty)
    with pytest.raises(RequestError, match="none of stations, years"):
        point_predictions(stations, replace(FIGURES, splits=("weeks",)))


def test_measured_textures_speak_of_the_level_and_not_of_its_ups_and_downs() -> None:
    rows = pl.DataFrame(
        {
            "network": "N", "station": "a", "top_mm": [0.0, 100.0], "bottom_mm": [100.0, 400.0],
            "sand_pct": [60.0, 40.0], "silt_pct": [30.0, 35.0], "clay_pct": [10.0, 25.0],
            "bd_g_cm3": [1.3, 1.5], "standing": "measured", "source": "",
        }
    )  # fmt: skip
    traits = soil_traits(soil_of_station(rows, (50.0,) * 4 + (100.0,) * 10))
    assert traits[f"{LEVEL_ONLY}sand_pct_5cm"] == pytest.approx(60.0)
    assert traits[f"{LEVEL_ONLY}clay_pct_20cm"] == pytest.approx(25.0)
    assert np.isnan(traits[f"{LEVEL_ONLY}sand_pct_100cm"])  # the deepest sample ends at 40 cm
    places = [replace(station(1), soil=traits), station(2)]
    assert not any(name.startswith(LEVEL_ONLY) for name in point_table(places).names)
    # Seven numbers of climate; sand, clay and density at 5 and 20 cm, that none has at 100 cm left
    # out; whether any is known. One station alone has no departure from those that have soils.
    found = place_traits(places)
    assert found.shape == (2, 7 + 6 + 1)
    assert found[0, 7:].tolist() == [0.0] * 6 + [1.0]
    assert found[1, 7:].tolist() == [0.0] * 7


def test_a_level_without_any_measured_soil_is_guessed_from_climate_alone() -> None:
    assert place_traits([station(1), station(2)]).shape == (2, 7)
