"""Surface moisture in the report: a section among others, or the page for itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.atomic import write_text
from rootzone._shared.seal import sealed_json
from rootzone.report.read_inputs import ReportInputs
from rootzone.report.surface_section import skill_table, surface_section, verdict
from rootzone.report.write_report import report_document, write_report

FIGURES = {
    "n": 90.0, "r": 0.8, "rmse": 0.04, "ubrmse": 0.03, "bias": -0.01, "r2": 0.5, "station_r": 0.9,
    "station_r_low": 0.8, "station_r_high": 1.0, "station_ubrmse": 0.014,
    "station_ubrmse_low": 0.012, "station_ubrmse_high": 0.016,
}  # fmt: skip
SKILL = {
    "random": {"sca_v": FIGURES, "lightgbm": {**FIGURES, "rmse": 0.02}},
    "region": {"sca_v": FIGURES, "lightgbm": {**FIGURES, "rmse": 0.05}},
}
CAMPAIGN = """\
name: only-surface
region: {bounds_lonlat_deg: [-100.1, 39.7, -99.6, 40.15]}
years: [2022]
"""


@pytest.fixture
def alone(tmp_path: Path) -> ReportInputs:
    (tmp_path / "campaign.yaml").write_text(CAMPAIGN)
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "MADE_UP.txt").write_text("everything")
    folder = tmp_path / "surface"
    folder.mkdir()
    write_text(folder / "skill.json", sealed_json({"skill": SKILL, "half_width": 0.05}))
    write_text(folder / "card.md", "# the card of this product\n")
    return ReportInputs.beside(tmp_path / "campaign.yaml")


def test_the_best_of_each_split_stands_out_and_both_losers_are_named() -> None:
    table = skill_table(SKILL)
    assert table.strong == [1, 2]  # trees win the random samples, SCA-V the region
    assert table.rows[2][0] == "another region"
    told = verdict(SKILL)
    assert told == (
        "In a region never seen, the smallest RMSE is that of SCA-V, class table (0.0400 m³ m⁻³)."
    )
    assert "nothing is known of new places" in verdict({"random": SKILL["random"]})


def test_a_campaign_of_surface_moisture_alone_has_a_page_of_its_own(alone: ReportInputs) -> None:
    facts = write_report(alone)
    assert facts["sections"] == {"surface": True, "provenance": True}
    page = alone.workspace.report.read_text()
    assert "Surface soil moisture" in page
    assert "What is not real here: everything" in page
    assert "the card of this product" in page
    assert "surface/skill.json" in page  # its digest
    assert "another region" in page


def test_beside_the_root_zone_it_is_a_section(bare: ReportInputs) -> None:
    before = [section.key for section in report_document(bare).sections]
    assert "surface" not in before
    bare.workspace.surface.mkdir()
    sections = {section.key: section for section in report_document(bare).sections}
    assert list(sections) == [*before[:3], "surface", *before[3:]]
    assert not sections["surface"].there
    assert "rootzone surface train" in sections["surface"].blocks[0].text


def test_a_day_is_drawn_with_what_it_was_made_with(alone: ReportInputs) -> None:
    from rootzone.surface.grids.cell_grid import ease_grid, piece_of
    from rootzone.surface.worlds.province import ProvinceSettings, province_grid
    from tests.report.surface_maps import write_maps

    grid = province_grid(ProvinceSettings(side_km=36))
    assert grid == piece_of(ease_grid(1), 72 * 36, 214 * 36, 36, 36)
    write_maps(alone.workspace.surface / "maps", grid, np.full((36, 36), 0.2))
    section = surface_section(alone)
    captions = [plot.caption for plot in section.plots]
    assert captions == [
        "2022-06-03: water content of 0-5 cm, and the roughness and opacity it was made with."
    ]
    axes = section.plots[0].figure.axes
    assert [a.get_title(loc="left") for a in axes][:3] == [
        "water content [m³ m⁻³]", "roughness h [-]", "opacity τ [-]",
    ]  # fmt: skip
