"""The paper's Table 4 from one pass, checked against NumPy on all values at once."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.labels.distribution import (
    PERCENTILES,
    RESOLUTION,
    Distribution,
    histogram_l1,
)

pytestmark = pytest.mark.kernels


def filled(values: list[float], weight: list[float] | None = None) -> Distribution:
    out = Distribution()
    out.add(np.array(values), None if weight is None else np.array(weight))
    return out


def test_figures_agree_with_numpy_on_the_whole_sample() -> None:
    theta = np.random.default_rng(1).beta(4, 12, 2000)
    found = Distribution()
    for part in np.array_split(theta, 7):
        found.add(part)
    table = found.summary()
    # NumPy 2 on all values at once; percentiles to the stated resolution (inverted_cdf).
    assert table["rows"] == 2000
    assert [table["mean"], table["sd"]] == pytest.approx([theta.mean(), theta.std()], rel=1e-12)
    assert [table["min"], table["max"]] == [theta.min(), theta.max()]
    exact = np.percentile(theta, PERCENTILES, method="inverted_cdf")
    assert found.percentiles(PERCENTILES) == pytest.approx(exact, abs=RESOLUTION)


def test_weights_count_as_repeated_values() -> None:
    # A weight of 3 is the same as three values: by definition of a weighted sample.
    weighted = filled([0.1, 0.2, 0.4], [3.0, 1.0, 2.0]).summary(weighted=True)
    repeated = filled([0.1, 0.1, 0.1, 0.2, 0.4, 0.4]).summary()
    for name in ("mean", "sd", "p5", "p50", "p95"):
        assert weighted[name] == pytest.approx(repeated[name], abs=1e-12)


def test_values_that_are_not_numbers_or_no_water_contents_are_counted() -> None:
    table = filled([np.nan, -0.01, 1.2, 0.3, np.inf]).summary()
    assert (table["rows"], table["not_finite"], table["below_0"], table["above_1"]) == (3, 2, 1, 1)
    assert (table["min"], table["max"]) == (-0.01, 1.2)


def test_merging_is_the_same_as_adding() -> None:
    theta = np.linspace(0.05, 0.4, 101)
    whole, left, right = Distribution(), Distribution(), Distribution()
    whole.add(theta, theta * 10)
    left.add(theta[:30], theta[:30] * 10)
    right.add(theta[30:], theta[30:] * 10)
    left.merge(right)
    for weighted in (False, True):
        assert left.summary(weighted=weighted) == pytest.approx(whole.summary(weighted=weighted))


def test_an_empty_distribution_has_no_figures() -> None:
    table = Distribution().summary()
    assert table["rows"] == 0
    assert np.isnan([table["mean"], table["sd"], table["p50"]]).all()


def test_no_digits_are_lost_in_a_narrow_distribution() -> None:
    # sd of a symmetric two-point sample is half its width, 1e-9.
    table = filled([0.3, 0.3 + 2e-9] * 50).summary()
    assert table["sd"] == pytest.approx(1e-9, rel=1e-6)


def test_l1_is_0_for_itself_and_2_without_overlap() -> None:
    # Definition: sum |p - q| of normalised histograms lies in 0..2.
    one, other = filled([0.105, 0.205]), filled([0.305, 0.405])
    assert histogram_l1(one, one) == 0.0
    assert histogram_l1(one, other) == pytest.approx(2.0)
    # Half of the mass shared: |1/2 - 1/2| + |1/2 - 0| + |0 - 1/2| = 1.
    assert histogram_l1(one, filled([0.105, 0.305])) == pytest.approx(1.0)


def test_l1_does_not_depend_on_the_sizes_of_the_samples() -> None:
    assert histogram_l1(filled([0.1] * 7), filled([0.1])) == 0.0


def test_l1_of_an_empty_source_is_unknown() -> None:
    assert np.isnan(histogram_l1(filled([0.1]), Distribution()))


def test_a_bin_width_off_the_resolution_is_refused() -> None:
    with pytest.raises(RequestError, match="whole multiple"):
        filled([0.1]).histogram(1.3e-4)


def test_readings_of_two_decimals_are_the_same_in_single_precision() -> None:
    # 0.35 in single precision is 0.34999999404; bins must not tell them apart.
    readings = np.round(np.arange(5, 60) / 100.0, 2)
    one, other = Distribution(), Distribution()
    one.add(readings)
    other.add(readings.astype(np.float32))
    assert histogram_l1(one, other) == 0.0
    assert np.count_nonzero(one.histogram(0.01)) == readings.size
