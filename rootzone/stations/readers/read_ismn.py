"""ISMN archives, each member checked before the ``ismn`` library reads it.

The library knows both layouts and all line ends (CR alone in 2013, mixed in 2018). What it does
not do is survive a broken member or refuse one whose path leaves the archive, so members are
tested here and read one by one. Times are UTC; one archive may hold many networks.
"""

from __future__ import annotations

import re
import tempfile
import warnings
import zipfile
import zlib
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from rootzone._shared.errors import RequestError
from rootzone._shared.unpack import is_bomb
from rootzone.stations.series import (
    BAD_VALUE,
    BROKEN_MEMBER,
    DUPLICATE_DATE,
    MEAN_UTC,
    NO_SOIL_MOISTURE,
    SECOND_SENSOR,
    UNSAFE_MEMBER,
    Findings,
    Place,
    SensorSeries,
    StationData,
    first_of_each,
    rounding_m,
)

# NET_NET_Station_variable_from_to_Sensor_start_end.stm; a station's name may hold # ( ) and _.
_NAME = re.compile(
    r"^[^_]+_(?P<network>[^_]+)_(?P<station>.+)_(?P<variable>[a-z]+)"
    r"_(?P<top>-?\d+\.\d+)_(?P<bottom>-?\d+\.\d+)_(?P<sensor>.+)_\d{8}_\d{8}\.stm$"
)
_COMPANIONS = {"ts": "soil_degc", "ta": "air_min_degc", "p": "rain_mm"}
_LARGEST_MEMBER = 1 << 28  # bytes; decades of hourly values are 50 MB


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
        The file is no zip archive, or the ``ismn`` library is not installed.
    """
    _require_library()
    findings = Findings()
    try:
        with zipfile.ZipFile(path) as archive:
            members = _good_members(archive, path, findings)
    except (zipfile.BadZipFile, OSError) as error:
        raise RequestError(f"{path} is not a readable zip archive: {error}") from error
    data = StationData(findings=findings)
    readings: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="rootzone-ismn-") as scratch:
        for member in members:
            frame = _frame(path, member, Path(scratch), findings)
            if frame is not None:
                readings[member] = frame
                data.units_read += len(frame[0])
    sensors = [member for member in readings if _match(member)["variable"] == "sm"]
    if not sensors:
        findings.add(NO_SOIL_MOISTURE, path.name)
    for member in sensors:
        data.series.append(_series(member, readings, findings))
    _count_second_sensors(data.series, findings)
    return data


def _require_library() -> None:
    try:
        import ismn  # noqa: F401
    except ImportError as error:
        raise RequestError(
            "ISMN archives need the ismn library: pip install 'rootzone[stations]'."
        ) from error


def _good_members(archive: zipfile.ZipFile, path: Path, findings: Findings) -> list[str]:
    good = []
    for info in archive.infolist():
        name = PurePosixPath(info.filename.replace("\\", "/"))
        if not name.parts:
            continue
        if name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
            findings.add(UNSAFE_MEMBER, f"{path.name}: {info.filename}")
        elif _NAME.match(name.name) and _unpacks(archive, info):
            good.append(info.filename)
        elif name.suffix == ".stm":
            findings.add(BROKEN_MEMBER, f"{path.name}: {info.filename}")
    return good


def _unpacks(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bool:
    """Whether a member comes out whole: its checksum fits, and it is of a believable size."""
    if info.file_size > _LARGEST_MEMBER or is_bomb(info.compress_size, info.file_size):
        return False
    try:
        with archive.open(info) as handle:
            while handle.read(1 << 20):
                pass
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, NotImplementedError, RuntimeError):
        return False
    except zlib.error:
        return False
    return True


def _frame(path: Path, member: str, scratch: Path, findings: Findings) -> Any:  # noqa: ANN401
    """Readings and metadata of a member, or None where the library cannot read it."""
    from ismn.base import IsmnRoot
    from ismn.filehandlers import DataFile

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the library uses calls that pandas will drop
            with IsmnRoot(str(path)) as root:
                file = DataFile(root, member, temp_root=scratch)
                return file.read_data(), file.metadata
    except Exception as error:  # whatever it is, the other members go on
        findings.add(BROKEN_MEMBER, f"{path.name}: {member} ({type(error).__name__})")
        return None


def _match(member: str) -> re.Match[str]:
    found = _NAME.match(PurePosixPath(member).name)
    if found is None:
        raise ValueError(member)
    return found


def _series(member: str, readings: dict[str, Any], findings: Findings) -> SensorSeries:
    frame, metadata = readings[member]
    parts = _match(member)
    value, flag = frame.columns[0], frame.columns[1]
    theta = np.asarray(_to_numbers(frame[value], member, findings))
    time = frame.index.to_numpy().astype("datetime64[m]")
    kept = first_of_each(time)
    findings.add(DUPLICATE_DATE, member, len(time) - len(kept))
    top, bottom = float(parts["top"]), float(parts["bottom"])
    return SensorSeries(
        place=_place(parts, metadata),
        depth_m=round(bottom, 3),
        time=time[kept],
        theta=theta[kept],
        day_kind=MEAN_UTC,
        step_h=1.0,
        depth_top_m=None if top == bottom else round(top, 3),
        sensor=parts["sensor"],
        source_flag=frame[flag].astype(str).to_numpy(dtype=object)[kept],
        companions=_companions(parts, time[kept], readings),
    )


def _to_numbers(column: Any, member: str, findings: Findings) -> Any:  # noqa: ANN401 - pandas
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    findings.add(BAD_VALUE, member, int((numbers.isna() & column.notna()).sum()))
    return numbers.to_numpy(dtype=np.float64)


def _place(parts: re.Match[str], metadata: Any) -> Place:  # noqa: ANN401 - ismn's MetaData
    lat, lon = float(metadata["latitude"].val), float(metadata["longitude"].val)
    return Place(
        network=parts["network"],
        station=parts["station"],
        lat=lat,
        lon=lon,
        elevation_m=float(metadata["elevation"].val),
        position_m=rounding_m(repr(lat), repr(lon)),
    )


def _companions(parts: re.Match[str], time: Any, readings: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401
    """Temperatures and rain of the same station at the times of the sensor; NaN in their gaps."""
    out: dict[str, Any] = {}
    for member, (frame, _) in readings.items():
        other = _match(member)
        name = _COMPANIONS.get(other["variable"])
        same = (other["network"], other["station"]) == (parts["network"], parts["station"])
        if name is None or not same or (name == "soil_degc" and other["top"] != parts["top"]):
            continue
        times = frame.index.to_numpy().astype("datetime64[m]")
        first = first_of_each(times)
        values = np.asarray(frame[frame.columns[0]], dtype=np.float64)[first]
        at = np.clip(np.searchsorted(times[first], time), 0, len(first) - 1)
        out.setdefault(name, np.where(times[first][at] == time, values[at], np.nan))
    return out


def _count_second_sensors(series: list[SensorSeries], findings: Findings) -> None:
    seen: Counter[tuple[str, str, float]] = Counter()
    for one in series:
        key = (one.place.network, one.place.station, one.depth_m)
        if seen[key]:
            findings.add(SECOND_SENSOR, f"{key[0]} {key[1]} at {key[2]:g} m")
        seen[key] += 1
