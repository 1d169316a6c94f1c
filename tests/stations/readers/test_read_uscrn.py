"""USCRN files, whole and damaged: what is read, what is named and counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.stations.readers.read_any import read_all
from rootzone.stations.readers.read_uscrn import read_uscrn
from rootzone.stations.series import rounding_m
from tests.stations.stations_data import uscrn_line, write_uscrn


def test_uscrn_values_units_and_gaps(tmp_path: Path) -> None:
    lines = [uscrn_line("20230601", 0.123, rain_mm=4.5), uscrn_line("20230602", -99.0)]
    data = read_uscrn(write_uscrn(tmp_path / "CRND0103-2023-CO_Nunn_7_NNE.txt", lines))
    (sensor,) = data.series  # depths without a value make no sensor
    assert (sensor.place.station, sensor.place.lat, sensor.place.lon) == (
        "CO_Nunn_7_NNE", 40.81, -104.76,
    )  # fmt: skip
    assert sensor.depth_m == 0.20
    np.testing.assert_equal(sensor.theta, [0.123, np.nan])
    assert data.weather[0].columns["rain_mm"].tolist() == [4.5, 0.0]


def test_uscrn_positions_are_known_to_half_a_hundredth_of_a_degree() -> None:
    # 0.005 degree of latitude is 0.005 * 111.19 km by hand.
    assert rounding_m("40.81", "-104.76") == pytest.approx(556, abs=1)


def test_truncated_uscrn_lines_are_counted_with_their_place(tmp_path: Path) -> None:
    whole = uscrn_line("20230601", 0.1)
    cut = [whole[:100], whole[:-2], "garbage"]  # in a field, within the last number, all of it
    path = write_uscrn(tmp_path / "CRND0103-2023-X.txt", [whole, *cut])
    findings = read_uscrn(path).findings
    assert findings.counts["TRUNCATED_LINE"] == 3
    assert findings.first["TRUNCATED_LINE"] == "CRND0103-2023-X.txt line 2"


def test_a_uscrn_value_that_is_no_number_is_left_out(tmp_path: Path) -> None:
    line = uscrn_line("20230601", 0.1)
    bad = line.replace("  0.100", "  0.1x0")
    path = write_uscrn(tmp_path / "CRND0103-2023-X.txt", [bad, uscrn_line("20230602", 0.2)])
    data = read_uscrn(path)
    assert data.findings.counts["BAD_VALUE"] == 1
    np.testing.assert_equal(data.series[0].theta, [np.nan, 0.2])


def test_an_impossible_uscrn_date_is_left_out(tmp_path: Path) -> None:
    lines = [uscrn_line("20230230", 0.1), uscrn_line("20230301", 0.1)]
    data = read_uscrn(write_uscrn(tmp_path / "CRND0103-2023-X.txt", lines))
    assert (data.findings.counts["BAD_VALUE"], data.units_read) == (1, 1)


def test_of_duplicate_dates_the_first_is_kept(tmp_path: Path) -> None:
    lines = [uscrn_line("20230601", 0.1), uscrn_line("20230601", 0.3)]
    data = read_uscrn(write_uscrn(tmp_path / "CRND0103-2023-X.txt", lines))
    assert data.findings.counts["DUPLICATE_DATE"] == 1
    assert data.series[0].theta.tolist() == [0.1]


def test_years_of_a_station_are_joined_and_their_overlap_counted(tmp_path: Path) -> None:
    one = write_uscrn(tmp_path / "CRND0103-2022-X.txt", [uscrn_line("20221231", 0.1)])
    two = write_uscrn(
        tmp_path / "CRND0103-2023-X.txt",
        [uscrn_line("20221231", 0.4), uscrn_line("20230101", 0.2)],
    )
    data = read_all([one, two])
    assert data.series[0].theta.tolist() == [0.1, 0.2]
    assert data.findings.counts["DUPLICATE_DATE"] == 1
    assert len(data.weather) == 1


def test_an_empty_uscrn_file_is_refused(tmp_path: Path) -> None:
    path = write_uscrn(tmp_path / "CRND0103-2023-X.txt", [])
    with pytest.raises(RequestError, match="28 fields"):
        read_uscrn(path)
