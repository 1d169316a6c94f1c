"""Plain tables of station values: units told and guessed, cells that are none."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.stations.readers.read_any import read_any, station_files
from rootzone.stations.readers.read_plain import read_plain
from rootzone.stations.sensor_depth import depths_in_metres, metres_from_inches


def write_csv(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_a_plain_table_holds_a_value_a_row(tmp_path: Path) -> None:
    text = "station,lat,lon,date,depth_m,theta,flag\na,40.1234,-105.2,2023-06-01,0.2,0.25,ok\n"
    (sensor,) = read_plain(write_csv(tmp_path / "s.csv", text), "mine").series
    assert (sensor.place.network, sensor.depth_m, sensor.theta[0]) == ("mine", 0.2, 0.25)
    assert sensor.source_flag is not None
    assert sensor.source_flag.tolist() == ["ok"]


def test_percent_in_a_column_of_fractions_is_named_and_divided(tmp_path: Path) -> None:
    text = "station,date,depth_m,theta\na,2023-06-01,0.2,25\na,2023-06-02,0.2,30\n"
    data = read_plain(write_csv(tmp_path / "s.csv", text))
    assert data.series[0].theta.tolist() == [0.25, 0.30]
    assert data.findings.counts["PERCENT"] == 1


def test_one_wild_fraction_does_not_make_percent(tmp_path: Path) -> None:
    rows = "".join(f"a,2023-06-{d:02d},0.2,0.2\n" for d in range(1, 9))
    text = "station,date,depth_m,theta\n" + rows + "a,2023-06-09,0.2,45\n"
    data = read_plain(write_csv(tmp_path / "s.csv", text))
    assert data.findings.counts["PERCENT"] == 0
    assert data.series[0].theta[-1] == 45  # left for the range rule


def test_inches_in_a_column_of_metres_are_named_and_converted(tmp_path: Path) -> None:
    text = "station,date,depth_m,theta\na,2023-06-01,8,0.2\na,2023-06-01,2,0.1\n"
    data = read_plain(write_csv(tmp_path / "s.csv", text))
    assert sorted(one.depth_m for one in data.series) == [0.051, 0.203]
    assert data.findings.counts["DEPTH_IN_INCHES"] == 2


def test_depths_that_could_be_inches_or_centimetres_are_refused() -> None:
    with pytest.raises(RequestError, match="inches or centimetres"):
        depths_in_metres(np.array([20.0, 40.0]), "s.csv")


def test_depths_in_centimetres_are_known_by_what_no_inch_probe_has() -> None:
    depth_m, finding = depths_in_metres(np.array([5.0, 20.0]), "s.csv")
    assert (depth_m.tolist(), finding) == ([0.05, 0.20], "DEPTH_IN_CM")


def test_a_named_unit_needs_no_guess(tmp_path: Path) -> None:
    text = "station,date,depth_in,theta_pct\na,2023-06-01,8,25\n"
    (sensor,) = read_plain(write_csv(tmp_path / "s.csv", text)).series
    assert (sensor.depth_m, sensor.theta[0]) == (metres_from_inches(8), 0.25)


def test_duplicates_and_wrong_cells_of_a_plain_table_are_counted(tmp_path: Path) -> None:
    text = (
        "station,date,depth_m,theta\na,2023-06-01,0.2,0.1\na,2023-06-01,0.2,0.3\n"
        "a,soon,0.2,0.2\na,2023-06-03,0.2,wet\n"
    )
    data = read_plain(write_csv(tmp_path / "s.csv", text))
    assert data.findings.counts == {"DUPLICATE_DATE": 1, "CONFLICT": 1, "BAD_VALUE": 2}


def test_missing_columns_are_named_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"station; did you mean stations.*theta"):
        read_plain(write_csv(tmp_path / "s.csv", "stations,date\n"))


def test_a_wide_table_names_its_depths_in_centimetres(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {
            "station": ["a", "a"],
            "date": ["2023-06-01", "2023-06-02"],
            "sm_020": [0.2, None],
            "qc_020": [0, 2],
            "rain_mm": [1.0, 2.0],
        }
    )
    frame.write_parquet(tmp_path / "s.parquet")
    data = read_plain(tmp_path / "s.parquet", "USCRN")
    (sensor,) = data.series
    assert sensor.depth_m == 0.20
    assert sensor.upstream is not None
    assert sensor.upstream.tolist() == [0, 2]
    assert data.weather[0].columns["rain_mm"].tolist() == [1.0, 2.0]


def test_a_gzipped_table_is_read_and_a_cut_one_refused(tmp_path: Path) -> None:
    raw = gzip.compress(b"station,date,depth_m,theta\na,2023-06-01,0.2,0.25\n")
    (tmp_path / "s.csv.gz").write_bytes(raw)
    assert read_any(tmp_path / "s.csv.gz").series[0].theta.tolist() == [0.25]
    (tmp_path / "t.csv.gz").write_bytes(raw[:-12])
    with pytest.raises(RequestError, match="cannot be unpacked"):
        read_any(tmp_path / "t.csv.gz")


def test_a_folder_without_station_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="No station file"):
        station_files([tmp_path])
