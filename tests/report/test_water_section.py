from __future__ import annotations

import shutil
from pathlib import Path

import polars as pl
import pytest

from rootzone.report.read_inputs import ReportInputs
from rootzone.report.water_section import read_closure, water_section


def test_a_bucket_that_runs_off_what_rains_closes_both_budgets(finished: ReportInputs) -> None:
    closure = read_closure(finished)
    assert closure is not None
    assert closure.sites.height == 11  # twelve sites, of which one failed
    # Water that ran off is single precision: 1e-3 mm a year is far more than its rounding.
    assert closure.sites["surface_mm"].abs().max() < 1e-3  # type: ignore[operator]
    assert closure.sites["soil_mm"].abs().max() < 1e-3  # type: ignore[operator]


def test_water_that_vanished_shows_in_the_right_budget(
    finished: ReportInputs, tmp_path: Path
) -> None:
    folder = tmp_path / "leaky"
    shutil.copytree(finished.workspace.root, folder)
    inputs = ReportInputs.beside(folder / "campaign.yaml")
    path = inputs.profiles[0]
    frame = pl.read_parquet(path)
    site = frame["site_id"][0]
    july = (pl.col("site_id") == site) & (pl.col("date").cast(pl.Date) == pl.date(2023, 7, 1))
    leak = pl.when(july).then(pl.col("drainage_mm") + 5.0).otherwise(pl.col("drainage_mm"))
    frame.with_columns(leak.cast(pl.Float32)).write_parquet(path)
    closure = read_closure(inputs)
    assert closure is not None
    own = closure.sites.filter(pl.col("site_id") == site)
    # 5 mm more left below than came out of the store.
    assert own["soil_mm"].item() == pytest.approx(5.0, abs=1e-3)
    assert own["surface_mm"].item() == pytest.approx(0.0, abs=1e-3)


def test_before_any_run_the_section_names_the_verb(bare: ReportInputs) -> None:
    section = water_section(bare)
    assert not section.there
    assert "rootzone simulate" in section.blocks[0].text  # type: ignore[union-attr]
