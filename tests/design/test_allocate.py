"""How a budget becomes whole sites per stratum."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootzone._shared.errors import RequestError
from rootzone.design.allocate import allocate_sites, share_out


def test_proportional_allocation_gives_spare_sites_to_the_largest_remainders() -> None:
    # By hand: 10 sites over 600, 290, 110 pixels: quotas 6.0, 2.9, 1.1; the spare site goes to .9.
    assert allocate_sites(np.array([600, 290, 110]), 10).tolist() == [6, 3, 1]


def test_of_equal_remainders_the_first_stratum_gains() -> None:
    # By hand: 10 over three equal strata is 3 1/3 each, one site to spare.
    assert allocate_sites(np.array([50, 50, 50]), 10).tolist() == [4, 3, 3]


def test_the_minimum_is_met_and_paid_for_by_the_others() -> None:
    # By hand: 2 go to each small stratum, 16 are left for the large one.
    sites = allocate_sites(np.array([10_000, 5, 3]), 20, min_per_stratum=2)
    assert sites.tolist() == [16, 2, 2]


def test_a_stratum_below_the_minimum_gives_all_its_pixels() -> None:
    assert allocate_sites(np.array([1000, 1]), 10, min_per_stratum=3).tolist() == [9, 1]


def test_neyman_allocation_follows_pixels_times_spread() -> None:
    # Neyman (1934): n_h ~ N_h S_h; 100 * 3 and 300 * 1 are equal claims.
    sites = allocate_sites(np.array([100, 300]), 50, rule="neyman", spread=np.array([3.0, 1.0]))
    assert sites.tolist() == [25, 25]


def test_equal_allocation_stops_at_the_pixels_of_a_stratum() -> None:
    # By hand: 30 over three is 10 each; the stratum of 4 gives 4, the other two share 26.
    assert allocate_sites(np.array([4, 100, 100]), 30, rule="equal").tolist() == [4, 13, 13]


@given(
    st.lists(st.integers(1, 5000), min_size=1, max_size=40),
    st.floats(0.001, 1.0),
    st.integers(0, 5),
    st.sampled_from(["proportional", "neyman", "equal"]),
)
def test_totals_are_exact_and_bounds_hold(
    pixels: list[int], fraction: float, least: int, rule: str
) -> None:
    available = np.array(pixels)
    floor = int(np.minimum(available, least).sum())
    budget = max(floor, int(fraction * available.sum()), 1)
    spread = np.linspace(0.0, 2.0, len(pixels))  # one stratum without any spread
    sites = allocate_sites(available, budget, rule=rule, spread=spread, min_per_stratum=least)
    assert sites.sum() == budget
    assert np.all(sites <= available)
    assert np.all(sites >= np.minimum(available, least))


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=60), st.integers(1, 10**6))
def test_proportional_sites_lie_within_one_of_their_quota(pixels: list[int], budget: int) -> None:
    # The quota rule of largest-remainder methods.
    available = np.array(pixels)
    budget = min(budget, int(available.sum()))
    quota = budget * available / available.sum()
    assert np.all(np.abs(allocate_sites(available, budget) - quota) < 1 + 1e-6)


def test_no_candidates_are_refused_by_name() -> None:
    with pytest.raises(RequestError, match="no candidate pixel"):
        allocate_sites(np.array([], dtype=int), 10)


def test_a_budget_above_the_pixels_is_refused_with_both_numbers() -> None:
    with pytest.raises(RequestError, match="asks for 11 sites, but there are only 10"):
        allocate_sites(np.array([4, 6]), 11)


def test_minima_above_the_budget_are_refused_with_what_they_need() -> None:
    with pytest.raises(RequestError, match="3 strata of at least 2 sites need 6 sites"):
        allocate_sites(np.array([50, 50, 50]), 5, min_per_stratum=2)


def test_shares_of_nothing_still_fill_the_total() -> None:
    assert share_out(np.zeros(2), 4, lower=np.zeros(2, int), upper=np.full(2, 3)).sum() == 4
