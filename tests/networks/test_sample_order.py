from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.networks.sample_order import SampleOrder


def _taken(order: SampleOrder, batches: int) -> list[int]:
    return [int(i) for _ in range(batches) for i in order.next()]


def test_every_sample_comes_once_before_any_comes_again() -> None:
    seen = _taken(SampleOrder(12, 4, seed=1), 6)
    assert sorted(seen[:12]) == list(range(12))
    assert sorted(seen[12:]) == list(range(12))


def test_batches_keep_their_size_across_the_end_of_a_pass() -> None:
    # 10 samples in batches of 4: five batches are two passes.
    order = SampleOrder(10, 4, seed=1)
    batches = [order.next() for _ in range(5)]
    assert [batch.size for batch in batches] == [4] * 5
    counts = np.bincount(np.concatenate(batches), minlength=10)
    assert (counts == 2).all()


def test_each_pass_has_another_order() -> None:
    seen = _taken(SampleOrder(20, 20, seed=1), 2)
    assert seen[:20] != seen[20:]


def test_two_sources_of_one_seed_are_shuffled_differently() -> None:
    assert _taken(SampleOrder(20, 20, 1, 0), 1) != _taken(SampleOrder(20, 20, 1, 1), 1)


def test_a_batch_larger_than_the_source_holds_every_sample_once() -> None:
    assert sorted(SampleOrder(3, 32, seed=1).next().tolist()) == [0, 1, 2]


def test_a_resumed_order_goes_on_where_it_stood() -> None:
    whole = _taken(SampleOrder(11, 4, seed=5), 9)
    first = SampleOrder(11, 4, seed=5)
    _taken(first, 4)
    resumed = SampleOrder(11, 4, seed=5)
    resumed.restore(first.state())
    assert _taken(resumed, 5) == whole[16:]


def test_no_samples_are_refused() -> None:
    with pytest.raises(RequestError, match="0 samples"):
        SampleOrder(0, 4, seed=1)
