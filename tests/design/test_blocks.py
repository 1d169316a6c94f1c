"""Strata cut into blocks."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.design.blocks import cut_blocks
from rootzone.design.features import STORED

pytestmark = pytest.mark.kernels
ONES = np.ones(len(STORED))


def _q(n: int = 3000) -> np.ndarray:
    q = np.random.default_rng(4).integers(0, 1000, (n, len(STORED))).astype(np.uint16)
    q[:, 2] *= 5
    return q


@pytest.mark.parametrize("blocks", [1, 2, 3, 7, 16, 25])
def test_blocks_share_the_land_about_equally(blocks: int) -> None:
    q = _q()
    tree = cut_blocks(q, ONES, blocks)
    sizes = np.bincount(tree.of(q), minlength=tree.count)
    assert tree.count == blocks
    assert sizes.sum() == len(q)
    assert sizes.min() > 0.9 * len(q) / blocks
    assert sizes.max() < 1.1 * len(q) / blocks


def test_the_first_cut_is_across_the_widest_feature() -> None:
    tree = cut_blocks(_q(), ONES, 2)
    assert tree.feature[0] == 2


def test_what_a_whole_number_is_worth_decides_what_is_widest() -> None:
    worth = ONES.copy()
    worth[2] = 0.01
    assert cut_blocks(_q(), worth, 2).feature[0] != 2


def test_land_that_is_all_alike_stays_one_block() -> None:
    assert cut_blocks(np.full((50, len(STORED)), 9, np.uint16), ONES, 8).count == 1


def test_many_equal_values_are_never_cut_apart() -> None:
    q = np.zeros((100, len(STORED)), np.uint16)
    q[95:, 0] = 7
    tree = cut_blocks(q, ONES, 4)
    assert np.bincount(tree.of(q)).tolist() in ([95, 5], [5, 95])


def test_every_side_of_a_cut_holds_some_of_the_sample() -> None:
    rng = np.random.default_rng(0)
    q = rng.integers(0, 3, (200, len(STORED))).astype(np.uint16)
    tree = cut_blocks(q, ONES, 30)
    assert np.bincount(tree.of(q), minlength=tree.count).min() > 0
