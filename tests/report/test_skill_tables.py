from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from rootzone.report.skill_tables import mean_of_seeds, skill_table, verdict


def _row(model: str, mae: float | None, n: int = 100) -> dict[str, Any]:
    return {"model": model, "group": "all", "mae": mae, "n": n, "n_place": 5, "seeds": 1}


def test_a_network_that_loses_is_told_to_lose() -> None:
    # 0.040 / 0.032 = 1.25
    said = verdict([_row("unet", 0.040), _row("lightgbm", 0.032), _row("persistence", 0.05)])
    assert said.startswith("Smallest mean absolute error: LightGBM, 0.032 m³ m⁻³ over 100 values")
    assert "The U-Net does not win: its error is 0.040, 25 % larger." in said


def test_a_network_that_wins_is_told_by_how_much() -> None:
    said = verdict([_row("unet", 0.030), _row("lightgbm", 0.033)])
    assert said.startswith("Smallest mean absolute error: U-Net, 0.030")
    assert "Next is LightGBM with 0.033, 10 % larger." in said


def test_a_model_that_answered_less_often_wins_nothing() -> None:
    said = verdict([_row("unet", 0.030), _row("persistence", 0.01, n=50)])
    assert said.startswith("Smallest mean absolute error: U-Net")
    assert "Not compared, on fewer values: persistence (0.010 over 50)." in said


def test_without_the_network_nobody_is_held_against_it() -> None:
    assert "The network is not among them." in verdict([_row("climatology", 0.05)])


def test_no_figure_is_no_verdict() -> None:
    assert "No model has a figure here" in verdict([_row("unet", None)])


def test_seeds_are_averaged_and_counted() -> None:
    rows = pl.DataFrame(
        {"model": ["unet", "unet"], "group": ["all", "all"], "seed": [1, 2], "n": [10, 10],
         "mae": [0.02, 0.04], "kge": [0.5, float("nan")]}
    )  # fmt: skip
    (mean,) = mean_of_seeds(rows)
    assert mean["mae"] == pytest.approx(0.03)
    assert mean["kge"] == 0.5  # a seed without a figure does not take the other's away
    assert mean["seeds"] == 2
    assert skill_table([mean]).caption == "Means over 2 seeds."


def test_the_table_marks_the_smallest_error() -> None:
    table = skill_table([_row("unet", 0.04), _row("lightgbm", 0.03), _row("surface", None)])
    assert list(table.strong) == [1]
    assert table.rows[2][3] == "–"


def test_an_error_many_times_as_large_is_told_in_times() -> None:
    # 0.111 / 0.0037 = 30
    assert "30.0 times as large" in verdict([_row("unet", 0.111), _row("lightgbm", 0.0037)])


def test_small_errors_keep_a_fourth_decimal() -> None:
    assert skill_table([_row("lightgbm", 0.0028)]).rows[0][3] == "0.0028"
    assert skill_table([_row("lightgbm", 0.0283)]).rows[0][3] == "0.028"
