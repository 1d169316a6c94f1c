"""rootzone catalog."""

from __future__ import annotations

import json

import numpy as np
from click.testing import CliRunner

from rootzone._cli import cli
from tests.covariates.rasters import ALBERS_WGS84, GRID, write_tif


def run(*arguments):
    return CliRunner().invoke(cli, ["catalog", *map(str, arguments)])


def test_list_and_its_json_hold_the_same_sources():
    text, data = run("list"), run("list", "--json")
    assert text.exit_code == data.exit_code == 0
    names = [row["name"] for row in json.loads(data.stdout)]
    assert "gridmet" in names
    assert all(name in text.stdout for name in names)


def test_show_prints_unit_licence_and_trap():
    shown = run("show", "polaris")
    assert shown.exit_code == 0
    assert "ksat" in shown.stdout
    assert "log10(cm h-1)" in shown.stdout
    assert "CC BY-NC 4.0" in shown.stdout
    assert json.loads(run("show", "polaris", "--json").stdout)["reader"] == "raster"


def test_check_exits_2_where_a_problem_was_found(tmp_path):
    sound = write_tif(
        tmp_path / "Annual_NLCD_LndCov_2023_CU_C1V1.tif",
        np.full((9, 9), 42, np.uint8),
        GRID.left,
        GRID.top,
        30,
        ALBERS_WGS84,
        0,
    )
    assert run("check", sound).exit_code == 0
    shifted = write_tif(
        tmp_path / "b" / sound.name,
        np.full((9, 9), 42, np.uint8),
        GRID.left + 15,
        GRID.top,
        30,
        ALBERS_WGS84,
        0,
    )
    told = run("check", sound, shifted)
    assert told.exit_code == 2
    assert "HALF_PIXEL" in told.stdout
    assert "To mend it" in told.stdout
    reports = json.loads(run("check", sound, shifted, "--json").stdout)
    assert [report["ok"] for report in reports] == [True, False]
    assert reports[1]["findings"][0]["code"] == "HALF_PIXEL"


def test_a_catalog_of_ones_own_is_listed(tmp_path):
    own = tmp_path / "mine.yaml"
    own.write_text(
        "catalog: mine\nsources:\n  soil_depth:\n    title: depth to rock\n    reader: raster\n"
        "    kind: continuous\n    path: depth.tif\n    unit: cm\n"
    )
    assert "depth to rock" in run("list", "--catalog", own).stdout
