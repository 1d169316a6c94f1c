"""Station files of every network, whole and damaged: what is read, what is named and counted."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.stations.readers.nrcs_places import read_station_list
from rootzone.stations.readers.read_any import read_all, read_any, station_files
from rootzone.stations.readers.read_awdb import read_awdb
from rootzone.stations.readers.read_ismn import read_ismn
from rootzone.stations.readers.read_nrcs_csv import read_nrcs_csv
from rootzone.stations.readers.read_plain import read_plain
from rootzone.stations.readers.read_uscrn import read_uscrn
from rootzone.stations.sensor_depth import depths_in_metres, matches, metres_from_inches
from rootzone.stations.series import rounding_m
from tests.stations.stations_data import uscrn_line, write_uscrn

# --- USCRN ------------------------------------------------------------------------------------


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


# --- ISMN -------------------------------------------------------------------------------------

ISMN_NAME = "NET/One/NET_NET_One_sm_0.203200_0.203200_Probe-X_20200101_20201231.stm"
ISMN_HEAD = "NET  NET  One  40.12340  -105.43210 1882.14    0.20    0.20 Probe-X"


def ismn_text(line_end: str, values: list[str] | None = None) -> str:
    rows = values or ["0.1000 G M", "0.7000 C02,D06 M", "0.2000 U M"]
    lines = [f"2020/01/01 {hour:02d}:00   {row}" for hour, row in enumerate(rows)]
    return line_end.join([ISMN_HEAD, *lines, ""])


def write_zip(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


@pytest.mark.parametrize("line_end", ["\r", "\n", "\r\n", "\n\r"])
def test_ismn_members_are_read_whatever_their_line_ends(tmp_path: Path, line_end: str) -> None:
    path = write_zip(tmp_path / "a.zip", {ISMN_NAME: ismn_text(line_end)})
    (sensor,) = read_ismn(path).series
    assert sensor.theta.tolist() == [0.1, 0.7, 0.2]
    assert sensor.source_flag is not None
    assert sensor.source_flag.tolist() == ["G", "C02,D06", "U"]


def test_8_inches_of_the_file_name_are_recorded_as_0_203(tmp_path: Path) -> None:
    # The header rounds to 0.20; the name of the file says 0.203200.
    (sensor,) = read_ismn(write_zip(tmp_path / "a.zip", {ISMN_NAME: ismn_text("\n")})).series
    assert sensor.depth_m == 0.203
    assert bool(matches(sensor.depth_m, 0.20, 0.01))
    assert (sensor.place.network, sensor.place.station) == ("NET", "One")
    assert sensor.place.elevation_m == 1882.14


def test_a_broken_ismn_member_is_counted_and_the_others_are_read(tmp_path: Path) -> None:
    other = ISMN_NAME.replace("One", "Two")
    path = write_zip(tmp_path / "a.zip", {ISMN_NAME: ismn_text("\n"), other: ismn_text("\n")})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"0.7000")] ^= 0xFF  # stored uncompressed: the checksum no longer fits
    path.write_bytes(bytes(raw))
    data = read_ismn(path)
    assert data.findings.counts["BROKEN_MEMBER"] == 1
    assert [one.place.station for one in data.series] == ["Two"]


def test_an_ismn_member_the_library_cannot_read_is_counted(tmp_path: Path) -> None:
    other = ISMN_NAME.replace("One", "Two")
    path = write_zip(tmp_path / "a.zip", {ISMN_NAME: "", other: ismn_text("\n")})
    data = read_ismn(path)
    assert data.findings.counts["BROKEN_MEMBER"] == 1
    assert len(data.series) == 1


@pytest.mark.parametrize("evil", ["../evil.stm", "/etc/evil.stm", "a/../../evil.stm", "..\\e.stm"])
def test_members_that_leave_the_archive_are_never_unpacked(tmp_path: Path, evil: str) -> None:
    members = {evil: ismn_text("\n"), ISMN_NAME: ismn_text("\n")}
    path = write_zip(tmp_path / "a.zip", members)
    data = read_ismn(path)
    assert data.findings.counts["UNSAFE_MEMBER"] == 1
    assert len(data.series) == 1
    assert not list(tmp_path.parent.rglob("evil.stm"))


def test_a_file_that_is_no_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("not a zip")
    with pytest.raises(RequestError, match="not a readable zip"):
        read_ismn(tmp_path / "a.zip")


def test_soil_temperature_beside_an_ismn_sensor_is_used(tmp_path: Path) -> None:
    beside = ISMN_NAME.replace("_sm_", "_ts_")
    cold = ismn_text("\n", ["-1.0000 U M", "3.0000 U M"])
    path = write_zip(tmp_path / "a.zip", {ISMN_NAME: ismn_text("\n"), beside: cold})
    (sensor,) = read_ismn(path).series
    np.testing.assert_equal(sensor.companions["soil_degc"], [-1.0, 3.0, np.nan])


# --- NRCS -------------------------------------------------------------------------------------


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


# --- plain tables -----------------------------------------------------------------------------


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


# --- real files -------------------------------------------------------------------------------


def test_every_real_uscrn_line_is_read_and_screened_as_the_packed_tables_were(shared: Path) -> None:
    from rootzone.stations.screening.screen import RuleCounts, screen

    data = read_all(sorted((shared / "realdata/uscrn/raw").glob("*.txt")))
    # 45 files, 14,829 lines (wc -l), no line damaged.
    assert data.units_read == 14_829
    assert dict(data.findings.counts) == {"COARSE_POSITION": 9}
    packed = pl.read_parquet(shared / "realdata/uscrn/uscrn_colorado_daily_2003_2024.parquet")
    colorado = [one for one in data.series if one.place.station.startswith("CO_")]
    counts = RuleCounts()
    ours: set[tuple[str, str, int]] = set()
    for one in colorado:
        bits = screen(one, ["range", "frozen", "stuck", "rise", "spike"], counts)
        days = one.time.astype("datetime64[D]").astype(str)
        hits = np.flatnonzero(bits)
        key = f"{one.place.station} {round(100 * one.depth_m):03d}"
        ours |= {(key, days[i], int(bits[i])) for i in hits}
    theirs = set()
    for code in ("005", "010", "020", "050", "100"):
        rows = packed.filter(pl.col(f"qc_{code}") > 0, pl.col("date").dt.year() >= 2018)
        theirs |= {
            (f"{station} {code}", str(day.date()), bits)
            for station, day, bits in rows.select("station", "date", f"qc_{code}").iter_rows()
        }
    # The packed tables were screened by another program (realdata/README.md): the same values.
    assert ours == theirs


@pytest.mark.parametrize(
    ("name", "station_years"),
    # realdata/README.md: station-years with at least 180 good days at 20 cm.
    [("uscrn_conus_daily_2009_2024.parquet", 916), ("uscrn_colorado_daily_2003_2024.parquet", 66)],
)
def test_all_packed_station_years_are_read(shared: Path, name: str, station_years: int) -> None:
    from rootzone.stations.station_table import station_frame

    data = read_all([shared / "realdata/uscrn" / name], network="USCRN")
    data.series = [one for one in data.series if one.depth_m == 0.20]
    frame = station_frame(data, ["range", "frozen", "stuck", "rise", "spike"])
    good = frame.filter(pl.col("flag") == "")
    days = good.group_by("station", pl.col("date").dt.year()).len()
    assert (days["len"] >= 180).sum() == station_years


def test_real_ismn_archives_are_read_in_full(shared: Path) -> None:
    data = read_all(sorted((shared / "realdata/ismn").glob("*.zip")))
    # Lines of the members counted by another program (CR, LF and both as ends), headers left out:
    # 2 * (6,865 + 7,059) COSMOS, 741 SMOSMANIA, 34,017 MAQU, 156,002 SCAN, 21,384 SOILSCAPE.
    assert data.units_read == 2 * 13_924 + 741 + 34_017 + 156_002 + 21_384
    # The two COSMOS stations come in two archives.
    assert data.findings.counts["DUPLICATE_DATE"] == 13_924
    assert "BROKEN_MEMBER" not in data.findings.counts


def test_ismn_spikes_of_the_real_archives_are_found(shared: Path) -> None:
    from rootzone.stations.readers.ismn_agreement import compare_with_ismn

    data = read_all(sorted((shared / "realdata/ismn").glob("multi*.zip")))
    rows = {(r.network, r.rule): r for r in compare_with_ismn(data.series, ["spike", "range"])}
    scan = rows["SCAN", "spike"]
    # regression: 58 of the 63 values SCAN has flagged D06; 32 more are ours alone.
    assert (scan.both, scan.ours, scan.theirs) == (58, 32, 5)
    # C02 means above 0.60 (ISMN's definition): the same 24 values.
    assert (rows["MAQU", "range"].both, rows["MAQU", "range"].theirs) == (24, 0)


def test_real_nrcs_files_are_read_in_full(shared: Path) -> None:
    folder = shared / "realdata/scan_snotel"
    stations = read_station_list(folder / "station-metadata.csv")
    snotel = read_nrcs_csv(folder / "SNOTEL_CO_335_2023_daily_raw.csv", stations)
    # 365 rows; 2, 4, 8 and 20 inches have values, 40 inches none (the file itself).
    assert [one.depth_m for one in snotel.series] == [0.051, 0.102, 0.203, 0.508]
    assert snotel.series[2].theta[:3].tolist() == pytest.approx([0.046, 0.054, 0.046])
    assert snotel.series[0].place.lat == 39.80392
    scan = read_nrcs_csv(folder / "SCAN_2184_FordDryLake_2015_hourly.csv.gz", stations)
    assert (scan.units_read, len(scan.series), scan.series[0].step_h) == (8_760, 5, 1.0)
    assert scan.series[2].theta[0] == pytest.approx(0.102)
    assert len(scan.weather[0].day) == 365


def test_real_awdb_replies_are_read_and_hold_no_soil_moisture(shared: Path) -> None:
    replies = sorted((shared / "realdata/scan_snotel").glob("awdb_rest_*.json"))
    found = [read_awdb(path).findings.counts["NO_SOIL_MOISTURE"] for path in replies]
    assert found == [1] * 5  # realdata/README.md: none with SMS
