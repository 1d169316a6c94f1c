from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import rasterio

from rootzone._shared.digests import digest_file
from rootzone.made_up.county_fields import EAST, NORTH, SOUTH, WEST, County
from rootzone.made_up.write_county import NOTE, write_county


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    write_county(folder, [2023], seed=7)
    return folder


def test_textures_close_and_stay_inside_the_triangle() -> None:
    lon, lat = np.meshgrid(np.linspace(WEST, EAST, 40), np.linspace(SOUTH, NORTH, 40))
    for texture in County.from_seed(7).texture_pct(lon, lat, depths_cm=(2.5, 150.0)):
        shares = np.stack(texture)
        assert np.allclose(shares.sum(axis=0), 100.0)
        assert shares.min() > 0.0


def test_land_cover_lies_on_the_lattice_of_nlcd(county: Path) -> None:
    with rasterio.open(county / "nlcd" / "Annual_NLCD_LndCov_2023_CU_C1V1.tif") as file:
        # Edges at 15 mod 30 m: data_formats.md, section 4.
        assert file.transform.c % 30 == 15
        assert file.transform.f % 30 == 15
        assert file.res == (30.0, 30.0)
        assert set(np.unique(file.read(1))) <= {11, 21, 22, 42, 52, 71, 82}


def test_weather_is_packed_as_gridmet_packs_it(county: Path) -> None:
    with netCDF4.Dataset(county / "gridmet" / "tmmx_2023.nc") as file:
        variable = file["air_temperature"]
        assert variable.dtype == np.int16
        assert (variable.scale_factor, variable.add_offset) == (0.1, 220.0)
        assert variable.shape[0] == 365
        # Days since 1900-01-01: 2023-01-01 is day 44925 (123 years, 30 of them leap).
        assert file["day"][0] == 44925


def test_every_file_says_that_it_is_made_up(county: Path) -> None:
    for path in county.rglob("*.tif"):
        with rasterio.open(path) as file:
            assert file.tags()["note"] == NOTE
    for path in county.rglob("*.nc"):
        with netCDF4.Dataset(path) as file:
            assert file.note == NOTE
    assert NOTE in (county / "README.txt").read_text()


def test_a_seed_is_a_county(county: Path, tmp_path: Path) -> None:
    write_county(tmp_path / "same", [2023], seed=7)
    write_county(tmp_path / "other", [2023], seed=8)
    dem = Path("3dep") / "USGS_1_n41w106.tif"
    assert digest_file(tmp_path / "same" / dem) == digest_file(county / dem)
    assert digest_file(tmp_path / "other" / dem) != digest_file(county / dem)
