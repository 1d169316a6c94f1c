from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.legends import Legend
from rootzone.covariates.layers.source import Source
from rootzone.hydraulics.run_soils import run_soils
from rootzone.hydraulics.site_layers import site_layers

SITES = pl.DataFrame({"site_id": [9, 4], "cell_id": [1, 2], "row": [5, 0], "col": [2, 3]})


class Land:
    """Answers with a number that tells layer and pixel apart."""

    def sample(self, address: str, row: np.ndarray, col: np.ndarray) -> np.ndarray:
        variable, depth = address.split("/")[1:]
        base = {"sand": 100, "silt": 200, "clay": 300}[variable] + float(depth.split("_")[0])
        return base + row / 10 + col / 100


def source(**changes: Any) -> Source:
    known = {
        "title": "t", "reader": "polaris", "kind": "continuous", "path": "{variable}/{depth}",
        "depths_cm": [[0, 5], [5, 15]],
    }  # fmt: skip
    return Source.model_validate({**known, **changes})


def test_each_site_has_its_depths_together_from_the_top_down() -> None:
    table = site_layers(Land(), "soil", source(), SITES, "rosetta3")
    assert table["site_id"].to_list() == [9, 9, 4, 4]
    assert table["top_mm"].to_list() == [0.0, 50.0, 0.0, 50.0]
    assert table["bottom_mm"].to_list() == [50.0, 150.0, 50.0, 150.0]
    # By hand: sand 100 + depth 5 + row 0/10 + column 3/100 for the second site's second layer.
    assert table["sand_pct"][3] == pytest.approx(105.03)
    assert table["cell_id"].to_list() == [1, 1, 2, 2]


def test_a_product_without_depths_is_refused_by_name() -> None:
    with pytest.raises(RequestError, match="soil has no soil depths"):
        site_layers(Land(), "soil", source(path="x.tif", depths_cm=[]), SITES, "rosetta3")


class Classes(Land):
    """Land cover 42 in the first row of the grid and 71 elsewhere, on the same soil throughout."""

    def sample(self, address: str, row: np.ndarray, col: np.ndarray) -> np.ndarray:
        if address == "nlcd":
            return np.where(row == 0, 42, 71)
        share = {"sand": 40.0, "silt": 40.0, "clay": 20.0}[address.split("/")[1]]
        return np.full(row.shape, share)


def test_the_cover_of_each_sites_class_reaches_the_soils_table(tmp_path: Path) -> None:
    legend = Legend.model_validate(
        {"classes": {42: {"name": "Evergreen Forest", "group": "forest"},
                     71: {"name": "Grassland/Herbaceous", "group": "grass"}}}
    )  # fmt: skip
    layers = site_layers(Classes(), "soil", source(), SITES, "rosetta3", ("nlcd", legend))
    layers.write_parquet(tmp_path / "layers.parquet")
    out = tmp_path / "soils.parquet"
    run_soils(tmp_path / "layers.parquet", out, thickness_mm=(50.0, 50.0))
    soils = pl.read_parquet(out).group_by("site_id").agg(pl.col("cover"))
    assert dict(soils.iter_rows()) == {9: ["grass"] * 2, 4: ["evergreen_forest"] * 2}
