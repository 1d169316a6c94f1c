"""Reports, replies and station lists of NRCS."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.stations.readers.nrcs_places import read_station_list
from rootzone.stations.readers.read_any import read_any
from rootzone.stations.readers.read_awdb import read_awdb


def awdb(values: list[dict[str, object]], **element: object) -> list[dict[str, object]]:
    facts = {"elementCode": "SMS", "ordinal": 1, "heightDepth": -8, "durationName": "DAILY",
             "storedUnitCode": "pct", **element}  # fmt: skip
    return [
        {
            "stationTriplet": "335:CO:SNTL",
            "data": [{"stationElement": facts, "values": values}],
        }
    ]


def test_awdb_percent_and_inches_become_fractions_and_metres(tmp_path: Path) -> None:
    path = tmp_path / "reply.json"
    values = [{"date": "2023-06-01", "value": 12.5}, {"date": "2023-06-02", "value": None}]
    path.write_text(json.dumps(awdb(values)))
    (sensor,) = read_awdb(path).series
    np.testing.assert_equal(sensor.theta, [0.125, np.nan])
    assert sensor.depth_m == 0.203
    # The service dates a midnight reading by the day that ends then (periodRef=END, its default).
    assert sensor.day_kind == "end_lst"
    assert sensor.place.network == "SNOTEL"


def test_awdb_values_and_dates_that_are_none_are_counted(tmp_path: Path) -> None:
    values = [
        {"date": "2023-06-01", "value": "wet"},
        {"date": "soon", "value": 1},
        {"value": 1},
        {"date": "2023-06-02", "value": 20},
        {"date": "2023-06-02", "value": 30},
    ]
    path = tmp_path / "reply.json"
    path.write_text(json.dumps(awdb(values)))
    data = read_awdb(path)
    assert data.findings.counts == {"BAD_VALUE": 3, "DUPLICATE_DATE": 1, "CONFLICT": 1}
    assert data.series[0].theta.tolist() == [0.2]


def test_a_second_awdb_sensor_at_a_depth_is_kept_apart(tmp_path: Path) -> None:
    reply = awdb([{"date": "2023-06-01", "value": 10}])
    reply[0]["data"] += awdb([{"date": "2023-06-01", "value": 30}], ordinal=2)[0]["data"]  # type: ignore[operator]
    path = tmp_path / "reply.json"
    path.write_text(json.dumps(reply))
    data = read_any(path)
    assert [one.sensor for one in data.series] == ["", "ordinal 2"]
    assert data.findings.counts["SECOND_SENSOR"] == 1


def test_an_awdb_reply_without_soil_moisture_is_named(tmp_path: Path) -> None:
    path = tmp_path / "reply.json"
    path.write_text(json.dumps(awdb([], elementCode="WTEQ")))
    data = read_awdb(path)
    assert data.series == []
    assert data.findings.counts["NO_SOIL_MOISTURE"] == 1


@pytest.mark.parametrize("text", ["{", "[]x", '{"a": 1}', "[1]", '[{"stationTriplet": "x"}]'])
def test_json_that_is_no_awdb_reply_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "reply.json"
    path.write_text(text)
    with pytest.raises(RequestError, match="not a reply of AWDB"):
        read_awdb(path)


NRCS_REPORT = (
    "# comment\r\n"
    "Date,Precipitation Increment (in),Soil Moisture Percent -8in (pct) Start of Day Values\r"
    "6/1/2023,0.1,12.5\n"
    "6/2/2023,0,\n"
    "6/2/2023,0,99\n"
    "6/3/2023,0,bad\r\n"
    "6/4/2023,0\n"
)


def test_an_nrcs_report_is_read_with_mixed_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_bytes(NRCS_REPORT.encode())
    data = read_any(path)
    (sensor,) = data.series
    # Of the two rows of 2 June the known value counts.
    np.testing.assert_equal(sensor.theta, [0.125, 0.99, np.nan])
    assert (sensor.depth_m, sensor.day_kind) == (0.203, "start_lst")
    assert data.weather[0].columns["rain_mm"].tolist() == pytest.approx([2.54, 0.0, 0.0])
    assert data.findings.counts == {"TRUNCATED_LINE": 1, "DUPLICATE_DATE": 1, "BAD_VALUE": 1}


def test_station_lists_give_positions_and_turn_feet_into_metres(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        "Name,Site,Network,Elevation_ft,Latitude,Longitude\nBerthoud,335,SNTL,11300,39.80392,-105.8\n"
    )
    place = read_station_list(path).of("335", "SNOTEL")
    # 11,300 ft * 0.3048 m by hand.
    assert (place.lat, place.elevation_m) == (39.80392, pytest.approx(3444.24))
