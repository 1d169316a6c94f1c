"""Skill tables, on few numbers that can be added up by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from rootzone._shared.skill import PairSums
from rootzone.learning.evaluation.metrics import (
    coverage,
    pooled_intervals,
    skill_table,
    spread_over_seeds,
)
from rootzone.learning.evaluation.tables import PREDICTIONS, SKILL

DAYS = [dt.date(2023, 1, 1) + dt.timedelta(days=i) for i in range(40)]


def predictions(
    errors: dict[str, float], *, seed: int = 1, source: str = "station", half_width: float = np.nan
) -> pl.DataFrame:
    """Places whose observations rise from 0.1 to 0.3 over 40 days, each with its constant error."""
    observed = np.linspace(0.1, 0.3, 40)
    frames = []
    for place, error in errors.items():
        frames.append(
            pl.DataFrame(
                {
                    "source": source, "model": "unet", "split": "stations", "part": "test",
                    "place": place, "row": 0, "col": 0, "date": DAYS, "depth_mm": 200.0,
                    "observed": observed, "predicted": observed + error,
                    "low": observed + error - half_width, "high": observed + error + half_width,
                    "interval_pct": 90.0,
                    "season": ["DJF"] * 35 + ["MAM"] * 5, "land_cover": "Grass",
                    "climate_class": None, "texture_class": "loam", "seed": seed,
                },
                schema_overrides={"climate_class": pl.String},
            )
        )  # fmt: skip
    return pl.concat(frames)


def row(table: pl.DataFrame, kind: str, group: str) -> dict[str, float]:
    found = table.filter(pl.col("group_kind") == kind, pl.col("group") == group)
    assert found.height == 1
    return found.row(0, named=True)


def test_pooled_and_median_figures_differ_as_they_must() -> None:
    # Constant errors 0.01, 0.02, 0.06 over equally many days. Pooled: bias 0.03, RMSE
    # sqrt((1 + 4 + 36) e-4 / 3), ubRMSE^2 = RMSE^2 - 9e-4. Medians of stations: bias 0.02,
    # ubRMSE 0, because each station's error is constant.
    table = skill_table(predictions({"a": 0.01, "b": 0.02, "c": 0.06}), repeats=50)
    pooled, median = row(table, "all", "all"), row(table, "per_station", "median")
    assert pooled["bias"] == pytest.approx(0.03)
    assert pooled["rmse"] == pytest.approx(np.sqrt(41e-4 / 3))
    assert pooled["ubrmse"] == pytest.approx(np.sqrt(41e-4 / 3 - 9e-4))
    assert median["bias"] == pytest.approx(0.02)
    assert median["ubrmse"] == pytest.approx(0.0, abs=1e-8)
    assert median["r"] == pytest.approx(1.0)
    assert (pooled["n"], pooled["n_place"]) == (120, 3)


def test_r2_of_a_constant_error_by_hand() -> None:
    # SSE/n = 0.01^2; the variance of 40 even steps from 0.1 to 0.3 is d^2 (n^2 - 1)/12 with
    # d = 0.2/39.
    table = skill_table(predictions({"a": 0.01}), repeats=5)
    variance = (0.2 / 39) ** 2 * (40**2 - 1) / 12
    assert row(table, "station", "a")["r2"] == pytest.approx(1 - 1e-4 / variance)


def test_groups_with_few_pairs_have_no_figures_but_are_counted() -> None:
    # 5 days of MAM at one place, fewer than 30; 35 of DJF.
    table = skill_table(predictions({"a": 0.01}), repeats=5)
    assert row(table, "season", "MAM")["n"] == 5
    assert row(table, "season", "MAM")["rmse"] is None
    assert row(table, "season", "DJF")["rmse"] == pytest.approx(0.01)
    assert table.filter(pl.col("group_kind") == "climate_class").is_empty()


def test_constant_observations_have_an_error_but_no_r() -> None:
    flat = predictions({"a": 0.01}).with_columns(observed=0.2, predicted=0.23)
    found = row(skill_table(flat, repeats=5), "all", "all")
    assert found["mae"] == pytest.approx(0.03)
    assert (found["r"], found["r2"], found["kge"]) == (None, None, None)


def test_an_interval_over_stations_needs_three_and_holds_the_figure() -> None:
    two = row(skill_table(predictions({"a": 0.0, "b": 0.1})), "all", "all")
    assert two["bias_low"] is None
    many = {f"s{i}": 0.01 * i for i in range(10)}
    ten = row(skill_table(predictions(many)), "all", "all")
    assert ten["bias_low"] < ten["bias"] < ten["bias_high"]
    # The mean of 10 stations with standard deviation 0.0287 has a standard error of 0.0091, so the
    # interval is some 4 x 0.0091 wide; drawing days instead would give 4 x 0.0287/20 = 0.006.
    assert ten["bias_high"] - ten["bias_low"] == pytest.approx(0.036, rel=0.15)


def test_pooled_intervals_are_those_of_a_plain_bootstrap_of_places() -> None:
    rng = np.random.default_rng(2)
    place = np.repeat(np.arange(8), 50)
    observed = rng.uniform(0.1, 0.4, 400)
    predicted = observed + rng.normal(0, 0.02, 400) + 0.03 * rng.normal(size=8)[place]
    low, high = pooled_intervals(
        PairSums.of(predicted, observed, place), np.random.default_rng(0), repeats=2000
    )
    drawn = []
    for _ in range(2000):
        taken = np.concatenate([np.flatnonzero(place == k) for k in rng.integers(0, 8, 8)])
        drawn.append(np.sqrt(np.mean((predicted[taken] - observed[taken]) ** 2)))
    assert low["rmse"] == pytest.approx(np.quantile(drawn, 0.025), abs=0.0015)
    assert high["rmse"] == pytest.approx(np.quantile(drawn, 0.975), abs=0.0015)


def test_coverage_counts_ends_and_skips_rows_without_an_interval() -> None:
    frame = pl.DataFrame(
        {
            "observed": [0.10, 0.20, 0.30, 0.40],
            "low": [0.10, 0.21, 0.25, None],
            "high": [0.20, 0.30, 0.35, 0.50],
            "interval_pct": [90.0] * 4,
        }
    )
    assert coverage(frame) == {
        "coverage": pytest.approx(2 / 3), "interval_pct": 90.0, "n_interval": 3
    }  # fmt: skip


def test_coverage_by_season_stands_in_the_table() -> None:
    # Errors 0.01 (inside +-0.02) and 0.03 (outside) at two places: half are covered.
    table = skill_table(predictions({"a": 0.01, "b": 0.03}, half_width=0.02), repeats=5)
    assert row(table, "season", "DJF")["coverage"] == pytest.approx(0.5)
    assert row(table, "station", "b")["coverage"] == 0.0


def test_simulated_sites_are_pooled_but_not_listed_one_by_one() -> None:
    table = skill_table(predictions({"1": 0.01, "2": 0.02}, source="simulated"), repeats=5)
    assert table.filter(pl.col("group_kind") == "station").is_empty()
    assert row(table, "all", "all")["n"] == 80


def test_the_table_has_the_columns_of_its_schema_and_rows_without_values_do_not_count() -> None:
    frame = predictions({"a": 0.01})
    assert set(frame.columns) == set(PREDICTIONS.by_name)
    half = frame.with_columns(
        pl.when(pl.int_range(pl.len()) % 2 == 0).then(pl.col("predicted")).alias("predicted")
    )
    table = skill_table(half, repeats=5)
    assert table.columns == list(SKILL.by_name)
    assert row(table, "all", "all")["n"] == 20


def test_spread_over_seeds_is_that_of_the_figures() -> None:
    # Biases 0.01 and 0.03: mean 0.02, standard deviation 0.02/sqrt(2).
    table = skill_table(
        pl.concat([predictions({"a": 0.01}, seed=1), predictions({"a": 0.03}, seed=2)]), repeats=5
    )
    found = spread_over_seeds(table).filter(pl.col("group_kind") == "all").row(0, named=True)
    assert found["seeds"] == 2
    assert found["bias"] == pytest.approx(0.02)
    assert found["bias_sd"] == pytest.approx(0.02 / np.sqrt(2))
