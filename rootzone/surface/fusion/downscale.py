"""A coarse moisture product brought to fine pixels by trees on what fine sensors see.

Trees learn, on means over coarse cells, what the product's value is where vegetation, temperature,
terrain, soil and rain are such; asked at fine pixels, they give the pattern inside a cell. Adding
the coarse residual back (`conserved`) makes cell means match the product, and brings its noise back
with it: in the made-up province it lowers skill at 1 km, so it is an option and not the default.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.surface.grids.aggregate import Grid, Weights, spread

Predictors = Callable[[int], AnyArray]
"""Fine fields of a day by its number, shape (predictor, row, column); NaN where unknown."""

LEAST_SHARE: Final = 0.7
"""Share of a cell's fine pixels that must be known for the cell to train."""
_INSIDE_PCT: Final = (0.5, 99.5)


@dataclass(frozen=True)
class DownscaleSettings:
    """How trees are grown.

    Parameters
    ----------
    rounds, stop_after : int
        Most trees, and how many without gain at held-out cells end the growth.
    leaves, least_in_leaf : int
        Size of a tree, fewest samples of a leaf.
    rate : float
        Learning rate.
    block_cells, folds : int
        Cells are held out in blocks of this side, in this many folds.
    seed : int
        Settles folds and trees.
    """

    rounds: int = 2000
    stop_after: int = 50
    leaves: int = 31
    least_in_leaf: int = 50
    rate: float = 0.05
    block_cells: int = 2
    folds: int = 4
    seed: int = 0

    def of_trees(self) -> dict[str, Any]:
        """The same for LightGBM: one thread, deterministic."""
        return {
            "num_leaves": self.leaves, "min_data_in_leaf": self.least_in_leaf,
            "learning_rate": self.rate, "feature_fraction": 0.8, "deterministic": True,
            "num_threads": 1, "force_row_wise": True, "verbose": -1, "seed": self.seed,
        }  # fmt: skip


@dataclass(frozen=True)
class Downscaler:
    """Trees from predictors to the product's value, and where they have seen the like.

    Parameters
    ----------
    names : sequence of str
        Predictors, in order.
    booster : object
        The trees.
    low, high : array, shape (predictor,)
        0.5 and 99.5 % of the training cells.
    rounds : int
        Trees grown.
    held_out_rmse : float
        RMSE at cells held out in blocks [m3 m-3].
    """

    names: Sequence[str]
    booster: Any
    low: FloatArray
    high: FloatArray
    rounds: int
    held_out_rmse: float

    def at(self, predictors: AnyArray) -> tuple[FloatArray, BoolArray]:
        """Water content at fine pixels [m3 m-3], and where trees are asked beyond their training.

        Parameters
        ----------
        predictors : array, shape (predictor, row, column)
            Fields of one day; a pixel that lacks any has no value.

        Returns
        -------
        theta : array, shape (row, column)
        outside : array of bool, shape (row, column)
            Some predictor lies outside 0.5 to 99.5 % of the training cells: trees are flat there.
        """
        if len(predictors) != len(self.names):
            raise RequestError(
                f"{len(predictors)} predictors were given; the trees know {', '.join(self.names)}."
            )
        flat = np.asarray(predictors, np.float64).reshape(len(self.names), -1)
        known = np.isfinite(flat).all(axis=0)
        theta = np.full(flat.shape[1], np.nan)
        if known.any():
            theta[known] = self.booster.predict(flat[:, known].T)
        shape = np.shape(predictors)[1:]
        beyond = (flat < self.low[:, None]) | (flat > self.high[:, None])
        outside: BoolArray = np.asarray(beyond.any(axis=0) & known).reshape(shape)
        return np.asarray(theta.reshape(shape)), outside


def fit_downscaler(
    names: Sequence[str],
    predictors: Predictors,
    product: AnyArray,
    weights: Weights,
    settings: DownscaleSettings | None = None,
    *,
    constant_ok: bool = False,
) -> Downscaler:
    """Grow trees on means over cells; how many is settled at cells held out in blocks.

    Parameters
    ----------
    names : sequence of str
        Predictors.
    predictors : callable
        Their fine fields by day.
    product : array, shape (day, cell row, cell column)
        The coarse product [m3 m-3]; NaN where unknown.
    weights : Weights
        From fine pixels to cells.
    settings : DownscaleSettings, optional
        How.
    constant_ok : bool
        Whether a predictor may be the same in every cell and day, as rain in a dry season: trees
        learn nothing from it then, and another value of it is flagged as beyond training.

    Raises
    ------
    RequestError
        The product has other cells than the weights, a predictor never varies over cells, or fewer
        than two blocks of cells are known.
    """
    import lightgbm

    settings = settings or DownscaleSettings()
    if product.shape[1:] != weights.coarse_shape:
        raise RequestError(
            f"The product has cells {product.shape[1:]}, the weights {weights.coarse_shape}."
        )
    x, y, block = _training_cells(predictors, product, weights, settings.block_cells)
    if len(x) == 0 or x.shape[1] != len(names):
        told = "no cell is known on any day" if len(x) == 0 else f"{x.shape[1]} fields a day"
        raise RequestError(f"{len(names)} predictors are named, but {told}.")
    fold = _folds(block, settings)
    if len(np.unique(fold)) < 2:
        raise RequestError(
            f"All known cells lie in one block of {settings.block_cells} x {settings.block_cells}; "
            "more cells, or smaller blocks, are needed to hold any out."
        )
    constant = [n for n, values in zip(names, x.T, strict=True) if values.min() == values.max()]
    if constant and not constant_ok:
        raise RequestError(f"{constant[0]} is the same in every cell and day; leave it out.")
    trees = settings.of_trees()
    rounds, off = [], np.empty(len(y))
    for one in np.unique(fold):
        held = fold == one
        train = lightgbm.Dataset(x[~held], y[~held], feature_name=list(names))
        booster = lightgbm.train(
            trees, train, settings.rounds,
            valid_sets=[lightgbm.Dataset(x[held], y[held], reference=train)],
            callbacks=[lightgbm.early_stopping(settings.stop_after, verbose=False)],
        )  # fmt: skip
        rounds.append(booster.best_iteration or settings.rounds)
        off[held] = np.asarray(booster.predict(x[held]), np.float64) - y[held]
    best = int(np.median(rounds))
    booster = lightgbm.train(trees, lightgbm.Dataset(x, y, feature_name=list(names)), best)
    low, high = np.percentile(x, _INSIDE_PCT, axis=0)
    return Downscaler(list(names), booster, low, high, best, float(np.sqrt((off**2).mean())))


def conserved(
    theta: AnyArray, product: AnyArray, weights: Weights, coarse: Grid, fine: Grid
) -> FloatArray:
    """A fine field moved so that its cell means are the product's to 1e-4.

    The residual of each cell is spread bilinearly, and what that leaves is spread again.

    Parameters
    ----------
    theta : array, shape (row, column)
        Fine field of a day.
    product : array, shape (cell row, cell column)
        The product that day.
    weights : Weights
        From fine pixels to cells.
    coarse, fine : Grid
        The two grids.
    """
    out = np.asarray(theta, np.float64).copy()
    for _ in range(60):
        left = product - weights.mean(out)[0]
        known = np.isfinite(left)
        if not known.any() or np.abs(left[known]).max() < 1e-4:
            break
        out = out + np.nan_to_num(spread(left, coarse, fine, "bilinear"))
    return out


def _training_cells(
    predictors: Predictors, product: AnyArray, weights: Weights, side: int
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Means over known cells, the product there, and the blocks that they lie in."""
    parts: list[tuple[FloatArray, FloatArray, IntArray]] = []
    row, col = np.indices(weights.coarse_shape)
    across = -(-weights.coarse_shape[1] // side)
    block = (row // side) * across + col // side
    for day in range(len(product)):
        if not np.isfinite(product[day]).any():
            continue
        mean, share = weights.mean(predictors(day))
        known = np.isfinite(product[day]) & (share >= LEAST_SHARE).all(axis=0)
        parts.append((mean[:, known].T, product[day][known], block[known]))
    if not parts:
        return np.empty((0, 0)), np.empty(0), np.empty(0, dtype=np.int64)
    x, y, blocks = (np.concatenate(column) for column in zip(*parts, strict=True))
    return x, y, blocks


def _folds(block: IntArray, settings: DownscaleSettings) -> IntArray:
    blocks = np.unique(block)
    # Every n-th block in an order of its own, so that neighbours fall into different folds.
    order = np.argsort((blocks * 2654435761 + settings.seed) % 2**32, kind="stable")
    fold_of = np.empty(len(blocks), dtype=np.int64)
    fold_of[order] = np.arange(len(blocks)) % settings.folds
    out: IntArray = fold_of[np.searchsorted(blocks, block)]
    return out
