"""`rootzone label-tables` and `rootzone distribution` from end to end on small tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner

from rootzone._cli.distribution import command as distribution
from rootzone._cli.label_tables import command as labels
from rootzone._shared.errors import RequestError
from rootzone.labels.write_labels import label_files
from tests.labels.profiles import write_profiles

THICKNESS = "50,50,50,50,100,100"


@pytest.fixture
def profiles(tmp_path: Path) -> Path:
    theta = {1: np.tile([0.1, 0.1, 0.1, 0.21, 0.27, 0.3], (4, 1))}
    return write_profiles(tmp_path / "profiles.parquet", theta, physics="swim3")


def test_labels_of_one_profile_file_and_their_table(profiles: Path, tmp_path: Path) -> None:
    out = tmp_path / "labels"
    options = [str(profiles), "--out", str(out), "--thickness", THICKNESS, "--json"]
    result = CliRunner().invoke(labels, options, catch_exceptions=False)
    assert json.loads(result.stdout)["labels"] == 4
    table = CliRunner().invoke(distribution, [str(out), "--json"], catch_exceptions=False)
    report = json.loads(table.stdout)
    # Eq. 13 by hand: 2/3 * 0.21 + 1/3 * 0.27.
    assert report[str(out)]["unweighted"]["mean"] == pytest.approx(0.23, abs=1e-7)


def test_the_engine_on_a_label_is_that_of_the_provenance(profiles: Path, tmp_path: Path) -> None:
    options = [str(profiles), "--out", str(tmp_path / "o"), "--thickness", THICKNESS]
    CliRunner().invoke(labels, options, catch_exceptions=False)
    frame = pl.read_parquet(label_files(tmp_path / "o")[0])
    assert frame["engine"].cast(pl.String).to_list() == ["swim/swim3/apsim"] * 2


def test_physics_in_the_provenance_decides_the_nodes(profiles: Path, tmp_path: Path) -> None:
    # swim3: nodes 0 and 75 mm hold 0.1 both, so 10 mm is known; with mid-layers it is refused.
    options = [str(profiles), "--thickness", THICKNESS, "--depth", "10"]
    CliRunner().invoke(labels, [*options, "--out", str(tmp_path / "a")], catch_exceptions=False)
    with pytest.raises(RequestError, match="above the first node"):
        CliRunner().invoke(
            labels,
            [*options, "--out", str(tmp_path / "b"), "--nodes", "mid_layer"],
            catch_exceptions=False,
        )


def test_two_sources_are_compared(profiles: Path, tmp_path: Path) -> None:
    other = tmp_path / "stations.parquet"
    pl.DataFrame({"theta": [0.35, 0.36], "depth_m": [0.203, 0.05]}).write_parquet(other)
    options = [str(profiles), "--out", str(tmp_path / "l"), "--thickness", THICKNESS]
    CliRunner().invoke(labels, options, catch_exceptions=False)
    compare = [str(tmp_path / "l"), str(other), "--depth", "200", "--json"]
    report = json.loads(CliRunner().invoke(distribution, compare, catch_exceptions=False).stdout)
    # 8 inches count as 20 cm, 5 cm does not; no bin is shared, so the distance is 2.
    assert report[str(other)]["unweighted"]["rows"] == 1
    assert report["histogram_l1"]["unweighted"] == pytest.approx(2.0)


def test_profiles_need_a_folder_for_their_labels(profiles: Path) -> None:
    shown = CliRunner().invoke(labels, [str(profiles)])
    assert shown.exit_code == 2
    assert "Missing option '--out'" in shown.stderr
