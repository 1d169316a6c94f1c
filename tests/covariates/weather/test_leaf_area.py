"""Leaf area of weather cells. Maps as AppEEARS cuts MCD15A3H: sinusoidal, uint8, scale 0.1."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.weather.leaf_area import dates_of_maps, leaf_area_of_cells
from tests.covariates.rasters import write_tif
from tests.covariates.weather_files import GRIDMET

BOUNDS = (-105.30, 40.00, -105.10, 40.15)
SINUSOIDAL = "+proj=sinu +R=6371007.181 +units=m"


def write_map(folder, day, codes, clouds=None):
    # x = R cos(lat) lon is -8.97e6 m at the region's western edge, y = R lat 4.45 to 4.46e6 m.
    for layer, values in (("Lai_500m", codes), ("FparLai_QC", clouds)):
        name = f"MCD15A3H.061_{layer}_doy{day}_aid0001.tif"
        values = np.zeros(codes.shape, np.uint8) if values is None else values
        write_tif(folder / "modis" / name, values, -9_030_000, 4_500_000, 463.312716528, SINUSOIDAL)


@pytest.fixture
def maps(tmp_path):
    codes = np.full((200, 300), 20, np.uint8)
    write_map(tmp_path, "2023001", codes)
    even = np.broadcast_to(np.arange(300) % 2 == 0, (200, 300))
    write_map(tmp_path, "2023005", np.where(even, 30, 253).astype(np.uint8))
    write_map(tmp_path, "2023009000000", np.full((200, 300), 254, np.uint8))
    under_cloud = np.where(even, 0, 1 << 3).astype(np.uint8)  # bits 3 and 4: 1 is cloud
    write_map(tmp_path, "2023013", np.where(even, 40, 90).astype(np.uint8), under_cloud)
    write_map(tmp_path, "2022361", codes)
    (tmp_path / "modis" / "MCD15A3H.061_Lai_500m_doynotes.tif").write_text("no map")
    return load_catalog([], tmp_path)


def test_a_cell_has_the_mean_of_its_leaves_on_the_days_of_maps(maps):
    cells = GRIDMET.cells_in(BOUNDS)
    first, last = date(2023, 1, 1), date(2023, 1, 31)
    lai, files = leaf_area_of_cells(maps, "modis_lai", cells, BOUNDS, first, last)
    assert lai.shape == (31, len(cells))
    assert lai[0] == pytest.approx(2.0, abs=1e-6)  # code 20 everywhere
    assert lai[4] == pytest.approx(3.0, abs=1e-6)  # code 30; 253 is no leaf area
    assert lai[12] == pytest.approx(4.0, abs=1e-6)  # code 40; 90 lies under cloud
    assert np.isnan(np.delete(lai, [0, 4, 12], axis=0)).all()  # day 9: 254 alone
    assert [path.name.split("_")[1] for path in files] == ["Lai", "FparLai"] * 4


def test_days_are_read_as_the_path_spells_them(maps):
    source = maps.source("modis_lai")
    found = dates_of_maps(source, "modis_lai", maps.data_folder)
    assert found["2022361"] == date(2022, 12, 27)  # 365 - 361 = 4 days before the year's last
    assert list(found) == ["2022361", "2023001", "2023005", "2023009000000", "2023013"]
    assert found["2023009000000"] == date(2023, 1, 9)  # newer cuts have the time, six zeros


def test_a_year_without_maps_and_an_entry_without_leaves_are_named(maps):
    cells = GRIDMET.cells_in(BOUNDS)
    span = (date(2021, 1, 1), date(2021, 12, 31))
    with pytest.raises(RequestError, match=r"no map of 2021-01-01 .* of 2022-12-27 to 2023-01-13"):
        leaf_area_of_cells(maps, "modis_lai", cells, BOUNDS, *span)
    with pytest.raises(RequestError, match="nlcd is not leaf area by date"):
        leaf_area_of_cells(maps, "nlcd", cells, BOUNDS, *span)
