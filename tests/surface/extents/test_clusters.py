from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from rootzone._shared.errors import RequestError
from rootzone.surface.extents.clusters import Clusters, find_clusters

NAMES = [*(f"share_{i}" for i in range(20)), "elevation", "smap", "clay"]
LEGEND = {f"share_{i}": 20 for i in range(20)}


def planted(seed: int = 0, n: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Two groups that differ in three numbers, among twenty shares of noise."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 2
    shares = rng.dirichlet(np.ones(20), n)
    numbers = group[:, None] * 6.0 + rng.standard_normal((n, 3))
    return np.hstack([shares, numbers]), group


def test_two_planted_groups_are_found() -> None:
    vectors, group = planted()
    found, labels = find_clusters(vectors, NAMES, legend_of=LEGEND, least_members=10)
    assert adjusted_rand_score(group, labels) == 1.0
    assert len(found.centroids) == 2
    assert max(found.silhouettes, key=lambda k: found.silhouettes[k]) == 2


def test_the_order_of_stations_has_no_say() -> None:
    vectors, _ = planted(1)
    shuffle = np.random.default_rng(3).permutation(len(vectors))
    one, labels = find_clusters(vectors, NAMES, legend_of=LEGEND)
    other, again = find_clusters(vectors[shuffle], NAMES, legend_of=LEGEND)
    assert np.array_equal(labels[shuffle], again)
    assert np.allclose(one.centroids, other.centroids, atol=1e-12)


def test_a_training_extent_is_assigned_to_its_own_cluster_and_a_strange_one_is_flagged(
    tmp_path: Path,
) -> None:
    vectors, _ = planted(2)
    found, labels = find_clusters(vectors, NAMES, legend_of=LEGEND, least_members=10)
    found.write(tmp_path / "clusters.json")
    kept = Clusters.read(tmp_path / "clusters.json")
    assigned, distance, known = kept.assign(vectors)
    assert np.array_equal(assigned, labels)
    # 99 % of the training extents lie within the 99th percentile.
    assert known.mean() >= 0.98
    strange = vectors[:1].copy()
    strange[0, -1] = 1000.0
    _, far, is_known = kept.assign(strange)
    assert far[0] > distance.max()
    assert not is_known[0]


def test_small_clusters_join_the_nearest() -> None:
    rng = np.random.default_rng(5)
    centres = np.repeat([0.0, 10.0, 12.0], [30, 30, 4])
    vectors = np.stack([centres + 0.1 * rng.standard_normal(64)] * 3, axis=1)
    _, labels = find_clusters(vectors, ["a", "b", "c"], least_members=20)
    # By hand: the four at 12 join those at 10.
    assert len(np.unique(labels)) == 2
    assert len(np.unique(labels[30:])) == 1


def test_blending_is_a_share_and_has_no_step() -> None:
    centroids = np.array([[0.0], [1.0], [4.0]])
    clusters = Clusters(["x"], np.zeros(1), np.ones(1), centroids, 1.0, {})
    weights = clusters.blend(np.linspace(-0.5, 4.5, 2001)[:, None])
    assert np.allclose(weights.sum(axis=1), 1.0)
    assert np.abs(np.diff(weights, axis=0)).max() < 0.02
    # At its own centroid a cluster has nearly all.
    assert clusters.blend(np.array([[0.0]]))[0, 0] > 0.999


def test_unknown_numbers_count_as_the_mean() -> None:
    vectors, group = planted(6)
    vectors[::7, 3] = np.nan
    _, labels = find_clusters(vectors, NAMES, legend_of=LEGEND, least_members=10)
    assert adjusted_rand_score(group, labels) == 1.0


def test_too_few_extents_and_other_columns_are_refused() -> None:
    vectors, _ = planted()
    with pytest.raises(RequestError, match="3 places are too few"):
        find_clusters(vectors[:3], NAMES)
    found, _ = find_clusters(vectors, NAMES, least_members=10)
    with pytest.raises(RequestError, match="has 23 columns"):
        found.assign(vectors[:, :5])
