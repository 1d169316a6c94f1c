"""A shard on disk: its profiles, then its ledger, each whole or not at all.

The ledger comes last and closes the shard. A process that dies before it leaves a shard that is not
done, whatever else lies in its folder.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.daily import daily_order
from rootzone._shared.provenance import METADATA_KEY, Provenance
from rootzone._shared.seal import KEY, PLACE
from rootzone._shared.table_files import arrow_schema_of
from rootzone._shared.tables import PROFILES
from rootzone.engines.protocol import Profiles
from rootzone.jobs.shard.ledger import FOOTER_KEY, LEDGER, RUN_KEY, Footer

if TYPE_CHECKING:
    import polars as pl
    import pyarrow as pa

    from rootzone.engines.failures import SiteId

# Fixed, so that a file does not depend on the cores that wrote it.
_ROW_GROUP_ROWS = 262_144


class ProfileStore:
    """Counted days of finished sites in single precision, until the shard is written.

    Memory for all sites is taken once, so nothing is copied when the shard is put together.

    Parameters
    ----------
    id_dtype : polars type
        Type of ``site_id``.
    n_row : int
        Rows at most: sites times counted days.
    n_value : int
        Numbers of theta at most: layers of all sites times counted days.
    """

    def __init__(self, id_dtype: pl.DataType, n_row: int, n_value: int) -> None:
        self._id_dtype = id_dtype
        self._sites: list[SiteId] = []
        self._n_day: list[int] = []
        self._theta = np.empty(n_value, dtype=np.float32)
        self._n_value = 0
        self._date = np.empty(n_row, dtype=np.int32)
        self._offset = np.zeros(n_row + 1, dtype=np.int64)
        self._daily: dict[str, AnyArray] = {}
        self._n_row = 0

    def add(self, profiles: Profiles) -> None:
        """Keep a chunk of profiles."""
        n_day = np.diff(profiles.row_start)
        if not len(n_day):
            return
        rows = slice(self._n_row, self._n_row + profiles.n_row)
        first_row = np.repeat(profiles.row_start[:-1] - profiles.first_day, n_day)
        self._date[rows] = np.arange(profiles.n_row) - first_row
        lengths = np.repeat(profiles.n_layer, n_day)
        self._offset[rows.start + 1 : rows.stop + 1] = self._n_value + np.cumsum(lengths)
        self._theta[self._n_value : self._n_value + len(profiles.theta)] = profiles.theta
        for name, values in profiles.daily.items():
            if name not in self._daily:
                dtype = np.int32 if name == "steps" else np.float32
                self._daily[name] = np.zeros(len(self._date), dtype=dtype)
            self._daily[name][rows] = values
        self._n_value += len(profiles.theta)
        self._n_row = rows.stop
        self._sites += profiles.site_ids.tolist()
        self._n_day += n_day.tolist()

    def frame(self, site_order: Sequence[SiteId]) -> pl.DataFrame:
        """All profiles, sites in the order given, days ascending."""
        import polars as pl
        import pyarrow as pa

        names = pl.Series("site_id", self._sites, dtype=self._id_dtype)
        site = np.repeat(np.arange(len(self._sites)), self._n_day)
        offsets = pa.array(self._offset[: self._n_row + 1])
        theta = pa.array(self._theta[: self._n_value])
        columns = [
            names.gather(site),
            pl.Series("date", self._date[: self._n_row]).cast(pl.Date),
            pl.Series("theta", pl.from_arrow(pa.LargeListArray.from_arrays(offsets, theta))),
        ]
        for name in daily_order(self._daily):
            dtype = np.int32 if name == "steps" else np.float32
            values = self._daily.get(name, np.empty(0, dtype=dtype))[: self._n_row]
            columns.append(pl.Series(name, values))
        return self._ordered(pl.DataFrame(columns), site_order)

    def _ordered(self, frame: pl.DataFrame, site_order: Sequence[SiteId]) -> pl.DataFrame:
        """Sites that needed a later rung came last; put them where they belong."""
        position = {site: i for i, site in enumerate(site_order)}
        order = np.array([position[site] for site in self._sites], dtype=np.int64)
        if bool((np.diff(order) > 0).all()):
            return frame
        rows = np.argsort(np.repeat(order, self._n_day), kind="stable")
        return frame[rows]


def write_shard(
    profiles_path: Path,
    ledger_path: Path,
    profiles: pl.DataFrame,
    ledger: pl.DataFrame,
    record: Provenance,
    footer: Footer,
    run: Mapping[str, Any],
) -> None:
    """Put a shard in place.

    Parameters
    ----------
    profiles_path, ledger_path : Path
        Where its two files go.
    profiles, ledger : polars.DataFrame
        Their rows.
    record : Provenance
        What made them.
    footer : Footer
        Closes the shard; stands in both files.
    run : mapping
        Clock times, memory and host: kept beside the ledger's rows, no part of any digest.

    Raises
    ------
    OSError
        The disk is full or cannot be written; nothing is left half-written.
    """
    sweep(profiles_path.parent)
    # An old ledger goes first: it must not close profiles that it does not belong to.
    ledger_path.unlink(missing_ok=True)
    _write_profiles(profiles_path, profiles, record, footer)
    _write_ledger(ledger_path, ledger, record, footer, run)


def sweep(folder: Path) -> int:
    """Remove what a killed process left half-written in a shard's folder; returns how many."""
    left = [*folder.glob(".*.tmp.parquet")] if folder.is_dir() else []
    for path in left:
        path.unlink(missing_ok=True)
    return len(left)


def _write_profiles(path: Path, frame: pl.DataFrame, record: Provenance, footer: Footer) -> None:
    """Written by polars, which encodes lists four times as fast as pyarrow (measured)."""
    import polars as pl

    schema = frame.to_arrow().schema
    types = [_plain_type(field.type) for field in schema]
    with atomic_path(path) as temporary:
        try:
            frame.write_parquet(
                temporary,
                compression="lz4",
                row_group_size=_ROW_GROUP_ROWS,
                arrow_schema=arrow_schema_of(PROFILES, schema.names, types, record),
                metadata={
                    METADATA_KEY.decode(): record.to_json(),
                    FOOTER_KEY: footer.to_json(),
                    KEY.decode(): PLACE,
                },
            )
        except pl.exceptions.PolarsError as error:
            raise _system_error(error) from error


def _system_error(error: Exception) -> Exception:
    """What the system said, where polars wraps it: ``... (os error 28)``."""
    found = re.search(r"\(os error (\d+)\)", str(error))
    return OSError(int(found.group(1)), str(error)) if found else error


def _plain_type(dtype: pa.DataType) -> pa.DataType:
    """String views as plain strings, which every Parquet reader knows."""
    import pyarrow as pa

    return pa.large_string() if dtype == pa.string_view() else dtype


def _write_ledger(
    path: Path, frame: pl.DataFrame, record: Provenance, footer: Footer, run: Mapping[str, Any]
) -> None:
    import polars as pl
    import pyarrow.parquet as pq

    table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    schema = arrow_schema_of(LEDGER, table.schema.names, table.schema.types, record)
    extra = {FOOTER_KEY: footer.to_json(), RUN_KEY: json.dumps(run, sort_keys=True)}
    schema = schema.with_metadata({**(schema.metadata or {}), **extra})
    with atomic_path(path) as temporary:
        pq.write_table(table.cast(schema), temporary, compression="zstd", write_page_checksum=True)
