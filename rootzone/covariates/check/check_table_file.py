"""What a table of weather or soils really holds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rootzone._shared.errors import RequestError
from rootzone.covariates.check.findings import FileFinding
from rootzone.covariates.read_unsoda_db import TABLES, read_unsoda_table
from rootzone.covariates.weather.gaps import LIMITS
from rootzone.covariates.weather.read_met import read_met

_LISTED = 5


Report = tuple[dict[str, Any], list[FileFinding]]


def table_report(look: Callable[[Path], Report], path: Path) -> Report:
    """Facts of a table and what misfits; a refusal of its reader is a finding."""
    try:
        return look(path)
    except RequestError as error:
        return {}, [FileFinding("UNREADABLE", "problem", str(error), "correct or fetch the file")]


def met_facts(path: Path) -> Report:
    """Days, constants and values of a .met file, and what cannot be true."""
    met = read_met(path)
    missing = [str(day) for day in met.missing_days]
    facts: dict[str, Any] = {
        "days": len(met.dates),
        "first_day": str(met.dates.min()),
        "last_day": str(met.dates.max()),
        "missing_days": missing,
        **{f"constant {name}": value for name, value in met.constants.items()},
    }
    findings = []
    if missing:
        findings.append(
            FileFinding(
                "MISSING_DAYS",
                "problem",
                f"{len(missing)} days are missing: {', '.join(missing[:_LISTED])}",
                "complete the file; the engine needs every day",
            )
        )
    for name, values in met.columns.items():
        low, high, unit = LIMITS[name]
        facts[f"{name}"] = [float(values.min()), float(values.max())]
        wrong = int(((values < low) | (values > high)).sum())
        if wrong:
            findings.append(
                FileFinding(
                    "OUT_OF_RANGE",
                    "problem",
                    f"{wrong} days of {name} are outside {low:g} to {high:g} [{unit}]",
                    "correct those days, or the unit of the column",
                )
            )
    return facts, findings


def unsoda_facts(path: Path) -> Report:
    """Rows of each table of UNSODA."""
    return {f"rows of {name}": read_unsoda_table(path, name).height for name in TABLES}, []
