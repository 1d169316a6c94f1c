from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.arrays import ONE_DAY
from rootzone.engines.apsim.write_met import MET_COLUMNS, met_text, write_met

FIRST = int(np.datetime64("2019-12-30", "D").astype(int))


def columns(n_day: int = 4) -> dict[str, np.ndarray]:
    return {name: np.linspace(1.1, 8.0, n_day) + i for i, name in enumerate(MET_COLUMNS)}


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()[7:]]


def test_days_count_on_over_the_new_year() -> None:
    assert [row[:2] for row in rows(met_text(FIRST, columns(), 40.0, "x"))] == [
        ["2019", "364"], ["2019", "365"], ["2020", "1"], ["2020", "2"],
    ]  # fmt: skip


def test_values_survive_as_the_single_precision_apsim_reads() -> None:
    given = columns()
    for row, *expected in zip(
        rows(met_text(FIRST, given, 40.0, "x")), *(given[k] for k in MET_COLUMNS), strict=True
    ):
        assert [np.float32(v) for v in row[2:]] == [np.float32(v) for v in expected]


def test_header_and_units_stand_as_apsim_demands(tmp_path: Path) -> None:
    # reference/apsim README: radn, maxt, mint, rain, latitude and the units line are required.
    path = tmp_path / "c0.met"
    write_met(path, FIRST, columns(), 39.5, "cell 7")
    lines = path.read_text().splitlines()
    assert lines[0] == "[weather.met.weather]"
    assert lines[2] == "latitude = 39.5000 (DECIMAL DEGREES)"
    assert lines[5] == "year day radn maxt mint rain"
    assert lines[6] == "() () (MJ/m^2) (oC) (oC) (mm)"


def test_tav_and_amp_come_from_the_monthly_means() -> None:
    # By hand: January at 0 and 10 degC (mean 5), February at 20 and 30 degC (mean 25); 31 and 28
    # days, so tav = (31 x 5 + 28 x 25) / 59 = 14.49 and amp = 20.
    month = np.repeat([0, 1], [31, 28])
    given = {
        "radn_mj_m2": np.ones(59), "rain_mm": np.zeros(59),
        "tmax_degc": np.where(month == 0, 10.0, 30.0), "tmin_degc": np.where(month == 0, 0.0, 20.0),
    }  # fmt: skip
    first = int(np.datetime64("2019-01-01", "D").astype(int))
    text = met_text(first, given, 40.0, "x")
    assert "tav = 14.49 (oC)" in text
    assert "amp = 20.00 (oC)" in text


def test_our_file_reads_like_the_one_real_apsim_accepted(shared: Path) -> None:
    real = (shared / "reference/apsim/semiarid_plains.met").read_text().splitlines()
    start = next(i for i, line in enumerate(real) if line.startswith("year day"))
    given = np.array([line.split() for line in real[start + 2 :]], dtype=float)
    columns_of = dict(zip(MET_COLUMNS, given[:, 2:].T, strict=True))
    first = np.datetime64(f"{int(given[0, 0])}-01-01", "D") + (int(given[0, 1]) - 1) * ONE_DAY
    ours = met_text(int(first.astype(int)), columns_of, 40.0, "x").splitlines()
    assert ours[5:7] == real[start : start + 2]
    again = np.array([line.split() for line in ours[7:]], dtype=float)
    assert again == pytest.approx(given, rel=1e-6)
