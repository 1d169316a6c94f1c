"""``rootzone sites`` on a made-up county in the real file formats."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from rootzone._cli.sites import command
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone.made_up.write_county import write_county

CAMPAIGN = """
name: county
region: {bounds_lonlat_deg: [-105.24, 40.05, -105.20, 40.08]}
years: [2023, 2024]
sites: {per_year: 120, reserves_pct: 20}
"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rasters of the county."""
    folder = tmp_path_factory.mktemp("data")
    write_county(folder, [2023, 2024], seed=1)
    return folder


def _run(folder: Path, data: Path, *options: str, campaign: str = CAMPAIGN) -> Result:
    path = folder / "campaign.yaml"
    path.write_text(campaign)
    arguments = [str(path), "--data", str(data), "--workers", "1", *options]
    return CliRunner().invoke(command, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a campaign whose sites are drawn."""
    folder = tmp_path_factory.mktemp("campaign")
    result = _run(folder, data)
    assert result.exit_code == 0
    (folder / "stdout.txt").write_text(result.stdout)
    return folder


def test_every_year_gets_its_budget(finished: Path) -> None:
    sites = pl.read_parquet(finished / "sites" / "sites.parquet")
    assert dict(sites.group_by("year").len().iter_rows()) == {2023: 120, 2024: 120}


def test_reserves_strata_and_reports_lie_beside_the_sites(finished: Path) -> None:
    names = {path.name for path in (finished / "sites").iterdir()}
    assert {"sites.parquet", "reserves.parquet", "strata.parquet", "balance.html",
            "balance.json"} <= names  # fmt: skip
    assert ".work" not in names


def test_sites_lie_in_the_region(finished: Path) -> None:
    sites = pl.read_parquet(finished / "sites" / "sites.parquet")
    assert sites["lon"].is_between(-105.24, -105.20).all()
    assert sites["lat"].is_between(40.05, 40.08).all()


def test_no_site_is_on_excluded_land_cover(finished: Path) -> None:
    sites = pl.read_parquet(finished / "sites" / "sites.parquet")
    assert not set(sites["land_cover"]) & {11, 12, 21, 22, 23, 24}


def test_the_record_names_inputs_seed_and_design(finished: Path) -> None:
    record = read_provenance(finished / "sites" / "sites.parquet")
    assert record.verb == "rootzone sites"
    assert record.settings["seed"] == 1
    assert record.settings["design"]["name"] == "stratified_kmeans"
    assert {"land_cover 2023", "land_cover 2024", "sand_pct 2023"} <= set(record.inputs)


def test_finished_sites_are_not_overwritten_without_force(finished: Path, data: Path) -> None:
    with pytest.raises(RequestError, match="exists already"):
        _run(finished, data)


def test_drawn_again_in_another_folder_the_sites_are_the_same_to_the_byte(
    finished: Path, data: Path, tmp_path: Path
) -> None:
    assert _run(tmp_path, data).exit_code == 0
    again, before = (f / "sites" / "sites.parquet" for f in (tmp_path, finished))
    assert again.read_bytes() == before.read_bytes()


def test_json_and_text_tell_the_same_facts(finished: Path, data: Path) -> None:
    facts = json.loads(_run(finished, data, "--force", "--json").stdout)
    assert facts == json.loads((finished / "sites" / "balance.json").read_text())
    text = (finished / "stdout.txt").read_text()
    for year in facts:
        assert f"{year['year']}: {year['sites']} sites and {year['reserves']} reserves" in text


def test_a_design_that_does_not_exist_is_refused_before_any_work(
    data: Path, tmp_path: Path
) -> None:
    wrong = CAMPAIGN.replace("{per_year", "{design: stratified_kmean, per_year")
    with pytest.raises(RequestError, match="did you mean stratified_kmeans"):
        _run(tmp_path, data, campaign=wrong)
    assert not (tmp_path / "sites").exists()


def test_more_sites_than_land_is_refused(data: Path, tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="asks for 1000000 sites, but there are only"):
        _run(tmp_path, data, campaign=CAMPAIGN.replace("120", "1000000"))
