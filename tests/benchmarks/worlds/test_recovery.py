"""The experiments on made-up worlds: their sums by hand, and one small run of each."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from benchmarks.worlds.held_out_soils import compare_losses, outside_of, prepare_held_out
from benchmarks.worlds.landscape import WorldSettings
from benchmarks.worlds.recovery import (
    RecoverySettings,
    Scores,
    Setup,
    evenly,
    prepare,
    train_boosted,
    train_network,
)
from benchmarks.worlds.stations_world import (
    MixedRun,
    MixingSettings,
    prepare_stations,
    run_mix,
    simulator_scores,
    table_of,
)
from rootzone.campaign.learning_section import Learning

WORLD = WorldSettings(tiles=2, first="2023-01-01", last="2023-03-31")
SMALL = RecoverySettings(
    WORLD, widths=(2, 2, 2), steps=4, epochs=2, batch_size=2, unlabelled=20, test_dates=3,
    loss=Learning(psi_space="log"),
)  # fmt: skip


@cache
def setup() -> Setup:
    return prepare(SMALL)


def test_scores_by_hand() -> None:
    # errors 0.01, -0.01, 0.03 and 0.01; truth 0.1, 0.2, 0.2, 0.3 with SST 0.02 and SSE 0.0012
    scores = Scores.of(np.array([0.11, 0.19, 0.23, 0.31]), np.array([0.1, 0.2, 0.2, 0.3]))
    assert scores.r2 == pytest.approx(1.0 - 0.0012 / 0.02)
    assert scores.mae == pytest.approx(0.015)
    assert scores.rmse == pytest.approx(np.sqrt(0.0003))
    assert scores.bias == pytest.approx(0.01)


def test_labels_cover_the_papers_share_and_hidden_pixels_have_none() -> None:
    made = setup()
    assert made.labels.row.size == 28  # 0.17 % of 128 x 128
    pixels = {(int(r), int(c)) for r, c in zip(made.labels.row, made.labels.col, strict=True)}
    hidden = {(int(r), int(c)) for r, c in zip(made.hidden.row, made.hidden.col, strict=True)}
    assert len(hidden) == 20
    assert not pixels & hidden


def test_scored_dates_are_dates_that_were_not_trained_on() -> None:
    made = setup()
    assert made.scored.size == 3
    assert not set(made.scored.tolist()) & set(made.dates["train"].tolist())
    assert sum(dates.size for dates in made.dates.values()) == 90


def test_dates_are_spread_evenly() -> None:
    assert evenly(np.arange(100, 111), 3).tolist() == [100, 105, 110]
    assert evenly(np.arange(2), 3).tolist() == [0, 1]


def test_a_network_is_trained_and_scored_with_a_curve(tmp_path: Path) -> None:
    run = train_network(setup(), SMALL, tmp_path)
    assert [point["step"] for point in run.curve] == [2, 4]
    assert run.predicted.shape == (20, 3)
    assert np.isfinite(run.scores.mae)


def test_lightgbm_learns_from_the_same_labels() -> None:
    run = train_boosted(setup())
    assert run.trees > 1
    assert run.scores.mae < 0.05  # a constant is off by the field's own spread, about 0.04


def test_predictions_outside_are_counted_by_hand() -> None:
    made = setup()
    at = np.zeros(20, dtype=bool)
    at[:2] = True
    low, high = made.land.soil[:2, made.hidden.row[:2], made.hidden.col[:2]].astype(float)
    predicted = np.tile(0.5 * (low + high)[:, None], (1, 3))
    predicted = np.concatenate([predicted, np.full((18, 3), 9.0)])
    predicted[0, 1] = low[0] - 0.03
    predicted[1, 2] = high[1] + 0.01
    found = outside_of(made, predicted, at)
    assert found.n == 6
    assert found.share == pytest.approx(2 / 6)
    assert found.worst == pytest.approx(0.03, abs=1e-6)


def test_labels_lie_on_medium_soils_of_seen_tiles_only(tmp_path: Path) -> None:
    settings = replace(SMALL, world=replace(WORLD, contrast=2.0))
    made, groups = prepare_held_out(settings)
    sand, clay = made.land.mapped_sand_clay_pct[:, made.labels.row, made.labels.col]
    assert made.labels.row.size > 0
    assert np.all((sand >= 25) & (sand <= 70) & (clay >= 5) & (clay <= 27))
    assert np.all(made.labels.col < 96)  # three quarters of 128
    total = np.sum([np.asarray(group) for group in groups.values()], axis=0)
    assert total.max() <= 1  # no pixel is in two groups
    found = compare_losses(settings, {"mse": Learning(physics="none")}, tmp_path)
    assert set(found["mse"]) <= set(groups)


@cache
def mixing() -> MixingSettings:
    return MixingSettings(
        WORLD, stations=(4, 2, 5), widths=(2, 2, 2), steps=4, epochs=2, batch_size=2, test_dates=3
    )


def test_a_mixed_run_is_scored_at_stations_left_out(tmp_path: Path) -> None:
    world = prepare_stations(mixing())
    places = [
        set(zip(s.row.tolist(), s.col.tolist(), strict=True)) for s in world.stations.values()
    ]
    assert [len(p) for p in places] == [4, 2, 5]
    assert not places[0] & places[2]
    observed, truth = simulator_scores(world, mixing())
    assert observed.bias < -0.01  # sandier soils and a fifth less rain
    assert truth.rmse > 0.01
    run = run_mix(world, mixing(), 0.5, 1, tmp_path)
    assert np.isfinite(run.observed.rmse)


def test_the_table_holds_mean_and_spread_over_seeds() -> None:
    def run(p: float, seed: int, rmse: float) -> MixedRun:
        scores = Scores(0.5, 0.02, rmse, 0.0)
        return MixedRun(p, seed, scores, scores)

    table = table_of([run(0.2, 1, 0.02), run(0.2, 2, 0.04), run(1.0, 1, 0.05)])
    # mean 0.03, deviations 0.01: standard deviation sqrt(2 * 0.0001 / 1)
    assert table[0.2]["rmse"] == (pytest.approx(0.03), pytest.approx(np.sqrt(0.0002)))
    assert table[1.0]["rmse"] == (pytest.approx(0.05), 0.0)
