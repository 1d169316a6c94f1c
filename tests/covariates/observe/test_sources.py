"""Satellites and models as sources of the catalog: each real file by its name, and refusals."""

from __future__ import annotations

from pathlib import Path

import netCDF4
import numpy as np
import pytest
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_table
from rootzone.covariates.check.check import check_file
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.observe.each import observe_file
from rootzone.covariates.observe.observed import OBSERVATIONS
from rootzone.covariates.observe.smos_l2 import read_smos_l2

CATALOG = load_catalog([], Path())


@pytest.mark.parametrize(
    ("pattern", "source", "kept"),
    # Kept values counted in the files by the flags that the products document: SSM 0 to 200 of
    # 255, SMAP in the two tests of half orbits, the others all that is no fill.
    [("cgls_ssm1km/*SSM1km_20170601*", "ssm_1km", 27563),
     ("cgls_ssm1km/*SWI1km*", "swi_1km", 155881),
     ("smos/*CLF31A*", "smos_l3", 3563),
     ("hawaii_multi/C3S_V2025*", "c3s_series", 14439),
     ("hawaii_multi/ERA5_LAND*", "era5_land_series", 51830),
     ("hawaii_multi/C3S_RZSM*", "c3s_root_zone_series", None),
     ("gldas/*.nc4", "gldas_moisture", 243883),
     ("hawaii_multi/GLDAS*", "gldas_series", 75920),
     ("hawaii_multi/SMAP_V9*", "smap_l3_series", 7139),
     ("smap_l2/*02801*", "smap_l2", 36707),
     ("s1_single/*VV*", "sentinel1", None),
     ("../landsat/*SR_B4.TIF", "landsat", None)],
)  # fmt: skip
def test_a_real_file_is_told_by_its_name_and_says_what_it_keeps(shared, pattern, source, kept):
    (path,) = (shared / "realdata/surface").glob(pattern)
    report = check_file(path, CATALOG)
    assert (report.source, report.ok) == (source, True), report.findings
    if kept is not None:
        assert f"{kept} values kept" in str(report.facts)


@pytest.mark.parametrize(
    "name",
    ["smap_l2", "smap_l3_moisture", "smap", "smos_l2", "smos_l3", "gldas_moisture",
     "era5_land_moisture", "c3s_moisture", "ssm_1km", "swi_1km", "sentinel1", "sentinel2",
     "landsat", "modis_lst", "modis_ndvi", "modis_lai", "gleam", "gleam_v3", "glass_lai"],
)  # fmt: skip
def test_every_source_of_the_surface_is_shown_from_the_global_pack(name):
    shown = CliRunner().invoke(cli, ["catalog", "show", name])
    assert shown.exit_code == 0, shown.output
    assert "global.yaml:" in shown.stdout.splitlines()[0]
    source = CATALOG.source(name)
    assert source.doi
    assert source.order
    assert all(part.unit in shown.stdout for part in source.variables.values())


def test_a_day_without_a_pass_is_told_and_passed_over(shared, tmp_path):
    # Sentinel-1 did not pass over this cut on 2 June: 448 x 448 cells of fill in each variable.
    first, empty, third = sorted((shared / "realdata/surface/cgls_ssm1km").glob("*SSM1km*"))
    assert check_file(empty, CATALOG).ok
    out = tmp_path / "seen.parquet"
    told = CliRunner().invoke(
        cli, ["surface", "observe", *map(str, (first, empty, third)), "--out", str(out)]
    )
    assert told.exit_code == 0, told.output
    assert f"{empty.name}: no value is left\n  0 values kept\n  401408 dropped" in told.stdout
    assert set(read_table(out, OBSERVATIONS)["date"].dt.day()) == {1, 3}
    alone = CliRunner().invoke(cli, ["surface", "observe", str(empty)])
    assert isinstance(alone.exception, RequestError)
    assert "no value is left" in str(alone.exception)


def test_an_image_of_gldas_is_moisture_where_it_holds_no_weather(shared):
    (path,) = (shared / "realdata/surface/gldas").glob("*.nc4")
    assert check_file(path, CATALOG).source == "gldas_moisture"
    as_weather = check_file(path, CATALOG, "gldas")
    assert as_weather.findings[0].code == "OTHER_VARIABLE"
    assert not as_weather.ok


def test_smos_without_places_is_refused_but_its_retrievals_are_counted(shared):
    # The real file was thinned: 98 retrievals of 42,080 points, no Longitude and Latitude.
    (path,) = (shared / "realdata/surface/smos").glob("*SMUDP2*")
    half = read_smos_l2(path)
    assert half.dropped.kept == 98
    assert str(half.time[np.isfinite(half.theta)].min())[:10] == "2010-06-01"
    report = check_file(path, CATALOG)
    assert report.source == "smos_l2"
    assert "Longitude and Latitude were left out" in str(report.findings)


def test_smos_as_delivered_loses_interference_and_large_errors(tmp_path):
    path = tmp_path / "SM_OPER_MIR_SMUDP2_20200601T060000_20200601T065000_700_300_1.nc"
    with netCDF4.Dataset(path, "w") as file:
        file.createDimension("n_grid_points", 5)
        for name, values, fill in (
            ("Soil_Moisture", [0.2, 0.3, 0.3, -999, 1.4], -999.0),
            ("Soil_Moisture_DQX", [0.03, 0.09, 0.03, -999, 0.01], -999.0),
            ("RFI_Prob", [0.0, 0.0, 0.4, 0.0, 0.0], None),
            ("Days", [7457] * 5, None), ("Seconds", [3600] * 5, None),
            ("Grid_Point_ID", [1, 2, 3, 4, 5], None),
            ("Longitude", [10.0, 10.1, 10.2, 10.3, 10.4], None),
            ("Latitude", [45.0] * 5, None),
        ):  # fmt: skip
            made = file.createVariable(name, "f4", ("n_grid_points",), fill_value=fill)
            made.set_auto_mask(False)
            made[:] = values
    seen = observe_file(path, CATALOG)
    # By hand: the second for its error, the third for interference, then fill and 1.4 m3 m-3.
    assert seen.frame["value"].to_list() == pytest.approx([0.2])
    assert sorted(seen.dropped.counts.values()) == [1, 1, 1, 1]
    assert seen.frame["date"][0].isoformat() == "2020-06-01"  # 7457 days after 2000-01-01


def made_grid(path, variable, unit, values, *, east=False, turned=False, **beside):
    """Two days of 3 x 4 cells, latitude descending, longitude first where ``turned``."""
    with netCDF4.Dataset(path, "w") as file:
        for axis, size in (("time", 2), ("lat", 3), ("lon", 4)):
            file.createDimension(axis, size)
        when = file.createVariable("time", "f8", ("time",))
        when.units = "days since 1970-01-01"
        when[:] = [18000.5, 18001.5]
        file.createVariable("lat", "f8", ("lat",))[:] = [10.25, 10.0, 9.75]
        lon = np.array([-0.5, -0.25, 0.0, 0.25])
        file.createVariable("lon", "f8", ("lon",))[:] = lon % 360 if east else lon
        order = ("time", "lon", "lat") if turned else ("time", "lat", "lon")
        for name, data in {variable: values, **beside}.items():
            made = file.createVariable(name, data.dtype, order)
            if name == variable and unit:
                made.units = unit
            made[:] = np.swapaxes(data, 1, 2) if turned else data
    return path


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("east", [False, True])
def test_gleam_is_read_whatever_the_order_of_axes_and_the_count_of_longitude(
    tmp_path, turned, east
):
    values = np.arange(24.0, dtype=np.float64).reshape(2, 3, 4) / 100
    values[0, 0, 0] = np.nan
    path = tmp_path / "SMs_2019_GLEAM_v4.2a.nc"
    made_grid(path, "SMs", "m3/m3", values, east=east, turned=turned)
    seen = observe_file(path, CATALOG)
    assert seen.dropped.counts == {"fill value": 1}
    one = seen.frame.row(0, named=True)
    # The second cell of the first row and day: 10.25 N, 0.25 W, 0.01; 18,000 days are 2019-04-14.
    assert (one["lat"], one["lon"], one["value"]) == pytest.approx((10.25, -0.25, 0.01))
    assert one["date"].isoformat() == "2019-04-14"
    assert (one["top_mm"], one["bottom_mm"], one["unit"]) == (0.0, 100.0, "m3 m-3")


def test_flags_beside_the_values_and_other_units_of_c3s_count(tmp_path):
    path = tmp_path / "C3S-SOILMOISTURE-L3S-SSMV-COMBINED-DAILY-20190414000000-TCDR-v202312.0.0.nc"
    flag = np.zeros((2, 3, 4), np.int16)
    flag[0, 0, :2] = 1, 2  # snow, dense vegetation
    made_grid(path, "sm", "m3 m-3", np.full((2, 3, 4), 0.25), flag=flag)
    seen = observe_file(path, CATALOG)
    assert seen.dropped.counts == {"flag is not 0": 2}
    made_grid(path, "sm", "%", np.full((2, 3, 4), 25.0), flag=flag)
    assert observe_file(path, CATALOG).frame["value"].unique().to_list() == [0.25]
    made_grid(path, "sm", "inch", np.full((2, 3, 4), 0.25), flag=flag)
    with pytest.raises(RequestError, match="is in 'inch', which is not known to become 'm3 m-3'"):
        observe_file(path, CATALOG)


def test_a_file_that_no_entry_knows_is_asked_for_its_product(tmp_path):
    path = made_grid(tmp_path / "mine.nc", "SMs", "", np.full((2, 3, 4), 0.25))
    with pytest.raises(RequestError, match=r"with --as: smap_l2, .*gleam"):
        observe_file(path, CATALOG)
    assert observe_file(path, CATALOG, "gleam").frame.height == 24
    with pytest.raises(RequestError, match="no catalog entry of kind observations"):
        observe_file(path, CATALOG, "chirps")


def test_the_verb_writes_what_it_saw_as_one_table(shared, tmp_path):
    (path,) = (shared / "realdata/surface/cgls_ssm1km").glob("*SSM1km_20170603*")
    out = tmp_path / "seen.parquet"
    result = CliRunner().invoke(cli, ["surface", "observe", str(path), "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert "dropped: steep slope" in result.output
    frame = read_table(out, OBSERVATIONS)
    assert frame.height == 2 * 4448  # saturation and its error, counted by catalog check
    assert frame["date"].unique().to_list()[0].isoformat() == "2017-06-03"


@pytest.mark.parametrize(
    ("units", "calendar", "told"),
    [("months since 2019-01-01", "360_day", "360_day"), ("hours", "standard", "'hours'"),
     ("days since 2019-01-01", "360_day", "no days of a real year")],
)  # fmt: skip
def test_times_that_tell_no_days_are_refused_by_name(tmp_path, units, calendar, told):
    path = made_grid(tmp_path / "SMs_2019_GLEAM_v4.2a.nc", "SMs", "", np.full((2, 3, 4), 0.25))
    with netCDF4.Dataset(path, "a") as file:
        file["time"].units, file["time"].calendar = units, calendar
    with pytest.raises(RequestError, match=told):
        observe_file(path, CATALOG)
    assert not check_file(path, CATALOG).ok
