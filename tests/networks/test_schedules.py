"""Schedules at times where the value is known by hand."""

from __future__ import annotations

import math

import pytest

from rootzone.networks.schedules import data_weight, lr_factor


@pytest.mark.parametrize(
    ("schedule", "progress", "expected"),
    [
        # linear: section 3.7.4, 0.8 (1 - t)
        ("linear", 0.0, 0.8),
        ("linear", 0.25, 0.6),
        ("linear", 1.0, 0.0),
        # step: ten equal steps, the third begins at t = 0.3
        ("step", 0.299, 0.64),
        ("step", 0.3, 0.56),
        ("step", 1.0, 0.0),
        # step_to_zero: 1 - floor(10 t) / 9, so 0.8 x 8/9 from 0.1 on and 0 from 0.9 on
        ("step_to_zero", 0.0, 0.8),
        ("step_to_zero", 0.15, 0.8 * 8 / 9),
        ("step_to_zero", 0.9, 0.0),
        ("step_to_zero", 1.0, 0.0),
        # cosine: 0.4 (1 + cos(pi t))
        ("cosine", 0.0, 0.8),
        ("cosine", 1 / 3, 0.6),
        ("cosine", 0.5, 0.4),
        ("constant", 0.7, 0.8),
    ],
)
def test_the_weight_of_the_data(schedule: str, progress: float, expected: float) -> None:
    assert data_weight(schedule, 0.8, progress) == pytest.approx(expected, abs=1e-12)  # type: ignore[arg-type]


@pytest.mark.parametrize("schedule", ["linear", "step", "cosine"])
def test_the_weight_of_the_data_never_leaves_its_range(schedule: str) -> None:
    weights = [data_weight(schedule, 1.0, t / 50) for t in range(-5, 60)]  # type: ignore[arg-type]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] == 1.0
    assert weights[-1] == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize(
    ("schedule", "progress", "expected"),
    [
        ("constant", 0.9, 1.0),
        ("cosine", 0.0, 1.0),
        ("cosine", 0.5, 0.01 + 0.99 * 0.5),
        ("cosine", 1.0, 0.01),
        # section 4.1: times 0.8 every 100 epochs; 250 of 1000 are two steps
        ("step", 0.25, 0.64),
        ("step", 1.0, 0.8**10),
    ],
)
def test_the_step_size(schedule: str, progress: float, expected: float) -> None:
    assert math.isclose(lr_factor(schedule, progress), expected, rel_tol=1e-12)  # type: ignore[arg-type]


def test_a_warm_start_rises_and_is_the_cosine_then() -> None:
    # By hand: 0.01 at first, half of a twentieth is 0.51 of the cosine, the whole of it after.
    assert lr_factor("warm_cosine", 0.0) == pytest.approx(0.01)
    assert lr_factor("warm_cosine", 0.025) == pytest.approx(0.51 * lr_factor("cosine", 0.025))
    assert lr_factor("warm_cosine", 0.5) == lr_factor("cosine", 0.5)
