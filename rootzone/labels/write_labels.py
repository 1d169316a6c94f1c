"""Labels on disk: folders of one month each, a file a shard, and a note of what was dropped.

A shard's note is written last, so a shard is done when its note is there and was made the same
way; a run that is stopped resumes with the shards that are not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from rootzone._shared.arrays import AnyArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.seal import Damaged, check, damage, read_sealed_json, sealed_json
from rootzone._shared.table_files import arrow_schema_of
from rootzone._shared.tables import LABELS
from rootzone.labels.layering import layerings_from_metadata
from rootzone.labels.make_labels import LabelCounts, LabelMaker, LabelRows, LabelRule, SiteFacts
from rootzone.labels.read_profiles import ProfileBatch, read_batches, read_metadata

_LOG = logging.getLogger(__name__)
_MEND = "rootzone labels makes it again."
NOTES = "_shards"
MOST_OPEN = 120  # part files of one shard open at once; systems allow a process 1024 in all
_TEXT = pa.dictionary(pa.int32(), pa.string())
_TYPES = {
    "date": pa.date32(),
    "depth_mm": pa.float32(),
    "depth_top_mm": pa.float32(),
    "theta": pa.float32(),
    "engine": _TEXT,
    "rung": pa.int16(),
    "stratum": _TEXT,
    "weight": pa.float32(),
    "digest": _TEXT,
}


@dataclass(frozen=True)
class LabelJob:
    """One profile file to turn into labels.

    Parameters
    ----------
    profiles : Path
        The profile file.
    name : str
        Name of its part files, unique in the folder, such as ``00007``.
    rule : LabelRule
        Depths, layerings, design facts, spin-up.
    engine : str
        Engine, physics and stepping as they stand on a label.
    record : Provenance
        What makes the labels; its digest stands on every label.
    """

    profiles: Path
    name: str
    rule: LabelRule
    engine: str
    record: Provenance


def write_all(
    jobs: Sequence[LabelJob],
    out: Path,
    *,
    workers: int = 1,
    progress: Callable[[str], None] | None = None,
) -> LabelCounts:
    """Labels of many profile files, in threads; finished files are not made again.

    Parameters
    ----------
    jobs : sequence of LabelJob
        The files.
    out : Path
        Folder of the labels.
    workers : int
        Files worked on at a time; memory grows with it, by about 150 MB each.
    progress : callable, optional
        Told the name of each file once it is finished.

    Returns
    -------
    LabelCounts
        Sums over all files, those finished earlier included.
    """
    total = LabelCounts()
    with ThreadPoolExecutor(max_workers=max(1, workers)) as pool:
        for job, counts in zip(jobs, pool.map(lambda j: write_labels(j, out), jobs), strict=True):
            total.add(counts)
            if progress is not None:
                progress(job.name)
    return total


def write_labels(job: LabelJob, out: Path) -> LabelCounts:
    """Labels of one profile file, partitioned by year and month.

    Parameters
    ----------
    job : LabelJob
        The file and the rules.
    out : Path
        Folder of the labels; parts lie at ``year=YYYY/month=MM/labels-NAME.parquet``.

    Returns
    -------
    LabelCounts
        What became of the rows.

    Raises
    ------
    RequestError
        The profiles cannot be read, a site is unknown, or a depth lies outside its profile. No
        part of this file is left behind.
    """
    note = out / NOTES / f"{job.name}.json"
    finished = read_note(note, job.record.digest)
    if finished is not None and not _damaged_parts(note, out):
        return finished
    _remove_earlier(note, out, job.name)
    metadata = read_metadata(job.profiles)
    rule = job.rule
    own = layerings_from_metadata(metadata)
    if own is not None:
        rule = replace(rule, layerings=own)
    sizes: dict[str, int] = {}
    done: set[int] = set()
    while True:  # once for all but tables of many decades, whose months would be too many files
        maker = LabelMaker(rule)
        with _PartWriters(out, job, done) as parts:
            for batch in read_batches(job.profiles):
                for rows in maker.labels_of(batch):
                    parts.write(maker, batch, rows)
        sizes |= parts.sizes()
        done |= parts.months
        if not parts.some_left:
            break
    told = {"digest": job.record.digest, "parts": sizes, **asdict(maker.counts)}
    write_text(note, sealed_json(told, indent=None))
    return maker.counts


def read_note(note: Path, digest: str) -> LabelCounts | None:
    """Counts of a finished file, or None where it is not finished or was made another way."""
    if not note.exists():
        return None
    try:
        stored = read_sealed_json(note)
        if stored.pop("digest") != digest:
            return None
        stored.pop("parts", None)
        return LabelCounts(**stored)
    except Damaged as error:
        _LOG.warning("%s is damaged and its labels are made again: %s", note, error.problem)
        return None
    except (RequestError, ValueError, KeyError, TypeError):
        return None


def missing_parts(note: Path, out: Path) -> list[str]:
    """Part files of a finished file that are gone or of another length than they had.

    Raises
    ------
    RequestError
        The note is damaged.
    """
    told: dict[str, int] = read_sealed_json(note, _MEND).get("parts", {})
    return [
        name
        for name, size in told.items()
        if not (out / name).is_file() or (out / name).stat().st_size != size
    ]


def _damaged_parts(note: Path, out: Path) -> bool:
    """Whether a part of a finished file is gone or not what was written, which is told."""
    try:
        gone = missing_parts(note, out)
        names = read_sealed_json(note).get("parts", {})
        bad = gone or [name for name in names if damage(out / name) is not None]
    except (RequestError, OSError):
        return True
    for name in bad:
        _LOG.warning("%s is gone or damaged; its labels are made again", out / name)
    return bool(bad)


def _remove_earlier(note: Path, out: Path, name: str) -> None:
    """Remove what an earlier run left of this shard, its note first: months may have changed."""
    if note.exists():
        note.unlink()
    for part in out.glob(f"year=*/month=*/labels-{name}.parquet"):
        part.unlink()


class _PartWriters:
    """Open part files of one profile file, one a month, put in place together at the end.

    Months in ``done`` are passed over; of the others as many are taken as may be open at once.
    """

    def __init__(self, out: Path, job: LabelJob, done: Set[int] = frozenset()) -> None:
        self.some_left = False
        self._done = done
        self._out = out
        self._job = job
        self._digest = job.record.digest
        self._stack = ExitStack()
        self._writers: dict[int, Any] = {}
        self._schema: Any = None

    def __enter__(self) -> _PartWriters:
        self._stack.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        for writer in self._writers.values():
            writer.close()
        self._stack.__exit__(*details)  # type: ignore[arg-type]

    def write(self, maker: LabelMaker, batch: ProfileBatch, rows: LabelRows) -> None:
        """Write the labels of one depth of one batch into the months they belong to."""
        facts = [maker.facts_of(site) for site in batch.run_site]
        told = (self._job.engine, self._digest)
        for month, chosen in _by_month(rows.day):
            if month in self._done:
                continue
            if month not in self._writers and len(self._writers) >= MOST_OPEN:
                self.some_left = True
                continue
            columns = label_columns(batch.run_site, facts, rows, chosen, *told)
            if any(depth.top_mm is not None for depth in maker.rule.depths):
                columns["depth_top_mm"] = _constant(rows.depth.top_mm, len(chosen))
            if self._schema is None:
                types = [_TYPES.get(name, columns[name].type) for name in columns]
                self._schema = arrow_schema_of(LABELS, list(columns), types, self._job.record)
            table = pa.table(list(columns.values()), schema=self._schema)
            self._writer(month).write_table(table)

    @property
    def months(self) -> set[int]:
        """Months that were written."""
        return set(self._writers)

    def sizes(self) -> dict[str, int]:
        """Length of each part that was put in place, by its path below the folder."""
        paths = [part_path(self._out, month, self._job.name) for month in sorted(self._writers)]
        return {path.relative_to(self._out).as_posix(): path.stat().st_size for path in paths}

    def _writer(self, month: int) -> Any:  # noqa: ANN401 - pyarrow
        if month not in self._writers:
            path = part_path(self._out, month, self._job.name)
            temporary = self._stack.enter_context(atomic_path(path))
            self._writers[month] = pq.ParquetWriter(
                temporary,
                self._schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=[n for n in self._schema.names if n != "theta"],
                write_statistics=["date", "depth_mm", "theta"],
                write_page_checksum=True,
            )
        return self._writers[month]


def label_columns(
    run_site: list[int | str],
    facts: Sequence[SiteFacts],
    rows: LabelRows,
    chosen: AnyArray,
    engine: str,
    digest: str,
) -> dict[str, Any]:
    """Some label rows as Arrow columns of a labels table.

    Parameters
    ----------
    run_site, facts : sequence, length run
        Site of each run of the batch, and its design facts.
    rows : LabelRows
        Labels of one depth.
    chosen : array of int
        Which of them.
    engine, digest : str
        What made them, as it stands on a label.
    """
    run = rows.run[chosen]
    n = len(run)
    return {
        "site_id": _sites(run_site, run),
        "date": pa.array(rows.day[chosen].astype(np.int32)).cast(pa.date32()),
        "depth_mm": _constant(rows.depth.bottom_mm, n),
        "theta": pa.array(rows.theta[chosen]),
        "engine": _coded([engine], np.zeros(n, np.int32)),
        "rung": pa.array(np.array([fact.rung for fact in facts], np.int16)[run]),
        "stratum": _coded([fact.stratum for fact in facts], run),
        "weight": pa.array(np.array([fact.weight for fact in facts], np.float32)[run]),
        "digest": _coded([digest], np.zeros(n, np.int32)),
    }


def part_path(out: Path, month: int, name: str) -> Path:
    """Part file of a month, counted from January 1970."""
    year, index = divmod(month, 12)
    return out / f"year={1970 + year:04d}" / f"month={index + 1:02d}" / f"labels-{name}.parquet"


def label_files(folder: Path) -> list[Path]:
    """Part files of a label folder, or the one file itself.

    Raises
    ------
    RequestError
        There is none, or one is gone or damaged.
    """
    if folder.is_file():
        return [check(folder)]
    found = sorted(folder.glob("year=*/month=*/labels-*.parquet"))
    if not found:
        raise RequestError(f"{folder} holds no labels. Run `rootzone labels` first.")
    for note in sorted((folder / NOTES).glob("*.json")):
        for name in missing_parts(note, folder):
            raise Damaged(folder / name, "it is gone or cut short", _MEND)
    return [check(path, _MEND) for path in found]


def _by_month(day: AnyArray) -> Iterator[tuple[int, AnyArray]]:
    """Rows of each month, counted from January 1970, in their order."""
    if not len(day):
        return
    first = int(day.min())
    days = np.arange(first, int(day.max()) + 1).astype("datetime64[D]")
    months = days.astype("datetime64[M]").astype(np.int64)
    of_row = (months - months[0]).astype(np.uint16)[day - first]
    order = np.argsort(of_row, kind="stable")
    ends = np.cumsum(np.bincount(of_row))
    start = 0
    for index, end in enumerate(ends):
        if end > start:
            yield int(months[0]) + index, order[start:end]
        start = int(end)


def _sites(run_site: list[int | str], run: AnyArray) -> Any:  # noqa: ANN401 - pyarrow
    if all(isinstance(site, int) for site in run_site):
        return pa.array(np.array(run_site, dtype=np.int64)[run])
    return _coded([str(site) for site in run_site], run)


def _coded(values: list[str], codes: AnyArray) -> Any:  # noqa: ANN401 - pyarrow
    """Texts as numbers into their distinct values, so that no text is stored twice."""
    distinct = {value: i for i, value in enumerate(dict.fromkeys(values))}
    lookup = np.array([distinct[value] for value in values], dtype=np.int32)
    indices = pa.array(lookup[codes])
    return pa.DictionaryArray.from_arrays(indices, pa.array(list(distinct), pa.string()))


def _constant(value: float | None, n: int) -> Any:  # noqa: ANN401 - pyarrow
    if value is None:
        return pa.nulls(n, pa.float32())
    return pa.array(np.full(n, value, dtype=np.float32))
