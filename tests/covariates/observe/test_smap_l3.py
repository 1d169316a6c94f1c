"""Daily composites of SMAP: two passes, placed by row and column, each loss counted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import netCDF4
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.check.check import check_file
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.observe.each import observe_file
from rootzone.covariates.observe.ease import ease_grid
from rootzone.covariates.observe.smap_l3 import holds_passes, read_smap_pass

CATALOG = load_catalog([], Path())
ROW, COL = 72, 214


def daily(path: Path, shape: tuple[int, int] = (406, 964)) -> Path:
    """Both passes as SPL3SMP has them; five cells of a row hold something in the morning."""
    with netCDF4.Dataset(path, "w") as file:
        for name, suffix in (("AM", ""), ("PM", "_pm")):
            group = file.createGroup(f"Soil_Moisture_Retrieval_Data_{name}")
            group.createDimension("row", shape[0])
            group.createDimension("col", shape[1])
            theta = [0.12, 0.21, 0.33, 0.18, 0.25] if name == "AM" else [0.15]
            # bit 1 water, bit 7 frozen, bit 10 dense vegetation (SPL3SMP's guide)
            for variable, values, fill, kind in (
                ("soil_moisture", theta, -9999.0, "f4"),
                ("soil_moisture_scav", theta[:1], -9999.0, "f4"),
                ("tb_h_corrected", [240.0], -9999.0, "f4"),
                ("tb_v_corrected", [262.0], -9999.0, "f4"),
                ("surface_flag", [0, 2, 128, 1024, 0], 65534, "u2"),
                ("retrieval_qual_flag", [0, 0, 0, 0, 1], 65534, "u2"),
            ):
                made = group.createVariable(
                    variable + suffix, kind, ("row", "col"), fill_value=fill, zlib=True
                )
                made[ROW, COL : COL + len(values)] = values
    return path


def test_each_value_is_kept_or_counted_by_its_reason(tmp_path: Path) -> None:
    path = daily(tmp_path / "SMAP_L3_SM_P_20150811_R18290_001.h5")
    seen = observe_file(path, CATALOG)
    assert seen.dropped.counts == {
        "fill value": 2 * 4 * 406 * 964 - 12,
        "water in the cell": 1, "frozen": 1, "dense vegetation": 1,
    }  # fmt: skip
    rows = seen.frame.filter(quantity="theta").select("orbit", "col", "value").rows()
    assert rows == [
        ("desc", COL, pytest.approx(0.12)), ("desc", COL + 4, pytest.approx(0.25)),
        ("asc", COL, pytest.approx(0.15)),
    ]  # fmt: skip
    lon, lat = ease_grid(36).lon_lat(ROW, COL)
    first = seen.frame.row(0, named=True)
    assert (first["lon"], first["lat"]) == pytest.approx((float(lon), float(lat)))
    assert seen.frame["date"].unique().to_list() == [dt.date(2015, 8, 11)]
    fewer = observe_file(path, CATALOG, recommended_only=True)
    assert fewer.dropped.counts["not recommended by the product"] == 1


def test_a_part_of_the_grid_and_half_orbits_are_named(tmp_path: Path, shared: Path) -> None:
    cut = daily(tmp_path / "SMAP_L3_SM_P_20150811_R18290_001.h5", (203, 964))
    with pytest.raises(RequestError, match="half a grid"):
        observe_file(cut, CATALOG)
    (half,) = (shared / "realdata/surface/smap_l2").glob("*02801*")
    with pytest.raises(RequestError, match="half orbits"):
        observe_file(half, CATALOG, "smap_l3_moisture")


def test_celsius_is_named_with_the_pass(tmp_path: Path) -> None:
    path = daily(tmp_path / "SMAP_L3_SM_P_20150811_R18290_001.h5")
    with netCDF4.Dataset(path, "a") as file:
        group = file.groups["Soil_Moisture_Retrieval_Data_PM"]
        for name in ("tb_h_corrected_pm", "tb_v_corrected_pm"):
            group[name][ROW, COL] = group[name][ROW, COL] - 273.15
    report = check_file(path, CATALOG, "smap_l3_moisture")
    assert not report.ok
    assert "Celsius" in str(report.findings)
    assert ", PM" in str(report.findings)


def test_a_window_of_one_pass_is_what_the_whole_grid_has_there(tmp_path: Path) -> None:
    path = daily(tmp_path / "SMAP_L3_SM_P_20150811_R18290_001.h5")
    with netCDF4.Dataset(path, "a") as file:
        for name, suffix in (("AM", ""), ("PM", "_pm")):
            group = file.groups[f"Soil_Moisture_Retrieval_Data_{name}"]
            for variable, value in (("boresight_incidence", 40.0), ("surface_temperature", 290.0)):
                made = group.createVariable(
                    variable + suffix, "f4", ("row", "col"), fill_value=-9999.0
                )
                made[ROW, COL] = value
    assert holds_passes(path)
    whole = read_smap_pass(path, "PM")
    part = read_smap_pass(path, "PM", lambda km: (slice(70, 75), slice(210, 220)))
    assert (whole.nominal_km, part.nominal_km) == (36, 36)
    for seen in (whole, part):
        assert (seen.row.tolist(), seen.col.tolist()) == ([ROW], [COL])
        assert {name: values.tolist() for name, values in seen.values.items()} == {
            "tb_h_corrected": [240.0], "tb_v_corrected": [262.0],
            "boresight_incidence": [40.0], "surface_temperature": [290.0],
        }  # fmt: skip


def test_a_composite_that_lacks_what_a_retrieval_needs_is_named(tmp_path: Path) -> None:
    path = daily(tmp_path / "SMAP_L3_SM_P_20150811_R18290_001.h5")
    with pytest.raises(RequestError, match="pass PM lacks boresight_incidence, surface_temp"):
        read_smap_pass(path, "PM")
