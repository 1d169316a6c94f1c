"""Which weather rows no engine should run on, and what to say about them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.days import iso_day
from rootzone._shared.plausible import likely_unit
from rootzone.engines.failures import FailureClass
from rootzone.engines.plants.canopy import LONGEST_LAI_GAP_D
from rootzone.engines.tables.problems import Rule
from rootzone.engines.tables.read_columns import MISSING_DAY, Numbers

# Lowest and highest daily value that can be weather, both allowed, and the unit. The wettest day
# on record brought 1,825 mm (Foc-Foc, La Reunion, January 1966; WMO archive of extremes).
RANGES: Mapping[str, tuple[float, float, str]] = {
    "rain_mm": (0.0, 2000.0, "mm d-1"),
    "eo_mm": (0.0, 50.0, "mm d-1"),
    "pet_mm": (0.0, 50.0, "mm d-1"),
    "radn_mj_m2": (0.0, 50.0, "MJ m-2 d-1"),
    "tmax_degc": (-95.0, 65.0, "degC"),
    "tmin_degc": (-95.0, 65.0, "degC"),
    "lai": (0.0, 20.0, "m2 m-2"),  # the classes of MODIS, 249 to 255 times 0.1, lie above
}


@dataclass(frozen=True)
class WeatherRows:
    """Weather rows in the order cell by cell, day by day.

    Parameters
    ----------
    cell : array of int, shape (row,)
        Number of the cell; -1 where the row names none.
    day : array of int, shape (row,)
        Days since 1970-01-01, ``MISSING_DAY`` where there is no date.
    columns : mapping of str to Numbers
        The physical columns.
    """

    cell: IntArray
    day: IntArray
    columns: Mapping[str, Numbers]

    def values(self, name: str) -> FloatArray:
        """Values of a column, NaN where there is none."""
        return self.columns[name].values


def weather_rules(rows: WeatherRows, *, needs_leaves: bool = False) -> list[Rule]:
    """Every check of the weather rows, in the order in which a cell's first problem is told.

    Leaf area has no say where leaves do not follow it; where they do, gaps up to 32 days are no
    problem, since the engine fills them in a line.
    """
    rules = _date_rules(rows)
    for name, column in rows.columns.items():
        if name != "lai":
            rules += _value_rules(name, column)
        elif needs_leaves:
            text, _, outside = _value_rules(name, column)
            rules += [text, _long_gaps(rows), outside]
    if {"tmax_degc", "tmin_degc"} <= set(rows.columns):
        low, high = rows.values("tmin_degc"), rows.values("tmax_degc")
        rules.append(
            Rule(
                FailureClass.FORCING_VALUE,
                "tmin_degc",
                low > high,
                lambda row: f"tmin_degc {low[row]:.6g} is above tmax_degc {high[row]:.6g} [degC]",
            )
        )
    return rules


def _date_rules(rows: WeatherRows) -> list[Rule]:
    day, same_cell = rows.day, np.diff(rows.cell, prepend=-2) == 0
    undated = day == MISSING_DAY
    previous = np.concatenate(([MISSING_DAY], day[:-1]))
    followed = same_cell & ~undated & (previous != MISSING_DAY)
    step = np.where(followed, day - previous, 1)

    def say_gap(row: int) -> str:
        return (
            f"{step[row] - 1} days are missing between {iso_day(previous[row])} and "
            f"{iso_day(day[row])}; an engine needs every day"
        )

    return [
        Rule(
            FailureClass.FORCING_VALUE,
            "date",
            undated,
            lambda row: "a date is empty or not of the form 2023-05-31",
        ),
        Rule(
            FailureClass.FORCING_DUPLICATE,
            "date",
            step == 0,
            lambda row: f"{iso_day(day[row])} occurs twice; keep one row for each day",
        ),
        Rule(FailureClass.FORCING_GAP, "date", step > 1, say_gap),
    ]


def _long_gaps(rows: WeatherRows) -> Rule:
    """Cells whose leaf area is unknown for longer than is filled, told at the first such day."""
    known = np.isfinite(rows.values("lai"))
    starts = np.diff(rows.cell, prepend=-2) != 0
    begins = ~known & (starts | np.concatenate(([True], known[:-1])))
    run = np.cumsum(begins)
    days = np.bincount(run[~known], minlength=run[-1] + 1 if run.size else 1)
    # The ends of a cell's record count as much: nothing lies beyond that a line could reach.
    broken = begins & (days[run] > LONGEST_LAI_GAP_D)

    def say(row: int) -> str:
        return (
            f"lai is missing on {days[run[row]]} days from {iso_day(rows.day[row])} on, longer "
            f"than the {LONGEST_LAI_GAP_D} that are filled; mend the series, or leave lai=true "
            "out, and leaves follow temperature"
        )

    return Rule(FailureClass.FORCING_GAP, "lai", broken, say)


def _value_rules(name: str, column: Numbers) -> list[Rule]:
    low, high, unit = RANGES[name]
    values = column.values
    whole = likely_unit(name, values)
    hint = f"the column {whole}" if whole else "check its unit"
    return [
        Rule(
            FailureClass.FORCING_VALUE,
            name,
            column.not_numbers,
            lambda row: f"{name} holds text where a number [{unit}] is due",
        ),
        Rule(
            FailureClass.FORCING_VALUE,
            name,
            np.isnan(values) & ~column.not_numbers,
            lambda row: f"{name} [{unit}] is empty or not finite; fill it before the run",
        ),
        Rule(
            FailureClass.FORCING_VALUE,
            name,
            (values < low) | (values > high),
            lambda row: f"{name} {values[row]:.6g} is outside {low:g} to {high:g} [{unit}]; {hint}",
        ),
    ]
