"""Labels and station values from disk, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone._shared.positions import refuse_impossible_places
from rootzone._shared.table_files import read_frame, reading
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
    """Values and weights of one file, those a screening rule took left out."""
    for batch in _batches(path, ("theta", "weight", "flag", "depth_mm", "depth_m")):
        if "theta" not in batch.columns:
            raise RequestError(
                f"{path} has no column theta [m3 m-3]; it has {sorted(column_names(path))}."
            )
        if not batch["theta"].dtype.is_numeric():
            raise RequestError(
                f"{path}: column theta holds {batch['theta'].dtype}, not one water content a row. "
                "Of profiles, make labels first: rootzone labels."
            )
        good = good_rows(batch)
        depth_name = next((n for n in ("depth_mm", "depth_m") if n in batch.columns), None)
        if depth_mm is not None and depth_name is not None:
            scale = 1000.0 if depth_name == "depth_m" else 1.0
            good = good.filter(((pl.col(depth_name) * scale) - depth_mm).abs() <= tolerance_mm)
        weight = good["weight"].to_numpy() if "weight" in good.columns else None
        yield good["theta"].fill_null(float("nan")).to_numpy(), weight


def good_rows(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows no screening rule took, where the table has flags; else all of them."""
    if "flag" not in frame.columns:
        return frame
    return frame.filter(pl.col("flag").cast(pl.String).fill_null("") == "")


def column_names(path: Path) -> list[str]:
    """Names of the columns of a table of labels or station values.

    Raises
    ------
    RequestError
        The file cannot be read as what it ends in.
    """
    if path.suffix == ".csv":
        with reading(path):
            return pl.read_csv(path, n_rows=0, infer_schema=False).columns
    with reading(path):
        return list(pq.read_schema(path).names)


def _batches(path: Path, wanted: Sequence[str]) -> Iterator[pl.DataFrame]:
    """A table in batches of a million rows, with those of its columns that are wanted."""
    if path.suffix == ".csv":
        frame = read_frame(path)
        yield frame.select(name for name in frame.columns if name in wanted)
        return
    names = [name for name in column_names(path) if name in wanted]
    with (
        reading(path),
        pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True) as file,
    ):
        for batch in file.iter_batches(1 << 20, columns=names, use_threads=False):
            table = pl.from_arrow(batch)
            if isinstance(table, pl.DataFrame):
                yield table


def read_samples(source: Path, also: str | None = None) -> pl.DataFrame:
    """Dates, stations and positions of labels or station values, one row a good sample.

    A value that a screening rule took is no sample.

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
        There is no column date, a file cannot be read, or a row lies nowhere on Earth.
    """
    columns = dict.fromkeys(["date", "station", "site_id", "lat", "lon", "flag", also or "date"])
    files = label_files(source)
    rows = 0
    for path in files:
        if path.suffix != ".csv":
            with reading(path):
                rows += pq.read_metadata(path).num_rows
    stride = -(-rows // MOST_SAMPLES)
    parts = []
    for path in files:
        names = column_names(path)
        if "date" not in names:
            raise RequestError(f"{path} has no column date; it has {sorted(names)}.")
        batches = [
            good_rows(batch).drop("flag", strict=False) for batch in _batches(path, [*columns])
        ]
        part = pl.concat(batches) if batches else pl.DataFrame(schema=dict.fromkeys(names, pl.Null))
        refuse_impossible_places(part, path)
        if stride > 1 and "site_id" in part.columns:
            part = part.filter(pl.col("site_id").hash() % stride == 0)
        with reading(path):
            parts.append(part.with_columns(pl.col("date").cast(pl.Date)))
    return pl.concat(parts, how="vertical_relaxed")
