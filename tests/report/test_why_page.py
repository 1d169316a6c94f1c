from __future__ import annotations

from pathlib import Path

import pytest

from rootzone._shared.provenance import read_provenance
from rootzone.report.read_inputs import ReportInputs
from tests.cli.campaign_runs import invoke, use_bucket
from tests.report.conftest import ENGINE


def _page(
    finished: ReportInputs, site: int, out: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[str, str]:
    use_bucket(monkeypatch, ENGINE)
    shown = invoke("why", finished.path, site, "--html", out)
    assert shown.exit_code == 0
    return out.read_text(), shown.stdout


def test_a_finished_site_shows_its_soil_its_water_and_how_to_run_it_again(
    finished: ReportInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "site.html"
    page, text = _page(finished, 1, out, monkeypatch)
    assert page.count("<figure") == 3  # retention, conductivity, column
    assert "Done on rung 0" in page
    assert "--site 1 --out site-1.parquet" in page
    assert text.startswith("site 1 of synthetic: done")  # the text comes all the same
    assert read_provenance(out).settings == {"site": "1"}


def test_a_failed_site_shows_every_attempt_and_no_water(
    finished: ReportInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page, _ = _page(finished, 3, tmp_path / "site.html", monkeypatch)
    assert "Failed: NO_CONVERGENCE after 4 attempts." in page
    assert page.count("SWIM gave up at site 3") == 4
    assert "No profile is stored of this site." in page


def test_a_page_is_not_replaced_unasked(
    finished: ReportInputs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "site.html"
    out.write_text("mine")
    use_bucket(monkeypatch, ENGINE)
    refused = invoke("why", finished.path, 1, "--html", out)
    assert refused.exit_code != 0
    assert out.read_text() == "mine"
