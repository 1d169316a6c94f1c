"""Tables of UNSODA 2.0 from its SQLite file: all fields are text there, and many are empty."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.unpack import only_tables

if TYPE_CHECKING:
    import polars as pl

_EXPERIMENTS = ("lab_drying", "lab_wetting", "field_drying", "field_wetting")
TABLES = ("retention", "conductivity", "soils")
# Field of soil_properties, column and its unit (UNSODA 2.0, Nemes et al. 2001).
_PROPERTIES = {
    "bulk_density": "bd_g_cm3",
    "particle_density": "pd_g_cm3",
    "porosity": "porosity",
    "OM_content": "om_pct",
    "k_sat": "ksat_cm_d",
    "theta_sat": "theta_sat",
}


def read_unsoda_table(path: Path, table: str) -> pl.DataFrame:
    """One tidy table, empty fields null, rows without any number left out.

    Parameters
    ----------
    path : Path
        ``unsoda.sqlite``; it is opened read-only.
    table : str
        ``retention`` (code, suction_cm [cm], theta [m3 m-3], experiment), ``conductivity`` (code,
        suction_cm [cm], k_cm_d [cm d-1], experiment) or ``soils`` (code, bd_g_cm3, pd_g_cm3,
        porosity, om_pct, ksat_cm_d, theta_sat).

    Raises
    ------
    RequestError
        The file is missing, no SQLite file of UNSODA, or has no such table.
    """
    if table not in TABLES:
        raise RequestError(f"UNSODA has no table {table!r}{did_you_mean(table, TABLES)}.")
    if not path.is_file():
        raise RequestError(f"{path} does not exist.")
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as database:
            only_tables(database, path)
            return _soils(database) if table == "soils" else _points(database, table)
    except sqlite3.DatabaseError as error:
        raise RequestError(f"{path} cannot be read as UNSODA's SQLite file: {error}.") from error


def _points(database: sqlite3.Connection, table: str) -> pl.DataFrame:
    import polars as pl

    ending, field, column = (
        ("h-t", "theta", "theta") if table == "retention" else ("h-k", "conductivity", "k_cm_d")
    )
    rows: list[tuple[str, float, float, str]] = []
    for experiment in _EXPERIMENTS:
        # Names are our own constants; values never become part of the text.
        query = f'SELECT code, preshead, "{field}" FROM "{experiment}_{ending}"'  # noqa: S608
        for code, head, value in database.execute(query):
            numbers = _number(head), _number(value)
            if numbers[0] is not None and numbers[1] is not None:
                rows.append((str(code), numbers[0], numbers[1], experiment))
    kinds = {"code": pl.String, "suction_cm": pl.Float64, column: pl.Float64}
    return pl.DataFrame(rows, schema={**kinds, "experiment": pl.String}, orient="row")


def _soils(database: sqlite3.Connection) -> pl.DataFrame:
    import polars as pl

    fields = ", ".join(f'"{name}"' for name in _PROPERTIES)
    query = f"SELECT code, {fields} FROM soil_properties"  # noqa: S608 - our own constants
    rows = [(str(code), *map(_number, rest)) for code, *rest in database.execute(query)]
    schema = {"code": pl.String, **dict.fromkeys(_PROPERTIES.values(), pl.Float64)}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _number(text: Any) -> float | None:  # noqa: ANN401 - any SQLite value
    try:
        return float(text)
    except (TypeError, ValueError):
        return None
