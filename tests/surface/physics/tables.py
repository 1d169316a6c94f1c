"""Reference tables of ``tests/surface/data``; its README names their sources."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rootzone._shared.arrays import FloatArray

DATA = Path(__file__).resolve().parents[1] / "data"


def columns(name: str, *wanted: str) -> tuple[FloatArray, ...]:
    frame = pl.read_csv(DATA / f"{name}.csv", infer_schema_length=None)
    return tuple(frame[column].cast(pl.Float64).to_numpy(writable=True) for column in wanted)
