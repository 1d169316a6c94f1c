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

    Sites lie along the last axis, so that the inner loop runs over neighbours in memory.

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
        best = 0
        lowest = distance[0]
        for j in range(1, k):
            if distance[j] < lowest:
                lowest = distance[j]
                best = j
        label[i] = best
        square[i] = lowest


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


@kernel
def fill_cells(
    lon: AnyArray,
    lat: AnyArray,
    step: int,
    first_row: int,
    first_col: int,
    origin: AnyArray,
    shape: AnyArray,
    rows: AnyArray,
    cols: AnyArray,
) -> None:
    """Weather row and column of every pixel of a window, between lattice points of known place.

    Parameters
    ----------
    lon, lat : array, shape (node row, node col)
        Places of the pixel centres at every ``step``-th row and column [degree].
    step : int
        Pixels between nodes.
    first_row, first_col : int
        Rows and columns from the first node to the window's first pixel.
    origin : array, shape (3,)
        West edge [degree], north edge [degree] and cells per degree of the weather grid.
    shape : array of int, shape (2,)
        Rows and columns of the weather grid.
    rows, cols : array of uint16, shape (row, col)
        Filled; 65535 outside the weather grid.
    """
    for i in range(rows.shape[0]):
        down = (i + first_row) % step / step
        a = (i + first_row) // step
        for j in range(rows.shape[1]):
            across = (j + first_col) % step / step
            b = (j + first_col) // step
            north = lat[a, b] + (lat[a, b + 1] - lat[a, b]) * across
            south = lat[a + 1, b] + (lat[a + 1, b + 1] - lat[a + 1, b]) * across
            upper = lon[a, b] + (lon[a, b + 1] - lon[a, b]) * across
            lower = lon[a + 1, b] + (lon[a + 1, b + 1] - lon[a + 1, b]) * across
            row = np.floor((origin[1] - (north + (south - north) * down)) * origin[2])
            col = np.floor((upper + (lower - upper) * down - origin[0]) * origin[2])
            inside = 0 <= row < shape[0] and 0 <= col < shape[1]
            rows[i, j] = np.uint16(row) if inside else np.uint16(65535)
            cols[i, j] = np.uint16(col) if inside else np.uint16(65535)
