"""Weather that is missing or cannot be true: found, named, counted, filled where that is honest.

A cell that never has a value in the year lies in the sea or beyond the border; it is counted as
empty, not as a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import ONE_YEAR, AnyArray, BoolArray
from rootzone.covariates.weather.cells import Cells

# What can be true of a day anywhere. Rain: 1825 mm fell in a day at Foc-Foc, Reunion, in 1966;
# cold: -89.2 degC at Vostok in 1983 (WMO archive of extremes).
LIMITS: Mapping[str, tuple[float, float, str]] = {
    "rain_mm": (0.0, 1900.0, "mm d-1"),
    "tmax_degc": (-85.0, 60.0, "degC"),
    "tmin_degc": (-95.0, 45.0, "degC"),
    "radn_mj_m2": (0.0, 45.0, "MJ m-2 d-1"),
    "vpd_kpa": (0.0, 15.0, "kPa"),
    "pet_mm": (0.0, 30.0, "mm d-1"),
    "wind_m_s": (0.0, 60.0, "m s-1"),
}
FLAG_BITS = {
    "rain_mm": 1, "tmax_degc": 2, "tmin_degc": 4, "radn_mj_m2": 8, "vpd_kpa": 16, "pet_mm": 32,
    "wind_m_s": 64,
}  # fmt: skip
MAX_FILL_DAYS = 3
_AROUND = [(r, c) for r in (-1, 0, 1) for c in (-1, 0, 1) if (r, c) != (0, 0)]
_TOP_TOLERANCE_MJ = 0.5  # station and model radiation strays this far above the top of the air
_TEMPERATURE_TOLERANCE_K = 0.1  # packing rounds both temperatures to 0.1 K


@dataclass(frozen=True)
class Gap:
    """Some cell-days that cannot be used.

    Parameters
    ----------
    variable : str
        Column, such as ``tmax_degc``.
    kind : str
        ``missing day`` (all cells), ``missing`` or ``impossible``.
    date : str
        Day, ISO.
    cells : int
        Cells concerned.
    cell_id : int
        One of them.
    value : float or None
        The value seen there, for an impossible one.
    """

    variable: str
    kind: str
    date: str
    cells: int
    cell_id: int
    value: float | None = None

    def __str__(self) -> str:
        """The gap in words."""
        where = f"cell {self.cell_id}" + (f" and {self.cells - 1} more" if self.cells > 1 else "")
        if self.kind == "missing day":
            where = f"all {self.cells} cells"
        seen = "" if self.value is None else f" ({self.value:g})"
        return f"{self.date} {self.variable}: {self.kind}{seen}, {where}"


def impossible(values: Mapping[str, AnyArray], top_mj_m2: AnyArray) -> dict[str, BoolArray]:
    """Cell-days whose value cannot be true, by column.

    Parameters
    ----------
    values : mapping of column to array, shape (day, cell)
        Daily values; NaN is missing, not impossible.
    top_mj_m2 : array, shape (day, cell)
        Radiation at the top of the atmosphere [MJ m-2 d-1].
    """
    wrong = {}
    for name, column in values.items():
        low, high, _ = LIMITS[name]
        wrong[name] = np.asarray((column < low) | (column > high))
    if "radn_mj_m2" in values:
        wrong["radn_mj_m2"] |= values["radn_mj_m2"] > top_mj_m2 + _TOP_TOLERANCE_MJ
    if {"tmax_degc", "tmin_degc"} <= set(values):
        crossed = values["tmax_degc"] < values["tmin_degc"] - _TEMPERATURE_TOLERANCE_K
        wrong["tmax_degc"] |= crossed
        wrong["tmin_degc"] |= crossed
    return wrong


def list_gaps(
    values: Mapping[str, AnyArray], wrong: Mapping[str, BoolArray], dates: AnyArray, cells: Cells
) -> list[Gap]:
    """Every day with a gap, one entry a variable and kind, with its number of cells."""
    gaps = []
    ids = cells.cell_id
    for name, column in values.items():
        missing = np.isnan(column)
        for kind, bad in (("missing", missing), ("impossible", wrong[name])):
            for day in np.flatnonzero(bad.any(axis=1)):
                here = np.flatnonzero(bad[day])
                label = "missing day" if kind == "missing" and here.size == len(cells) else kind
                seen = None if kind == "missing" else float(column[day, here[0]])
                gaps.append(
                    Gap(name, label, str(dates[day]), int(here.size), int(ids[here[0]]), seen)
                )
    return sorted(gaps, key=lambda gap: (gap.date, gap.variable, gap.kind))


def fill_in_time(column: AnyArray, max_days: int = MAX_FILL_DAYS) -> tuple[AnyArray, BoolArray]:
    """Fill short gaps of each cell by a straight line between the days on either side.

    Parameters
    ----------
    column : array, shape (day, cell)
        Daily values, NaN where there is none.
    max_days : int
        Longest gap that is filled [d]. Gaps at the start or the end of the year are left.

    Returns
    -------
    filled : array, shape (day, cell)
        Values with short gaps filled.
    flags : array of bool, shape (day, cell)
        Where a value was filled in.
    """
    day = np.arange(column.shape[0])[:, None]
    known = ~np.isnan(column)
    before = np.maximum.accumulate(np.where(known, day, -1), axis=0)
    after = np.minimum.accumulate(np.where(known, day, column.shape[0])[::-1], axis=0)[::-1]
    short = (after - before - 1 <= max_days) & (before >= 0) & (after < column.shape[0])
    flags = np.asarray(~known & short)
    gap_day, cell = np.nonzero(flags)
    start, end = before[gap_day, cell], after[gap_day, cell]
    share = (gap_day - start) / (end - start)
    filled = np.array(column)
    filled[gap_day, cell] = column[start, cell] + share * (column[end, cell] - column[start, cell])
    return filled, flags


def absent_days(dates: AnyArray, which: str) -> BoolArray:
    """Days that a product's calendar does not have.

    Parameters
    ----------
    dates : array of datetime64[D], shape (day,)
        Days.
    which : str
        ``none``, ``29 February`` or ``31 December of leap years``.
    """
    year = dates.astype("datetime64[Y]")
    day = (dates - year.astype("datetime64[D]")).astype(int)
    of_year = ((year + ONE_YEAR).astype("datetime64[D]") - year.astype("datetime64[D]")).astype(int)
    if which == "29 February":
        return np.asarray((of_year == 366) & (day == 59))
    if which == "31 December of leap years":
        return np.asarray((of_year == 366) & (day == 365))
    return np.zeros(dates.shape, dtype=bool)


def repeat_day_before(
    column: AnyArray, absent: BoolArray, value: float | None
) -> tuple[AnyArray, BoolArray]:
    """Give days that a calendar does not have the values of the day before, or one value.

    Parameters
    ----------
    column : array, shape (day, cell)
        Daily values.
    absent : array of bool, shape (day,)
        Days without values; the first is never filled.
    value : float or None
        Value in place of that of the day before, such as no rain.

    Returns
    -------
    filled, flags : array, shape (day, cell)
        Values, and where one was filled in.
    """
    filled, flags = np.array(column), np.zeros(column.shape, dtype=bool)
    for day in np.flatnonzero(absent):
        if day == 0:
            continue
        new = (
            filled[day - 1] if value is None else np.where(np.isnan(filled[day - 1]), np.nan, value)
        )
        flags[day] = np.isnan(filled[day]) & ~np.isnan(new)
        filled[day] = np.where(np.isnan(filled[day]), new, filled[day])
    return filled, flags


def fill_from_neighbours(column: AnyArray, cells: Cells) -> tuple[AnyArray, BoolArray]:
    """Fill each gap by the mean of the known cells among the eight around it, on the same day.

    Rain is filled so: a line through time would make it rain every day. A day without any cell
    stays a gap.
    """
    filled = np.array(column)
    days = np.flatnonzero(np.isnan(column).any(axis=1))
    row, col = cells.row - cells.row.min() + 1, cells.col - cells.col.min() + 1
    for day in days:
        # One cell more on every side, so that a neighbour beyond the region is simply unknown.
        land = np.full((row.max() + 2, col.max() + 2), np.nan)
        land[row, col] = column[day]
        total, count = np.zeros(len(cells)), np.zeros(len(cells))
        for down, right in _AROUND:
            value = land[row + down, col + right]
            total += np.where(np.isnan(value), 0.0, value)
            count += ~np.isnan(value)
        hole = np.isnan(column[day]) & (count > 0)
        filled[day, hole] = total[hole] / count[hole]
    return filled, np.isnan(column) & ~np.isnan(filled)


def summary(
    gaps: list[Gap], left: Mapping[str, int]
) -> tuple[dict[str, dict[str, int]], dict[str, int]]:
    """Counts of cell-days by variable and kind, and how many are still empty."""
    counts: dict[str, dict[str, int]] = {}
    for gap in gaps:
        kinds = counts.setdefault(gap.variable, {})
        kinds[gap.kind] = kinds.get(gap.kind, 0) + gap.cells
    return counts, {name: n for name, n in left.items() if n}
