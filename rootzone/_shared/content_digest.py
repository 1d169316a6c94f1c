"""Digest of the rows of a table: what they say, not how a file holds them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl


def digest_rows(frame: pl.DataFrame, columns: Sequence[str] | None = None) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a frame's names, types and values, in order.

    Parameters
    ----------
    frame : polars.DataFrame
        Numbers, texts, dates, truth values, lists and structs of these.
    columns : sequence of str, optional
        Columns that count, those that the frame lacks left out; all when not given. Their order
        does not matter.

    Returns
    -------
    digest : str
        The same for equal rows, whatever the file, its compression or its row groups.
    """
    state = hashlib.sha256()
    chosen = frame.columns if columns is None else [c for c in columns if c in frame.columns]
    for name in sorted(chosen):
        series = frame.get_column(name)
        state.update(f"{name}:{series.dtype}:{len(series)};".encode())
        _add(state, series)
    return state.hexdigest()[:16]


def _add(state: hashlib._Hash, series: pl.Series) -> None:
    import polars as pl

    if isinstance(series.dtype, pl.List | pl.Array):
        lengths = (series.list if isinstance(series.dtype, pl.List) else series.arr).len()
        _add(state, lengths)
        _add(state, series.explode(empty_as_null=False))
    elif isinstance(series.dtype, pl.Struct):
        for part in series.struct.unnest().iter_columns():
            _add(state, part)
    elif series.dtype.is_numeric():
        state.update(series.is_null().to_numpy().tobytes() if series.null_count() else b"")
        state.update(np.ascontiguousarray(series.fill_null(0).to_numpy()).tobytes())
    else:
        texts = series.cast(pl.String).fill_null("\x01")
        state.update("\x00".join(texts.to_list()).encode())
