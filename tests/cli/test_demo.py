from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from rootzone._cli.demo import command
from rootzone._shared.errors import RequestError
from rootzone.stations.station_table import read_stations


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A demo up to the stations; what comes after takes minutes."""
    folder = tmp_path_factory.mktemp("demo") / "county"
    options = [str(folder), "--until", "stations"]
    ran = CliRunner().invoke(command, options, catch_exceptions=False)
    assert ran.exit_code == 0
    return folder, ran.stderr


def test_it_says_what_each_step_took_and_how_to_go_on(demo: tuple[Path, str]) -> None:
    folder, told = demo
    assert [line.split()[-1] for line in told.splitlines() if " s  " in line] == [
        "county", "check", "forcing", "sites", "soils", "plan", "simulate", "labels", "stations",
    ]  # fmt: skip
    assert told.splitlines()[-1] == f"next: rootzone demo {folder}"


def test_it_says_what_is_made_up(demo: tuple[Path, str]) -> None:
    assert "made up by a seeded generator" in (demo[0] / "data" / "MADE_UP.txt").read_text()


def test_every_stage_left_its_table(demo: tuple[Path, str]) -> None:
    folder, _ = demo
    for table in ("sites/sites.parquet", "soils/soils.parquet", "weather/weather_2022.parquet"):
        assert (folder / table).is_file(), table
    assert list(folder.glob("runs/shard=*/profiles.parquet"))
    assert list(folder.glob("labels/**/*.parquet"))
    assert read_stations(folder / "stations" / "stations.parquet")["station"].n_unique() == 14


def test_given_again_it_does_nothing_that_is_done(demo: tuple[Path, str]) -> None:
    folder, told = demo
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}
    options = [str(folder), "--until", "stations"]
    again = CliRunner().invoke(command, options, catch_exceptions=False)
    assert again.stderr.splitlines()[-3:] == told.splitlines()[-3:]
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")} == before


def test_a_step_that_does_not_exist_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    refused = CliRunner().invoke(command, [str(tmp_path / "new"), "--until", "harvest"])
    assert isinstance(refused.exception, RequestError)
    assert not (tmp_path / "new").exists()


def test_a_folder_of_ones_own_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    for options in ([], ["--force"]):
        refused = CliRunner().invoke(command, [str(tmp_path), *options])
        assert isinstance(refused.exception, RequestError)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
