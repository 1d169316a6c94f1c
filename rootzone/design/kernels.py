"""The loops over every pixel of the land, compiled."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.jit import kernel


@kernel
def fill_space(
    q: AnyArray, centre: AnyArray, factor: AnyArray, cells_across: int, out: AnyArray
) -> None:
    """Standardised positions of stored candidates; the last feature is the weather cell's number.

    Parameters
    ----------
    q : array of uint16, shape (candidate, 6)
        Stored whole numbers; the last two are weather row and column.
    centre, factor : array, shape (7,)
        ``out = (value - centre) * factor``.
    cells_across : int
        Columns of the weather grid.
    out : array of float32, shape (candidate, 7)
        Filled.
    """
    stored = q.shape[1]
    for i in range(q.shape[0]):
        for f in range(stored):
            out[i, f] = (float(q[i, f]) - centre[f]) * factor[f]
        cell = float(q[i, stored - 2]) * cells_across + float(q[i, stored - 1])
        out[i, stored] = (cell - centre[stored]) * factor[stored]


@kernel
def find_nearest(x: AnyArray, sites: AnyArray, label: AnyArray, square: AnyArray) -> None:
    """Nearest site of every position, the first of equals, and the squared distance to it.

    Sites lie along the last axis, so that the inner loop runs over neighbours in memory. Positions
    must be finite.

    Parameters
    ----------
    x : array of float32, shape (position, feature)
        Positions.
    sites : array of float32, shape (feature, site)
        Sites, at least one.
    label : array of int32, shape (position,)
        Filled with the index of the nearest site.
    square : array of float32, shape (position,)
        Filled with the squared distance.
    """
    features, k = sites.shape
    distance = np.empty(k, np.float32)
    # Numbers from 0 up order like their bits, and the smallest of whole numbers is found eight at a
    # time; that alone makes the search twice as fast.
    bits = distance.view(np.int32)
    for i in range(x.shape[0]):
        here = x[i, 0]
        for j in range(k):
            gap = sites[0, j] - here
            distance[j] = gap * gap
        for f in range(1, features):
            here = x[i, f]
            for j in range(k):
                gap = sites[f, j] - here
                distance[j] += gap * gap
        lowest = bits[0]
        for j in range(1, k):
            lowest = min(lowest, bits[j])
        best = 0
        while bits[best] != lowest:
            best += 1
        label[i] = best
        square[i] = distance[best]


@kernel
def add_to_groups(q: AnyArray, label: AnyArray, sums: AnyArray, counts: AnyArray) -> None:
    """Add whole numbers to the sums of their groups; exact, so the order cannot matter.

    Parameters
    ----------
    q : array of uint16, shape (candidate, feature)
        Whole numbers.
    label : array of int32, shape (candidate,)
        Group of each.
    sums : array of int64, shape (group, feature)
        Added to.
    counts : array of int64, shape (group,)
        Added to.
    """
    for i in range(q.shape[0]):
        group = label[i]
        counts[group] += 1
        for f in range(q.shape[1]):
            sums[group, f] += np.int64(q[i, f])


@kernel
def route(
    q: AnyArray, feature: AnyArray, cut: AnyArray, left: AnyArray, right: AnyArray, leaf: AnyArray
) -> None:
    """Leaf of a tree of cuts that each candidate falls into.

    Parameters
    ----------
    q : array of uint16, shape (candidate, feature)
        Whole numbers.
    feature : array of int, shape (node,)
        Feature a node looks at; -1 where the node is a leaf.
    cut : array of int, shape (node,)
        At or below it the left child, above it the right one.
    left, right : array of int, shape (node,)
        Children; at a leaf ``left`` is the leaf's number.
    leaf : array of int32, shape (candidate,)
        Filled with leaf numbers.
    """
    for i in range(q.shape[0]):
        node = 0
        while feature[node] >= 0:
            goes_left = np.int64(q[i, feature[node]]) <= cut[node]
            node = left[node] if goes_left else right[node]
        leaf[i] = left[node]
