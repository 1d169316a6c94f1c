"""Whatever table a user has, as a polars frame, with a name for messages and a digest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from rootzone._shared.digests import digest_bytes, digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.positions import refuse_impossible_places
from rootzone._shared.table_files import read_frame
from rootzone.api.table import Table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl

    TableLike: TypeAlias = (
        Table | pl.DataFrame | pl.LazyFrame | pd.DataFrame | Mapping[str, Any] | str | Path
    )
else:
    TableLike: TypeAlias = Any


@dataclass(frozen=True)
class Given:
    """A table as it was given.

    Parameters
    ----------
    frame : polars.DataFrame
        Its rows.
    path : Path
        The file it came from; for a table in memory the words that name it in messages.
    digest : str
        Digest of its content.
    """

    frame: pl.DataFrame
    path: Path
    digest: str


def given_table(table: TableLike, name: str) -> Given:
    """A user's table, whatever it is.

    Parameters
    ----------
    table : Table, polars or pandas frame, mapping of columns, or path
        A mapping may hold arrays, lists and single values; single values are repeated. A named
        index of a pandas frame counts as a column.
    name : str
        What the table is, for messages, such as ``soils``.

    Raises
    ------
    RequestError
        It is nothing that can be read as a table.
    """
    if isinstance(table, str | Path):
        path = Path(table)
        stored = read_frame(path)
        refuse_impossible_places(stored, path)
        return Given(stored, path, digest_file(path))
    try:
        frame = _as_frame(table)
    except Exception as error:  # polars and pandas have many of their own
        raise RequestError(f"The {name} cannot be read as a table: {error}") from error
    if frame is None:
        raise RequestError(
            f"The {name} are a {type(table).__name__}. Give a polars or pandas frame, a mapping of "
            "column names to arrays, or the path of a .parquet or .csv file."
        )
    refuse_impossible_places(frame, f"The table of {name},")
    return Given(frame, Path(f"the table of {name}"), digest_of(frame))


def digest_of(frame: pl.DataFrame) -> str:
    """Digest of a frame's content: names, types and values."""
    import io

    import polars as pl

    buffer = io.BytesIO()
    frame.rechunk().write_ipc(buffer, compat_level=pl.CompatLevel.oldest())
    return digest_bytes(buffer.getvalue())


def _as_frame(table: TableLike) -> pl.DataFrame | None:
    import polars as pl

    if isinstance(table, Table):
        return table.frame
    if isinstance(table, pl.DataFrame):
        return table
    if isinstance(table, pl.LazyFrame):
        return table.collect()
    if isinstance(table, Mapping):
        return _of_mapping(table)
    return _of_pandas(table)


def _of_pandas(table: Any) -> pl.DataFrame | None:  # noqa: ANN401 - perhaps a pandas frame
    """A pandas frame with its named index as columns; None for anything else."""
    import polars as pl

    if type(table).__module__.partition(".")[0] != "pandas" or not hasattr(table, "reset_index"):
        return None
    named = [name for name in table.index.names if name is not None]
    frame: pl.DataFrame = pl.from_pandas(table.reset_index() if named else table)
    return frame


def _of_mapping(columns: Mapping[str, Any]) -> pl.DataFrame:
    """Columns of one length; single values are repeated."""
    import numpy as np
    import polars as pl

    single = {name: value for name, value in columns.items() if _is_single(value)}
    long = {name: value for name, value in columns.items() if name not in single}
    lengths = {name: len(value) for name, value in long.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in lengths.items())
        raise ValueError(f"columns differ in length: {told}")
    rows = next(iter(lengths.values()), 1)
    ready = {
        name: [columns[name]] * rows
        if name in single
        else columns[name]
        if isinstance(columns[name], pl.Series)
        else np.asarray(columns[name])
        for name in columns
    }
    for name, values in ready.items():  # a list with None in it is numbers with gaps
        if isinstance(values, np.ndarray) and values.dtype == object:
            ready[name] = pl.Series(name, values.tolist(), strict=False)
    return pl.DataFrame(ready)


def _is_single(value: Any) -> bool:  # noqa: ANN401 - whatever a user puts into a mapping
    return isinstance(value, str) or not hasattr(value, "__len__")
