r"""Values of many soils from those of a few: which soils to simulate, and how to go between them.

The simulated soils are the anchors. A soil's series is a weighted sum of the anchors' series, with
weights that depend on the soils alone, so one set of weights serves every day and depth. They are
those of the radial function :math:`r^3` with a linear tail, the smoothest function through the
anchors in three dimensions (Duchon 1977); between anchors on a line it is the cubic spline.

Distances are taken where the answer is nearly linear: directions in which water content does not
change count little, those in which it changes most count most. The directions come from the
anchors themselves, and how much the others count is chosen by leaving each anchor out in turn
(Rippa 1999, doi:10.1023/A:1018975909870).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.linalg import lapack
from scipy.spatial.distance import cdist

from rootzone._shared.arrays import FloatArray, IntArray

FLOORS: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
_KEPT: Final = 1e-6  # directions with less than this share of the largest variance are left out
_BLOCK: Final = 4096  # soils at a time
_RIDGE: Final = 1e-10  # on the kernel, relative; anchors that nearly coincide stay solvable


@dataclass(frozen=True)
class Interpolant:
    """The way from anchors to any soil.

    Parameters
    ----------
    centre, turn : array, shapes (feature,) and (feature, direction)
        A soil's coordinates are ``(features - centre) @ turn``.
    anchors : array, shape (anchor, direction)
        Coordinates of the anchors.
    inverse : array, shape (anchor + 1 + direction, anchor + 1 + direction)
        Inverse of the kernel with its tail.
    """

    centre: FloatArray
    turn: FloatArray
    anchors: FloatArray
    inverse: FloatArray

    def coordinates(self, features: FloatArray) -> FloatArray:
        """Where soils lie, shape (soil, direction)."""
        return np.asarray((features - self.centre) @ self.turn)

    def coefficients(self, values: FloatArray) -> FloatArray:
        """What `at` takes of the anchors' values, shape (anchor + 1 + direction, value)."""
        return np.asarray(self.inverse[:, : len(self.anchors)] @ values)

    def at(
        self, coordinates: FloatArray, coefficients: FloatArray, *, exact: bool = True
    ) -> FloatArray:
        """Values of soils, shape (soil, value), in the precision of the coefficients.

        Parameters
        ----------
        coordinates, coefficients
            As `coordinates` and `coefficients` give them.
        exact : bool
            Whether a soil's value is the same to the last bit whatever soils and values are asked
            for beside it. A product of matrices sums in an order that depends on their sizes; it
            is eight times as fast and right to the rounding of its precision.
        """
        out = np.empty((len(coordinates), coefficients.shape[1]), dtype=coefficients.dtype)
        single = coefficients.astype(np.float64) if exact else coefficients
        columns = np.ascontiguousarray(single.T) if exact else single
        for start in range(0, len(coordinates), _BLOCK):
            here = slice(start, start + _BLOCK)
            basis = self._basis(coordinates[here])
            if exact:
                for k, column in enumerate(columns):
                    out[here, k] = np.einsum("ij,j->i", basis, column)
            else:
                out[here] = basis.astype(coefficients.dtype) @ coefficients
        return out

    def reach(self, coordinates: FloatArray) -> FloatArray:
        r"""How uncertain each soil is, but for one factor: the power function, shape (soil,).

        The error at a soil is at most this times the roughness of the true function; it is 0 at
        an anchor and grows with the distance from them.
        """
        out = np.empty(len(coordinates))
        for start in range(0, len(coordinates), _BLOCK):
            basis = self._basis(coordinates[start : start + _BLOCK])
            square = -np.einsum("ij,ij->i", basis @ self.inverse, basis)
            out[start : start + _BLOCK] = np.sqrt(np.maximum(square, 0.0))
        return out

    def left_out(self, values: FloatArray) -> FloatArray:
        """Error at each anchor were it not one, shape (anchor, value), without solving again."""
        n = len(self.anchors)
        return np.asarray(self.coefficients(values)[:n] / np.diag(self.inverse)[:n, None])

    def _basis(self, coordinates: FloatArray) -> FloatArray:
        near = cdist(coordinates, self.anchors)
        return np.hstack([near**3, np.ones((len(near), 1)), coordinates])


def fit(features: FloatArray, values: FloatArray, floors: Sequence[float] = FLOORS) -> Interpolant:
    """The interpolant of some anchors.

    Parameters
    ----------
    features : array, shape (anchor, feature)
        The anchors' soils, each feature of one scale.
    values : array, shape (anchor, value)
        Their simulated values, such as a year of water content.
    floors : sequence of float
        How much a direction without effect may count, of which the best by leaving out is taken.

    Examples
    --------
    Water content that is linear in the soil is met exactly:

    >>> soils = np.array([[0.0], [1.0], [2.0], [4.0]])
    >>> found = fit(soils, 0.1 + 0.05 * soils)
    >>> weights = found.coefficients(0.1 + 0.05 * soils)
    >>> found.at(found.coordinates(np.array([[3.0]])), weights).round(6).tolist()
    [[0.25]]
    """
    centre = features.mean(axis=0)
    shifted = features - centre
    found = [_solved(centre, shifted, turn) for turn in _turns(shifted, values, floors)]
    errors = [float(np.square(one.left_out(values)).mean()) for one in found]
    return found[int(np.nanargmin(errors))]


def _turns(shifted: FloatArray, values: FloatArray, floors: Sequence[float]) -> list[FloatArray]:
    """Directions scaled by their effect, for each floor."""
    variance = np.square(shifted).mean(axis=0).sum()
    ridge = 1e-3 * variance / max(shifted.shape[1], 1) * len(shifted) + 1e-300
    square = shifted.T @ shifted + ridge * np.eye(shifted.shape[1])
    slope = np.linalg.solve(square, shifted.T @ (values - values.mean(axis=0)))
    effect = slope @ slope.T / values.shape[1]
    spread = shifted.T @ shifted / len(shifted)
    # What the land has no spread in, cannot be told apart there and counts nothing.
    scale, axes = np.linalg.eigh(spread)
    axes = axes[:, scale > _KEPT * scale[-1]]
    inside = axes.T @ effect @ axes
    typical = np.trace(inside @ (axes.T @ spread @ axes)) / max(np.trace(axes.T @ spread @ axes),
                                                                 1e-300)  # fmt: skip
    turns = []
    for floor in floors:
        eigen, vectors = np.linalg.eigh(inside + floor * max(typical, 1e-300) * np.eye(len(inside)))
        turn = axes @ (vectors * np.sqrt(eigen))
        turns.append(turn / np.sqrt(np.square(shifted @ turn).sum(axis=1).mean() + 1e-300))
    return turns


def _solved(centre: FloatArray, shifted: FloatArray, turn: FloatArray) -> Interpolant:
    anchors = shifted @ turn
    n = len(anchors)
    tail = np.hstack([np.ones((n, 1)), anchors])
    kernel = cdist(anchors, anchors) ** 3
    kernel[np.diag_indices(n)] -= _RIDGE * kernel.max()
    corner = -1e-12 * np.eye(tail.shape[1])  # a plane of anchors leaves the tail undetermined
    whole = np.block([[kernel, tail], [tail.T, corner]])
    return Interpolant(centre, turn, anchors, _inverse(whole))


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverse of a symmetric matrix that need not be definite."""
    factor, pivot, problem = lapack.dsytrf(matrix, lower=1)
    if problem == 0:
        lower, problem = lapack.dsytri(factor, pivot, lower=1)
    if problem != 0:
        return np.asarray(np.linalg.pinv(matrix))
    return np.asarray(np.tril(lower) + np.tril(lower, -1).T)


@dataclass(frozen=True)
class Asked:
    """What is asked of an interpolation.

    Parameters
    ----------
    error : float
        95th percentile of the error at held-out soils, over all their values [m3 m-3].
    first, step : int
        Anchors at the start, and soils held out at each step.
    most : int
        Largest number of simulated soils.
    """

    error: float = 0.002
    first: int = 40
    step: int = 64
    most: int = 1200


@dataclass(frozen=True)
class Anchored:
    """An interpolation that holds what was asked, or the best that the limit allows.

    Parameters
    ----------
    interpolant : Interpolant
        From anchors to soils.
    anchors : array of int
        Positions of the anchors among the soils.
    values : array, shape (anchor, value)
        Their values.
    error : float
        95th percentile of the error at the last soils held out; these are anchors since.
    ratio : array, shape (held out, value)
        Their errors over their `Interpolant.reach`, from which errors elsewhere are told.
    """

    interpolant: Interpolant
    anchors: IntArray
    values: FloatArray
    error: float
    ratio: FloatArray

    def error_of(self, level: float) -> FloatArray:
        """Error that a share ``level`` of soils stays below, over their reach, for each value."""
        return np.asarray(np.quantile(self.ratio, level, axis=0))


Simulate = Callable[[IntArray], FloatArray]


def anchored(
    features: FloatArray, simulate: Simulate, asked: Asked, rng: np.random.Generator
) -> Anchored:
    """Choose anchors among soils until held-out soils are met.

    The first lie far apart. Then soils drawn at random are simulated and held against the
    interpolation; if it does not hold they become anchors, and so do as many of those that lie
    farthest from all anchors, where the error is largest. Soils without values (NaN) are left out.

    Parameters
    ----------
    features : array, shape (soil, feature)
        All soils, each different, every feature of one scale.
    simulate : callable
        Values of some soils by their positions, shape (soil, value).
    asked : Asked
        How good.
    rng : Generator
        Draws what is held out.
    """
    n = len(features)
    chosen = far_apart(features, min(asked.first, n))
    known, values = _usable(chosen, simulate)
    error, ratio = np.nan, np.zeros((1, values.shape[1]))
    while True:
        left = np.setdiff1d(np.arange(n), chosen)
        if len(known) <= 1 or not left.size:
            break
        model = fit(features[known], values)
        held = rng.permutation(left)[: asked.step]
        chosen = np.concatenate([chosen, held])
        held, true = _usable(held, simulate)
        if held.size:
            at = model.coordinates(features[held])
            off = np.abs(model.at(at, model.coefficients(values)) - true)
            error = float(np.quantile(off, 0.95))
            ratio = off / np.maximum(model.reach(at), 1e-9)[:, None]
            known, values = np.concatenate([known, held]), np.concatenate([values, true])
        if error <= asked.error or len(chosen) >= asked.most:
            break
        # As many again as there are, where they are needed most: a tenth of what is known or more.
        left = np.setdiff1d(left, chosen)
        size = min(max(asked.step, len(known) // 3), left.size, asked.most - len(chosen))
        far = _farthest(model, features, left, size, rng)
        chosen = np.concatenate([chosen, far])
        far, more = _usable(far, simulate)
        known, values = np.concatenate([known, far]), np.concatenate([values, more])
    model = fit(features[known], values) if len(known) else fit(np.zeros((1, 1)), np.zeros((1, 1)))
    return Anchored(model, known, values, 0.0 if n == len(chosen) else error, ratio)


def _usable(chosen: IntArray, simulate: Simulate) -> tuple[IntArray, FloatArray]:
    values = simulate(chosen)
    good = np.isfinite(values).all(axis=1)
    return chosen[good], values[good]


def _farthest(
    model: Interpolant, features: FloatArray, left: IntArray, size: int, rng: np.random.Generator
) -> IntArray:
    """Soils far from the anchors and from each other."""
    some = rng.permutation(left)[: 20 * size]
    reach = model.reach(model.coordinates(features[some]))
    worst = some[np.argsort(-reach, kind="stable")[: 4 * size]]
    picked = far_apart(model.coordinates(features[worst]), min(size, worst.size))
    return np.asarray(worst[picked])


def far_apart(points: FloatArray, n: int) -> IntArray:
    """Positions of points, each the farthest from those before; the first is the most central.

    Examples
    --------
    >>> far_apart(np.array([[0.0], [1.0], [2.1], [9.0]]), 3).tolist()
    [2, 3, 0]
    """
    middle = points.mean(axis=0)
    first = int(np.argmin(np.square(points - middle).sum(axis=1)))
    picked, nearest = [first], np.full(len(points), np.inf)
    while len(picked) < n:
        gap = np.square(points - points[picked[-1]]).sum(axis=1)
        nearest = np.minimum(nearest, gap)
        picked.append(int(np.argmax(nearest)))
    return np.array(picked, dtype=np.int64)
