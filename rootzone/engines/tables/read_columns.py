"""Columns of a user's table as arrays, with every cell that is not what it should be kept in sight.

A CSV cell stays text until it is needed, so that identifiers such as ``007`` survive and a word
among numbers can be told with its row. Parquet columns are taken as they are typed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.seal import check
from rootzone._shared.table_files import reading, whole_ids
from rootzone._shared.tables import Schema

if TYPE_CHECKING:
    import polars as pl

MISSING_DAY = np.iinfo(np.int64).min


@dataclass(frozen=True)
class Numbers:
    """A numeric column.

    Parameters
    ----------
    values : array, shape (row,)
        NaN where the cell is empty, not finite or not a number.
    not_numbers : array of bool, shape (row,)
        Cells that hold text which is no number.
    """

    values: FloatArray
    not_numbers: BoolArray


def read_raw(path: Path, schema: Schema, optional: Sequence[str] = ()) -> pl.DataFrame:
    """The columns of a table that its schema knows, in whatever type the file holds them.

    Parameters
    ----------
    path : Path
        A ``.parquet`` or ``.csv`` file; CSV columns come as text.
    schema : Schema
        Known columns.
    optional : sequence of str
        Further columns to keep where the file has them.

    Raises
    ------
    RequestError
        The file is missing or unreadable, or a column is declared in another unit.
    """
    import polars as pl

    if not path.exists():
        raise RequestError(f"{path} does not exist.")
    check(path)
    wanted = [*schema.by_name, *optional]
    with reading(path):
        if path.suffix == ".parquet":
            _refuse_other_units(path, schema)
            present = pl.read_parquet_schema(path)
            return pl.read_parquet(path, columns=[name for name in present if name in wanted])
        if path.suffix == ".csv":
            frame = pl.read_csv(path, infer_schema=False)
            return frame.select(name for name in frame.columns if name in wanted)
    raise RequestError(f"{path} ends in {path.suffix!r}; tables end in .parquet or .csv.")


def _refuse_other_units(path: Path, schema: Schema) -> None:
    import pyarrow.parquet as pq

    problems = []
    stored = pq.read_schema(path)
    for name, column in schema.by_name.items():
        if name not in stored.names:
            continue
        unit = (stored.field(name).metadata or {}).get(b"unit")
        if unit is not None and unit.decode() != column.unit:
            problems.append(f"column {name} is in [{unit.decode()}], not in [{column.unit}]")
    if problems:
        raise RequestError(f"{path}: " + "; ".join(problems) + ".")


def require_columns(
    path: Path, frame: pl.DataFrame, schema: Schema, needed: Sequence[str], why: str
) -> None:
    """Refuse a table that lacks columns, all of them named at once.

    Raises
    ------
    RequestError
        With the file, every missing column with its unit, and what needs them.
    """
    missing = [name for name in needed if name not in frame.columns]
    if not missing:
        return
    # The file knows columns that were not read, for a hint; rows may come from memory.
    names = all_column_names(path) if path.exists() else frame.columns
    lacking = []
    for name in missing:
        column = schema.by_name.get(name)
        spare = [other for other in names if other not in schema.by_name]
        hint = did_you_mean(name, spare).rstrip("?")
        about = f" [{column.unit}] ({column.meaning})" if column else ""
        lacking.append(f"{name}{about}{hint}")
    raise RequestError(f"{path} lacks columns that {why} needs: " + ", ".join(lacking) + ".")


def all_column_names(path: Path) -> list[str]:
    """Names of all columns of a table file, known or not."""
    import polars as pl

    with reading(path):
        if path.suffix == ".parquet":
            return list(pl.read_parquet_schema(path))
        return pl.read_csv(path, n_rows=0, infer_schema=False).columns


def id_column(path: Path, frame: pl.DataFrame, name: str) -> pl.Series:
    """Identifiers as integers or texts, as the file gives them; empty ones stay empty.

    A CSV column counts as integers only where every cell reads like one and nothing would be lost
    (``007`` and ``1.0`` are texts).

    Raises
    ------
    RequestError
        The column holds neither integers nor texts.
    """
    import polars as pl

    series = frame.get_column(name)
    dtype = series.dtype
    if dtype.is_integer():
        return series.cast(pl.Int64)
    if dtype in (pl.Categorical, pl.Enum):
        return series.cast(pl.String)
    if dtype.is_float():
        whole = series.drop_nulls().drop_nans()
        if bool((whole == whole.floor()).all()):
            return series.fill_nan(None).cast(pl.Int64)
    if dtype == pl.String:
        if path.suffix != ".csv":
            return series
        return whole_ids(series)
    raise RequestError(f"{path}: column {name} holds {dtype}; identifiers are integers or texts.")


def number_column(frame: pl.DataFrame, name: str) -> Numbers:
    """A column as float64, with the cells that are no numbers marked."""
    import polars as pl

    series = frame.get_column(name)
    if series.dtype.is_numeric() or series.dtype == pl.Null:
        values = series.cast(pl.Float64).fill_null(np.nan).to_numpy()
        return Numbers(_finite(values), np.zeros(len(values), dtype=bool))
    text = series.cast(pl.String).str.strip_chars()
    numbers = text.cast(pl.Float64, strict=False)
    empty = text.is_null() | text.str.to_lowercase().is_in(["", "na", "nan", "null", "none"])
    wrong = (numbers.is_null() & ~empty).to_numpy()
    return Numbers(_finite(numbers.fill_null(np.nan).to_numpy()), wrong)


def _finite(values: FloatArray) -> FloatArray:
    bad = ~np.isfinite(values)
    if bad.any():
        values = np.where(bad, np.nan, values)
    return np.ascontiguousarray(values, dtype=np.float64)


def day_column(path: Path, frame: pl.DataFrame, name: str) -> IntArray:
    """Calendar days since 1970-01-01; ``MISSING_DAY`` where a cell is empty or no date.

    Dates, datetimes (their time of day is dropped) and ISO texts are understood.

    Raises
    ------
    RequestError
        The column holds something else, such as numbers.
    """
    import polars as pl

    series = frame.get_column(name)
    if series.dtype == pl.String:
        text = series.str.strip_chars()
        iso = text.str.contains(r"^\d{4}-\d{2}-\d{2}($|[T ])")
        series = pl.select(pl.when(iso).then(text.str.slice(0, 10))).to_series()
        series = series.str.to_date("%Y-%m-%d", strict=False)
    elif isinstance(series.dtype, pl.Datetime):
        series = series.dt.date()
    elif series.dtype != pl.Date:
        raise RequestError(
            f"{path}: column {name} holds {series.dtype}; give dates, or texts like 2023-05-31."
        )
    days = series.cast(pl.Int32).cast(pl.Int64).fill_null(MISSING_DAY)
    return days.to_numpy()


def codes_in_order(series: pl.Series) -> tuple[IntArray, pl.Series]:
    """Identifiers numbered by first appearance, -1 for empty ones, and the identifiers."""
    import polars as pl
    import pyarrow as pa

    arrow = series.to_arrow(compat_level=pl.CompatLevel.oldest())
    if isinstance(arrow, pa.ChunkedArray):
        arrow = arrow.combine_chunks()
    encoded = arrow.dictionary_encode()
    codes = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    names = pl.Series(series.name, encoded.dictionary, dtype=series.dtype)
    return codes, names


def ids_as_array(series: pl.Series) -> AnyArray:
    """Identifiers as a NumPy array, integers or Python texts."""
    import polars as pl

    if series.dtype == pl.String:
        out = np.empty(len(series), dtype=object)
        out[:] = series.to_list()
        return out
    return series.to_numpy()


def cell_text(frame: pl.DataFrame, column: str, row: int) -> str:
    """What a cell holds, as a person would read it."""
    value = frame.get_column(column)[row]
    if value is None:
        return "empty"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
