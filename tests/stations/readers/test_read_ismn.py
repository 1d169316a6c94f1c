"""ISMN archives, whole and damaged, and members that would leave them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.stations.readers.read_ismn import read_ismn
from rootzone.stations.sensor_depth import matches

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
