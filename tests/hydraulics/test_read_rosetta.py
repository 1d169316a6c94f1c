"""The packed Rosetta table: rebuilt, compared with Rosetta itself, and guarded by its digest."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.resources import resource_path
from rootzone.hydraulics.read_rosetta import _read, read_rosetta_table
from rootzone.hydraulics.simplex import parameters_from_texture

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_rosetta_table.py"


def _builder():
    spec = importlib.util.spec_from_file_location("build_rosetta_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_script_rebuilds_the_packed_table() -> None:
    # rosetta-soil 0.3.2 itself; 1e-8 is the last decimal of the file.
    pytest.importorskip("rosetta")
    builder = _builder()
    rebuilt = builder.rosetta_values(builder.integer_textures())
    assert np.abs(rebuilt - read_rosetta_table().values).max() <= 1e-8


def test_the_metadata_tells_package_version_and_estimate_type() -> None:
    metadata = json.loads(resource_path("data/rosetta/rosetta3_geo.json").read_text())
    assert metadata["package"] == "rosetta-soil 0.3.2"
    assert metadata["rosetta_version"] == 3
    assert metadata["estimate_type"].startswith("geo")
    assert metadata["rows"] == 5151


def test_a_changed_table_is_refused(tmp_path: Path) -> None:
    for name in ("rosetta3_geo.json", "rosetta3_geo.csv"):
        shutil.copy(resource_path(f"data/rosetta/{name}"), tmp_path)
    table = tmp_path / "rosetta3_geo.csv"
    table.write_text(table.read_text().replace("0.17514606", "0.17514607"))
    with pytest.raises(RequestError, match="digest"):
        _read(tmp_path / "rosetta3_geo.json")


@pytest.mark.kernels
def test_interpolated_parameters_agree_with_rosetta_called_directly() -> None:
    # rosetta-soil 0.3.2, 300 random textures. The benchmark does 10,000 and reports the worst.
    rosetta = pytest.importorskip("rosetta").rosetta
    textures = np.random.default_rng(7).dirichlet([1.0, 1.0, 1.0], 300) * 100.0
    direct, _, _ = rosetta(3, textures.tolist(), estimate_type="geo")
    direct = direct[:, :5].T * np.array([[1.0], [1.0], [1.0], [1.0], [10.0]])
    ours = parameters_from_texture(textures[:, 0], textures[:, 1], read_rosetta_table().values)
    difference = np.abs(ours / direct - 1.0)
    assert np.median(difference, axis=1).max() < 0.002
    assert difference.max() < 0.005
