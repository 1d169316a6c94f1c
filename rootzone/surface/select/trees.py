"""Regression trees as the text that Earth Engine takes, and their values at pixels.

A tree is a text of one line a node, ``number) test n error value``, with ``*`` at leaves; children
of node k are 2k and 2k + 1, the first line is the root. An ensemble's value is the mean over its
trees, so leaves of boosted trees, which add up, are written times the number of trees.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError

LARGEST_NODE: Final = 2**31 - 1
"""Number of a node that a whole number of 32 bits holds: children are 2k and 2k + 1."""
MOST_NODES: Final = 60_000
"""Nodes of an ensemble that fit a request of 10 MB."""

_LINE = re.compile(
    r"^\s*(\d+)\)\s+(?:root|(?P<band>[^\s<>=]+)(?P<side><=|>)(?P<limit>\S+))"
    r"\s+\S+\s+\S+\s+(?P<value>\S+)\s*(?P<leaf>\*)?\s*$"
)


@dataclass(frozen=True)
class _Tree:
    """One tree in flat arrays; node i splits on ``bands[i]``, or is a leaf where that is empty."""

    bands: Sequence[str]
    limits: FloatArray
    left: Sequence[int]
    right: Sequence[int]
    values: FloatArray


@dataclass(frozen=True)
class Ensemble:
    """Regression trees whose mean is the answer."""

    trees: Sequence[_Tree]

    @classmethod
    def parse(cls, texts: Sequence[str]) -> Ensemble:
        """Trees from their texts.

        Raises
        ------
        RequestError
            A line is no node, or a split lacks a child.
        """
        if not texts:
            raise RequestError("An ensemble without trees has no value.")
        return cls([_parsed(text, number) for number, text in enumerate(texts)])

    def predict(self, image: Mapping[str, AnyArray]) -> FloatArray:
        """Mean over the trees at every pixel; masked (NaN) where any band used is.

        Raises
        ------
        RequestError
            A tree splits on a band that the image lacks.
        """
        used = sorted({band for tree in self.trees for band in tree.bands if band})
        missing = [band for band in used if band not in image]
        if missing:
            raise RequestError(f"The trees split on {missing[0]!r}; the image has {sorted(image)}.")
        shape = np.broadcast_shapes(*(np.shape(values) for values in image.values()))
        flat = {b: np.broadcast_to(image[b], shape).ravel().astype(np.float64) for b in used}
        n = int(np.prod(shape, dtype=np.int64))
        total = np.zeros(n)
        for tree in self.trees:
            total += _tree_values(tree, flat, n)
        masked = np.zeros(n, dtype=bool)
        for values in flat.values():
            masked |= np.isnan(values)
        out: FloatArray = np.where(masked, np.nan, total / len(self.trees)).reshape(shape)
        return out


def texts_of_booster(model: Mapping[str, Any]) -> list[str]:
    """Trees of a LightGBM model, from its ``dump_model()``.

    Every split must be ``<=`` on a number: a categorical split has no such text. What LightGBM does
    with missing values is not carried: give images without gaps, or mask.

    Raises
    ------
    RequestError
        A split is categorical, a tree is deeper than 30 splits, or there are more than `MOST_NODES`
        nodes.
    """
    names, trees = model["feature_names"], model["tree_info"]
    texts = []
    n_nodes = 0
    for tree in trees:
        lines: list[str] = []
        waiting = [(1, "root", tree["tree_structure"])]
        while waiting:
            number, test, node = waiting.pop()
            is_leaf = "leaf_value" in node
            value = repr(float(node["leaf_value"]) * len(trees)) if is_leaf else "9999"
            lines.append(f"{number}) {test} 9999 9999 {value}{' *' if is_leaf else ''}")
            if number > LARGEST_NODE:
                raise RequestError(
                    "A tree is deeper than 30 splits, beyond the numbers that its text may have. "
                    "Train with fewer leaves, or with max_depth."
                )
            if is_leaf:
                continue
            if node["decision_type"] != "<=":
                raise RequestError(
                    f"A split on {names[node['split_feature']]} is {node['decision_type']!r}; only "
                    "numbers can be sent. Give classes as shares or one column a class."
                )
            band, limit = names[node["split_feature"]], repr(float(node["threshold"]))
            waiting.append((2 * number + 1, f"{band}>{limit}", node["right_child"]))
            waiting.append((2 * number, f"{band}<={limit}", node["left_child"]))
        n_nodes += len(lines)
        texts.append("\n".join(lines))
    if n_nodes > MOST_NODES:
        raise RequestError(
            f"The trees have {n_nodes} nodes; at most {MOST_NODES} fit one request. Train fewer or "
            "smaller trees for the cloud."
        )
    return texts


def _parsed(text: str, tree_number: int) -> _Tree:
    found: dict[int, re.Match[str]] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match is None:
            raise RequestError(f"Tree {tree_number}: {line!r} is no node of a tree.")
        found[int(match[1])] = match
    if 1 not in found:
        raise RequestError(f"Tree {tree_number} has no root.")
    order = sorted(found)
    place = {number: i for i, number in enumerate(order)}
    bands, limits, left, right, values = [], [], [], [], []
    for number in order:
        children = found.get(2 * number), found.get(2 * number + 1)
        is_leaf = found[number]["leaf"] is not None or children == (None, None)
        values.append(float(found[number]["value"]))
        if is_leaf:
            bands.append("")
            limits.append(0.0)
            left.append(0)
            right.append(0)
            continue
        low, high = children
        if low is None or high is None or low["side"] != "<=" or high["side"] != ">":
            raise RequestError(f"Tree {tree_number}: node {number} lacks a child '<=' or '>'.")
        bands.append(low["band"])
        limits.append(float(low["limit"]))
        left.append(place[2 * number])
        right.append(place[2 * number + 1])
    return _Tree(bands, np.array(limits), left, right, np.array(values))


def _tree_values(tree: _Tree, bands: Mapping[str, FloatArray], n: int) -> FloatArray:
    out = np.empty(n)
    waiting = [(0, np.arange(n))]
    while waiting:
        node, pixels = waiting.pop()
        if not tree.bands[node]:
            out[pixels] = tree.values[node]
            continue
        is_low = bands[tree.bands[node]][pixels] <= tree.limits[node]
        waiting.append((tree.left[node], pixels[is_low]))
        waiting.append((tree.right[node], pixels[~is_low]))
    return out
