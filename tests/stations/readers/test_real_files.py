"""Real station files in full, where they lie beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone.stations.readers.nrcs_places import read_station_list
from rootzone.stations.readers.read_any import read_all
from rootzone.stations.readers.read_awdb import read_awdb
from rootzone.stations.readers.read_nrcs_csv import read_nrcs_csv


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
