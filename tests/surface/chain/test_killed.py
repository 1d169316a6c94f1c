"""Killed in the middle of a verb, the same verbs end with the same files."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rootzone._shared.digests import digest_file
from rootzone.surface.worlds.samples import look_at
from rootzone.surface.worlds.write_province import write_province
from tests.surface.chain.quick_province import quick_province
from tests.surface.chain.test_chain import CAMPAIGN

pytestmark = pytest.mark.hpc  # minutes: every verb runs in a process of its own, some twice

_RESULTS = (
    "predictions.parquet", "skill.json", "networks/stations_0/network.safetensors",
    "maps/surface_theta_20220504.tif", "maps/surface_parameters_20220507.tif",
    "maps/surface_theta_20220507.stac.json", "maps/surface_theta.nc",
)  # fmt: skip
# A file whose appearance says that a verb is in its middle.
_MIDDLE = {
    "train": "surface/networks/stations_0/checkpoint.member0.pt",
    "evaluate": "surface/skill.json",
    "map": "surface/maps/surface_theta_20220504.flags.tif",
}


def verb(folder: Path, name: str) -> list[str]:
    code = "from rootzone._cli import main; main()"
    return [sys.executable, "-c", code, "surface", name, str(folder / "campaign.yaml")]


def test_killed_at_each_step_it_ends_with_the_same_digests(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    write_province(whole / "data" / "surface", look_at(quick_province(), 0, 12))
    (whole / "campaign.yaml").write_text(
        CAMPAIGN[: CAMPAIGN.index("  splits")] + "  splits: [stations]\n"
    )
    shutil.copytree(whole, killed)
    for name, middle in _MIDDLE.items():
        subprocess.run(verb(whole, name), check=True, capture_output=True)
        process = subprocess.Popen(
            verb(killed, name), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while not (killed / middle).exists() and process.poll() is None:
            time.sleep(0.01)
        process.kill()
        process.wait()
        subprocess.run(verb(killed, name), check=True, capture_output=True)
    for name in _RESULTS:
        a, b = (digest_file(folder / "surface" / name) for folder in (whole, killed))
        assert a == b, name
