"""Two made-up regions in the files of the global pack, read back number by number."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from pyproj import Transformer

from rootzone.covariates.check.check import check_file
from rootzone.covariates.grid import MasterGrid, crs_for
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.weather.cell_elevation import warmer_degc
from rootzone.covariates.weather.forcing import ForcingRequest, prepare_year
from rootzone.covariates.weather.pet import (
    extraterrestrial_mj_m2,
    fao56_mm,
    mean_saturation_kpa,
    saturation_kpa,
    wind_at_2_m,
)
from rootzone.made_up.write_anywhere import (
    DEPTHS_CM,
    IGH,
    Anywhere,
    write_anywhere,
    write_geopotential,
)

# The Murrumbidgee, 10 h ahead of UTC; Lapland beyond the polar circle, 2 h ahead.
SOUTH = Anywhere((149.10, -35.455, 149.12, -35.44), 3)
NORTH = Anywhere((26.60, 67.44, 26.63, 67.45), 4)


@pytest.fixture(scope="module", params=[SOUTH, NORTH], ids=["south", "north"])
def place(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("anywhere")
    write_anywhere(folder, request.param, [2024])
    return request.param, load_catalog([], folder)


@pytest.fixture(scope="module")
def stack(place):
    land, catalog = place
    grid = MasterGrid.for_bounds(land.bounds, 30.0, 16, crs_for("utm", land.bounds))
    return CovariateStack(catalog, grid, land.bounds)


def positions(stack):
    row, col = np.mgrid[: stack.grid.height, : stack.grid.width]
    return stack.grid.lon_lat(row, col)


def test_catalog_check_finds_nothing_wrong_with_any_of_the_files(place):
    # What docs/howto-region.md types before the first stage; a month of hours is no broken year.
    _, catalog = place
    files = [p for p in sorted(catalog.data_folder.rglob("*")) if p.suffix in (".tif", ".nc")]
    entries = {"soilgrids", "era5_land", "worldcover", "koppen_beck2023", "dem_glo30"}
    reports = [check_file(path, catalog) for path in files if path.name != "geopotential.nc"]
    assert {report.source for report in reports} == entries
    assert [(r.path, r.findings) for r in reports if not r.ok] == []


def test_catalog_check_sees_percent_where_the_product_stores_g_per_kg(place, tmp_path):
    # 1,200 g/kg of sand, such as a file that was scaled twice has, is 120 %.
    _, catalog = place
    path = catalog.data_folder / "soilgrids/sand/sand_0-5cm_mean.tif"
    with rasterio.open(path) as data:
        profile, stored = data.profile, data.read(1)
    other = tmp_path / path.relative_to(catalog.data_folder)
    other.parent.mkdir(parents=True)
    with rasterio.open(other, "w", **profile) as out:
        out.write(np.full_like(stored, 1200), 1)
    found = check_file(other, catalog).findings
    assert [(f.code, "120" in f.problem) for f in found] == [("OUT_OF_RANGE", True)]


def test_the_grid_is_the_utm_zone_of_the_hemisphere(place):
    # 149.1 E lies in zone 55, 26.6 E in zone 35: (lon + 180) // 6 + 1.
    land, _ = place
    assert crs_for("utm", land.bounds) == ("EPSG:32755" if land is SOUTH else "EPSG:32635")


def test_weather_of_local_days_is_the_truth(place):
    land, catalog = place
    truth = land.truth([2024])
    cells = catalog.weather_grid("era5_land").cells_in(land.bounds)
    request = ForcingRequest("era5_land", "fao56", utc_offset_h=float(truth.utc_offset_h))
    height = np.full(len(cells), 500.0)
    year = prepare_year(catalog, request, 2024, cells, height)
    assert (len(year.dates), year.gaps, year.padded) == (366, [], True)
    row = [int(np.abs(truth.lat - lat).argmin()) for lat in cells.lat]
    col = [int(np.abs(truth.lon - lon).argmin()) for lon in cells.lon]
    day = (year.dates - truth.dates[0]).astype(int)
    want = {name: column[day][:, row, col] for name, column in truth.columns.items()}
    # float32 in the files: 1e-7 of 300 K and of a day's joules, added up over 24 hours.
    for name in ("rain_mm", "tmax_degc", "tmin_degc", "radn_mj_m2"):
        assert year.columns[name] == pytest.approx(want[name], abs=1e-4), name
    tmax, tmin = want["tmax_degc"], want["tmin_degc"]
    vapour = saturation_kpa(want["dewpoint_degc"])
    deficit = mean_saturation_kpa(tmax, tmin) - vapour
    assert year.columns["vpd_kpa"] == pytest.approx(deficit, abs=1e-5)
    # u and v are 0.6 and -0.8 of the speed, which is 1 by Pythagoras.
    doy = (year.dates - year.dates.astype("datetime64[Y]")).astype(int)[:, None] + 1
    top = extraterrestrial_mj_m2(cells.lat[None, :], doy)
    expected = fao56_mm(
        want["radn_mj_m2"], tmax, tmin, vapour, wind_at_2_m(want["wind_m_s"], 10.0), top, 500.0
    )
    assert year.columns["pet_mm"] == pytest.approx(expected, abs=1e-4)


def test_the_warm_months_are_those_of_the_hemisphere(place):
    land, catalog = place
    cells = catalog.weather_grid("era5_land").cells_in(land.bounds)
    year = prepare_year(
        catalog, ForcingRequest("era5_land", "hargreaves", utc_offset_h=float(
            land.truth([2024]).utc_offset_h)), 2024, cells
    )  # fmt: skip
    january, july = (year.columns["tmean_degc"][a:b].mean() for a, b in ((0, 31), (182, 213)))
    assert (january > july) == (land is SOUTH)


@pytest.mark.parametrize("layer", range(len(DEPTHS_CM)))
@pytest.mark.parametrize("part", ["sand", "silt", "clay"])
def test_a_soil_pixel_is_the_truth_of_its_layer_in_percent(place, stack, layer, part):
    # At the centre of a SoilGrids pixel bilinear is exact: the stored whole number times 0.1.
    land, catalog = place
    top, bottom = DEPTHS_CM[layer]
    with rasterio.open(
        catalog.data_folder / f"soilgrids/{part}/{part}_{top}-{bottom}cm_mean.tif"
    ) as file:
        row, col = file.height // 2, file.width // 2
        x, y = file.xy(row, col)
    lon, lat = Transformer.from_crs(IGH, "EPSG:4326", always_xy=True).transform(x, y)
    truth = land.texture_pct(np.array([lon]), np.array([lat]))[layer]
    near = 0.0002
    box = (lon - near, lat - near, lon + near, lat + near)
    grid = MasterGrid.for_bounds(box, 0.5, 8, stack.grid.crs)
    i, j = grid.row_col_of_lon_lat(lon, lat)
    with CovariateStack(catalog, grid) as fine:
        read = fine.read(f"soilgrids/{part}/{top}_{bottom}", grid.full_window)[i, j]
    # Stored in steps of 0.1 %, and half a metre of 250 m from the centre at most.
    assert read == pytest.approx(truth[("sand", "silt", "clay").index(part)][0], abs=0.1)


def test_classes_and_heights_are_the_truth(place, stack):
    land, _ = place
    lon, lat = positions(stack)
    cover = stack.read("worldcover", stack.grid.full_window)
    assert np.mean(cover == land.land_cover(lon, lat)) > 0.9  # nearest of 10 m at borders
    assert set(np.unique(cover)) <= {10, 20, 30, 40, 50, 80}
    climate = stack.read("koppen_beck2023", stack.grid.full_window)
    assert set(np.unique(climate)) <= {7, 26, 27}
    height = stack.read("dem_glo30", stack.grid.full_window)
    assert np.abs(height - land.elevation_m(lon, lat)).max() < 1.0  # bilinear over 30 m


def test_temperatures_are_moved_from_the_products_ground_to_the_regions(place):
    # By hand: a product that believes in 900 m, a region at 500 m: 0.4 km times 6.5 is 2.6 degC.
    land, catalog = place
    write_geopotential(catalog.data_folder, land, 900.0)
    offset = float(land.truth([2024]).utc_offset_h)
    cells = catalog.weather_grid("era5_land").cells_in(land.bounds)
    height = np.full(len(cells), 500.0)
    warmer = warmer_degc(catalog, "era5_land", cells, height, 6.5)
    assert warmer == pytest.approx(2.6, abs=1e-4)
    plain = ForcingRequest("era5_land", "hargreaves", utc_offset_h=offset)
    january = [
        prepare_year(catalog, plain, 2024, cells, warmer_degc=by) for by in (None, warmer)
    ]  # fmt: skip
    for name in ("tmax_degc", "tmin_degc", "tmean_degc"):
        moved = january[1].columns[name] - january[0].columns[name]
        assert moved == pytest.approx(2.6, abs=1e-3)
    # The vapour stays, so the deficit grows by what warmer air could hold more.
    for year in january:
        ceiling = mean_saturation_kpa(year.columns["tmax_degc"], year.columns["tmin_degc"])
        year.columns["vapour"] = ceiling - year.columns["vpd_kpa"]
    assert january[1].columns["vapour"] == pytest.approx(january[0].columns["vapour"], abs=1e-4)
    np.testing.assert_array_equal(january[0].columns["rain_mm"], january[1].columns["rain_mm"])


@pytest.mark.parametrize("part", ["sand", "clay"])
def test_quantiles_lie_as_far_from_the_mean_as_they_were_written(stack, part):
    # A fifth of the way to 0 and to 100 %; stored in 0.1 %, so two roundings of 0.05 %.
    read = {
        name: stack.read(f"soilgrids/{name}/0_5", stack.grid.full_window)
        for name in (part, f"{part}_q05", f"{part}_q95")
    }
    mean = read[part]
    assert read[f"{part}_q05"] == pytest.approx(0.8 * mean, abs=0.11)
    assert read[f"{part}_q95"] == pytest.approx(mean + 0.2 * (100 - mean), abs=0.11)
