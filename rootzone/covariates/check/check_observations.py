"""What a file of satellite or model moisture holds, by what its own reader takes and leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rootzone._shared.errors import RequestError
from rootzone.covariates.check.findings import FileFinding
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.observe.each import those_held
from rootzone.covariates.observe.observed import NothingLeftError

Look = Callable[[Layer], tuple[dict[str, Any], list[str]]]


def observations_report(
    path: Path, layer: Layer | None, look: Look
) -> tuple[dict[str, Any], list[FileFinding]]:
    """Facts of every variable of the entry that a file has, and what reading them refused.

    Parameters
    ----------
    path : Path
        NetCDF.
    layer : Layer, optional
        Its entry.
    look : callable
        Reads one variable; gives facts, and what was kept and left out as text.
    """
    if layer is None:
        return {}, []
    try:
        there = those_held(path, layer)
    except RequestError as error:
        return {}, [refused(error)]
    facts: dict[str, Any] = {}
    findings = []
    for one in there:
        try:
            told, lines = look(one)
        except RequestError as error:
            findings.append(refused(error))
            continue
        facts |= told
        facts[one.values["variable"]] = lines
    return facts, findings


def refused(error: Exception) -> FileFinding:
    """A refusal of the reader as a finding; a file without a value is sound and of no use."""
    if isinstance(error, NothingLeftError):
        return FileFinding("EMPTY", "note", str(error), "nothing; it adds no value to a table")
    return FileFinding(
        "REFUSED", "problem", str(error), "as the sentence says; reading stops there"
    )
