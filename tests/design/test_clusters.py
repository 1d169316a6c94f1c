"""Sites of one block."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from rootzone.design.clusters import nearest, pick_clusters, weigh
from rootzone.design.features import STORED, Moments, Space
from rootzone.design.settings import Design

DESIGN = Design(name="test")


def _q(n: int = 4000, seed: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    q = rng.integers(0, 2000, (n, len(STORED)))
    q[:, 4:] //= 100
    return q.astype(np.uint16)


def _space(q: np.ndarray) -> Space:
    return Space.of_land(Moments.of(q), DESIGN.features, 1386)


@pytest.mark.parametrize("sites", [1, 2, 31, 300, 3999, 4000])
def test_sites_are_candidates_and_none_is_taken_twice(sites: int) -> None:
    q = _q()
    picked = pick_clusters(q, sites, _space(q), DESIGN, np.random.default_rng(0))
    assert len(np.unique(picked.index)) == sites
    assert picked.index.min() >= 0
    assert picked.index.max() < len(q)


@pytest.mark.parametrize("sites", [1, 17, 300, 3999, 4000])
def test_weights_add_up_to_the_pixels_and_none_is_below_one(sites: int) -> None:
    q = _q()
    picked = pick_clusters(q, sites, _space(q), DESIGN, np.random.default_rng(0))
    assert picked.weight.sum() == pytest.approx(len(q), rel=1e-12)
    assert picked.weight.min() >= 1


def test_weights_count_the_pixels_nearest_to_each_site() -> None:
    # Independent implementation: scipy's k-d tree.
    q = _q()
    space = _space(q)
    picked = pick_clusters(q, 60, space, DESIGN, np.random.default_rng(1))
    x = space.place(q)
    distance, label = cKDTree(x[picked.index]).query(x)
    assert picked.weight.tolist() == np.bincount(label, minlength=60).tolist()
    assert picked.mean_distance == pytest.approx(distance.mean(), rel=1e-4)
    assert picked.mean_square == pytest.approx((distance**2).mean(), rel=1e-4)


def test_sites_that_are_alike_share_their_pixels() -> None:
    # By hand: two kinds of land, 6 and 4 pixels; two sites of the first kind get 3 each.
    q = np.repeat(np.array([[0], [100]], np.uint16), [6, 4], axis=0).repeat(len(STORED), axis=1)
    assert weigh(q, np.array([0, 1, 9]), _space(q)).weight.tolist() == [3.0, 3.0, 4.0]


def test_more_sites_than_kinds_of_land_still_gives_as_many_sites() -> None:
    q = np.repeat(np.array([[0], [100]], np.uint16), [600, 400], axis=0)
    q = q.repeat(len(STORED), axis=1)
    picked = pick_clusters(q, 25, _space(q), DESIGN, np.random.default_rng(3))
    assert len(np.unique(picked.index)) == 25
    assert picked.weight.sum() == pytest.approx(1000)


def test_two_clumps_get_a_site_each_near_their_middles() -> None:
    rng = np.random.default_rng(6)
    clump = rng.integers(-20, 21, (2000, len(STORED)))
    clump[:1000] += 1000
    clump[1000:] += 3000
    q = clump.astype(np.uint16)
    picked = pick_clusters(q, 2, _space(q), DESIGN, np.random.default_rng(0))
    assert sorted(picked.weight.tolist()) == [1000.0, 1000.0]
    for middle in (1000, 3000):
        off = np.abs(q[picked.index].astype(int) - middle).max(axis=1).min()
        assert off <= 12  # far inside the clump's reach of 20


def test_the_same_generator_gives_the_same_sites_and_another_gives_others() -> None:
    q = _q()
    space = _space(q)
    one, same, other = (
        pick_clusters(q, 50, space, DESIGN, np.random.default_rng(seed)) for seed in (7, 7, 8)
    )
    assert one.index.tolist() == same.index.tolist()
    assert one.index.tolist() != other.index.tolist()


def test_clusters_lie_nearer_to_the_land_than_random_sites() -> None:
    q = _q(20_000)
    space = _space(q)
    picked = pick_clusters(q, 200, space, DESIGN, np.random.default_rng(0))
    random = weigh(q, np.random.default_rng(0).choice(len(q), 200, replace=False), space)
    assert picked.mean_square < random.mean_square


@pytest.mark.kernels
def test_the_nearest_site_is_that_of_a_direct_search() -> None:
    q = _q(300)
    space = _space(q)
    x = space.place(q)
    label, square = nearest(q, x[:11], space)
    gaps = ((x[:, None, :] - x[None, :11, :]) ** 2).sum(axis=2)
    assert label.tolist() == gaps.argmin(axis=1).tolist()
    assert square == pytest.approx(gaps.min(axis=1), abs=1e-4)
