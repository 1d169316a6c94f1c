from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rootzone._cli.demo import command
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone.labels.stations.station_table import read_stations


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("demo") / "county"
    ran = CliRunner().invoke(command, [str(folder)], catch_exceptions=False)
    assert ran.exit_code == 0
    return folder, ran.stdout


def test_it_ends_by_naming_a_report_that_is_there(demo: tuple[Path, str]) -> None:
    folder, told = demo
    named = Path(told.strip().splitlines()[-1])
    assert named == (folder / "report" / "report.html").resolve()
    page = named.read_text()
    assert "made up by a seeded generator" in page
    assert read_provenance(named).verb


def test_every_stage_left_its_table(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    for table in ("sites/sites.parquet", "soils/soils.parquet", "weather/weather_2022.parquet"):
        assert (folder / table).is_file(), table
    assert list(folder.glob("runs/shard=*/profiles.parquet"))
    assert list(folder.glob("labels/**/*.parquet"))
    assert read_stations(folder / "stations" / "stations.parquet")["station"].n_unique() == 14


def test_a_finished_demo_names_its_report_again_and_does_nothing(demo: tuple[Path, str]) -> None:
    folder, told = demo
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    again = CliRunner().invoke(command, [str(folder)], catch_exceptions=False)
    assert again.stdout.strip().splitlines()[-1] == told.strip().splitlines()[-1]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")} == before


def test_a_folder_of_ones_own_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    for options in ([], ["--force"]):
        refused = CliRunner().invoke(command, [str(tmp_path), *options])
        assert isinstance(refused.exception, RequestError)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
