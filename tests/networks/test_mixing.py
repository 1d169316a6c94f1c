from __future__ import annotations

import math

import pytest

from rootzone._shared.errors import RequestError
from rootzone.networks.mixing import SIMULATED, STATION, Mixer


@pytest.mark.parametrize("p", [0.2, 0.5, 0.8])
def test_simulated_batches_come_as_often_as_p_says(p: float) -> None:
    n = 10_000
    mixer = Mixer(p, "constant", seed=3)
    drawn = [mixer.draw(step, n) for step in range(n)]
    # A binomial count of n draws has the standard deviation sqrt(n p (1 - p)).
    assert abs(drawn.count(SIMULATED) - n * p) < 3 * math.sqrt(n * p * (1 - p))


@pytest.mark.parametrize(("p", "source"), [(0.0, STATION), (1.0, SIMULATED)])
def test_at_the_ends_only_one_source_is_drawn(p: float, source: str) -> None:
    mixer = Mixer(p, "constant", seed=3)
    assert {mixer.draw(step, 500) for step in range(500)} == {source}


def test_the_linear_schedule_falls_to_nothing_in_a_straight_line() -> None:
    mixer = Mixer(0.8, "linear", seed=3)
    # By hand: 0.8 (1 - t/T) at the start, a quarter, a half and the end.
    told = [mixer.probability_at(step, 200) for step in (0, 50, 100, 200)]
    assert told == pytest.approx([0.8, 0.6, 0.4, 0.0])


def test_the_linear_schedule_draws_fewer_simulated_batches_late() -> None:
    n = 10_000
    mixer = Mixer(1.0, "linear", seed=3)
    drawn = [mixer.draw(step, n) for step in range(n)]
    # The mean of 1 - t/T over the first half is 0.75, over the second 0.25; 5000 draws each.
    slack = 3 * math.sqrt(5000 * 0.75 * 0.25)
    assert abs(drawn[:5000].count(SIMULATED) - 3750) < slack
    assert abs(drawn[5000:].count(SIMULATED) - 1250) < slack


def test_a_resumed_mixer_draws_the_same_sequence() -> None:
    whole = Mixer(0.4, "linear", seed=9)
    sequence = [whole.draw(step, 300) for step in range(300)]
    first = Mixer(0.4, "linear", seed=9)
    for step in range(137):
        first.draw(step, 300)
    resumed = Mixer(0.4, "linear", seed=1234)
    resumed.restore(first.state())
    assert [resumed.draw(step, 300) for step in range(137, 300)] == sequence[137:]


def test_another_seed_draws_another_sequence() -> None:
    one, other = Mixer(0.5, "constant", seed=1), Mixer(0.5, "constant", seed=2)
    assert [one.draw(s, 64) for s in range(64)] != [other.draw(s, 64) for s in range(64)]


def test_a_probability_above_one_is_refused() -> None:
    with pytest.raises(RequestError, match=r"simulated_batch_probability 20 must lie"):
        Mixer(20, "constant", seed=1)
