from __future__ import annotations

from pathlib import Path

import polars as pl

from rootzone.report.document import Table
from rootzone.report.points_skill import points_blocks
from rootzone.report.read_inputs import ReportInputs
from rootzone.report.skill_section import cases_of, read_evaluation, skill_section


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


def test_stations_off_the_map_stand_on_the_page_as_points(tmp_path: Path) -> None:
    assert points_blocks(tmp_path) == []
    (tmp_path / "points").mkdir()
    text = "# Skill\n\n| soil | MAE |\n|---|---|\n| loam | 0.037 |\n\nSmallest median MAE: loam.\n"
    (tmp_path / "points" / "skill.md").write_text(text)
    head, title, table, verdict = points_blocks(tmp_path)
    assert isinstance(table, Table)
    assert (list(table.headings), [list(row) for row in table.rows]) == (
        ["soil", "MAE"], [["loam", "0.037"]]
    )  # fmt: skip
    assert [block.text for block in (head, title, verdict)] == [  # type: ignore[union-attr]
        "Real stations off the map, as points", "Skill", "Smallest median MAE: loam."
    ]  # fmt: skip
