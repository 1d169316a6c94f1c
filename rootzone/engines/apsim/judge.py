"""From a harvest to verdicts: which sites have a profile that physics allows, and why the rest not.

The order of the questions matters: APSIM's own error comes first, then what it left out without a
word, then the physics every engine is held to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone.engines.apsim.read_db import DAILY_COLUMNS, Harvest
from rootzone.engines.apsim.verdicts import failure_class_of
from rootzone.engines.failures import FailureClass
from rootzone.engines.verify import CLASS_OF_VERDICT, GOOD, missing_days, verify_column

if TYPE_CHECKING:
    import polars as pl

# A month without any evaporation or demand is no climate; it is a missing MicroClimate.
_EVAPORATION_DAYS = 30


@dataclass(frozen=True)
class Asked:
    """What one site was asked to do.

    Parameters
    ----------
    thickness_mm, sat, theta_initial : array, shape (layer,)
        Thickness [mm], saturation and initial water [m3 m-3].
    rain_mm : array, shape (day,)
        Rain as APSIM read it, in single precision [mm d-1].
    first_day : int
        First day, days since 1970-01-01.
    balance_tolerance_mm : float
        Largest daily balance error [mm d-1] that passes.
    """

    thickness_mm: FloatArray
    sat: FloatArray
    theta_initial: FloatArray
    rain_mm: FloatArray
    first_day: int
    balance_tolerance_mm: float


@dataclass(frozen=True)
class Verdict:
    """A site's failure, or its profile.

    Parameters
    ----------
    failure_class, text : FailureClass or None, str
        Why there is no profile; None and empty where there is one.
    layer : int or None
        Layer concerned, 1 at the top.
    theta : array, shape (day, layer)
        Water content [m3 m-3]; empty on failure.
    daily : mapping of str to array, shape (day,)
        Columns of the profiles table; empty on failure.
    """

    failure_class: FailureClass | None
    text: str
    layer: int | None
    theta: FloatArray
    daily: Mapping[str, FloatArray]


def _failed(failure_class: FailureClass, text: str, layer: int | None = None) -> Verdict:
    return Verdict(failure_class, text, layer, np.empty((0, 0)), {})


def judge(harvest: Harvest, name: str, asked: Asked) -> Verdict:
    """Verdict on one simulation of a file.

    Parameters
    ----------
    harvest : Harvest
        What APSIM left.
    name : str
        Name of the simulation.
    asked : Asked
        What it was to do.
    """
    import polars as pl

    error = harvest.errors.get(name) or harvest.errors.get("")
    rows = harvest.rows
    mine = None if rows is None else rows.filter(pl.col("name") == name)
    if error:
        done = 0 if mine is None else mine.height
        text = f"APSIM stopped after {done} of {asked.rain_mm.size} days: {error}"
        return _failed(failure_class_of(error), text)
    if harvest.missing:
        text = f"APSIM left out the report columns {', '.join(harvest.missing)} without a word"
        return _failed(FailureClass.REPORT_INCOMPLETE, text)
    if mine is None or mine.height == 0:
        return _failed(
            FailureClass.REPORT_MISSING, "APSIM ended without an error and reported no day"
        )
    return _judge_days(mine, asked) or _judge_physics(mine, asked, harvest.n_layer)


def _judge_days(mine: pl.DataFrame, asked: Asked) -> Verdict | None:
    days = mine["date"].to_physical().to_numpy().astype(np.int64)
    if np.unique(days).size < days.size:
        return _failed(
            FailureClass.NAMES_MERGED,
            f"{days.size} rows for {np.unique(days).size} days: two simulations share a name, or "
            "the report is written on two events",
        )
    lacking = missing_days(days, asked.first_day, asked.first_day + asked.rain_mm.size - 1)
    if lacking.size:
        first = np.datetime64(int(lacking[0]), "D")
        return _failed(
            FailureClass.DATES_INCOMPLETE, f"{lacking.size} days are missing, the first {first}"
        )
    return None


def _judge_physics(mine: pl.DataFrame, asked: Asked, n_reported: int) -> Verdict:
    n_layer = asked.thickness_mm.size
    if n_reported < n_layer:
        text = f"{n_reported} of {n_layer} layers are in the report"
        return _failed(FailureClass.REPORT_INCOMPLETE, text)
    theta = mine.select([f"SW({i + 1})" for i in range(n_layer)]).to_numpy().astype(np.float64)
    fluxes = {c: mine[c].to_numpy().astype(np.float64) for c in DAILY_COLUMNS}
    pond = mine["Pond"].to_numpy().astype(np.float64) if "Pond" in mine.columns else None
    pond_mm = np.zeros(len(theta)) if pond is None else pond
    if len(theta) >= _EVAPORATION_DAYS and not fluxes["Es"].any() and not fluxes["Eo"].any():
        return _failed(
            FailureClass.NO_EVAPORATION,
            "no evaporation and no demand on any day: MicroClimate is missing, which also keeps "
            "rain from the soil",
        )
    sinks_mm = fluxes["Runoff"] + fluxes["Drainage"] + fluxes["Es"]
    verdict, day, layer, value = verify_column(
        np.ascontiguousarray(theta), asked.theta_initial, asked.thickness_mm,
        np.zeros(n_layer), asked.sat, asked.rain_mm, sinks_mm, pond_mm,
        asked.balance_tolerance_mm,
    )  # fmt: skip
    if verdict != GOOD:
        where = np.datetime64(asked.first_day + int(day), "D")
        text = f"{CLASS_OF_VERDICT[verdict]} on {where}: {value:g}"
        return _failed(CLASS_OF_VERDICT[verdict], text, layer + 1 if layer >= 0 else None)
    return Verdict(None, "", None, theta, _daily(fluxes, pond_mm, theta, asked))


def _daily(
    fluxes: Mapping[str, FloatArray], pond_mm: FloatArray, theta: FloatArray, asked: Asked
) -> dict[str, FloatArray]:
    """Columns of the profiles table; infiltration is net of evaporation, as the engine's own is."""
    storage_mm = np.concatenate(
        ([asked.theta_initial @ asked.thickness_mm], theta @ asked.thickness_mm)
    )
    pond_rise_mm = np.diff(pond_mm, prepend=0.0)
    net_mm = asked.rain_mm - fluxes["Runoff"] - fluxes["Es"] - pond_rise_mm
    return {
        "runoff_mm": fluxes["Runoff"],
        "drainage_mm": fluxes["Drainage"],
        "es_mm": fluxes["Es"],
        "infiltration_mm": net_mm,
        "pond_mm": pond_mm,
        "balance_error_mm": net_mm - fluxes["Drainage"] - np.diff(storage_mm),
    }
