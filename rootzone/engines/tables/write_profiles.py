"""The profiles table, written chunk by chunk, whole or not at all.

Encoding runs on a thread of its own, so that the engine goes on with the next chunk meanwhile.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.daily import daily_order
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.table_files import arrow_schema_of
from rootzone._shared.tables import PROFILES
from rootzone.engines.protocol import Profiles

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".parquet", ".csv")
# Chunks that may wait for the writer; more would only cost memory.
_WAITING = 1


def check_ending(path: Path) -> None:
    """Refuse an output that is neither Parquet nor CSV.

    Raises
    ------
    RequestError
        With the ending seen.
    """
    if path.suffix not in ENDINGS:
        raise RequestError(f"{path} ends in {path.suffix!r}; --out must end in .parquet or .csv.")


class ProfileWriter:
    """Context that takes chunks of profiles and puts the file in place when it ends well.

    Parameters
    ----------
    path : Path
        Ends in ``.parquet`` or ``.csv``.
    record : Provenance
        What made the table.
    text_ids : bool
        Whether ``site_id`` is text.
    float32 : bool
        Whether numbers are stored in single precision.
    extra_columns : sequence of str
        Further daily columns, such as ``snow_mm``.
    """

    def __init__(
        self,
        path: Path,
        record: Provenance,
        *,
        text_ids: bool,
        float32: bool = False,
        extra_columns: Sequence[str] = (),
    ) -> None:
        check_ending(path)
        self._path = path
        self._record = record
        self._schema = profiles_schema(
            record, text_ids=text_ids, float32=float32, extra_columns=extra_columns
        )
        self._stack = ExitStack()
        self._worker: _Worker | None = None

    def __enter__(self) -> ProfileWriter:
        """Open the temporary file."""
        temporary = self._stack.enter_context(atomic_path(self._path))
        sink = _parquet_sink if self._path.suffix == ".parquet" else _csv_sink
        self._worker = _Worker(self._stack.enter_context(sink(temporary, self._schema)))
        return self

    def write(self, profiles: Profiles) -> None:
        """Add a chunk; returns before it is on disk.

        Raises
        ------
        OSError
            An earlier chunk could not be written.
        """
        if self._worker is None:
            raise RuntimeError("the writer is not open")
        self._worker.put(lambda: profiles_table(profiles, self._schema))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put the file in place, or remove what there is of it after an error."""
        try:
            if self._worker is not None:
                self._worker.close(abandon=error is not None)
        except BaseException as late:
            self._stack.__exit__(type(late), late, late.__traceback__)
            raise
        self._stack.__exit__(kind, error, trace)
        if error is None and self._path.suffix == ".csv":
            write_sidecar(self._path, self._record)


def profiles_schema(
    record: Provenance,
    *,
    text_ids: bool,
    float32: bool = False,
    extra_columns: Sequence[str] = (),
) -> pa.Schema:
    """Arrow schema of a profiles table, with units and provenance; as ``ProfileWriter`` takes."""
    import pyarrow as pa

    names = ("site_id", "date", "theta", *daily_order(extra_columns))
    real = pa.float32() if float32 else pa.float64()
    special = {
        "site_id": pa.string() if text_ids else pa.int64(),
        "date": pa.date32(),
        "theta": pa.list_(pa.field("element", real, nullable=False)),
        "steps": pa.int32(),
    }
    return arrow_schema_of(PROFILES, names, [special.get(name, real) for name in names], record)


def profiles_table(profiles: Profiles, schema: pa.Schema) -> pa.Table:
    """Profiles as an Arrow table of the given schema, one row a site and day."""
    import pyarrow as pa

    n_day = np.diff(profiles.row_start)
    site = np.repeat(np.arange(len(n_day)), n_day)
    first_row = np.repeat(profiles.row_start[:-1], n_day)
    day = np.arange(profiles.n_row) - first_row + np.repeat(profiles.first_day, n_day)
    columns: dict[str, Any] = {
        "site_id": _ids(profiles.site_ids, site, schema.field("site_id").type),
        "date": pa.array(day.astype(np.int32)).view(pa.date32()),
        "theta": _lists(profiles, n_day, schema.field("theta").type),
    }
    for name, values in profiles.daily.items():
        dtype = schema.field(name).type
        columns[name] = pa.array(values.astype(dtype.to_pandas_dtype(), copy=False))
    return pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema)


def _ids(site_ids: AnyArray, site: AnyArray, dtype: pa.DataType) -> pa.Array:
    import pyarrow as pa

    names = pa.array(site_ids.tolist() if site_ids.dtype == object else site_ids, type=dtype)
    return names.take(pa.array(site))


def _lists(profiles: Profiles, n_day: AnyArray, dtype: pa.DataType) -> pa.Array:
    import pyarrow as pa

    lengths = np.repeat(profiles.n_layer, n_day)
    offsets = np.concatenate(([0], np.cumsum(lengths))).astype(np.int32)
    values = profiles.theta.astype(dtype.value_type.to_pandas_dtype(), copy=False)
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values), type=dtype)


class _parquet_sink:  # noqa: N801 - used like a function
    """Writes tables into one Parquet file, a row group each."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema

    def __enter__(self) -> Callable[[pa.Table], None]:
        import pyarrow.parquet as pq

        self._writer = pq.ParquetWriter(
            self._path,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=["site_id", "date", "steps"],
            use_byte_stream_split=_real_columns(self._schema),
            write_statistics=["site_id", "date"],
        )
        return lambda table: self._writer.write_table(table, row_group_size=max(1, table.num_rows))

    def __exit__(self, *details: object) -> None:
        self._writer.close()


def _real_columns(schema: pa.Schema) -> list[str]:
    """Columns of real numbers, by their paths; split by bytes they shrink by a further fifth."""
    import pyarrow.types as types

    names = [field.name for field in schema if types.is_floating(field.type)]
    return ["theta.list.element", *names]


class _csv_sink:  # noqa: N801 - used like a function
    """Writes tables into one CSV file; theta becomes the text ``[0.21, 0.27]`` in one cell."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema = path, schema

    def __enter__(self) -> Callable[[pa.Table], None]:
        self._handle = self._path.open("wb")
        self._handle.write((",".join(self._schema.names) + "\n").encode())
        return self._write

    def _write(self, table: pa.Table) -> None:
        import polars as pl

        frame = pl.DataFrame(pl.from_arrow(table))
        text = pl.col("theta").cast(pl.List(pl.String)).list.join(", ")
        frame.with_columns(pl.format("[{}]", text).alias("theta")).write_csv(
            self._handle, include_header=False
        )

    def __exit__(self, *details: object) -> None:
        self._handle.close()


class _Worker:
    """One thread that writes what it is handed, in order, and keeps its first error."""

    def __init__(self, write: Callable[[pa.Table], None]) -> None:
        self._write = write
        self._queue: queue.Queue[Callable[[], pa.Table] | None] = queue.Queue(_WAITING)
        self._error: BaseException | None = None
        self._abandoned = False
        self._thread = threading.Thread(target=self._work, name="profile-writer", daemon=True)
        self._thread.start()

    def put(self, make: Callable[[], pa.Table]) -> None:
        if self._error is not None:
            raise self._error
        self._queue.put(make)

    def close(self, *, abandon: bool) -> None:
        self._abandoned = abandon
        self._queue.put(None)
        self._thread.join()
        if self._error is not None and not abandon:
            raise self._error

    def _work(self) -> None:
        while (make := self._queue.get()) is not None:
            if self._error is None and not self._abandoned:
                try:
                    self._write(make())
                except BaseException as error:
                    self._error = error
