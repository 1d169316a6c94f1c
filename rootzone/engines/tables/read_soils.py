"""The soils table as flat arrays: good sites to run, and a named failure for each of the others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.tables import SOILS
from rootzone.covariates.layers.covers import cover_names
from rootzone.engines.failures import Failure, FailureClass, SiteId
from rootzone.engines.tables.check_soils import (
    SWIM3_COLUMNS,
    VG_COLUMNS,
    SoilRows,
    soil_rules,
    used_columns,
)
from rootzone.engines.tables.problems import Finding, first_findings
from rootzone.engines.tables.read_columns import (
    Numbers,
    all_column_names,
    cell_text,
    codes_in_order,
    id_column,
    ids_as_array,
    number_column,
    read_raw,
    require_columns,
)

if TYPE_CHECKING:
    import polars as pl

COLUMNS_OF_PHYSICS: Mapping[str, tuple[str, ...]] = {
    "swim3": SWIM3_COLUMNS,
    "van_genuchten": VG_COLUMNS,
}
# Columns of soils that only this engine knows: Mualem's l, and heads to start from.
OPTIONAL_COLUMNS = ("l", "psi_initial_cm")
COVER_CODE = "cover_code"  # position of the site's cover among all, on each of its layers


@dataclass(frozen=True)
class SoilTable:
    """Sites that can be run, and those that cannot.

    Parameters
    ----------
    site_ids : array, shape (site,)
        Good sites, in the order of the table.
    layer_start : array of int, shape (site + 1,)
        Where each site's layers begin.
    soil : mapping of str to array, shape (layer,)
        Physical columns.
    cell : array of int, shape (site,)
        Number of the site's cell in ``cell_ids``.
    cell_ids : array, shape (cell,)
        Weather cells this table names.
    failures : list of Failure
        The other sites.
    n_site : int
        All sites of the table.
    id_dtype : polars type
        Type of ``site_id``.
    """

    site_ids: AnyArray
    layer_start: IntArray
    soil: Mapping[str, FloatArray]
    cell: IntArray
    cell_ids: AnyArray
    failures: list[Failure]
    n_site: int
    id_dtype: pl.DataType


def needed_columns(physics: str, initial: str = "theta") -> tuple[str, ...]:
    """Physical soil columns of a physics and a way to set the first day's water."""
    start = {"theta": ("theta_initial",), "psi": ("psi_initial_cm",), "equilibrium": ()}[initial]
    return (*(n for n in COLUMNS_OF_PHYSICS[physics] if n != "theta_initial"), *start)


def choose_physics(path: Path, initial: str = "theta") -> str:
    """Physics whose columns the soils table has; ``van_genuchten`` where it has both sets.

    Raises
    ------
    RequestError
        The table has neither set complete.
    """
    if not path.exists():
        raise RequestError(f"{path} does not exist.")
    return physics_of_columns(path, all_column_names(path), initial)


def physics_of_columns(path: Path, names: Iterable[str], initial: str = "theta") -> str:
    """As ``choose_physics``, of column names; ``path`` is named in messages."""
    present = set(names)
    for physics in ("van_genuchten", "swim3"):
        if present.issuperset(needed_columns(physics, initial)):
            return physics
    lacking = {
        physics: ", ".join(n for n in needed_columns(physics, initial) if n not in present)
        for physics in COLUMNS_OF_PHYSICS
    }
    raise RequestError(
        f"{path} has the columns of neither physics: swim3 lacks {lacking['swim3']}; "
        f"van_genuchten lacks {lacking['van_genuchten']}."
    )


def read_soils(path: Path, physics: str, initial: str = "theta") -> SoilTable:
    """Read and check a soils table, one row per site and layer, in any order.

    Parameters
    ----------
    path : Path
        ``.parquet`` or ``.csv``.
    physics : str
        ``swim3`` or ``van_genuchten``: which columns are needed.
    initial : str
        ``theta``, ``psi`` or ``equilibrium``: which column sets the first day's water.

    Raises
    ------
    RequestError
        The file as a whole cannot be used: unreadable, columns missing, wrong units, no rows.
    """
    return soils_from_frame(
        path, read_raw(path, SOILS, optional=OPTIONAL_COLUMNS), physics, initial
    )


def soils_from_frame(
    path: Path, frame: pl.DataFrame, physics: str, initial: str = "theta"
) -> SoilTable:
    """Check soil rows that are in memory already; ``path`` is named in messages.

    Raises
    ------
    RequestError
        As :func:`read_soils`.
    """
    needed = needed_columns(physics, initial)
    must_have = ("site_id", "cell_id", "layer", "thickness_mm", *needed)
    require_columns(path, frame, SOILS, must_have, f"physics {physics}")
    if frame.height == 0:
        raise RequestError(f"{path} has no rows.")
    site, site_names = codes_in_order(id_column(path, frame, "site_id"))
    cell, cell_names = codes_in_order(id_column(path, frame, "cell_id"))
    columns = {name: number_column(frame, name) for name in used_columns(needed, frame.columns)}
    rows = SoilRows(site, number_column(frame, "layer"), cell, columns)
    rows, order = _in_site_order(rows)
    site_ids = ids_as_array(site_names)
    findings = first_findings(soil_rules(rows), rows.site)
    failures = [_failure(path, frame, rows, order, site_ids, finding) for finding in findings]
    failures += _nameless(path, site)
    good = np.ones(len(site_ids), dtype=bool)
    good[[finding.owner for finding in findings]] = False
    more = {}
    if "cover" in frame.columns:
        codes = _cover_codes(path, frame["cover"])
        more[COVER_CODE] = codes if order is None else codes[order]
    return _table(rows, site_ids, cell_names, good, failures, more)


def _cover_codes(path: Path, column: pl.Series) -> FloatArray:
    """Position of each row's cover among all covers; no cover is bare.

    Raises
    ------
    RequestError
        A name is no cover.
    """
    names = cover_names()
    texts = ["bare" if text is None else str(text) for text in column.to_list()]
    for row, text in enumerate(texts, start=1):
        if text not in names:
            raise RequestError(
                f"{path} row {row}: there is no cover {text!r}{did_you_mean(text, names)}; known: "
                f"{', '.join(names)}."
            )
    return np.array([names.index(text) for text in texts], dtype=np.float64)


def _in_site_order(rows: SoilRows) -> tuple[SoilRows, IntArray | None]:
    """Rows site by site and layer by layer; the order is None where they came that way."""
    step = np.diff(rows.site)
    if bool(np.all((step > 0) | ((step == 0) & (np.diff(rows.layer.values) > 0)))):
        return rows, None
    order = np.lexsort((rows.layer.values, rows.site))

    def taken(column: Numbers) -> Numbers:
        return Numbers(column.values[order], column.not_numbers[order])

    columns = {name: taken(column) for name, column in rows.columns.items()}
    return SoilRows(rows.site[order], taken(rows.layer), rows.cell[order], columns), order


def _failure(
    path: Path,
    frame: pl.DataFrame,
    rows: SoilRows,
    order: IntArray | None,
    site_ids: AnyArray,
    finding: Finding,
) -> Failure:
    rule = finding.rule
    row = finding.row if order is None else int(order[finding.row])
    site_id: SiteId = site_ids[finding.owner]
    layer = rows.layer.values[finding.row]
    number = int(layer) if np.isfinite(layer) else None
    value = cell_text(frame, rule.column, row)
    where = "" if number is None else f", layer {number}{_depths(rows, finding)}"
    more = "" if finding.count == 1 else f" {finding.count - 1} more at this site."
    text = (
        f"{rule.failure_class} at site {site_id}{where}: {rule.say(finding.row)} "
        f"({path.name} row {row + 1}, {rule.column} reads {value}).{more} The site is quarantined."
    )
    return Failure(
        site_id,
        rule.failure_class,
        text,
        layer=number,
        column=rule.column,
        value=value,
        problems=finding.count,
    )


def _depths(rows: SoilRows, finding: Finding) -> str:
    """Depth range of the layer concerned, empty where the layers above it have no thickness."""
    first = int(np.searchsorted(rows.site, finding.owner))
    bottom = float(np.sum(rows.values("thickness_mm")[first : finding.row + 1]))
    top = bottom - float(rows.values("thickness_mm")[finding.row])
    return f" ({top:g}-{bottom:g} mm)" if np.isfinite(bottom) else ""


def _nameless(path: Path, site: IntArray) -> list[Failure]:
    """Rows that belong to no site make one failure without an id."""
    lost = np.flatnonzero(site < 0)
    if lost.size == 0:
        return []
    text = (
        f"SOIL_VALUE: {lost.size} rows of {path.name} have no site_id, the first is row "
        f"{lost[0] + 1}; give each row its site."
    )
    return [Failure(None, FailureClass.SOIL_VALUE, text, column="site_id", problems=int(lost.size))]


def _table(
    rows: SoilRows,
    site_ids: AnyArray,
    cell_names: pl.Series,
    good: AnyArray,
    failures: list[Failure],
    more: Mapping[str, FloatArray],
) -> SoilTable:
    import polars as pl

    keep = (rows.site >= 0) & good[np.maximum(rows.site, 0)]
    everything = bool(keep.all())
    site = rows.site if everything else rows.site[keep]
    starts = np.flatnonzero(np.diff(site, prepend=-1))
    cell = rows.cell if everything else rows.cell[keep]
    soil = {
        name: column.values if everything else column.values[keep]
        for name, column in rows.columns.items()
    } | {name: values if everything else values[keep] for name, values in more.items()}
    return SoilTable(
        site_ids=site_ids[site[starts]],
        layer_start=np.append(starts, site.size).astype(np.int64),
        soil=soil,
        cell=cell[starts],
        cell_ids=ids_as_array(cell_names),
        failures=failures,
        n_site=len(site_ids) + any(failure.site_id is None for failure in failures),
        id_dtype=pl.String() if site_ids.dtype == object else pl.Int64(),
    )
