"""rootzone surface fuse: from GeoTIFFs to a GeoTIFF."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio
from click.testing import Result
from rasterio.transform import from_origin

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone.surface.fusion import estarfm, fuse_files
from rootzone.surface.fusion.pairs import choose_pairs
from tests.cli.campaign_runs import invoke

SCENES = Path(__file__).resolve().parents[3].parent / "shared/realdata/surface/lst_fusion"
DAYS = ("20200101", "20200117", "20200109")
CELL = 0.01


def write(path: Path, values: np.ndarray, cell: float = CELL, west: float = 10.0) -> Path:
    profile = {
        "driver": "GTiff", "height": values.shape[0], "width": values.shape[1], "count": 1,
        "dtype": "float32", "crs": "EPSG:4326", "transform": from_origin(west, 50.0, cell, cell),
        "nodata": -9999.0,
    }  # fmt: skip
    with rasterio.open(path, "w", **profile) as file:
        file.write(np.where(np.isfinite(values), values, -9999.0).astype("float32"), 1)
    return path


@pytest.fixture
def scene(tmp_path: Path) -> dict[str, Path]:
    rng = np.random.default_rng(2)
    images = rng.uniform(290.0, 310.0, (5, 40, 30)).astype("float32")
    images[0, 3, 4] = np.nan
    names = [f"fine_{DAYS[0]}", f"coarse_{DAYS[0]}", f"fine_{DAYS[1]}", f"coarse_{DAYS[1]}"]
    names.append(f"coarse_{DAYS[2]}")
    files = zip(names, images, strict=True)
    return {name: write(tmp_path / f"{name}.tif", image) for name, image in files}


def fuse(files: list[Path], *options: str) -> Result:
    f1, c1, f2, c2, today = map(str, files)
    out = str(files[-1].parent / "out.tif")
    pairs = ("--pair", f1, c1, "--pair", f2, c2)
    return invoke("surface", "fuse", *pairs, today, "--out", out, *options)


def problem(told: Result) -> str:
    assert isinstance(told.exception, RequestError), told.output
    return str(told.exception)


def read(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return file.read(1, masked=True).astype(float).filled(np.nan)


def test_files_give_what_arrays_give_whatever_the_strips(
    scene: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuse_files, "_STRIP_PX", 7)
    files = list(scene.values())
    told = fuse(files, "--quantity", "lst", "--half-px", "5", "--json")
    assert told.exit_code == 0, told.output
    f1, c1, f2, c2, today = (read(path) for path in files)
    whole = estarfm([(f1, c1), (f2, c2)], today, bounds=(200.0, 350.0), unbiased=True, half_px=5)
    out = files[-1].parent / "out.tif"
    # float32 in the file, so equal after the same rounding.
    assert np.array_equal(read(out), whole.astype("float32").astype(float), equal_nan=True)
    facts = json.loads(told.stdout)
    assert facts["known"] == 40 * 30 - 1
    record = read_provenance(out)
    assert record.settings["bounds"] == [200.0, 350.0]
    assert len(record.inputs) == 5


def test_another_grid_is_refused_and_can_be_resampled(
    scene: dict[str, Path], tmp_path: Path
) -> None:
    files = list(scene.values())
    blocks = np.arange(80.0).reshape(8, 10)[:, :6] + 250.0
    files[1] = write(tmp_path / f"rough_{DAYS[0]}.tif", blocks, cell=5 * CELL)
    refused = fuse(files, "--quantity", "lst")
    assert "rough_20200101.tif has another size (8 x 6 pixels)" in problem(refused)
    assert "--resample" in problem(refused)
    done = fuse(files, "--quantity", "lst", "--resample", "nearest", "--half-px", "3")
    assert done.exit_code == 0, done.output
    # By hand: nearest on nested grids repeats each coarse cell 5 x 5 times.
    same = fuse_files.clear_share((files[0], files[1]), "nearest")
    assert same == pytest.approx(1 - 1 / 1200)


def test_a_shifted_fine_image_is_refused(scene: dict[str, Path], tmp_path: Path) -> None:
    files = list(scene.values())
    files[2] = write(tmp_path / "moved.tif", read(files[2]), west=10.2)
    told = fuse(files, "--quantity", "lst", "--resample", "nearest")
    assert "moved.tif lies elsewhere" in problem(told)
    assert "Fine images must lie on one grid" in problem(told)


@pytest.mark.parametrize(
    ("position", "values", "said"),
    [
        (1, np.full((40, 30), np.nan), "holds no value in band 1"),
        (2, np.full((40, 30), 300.0), "is 300 everywhere in band 1"),
        (0, np.full((40, 30), 27.0), "lies outside the bounds 200 to 350 (median 27)"),
    ],
)
def test_an_image_that_tells_nothing_is_named(
    scene: dict[str, Path], tmp_path: Path, position: int, values: np.ndarray, said: str
) -> None:
    files = list(scene.values())
    files[position] = write(tmp_path / "poor.tif", values)
    told = fuse(files, "--quantity", "lst")
    assert said in problem(told)
    assert "poor.tif" in problem(told)
    assert not (files[-1].parent / "out.tif").exists()


def test_pairs_that_share_no_clear_pixel_leave_no_file(scene: dict[str, Path]) -> None:
    files = list(scene.values())
    left, right = read(files[1]), read(files[3])
    left[:, :15], right[:, 15:] = np.nan, np.nan
    write(files[1], left)
    write(files[3], right)
    told = fuse(files, "--quantity", "lst")
    assert "No pixel is known in all five images" in problem(told)
    assert not (files[-1].parent / "out.tif").exists()


def test_of_three_pairs_the_clear_ones_round_the_day_are_taken(
    scene: dict[str, Path], tmp_path: Path
) -> None:
    files = list(scene.values())
    near = [
        write(tmp_path / f"{sensor}_20200108.tif", np.full((40, 30), np.nan))
        for sensor in ("fine", "coarse")
    ]
    pairs = [*("--pair", *map(str, near)), *("--pair", *map(str, files[:2]))]
    pairs += ["--pair", *map(str, files[2:4])]
    out = tmp_path / "chosen.tif"
    options = ("--out", str(out), "--quantity", "lst", "--half-px", "3", "--json")
    told = invoke("surface", "fuse", *pairs, str(files[4]), *options)
    assert told.exit_code == 0, told.output
    used = [Path(pair[0]).name for pair in json.loads(told.stdout)["pairs"]]
    assert used == [f"fine_{DAYS[0]}.tif", f"fine_{DAYS[1]}.tif"]


def test_days_on_one_side_only_take_the_two_nearest() -> None:
    days = [dt.date(2016, 1, d) for d in (1, 5, 9)]
    assert choose_pairs(days, [1.0, 1.0, 1.0], dt.date(2016, 2, 1)) == (1, 2)
    with pytest.raises(RequestError, match="Fewer than two pairs have 50%"):
        choose_pairs(days, [1.0, 0.1, 0.0], dt.date(2016, 1, 6))
