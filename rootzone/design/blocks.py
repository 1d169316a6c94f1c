"""Level one of the clustering: a stratum cut into blocks of land that is alike.

The cuts are those of a k-d tree: always across the feature that varies most, so that the two sides
get their share of the sites. They are found on a seeded sample; every pixel then follows the cuts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone.design.kernels import route


@dataclass(frozen=True)
class Blocks:
    """A tree of cuts; arrays have one entry per node, the root first.

    Parameters
    ----------
    feature : array of int, shape (node,)
        Stored feature that is cut; -1 at a leaf.
    cut : array of int, shape (node,)
        Whole number at or below which a candidate goes left.
    left, right : array of int, shape (node,)
        Children; at a leaf ``left`` is the number of the block.
    """

    feature: IntArray
    cut: IntArray
    left: IntArray
    right: IntArray

    @property
    def count(self) -> int:
        """Number of blocks."""
        return int(np.count_nonzero(self.feature < 0))

    def of(self, q: AnyArray) -> AnyArray:
        """Block of each stored candidate, shape (candidate,)."""
        leaf = np.empty(len(q), dtype=np.int32)
        route(q, self.feature, self.cut, self.left, self.right, leaf)
        return leaf

    def to_arrays(self) -> Mapping[str, IntArray]:
        """The tree as named arrays, for a file."""
        return {
            "feature": self.feature,
            "cut": self.cut,
            "left": self.left,
            "right": self.right,
        }


def cut_blocks(sample_q: AnyArray, factor: FloatArray, blocks: int) -> Blocks:
    """Cuts that divide a stratum into blocks of about equal share.

    Parameters
    ----------
    sample_q : array of uint16, shape (candidate, stored feature)
        A sample of the stratum.
    factor : array, shape (stored feature,)
        What a whole number is worth in the distance.
    blocks : int
        Blocks wanted; fewer come back where all candidates are alike.
    """
    nodes: list[list[int]] = []
    leaves = 0
    waiting = [(np.arange(len(sample_q)), blocks, -1, 0)]
    while waiting:
        members, wanted, parent, side = waiting.pop()
        node = len(nodes)
        if parent >= 0:
            nodes[parent][2 + side] = node
        chosen = _best_cut(sample_q[members], factor, wanted // 2 / wanted) if wanted > 1 else None
        if chosen is None:
            nodes.append([-1, 0, leaves, -1])
            leaves += 1
            continue
        feature, cut = chosen
        goes_left = sample_q[members, feature] <= cut
        nodes.append([feature, cut, -1, -1])
        share = min(max(round(wanted * float(goes_left.mean())), 1), wanted - 1)
        waiting.append((members[~goes_left], wanted - share, node, 1))
        waiting.append((members[goes_left], share, node, 0))
    table = np.array(nodes, dtype=np.int64)
    return Blocks(*(np.ascontiguousarray(table[:, i]) for i in range(4)))


def _best_cut(q: AnyArray, factor: FloatArray, fraction: float) -> tuple[int, int] | None:
    """The widest feature and where to cut it, or None where nothing varies."""
    if len(q) < 2:
        return None
    spread = q.std(axis=0) * factor
    feature = int(np.argmax(spread))
    if spread[feature] <= 0:
        return None
    values = np.sort(q[:, feature])
    cut = values[max(int(fraction * len(values)) - 1, 0)]
    if cut == values[-1]:  # many equal values at the top: step below them
        cut = values[np.searchsorted(values, cut) - 1]
    return feature, int(cut)
