"""The demo is killed in every step and given again: what is left must be what a quiet run leaves.

Takes minutes; run it with ``pytest -m hpc tests/cli/test_demo_killed.py``.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest
import rasterio

from rootzone._cli.demo import demo_steps
from rootzone._shared.digests import digest_file
from rootzone._shared.provenance import read_provenance

pytestmark = pytest.mark.hpc

# What may differ: clocks and memory of the runs, the cost estimate, and the log of training steps.
_CLOCKS = {"ledger.parquet", "plan.json", "canaries.json", ".rootzone-demo", "log.csv"}
# A file that says a step is under way; others are killed soon after they began.
_UNDER_WAY = {
    "county": "data/polaris/**/*.tif",
    "simulate": "runs/shard=*/ledger.parquet",
    "train": "learning/main/checkpoint.*",
    "evaluate": "learning/main/best",
    "map": "maps/**/*.tif",
}
_BY_BYTES = {".tif", ".nc", ".safetensors", ".qml", ".yaml"}


# A smaller network and one thread; every step and file is there.
_RUN = """
import re, sys
from rootzone._cli import demo, main
small = {"widths": "[4, 4, 8]", "epochs": 4, "steps_per_epoch": 10, "batch_size": 4}
for key, value in small.items():
    demo._CAMPAIGN, found = re.subn(rf"  {key}: .*", f"  {key}: {value}", demo._CAMPAIGN)
    assert found == 1, key
demo._STATIONS = 4
main()
"""


def _start(folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _RUN, "demo", str(folder)],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _mark(folder: Path) -> dict[str, object]:
    path = folder / ".rootzone-demo"
    return json.loads(path.read_text()) if path.exists() else {"begun": [], "seconds": {}}


def _kill_in(folder: Path, step: str) -> bool:
    """Start the demo and kill it with all its processes in a step; whether it was in it."""
    process = _start(folder)
    while process.poll() is None and step not in _mark(folder)["begun"]:
        time.sleep(0.02)
    while (
        process.poll() is None
        and step not in _mark(folder)["seconds"]
        and not list(folder.glob(_UNDER_WAY.get(step, "*")))
    ):
        time.sleep(0.02)
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return step not in _mark(folder)["seconds"]


def _contents(folder: Path) -> dict[str, str]:
    """Digest of every table, raster, model and settings file, and of the report's record."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.name in _CLOCKS or not path.is_file():
            continue
        if path.name.startswith(".") and ".tmp" in path.name:
            continue  # what a killed writer left; never taken for a file
        if path.suffix == ".parquet":
            table = pl.read_parquet(path, hive_partitioning=False)
            found[name] = f"{table.schema} {table.hash_rows().sum()} {table.height}"
        elif path.name == "land.tif":  # its tags tell the times of its input files
            with rasterio.open(path) as raster:
                found[name] = hashlib.sha256(raster.read().tobytes()).hexdigest()
        elif path.suffix in _BY_BYTES:
            found[name] = digest_file(path)
        elif path.name == "report.html":
            record = read_provenance(path)
            found[name] = f"{record.digest} {dict(record.inputs)}"
    return found


def test_a_demo_killed_in_every_step_ends_as_one_that_was_left_alone(tmp_path: Path) -> None:
    quiet, disturbed = tmp_path / "quiet" / "county", tmp_path / "disturbed" / "county"
    assert _start(quiet).wait() == 0
    steps = [step.name for step in demo_steps(quiet / "campaign.yaml")]
    hit = [step for step in steps if _kill_in(disturbed, step)]
    # A step of a tenth of a second may end before the kill; those that take a while may not.
    assert {"county", "sites", "simulate", "train", "evaluate", "map", "report"} <= set(hit)
    assert _start(disturbed).wait() == 0
    expected, got = _contents(quiet), _contents(disturbed)
    assert {"report/report.html", "sites/sites.parquet"} <= set(expected)
    assert sorted(expected) == sorted(got)
    assert [name for name in expected if expected[name] != got[name]] == []
