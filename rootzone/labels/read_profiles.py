"""Profiles of any engine, a batch of rows at a time, so that memory does not grow with the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.daily import depth_of
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import check
from rootzone._shared.tables import PROFILES

BATCH_ROWS = 1_048_576  # with 12 layers 50 MB; a month of two years gets row groups of 40,000
_NEEDED = ("site_id", "date", "theta")


@dataclass(frozen=True)
class ProfileBatch:
    """Some rows of a profile file, cut into runs of rows of one site.

    Parameters
    ----------
    run_site : sequence of int or str, length run
        Site of each run.
    run_start : array of int, shape (run + 1,)
        Where each run begins among the rows.
    day : array of int, shape (row,)
        Days since 1970-01-01.
    theta : array, shape (sum of layers,)
        Water content [m3 m-3], a row's layers together.
    theta_start : array of int, shape (row + 1,)
        Where each row's layers begin in ``theta``.
    at_depth : mapping of float to array, shape (row,)
        Water content that the solver itself has at a depth [mm], where it has cells there.
    """

    run_site: list[int | str]
    run_start: IntArray
    day: IntArray
    theta: FloatArray
    theta_start: IntArray
    at_depth: Mapping[float, FloatArray] = field(default_factory=dict)

    @property
    def n_row(self) -> int:
        """Number of rows."""
        return len(self.day)


def profile_files(source: Path) -> list[Path]:
    """Profile files of a source: one file, or all shards of a folder in their order.

    Raises
    ------
    RequestError
        There is none.
    """
    if source.is_file():
        return [source]
    found = sorted(source.glob("shard=*/profiles.parquet")) or sorted(source.glob("*.parquet"))
    if not found:
        raise RequestError(
            f"{source} holds no profiles: neither shard=*/profiles.parquet nor *.parquet. "
            "Run `rootzone simulate` first."
        )
    return found


def read_metadata(path: Path) -> Mapping[bytes, bytes]:
    """Metadata of a profile file, after a check of its columns.

    Raises
    ------
    RequestError
        The file cannot be read as Parquet, or is not a profiles table.
    """
    try:
        schema = pq.read_schema(check(path, "rootzone simulate makes its shard again."))
    except (OSError, pa.ArrowException) as error:
        raise RequestError(f"{path} cannot be read as Parquet: {error}") from error
    problems = [
        problem
        for problem in PROFILES.problems(schema)
        if any(f"column {name} " in problem for name in _NEEDED)
    ]
    if problems:
        raise RequestError(f"{path} is not a profiles table: " + "; ".join(problems) + ".")
    return dict(schema.metadata or {})


def read_batches(path: Path, batch_rows: int = BATCH_ROWS) -> Iterator[ProfileBatch]:
    """The rows of a profile file, ``batch_rows`` at a time and in their order."""
    with pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as file:
        columns = [*_NEEDED, *(n for n in file.schema_arrow.names if depth_of(n) is not None)]
        for batch in file.iter_batches(batch_rows, columns=columns, use_threads=False):
            if batch.num_rows:
                yield profile_batch(path, batch)


def profile_batch(path: Path, batch: Any) -> ProfileBatch:  # noqa: ANN401 - pyarrow
    """Rows of an Arrow batch (site_id, date, theta, depths); ``path`` is named in messages.

    Raises
    ------
    RequestError
        A row has no site, date or profile.
    """
    lists = batch.column("theta")
    if lists.null_count or batch.column("site_id").null_count or batch.column("date").null_count:
        raise RequestError(f"{path} has rows without a site, a date or a profile.")
    codes, names = site_codes(batch.column("site_id"))
    starts = np.concatenate(([0], np.flatnonzero(np.diff(codes)) + 1))
    offsets = lists.offsets.to_numpy().astype(np.int64)
    return ProfileBatch(
        run_site=[names[code] for code in codes[starts]],
        run_start=np.append(starts, len(codes)).astype(np.int64),
        day=days_of(batch.column("date")),
        theta=lists.flatten().to_numpy(zero_copy_only=False),
        theta_start=offsets - offsets[0],
        at_depth={
            depth_mm: batch.column(name).to_numpy(zero_copy_only=False)
            for name in batch.schema.names
            if (depth_mm := depth_of(name)) is not None
        },
    )


def site_codes(column: Any) -> tuple[IntArray, list[int | str]]:  # noqa: ANN401 - pyarrow
    """Sites numbered by first appearance, and the sites."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    return encoded.indices.to_numpy().astype(np.int64), encoded.dictionary.to_pylist()


def days_of(column: Any) -> AnyArray:  # noqa: ANN401 - pyarrow
    """Days since 1970-01-01 of a date or timestamp column."""
    return np.asarray(column.cast(pa.date32()).cast(pa.int32()).to_numpy())
