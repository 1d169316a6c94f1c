from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from rootzone._cli.report import command
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone.report.provenance_section import content_digests
from rootzone.report.read_inputs import ReportInputs
from rootzone.report.write_report import write_report

KEYS = ["campaign", "maps", "skill", "learning", "labels", "sites", "soils", "water", "trust",
        "methods", "provenance"]  # fmt: skip


@pytest.fixture(scope="module")
def page(finished: ReportInputs) -> str:
    ran = CliRunner().invoke(
        command, [str(finished.path), "--force", "--figures", "png", "--json"],
        catch_exceptions=False,
    )  # fmt: skip
    facts = json.loads(ran.stdout)
    assert facts["sections"] == dict.fromkeys(KEYS, True)
    assert facts["mb"] < 8
    return finished.workspace.report.read_text()


def test_the_page_needs_nothing_from_anywhere(page: str) -> None:
    # Addresses a browser would fetch stand in src, href, url() or @import; links to DOIs wait for
    # a click.
    unasked = re.sub(r'<a href="https://doi\.org/[^"]*">', "", page)
    fetched = re.findall(r"(?:src|href)=\"([^\"]*)\"|url\(([^)]*)\)|@import", unasked)
    for address in {a or b for a, b in fetched}:
        assert address.startswith(("#", "data:", "'#")), address


def test_all_sections_stand_in_the_page_and_in_its_menu(page: str) -> None:
    for key in KEYS:
        assert f'<section id="{key}">' in page
        assert f'href="#{key}"' in page


def test_every_figure_lies_beside_the_page_with_its_record(
    finished: ReportInputs, page: str
) -> None:
    files = sorted((finished.workspace.report.parent / "figures").glob("*.png"))
    assert len(files) == page.count("<figure")
    assert all(read_provenance(path).verb == "rootzone report" for path in files)


def test_a_failed_site_is_told_where_the_strata_are(page: str) -> None:
    # Site 3 never converges; its stratum is 3 modulo 3 of the synthetic strata.
    assert "1 site failed in 1 stratum" in page
    assert "grass x semi-arid" in page
    assert "NO_CONVERGENCE" in page


def test_the_same_inputs_give_the_same_page(finished: ReportInputs, page: str) -> None:
    again = ReportInputs.beside(finished.path)
    write_report(again)
    assert finished.workspace.report.read_text() == page


def test_a_campaign_that_has_only_begun_names_what_comes_next(bare: ReportInputs) -> None:
    facts = write_report(bare)
    missing = [key for key, there in facts["sections"].items() if not there]
    assert missing == ["maps", "skill", "learning", "labels", "water", "trust"]
    page = bare.workspace.report.read_text()
    for verb in ("map", "evaluate", "train", "labels", "simulate"):
        assert f"rootzone {verb}" in page
    assert "maps-data" not in page


def test_a_damaged_table_costs_its_own_section_only(bare: ReportInputs) -> None:
    log = bare.workspace.learning() / "log.csv"
    log.parent.mkdir(parents=True)
    log.write_text("epoch,loss\n0,1\n")
    write_report(bare)
    page = bare.workspace.report.read_text()
    assert "This section cannot be made" in page
    assert "it lacks validation_rmse" in page
    assert "Soils: from texture to guarded parameters" in page


def test_what_the_data_folder_calls_made_up_is_told_first(bare: ReportInputs) -> None:
    data = bare.data
    data.mkdir(parents=True)
    (data / "MADE_UP.txt").write_text("Land cover and soils are made up; <weather> is real.")
    write_report(ReportInputs.beside(bare.path))
    page = bare.workspace.report.read_text()
    assert (
        "What is not real here: Land cover and soils are made up; &lt;weather&gt; is real" in page
    )


def test_a_readme_of_real_data_is_no_such_confession(bare: ReportInputs) -> None:
    bare.data.mkdir(parents=True)
    (bare.data / "README.txt").write_text("Downloaded from the state's server.")
    assert ReportInputs.beside(bare.path).made_up == ""


def test_a_report_is_not_replaced_unasked(bare: ReportInputs) -> None:
    file = str(bare.path)
    bare.workspace.report.parent.mkdir(parents=True)
    bare.workspace.report.write_text("mine")
    refused = CliRunner().invoke(command, [file])
    assert isinstance(refused.exception, RequestError)
    assert bare.workspace.report.read_text() == "mine"


def test_digests_know_the_content_not_the_place(finished: ReportInputs, tmp_path: Path) -> None:
    folder = tmp_path / "moved"
    shutil.copytree(finished.workspace.root, folder)
    here = content_digests(finished)
    assert content_digests(ReportInputs.beside(folder / "campaign.yaml")) == here
    (folder / "maps" / "trust.tif").write_bytes(b"other")
    there = content_digests(ReportInputs.beside(folder / "campaign.yaml"))
    assert [name for name in here if here[name] != there[name]] == ["maps/trust.tif"]
