"""What a reader hands on: values with their place and time, and what it left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import BoolArray
from rootzone._shared.errors import RequestError
from rootzone._shared.tables import Column, Schema

OBSERVATIONS: Final = Schema(
    "observations",
    (
        Column(
            "grid",
            "text",
            "-",
            "grid of row and col, such as ease2_36km, or cells",
        ),
        Column("row", "int", "-", "row of the cell from the north", required=False),
        Column("col", "int", "-", "column of the cell from the west", required=False),
        Column("lon", "float", "degree", "longitude of the cell, WGS 84"),
        Column("lat", "float", "degree", "latitude of the cell, WGS 84"),
        Column("date", "date", "-", "day of the look, UTC"),
        Column("sensor", "text", "-", "what looked, or which model"),
        Column("quantity", "text", "-", "what the value is, such as tb_v, theta or theta_sca_v"),
        Column("value", "float", "-", "in the unit of the column unit"),
        Column("unit", "text", "-", "unit of the value"),
        Column("top_mm", "float", "mm", "upper end of the layer", required=False),
        Column("bottom_mm", "float", "mm", "lower end of the layer", required=False),
        Column("incidence_deg", "float", "degree", "angle from nadir", required=False),
        Column("orbit", "text", "-", "asc, desc, am, pm or none", required=False),
        Column("quality", "int", "-", "the product's own flag", required=False),
        Column("file_digest", "text", "-", "digest of the file", required=False),
    ),
)


@dataclass
class Dropped:
    """How many values a reader left out, by reason; a value counts for its first reason only."""

    counts: dict[str, int] = field(default_factory=dict)
    kept: int = 0

    def keep(self, known: BoolArray, rules: Mapping[str, BoolArray]) -> BoolArray:
        """Which values stay after a list of rules.

        Parameters
        ----------
        known : array of bool
            Values that are there at all; the others are counted as fill.
        rules : mapping of str to array of bool
            What speaks against a value, in the order of weight.
        """
        left = np.ones(known.shape, dtype=np.bool_)
        for reason, bad in {"fill value": ~known, **rules}.items():
            here = left & np.asarray(bad, dtype=np.bool_)
            if here.any():
                self.counts[reason] = self.counts.get(reason, 0) + int(here.sum())
            left &= ~here
        self.kept += int(left.sum())
        return left

    def add(self, other: Dropped) -> None:
        """Count what another reading kept and left out as well."""
        self.kept += other.kept
        for why, count in other.counts.items():
            self.counts[why] = self.counts.get(why, 0) + count

    def lines(self) -> list[str]:
        """The counts as text, one a line."""
        return [
            f"{self.kept} values kept",
            *(f"{n} dropped: {why}" for why, n in self.counts.items()),
        ]


@dataclass(frozen=True)
class Observed:
    """A file's values.

    Parameters
    ----------
    frame : data frame
        Of `OBSERVATIONS`.
    dropped : Dropped
        What is not in it.
    said : tuple of str
        What the reader took: layer, unit, depth.
    """

    frame: pl.DataFrame
    dropped: Dropped
    said: tuple[str, ...]


class NothingLeftError(RequestError):
    """A file of the right kind has no value that counts, as where no satellite passed that day.

    Parameters
    ----------
    path : Path
        The file.
    dropped : Dropped
        What was in it, and why it does not count.
    """

    def __init__(self, path: Path, dropped: Dropped) -> None:
        super().__init__(f"{path}: no value is left; {', '.join(dropped.lines())}.")
        self.dropped = dropped
