from __future__ import annotations

from pathlib import Path

import numpy as np

from rootzone.made_up.write_uscrn import (
    COLUMNS,
    StationRecord,
    uscrn_lines,
    write_uscrn,
)
from rootzone.stations.readers.read_uscrn import LINE_WIDTH, read_uscrn

NAN = np.nan
_MISSING = {"-9999.0", "-99.000"}


def _record(**columns: list[float]) -> StationRecord:
    first = np.datetime64("2022-12-31").astype(int)
    n = len(next(iter(columns.values())))
    return StationRecord(
        "XX_Made_Up_01", "99001", 40.0873, -105.2374, first + np.arange(n), columns
    )


def test_a_line_is_as_wide_as_noaas() -> None:
    (line,) = uscrn_lines(_record(sm_020=[0.1234]))
    assert len(line) == LINE_WIDTH
    assert line.startswith("99001 20221231  2.622 -105.24   40.09 -9999.0")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    record = _record(sm_020=[0.1234, NAN, 0.2], st_020_c=[1.0, 2.0, -0.4], rain_mm=[0.0, 3.21, NAN])
    first, second = write_uscrn(tmp_path, record)
    assert (first.name, second.name) == (
        "CRND0103-2022-XX_Made_Up_01.txt",
        "CRND0103-2023-XX_Made_Up_01.txt",
    )
    data = read_uscrn(second)
    (series,) = data.series
    # Three decimals of moisture and one of rain stand in the file.
    np.testing.assert_array_equal(series.theta, [NAN, 0.2])
    np.testing.assert_array_equal(series.companions["soil_degc"], [2.0, -0.4])
    np.testing.assert_array_equal(data.weather[0].columns["rain_mm"], [3.2, NAN])
    assert (series.place.lat, series.place.lon) == (40.09, -105.24)


def test_a_real_file_comes_out_to_the_byte(shared: Path) -> None:
    # The file is NOAA's own; a record has one version, so lines of another are left out.
    path = shared / "realdata" / "uscrn" / "raw" / "CRND0103-2023-CO_Nunn_7_NNE.txt"
    rows = [line.split() for line in path.read_text().splitlines()]
    fields = [row[5:11] + row[12:] for row in rows]
    numbers = np.array([[NAN if f in _MISSING else float(f) for f in row] for row in fields])
    days = np.array([f"{r[1][:4]}-{r[1][4:6]}-{r[1][6:]}" for r in rows], dtype="datetime64[D]")
    record = StationRecord(
        "CO_Nunn_7_NNE", "94074", float(rows[0][4]), float(rows[0][3]), days.astype(int),
        dict(zip(COLUMNS, numbers.T, strict=True)), rows[0][2],
    )  # fmt: skip
    written = uscrn_lines(record)
    same_version = [row[2] == rows[0][2] for row in rows]
    original = path.read_text().splitlines()
    assert sum(same_version) > 200
    kept = [i for i, same in enumerate(same_version) if same]
    assert [written[i] for i in kept] == [original[i] for i in kept]
