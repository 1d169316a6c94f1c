"""How candidates are kept small, and how distance is measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootzone.design.features import (
    SPACE_NAMES,
    STORED,
    Moments,
    Space,
    cell_ids,
    record_dtype,
    values_of,
)
from rootzone.design.settings import FeatureWeights

pytestmark = pytest.mark.kernels


def _q(n: int = 500) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 3000, (n, len(STORED))).astype(np.uint16)


@given(st.floats(0, 100), st.floats(-500, 12_000))
def test_values_come_back_within_half_a_step(sand: float, height: float) -> None:
    for feature, value in ((STORED[0], sand), (STORED[3], height)):
        back = feature.unpack(feature.pack(np.array([value])))[0]
        assert abs(back - value) <= feature.step / 2 + 1e-9


def test_a_candidate_takes_sixteen_bytes_on_colorados_grid() -> None:
    assert record_dtype(21_568 * 16_960).itemsize == 16
    assert record_dtype(160_000 * 105_000).itemsize == 20  # pixel numbers beyond 2^32


def test_moments_are_those_of_numpy() -> None:
    q = _q()
    moments = Moments.of(q)
    assert moments.mean() == pytest.approx(q.mean(axis=0), rel=1e-12)
    assert moments.sd() == pytest.approx(q.std(axis=0), rel=1e-9)


def test_moments_of_parts_add_up_exactly() -> None:
    q = _q()
    assert Moments.of(q[:123]) + Moments.of(q[123:]) == Moments.of(q)


def test_the_cells_number_has_the_moments_of_row_times_width_plus_column() -> None:
    q = _q()
    numbers = q[:, 4].astype(float) * 1386 + q[:, 5]
    mean, sd = Moments.of(q).cell_id(1386)
    assert mean == pytest.approx(numbers.mean(), rel=1e-12)
    assert sd == pytest.approx(numbers.std(), rel=1e-9)
    assert cell_ids(q, 1386).tolist() == numbers.astype(int).tolist()


def test_the_land_has_mean_0_and_spread_1_in_its_own_space() -> None:
    q = _q(4000)
    x = Space.of_land(Moments.of(q), FeatureWeights(), 1386).place(q).astype(float)
    assert x.shape == (4000, len(SPACE_NAMES))
    assert x.mean(axis=0) == pytest.approx(np.zeros(7), abs=1e-4)
    assert x.std(axis=0) == pytest.approx(np.ones(7), abs=1e-4)


def test_a_weight_stretches_its_feature_and_0_leaves_it_out() -> None:
    q = _q()
    weights = FeatureWeights(sand_pct=3.0, cell_id=0.0)
    x = Space.of_land(Moments.of(q), weights, 1386).place(q).astype(float)
    assert x[:, 0].std() == pytest.approx(3.0, abs=1e-4)
    assert not x[:, 6].any()


def test_a_feature_that_does_not_vary_counts_nothing() -> None:
    q = _q()
    q[:, 3] = 42
    x = Space.of_land(Moments.of(q), FeatureWeights(), 1386).place(q)
    assert not x[:, 3].any()
    assert np.isfinite(x).all()


def test_variance_is_the_mean_squared_distance_from_the_centre() -> None:
    q = _q()
    space = Space.of_land(Moments.of(q), FeatureWeights(), 1386)
    part = q[q[:, 0] < 1000]
    x = space.place(part).astype(float)
    by_hand = ((x - x.mean(axis=0)) ** 2).sum(axis=1).mean()
    assert space.variance(Moments.of(part)) == pytest.approx(by_hand, rel=1e-4)


def test_values_have_their_own_units() -> None:
    # By hand: 4321 steps of 0.01 %; 12500 steps of 0.2 m above -500 m.
    q = np.array([[4321, 3000, 2679, 12500, 220, 470]], np.uint16)
    values = values_of(q)
    assert values["sand_pct"][0] == 43.21
    assert values["elevation_m"][0] == 2000.0
    assert values["weather_row"][0] == 220
