"""Why a site has no profile: the failure classes every engine shares, and one record for a site.

A failing site is data. It becomes a row of the quarantine table with its class, a text that says
what is wrong, where and how to mend it, and the number of attempts. It never stops the others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

SiteId = int | str


class FailureClass(StrEnum):
    """What kind of failure: the input, the engine, or a result that breaks physics."""

    SOIL_VALUE = "SOIL_VALUE"  # missing, not a number, or outside its range
    SOIL_ORDER = "SOIL_ORDER"  # limits of a layer in the wrong order
    SOIL_LAYERS = "SOIL_LAYERS"  # a layer missing, doubled or misnumbered
    SOIL_CELL = "SOIL_CELL"  # no weather cell, or more than one
    FORCING_MISSING = "FORCING_MISSING"  # the weather table has no such cell
    FORCING_VALUE = "FORCING_VALUE"  # missing, not a number, or outside its range
    FORCING_GAP = "FORCING_GAP"  # a day is missing
    FORCING_DUPLICATE = "FORCING_DUPLICATE"  # a day occurs twice
    NO_CONVERGENCE = "NO_CONVERGENCE"  # the solver gave up
    ZERO_TIME_STEP = "ZERO_TIME_STEP"  # APSIM's zero step, reproduced on request
    BAD_STATE = "BAD_STATE"  # the solver itself met NaN
    DATES_INCOMPLETE = "DATES_INCOMPLETE"  # the result lacks days of the span
    NOT_FINITE = "NOT_FINITE"  # NaN or infinity in the result
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS"  # water content beyond its physical limits
    BALANCE = "BALANCE"  # the water balance does not close
    SETUP_ERROR = "SETUP_ERROR"  # APSIM: the simulation lacks a part or names an unknown one
    ENGINE_VERSION = "ENGINE_VERSION"  # APSIM: the file is of a format this version cannot read
    REPORT_MISSING = "REPORT_MISSING"  # APSIM: it ended well and reported nothing
    REPORT_INCOMPLETE = "REPORT_INCOMPLETE"  # APSIM: it left out report columns without a word
    NAMES_MERGED = "NAMES_MERGED"  # APSIM: rows of two simulations under one name
    NO_EVAPORATION = "NO_EVAPORATION"  # APSIM: no MicroClimate, so no rain or demand reached SWIM3
    ENGINE_ERROR = "ENGINE_ERROR"  # the engine's own error, its text kept
    TIMEOUT = "TIMEOUT"  # the site took longer than the campaign allows and was stopped
    WORKER_DIED = "WORKER_DIED"  # the process died on this site: killed for memory, or a crash
    INPUT_MISSING = "INPUT_MISSING"  # a drawn site has no rows in the soils table


@dataclass(frozen=True)
class Failure:
    """One quarantined site.

    Parameters
    ----------
    site_id : int, str or None
        The site; None where a row does not say which site it belongs to.
    failure_class : FailureClass
        What kind of failure.
    text : str
        What is wrong with the value seen, where, and how to mend it; or the engine's own words.
    layer : int, optional
        Layer concerned, 1 at the top.
    column : str, optional
        Column of the input table concerned.
    value : str, optional
        The value seen, as text.
    date : str, optional
        Day concerned, ISO.
    problems : int
        Number of problems found at this site; the first one is told.
    attempts : int
        Runs tried; 0 when the input was refused before any.
    """

    site_id: SiteId | None
    failure_class: FailureClass
    text: str
    layer: int | None = None
    column: str | None = None
    value: str | None = None
    date: str | None = None
    problems: int = 1
    attempts: int = 0


def count_by_class(failures: Iterable[Failure]) -> dict[str, int]:
    """Number of sites in each failure class, the most frequent first."""
    counts = Counter(failure.failure_class.value for failure in failures)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def failures_frame(
    failures: Sequence[Failure], id_dtype: pl.DataType | None = None
) -> pl.DataFrame:
    """Quarantine table, one row a site, in the order given.

    Parameters
    ----------
    failures : sequence of Failure
        May be empty; the columns are there all the same.
    id_dtype : polars type, optional
        Type of ``site_id`` in the table the sites came from.
    """
    import polars as pl

    names = ("site_id", "failure_class", "text", "layer", "column", "value", "date")
    columns: dict[str, pl.Series] = {}
    for name in names:
        values = [getattr(failure, name) for failure in failures]
        if name == "site_id":
            text_ids = id_dtype is None and any(isinstance(value, str) for value in values)
            dtype = id_dtype or (pl.String() if text_ids else pl.Int64())
            columns[name] = pl.Series(name, values, dtype=dtype, strict=False)
        elif name == "layer":
            columns[name] = pl.Series(name, values, dtype=pl.Int64)
        else:
            texts = [None if value is None else str(value) for value in values]
            columns[name] = pl.Series(name, texts, dtype=pl.String)
    for name in ("problems", "attempts"):
        columns[name] = pl.Series(name, [getattr(f, name) for f in failures], dtype=pl.Int64)
    return pl.DataFrame(columns)
