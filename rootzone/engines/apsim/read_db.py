"""Read what APSIM left in its ``.db``, trusting nothing: a failed run leaves rows too.

Values are fetched through ADBC as Arrow columns, which is three times as fast as rows of Python
objects; the few small tables around them through the standard library. Names from the file are
only ever compared or quoted, never run.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections import defaultdict
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from rootzone._shared.errors import RequestError
from rootzone.engines.apsim.verdicts import message_kinds, own_words

if TYPE_CHECKING:
    import polars as pl

REPORT = "Daily"
DAILY_COLUMNS = ("Rain", "Runoff", "Drainage", "Es", "Eo")
OPTIONAL_COLUMNS = ("Pond",)
_LAYER = re.compile(r"^SW\((\d+)\)$")


@dataclass(frozen=True)
class Harvest:
    """Content of one ``.db``.

    Parameters
    ----------
    rows : DataFrame or None
        ``name``, ``date``, the daily columns that were found and ``SW(1)`` to ``SW(n)``, sorted by
        name and date; None where the report table is not there.
    missing : tuple of str
        Report columns asked for that APSIM left out.
    n_layer : int
        Layers in the widest report.
    errors : mapping of str to str
        APSIM's error text by simulation name.
    warnings : mapping of str to int
        Number of warnings by simulation name.
    """

    rows: pl.DataFrame | None
    missing: tuple[str, ...]
    n_layer: int
    errors: Mapping[str, str]
    warnings: Mapping[str, int]


def read_db(path: Path) -> Harvest:
    """Everything a verdict needs from one ``.db``.

    Raises
    ------
    RequestError
        The file is not there or is not a SQLite database.
    """
    if not path.is_file():
        raise RequestError(f"{path} is not there: APSIM wrote no database.")
    with TemporaryDirectory(prefix="rootzone-db-") as folder:
        return _read(_whole(path, Path(folder)))


def _read(path: Path) -> Harvest:
    try:
        with closing(sqlite3.connect(_uri(path), uri=True)) as connection:
            tables = _names(connection, "SELECT name FROM sqlite_master WHERE type = 'table'")
            sims = _simulations(connection, tables)
            errors, warnings = _messages(connection, tables, sims)
            columns = _columns(connection) if REPORT in tables else []
    except sqlite3.DatabaseError as error:
        raise RequestError(f"{path} is not a readable database of APSIM: {error}.") from error
    if not columns:
        return Harvest(None, (), 0, errors, warnings)
    layers = sorted(int(match[1]) for name in columns if (match := _LAYER.match(name)))
    wanted = [name for name in (*DAILY_COLUMNS, *OPTIONAL_COLUMNS) if name in columns]
    missing = [name for name in ("Date", *DAILY_COLUMNS) if name not in columns]
    missing += [] if layers else ["SW"]
    if "Date" not in columns or "SimulationID" not in columns:
        return Harvest(None, tuple(missing), 0, errors, warnings)
    wanted += [f"SW({layer})" for layer in layers]
    return Harvest(
        _rows(path, wanted, sims), tuple(missing), max(layers, default=0), errors, warnings
    )


def _whole(path: Path, folder: Path) -> Path:
    """The database, or a copy of it with the pages its ``-wal`` still holds.

    An APSIM that did not end by itself, or was driven from another program, leaves rows there that
    a reader of the file alone never sees.
    """
    log = path.with_name(f"{path.name}-wal")
    if not log.is_file() or log.stat().st_size == 0:
        return path
    copy = folder / "whole.db"
    shutil.copyfile(path, copy)
    shutil.copyfile(log, copy.with_name("whole.db-wal"))
    try:
        with closing(sqlite3.connect(copy)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError as error:
        raise RequestError(f"{path} is not a readable database of APSIM: {error}.") from error
    return copy


def _uri(path: Path) -> str:
    # Immutable: the run is over, and the file may lie in a folder we cannot write locks to.
    return f"{path.resolve().as_uri()}?mode=ro&immutable=1"


def _names(connection: sqlite3.Connection, query: str) -> set[str]:
    return {str(row[0]) for row in connection.execute(query)}


def _columns(connection: sqlite3.Connection) -> list[str]:
    return [str(row[1]) for row in connection.execute(f"PRAGMA table_info({_quoted(REPORT)})")]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _simulations(connection: sqlite3.Connection, tables: set[str]) -> dict[int, str]:
    if "_Simulations" not in tables:
        return {}
    return dict(connection.execute("SELECT ID, Name FROM _Simulations"))


def _messages(
    connection: sqlite3.Connection, tables: set[str], simulations: Mapping[int, str]
) -> tuple[dict[str, str], dict[str, int]]:
    errors: dict[str, str] = {}
    warnings: dict[str, int] = defaultdict(int)
    if "_Messages" in tables:
        query = "SELECT SimulationID, Message, MessageType FROM _Messages"
        found = [(simulations.get(s, ""), str(m), k) for s, m, k in connection.execute(query)]
        error, warning = message_kinds([(kind, text) for _, text, kind in found])
        for name, message, kind in found:
            if kind == error:
                errors.setdefault(name, own_words(message))
            elif kind == warning:
                warnings[name] += 1
    return errors, dict(warnings)


def _rows(path: Path, wanted: list[str], simulations: Mapping[int, str]) -> pl.DataFrame:
    import adbc_driver_sqlite.dbapi
    import polars as pl

    # A cast gives each column one type, whatever a cell holds; an absent cell stays absent.
    casts = ", ".join(f"CAST({_quoted(name)} AS REAL) AS {_quoted(name)}" for name in wanted)
    fields = "CAST(SimulationID AS INTEGER) AS SimulationID, CAST(Date AS TEXT) AS Date"
    fields += f", {casts}" if casts else ""
    # Only names of this module stand in the query: `wanted` was compared with them.
    query = f"SELECT {fields} FROM {_quoted(REPORT)}"  # noqa: S608
    with (
        adbc_driver_sqlite.dbapi.connect(_uri(path)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.adbc_statement.set_options(**{"adbc.sqlite.query.batch_rows": "65536"})
        cursor.execute(query)
        table = cursor.fetch_arrow_table()
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)  # noqa: S101 - a table has rows and columns
    names = pl.DataFrame(
        {"SimulationID": list(simulations), "name": list(simulations.values())},
        schema={"SimulationID": pl.Int64, "name": pl.String},
    )
    # An empty table has no types of its own.
    frame = frame.cast(
        {"SimulationID": pl.Int64, "Date": pl.String, **dict.fromkeys(wanted, pl.Float64)}
    )
    # Midnight is written as "12:00:00", so only the day of the text can be trusted.
    return (
        frame.join(names, on="SimulationID", how="left")
        .with_columns(pl.col("Date").str.slice(0, 10).str.to_date(strict=False).alias("date"))
        .drop("SimulationID", "Date")
        .sort("name", "date", maintain_order=True)
    )
