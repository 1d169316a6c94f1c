from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone.engines.apsim.settings import ApsimSettings
from rootzone.engines.apsim.write_apsimx import (
    Simulation,
    apsimx_text,
    nodes_by_path,
    template_versions,
    write_apsimx,
)

THICKNESS_MM = [50.0] * 4 + [100.0] * 3 + [200.0] * 5


def soil(n_layer: int = 12, **values: float) -> Mapping[str, FloatArray]:
    columns = {
        "bd_g_cm3": 1.58, "airdry": 0.091, "ll15": 0.128, "dul": 0.357, "sat": 0.4,
        "ks_mm_d": 137.53, "theta_initial": 0.2425, "kdul_mm_d": 0.9318, "psidul_cm": -100.0,
        **values,
    }  # fmt: skip
    filled = {name: np.full(n_layer, value) for name, value in columns.items()}
    return {**filled, "thickness_mm": np.array(THICKNESS_MM[:n_layer])}


def simulation(name: str = "s1", **values: float) -> Simulation:
    return Simulation(name, soil(**values), "c0.met", date(2003, 1, 1), date(2004, 12, 31))


def find(tree: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return next(node for path, node in nodes_by_path(tree) if path.endswith(f"/{kind}"))


@pytest.mark.parametrize("version", template_versions())
def test_a_file_holds_what_the_site_and_the_settings_say(version: str) -> None:
    settings = ApsimSettings(cn2_bare=75.0, dt_max_min=60.0)
    tree = json.loads(apsimx_text([simulation()], settings, version))
    assert tree["Version"] == int(version)
    assert find(tree, "Physical")["Thickness"] == THICKNESS_MM
    assert find(tree, "Physical")["SAT"] == [0.4] * 12
    swim = find(tree, "Swim3")
    assert (swim["CN2Bare"], swim["DTMax"], swim["KDul"]) == (75.0, 60.0, 0.9318)
    assert find(tree, "Clock")["Start"] == "2003-01-01T00:00:00"


@pytest.mark.parametrize("version", template_versions())
def test_a_file_asks_for_the_pond_and_has_its_versions_soil_temperature(version: str) -> None:
    # D9: without Pond a day that ponds does not close. D11: in format 213 APSIM's own model is
    # SoilTemp.SoilTemperature; in 77 it is CERES's.
    tree = json.loads(apsimx_text([simulation()], ApsimSettings(), version))
    kinds = {node["$type"] for _, node in nodes_by_path(tree) if "SoilTemperature" in node["$type"]}
    native = int(version) >= 213
    wanted = "SoilTemp.SoilTemperature" if native else "CERESSoilTemperature"
    assert kinds == {f"Models.Soils.{wanted}, Models"}
    assert "[Swim3].Pond as Pond" in json.dumps(tree)


@pytest.mark.parametrize("version", template_versions())
def test_every_key_of_swim3_is_written_and_no_step_may_vanish(version: str) -> None:
    # science/swim3.md section 6: the C# gives no default, a missing key counts as 0.
    swim = find(json.loads(apsimx_text([simulation()], ApsimSettings(), version)), "Swim3")
    keys = {
        "Salb", "CN2Bare", "CNRed", "CNCov", "KDul", "PSIDul", "VC", "DTMin", "DTMax",
        "MaxWaterIncrement", "SpaceWeightingFactor", "SoluteSpaceWeightingFactor", "Dis", "Disp",
        "A", "DTHC", "DTHP", "Diagnostics",
    }  # fmt: skip
    assert keys <= set(swim)
    assert swim["DTMin"] > 0


def test_a_step_of_length_zero_cannot_be_asked_for() -> None:
    with pytest.raises(ValueError, match="dt_min_min"):
        ApsimSettings(dt_min_min=0.0)


def test_no_hole_of_the_template_is_left_open() -> None:
    for version in template_versions():
        text = apsimx_text([simulation(), simulation("s2")], ApsimSettings(), version)
        assert "{" + "thickness_mm" + "}" not in text
        assert '"{' not in text.replace('"{"', "")


def test_two_sites_of_one_name_are_refused_because_apsim_would_merge_them() -> None:
    with pytest.raises(ValueError, match="must differ"):
        apsimx_text([simulation("a"), simulation("a")], ApsimSettings(), "77")


def test_a_name_cannot_break_out_of_its_text(tmp_path: Path) -> None:
    path = tmp_path / "run.apsimx"
    write_apsimx(path, [simulation('a", "Enabled": false, "x": "')], ApsimSettings(), "77")
    tree = json.loads(path.read_text())
    assert tree["Children"][0]["Name"] == 'a", "Enabled": false, "x": "'


def test_our_file_agrees_with_one_that_real_apsim_ran(shared: Path) -> None:
    # reference/apsim/fallow_loam_semiarid.apsimx: accepted by APSIM of Feb 2020, both builds.
    real = json.loads((shared / "reference/apsim/fallow_loam_semiarid.apsimx").read_text())
    physical = find(real, "Physical")
    columns = {
        "thickness_mm": "Thickness", "bd_g_cm3": "BD", "airdry": "AirDry", "ll15": "LL15",
        "dul": "DUL", "sat": "SAT", "ks_mm_d": "KS",
    }  # fmt: skip
    values = {ours: np.array(physical[theirs]) for ours, theirs in columns.items()}
    n_layer = len(physical["Thickness"])
    values["theta_initial"] = np.array(find(real, "Sample")["SW"])
    values["kdul_mm_d"] = np.full(n_layer, find(real, "Swim3")["KDul"])
    values["psidul_cm"] = np.full(n_layer, find(real, "Swim3")["PSIDul"])
    name = real["Children"][0]["Name"]
    made = Simulation(name, values, "semiarid_plains.met", date(2003, 1, 1), date(2004, 12, 31))
    ours = dict(nodes_by_path(json.loads(apsimx_text([made], ApsimSettings(), "77"))))
    theirs = dict(nodes_by_path(real))
    assert ours.keys() == theirs.keys()
    # Ours never lets the step vanish, and reports less.
    ours["/Simulations/Simulation/Zone/Soil/Swim3"]["DTMin"] = 0.0
    wanted = ours["/Simulations/Simulation/Zone/Report"].pop("VariableNames")
    accepted = theirs["/Simulations/Simulation/Zone/Report"].pop("VariableNames")
    # Pond is asked for besides: an APSIM without it leaves the column out and runs on
    # (reference/apsim/db/report_unknown_property.db: all 91 days, no error).
    assert set(wanted) <= {*accepted, "[Swim3].Pond as Pond"}
    assert ours == theirs


def test_every_soil_of_the_reference_set_is_written_as_it_stands(shared: Path) -> None:
    # reference/swim3/soils.json: what the real SWIM3 runs were given.
    soils = json.loads((shared / "reference/swim3/soils.json").read_text())["psidul_-100"]
    names = {"bd_g_cm3": "bd", "airdry": "airdry", "ll15": "ll15", "dul": "dul", "sat": "sat",
             "ks_mm_d": "ks", "thickness_mm": "thickness"}  # fmt: skip
    written = {"bd": "BD", "airdry": "AirDry", "ll15": "LL15", "dul": "DUL", "sat": "SAT",
               "ks": "KS", "thickness": "Thickness"}  # fmt: skip
    for given in soils:
        columns = {ours: np.array(given[theirs], dtype=float) for ours, theirs in names.items()}
        initial = (columns["ll15"] + columns["dul"]) / 2
        columns |= {"theta_initial": initial, "kdul_mm_d": initial, "psidul_cm": -100 + 0 * initial}
        made = Simulation(given["id"], columns, "w.met", date(2019, 1, 1), date(2020, 12, 31))
        tree = json.loads(apsimx_text([made], ApsimSettings(), "77"))
        physical = find(tree, "Physical")
        for theirs, node in written.items():
            assert physical[node] == [float(value) for value in given[theirs]], given["id"]
        assert find(tree, "Sample")["SW"] == initial.tolist()
