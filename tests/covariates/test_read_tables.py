"""Weather of a place and measured soils, read through the catalog."""

from __future__ import annotations

import sqlite3

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.tables import WEATHER
from rootzone.covariates.check.check import check_file
from rootzone.covariates.grid import Window
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.read_unsoda_db import read_unsoda_table
from rootzone.covariates.readers.read_tables import read_table_layer
from rootzone.covariates.weather.read_met import read_met
from tests.covariates.rasters import GRID

MET = """\
[weather.met.weather]
!a comment with = in it
latitude = 40.5 (DECIMAL DEGREES)
tav = 9.4 (oC) ! annual average
year day radn maxt mint rain
() () (MJ/m^2) (oC) (oC) (mm)
2023 364 8.0 5.0 -5.0 0.0
2023 365 9.0 6.0 -4.0 1.5
2024 1 7.5 4.0 -6.0 0.2
"""


@pytest.fixture
def real(shared, tmp_path):
    """The packed catalog with its table entries turned to realdata's own folders."""
    catalog = load_catalog([], shared / "realdata")
    met = catalog.source("met").model_copy(update={"path": "apsim/{place}.met"})
    catalog.sources["met"] = met
    return catalog


def met_file(folder, text=MET):
    path = folder / "a.met"
    path.write_text(text)
    return path


def test_the_real_met_file_has_the_years_columns_and_header_of_its_readme(real, shared):
    # README, apsim: 2000-2018, year day radn (MJ/m2) maxt mint (degC) rain (mm), tav/amp header.
    frame = read_table_layer(real, "met/Ames")
    assert frame["date"].min().year == 2000
    assert frame["date"].max().year == 2018
    # The file's own lines: 6750 of them, 8 of header.
    assert frame.height == 6750 - 8
    first = frame.row(0, named=True)
    assert (first["radn_mj_m2"], first["tmax_degc"], first["tmin_degc"], first["rain_mm"]) == (
        4.0,
        4.144,
        -2.342,
        0.0,
    )
    assert not WEATHER.problems(frame.to_arrow().schema)
    met = read_met(shared / "realdata" / "apsim" / "Ames.met")
    assert met.latitude_deg == 42.03
    assert met.constants["tav"] == "9.402837"
    assert met.missing_days.size == 0


def test_the_real_unsoda_database_holds_what_its_readme_counts(real, shared):
    # README, unsoda: 11,223 retention points of 757 soils, 9,334 conductivities of 535, 790 soils.
    retention = read_table_layer(real, "unsoda/retention")
    conductivity = read_table_layer(real, "unsoda/conductivity")
    assert (retention.height, retention["code"].n_unique()) == (11_223, 757)
    assert (conductivity.height, conductivity["code"].n_unique()) == (9_334, 535)
    assert read_table_layer(real, "unsoda/soils").height == 790
    # And they are the points of the tidy table that was made from the same file.
    tidy = pl.read_parquet(shared / "realdata" / "unsoda" / "unsoda_retention.parquet")
    keys = ["code", "experiment", "suction_cm", "theta"]
    tidy = tidy.rename({"theta_m3m3": "theta"}).select(keys).sort(keys)
    assert retention.select(keys).sort(keys).equals(tidy)


def test_units_of_the_real_soils_are_those_of_the_readme(real):
    # README, unsoda: suction cm, theta m3/m3, K and Ksat cm/d; soil 1010 by hand from the file:
    # bulk density 1.64, particle density 2.64, k_sat 171.1, theta_sat 0.384.
    soils = read_table_layer(real, "unsoda/soils")
    troup = soils.filter(pl.col("code") == "1010").row(0, named=True)
    assert (troup["bd_g_cm3"], troup["pd_g_cm3"]) == (1.64, 2.64)
    assert (troup["ksat_cm_d"], troup["theta_sat"]) == (171.1, 0.384)


def test_real_tables_pass_their_check(real, shared):
    met = check_file(shared / "realdata" / "apsim" / "Ames.met", real)
    assert met.ok
    assert met.facts["days"] == 6742
    unsoda = check_file(shared / "realdata" / "unsoda" / "unsoda.sqlite", real)
    assert unsoda.ok
    assert unsoda.facts["rows of retention"] == 11_223


def test_a_year_turns_over_by_its_own_length(tmp_path):
    met = read_met(met_file(tmp_path))
    # By hand: 2023 has 365 days, so day 365 is 31 December.
    assert [str(day) for day in met.dates] == ["2023-12-30", "2023-12-31", "2024-01-01"]
    assert met.columns["rain_mm"].tolist() == [0.0, 1.5, 0.2]
    assert met.latitude_deg == 40.5


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("2023 365", "2023 366", r"a.met:8: year 2023 has no day 366"),
        ("2023 365", "2023 364", r"a.met:8: 2023-12-30 stands in line 7 already"),
        ("9.0 6.0", "9.0 warm", r"a.met:8: column 4 is no number"),
        ("(oC) (oC)", "(oF) (oC)", r"a.met:6: maxt is in \(oF\)"),
        ("maxt ", "", r"a.met:5: no column maxt"),
        ("year day", "yr doy", r"no line of column names"),
        ("() ()", "()", r"6 columns have 5 units"),
    ],
)
def test_a_bad_line_is_named(tmp_path, old, new, message):
    with pytest.raises(RequestError, match=message):
        read_met(met_file(tmp_path, MET.replace(old, new, 1)))


def test_gaps_and_impossible_days_of_a_met_file_are_found(tmp_path):
    text = MET.replace("2023 365 9.0 6.0 -4.0 1.5\n", "").replace("0.2\n", "-1\n")
    report = check_file(met_file(tmp_path, text), load_catalog([], tmp_path))
    assert {finding.code for finding in report.findings} >= {"MISSING_DAYS", "OUT_OF_RANGE"}
    assert report.facts["missing_days"] == ["2023-12-31"]


def test_the_database_is_never_written_and_its_text_never_run(tmp_path):
    path = tmp_path / "evil.sqlite"
    with sqlite3.connect(path) as database:
        for kind in ("lab_drying", "lab_wetting", "field_drying", "field_wetting"):
            database.execute(f'CREATE TABLE "{kind}_h-t" (code, preshead, theta)')
        database.execute(
            'INSERT INTO "lab_drying_h-t" VALUES (?, ?, ?)',
            ('"); DROP TABLE x; --', "10", "0.3"),
        )
    database.close()
    before = path.read_bytes()
    frame = read_unsoda_table(path, "retention")
    assert frame.height == 1
    assert frame["code"][0].startswith('")')
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "unsoda.sqlite").write_text("<html>log in</html>" * 100)
    with pytest.raises(RequestError, match="cannot be read as UNSODA"):
        read_unsoda_table(tmp_path / "unsoda.sqlite", "soils")
    with pytest.raises(RequestError, match="did you mean retention"):
        read_unsoda_table(tmp_path / "unsoda.sqlite", "retentions")


def test_a_table_is_no_layer_and_a_layer_no_table(tmp_path):
    catalog = load_catalog([], tmp_path)
    with pytest.raises(RequestError, match="is a table, not a layer"):
        CovariateStack(catalog, GRID).read("unsoda/soils", Window(0, 0, 2, 2))
    with pytest.raises(RequestError, match="gives no table"):
        read_table_layer(catalog, "nlcd/2023")


def test_the_weather_of_a_place_is_a_weather_table(tmp_path):
    frame = read_met(met_file(tmp_path)).to_frame(7)
    assert not WEATHER.problems(frame.to_arrow().schema)
    assert frame["cell_id"].to_list() == [7, 7, 7]
    assert np.isfinite(frame["radn_mj_m2"].to_numpy()).all()
