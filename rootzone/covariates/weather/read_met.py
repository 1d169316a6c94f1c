"""Daily weather of one place from an APSIM ``.met`` file."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import ONE_DAY, AnyArray, FloatArray
from rootzone._shared.errors import RequestError

if TYPE_CHECKING:
    import polars as pl

_MAX_BYTES = 256 << 20
# Column of the file, column of the weather table, and how its unit may be spelt.
_COLUMNS = {
    "radn": ("radn_mj_m2", ("mj/m^2", "mj/m2", "mjm-2", "mj/m^2/d", "mj/m2/day")),
    "maxt": ("tmax_degc", ("oc", "c", "degc")),
    "mint": ("tmin_degc", ("oc", "c", "degc")),
    "rain": ("rain_mm", ("mm", "mm/day", "mm/d")),
}
_CONSTANT = re.compile(r"^\s*([A-Za-z_][\w.]*)\s*=\s*([^!(]*)")


@dataclass(frozen=True)
class MetFile:
    """Weather of one place.

    Parameters
    ----------
    dates : array of datetime64[D], shape (day,)
        Days in the order of the file, none twice.
    columns : mapping of str to array, shape (day,)
        ``radn_mj_m2`` [MJ m-2 d-1], ``tmax_degc``, ``tmin_degc`` [degC], ``rain_mm`` [mm d-1].
    constants : mapping of str to str
        What the header says, such as latitude, tav and amp.
    """

    dates: AnyArray
    columns: dict[str, FloatArray]
    constants: dict[str, str] = field(default_factory=dict)

    @property
    def latitude_deg(self) -> float | None:
        """Latitude of the place [degree], where the header gives it."""
        text = self.constants.get("latitude", "")
        return float(text) if text else None

    @property
    def missing_days(self) -> AnyArray:
        """Days between the first and the last that the file leaves out."""
        return np.setdiff1d(np.arange(self.dates.min(), self.dates.max() + ONE_DAY), self.dates)

    def to_frame(self, cell_id: int | str) -> pl.DataFrame:
        """The weather table, under the name of the cell the place stands for."""
        import polars as pl

        count = len(self.dates)
        return pl.DataFrame({"cell_id": [cell_id] * count, "date": self.dates, **self.columns})


def read_met(path: Path) -> MetFile:
    """Read a ``.met`` file.

    Raises
    ------
    RequestError
        The file is missing, has no table of year, day, radn, maxt, mint and rain, another unit, a
        cell that is no number, or a day twice, the line named; or its latitude is none.
    """
    lines = _lines(path)
    head = _header_line(lines, path)
    names = lines[head].lower().split()
    _check_units(names, lines[head + 1], path, head + 2)
    rows = [
        (number, line.split())
        for number, line in enumerate(lines[head + 2 :], start=head + 3)
        if line.strip() and not line.lstrip().startswith("!")
    ]
    dates = _dates(rows, names, path)
    columns = {
        target: _numbers(rows, names.index(name), path) for name, (target, _) in _COLUMNS.items()
    }
    return MetFile(dates, columns, _checked(_constants(lines[:head]), path))


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise RequestError(f"{path} does not exist.")
    if path.stat().st_size > _MAX_BYTES:
        raise RequestError(f"{path} is larger than {_MAX_BYTES >> 20} MiB; a .met file is not.")
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise RequestError(f"{path} is no text (byte {error.start}).") from error


def _header_line(lines: list[str], path: Path) -> int:
    """Line with the column names, counted from 0; a line of units follows it."""
    for number, line in enumerate(lines[:-1]):
        if "=" not in line and {"year", "day"} <= set(line.lower().split()):
            missing = [name for name in _COLUMNS if name not in line.lower().split()]
            if missing:
                raise RequestError(f"{path}:{number + 1}: no column {', '.join(missing)}.")
            return number
    raise RequestError(
        f"{path} has no line of column names with year and day; it is not a .met file of days."
    )


def _check_units(names: list[str], line: str, path: Path, number: int) -> None:
    units = re.findall(r"\(([^)]*)\)", line)
    if len(units) != len(names):
        raise RequestError(
            f"{path}:{number}: {len(names)} columns have {len(units)} units; a unit in brackets is "
            "needed for each, () for none."
        )
    for name, (_, spellings) in _COLUMNS.items():
        unit = units[names.index(name)].strip()
        if unit.lower() not in spellings:
            raise RequestError(f"{path}:{number}: {name} is in ({unit}), not in ({spellings[0]}).")


def _numbers(rows: list[tuple[int, list[str]]], index: int, path: Path) -> FloatArray:
    values = np.empty(len(rows))
    for position, (number, cells) in enumerate(rows):
        try:
            values[position] = float(cells[index])
        except (ValueError, IndexError) as error:
            raise RequestError(
                f"{path}:{number}: column {index + 1} is no number: {' '.join(cells)[:60]}"
            ) from error
    return values


def _dates(rows: list[tuple[int, list[str]]], names: list[str], path: Path) -> AnyArray:
    years = _numbers(rows, names.index("year"), path)
    days = _numbers(rows, names.index("day"), path)
    found: dict[date, int] = {}
    for (number, _), year, day in zip(rows, years, days, strict=True):
        when = date(int(year), 1, 1) + timedelta(days=int(day) - 1)
        if when.year != int(year) or day < 1:
            raise RequestError(f"{path}:{number}: year {year:g} has no day {day:g}.")
        if when in found:
            raise RequestError(f"{path}:{number}: {when} stands in line {found[when]} already.")
        found[when] = number
    if not found:
        raise RequestError(f"{path} holds no day.")
    return np.array(list(found), dtype="datetime64[D]")


def _constants(lines: list[str]) -> dict[str, str]:
    matches = (_CONSTANT.match(line) for line in lines if not line.lstrip().startswith("!"))
    return {match[1].lower(): match[2].strip() for match in matches if match}


def _checked(constants: dict[str, str], path: Path) -> dict[str, str]:
    """The constants, if the latitude among them is one."""
    text = constants.get("latitude", "")
    try:
        known = not text or abs(float(text)) <= 90.0
    except ValueError:
        known = False
    if not known:
        raise RequestError(
            f"{path}: latitude = {text[:30]!r} is none; it is a number from -90 to 90, not a "
            "longitude. Correct the header."
        )
    return constants
