"""Places alike: k-means++ on a vector for each extent, and where a new tile belongs.

The number of clusters is that of the largest mean silhouette; small clusters join their nearest.
Columns that are shares of classes are divided by the root of their legend's size, so that 46 shares
do not outvote 18 numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray, IntArray
from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json, sealed_json

MOST_CLUSTERS: Final = 40
FAR_QUANTILE: Final = 0.99
_TIES: Final = 1e-12


@dataclass(frozen=True)
class Clusters:
    """Clusters of extents, with all that assigning a new one needs.

    Parameters
    ----------
    names : sequence of str
        Columns of the vector, in order.
    mean, scale : array, shape (column,)
        What a vector has taken from it, and is divided by.
    centroids : array, shape (cluster, column)
        Of scaled vectors.
    far : float
        99th percentile of the training extents' distance from their centroid.
    silhouettes : mapping of int to float
        Mean silhouette for each number of clusters tried.
    """

    names: Sequence[str]
    mean: FloatArray
    scale: FloatArray
    centroids: FloatArray
    far: float
    silhouettes: Mapping[int, float]

    def assign(self, vectors: FloatArray) -> tuple[IntArray, FloatArray, BoolArray]:
        """Cluster of each vector, its distance, and whether training has seen the like.

        Parameters
        ----------
        vectors : array, shape (extent, column)
            In the units they were fitted in; NaN counts as the training mean.

        Raises
        ------
        RequestError
            The vectors have other columns.
        """
        apart = self._apart(vectors)
        nearest = apart.argmin(axis=1)
        distance = apart[np.arange(len(apart)), nearest]
        return nearest.astype(np.int64), distance, distance <= self.far

    def blend(self, vectors: FloatArray, n_nearest: int = 2) -> FloatArray:
        """Weights of clusters, shape (extent, cluster), that change smoothly from one to another.

        Of the nearest clusters each counts by how much nearer it is than the next one beyond them;
        where only one cluster is there, it has all.
        """
        apart = self._apart(vectors)
        n_cluster = apart.shape[1]
        if n_cluster <= n_nearest:
            weights = 1.0 / np.maximum(apart, 1e-9)
        else:
            # A cluster's weight is 0 as it becomes the first beyond the nearest: no step there.
            edge = np.sort(apart, axis=1)[:, n_nearest][:, None]
            weights = np.maximum(edge - apart, 0.0) / np.maximum(edge * apart, 1e-9)
        out: FloatArray = weights / weights.sum(axis=1, keepdims=True)
        return out

    def _apart(self, vectors: FloatArray) -> FloatArray:
        """Distance of every vector from every centroid."""
        if vectors.ndim != 2 or vectors.shape[1] != len(self.names):
            raise RequestError(
                f"A vector has {len(self.names)} columns here; got {tuple(vectors.shape)}."
            )
        scaled = np.nan_to_num((vectors - self.mean) / self.scale)
        out: FloatArray = np.linalg.norm(scaled[:, None] - self.centroids[None], axis=2)
        return out

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "names": list(self.names), "mean": self.mean.tolist(), "scale": self.scale.tolist(),
            "centroids": self.centroids.tolist(), "far": self.far,
            "silhouettes": {str(k): v for k, v in self.silhouettes.items()},
        }  # fmt: skip

    def write(self, path: Path) -> None:
        """Keep beside the networks."""
        write_text(path, sealed_json(self.to_dict()))

    @classmethod
    def read(cls, path: Path) -> Clusters:
        """What was kept.

        Raises
        ------
        Damaged
            The file is not what was written.
        """
        told = read_sealed_json(path, "rootzone surface train makes it again.")
        mean, scale, centroids = (
            np.array(told[name], dtype=np.float64) for name in ("mean", "scale", "centroids")
        )
        silhouettes = {int(k): float(v) for k, v in told["silhouettes"].items()}
        return cls(told["names"], mean, scale, centroids, float(told["far"]), silhouettes)


def find_clusters(
    vectors: FloatArray,
    names: Sequence[str],
    *,
    legend_of: Mapping[str, int] | None = None,
    most: int = MOST_CLUSTERS,
    least_members: int = 20,
    seed: int = 0,
) -> tuple[Clusters, IntArray]:
    """Clusters of extents, and the cluster of each.

    Parameters
    ----------
    vectors : array, shape (extent, column)
        NaN where a number is not known.
    names : sequence of str
        Columns.
    legend_of : mapping of str to int
        For columns that are shares of classes, the number of classes of their legend.
    most : int
        Largest number of clusters tried; never more than a quarter of the extents.
    least_members : int
        Smaller clusters join the nearest one (the paper's clusters have 20 to 110).
    seed : int
        Settles the starts.

    Returns
    -------
    Clusters, array of int, shape (extent,)

    Raises
    ------
    RequestError
        Fewer than four extents, or vectors and names do not fit.

    Notes
    -----
    Extents are sorted by their vectors first, so their order has no say.
    """
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    n = len(vectors)
    if vectors.ndim != 2 or vectors.shape[1] != len(names):
        raise RequestError(f"{len(names)} names do not fit vectors of shape {vectors.shape}.")
    if n < 4:
        raise RequestError(f"{n} places are too few for clusters; take one for all.")
    # A column known nowhere, such as winters of a summer's files, tells nothing and is 0.
    known = np.where(np.isfinite(vectors).any(axis=0), vectors, 0.0)
    mean, spread = np.nanmean(known, axis=0), np.nanstd(known, axis=0)
    scale = np.where(spread > 0.0, spread, 1.0)
    for k, name in enumerate(names):
        scale[k] *= np.sqrt((legend_of or {}).get(name, 1))
    scaled = np.nan_to_num((vectors - mean) / scale)
    order = np.lexsort(scaled.T[::-1])
    ordered = scaled[order]
    n_distinct = len(np.unique(ordered, axis=0))
    silhouettes: dict[int, float] = {}
    labels_of: dict[int, IntArray] = {}
    for k in range(2, max(2, min(most, n // 4, n_distinct - 1)) + 1):
        fitted = KMeans(k, init="k-means++", n_init=10, random_state=seed).fit(ordered)
        labels_of[k] = fitted.labels_.astype(np.int64)
        silhouettes[k] = float(silhouette_score(ordered, fitted.labels_))
    best = max(silhouettes, key=lambda k: (silhouettes[k] - _TIES * k, -k))
    merged = _merged(ordered, labels_of[best], least_members)
    labels: IntArray = np.empty(n, dtype=np.int64)
    labels[order] = merged
    centroids = np.stack([ordered[merged == k].mean(axis=0) for k in range(merged.max() + 1)])
    distance = np.linalg.norm(scaled - centroids[labels], axis=1)
    far = float(np.quantile(distance, FAR_QUANTILE))
    return Clusters(list(names), mean, scale, centroids, far, silhouettes), labels


def _merged(points: FloatArray, labels: IntArray, least: int) -> IntArray:
    """Clusters of fewer than ``least`` members joined to the nearest, smallest first."""
    labels = labels.copy()
    while True:
        numbers, counts = np.unique(labels, return_counts=True)
        if len(numbers) == 1 or counts.min() >= least:
            break
        small = numbers[counts.argmin()]
        centre = {k: points[labels == k].mean(axis=0) for k in numbers}
        others = [k for k in numbers if k != small]
        nearest = min(others, key=lambda k: float(np.linalg.norm(centre[k] - centre[small])))
        labels[labels == small] = nearest
    # Numbered by their centroids, so that the numbers do not depend on a start.
    numbers = np.unique(labels)
    centres = np.stack([points[labels == k].mean(axis=0) for k in numbers])
    place = np.empty(numbers.max() + 1, dtype=np.int64)
    place[numbers[np.lexsort(centres.T[::-1])]] = np.arange(len(numbers))
    out: IntArray = place[labels]
    return out
