"""rootzone surface apply: chosen models on images of any pixel size."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import rasterio
from affine import Affine

from tests.cli.campaign_runs import invoke
from tests.surface.select.test_choose import planted


def write_image(path: Path, bands: dict[str, np.ndarray], size_m: float) -> Path:
    shape = next(iter(bands.values())).shape
    with rasterio.open(
        path, "w", driver="GTiff", dtype="float64", count=len(bands), height=shape[0],
        width=shape[1], crs="EPSG:6933", transform=Affine(size_m, 0, 0, 0, -size_m, 5e6),
        nodata=-1.0,
    ) as file:  # fmt: skip
        for number, (name, values) in enumerate(bands.items(), 1):
            file.write(values, number)
            file.set_band_description(number, name)
    return path


def read(path: Path) -> dict[str, np.ndarray]:
    with rasterio.open(path) as file:
        return {name: file.read(k) for k, name in enumerate(file.descriptions, 1)}


def test_each_environment_is_served_by_its_model(tmp_path: Path) -> None:
    samples, environments = planted(0)
    table, models = tmp_path / "samples.parquet", tmp_path / "models.json"
    # Two more ways to tell moisture, each right in one environment: trees see both.
    samples.join(environments, on="station").write_parquet(table)
    words = ("--features", "a,b", "--by", "environment", "--outer", "2", "--rounds", "30")
    told = invoke("surface", "select", table, *words, "--models", models)
    assert told.exit_code == 0, (told.output, told.exception)
    a = np.full((3, 4), 0.22)
    a[0, 0] = -1.0
    bands = {"a": a, "b": np.full((3, 4), 0.18), "environment": np.ones((3, 4))}
    bands["environment"][:, 2:] = 2.0
    image = write_image(tmp_path / "image.tif", bands, 1000.0)
    done = invoke("surface", "apply", models, image, "--out", tmp_path / "out.tif")
    assert done.exit_code == 0, (done.output, done.exception)
    found = read(tmp_path / "out.tif")
    assert list(found) == ["theta", "spread", "model", "environment"]
    assert np.isnan(found["theta"][0, 0])
    # In the first environment a tells moisture to .01, in the second b.
    assert abs(found["theta"][1, 0] - 0.22) < 0.03
    assert abs(found["theta"][1, 3] - 0.18) < 0.03
    again = invoke("surface", "apply", models, image, "--out", tmp_path / "out.tif")
    assert "--force" in str(again.exception)


@pytest.mark.parametrize("size_m", [10.0, 36_000.0])
def test_the_scale_of_the_pixels_is_a_feature(tmp_path: Path, size_m: float) -> None:
    # Made up so that theta = a + .001 x scale: one ridge holds from 10 m to 36 km.
    rng = np.random.default_rng(0)
    n = 400
    scale = rng.choice([0.01, 1.0, 9.0, 36.0], n)
    a = rng.uniform(0.1, 0.3, n)
    frame = pl.DataFrame(
        {"station": [f"s{k % 10}" for k in range(n)], "a": a, "scale_km": scale,
         "theta": a + 0.001 * scale}
    ).with_columns(date=pl.lit(dt.date(2022, 6, 1)))  # fmt: skip
    table, models = tmp_path / "samples.parquet", tmp_path / "models.json"
    frame.write_parquet(table)
    words = ("--features", "a,scale_km", "--outer", "2", "--rounds", "5", "--models", models)
    assert invoke("surface", "select", table, *words).exit_code == 0
    image = write_image(tmp_path / "image.tif", {"a": np.full((2, 2), 0.2)}, size_m)
    assert invoke("surface", "apply", models, image, "--out", tmp_path / "out.tif").exit_code == 0
    # The ridge's penalty of 1 on 400 samples moves it by less than .001.
    expected = 0.2 + 0.001 * size_m / 1000.0
    np.testing.assert_allclose(read(tmp_path / "out.tif")["theta"], expected, atol=1e-3)


def test_a_band_that_is_missing_is_named(tmp_path: Path) -> None:
    samples, environments = planted(0)
    table, models = tmp_path / "samples.parquet", tmp_path / "models.json"
    samples.join(environments, on="station").write_parquet(table)
    words = ("--features", "a,b", "--by", "environment", "--outer", "2", "--rounds", "2")
    invoke("surface", "select", table, *words, "--models", models)
    image = write_image(
        tmp_path / "image.tif", {"a": np.zeros((2, 2)), "b": np.zeros((2, 2))}, 30.0
    )
    told = invoke("surface", "apply", models, image, "--out", tmp_path / "out.tif")
    assert "has no band 'environment'" in str(told.exception)
    assert not (tmp_path / "out.tif").exists()
