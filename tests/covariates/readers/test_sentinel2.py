"""Which Sentinel-2 scenes have 1000 added to their numbers; it is taken off those alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.readers.sentinel2 import baseline_of

GRID = MasterGrid("EPSG:32613", 20.0, 500_000.0, 4_400_000.0, 8, 8, 8)


def band(path: Path, stored: int = 2000, dtype: str = "uint16", **tags: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", width=8, height=8, count=1, dtype=dtype, crs=GRID.crs,
        transform=rasterio.transform.from_origin(GRID.left, GRID.top, 20.0, 20.0),
    ) as file:  # fmt: skip
        file.write(np.full((8, 8), stored, dtype), 1)
        file.update_tags(**tags)
    return path


@pytest.mark.parametrize(
    ("day", "reflectance"),
    # (2000 - 1000) / 10000 of baseline 04.00 and 2000 / 10000 before it (ESA, L2A from 2022-01-25).
    [("20220503", 0.1), ("20210503", 0.2)],
)
def test_the_offset_is_that_of_the_baseline(tmp_path: Path, day: str, reflectance: float) -> None:
    scene = f"sentinel2/T13TGE_{day}T174911"
    band(tmp_path / f"{scene}_B04_20m.tif")
    band(tmp_path / f"{scene}_SCL_20m.tif", 5, "uint8")
    catalog = load_catalog([], tmp_path)
    with CovariateStack(catalog, GRID) as stack:
        told = stack.read(f"sentinel2/T13TGE_{day}T174911/B04", Window(0, 0, 8, 8))
    assert np.allclose(told, reflectance, atol=1e-6)


def test_a_reprocessed_scene_tells_its_baseline(tmp_path: Path) -> None:
    name = "T13TGE_20190503T174911_B04_20m.tif"
    product = "S2A_MSIL2A_20190503T174911_N0500_R141_T13TGE_20221201T000000.SAFE"
    assert baseline_of(band(tmp_path / product / "IMG_DATA" / name)) == 500
    assert baseline_of(band(tmp_path / "tag" / name, PROCESSING_BASELINE="05.10")) == 510
    (tmp_path / "xml").mkdir()
    told = "<a><PROCESSING_BASELINE>02.12</PROCESSING_BASELINE></a>"
    (tmp_path / "xml" / "MTD_MSIL2A.xml").write_text(told)
    assert baseline_of(band(tmp_path / "xml" / "R20m" / name)) == 212
    assert baseline_of(band(tmp_path / "alone" / name)) == 0
    with pytest.raises(RequestError, match="PROCESSING_BASELINE is"):
        baseline_of(band(tmp_path / "bad" / name, PROCESSING_BASELINE="new"))
