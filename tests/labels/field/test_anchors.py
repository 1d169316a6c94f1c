"""Values between a few simulated soils: what is met exactly, what is estimated, what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone.labels.field.anchors import Asked, Interpolant, anchored, far_apart, fit


def _at(model: Interpolant, values: FloatArray, features: FloatArray) -> FloatArray:
    return model.at(model.coordinates(features), model.coefficients(values))


def test_anchors_keep_their_own_values() -> None:
    rng = np.random.default_rng(1)
    soils, values = rng.normal(size=(40, 5)), rng.uniform(0.05, 0.45, size=(40, 7))
    model = fit(soils, values)
    assert _at(model, values, soils) == pytest.approx(values, abs=1e-6)
    assert model.reach(model.coordinates(soils)).max() < 1e-3


def test_on_a_line_it_is_the_natural_cubic_spline() -> None:
    # Another program: the smoothest curve through points on a line is SciPy's natural spline.
    x = np.array([0.0, 1.0, 2.5, 3.0, 4.2, 6.0])
    y = np.array([0.1, 0.3, 0.2, 0.25, 0.4, 0.35])
    asked = np.linspace(0.0, 6.0, 25)
    found = _at(fit(x[:, None], y[:, None]), y[:, None], asked[:, None])[:, 0]
    assert found == pytest.approx(CubicSpline(x, y, bc_type="natural")(asked), abs=1e-6)


def test_leaving_an_anchor_out_is_told_without_solving_again() -> None:
    rng = np.random.default_rng(2)
    soils, values = rng.normal(size=(25, 3)), rng.normal(size=(25, 2))
    model = fit(soils, values, floors=[0.1])
    rest = np.arange(25) != 7
    # By definition: the anchors without the seventh, in the same coordinates.
    again = fit_in(model, rest)
    missing = again.at(model.anchors[~rest], again.coefficients(values[rest]))
    assert model.left_out(values)[7] == pytest.approx((values[~rest] - missing)[0], rel=1e-4)


def fit_in(model: Interpolant, kept: FloatArray) -> Interpolant:
    from rootzone.labels.field.anchors import _solved

    anchors = model.anchors[kept]
    centre = np.zeros(anchors.shape[1])
    return _solved(centre, anchors, np.eye(anchors.shape[1]))


def _soil_answer(soils: FloatArray) -> FloatArray:
    """A smooth answer with the curvature of a retention curve, in three of the directions."""
    a, b, c = soils[:, 0], soils[:, 1], soils[:, 2]
    day = np.linspace(0.0, 1.0, 12)
    wet = 1.0 / (1.0 + np.exp(-(a[:, None] + 2.0 * day - 1.0)))
    return np.asarray(0.1 + 0.2 * wet + 0.03 * np.tanh(b)[:, None] * day + 0.01 * c[:, None] ** 2)


def test_anchors_are_added_until_held_out_soils_are_met() -> None:
    soils = np.random.default_rng(3).uniform(-1.7, 1.7, size=(4000, 6))
    run: list[int] = []

    def simulate(which: IntArray) -> FloatArray:
        run.extend(which.tolist())
        return _soil_answer(soils[which])

    found = anchored(soils, simulate, Asked(error=0.003), np.random.default_rng(4))
    off = np.abs(_at(found.interpolant, found.values, soils) - _soil_answer(soils))
    # Held against 64 soils, so the share that holds is known to some 3 %.
    assert (off <= 0.003).mean() > 0.92
    assert found.error <= 0.003
    assert len(run) == len(set(run)) == len(found.anchors) < 1200
    # The error told for each soil holds about as often as it says.
    told = found.interpolant.reach(found.interpolant.coordinates(soils))[:, None]
    within = (off <= told * found.error_of(0.9)).mean()
    assert 0.8 < within < 0.98


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_soils_are_all_simulated(n: int) -> None:
    soils = np.arange(2.0 * n).reshape(n, 2)
    values = 0.1 + 0.01 * soils[:, :1]
    found = anchored(soils, lambda which: values[which], Asked(), np.random.default_rng(0))
    assert sorted(found.anchors.tolist()) == list(range(n))
    assert found.error == 0.0
    shown = _at(found.interpolant, found.values, soils[found.anchors])
    assert shown == pytest.approx(found.values, abs=1e-9)


def test_soils_that_fail_are_no_anchors() -> None:
    soils = np.random.default_rng(5).normal(size=(300, 2))

    def simulate(which: IntArray) -> FloatArray:
        return np.where(which[:, None] % 3 == 0, np.nan, 0.1 + 0.01 * soils[which][:, :1])

    found = anchored(soils, simulate, Asked(), np.random.default_rng(6))
    assert (found.anchors % 3 != 0).all()
    assert np.isfinite(found.values).all()


def test_far_apart_takes_the_corners_of_a_square_before_what_lies_between() -> None:
    corners = np.array([[0.0, 0.0], [0.0, 4.0], [4.0, 0.0], [4.0, 4.0]])
    points = np.vstack([corners, [[2.0, 2.0]], 2.0 + np.random.default_rng(0).normal(size=(20, 2))
                        * 0.1])  # fmt: skip
    assert set(far_apart(points, 5)[1:].tolist()) == {0, 1, 2, 3}
