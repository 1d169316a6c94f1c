"""The weather table as flat arrays: good cells to run on, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rootzone._shared.days import iso_day
from rootzone._shared.errors import RequestError
from rootzone._shared.plausible import DAILY_LIMITS, likely_unit, outside
from rootzone._shared.tables import WEATHER
from rootzone.covariates.weather.apsim_eo import apsim_mm
from rootzone.engines.failures import Failure, FailureClass, SiteId
from rootzone.engines.protocol import SiteBatch, WeatherBatch
from rootzone.engines.tables.check_weather import WeatherRows, weather_rules
from rootzone.engines.tables.problems import Finding, first_findings
from rootzone.engines.tables.read_columns import (
    MISSING_DAY,
    Numbers,
    cell_text,
    codes_in_order,
    day_column,
    id_column,
    ids_as_array,
    number_column,
    read_raw,
    require_columns,
)
from rootzone.engines.tables.read_soils import SoilTable

if TYPE_CHECKING:
    import polars as pl

    from rootzone._shared.arrays import AnyArray, BoolArray, IntArray

EO_FORMULA_COLUMNS = ("radn_mj_m2", "tmax_degc", "tmin_degc")
DEMAND_COLUMNS = ("eo_mm", "pet_mm")  # the first that a table has is what the air asks for
# A demand that an engine's own formula gives again differs by single precision and print alone.
_SAME_DEMAND = (0.01, 1e-3)  # [mm d-1] and share
_USUAL_SALB = 0.13


class WeatherNeeds(NamedTuple):
    """What an engine asks of the weather besides rain.

    Parameters
    ----------
    salb : float
        Albedo of bare soil [-] of APSIM's formula, where the weather brings no demand.
    temperature : bool
        Whether temperatures are needed in any case (snow, frozen soil, leaves).
    radiation : bool
        Whether all columns of the formula are, because the engine computes its own demand.
    leaves : bool
        Whether leaves follow the column ``lai``: a cell where it is missing for more than 32 days
        cannot be used then.
    """

    salb: float
    temperature: bool = False
    radiation: bool = False
    leaves: bool = False


@dataclass(frozen=True)
class BadCell:
    """Why a cell cannot be used; every site in it fails with this."""

    failure_class: FailureClass
    text: str
    column: str
    value: str
    date: str | None
    problems: int


@dataclass(frozen=True)
class WeatherTable:
    """Cells that can be used, those that cannot by the text of their id, and what to tell."""

    batch: WeatherBatch
    bad: Mapping[str, BadCell]
    notes: tuple[str, ...] = ()


def read_weather(path: Path, needs: WeatherNeeds) -> WeatherTable:
    """Read and check a weather table, one row per cell and day, in any order.

    Parameters
    ----------
    path : Path
        ``.parquet`` or ``.csv`` with ``cell_id``, ``date``, ``rain_mm`` and the demand of the air:
        ``eo_mm``, or without it ``pet_mm``, taken as they are, or the columns of APSIM's formula.
    needs : WeatherNeeds
        What the engine asks for.

    Raises
    ------
    RequestError
        The file as a whole cannot be used: unreadable, columns missing, wrong units, no rows, or a
        demand that the engine would not follow.
    """
    frame = read_raw(path, WEATHER)
    for name in (n for n in frame.columns if n in DAILY_LIMITS):
        values = number_column(frame, name).values
        unit = likely_unit(name, values)
        if unit is not None and not outside(name, values).any():
            # Every day passes by itself, and the column cannot be true as a whole.
            raise RequestError(f"{path}: column {name} {unit}. Nothing was simulated.")
    return weather_from_frame(path, frame, needs)


def weather_from_frame(path: Path, frame: pl.DataFrame, needs: WeatherNeeds) -> WeatherTable:
    """Check weather rows that are in memory already; ``path`` is named in messages.

    Raises
    ------
    RequestError
        As :func:`read_weather`.
    """
    names = _physical_columns(path, frame, needs)
    if frame.height == 0:
        raise RequestError(f"{path} has no rows.")
    cell, cell_names = codes_in_order(id_column(path, frame, "cell_id"))
    columns = {name: number_column(frame, name) for name in names}
    rows = WeatherRows(cell, day_column(path, frame, "date"), columns)
    rows, order = _in_cell_order(rows)
    ids = ids_as_array(cell_names)
    findings = first_findings(weather_rules(rows, needs_leaves=needs.leaves), rows.cell)
    bad = {str(ids[f.owner]): _bad_cell(path, frame, rows, order, f) for f in findings}
    good = np.ones(len(ids), dtype=bool)
    good[[finding.owner for finding in findings]] = False
    keep = (rows.cell >= 0) & good[np.maximum(rows.cell, 0)]
    batch = _batch(rows, ids, keep, needs.salb)
    if needs.radiation:
        _refuse_other_demand(path, batch, needs.salb)
    return WeatherTable(batch, bad, _demand_notes(path, frame, needs))


def demand_column(names: Iterable[str]) -> str | None:
    """Which of a weather table's columns is the demand of the air; None where the formula is."""
    there = set(names)
    return next((name for name in DEMAND_COLUMNS if name in there), None)


def _demand_notes(path: Path, frame: pl.DataFrame, needs: WeatherNeeds) -> tuple[str, ...]:
    """Word of what looks like the demand and is not."""
    demand = demand_column(frame.columns)
    notes = []
    if demand == "eo_mm" and "pet_mm" in frame.columns:
        notes.append(
            f"eo_mm of {path.name} is the demand; pet_mm beside it has no say in the simulation"
        )
    if demand is not None and needs.salb != _USUAL_SALB and not needs.radiation:
        notes.append(
            f"salb {needs.salb:g} has no say in the simulation: "
            f"{demand} of {path.name} is the demand"
        )
    return tuple(notes)


def _refuse_other_demand(path: Path, batch: WeatherBatch, salb: float) -> None:
    """An engine that computes its own demand must come to the table's, or the table be told so."""
    given = batch.columns["eo_mm"]
    radn, tmax, tmin = (batch.columns[name] for name in EO_FORMULA_COLUMNS)
    own = apsim_mm(radn, tmax, tmin, salb)
    size, share = _SAME_DEMAND
    off = np.abs(given - own) - (size + share * own)
    if not off.size or off.max() <= 0.0:
        return
    worst = int(np.argmax(off))
    raise RequestError(
        f"{path}: APSIM computes its own demand from {', '.join(EO_FORMULA_COLUMNS)}, "
        f"{own[worst]:.4g} mm where the table's column of potential evaporation has "
        f"{given[worst]:.4g} mm, and would not heed the column. Leave out "
        f"{' and '.join(DEMAND_COLUMNS)}, or take the embedded engine, which follows them."
    )


def _physical_columns(path: Path, frame: pl.DataFrame, needs: WeatherNeeds) -> tuple[str, ...]:
    require_columns(path, frame, WEATHER, ("cell_id", "date", "rain_mm"), "a simulation")
    lai = ("lai",) if "lai" in frame.columns else ()
    demand = demand_column(frame.columns)
    driven = () if demand is None else (demand,)
    if demand is None or needs.radiation:
        reason = (
            "APSIM's own potential evaporation"
            if needs.radiation
            else "potential evaporation (no eo_mm or pet_mm is there, so APSIM's formula is used)"
        )
        require_columns(path, frame, WEATHER, EO_FORMULA_COLUMNS, reason)
        return ("rain_mm", *driven, *EO_FORMULA_COLUMNS, *lai)
    if needs.temperature:
        require_columns(
            path,
            frame,
            WEATHER,
            ("tmax_degc", "tmin_degc"),
            "snow, frozen soil or leaves that follow temperature",
        )
        return ("rain_mm", *driven, "tmax_degc", "tmin_degc", *lai)
    return ("rain_mm", *driven, *lai)


def _in_cell_order(rows: WeatherRows) -> tuple[WeatherRows, IntArray | None]:
    """Rows cell by cell and day by day; the order is None where they came that way."""
    step = np.diff(rows.cell)
    if bool(np.all((step > 0) | ((step == 0) & (np.diff(rows.day) >= 0)))):
        return rows, None
    order = np.lexsort((rows.day, rows.cell))

    def taken(column: Numbers) -> Numbers:
        return Numbers(column.values[order], column.not_numbers[order])

    columns = {name: taken(column) for name, column in rows.columns.items()}
    return WeatherRows(rows.cell[order], rows.day[order], columns), order


def _bad_cell(
    path: Path,
    frame: pl.DataFrame,
    rows: WeatherRows,
    order: IntArray | None,
    finding: Finding,
) -> BadCell:
    rule = finding.rule
    row = finding.row if order is None else int(order[finding.row])
    day = rows.day[finding.row]
    date = None if day == MISSING_DAY else iso_day(day)
    value = cell_text(frame, rule.column, row)
    on_day = "" if date is None or rule.column == "date" else f" on {date}"
    more = "" if finding.count == 1 else f" {finding.count - 1} more in this cell."
    text = (
        f"{rule.say(finding.row)}{on_day} ({path.name} row {row + 1}, {rule.column} reads "
        f"{value}).{more}"
    )
    return BadCell(rule.failure_class, text, rule.column, value, date, finding.count)


def _batch(rows: WeatherRows, ids: AnyArray, keep: BoolArray, salb: float) -> WeatherBatch:
    everything = bool(keep.all())
    cell = rows.cell if everything else rows.cell[keep]
    starts = np.flatnonzero(np.diff(cell, prepend=-1))
    columns = {
        name: column.values if everything else column.values[keep]
        for name, column in rows.columns.items()
    }
    if "pet_mm" in columns:
        columns["eo_mm"] = columns.pop("pet_mm")
    if "eo_mm" not in columns:
        radn, tmax, tmin = (columns[name] for name in EO_FORMULA_COLUMNS)
        columns["eo_mm"] = apsim_mm(radn, tmax, tmin, salb)
    day = rows.day if everything else rows.day[keep]
    return WeatherBatch(
        cell_ids=ids[cell[starts]],
        day_start=np.append(starts, cell.size).astype(np.int64),
        first_day=day[starts],
        columns=columns,
    )


def join_weather(soils: SoilTable, weather: WeatherTable) -> tuple[SiteBatch, list[Failure]]:
    """Sites with their weather cells; a site whose cell is unknown or bad is a failure.

    Cell ids are matched as texts, so that integers in one file meet the same digits in the other.
    """
    position = {str(cell_id): i for i, cell_id in enumerate(weather.batch.cell_ids)}
    found = np.array([position.get(str(name), -1) for name in soils.cell_ids], dtype=np.int64)
    if one_cell_for_all(soils, weather):
        found = np.zeros_like(found)
    cell = found[soils.cell]
    lost = np.flatnonzero(cell < 0)
    failures = [
        _cell_failure(soils.site_ids[i], str(soils.cell_ids[soils.cell[i]]), weather) for i in lost
    ]
    batch = SiteBatch(soils.site_ids, soils.layer_start, soils.soil, cell, weather.batch)
    return (batch.take(np.flatnonzero(cell >= 0)) if lost.size else batch), failures


def one_cell_for_all(soils: SoilTable, weather: WeatherTable) -> bool:
    """Whether a single weather cell is meant for soils that name no cell but themselves.

    A soils table without ``cell_id`` gives each site a cell of its own name. Where none of these
    is in the weather, and the weather is that of one place, the sites stand in that place.
    """
    if len(weather.batch.cell_ids) != 1 or weather.bad:
        return False
    cells = {str(name) for name in soils.cell_ids}
    own = cells == {str(name) for name in soils.site_ids}
    return own and str(weather.batch.cell_ids[0]) not in cells


def _cell_failure(site_id: SiteId, cell_id: str, weather: WeatherTable) -> Failure:
    bad = weather.bad.get(cell_id)
    if bad is None:
        text = (
            f"FORCING_MISSING at site {site_id}: weather cell {cell_id} is not in the weather "
            "table; add its rows or correct cell_id. The site is quarantined."
        )
        return Failure(site_id, FailureClass.FORCING_MISSING, text, column="cell_id", value=cell_id)
    text = (
        f"{bad.failure_class} at site {site_id}, weather cell {cell_id}: {bad.text} "
        "The site is quarantined."
    )
    return Failure(
        site_id,
        bad.failure_class,
        text,
        column=bad.column,
        value=bad.value,
        date=bad.date,
        problems=bad.problems,
    )
