"""ISMN archives: every member checked as it is unpacked, once, and read by itself.

Two layouts: "header+values" (a first line with network, station, position, depths and sensor, then
date, time, value and flags) and "CEOP in separate files" (the position in every line). Line ends
are CR alone in 2013 and mixed in 2018. Times are UTC and are brought to the local standard time of
the station's longitude, so that a day is a day there; one archive may hold many networks.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.plausible import without_codes
from rootzone._shared.unpack import is_bomb
from rootzone.stations.days import local_time
from rootzone.stations.join import sensor_series, settled
from rootzone.stations.readers.nrcs_places import parsed_number
from rootzone.stations.series import (
    BAD_VALUE,
    BROKEN_MEMBER,
    MEAN_LST,
    MEAN_UTC,
    NO_SOIL_MOISTURE,
    SECOND_SENSOR,
    TRUNCATED_LINE,
    UNSAFE_MEMBER,
    Findings,
    Place,
    SensorSeries,
    StationData,
    rounding_m,
)

# NET_NET_Station_variable_from_to_Sensor_start_end.stm; a station's name may hold # ( ) and _.
_NAME = re.compile(
    r"^[^_]+_(?P<network>[^_]+)_(?P<station>.+)_(?P<variable>[a-z]+)"
    r"_(?P<top>-?\d+\.\d+)_(?P<bottom>-?\d+\.\d+)_(?P<sensor>.+)_\d{8}_\d{8}\.stm$"
)
_COMPANIONS = {"ts": "soil_degc", "ta": "air_min_degc", "p": "rain_mm"}
_LARGEST_MEMBER = 1 << 28  # bytes; decades of hourly values are 50 MB
_CEOP_WORDS = 15  # words in a line of "CEOP in separate files"


@dataclass(frozen=True)
class _Member:
    """A file of the archive: whose it is, and its readings in UTC, in any order."""

    name: str
    parts: re.Match[str]
    place: Place
    time: AnyArray
    values: FloatArray
    flags: AnyArray


def read_ismn(path: Path) -> StationData:
    """Soil moisture of one archive as downloaded, with flags, and what lies beside it.

    Parameters
    ----------
    path : Path
        A zip archive in the layouts "header+values" or "CEOP in separate files".

    Returns
    -------
    StationData
        One series per sensor with ISMN's own flags. Soil temperature at the same depth, air
        temperature and precipitation of the station are companions where the archive has them.

    Raises
    ------
    RequestError
        The file is no zip archive.
    """
    findings = Findings()
    data = StationData(findings=findings)
    by_station: dict[tuple[str, str], list[_Member]] = {}
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                member = _member(archive, info, path.name, findings)
                if member is not None:
                    key = (member.parts["network"], member.parts["station"])
                    by_station.setdefault(key, []).append(member)
                    data.units_read += len(member.time)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise RequestError(f"{path} is not a readable zip archive: {error}") from error
    for members in by_station.values():
        for member in members:
            if member.parts["variable"] == "sm":
                series = _series(member, members, findings)
                if series is not None:
                    data.series.append(series)
    if not any(m.parts["variable"] == "sm" for members in by_station.values() for m in members):
        findings.add(NO_SOIL_MOISTURE, path.name)
    _count_second_sensors(data.series, findings)
    return data


def _member(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, archive_name: str, findings: Findings
) -> _Member | None:
    """One file of the archive, or None where it is none of ours, unsafe or broken."""
    name = PurePosixPath(info.filename.replace("\\", "/"))
    where = f"{archive_name}: {info.filename}"
    if not name.parts:
        return None
    if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
        findings.add(UNSAFE_MEMBER, where)
        return None
    parts = _NAME.match(name.name)
    if parts is None:
        findings.add(BROKEN_MEMBER, where, int(name.suffix == ".stm"))
        return None
    text = _unpacked(archive, info)
    member = None if text is None else _readings(info.filename, parts, text, where, findings)
    if member is None:
        findings.add(BROKEN_MEMBER, where)
    return member


def _unpacked(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> str | None:
    """Text of a member whose checksum fits and whose size can be believed."""
    if info.file_size > _LARGEST_MEMBER or is_bomb(info.compress_size, info.file_size):
        return None
    try:
        return archive.read(info).decode("utf-8", errors="replace")
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return None
    except Exception as error:  # zlib.error has no public base beyond Exception
        if type(error).__name__ == "error":
            return None
        raise


def _readings(
    name: str, parts: re.Match[str], text: str, where: str, findings: Findings
) -> _Member | None:
    """Readings of a member in either layout; None where it holds none."""
    lines = [words for line in text.splitlines() if (words := line.split())]
    if not lines:
        return None
    ceop = len(lines[0]) == _CEOP_WORDS
    at = lines[0][7:10] if ceop else lines[0][3:6]
    body = lines if ceop else lines[1:]
    value, flag = (12, 13) if ceop else (2, 3)
    whole = [words for words in body if len(words) > flag]
    findings.add(TRUNCATED_LINE, where, len(body) - len(whole))
    lat, lon, elevation = (parsed_number(word) for word in at) if len(at) == 3 else [np.nan] * 3
    if not whole:
        return None
    place = Place(
        parts["network"], parts["station"], lat, lon, elevation, rounding_m(repr(lat), repr(lon))
    )
    time = _times(whole, where, findings)
    values = _numbers([words[value] for words in whole], where, findings)
    flags = np.array([words[flag] for words in whole], dtype=object)
    return _Member(name, parts, place, time, values, flags)


def _times(rows: Sequence[Sequence[str]], where: str, findings: Findings) -> AnyArray:
    texts = [f"{row[0].replace('/', '-')}T{row[1]}" for row in rows]
    try:
        return np.array(texts, dtype="datetime64[m]")
    except ValueError:
        out = np.full(len(texts), np.datetime64("NaT", "m"))
        for i, text in enumerate(texts):
            try:
                out[i] = np.datetime64(text, "m")
            except ValueError:
                findings.add(BAD_VALUE, f"{where}: {text!r}")
        return out


def _numbers(texts: Sequence[str], where: str, findings: Findings) -> FloatArray:
    try:
        values = np.array(texts, dtype=np.float64)
    except ValueError:
        values = np.array([parsed_number(text) for text in texts])
        bad = np.isnan(values) & ~np.isin(np.char.lower(np.array(texts)), ["nan", "na"])
        findings.add(BAD_VALUE, where, int(bad.sum()))
    return without_codes(values)


def _series(
    member: _Member, of_station: Sequence[_Member], findings: Findings
) -> SensorSeries | None:
    parts, lon = member.parts, member.place.lon
    top, bottom = float(parts["top"]), float(parts["bottom"])
    known = bool(np.isfinite(lon))
    return sensor_series(
        member.place,
        round(bottom, 3),
        local_time(member.time, lon) if known else member.time,
        member.values,
        MEAN_LST if known else MEAN_UTC,
        findings,
        member.name,
        depth_top_m=None if top == bottom else round(top, 3),
        sensor=parts["sensor"],
        source_flag=member.flags,
        companions=_companions(member, of_station),
    )


def _companions(member: _Member, of_station: Sequence[_Member]) -> dict[str, FloatArray]:
    """Temperatures and rain of the same station at the times of the sensor; NaN in their gaps."""
    out: dict[str, FloatArray] = {}
    for other in of_station:
        name = _COMPANIONS.get(other.parts["variable"])
        elsewhere = name == "soil_degc" and other.parts["top"] != member.parts["top"]
        dated = np.flatnonzero(~np.isnat(other.time))
        if name is None or elsewhere or name in out or not len(dated):
            continue
        kept = dated[settled(other.time[dated], other.values[dated])[0]]
        times, values = other.time[kept], other.values[kept]
        at = np.clip(np.searchsorted(times, member.time), 0, len(times) - 1)
        out[name] = np.where(times[at] == member.time, values[at], np.nan)
    return out


def _count_second_sensors(series: list[SensorSeries], findings: Findings) -> None:
    seen: Counter[tuple[str, str, float]] = Counter()
    for one in series:
        key = (one.place.network, one.place.station, one.depth_m)
        if seen[key]:
            findings.add(SECOND_SENSOR, f"{key[0]} {key[1]} at {key[2]:g} m")
        seen[key] += 1
