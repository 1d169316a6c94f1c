"""Physics of all pixels of one weather cell in one year, kept as its anchors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, Float32Array, FloatArray, IntArray
from rootzone.hydraulics.site_layers import COVER_CODE
from rootzone.labels.field.anchors import Anchored, Asked, Interpolant, anchored
from rootzone.labels.field.columns import CellColumns

if TYPE_CHECKING:
    import polars as pl

_KEYS: Final = ("site_id", "cell_id", "top_mm", "bottom_mm", COVER_CODE)
_LOGARITHMIC: Final = ("alpha", "ksat")
_TEXTURE: Final = ("sand_pct", "silt_pct", "clay_pct")
LEVELS: Final = (0.5, 0.8, 0.9, 0.95)  # shares of errors that a piece tells
NO_LAND: Final = "INPUT_MISSING"

# Columns of the cell by their positions in, water content (column, day, depth) and the failure
# class of those without out.
SimulateColumns = Callable[[IntArray], tuple[FloatArray, Mapping[int, str]]]

# Every column chooses its own time steps, so two soils differ by about this, however near they are
# [m3 m-3]. Without it fewer than 85 % of different soils lie within their error of 95 %, which
# tests/maps/test_run_simulation.py refuses.
STEP_NOISE = 3e-5


@dataclass(frozen=True)
class ColumnSoils:
    """Soils of a cell's columns as numbers.

    Parameters
    ----------
    features : array, shape (column, feature)
        Every quantity at every mapped depth, each divided by its spread over the cell.
    group : array of int, shape (column,)
        Columns that may be mixed: those of one plant cover.
    known : array of bool, shape (column,)
        Whether the soils stage would take the column.
    """

    features: FloatArray
    group: IntArray
    known: BoolArray


def column_soils(layers: pl.DataFrame, found: CellColumns, tolerance_pct: float) -> ColumnSoils:
    """Soils of the columns of a cell.

    Parameters
    ----------
    layers : DataFrame
        Layers of its pixels, as ``site_layers`` samples them.
    found : CellColumns
        Which pixel stands for each column.
    tolerance_pct : float
        How far a texture may be from 100 % [%].
    """
    names = [name for name in layers.columns if name not in _KEYS]
    n_pixel = int((found.column >= 0).sum())
    n_layer = layers.height // max(n_pixel, 1)
    at = found.representative
    by_name = {
        name: layers[name].to_numpy().astype(np.float64).reshape(n_pixel, n_layer)[at]
        for name in names
    }
    known = np.ones(at.size, dtype=bool)
    for values in by_name.values():
        # A layer without data takes that of the layers above; the whole column needs one at least.
        known &= np.isfinite(values).all(axis=1)
    if set(_TEXTURE) <= set(by_name):
        total = sum(by_name[name] for name in _TEXTURE)
        known &= (np.abs(total - 100.0) <= tolerance_pct).all(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        columns = [np.log(v) if n in _LOGARITHMIC else v for n, v in by_name.items()]
    features = np.hstack(columns)
    spread = np.std(features[known], axis=0) if known.any() else np.ones(features.shape[1])
    features = np.where(known[:, None], features / np.where(spread > 0, spread, 1.0), 0.0)
    group = np.zeros(at.size, dtype=np.int64)
    if COVER_CODE in layers.columns:
        group = layers[COVER_CODE].to_numpy().reshape(n_pixel, n_layer)[at, 0].astype(np.int64)
    return ColumnSoils(features, group, known)


def cell_piece(
    found: CellColumns,
    soils: ColumnSoils,
    simulate: SimulateColumns,
    shape: tuple[int, int],
    asked: Asked,
    rng: np.random.Generator,
) -> dict[str, AnyArray]:
    """Choose and simulate the anchors of a cell.

    Parameters
    ----------
    found, soils : CellColumns, ColumnSoils
        The columns.
    simulate : callable
        Runs some of them.
    shape : tuple of int
        Days and depths.
    asked : Asked
        How good the rest must be.
    rng : Generator
        Draws the columns held out.

    Returns
    -------
    dict of array
        What `CellField` reads.
    """
    n = found.representative.size
    failure = np.full(n, "", dtype="U32")
    failure[~soils.known] = NO_LAND
    place = [found.window.row, found.window.col, found.window.height, found.window.width]
    piece: dict[str, AnyArray] = {
        "window": np.array(place),
        "column": found.column,
        "group": soils.group.astype(np.int16),
        "shape": np.array(shape),
    }
    reach = np.zeros(n, dtype=np.float32)
    simulated, worst = 0, 0.0
    for group in np.unique(soils.group[soils.known]).tolist():
        own = np.flatnonzero(soils.known & (soils.group == group))
        told: dict[int, str] = {}

        def run(which: IntArray, own: IntArray = own, told: dict[int, str] = told) -> FloatArray:
            theta, failed = simulate(own[which])
            told.update({int(own[which[i]]): name for i, name in failed.items()})
            return np.asarray(theta, dtype=np.float64).reshape(len(which), -1)

        made = anchored(soils.features[own], run, asked, rng)
        for column, name in told.items():
            failure[column] = name
        simulated += len(made.anchors) + len(told)
        if not len(made.anchors):
            failure[own] = next(iter(told.values()), NO_LAND)
            continue
        worst = max(worst, made.error)
        reach[own] = made.interpolant.reach(made.interpolant.coordinates(soils.features[own]))
        piece |= {f"{name}_{group}": value for name, value in _kept(made, soils, own).items()}
        piece[f"own_{group}"] = own.astype(np.int32)
    counts = np.array([simulated, worst])
    return {**piece, "failure": failure, "reach": reach, "counts": counts}


def _kept(made: Anchored, soils: ColumnSoils, own: IntArray) -> dict[str, AnyArray]:
    """An interpolation in single precision, without its inverse."""
    where = made.interpolant.coordinates(soils.features[own])
    return {
        "coordinates": where.astype(np.float32),
        "anchors": made.interpolant.anchors.astype(np.float32),
        "coefficients": made.interpolant.coefficients(made.values).astype(np.float32),
        "least": made.values.min(axis=0).astype(np.float32),
        "most": made.values.max(axis=0).astype(np.float32),
        "error": np.stack([made.error_of(level) for level in LEVELS]).astype(np.float32),
    }


class CellField:
    """Water content of a cell's pixels on any day of the year.

    Parameters
    ----------
    piece : mapping
        What `cell_piece` gave.
    """

    def __init__(self, piece: Mapping[str, AnyArray]) -> None:
        self._piece = piece
        self.top, self.left = (int(v) for v in piece["window"][:2])
        self.n_day, self.n_depth = (int(v) for v in piece["shape"])
        self.failure = piece["failure"]
        groups = [name.removeprefix("own_") for name in piece if name.startswith("own_")]
        self._groups = {int(name): self._interpolant(name) for name in groups}
        self._position = np.zeros(self.failure.size, dtype=np.int64)
        for name in groups:
            own = piece[f"own_{name}"]
            self._position[own] = np.arange(own.size)

    def _interpolant(self, name: str) -> Interpolant:
        anchors = self._piece[f"anchors_{name}"]
        nothing = np.empty((0, 0))
        return Interpolant(nothing, nothing, anchors.astype(np.float64), nothing)

    def columns(self, row: IntArray, col: IntArray) -> IntArray:
        """Columns of pixels of the master grid that lie in the cell."""
        return np.asarray(self._piece["column"][row - self.top, col - self.left], dtype=np.int64)

    def theta(self, column: IntArray, days: IntArray, *, exact: bool = True) -> Float32Array:
        """Water content of columns, float32, shape (column, day, depth); NaN where it failed.

        Parameters
        ----------
        column : array of int
            Columns, as `columns` gives them.
        days : array of int
            Days of the year, from 0.
        exact : bool
            As in `Interpolant.at`.
        """
        out = np.full((column.size, days.size, self.n_depth), np.nan, dtype=np.float32)
        taken = (np.asarray(days)[:, None] * self.n_depth + np.arange(self.n_depth)).ravel()
        for at, group in self._by_group(column):
            piece, model = self._piece, self._groups[group]
            where = piece[f"coordinates_{group}"][self._position[column[at]]].astype(np.float64)
            wanted = np.ascontiguousarray(piece[f"coefficients_{group}"][:, taken])
            told = model.at(where, wanted, exact=exact)
            # Between soils, never beyond all of them.
            low, high = piece[f"least_{group}"][taken], piece[f"most_{group}"][taken]
            out[at] = np.clip(told, low, high).reshape(at.size, days.size, self.n_depth)
        return out

    def error(self, column: IntArray, day: int, level: float) -> Float32Array:
        """Error that a share ``level`` stays below, shape (column, depth) [m3 m-3]."""
        out = np.full((column.size, self.n_depth), np.nan, dtype=np.float32)
        taken = day * self.n_depth + np.arange(self.n_depth)
        for at, group in self._by_group(column):
            known = self._piece[f"error_{group}"][:, taken]
            factor = [np.interp(level, LEVELS, known[:, k]) for k in range(self.n_depth)]
            between = self._piece["reach"][column[at]][:, None] * np.array(factor)[None]
            out[at] = np.hypot(between, STEP_NOISE)
        return out

    def _by_group(self, column: IntArray) -> list[tuple[IntArray, int]]:
        group, good = self._piece["group"][column], self.failure[column] == ""
        return [(np.flatnonzero(good & (group == g)), g) for g in self._groups]
