from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from rootzone.campaign.workspace import Workspace

from .campaign_runs import MakeBucket, invoke, make_campaign, run, use_bucket

ENGINE = MakeBucket(never=frozenset({3}), needs_small_steps=frozenset({4}))


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    use_bucket(monkeypatch, ENGINE)
    file = make_campaign(tmp_path / "c")
    run(file, ENGINE)
    return file


def test_a_failed_site_shows_every_attempt_with_the_engine_text(file: Path) -> None:
    page = invoke("why", file, 3).stdout
    assert page.startswith("site 3 of synthetic: failed, NO_CONVERGENCE after 4 attempt(s)")
    for rung in ("default", "smaller steps", "finer nodes", "coarser nodes"):
        assert f"({rung}): SWIM gave up at site 3" in page


def test_a_site_that_climbed_shows_the_rung_that_finished_it(file: Path) -> None:
    page = invoke("why", file, 4).stdout
    assert "done on rung 1 (smaller steps), 2 attempt(s)" in page
    assert "rung 0 (default): SWIM gave up at site 4" in page


def test_the_page_ends_with_a_command_that_runs_the_site_again(file: Path) -> None:
    page = invoke("why", file, 4).stdout
    last = page.strip().splitlines()[-1].strip()
    assert last == f"rootzone simulate {file} --site 4 --out site-4.parquet"


def test_that_command_gives_the_same_profile_as_the_shard(file: Path, tmp_path: Path) -> None:
    out = tmp_path / "site.parquet"
    shown = invoke("simulate", file, "--site", 4, "--out", out)
    assert shown.exit_code == 0
    profiles = pl.read_parquet(file.parent / "runs" / "shard=*" / "profiles.parquet")
    alone = pl.read_parquet(out)
    assert alone.drop("theta").equals(profiles.filter(site_id=4).drop("theta"))
    assert alone["theta"].to_list() == profiles.filter(site_id=4)["theta"].to_list()


def test_a_failed_site_run_by_itself_leaves_with_status_3(file: Path, tmp_path: Path) -> None:
    shown = invoke("simulate", file, "--site", 3, "--out", tmp_path / "x.parquet")
    assert shown.exit_code == 3
    assert "SWIM gave up at site 3" in shown.stderr
    assert not (tmp_path / "x.parquet").exists()


def test_soil_values_stand_before_and_after_each_guard(file: Path) -> None:
    soils = Workspace.beside(file).soils
    pl.DataFrame(
        {
            "site_id": [4], "layer": [2], "top_mm": [50.0], "bottom_mm": [100.0],
            "rule": ["KS_BOUND"], "quantity": ["ks_mm_d"], "unit": ["mm d-1"],
            "before": [31000.0], "after": [20000.0],
        }
    ).write_parquet(soils.with_name("soils.adjustments.parquet"))  # fmt: skip
    page = invoke("why", file, 4).stdout
    assert "layer 2: ks_mm_d 31000 -> 20000 [mm d-1], KS_BOUND" in page
    assert "changed nothing" in invoke("why", file, 5).stdout


def test_the_forcing_cell_is_summed_up(file: Path) -> None:
    facts = json.loads(invoke("why", file, 4, "--json").stdout)["forcing"]
    assert (facts["days_found"], facts["days_needed"]) == (396, 396)
    weather = pl.read_parquet(Workspace.beside(file).weather(2020))
    rain = weather.filter(cell_id=facts["cell_id"])["rain_mm"].sum()
    assert facts["rain_mm_of_2020"] == pytest.approx(rain)


def test_text_and_json_tell_the_same_attempts(file: Path) -> None:
    facts = json.loads(invoke("why", file, 3, "--json").stdout)
    page = invoke("why", file, 3).stdout
    for tried in facts["outcomes"][-1]["tried"]:
        assert tried["text"] in page
    assert facts["reproduce"] in page


def test_a_site_that_was_not_run_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_bucket(monkeypatch, ENGINE)
    file = make_campaign(tmp_path / "new")
    assert "not run yet" in invoke("why", file, 7).stdout


def test_an_unknown_site_is_refused(file: Path) -> None:
    assert "has no site 99999" in str(invoke("why", file, 99999).exception)
