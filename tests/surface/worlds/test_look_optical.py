"""What optical sensors see: canopy over soil that brightens as it dries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.open_files import open_raster
from rootzone.covariates.check.check import check_file
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.surface.physics.indices import ndvi as index
from rootzone.surface.worlds.look import true_ndvi
from rootzone.surface.worlds.look_optical import BANDS, lai_of_ndvi, optical, reflectance
from rootzone.surface.worlds.write_optical import write_sentinel2
from tests.surface.chain.quick_province import quick_province
from tests.surface.physics.tables import DATA

PROVINCE = quick_province(20)


@pytest.mark.parametrize("band", list(BANDS))
def test_canopies_are_those_of_prosail(band: str) -> None:
    # prosail_bands.csv: PROSAIL 2.0.5, ten leaf areas over soils from wet to dry.
    table = pl.read_csv(DATA / "prosail_bands.csv")
    told = reflectance(band, table["lai"].to_numpy(), table["psoil_dry_share"].to_numpy())
    np.testing.assert_allclose(told, table[band].to_numpy(), atol=0.015)


def test_dry_soil_is_brighter_and_a_canopy_hides_it() -> None:
    bare = [float(reflectance("red", 0.0, share)) for share in (0.0, 1.0)]
    assert bare == pytest.approx([BANDS["red"].wet, BANDS["red"].dry])
    hidden = [float(reflectance("red", 8.0, share)) for share in (0.0, 1.0)]
    assert abs(hidden[1] - hidden[0]) < 0.01
    assert float(lai_of_ndvi(0.5)) == pytest.approx(-2.0 * np.log(1.0 - 0.5 / 0.95))


def test_scenes_follow_the_land_and_its_files_come_back(tmp_path: Path) -> None:
    green = true_ndvi(PROVINCE)
    seen = optical(PROVINCE, green, np.random.default_rng(1))
    clear = ~seen.cloud
    told = index(*(seen.reflectance[b].astype(np.float64) for b in ("red", "nir")))
    assert np.corrcoef(told[clear], green[seen.day][clear])[0, 1] > 0.6
    assert seen.reflectance["blue"][seen.cloud].mean() > 0.5
    paths = write_sentinel2(tmp_path, PROVINCE, seen)
    red = next(p for p in paths if "_B04_" in p.name)
    assert check_file(red, CATALOG, "sentinel2").ok
    with open_raster(red) as file:
        stored = file.read(1)
    # Baseline 04.00 and later: reflectance is stored / 10000 - 0.1.
    np.testing.assert_allclose(stored / 1e4 - 0.1, seen.reflectance["red"][0], atol=5.1e-5)


CATALOG = load_catalog([], Path())
