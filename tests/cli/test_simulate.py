"""``rootzone simulate-tables``: exit status, streams and report."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from rootzone._cli.simulate_tables import command
from rootzone._shared.errors import RequestError
from rootzone.engines.swim.settings import setting_keys
from tests.engines.swim.tables import edited, soils, weather


def simulate(folder: Path, soil: pl.DataFrame, *options: str) -> Result:
    """Run the verb on small tables inside this process."""
    soil.write_parquet(folder / "soils.parquet")
    weather(6).write_csv(folder / "weather.csv")
    arguments = ["--soils", str(folder / "soils.parquet")]
    arguments += ["--weather", str(folder / "weather.csv")]
    arguments += ["--out", str(folder / "p.parquet"), *options]
    return CliRunner().invoke(command, arguments)


def test_all_well_is_0_with_the_path_alone_on_stdout(tmp_path: Path) -> None:
    result = simulate(tmp_path, soils([1, 2]))
    assert result.exit_code == 0
    assert result.stdout == f"{tmp_path / 'p.parquet'}\n"
    assert "2 of 2 sites done" in result.stderr
    assert f"next: rootzone provenance {tmp_path / 'p.parquet'}" in result.stderr


def test_a_failed_site_is_3_and_told_on_stderr(tmp_path: Path) -> None:
    result = simulate(tmp_path, edited(soils([1, 2]), 1, "n", 0.5))
    assert result.exit_code == 3
    assert "1 of 2 sites done, 1 quarantined (1 SOIL_VALUE)" in result.stderr
    assert "SOIL_VALUE at site 1, layer 2 (100-300 mm): n 0.5 is outside" in result.stderr
    assert pl.read_parquet(tmp_path / "p.failed.parquet")["site_id"].to_list() == [1]
    assert pl.read_parquet(tmp_path / "p.parquet")["site_id"].unique().to_list() == [2]


def test_failures_within_the_tolerance_are_0(tmp_path: Path) -> None:
    wrong = edited(soils([1, 2]), 1, "n", 0.5)
    assert simulate(tmp_path, wrong, "--max-failed-pct", "50").exit_code == 0


def test_json_holds_the_facts_of_the_text(tmp_path: Path) -> None:
    result = simulate(tmp_path, edited(soils([1, 2]), 1, "n", 0.5), "--json")
    report = json.loads(result.stdout)
    assert (report["sites"], report["done"], report["failed"]) == (2, 1, 1)
    assert report["failed_by_class"] == {"SOIL_VALUE": 1}
    assert report["failed_table"] == str(tmp_path / "p.failed.parquet")
    assert report["passed"] is False
    assert report["digest"] in result.stderr


def test_physics_follows_the_columns_and_says_so(tmp_path: Path) -> None:
    result = simulate(tmp_path, soils([1], physics="swim3"), "--stepping", "apsim")
    assert "physics swim3, by the columns of" in result.stderr
    assert "swim/swim3/apsim: 1 of 1 sites done" in result.stderr


def test_an_unknown_key_is_refused_with_the_nearest(tmp_path: Path) -> None:
    result = simulate(tmp_path, soils([1]), "--set", "rain_hour=4")
    assert isinstance(result.exception, RequestError)
    assert "did you mean rain_hours" in str(result.exception)


def test_settings_reach_the_engine(tmp_path: Path) -> None:
    # A closed bottom lets nothing out.
    simulate(tmp_path, soils([1], theta_initial=0.39), "--set", "bottom=zero_flux")
    closed = pl.read_parquet(tmp_path / "p.parquet")["drainage_mm"]
    simulate(tmp_path, soils([1], theta_initial=0.39), "--force")
    open_end = pl.read_parquet(tmp_path / "p.parquet")["drainage_mm"]
    assert closed.abs().max() == 0.0
    assert open_end.sum() > 1.0


def test_help_lists_every_key_and_both_vapour_defaults() -> None:
    text = CliRunner().invoke(command, ["--help"]).stdout
    for key in setting_keys():
        assert f"{key} [" in text
    assert "true for swim3, false for van_genuchten" in text


def test_an_output_that_cannot_be_written_is_told_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way of a folder")
    result = simulate(tmp_path, soils([1]), "--out", str(tmp_path / "file" / "p.parquet"))
    assert isinstance(result.exception, RequestError)
    assert "cannot be written" in str(result.exception)


@pytest.mark.parametrize(
    ("options", "status"),
    [(["--set", "salb=7"], 2), (["--physics", "swim4"], 2), (["--weather", "none.csv"], 2)],
)
def test_a_wrong_request_is_2_in_a_real_process(
    tmp_path: Path, options: list[str], status: int
) -> None:
    soils([1]).write_csv(tmp_path / "soils.csv")
    weather(3).write_csv(tmp_path / "weather.csv")
    base = ["--soils", "soils.csv", "--weather", "weather.csv", "--out", "p.csv"]
    run = [sys.executable, "-c", "from rootzone._cli import main; main()", "simulate-tables"]
    done = subprocess.run([*run, *base, *options], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == status
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "p.csv").exists()


def test_a_gpu_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rootzone.engines.swim.gpu.run_device.find_spec", lambda name: None)
    result = simulate(tmp_path, soils([1]), "--device", "cuda")
    assert isinstance(result.exception, RequestError)
    assert "device cuda needs the package numba-cuda" in str(result.exception)
    assert not (tmp_path / "p.parquet").exists()


@pytest.mark.parametrize("physics", ["swim3", "van_genuchten"])
def test_the_device_option_sets_the_engines_setting(
    tmp_path: Path, physics: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rootzone.engines.swim.gpu.run_device.find_spec", lambda name: None)
    soil = soils([1], physics=physics)
    error = simulate(tmp_path, soil, "--physics", physics, "--device", "cuda").exception
    assert "device cuda needs the package" in str(error)
    assert simulate(tmp_path, soil, "--physics", physics, "--device", "cpu").exit_code == 0
