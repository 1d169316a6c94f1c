"""Station files as people report them going wrong, and what must come out.

Each input is a small one after a public bug report; the right values are worked by hand from the
file's own numbers.
"""

from __future__ import annotations

import json
import time
import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.plausible import likely_unit
from rootzone.stations.readers.nrcs_places import read_station_list
from rootzone.stations.readers.read_any import read_all, station_files
from rootzone.stations.station_table import at_depth, station_frame, weather_frame

START = "Soil Moisture Percent -8in (pct) Start of Day Values"


def stations_of(*paths: Path) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, int]]:
    data = read_all(station_files(paths))
    counts = dict(data.findings.counts)
    return station_frame(data), weather_frame(data.weather), counts


def report(path: Path, header: str, rows: list[str], comment: str = "") -> Path:
    path.write_text(comment + "\n".join([header, *rows]) + "\n")
    return path


# --- whose row is it --------------------------------------------------------------------------


def test_reports_of_two_stations_stay_apart_by_the_comment_that_names_them(tmp_path: Path) -> None:
    for number, days, base in ((335, (1, 2), 10.0), (602, (1, 2, 3), 35.0)):
        rows = [f"2020-06-{d:02d},{base + d}" for d in days]
        comment = f"#---\n#    SNOTEL {number}: Aaa Summit, CO\n# Aaa Summit ({number})\n"
        report(tmp_path / f"report{number}.csv", f"Date,{START}", rows, comment)
    frame, _, counts = stations_of(tmp_path)
    by_station = dict(frame.group_by("station").agg("theta").iter_rows())
    assert {k: np.round(v, 3).tolist() for k, v in by_station.items()} == {
        "335": [0.11, 0.12], "602": [0.36, 0.37, 0.38],
    }  # fmt: skip
    assert "DUPLICATE_DATE" not in counts


def test_a_report_without_a_name_is_named_by_its_file(tmp_path: Path) -> None:
    report(tmp_path / "335_CO_SNTL.csv", f"Date,{START}", ["2020-06-01,10"])
    report(tmp_path / "mine.csv", f"Date,{START}", ["2020-06-01,20"])
    assert sorted(stations_of(tmp_path)[0]["station"]) == ["335", "mine"]


def test_rows_of_several_stations_in_one_report_go_to_their_own(tmp_path: Path) -> None:
    header = f"Date,Station Id,Precipitation Increment (in),{START}"
    rows = ["2020-06-01,2053,0.0,10.1", "2020-06-01,2057,0.5,35.1", "2020-06-02,2057,0.5,35.2"]
    frame, weather, _ = stations_of(report(tmp_path / "r.csv", header, rows))
    assert frame.select("station", "theta").rows() == [
        ("2053", pytest.approx(0.101)), ("2057", pytest.approx(0.351)),
        ("2057", pytest.approx(0.352)),
    ]  # fmt: skip
    # 0.5 in are 12.7 mm, and only at 2057.
    rain = weather.group_by("station").agg(pl.col("rain_mm").sum()).sort("station")
    assert rain["rain_mm"].to_list() == [0.0, pytest.approx(25.4)]


def test_stations_named_in_the_titles_stay_apart(tmp_path: Path) -> None:
    header = f"Date,Alpha (335) {START},Beta Pass (602) {START}"
    frame, _, _ = stations_of(report(tmp_path / "r.csv", header, ["2020-06-01,10,35"]))
    assert frame.select("station", "theta").rows() == [("335", 0.10), ("602", 0.35)]


def test_latin_1_names_stay_two_stations(tmp_path: Path) -> None:
    text = "station,date,depth_m,theta\nÅs,2020-06-01,0.2,0.1\nØs,2020-06-01,0.2,0.3\n"
    (tmp_path / "t.csv").write_bytes(text.encode("cp1252"))
    assert stations_of(tmp_path)[0]["station"].to_list() == ["Ås", "Øs"]


def test_leading_zeros_of_a_station_are_kept(tmp_path: Path) -> None:
    text = "station,date,depth_m,theta\n007,2020-06-01,0.2,0.1\n7,2020-06-01,0.2,0.3\n"
    (tmp_path / "t.csv").write_text(text)
    assert stations_of(tmp_path)[0]["station"].to_list() == ["007", "7"]


def test_two_values_of_one_sensor_and_day_are_a_conflict_not_a_duplicate(tmp_path: Path) -> None:
    text = "station,date,depth_m,theta\na,2020-06-01,0.2,0.10\na,2020-06-01,0.2,0.30\n"
    (tmp_path / "t.csv").write_text(text + "a,2020-06-02,0.2,0.20\na,2020-06-02,0.2,0.2004\n")
    frame, _, counts = stations_of(tmp_path)
    assert counts["CONFLICT"] == 1  # 0.2004 rounds to 0.200
    assert frame["flag"].to_list() == ["conflict", ""]


def test_two_files_that_disagree_are_a_conflict_in_soil_and_weather(tmp_path: Path) -> None:
    for name, theta, rain in (("a", 0.1, 0.0), ("b", 0.3, 9.0)):
        (tmp_path / f"{name}.csv").write_text(
            f"station,date,sm_020,rain_mm\nX,2020-06-01,{theta},{rain}\n"
        )
    frame, weather, counts = stations_of(tmp_path)
    assert (frame["flag"].to_list(), weather["rain_mm"].to_list()) == (["conflict"], [None])
    assert counts["CONFLICT"] == 2


def test_probes_of_one_depth_are_series_of_their_own(tmp_path: Path) -> None:
    text = "station,date,depth_m,sensor,theta\n" + "".join(
        f"A,2020-06-01,0.2,{s},{v}\n" for s, v in (("a", 0.1), ("b", 0.3))
    )
    (tmp_path / "t.csv").write_text(text)
    report(tmp_path / "2196.csv", f"Date,Station Id,{START},{START}", ["2020-06-01,2196,10,30"])
    frame, _, counts = stations_of(tmp_path)
    assert sorted(frame.select("sensor", "theta").rows()) == [
        ("", 0.1), ("a", 0.1), ("b", 0.3), ("ordinal 2", 0.3),
    ]  # fmt: skip
    assert counts["SECOND_SENSOR"] == 2


# --- codes, units, limits ---------------------------------------------------------------------


def test_missing_codes_are_no_measurements_in_any_reader(tmp_path: Path) -> None:
    header = "Date,Station Id,Precipitation Increment (in),Air Temperature Maximum (degF)," + START
    rows = ["2020-06-01,1,-99.90,-9999.0,20", "2020-06-02,1,0.0,70,-99.90"]
    report(tmp_path / "1.csv", header + ",Soil Temperature Observed -8in (degF)", [
        f"{row},-99.9" for row in rows
    ])  # fmt: skip
    (tmp_path / "t.csv").write_text(
        "station,date,sm_020,st_020_c,rain_mm,tmax_c\nA,2020-06-01,0.2,-9999,-9999,-999\n"
        "A,2020-06-02,-9999,15,1,25\n"
    )
    values = [{"date": "2020-06-01", "value": 20.0}, {"date": "2020-06-02", "value": -99.9}]
    facts = {"elementCode": "SMS", "ordinal": 1, "heightDepth": -8, "durationName": "DAILY"}
    reply = [{"stationTriplet": "2:CO:SNTL", "data": [{"stationElement": facts, "values": values}]}]
    (tmp_path / "r.json").write_text(json.dumps(reply))
    frame, weather, _ = stations_of(tmp_path)
    assert frame["theta"].to_list() == [0.2, 0.2, 0.2]
    assert frame["flag"].to_list() == ["", "", ""]  # soil temperature unknown, not frozen
    assert weather["rain_mm"].drop_nulls().to_list() == [0.0, 1.0]
    # 70 degF are 21.1 degC by hand.
    assert weather["tmax_degc"].drop_nulls().round(1).to_list() == [21.1, 25.0]


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("tmax_c", [293.1, 295.0, 290.2], "kelvin"),
        ("srad_mj_m2", [250.0, 310.0, 120.0], "0.0864"),
        ("rain_mm", [0.002 * (i % 7) for i in range(60)], "multiply by 1000"),
        ("tmin_c", [50.0, 61.0, 58.0], "Fahrenheit"),
    ],
)
def test_weather_in_another_unit_is_told_with_its_factor(
    tmp_path: Path, column: str, values: list[float], words: str
) -> None:
    days = [date(2020, 1, 1).toordinal() + i for i in range(len(values))]
    pl.DataFrame(
        {"station": "A", "date": [date.fromordinal(d) for d in days], "sm_020": 0.2, column: values}
    ).write_parquet(tmp_path / "t.parquet")
    data = read_all([tmp_path / "t.parquet"])
    assert words in data.findings.first["UNIT_DOUBTFUL"]
    assert weather_frame(data.weather).drop(
        "network", "station", "date"
    ).null_count().min_horizontal()[0] == len(values)


def test_one_impossible_day_is_left_out_and_the_others_stay() -> None:
    values = np.append(np.full(200, 20.0), 300.0)
    assert likely_unit("tmax_degc", values) is None


def test_depths_that_no_sensor_has_are_asked_about(tmp_path: Path) -> None:
    for depth, words in (("5", "depth_cm"), ("20000", "Mend the depths")):
        path = tmp_path / f"t{depth}.csv"
        path.write_text(f"station,date,depth_mm,theta\na,2020-06-01,{depth},0.2\n")
        with pytest.raises(RequestError, match=words):
            read_all([path])


def test_places_that_cannot_be_are_named_and_taken_away(tmp_path: Path) -> None:
    rows = ["SWAPPED,-105.29,40.0", "EAST,40.0,105.29", "ROUND,40.0,254.71", "GOOD,40.0,-105.29"]
    text = "station,lat,lon,date,depth_m,theta\n"
    (tmp_path / "t.csv").write_text(text + "".join(f"{r},2020-06-01,0.2,0.1\n" for r in rows))
    data = read_all([tmp_path / "t.csv"])
    assert data.findings.counts["BAD_POSITION"] == 1
    assert "swapped" in data.findings.first["BAD_POSITION"]
    assert "EAST" in data.findings.first["POSITION_DOUBTFUL"]
    frame = station_frame(data)
    assert frame["lon"].to_list() == [None, 105.29, pytest.approx(-105.29), -105.29]


# --- days -------------------------------------------------------------------------------------


def hours(days: int, step: float = 1.0) -> list[tuple[int, float]]:
    return [(d, h * step) for d in range(1, days + 1) for h in range(round(24 / step))]


@pytest.mark.parametrize("step", [0.5, 1.0, 3.0])
def test_a_plain_table_with_a_clock_gives_means_of_days(tmp_path: Path, step: float) -> None:
    # 0.20 at midnight rising by 0.01 an hour to noon and back: mean 0.26 by hand for any even step.
    rows = [
        f"A,2020-06-{d:02d} {int(h):02d}:{round(h % 1 * 60):02d},{0.20 + 0.01 * min(h, 24 - h)}"
        for d, h in hours(2, step)
    ]
    (tmp_path / "w.csv").write_text("station,date,sm_020\n" + "\n".join(rows) + "\n")
    frame, _, counts = stations_of(tmp_path / "w.csv")
    assert frame["theta"].round(6).to_list() == [0.26, 0.26]
    assert frame["readings"].to_list() == [round(24 / step)] * 2
    assert (frame["day_kind"][0], "DUPLICATE_DATE" in counts) == ("mean_lst", False)


def test_readings_in_utc_are_put_into_the_local_day(tmp_path: Path) -> None:
    # Longitude -105 is 7 h behind: 07:00 UTC of 1 June to 06:00 of 2 June are the local 1 June.
    rows = []
    for d, h in hours(2):
        theta = 0.1 if (d, h) < (2, 7) else 0.1 + h / 1000
        rows.append(f"A,40.0,-105.0,2020-06-{d:02d}T{int(h):02d}:00Z,{theta}")
    (tmp_path / "t.csv").write_text("station,lat,lon,date,sm_020\n" + "\n".join(rows) + "\n")
    frame, _, _ = stations_of(tmp_path)
    june_1 = frame.filter(pl.col("date") == date(2020, 6, 1))
    assert (june_1["theta"].round(6).to_list(), june_1["readings"].to_list()) == ([0.1], [24])
    # 24 h of 1 June and 17 h of 2 June; of 31 May the record holds 7 h and is no day of it.
    assert frame["date"].to_list() == [date(2020, 6, 1), date(2020, 6, 2)]
    assert frame["flag"].to_list() == ["", ""]


def test_a_record_of_less_than_half_a_day_is_kept_and_flagged(tmp_path: Path) -> None:
    rows = [f"A,2020-06-01 {h:02d}:00,0.2" for h in range(7)]
    (tmp_path / "t.csv").write_text("station,date,sm_020\n" + "\n".join(rows) + "\n")
    frame, _, _ = stations_of(tmp_path)
    assert (frame["flag"].to_list(), frame["readings"].to_list()) == (["few"], [7])


def test_a_day_of_few_readings_within_a_record_is_kept_and_flagged(tmp_path: Path) -> None:
    rows = [f"A,2020-06-{d:02d} {h:02d}:00,0.2" for d in (1, 2, 3) for h in range(24)
            if d != 2 or h < 5]  # fmt: skip
    (tmp_path / "t.csv").write_text("station,date,sm_020\n" + "\n".join(rows) + "\n")
    frame, _, _ = stations_of(tmp_path)
    assert frame["flag"].to_list() == ["", "few", ""]


def awdb(path: Path, *elements: tuple[str, list[tuple[str, float | None]], float | None]) -> Path:
    data = [
        {
            "stationElement": {"elementCode": "SMS", "heightDepth": depth, "durationName": step},
            "values": [{"date": when, "value": value} for when, value in values],
        }
        for step, values, depth in elements
    ]
    path.write_text(json.dumps([{"stationTriplet": "335:CO:SNTL", "data": data}]))
    return path


def of_hours(value: float | None) -> list[tuple[str, float | None]]:
    return [
        (f"2020-06-{d:02d} {int(h):02d}:00", None if value is None else value + h / 100)
        for d, h in hours(3)
    ]


def test_daily_and_hourly_values_of_a_sensor_stay_two_kinds_of_days(tmp_path: Path) -> None:
    awdb(tmp_path / "a.json", ("DAILY", [(f"2020-06-{d:02d}", 20.0 + d) for d in (1, 2, 3)], -8))
    awdb(tmp_path / "b.json", ("HOURLY", of_hours(20.0), -8))
    frame, _, _ = stations_of(tmp_path)
    assert dict(frame.group_by("day_kind").len().iter_rows()) == {"mean_lst": 3, "end_lst": 3}
    # A depth has one kind of day: the means, 20 % + mean of 0 to 0.23 % = 20.115 %.
    assert at_depth(frame, 0.203)["theta"].round(5).to_list() == [0.20115] * 3


@pytest.mark.parametrize(("shift", "kind"), [(0, "start_lst"), (1, "end_lst")])
def test_hourly_values_say_which_midnight_a_daily_value_is(
    tmp_path: Path, shift: int, kind: str
) -> None:
    hourly = [(f"2020-06-{d:02d} {int(h):02d}:00", 20.0 + d + h / 24) for d, h in hours(4)]
    daily = [(f"2020-06-{d:02d}", 20.0 + d + shift) for d in (1, 2, 3)]
    awdb(tmp_path / "r.json", ("DAILY", daily, -8), ("HOURLY", hourly, -8))
    frame, _, _ = stations_of(tmp_path)
    assert set(frame["day_kind"]) == {"mean_lst", kind}


def test_a_dead_sensor_does_not_end_the_run(tmp_path: Path) -> None:
    good = [("2020-06-01", 20.0)]
    awdb(
        tmp_path / "r.json",
        ("DAILY", good, -8), ("HOURLY", of_hours(None), -20), ("DAILY", [], -40),
        ("DAILY", good, None),
    )  # fmt: skip
    frame, _, counts = stations_of(tmp_path)
    assert frame.select("depth_m", "theta").rows() == [(0.203, 0.2)]
    assert (counts["EMPTY_SENSOR"], counts["BAD_VALUE"]) == (2, 1)


def test_an_hourly_report_gives_means_and_other_columns_no_moisture(tmp_path: Path) -> None:
    rows = [f"2020-06-{d:02d} {int(h):02d}:00,{10 + h},0.3" for d, h in hours(2)]
    other = "Change In Soil Moisture Percent -8in (pct)"
    header = f"Date,Soil Moisture Percent -8in (pct),{other}"
    frame, _, counts = stations_of(report(tmp_path / "335.csv", header, rows))
    # 10 % at midnight, 1 % more an hour: mean 10 + 11.5 by hand.
    assert frame.select("theta", "readings", "day_kind").rows() == [(0.215, 24, "mean_lst")] * 2
    assert counts["OTHER_COLUMN"] == 1


# --- files and rows ---------------------------------------------------------------------------


def test_readmes_and_damaged_files_of_a_folder_are_passed_over_and_told(tmp_path: Path) -> None:
    (tmp_path / "Readme.txt").write_text("about this archive\n")
    (tmp_path / "x.json").write_text("{")
    (tmp_path / "t.csv").write_text("station,date,depth_m,theta\na,2020-06-01,0.2,0.1\n")
    frame, _, counts = stations_of(tmp_path)
    assert (frame.height, counts["UNREADABLE_FILE"]) == (1, 2)
    with pytest.raises(RequestError, match="28 fields"):
        read_all([tmp_path / "Readme.txt"])


def test_a_mark_before_the_header_and_utf_16_are_read(tmp_path: Path) -> None:
    text = f"Date,Station Id,{START}\n2020-06-01,335,20\n"
    for name, encoding in (("a", "utf-8-sig"), ("b", "utf-16")):
        (tmp_path / f"{name}.csv").write_bytes(text.encode(encoding))
        assert stations_of(tmp_path / f"{name}.csv")[0]["station"].to_list() == ["335"]


def test_a_short_row_of_a_station_list_gives_no_station(tmp_path: Path) -> None:
    head = "Name,Site,State,Network,Elevation_ft,Latitude,Longitude\n"
    (tmp_path / "l.csv").write_text(head + "A,335,CO,SNOTEL,9180,39.8,-105.7\nB,602,CO\n")
    places = read_station_list(tmp_path / "l.csv")
    assert places.of("335", "SNOTEL").lat == 39.8
    assert np.isnan(places.of("335", "SCAN").lat)  # another network's 335 is another station
    assert places.of("335", "SCAN", sure=False).network == "SNOTEL"


def test_dates_nobody_can_read_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("station,date,depth_m,theta\na,31/05/2020,0.2,0.1\n")
    with pytest.raises(RequestError, match="no date can be read"):
        read_all([tmp_path / "t.csv"])


def test_reading_an_ismn_archive_takes_time_by_its_files_not_their_square(tmp_path: Path) -> None:
    rows = "".join(f"2020/06/01 {h:02d}:00 0.2100 G M\n" for h in range(24))

    def seconds(n: int) -> float:
        path = tmp_path / f"{n}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for i in range(n):
                for variable in ("sm", "ts"):
                    name = f"N/S{i}/N_N_S{i}_{variable}_0.050000_0.050000_E_20200601_20200603.stm"
                    archive.writestr(name, f"N N S{i} 40.1 -105.1 1500 0.05 0.05 E\n{rows}")
        start = time.process_time()
        read_all([path])
        return time.process_time() - start

    seconds(20)
    # Eight times the files: 8 times the time if linear, 64 if squared.
    assert seconds(800) < 24 * max(seconds(100), 0.01)


def test_one_depth_in_single_and_double_precision_is_one_sensor(tmp_path):
    # A table as CSV and its later part as Parquet of single precision share four days.
    days = pl.date_range(pl.date(2020, 1, 1), pl.date(2020, 1, 20), eager=True)
    table = pl.DataFrame(
        {"station": "A", "date": days, "lat": 40.0071, "lon": -105.2912, "depth_m": 0.2,
         "theta": [0.2 + 0.001 * i for i in range(20)]}
    )  # fmt: skip
    table.head(12).write_csv(tmp_path / "a.csv")
    single = [pl.col(name).cast(pl.Float32) for name in ("depth_m", "theta", "lat", "lon")]
    table.tail(12).with_columns(single).write_parquet(tmp_path / "b.parquet")
    data = read_all([tmp_path / "a.csv", tmp_path / "b.parquet"])
    frame = station_frame(data)
    assert (len(data.series), frame.height) == (1, 20)
    assert dict(data.findings.counts) == {"DUPLICATE_DATE": 4}


@pytest.mark.parametrize("mark", [";", "\t"])
def test_decimals_may_be_parted_by_commas_where_columns_are_not(tmp_path: Path, mark: str) -> None:
    rows = [
        "1,5;2023-04-01;20;0,231;40,01532;-105,27061",
        "1,5;2023-04-02;20;0.229;40,01532;-105,27061",
    ]
    path = report(
        tmp_path / "mine.csv",
        "station;date;depth_cm;theta;lat;lon".replace(";", mark),
        [row.replace(";", mark) for row in rows],
    )
    frame, _, counts = stations_of(path)
    assert frame["theta"].to_list() == [0.231, 0.229]
    assert frame["station"].unique().to_list() == ["1,5"]  # a name stays what it is
    assert (frame["lat"][0], frame["lon"][0]) == (40.01532, -105.27061)
    assert counts.get("BAD_VALUE", 0) == 0
