from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from rootzone.report.read_inputs import ReportInputs
from rootzone.report.skill_section import (
    cases_of,
    mean_of_seeds,
    read_evaluation,
    skill_section,
    skill_table,
    verdict,
)


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


def test_stations_come_before_simulated_labels(finished: ReportInputs) -> None:
    skill, _ = read_evaluation(finished)
    assert skill is not None
    both = pl.concat([skill.with_columns(pl.lit("simulated").alias("source")), skill])
    assert [case.source for case in cases_of(both, 200.0)] == ["station", "simulated"]


def test_the_section_says_what_the_fake_predictions_were_made_to_be(finished: ReportInputs) -> None:
    section = skill_section(finished)
    said = next(b.text for b in section.blocks if getattr(b, "tone", "") == "verdict")
    # LightGBM's errors were drawn the smallest, 0.030 against the network's 0.035.
    assert said.startswith("Smallest mean absolute error: LightGBM")
    assert "over 480 values of 4 places" in said
    names = [plot.name for plot in section.plots]
    assert [name.split("_station")[0] for name in names] == [
        "skill_season", "skill_places", "scatter_models", "scatter_seasons",
    ]  # fmt: skip


def test_pairs_tell_who_wins_with_an_interval(finished: ReportInputs) -> None:
    tables = [b for b in skill_section(finished).blocks if getattr(b, "kind", "") == "table"]
    pairs = next(t for t in tables if t.headings[0] == "U-Net against")  # type: ignore[union-attr]
    told = {row[0]: row for row in pairs.rows}  # type: ignore[union-attr]
    # Errors were drawn with 0.035 for the network, 0.030 for LightGBM, 0.070 for the raw run.
    assert told["LightGBM"][-1] == "loses"
    assert told["LightGBM"][-2].startswith("+0.00")
    assert told["raw simulation"][-1] == "wins"
    assert told["raw simulation"][-2].startswith("−0.0")


def test_before_any_evaluation_the_section_names_the_verb(bare: ReportInputs) -> None:
    section = skill_section(bare)
    assert not section.there
    assert "rootzone evaluate" in section.blocks[0].text  # type: ignore[union-attr]
