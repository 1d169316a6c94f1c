"""A profiles table read back, from Parquet or from our CSV."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_frame
from rootzone._shared.tables import PROFILES


def read_profiles(path: Path) -> pl.DataFrame:
    """Daily profiles, one row a site and date, ``theta`` as a list of one value per layer.

    In CSV the list is the text ``[0.21, 0.27]`` in one quoted cell; the shortest text that reads
    back to the same number is written, so both forms give the same values.

    Raises
    ------
    RequestError
        The file is no profiles table, or a theta cell is not such a list.
    """
    frame = read_frame(path)
    if frame.schema.get("theta") == pl.String:
        inside = pl.col("theta").str.strip_chars("[] ").str.split(",")
        numbers = inside.list.eval(pl.element().str.strip_chars().cast(pl.Float64, strict=False))
        frame = frame.with_columns(numbers.alias("theta"))
        unreadable = frame.get_column("theta").list.eval(pl.element().is_null()).list.any()
        if bool(unreadable.fill_null(value=True).any()):
            row = int(unreadable.fill_null(value=True).arg_max() or 0)
            raise RequestError(f"{path} row {row + 1}: theta is not a list such as [0.21, 0.27].")
    problems = PROFILES.problems(frame.to_arrow(compat_level=pl.CompatLevel.oldest()).schema)
    if problems:
        raise RequestError(f"{path} is not a profiles table: " + "; ".join(problems) + ".")
    return frame
