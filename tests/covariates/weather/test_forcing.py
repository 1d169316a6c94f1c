"""A year of weather: read, checked, completed, written. Files generated to gridMET's layout."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import read_table, write_table
from rootzone._shared.tables import WEATHER
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.weather import pet
from rootzone.covariates.weather.apsim_eo import apsim_mm
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.forcing import ForcingRequest, prepare_year
from tests.covariates.weather_files import (
    COLS,
    GRIDMET,
    ROWS,
    plausible,
    write_gridmet,
    write_year,
    year_dates,
)

GRID_ROWS, GRID_COLS = np.mgrid[ROWS, COLS]
CELLS = Cells(GRIDMET, GRID_ROWS.ravel(), GRID_COLS.ravel())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound")
    write_year(path, 2023, shorts=("pr", "tmmx", "tmmn", "srad", "vpd", "pet", "vs"))
    return path


def prepared(folder, year=2023, elevation_m=None, **request):
    return prepare_year(
        load_catalog([], folder), ForcingRequest(**request), year, CELLS, elevation_m
    )


def spoiled(folder, change, **request):
    write_year(folder, 2023, change=change)
    return prepared(folder, **request)


def test_columns_carry_the_units_of_the_weather_table(folder):
    weather = prepared(folder)
    dates = year_dates(2023)
    # Packing rounds K to 0.1 and W m-2 to 0.1: half of that.
    tmax = plausible("tmmx", dates, seed=2023).reshape(365, 12) - 273.15
    assert weather.columns["tmax_degc"] == pytest.approx(tmax, abs=0.0501)
    radn = plausible("srad", dates, seed=2023).reshape(365, 12) * 0.0864
    assert weather.columns["radn_mj_m2"] == pytest.approx(radn, abs=0.0044)
    assert weather.columns["tmean_degc"] == pytest.approx(
        (weather.columns["tmax_degc"] + weather.columns["tmin_degc"]) / 2, abs=1e-5
    )
    assert weather.gaps == []
    assert (weather.flags == 0).all()


def test_delivered_demand_is_that_of_the_file(folder):
    expected = plausible("pet", year_dates(2023), seed=2023).reshape(365, 12)
    assert prepared(folder).columns["pet_mm"] == pytest.approx(expected, abs=0.0501)


def test_computed_demand_follows_its_form(folder):
    weather = prepared(folder, pet_form="apsim")
    columns = weather.columns
    assert columns["pet_mm"] == pytest.approx(
        apsim_mm(columns["radn_mj_m2"], columns["tmax_degc"], columns["tmin_degc"], 0.13),
        rel=1e-6,
    )
    top = pet.extraterrestrial_mj_m2(CELLS.lat[None, :], np.arange(1, 366)[:, None])
    assert prepared(folder, pet_form="hargreaves").columns["pet_mm"] == pytest.approx(
        pet.hargreaves_mm(columns["tmax_degc"], columns["tmin_degc"], top), rel=1e-5
    )


def test_penman_monteith_needs_and_uses_the_height_of_the_cells(folder):
    with pytest.raises(RequestError, match="needs the height of the cells"):
        prepared(folder, pet_form="fao56")
    low = prepared(folder, pet_form="fao56", elevation_m=np.zeros(12)).columns["pet_mm"]
    high = prepared(folder, pet_form="fao56", elevation_m=np.full(12, 3000.0)).columns["pet_mm"]
    assert np.isfinite(low).all()
    # Thinner air lowers the psychrometric constant (FAO-56 Eq. 8), so the two must differ, by less
    # than the constant itself does (30 % over 3000 m).
    assert 0.01 < np.abs(high / low - 1).mean() < 0.3


def test_sums_start_on_day_7_and_30_without_the_year_before(folder):
    weather = prepared(folder)
    assert not weather.padded
    assert np.isnan(weather.columns["rain_7d_mm"][:6]).all()
    assert np.isnan(weather.columns["rain_30d_mm"][:29]).all()
    assert np.isfinite(weather.columns["net_30d_mm"][29:]).all()
    assert weather.columns["rain_7d_mm"][6] == pytest.approx(
        weather.columns["rain_mm"][:7].sum(axis=0), rel=1e-6
    )


def test_the_year_before_completes_the_first_sums(tmp_path):
    write_year(tmp_path, 2023)
    write_year(tmp_path, 2024)
    weather = prepared(tmp_path, 2024)
    assert weather.padded
    assert len(weather.dates) == 366
    assert np.isfinite(weather.columns["net_30d_mm"]).all()
    before = prepared(tmp_path, 2023).columns["rain_mm"][-29:].sum(axis=0)
    first = before + weather.columns["rain_mm"][0]
    assert weather.columns["rain_30d_mm"][0] == pytest.approx(first, rel=1e-5)


def test_a_missing_day_is_refused_by_name(tmp_path):
    write_year(tmp_path, 2023)
    dates = year_dates(2023)
    short = np.delete(dates, 45)
    values = np.delete(plausible("tmmx", dates, seed=2023), 45, axis=0)
    write_gridmet(tmp_path / "gridmet" / "tmmx_2023.nc", "tmmx", values, short)
    # By hand: day 46 of 2023 is 15 February.
    with pytest.raises(
        RequestError, match=r"FORCING_GAP gridmet 2023: 12 cell-days.*\n.*2023-02-15"
    ):
        prepared(tmp_path)


def test_a_missing_day_may_be_filled_flagged_and_counted(tmp_path):
    def change(short, values):
        values = values.copy()
        if short in ("tmmx", "pr"):
            values[45] = np.nan
        return values

    weather = spoiled(tmp_path, change, gap_policy="fill")
    tmax = weather.columns["tmax_degc"]
    assert tmax[45] == pytest.approx((tmax[44] + tmax[46]) / 2, abs=1e-4)
    assert (weather.flags[45] == 2).all()  # bit 2 is tmax
    # Nobody knows the rain of that day: it stays empty, and is counted; so are sums that need it.
    assert np.isnan(weather.columns["rain_mm"][45]).all()
    assert weather.left_empty["rain_mm"] == 12
    assert np.isnan(weather.columns["rain_7d_mm"][45:52]).all()
    assert [str(gap) for gap in weather.gaps] == [
        "2023-02-15 rain_mm: missing day, all 12 cells",
        "2023-02-15 tmax_degc: missing day, all 12 cells",
    ]


def test_an_impossible_value_is_refused_or_replaced_never_passed_on(tmp_path):
    def change(short, values):
        values = values.copy()
        if short == "pr":
            values[100, 1, 1] = 3000.0
        return values

    with pytest.raises(RequestError, match=r"2023-04-11 rain_mm: impossible \(3000\)"):
        spoiled(tmp_path, change)
    weather = spoiled(tmp_path, change, gap_policy="fill")
    cell = 5  # row 1, column 1 of 3 x 4
    around = [0, 1, 2, 4, 6, 8, 9, 10]
    assert weather.columns["rain_mm"][100, cell] == pytest.approx(
        weather.columns["rain_mm"][100, around].mean(), rel=1e-6
    )
    assert weather.flags[100, cell] == 1


def test_demand_from_filled_weather_is_flagged(tmp_path):
    def change(short, values):
        values = values.copy()
        if short == "srad":
            values[10, 0, 0] = np.nan
        return values

    weather = spoiled(tmp_path, change, gap_policy="fill", pet_form="apsim")
    assert weather.flags[10, 0] == 8 + 32


def test_cells_in_the_sea_are_left_out_and_counted(tmp_path):
    def change(short, values):
        values = values.copy()
        values[:, 2, 3] = np.nan
        return values

    weather = spoiled(tmp_path, change)
    assert len(weather.cells) == 11
    assert weather.empty_cells == 1
    assert weather.gaps == []


def test_the_table_survives_its_schema(tmp_path, folder):
    frame = prepared(folder).to_frame()
    path = tmp_path / "weather_2023.parquet"
    write_table(path, frame, WEATHER, Provenance("test"))
    back = read_table(path, WEATHER, required=["pet_mm", "rain_30d_mm", "filled"])
    assert back.height == 365 * 12
    assert back["cell_id"].n_unique() == 12
    first = back.filter(back["cell_id"] == int(CELLS.cell_id[0]))
    assert first["date"].is_sorted()
    assert first["rain_30d_mm"].null_count() == 29
    assert back["rain_mm"].null_count() == 0


def test_weather_of_a_region_without_data_is_an_error(tmp_path):
    with pytest.raises(RequestError, match="no cell of the region has any weather"):
        spoiled(tmp_path, lambda short, values: np.full_like(values, np.nan))


def test_an_aggregate_of_several_years_is_read_by_its_days(tmp_path):
    # data_formats.md 7: the THREDDS aggregate holds all years in one file; only its days decide.
    dates = np.concatenate([year_dates(2023), year_dates(2024)])
    for short in ("pr", "tmmx", "tmmn", "srad", "vpd", "pet"):
        values = np.concatenate(
            [plausible(short, year_dates(year), seed=year) for year in (2023, 2024)]
        )
        write_gridmet(tmp_path / "agg" / f"agg_met_{short}.nc", short, values, dates)
    catalog = load_catalog([], tmp_path)
    entry = catalog.source("gridmet").model_copy(update={"path": "agg/agg_met_{variable}.nc"})
    catalog.sources["gridmet"] = entry
    first = prepare_year(catalog, ForcingRequest(), 2023, CELLS)
    second = prepare_year(catalog, ForcingRequest(), 2024, CELLS)
    assert (len(first.dates), first.padded) == (365, False)
    assert (len(second.dates), second.padded) == (366, True)
    expected = plausible("pet", year_dates(2024), seed=2024).reshape(366, 12)
    assert second.columns["pet_mm"] == pytest.approx(expected, abs=0.0501)
