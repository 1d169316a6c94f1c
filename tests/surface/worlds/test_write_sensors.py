"""Files of a made-up province, read back by the readers of real ones."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.open_files import open_raster
from rootzone.covariates.check.check import check_file
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.observe.each import observe_file
from rootzone.surface.physics.bare_soil import db_from_linear
from rootzone.surface.worlds.look import coarse_model, radar, surface_temperature_k, true_ndvi
from rootzone.surface.worlds.look_coarse import ERA5_LAYERS, eight_days, second_model
from rootzone.surface.worlds.look_optical import lai_of_ndvi
from rootzone.surface.worlds.province import ProvinceSettings, simulate_pixels
from rootzone.surface.worlds.samples import look_at
from rootzone.surface.worlds.write_catalog import write_catalog_folder
from rootzone.surface.worlds.write_modis import LST, write_modis
from rootzone.surface.worlds.write_sensors import write_era5_land, write_gleam, write_radar
from tests.surface.chain.quick_province import quick_province

CATALOG = load_catalog([], Path())
PROVINCE = quick_province(20)
NDVI = true_ndvi(PROVINCE)


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


def test_gleam_comes_back_day_by_day(tmp_path: Path) -> None:
    fields = coarse_model(PROVINCE, "0_10cm", rng(), cells_px=36)
    path = tmp_path / "SMsurf_2022_GLEAM_v3.8a.nc"
    write_gleam(path, PROVINCE, fields)
    seen = observe_file(path, CATALOG)
    assert seen.frame["sensor"].unique().to_list() == ["gleam_v3"]
    by_day = seen.frame.group_by("date").agg(v=pl.col("value").mean()).sort("date")
    np.testing.assert_allclose(by_day["v"], fields[:, 0, 0], rtol=1e-6)  # one cell of 36 km


def test_era5_land_has_another_soil_and_less_rain(tmp_path: Path) -> None:
    # Sandier and drier than the province, so its water content is below at every cell in the mean.
    short = ProvinceSettings(side_km=36, first="2022-06-01", last="2022-06-20")
    model = second_model(short)
    at = np.array([4.5, 13.5, 22.5, 31.5])
    truth = simulate_pixels(short, at, at, layers=ERA5_LAYERS)
    assert list(model) == ["swvl1", "swvl2", "swvl3"]
    diagonal = model["swvl1"][:, np.arange(4), np.arange(4)]
    assert (diagonal.mean(axis=0) < truth["swvl1"].mean(axis=0)).all()
    path = tmp_path / "era5_land_moisture_2022_06.nc"
    write_era5_land(path, quick_province(20), model)
    frame = observe_file(path, CATALOG, "era5_land_moisture").frame
    assert set(frame["quantity"]) == {"theta_0_7cm", "theta_7_28cm", "theta_28_100cm"}
    assert frame["value"].is_between(0.01, 0.5).all()
    first = frame.filter(quantity="theta_0_7cm").sort("date", "row", "col").row(0, named=True)
    row, col = PROVINCE.grid.row_col_of_lon_lat(first["lon"], first["lat"])
    assert first["value"] == pytest.approx(float(model["swvl1"][0, row // 9, col // 9]), rel=1e-6)


def test_radar_scenes_are_in_db_with_the_border_of_old_ones(tmp_path: Path) -> None:
    seen = radar(PROVINCE, NDVI, rng())
    paths = write_radar(tmp_path, PROVINCE, seen)
    assert len(paths) == 2 * seen.day.size
    assert check_file(paths[2], CATALOG, "sentinel1").ok
    with open_raster(paths[2]) as file:  # the second scene, VV
        values = file.read(1, masked=True)
        assert file.tags()["note"].startswith("made up")
    assert np.ma.getmaskarray(values)[:, [0, 1, -2, -1]].all()
    told = db_from_linear(seen.vv[1].astype(np.float64))[:, 2:-2]
    np.testing.assert_allclose(values[:, 2:-2], told, atol=1e-5)


def test_modis_is_sinusoidal_and_zero_under_clouds(tmp_path: Path) -> None:
    lst = surface_temperature_k(PROVINCE, NDVI, rng())
    lst[3, :9, :9] = np.nan
    path = write_modis(tmp_path, PROVINCE, lst[3], 3, LST)
    assert path.name == "MOD11A1.061_LST_Day_1km_doy2022124_aid0001.tif"  # 4 May is day 124
    report = check_file(path, CATALOG, "modis_lst")
    assert report.ok, report.findings
    with open_raster(path) as file:
        stored = file.read(1)
        assert file.res[0] == pytest.approx(926.625433, abs=1e-5)
    known = stored[stored > 0] * 0.02
    seen = lst[3][np.isfinite(lst[3])]
    assert known.min() >= seen.min() - 0.011
    assert known.max() <= seen.max() + 0.011
    # A pixel of 927 m has .857 of the area of one of 1001 m; rim pixels have none.
    assert known.size == pytest.approx(seen.size / 0.857, rel=0.06)


def test_glass_is_two_kelvin_too_warm_and_has_no_gaps() -> None:
    lst = surface_temperature_k(PROVINCE, NDVI, rng())
    told = eight_days(PROVINCE, NDVI, lst, rng())
    assert told.first.tolist() == [0, 8]  # 20 days hold two whole composites
    assert told.ndvi.shape == told.lst_k.shape == (2, 7, 7)
    assert np.isfinite(told.lst_k).all()
    seen = np.nanmean(lst[:16, :35, :35])
    # 1.5 K of noise over 98 cells leaves .15 K; clouds weigh days unlike: half a kelvin of room.
    assert float(told.lst_k.mean() - seen) == pytest.approx(2.0, abs=0.6)


def test_every_sensor_is_written_where_the_catalog_reads_it(tmp_path: Path) -> None:
    looks = look_at(PROVINCE, 0, 4)
    drawn = np.full((20, 4, 4), 0.25, np.float32) + 0.01 * np.arange(20)[:, None, None]
    made = write_catalog_folder(tmp_path, looks, {"swvl1": drawn}, 1)
    catalog, grid = load_catalog([], tmp_path), PROVINCE.grid
    for name, paths in made.items():
        assert check_file(paths[0], catalog, name).ok, name
    seen = {
        name: observe_file(paths[0], catalog).frame
        for name, paths in made.items()
        if catalog.source(name).kind == "observations"
    }
    assert set(seen) == {"smap_l3_moisture", "gleam_v3", "glass_lai", "era5_land_moisture"}
    # Leaf area of the first eight days within the product's noise of .3: half of it for the mean
    # of 64 cells, clipped at 0, would be much.
    lai = lai_of_ndvi(NDVI[:8]).mean()
    assert seen["glass_lai"]["value"].mean() == pytest.approx(lai, abs=0.15)
    assert seen["glass_lai"]["date"].unique().to_list() == [dt.date(2022, 5, 1)]
    tb = seen["smap_l3_moisture"].filter(quantity="tb_v").sort("row", "col")["value"]
    np.testing.assert_allclose(tb, looks.smap.tb_v[0].ravel(), atol=1e-3)
    # Rasters on the pixels of the province: a scene each, clouds of its flags left out.
    with CovariateStack(catalog, MasterGrid(grid.crs, grid.resolution_m, grid.left, grid.top,
                                            36, 36)) as stack:  # fmt: skip
        whole = stack.grid.full_window
        scene = made["landsat"][0].name.removesuffix("_SR_B2.TIF")
        red, nir = (stack.read(f"landsat/{scene}/{band}", whole) for band in ("SR_B4", "SR_B5"))
        leaves = stack.read("modis_lai/2022125", whole)
        green = stack.read("modis_ndvi/500m_16_days_NDVI/2022129", whole)
    clear = np.isfinite(red)
    assert 0.3 < clear.mean() < 1.0
    index = (nir - red) / (nir + red)
    assert np.corrcoef(index[clear], NDVI[2][clear])[0, 1] > 0.6
    # Half of a step of .1, and of .0001. So far from its meridian the sinusoidal grid is sheared,
    # so that at some pixels the nearest of its own lies beside.
    off = np.abs(leaves - lai_of_ndvi(looks.ndvi[4])), np.abs(green - looks.ndvi[8])
    assert (off[0] < 0.0501).mean() > 0.8
    assert (off[1] < 0.000051).mean() > 0.8
