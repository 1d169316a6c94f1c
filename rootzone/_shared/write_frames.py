"""Result tables that no other stage reads by schema, written with their provenance."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rootzone._shared.atomic import atomic_path
from rootzone._shared.provenance import METADATA_KEY, Provenance
from rootzone._shared.seal import KEY, PLACE


def write_frame(path: Path, frame: pl.DataFrame, record: Provenance) -> None:
    """Write a Parquet table with its provenance, whole or not at all."""
    with atomic_path(path) as temporary:
        frame.write_parquet(temporary, metadata=metadata_of(record))


def metadata_of(record: Provenance) -> dict[str, str]:
    """What goes into the footer of a Parquet file: its record, and the place of its seal."""
    return {METADATA_KEY.decode(): record.to_json(), KEY.decode(): PLACE}
