"""Labels and station values from disk, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone.labels.distribution import Distribution
from rootzone.labels.write_labels import label_files

_DEPTH_SLACK_MM = 1e-3
MOST_SAMPLES = 20_000_000  # rows that a split looks at; more would only cost memory


def read_distribution(
    source: Path, depth_mm: float | None = None, *, tolerance_mm: float = 0.0, workers: int = 1
) -> Distribution:
    """Distribution of all water contents of a label folder, or of one Parquet table.

    Parameters
    ----------
    source : Path
        Label folder, or a table with columns theta, and weight and depth_mm or depth_m where it
        has them.
    depth_mm : float, optional
        Only this depth [mm]; all depths by default.
    tolerance_mm : float
        How far from it a depth may be [mm]; sensors at 8 inches are 3.2 mm from 200.
    workers : int
        Files read at a time.

    Raises
    ------
    RequestError
        There are no files, or a file has no column theta.
    """
    files = label_files(source)
    lots = [files[i::workers] for i in range(max(1, workers))]
    total = Distribution()
    with ThreadPoolExecutor(max_workers=len(lots)) as pool:
        for part in pool.map(lambda lot: _distribution_of(lot, depth_mm, tolerance_mm), lots):
            total.merge(part)
    return total


def _distribution_of(
    files: list[Path], depth_mm: float | None, tolerance_mm: float
) -> Distribution:
    out = Distribution()
    for path in files:
        for theta, weight in _values(path, depth_mm, tolerance_mm + _DEPTH_SLACK_MM):
            out.add(theta, weight)
    return out


def _values(
    path: Path, depth_mm: float | None, tolerance_mm: float
) -> Iterator[tuple[AnyArray, AnyArray | None]]:
    with pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as file:
        names = set(file.schema_arrow.names)
        if "theta" not in names:
            raise RequestError(f"{path} has no column theta [m3 m-3]; it has {sorted(names)}.")
        depth_name = next((name for name in ("depth_mm", "depth_m") if name in names), None)
        wanted = ["theta"] + (["weight"] if "weight" in names else [])
        if depth_mm is not None and depth_name is not None:
            wanted.append(depth_name)
        for batch in file.iter_batches(1 << 20, columns=wanted, use_threads=False):
            theta = _numbers(batch.column("theta"))
            weight = _numbers(batch.column("weight")) if "weight" in names else None
            if depth_mm is not None and depth_name is not None:
                scale = 1000.0 if depth_name == "depth_m" else 1.0
                depth = _numbers(batch.column(depth_name)) * scale
                keep = np.abs(depth - depth_mm) <= tolerance_mm
                theta, weight = theta[keep], weight if weight is None else weight[keep]
            yield theta, weight


def _numbers(column: Any) -> AnyArray:  # noqa: ANN401 - pyarrow
    return np.asarray(column.to_numpy(zero_copy_only=False))


def read_samples(source: Path, also: str | None = None) -> pl.DataFrame:
    """Dates, stations and positions of labels or station values, one row a sample.

    Of more than 20 million rows a fixed choice of sites is read, all dates of each.

    Parameters
    ----------
    source : Path
        Label folder or Parquet table.
    also : str, optional
        One more column to read, such as ``stratum``.

    Raises
    ------
    RequestError
        There is no column date.
    """
    wanted = ["date", "station", "site_id", "lat", "lon", *([also] if also else [])]
    files = label_files(source)
    stride = -(-sum(pq.read_metadata(path).num_rows for path in files) // MOST_SAMPLES)
    parts = []
    for path in files:
        names = pq.read_schema(path).names
        if "date" not in names:
            raise RequestError(f"{path} has no column date; it has {sorted(names)}.")
        part = pl.read_parquet(path, columns=[name for name in wanted if name in names])
        if stride > 1 and "site_id" in part.columns:
            part = part.filter(pl.col("site_id").hash() % stride == 0)
        parts.append(part.with_columns(pl.col("date").cast(pl.Date)))
    return pl.concat(parts, how="vertical_relaxed")
