from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rootzone._cli.soils import command
from rootzone._cli.validate_soils import command as validate_command

GOOD = "site,depth,sand,silt,clay\na,0-20,40,40,20\nb,0-20,20,60,20\n"
BAD_ROW = GOOD + "c,0-20,nan,60,20\n"


def _run(folder: Path, text: str, *options: str) -> Result:
    (folder / "t.csv").write_text(text)
    out = str(folder / "soils.parquet")
    return CliRunner().invoke(command, [str(folder / "t.csv"), "--out", out, *options])


def test_all_good_exits_0_with_the_file_on_stdout_and_the_next_step_on_stderr(
    tmp_path: Path,
) -> None:
    result = _run(tmp_path, GOOD)
    assert result.exit_code == 0
    assert result.stdout.strip() == str(tmp_path / "soils.parquet")
    assert "2 sites, 2 layers; 0 sites refused" in result.stderr
    assert "next: rootzone simulate" in result.stderr


def test_a_refused_site_exits_3_unless_allowed(tmp_path: Path) -> None:
    result = _run(tmp_path, BAD_ROW)
    assert result.exit_code == 3
    assert "1 TEXTURE_MISSING" in result.stderr
    assert "soils.refused.parquet" in result.stderr
    assert (tmp_path / "soils.parquet").exists()
    allowed = _run(tmp_path, BAD_ROW, "--max-refused-pct", "34", "--force")
    assert allowed.exit_code == 0


def test_json_holds_the_same_facts_as_the_text(tmp_path: Path) -> None:
    result = _run(tmp_path, BAD_ROW, "--json")
    facts = json.loads(result.stdout)
    assert facts["layers_refused_by_reason"] == {"TEXTURE_MISSING": 1}
    assert facts["passed"] is False
    assert f"{facts['sites']} sites, {facts['layers']} layers" in result.stderr


def test_layers_and_limits_reach_the_soils(tmp_path: Path) -> None:
    import polars as pl

    result = _run(tmp_path, GOOD, "--layers", "50,150", "--set", "dul_suction_cm=330")
    assert result.exit_code == 0
    frame = pl.read_parquet(tmp_path / "soils.parquet")
    assert frame["thickness_mm"].to_list() == [50.0, 150.0] * 2
    assert set(frame["psidul_cm"]) == {-330.0}


@pytest.mark.parametrize("text", ["50;100", "", "50,-1", "50,nan"])
def test_layers_that_are_no_thicknesses_are_a_wrong_request(tmp_path: Path, text: str) -> None:
    result = _run(tmp_path, GOOD, "--layers", text)
    assert result.exit_code == 2
    assert "50,50,100" in result.stderr


def test_a_figure_is_drawn_on_request(tmp_path: Path) -> None:
    result = _run(tmp_path, GOOD, "--figure", str(tmp_path / "soils.svg"), "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["figure"] == str(tmp_path / "soils.svg")
    assert (tmp_path / "soils.svg").exists()


def test_help_lists_every_limit_with_its_default() -> None:
    shown = CliRunner().invoke(command, ["--help"]).stdout
    assert "dul_suction_cm" in shown
    assert "on_k_above_ks" in shown


def test_validation_prints_the_same_table_as_text_and_json(shared: Path) -> None:
    folder = ["--unsoda", str(shared / "realdata" / "unsoda")]
    rows = json.loads(CliRunner().invoke(validate_command, [*folder, "--json"]).stdout)
    text = CliRunner().invoke(validate_command, folder).stdout
    assert rows[-1]["name"] == "all"
    assert f"| all | {rows[-1]['soils']} | {rows[-1]['points']} |" in text
