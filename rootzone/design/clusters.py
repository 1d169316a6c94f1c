"""Level two: the sites of one block, each the real candidate nearest a k-means centroid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray, IntArray
from rootzone.design.features import Space
from rootzone.design.kernels import add_to_groups, find_nearest
from rootzone.design.settings import Design

_CHUNK = 1 << 18  # candidates whose positions are held at a time


@dataclass(frozen=True)
class Picked:
    """Sites of a block.

    Parameters
    ----------
    index : array of int, shape (site,)
        Which of the block's candidates they are; no two alike.
    weight : array, shape (site,)
        Pixels of the block that are nearest to each site; adds up to the block's pixels.
    mean_distance : float
        Mean distance of the block's pixels to their nearest site in feature space.
    mean_square : float
        Mean squared distance, the quantization error.
    """

    index: IntArray
    weight: FloatArray
    mean_distance: float
    mean_square: float


def pick_clusters(
    q: AnyArray, sites: int, space: Space, design: Design, rng: np.random.Generator
) -> Picked:
    """Sites of a block by MiniBatchKMeans, k-means steps over all pixels, and nearest candidates.

    A site is the candidate nearest its centroid among those whose nearest centroid it is, so no
    candidate can be taken twice. A cluster that holds no pixel gives its site to the candidate
    farthest from any other.

    Parameters
    ----------
    q : array of uint16, shape (candidate, stored feature)
        The block's candidates in the order of their pixels.
    sites : int
        Sites wanted, 1 to the number of candidates.
    space : Space
        Feature space.
    design : Design
        Settings of the clustering.
    rng : Generator
        Randomness of this block alone.
    """
    if sites >= len(q):
        everyone = np.arange(len(q))
        return Picked(everyone, np.ones(len(q)), 0.0, 0.0)
    centroids = _fit(q, sites, space, design, rng)
    for _ in range(design.polish_passes):
        label, _ = nearest(q, centroids, space)
        centroids = _means(q, label, centroids, space)
    label, square = nearest(q, centroids, space)
    return weigh(q, _representatives(label, square, sites), space)


def weigh(q: AnyArray, index: IntArray, space: Space) -> Picked:
    """Weights of given sites: the pixels nearest to each, shared among sites that are alike."""
    here = space.place(q[index])
    kinds, kind = np.unique(here, axis=0, return_inverse=True)
    label, square = nearest(q, kinds, space)
    pixels = np.bincount(label, minlength=len(kinds))
    twins = np.bincount(kind.ravel(), minlength=len(kinds))
    return Picked(
        index,
        (pixels / twins)[kind.ravel()],
        float(np.sqrt(square.astype(np.float64)).mean()),
        float(square.astype(np.float64).mean()),
    )


def nearest(q: AnyArray, sites: Float32Array, space: Space) -> tuple[AnyArray, Float32Array]:
    """Nearest site of every candidate, the first of equals, and the squared distance to it."""
    across = np.ascontiguousarray(sites.T)
    label = np.empty(len(q), dtype=np.int32)
    square = np.empty(len(q), dtype=np.float32)
    for start in range(0, len(q), _CHUNK):
        part = slice(start, start + _CHUNK)
        find_nearest(space.place(q[part]), across, label[part], square[part])
    return label, square


def _fit(
    q: AnyArray, sites: int, space: Space, design: Design, rng: np.random.Generator
) -> Float32Array:
    """Centroids after MiniBatchKMeans, always in one thread so that sums keep their order."""
    from threadpoolctl import threadpool_limits

    seen = max(design.fit_px, 10 * sites)
    sample = q if len(q) <= seen else q[np.sort(rng.choice(len(q), seen, replace=False))]
    x = space.place(sample)
    with threadpool_limits(1):
        model = _model(len(x), sites, design, rng).fit(x)
    return np.ascontiguousarray(model.cluster_centers_, dtype=np.float32)


def _model(pixels: int, sites: int, design: Design, rng: np.random.Generator) -> Any:  # noqa: ANN401 - untyped library
    from sklearn.cluster import MiniBatchKMeans

    # At least four batches: scikit-learn fails on a single step, and one step is no fit.
    batch = min(max(design.batch_px, 4 * sites), max(pixels // 4, 1))
    return MiniBatchKMeans(
        sites,
        batch_size=batch,
        max_iter=design.passes,
        n_init=1,
        max_no_improvement=None,
        init_size=min(pixels, max(batch, 3 * sites)),
        compute_labels=False,
        random_state=int(rng.integers(2**31 - 1)),
    )


def _means(q: AnyArray, label: AnyArray, centroids: Float32Array, space: Space) -> Float32Array:
    """Means of the clusters; a cluster without pixels stays where it was."""
    sums = np.zeros((len(centroids), q.shape[1]), dtype=np.int64)
    counts = np.zeros(len(centroids), dtype=np.int64)
    add_to_groups(q, label, sums, counts)
    filled = counts > 0
    mean = sums[filled] / counts[filled, None]
    cell = mean[:, -2] * space.cells_across + mean[:, -1]
    moved = (np.column_stack([mean, cell]) - np.array(space.centre)) * np.array(space.factor)
    out = centroids.copy()
    out[filled] = moved
    return out


def _representatives(label: AnyArray, square: Float32Array, sites: int) -> IntArray:
    """The candidate nearest each centroid within its cluster, the first of equals."""
    order = np.lexsort((np.arange(len(label)), square, label))
    first = np.searchsorted(label[order], np.arange(sites))
    held = np.bincount(label, minlength=sites) > 0
    index = order[first[held]]
    lacking = sites - len(index)
    if lacking:
        free = np.ones(len(label), dtype=bool)
        free[index] = False
        far = np.lexsort((np.arange(len(label)), -square.astype(np.float64)))
        index = np.concatenate([index, far[free[far]][:lacking]])
    return np.sort(index)
