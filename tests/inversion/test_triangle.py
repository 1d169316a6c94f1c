"""The search of the texture triangle."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootzone.inversion.triangle import (
    LOAM,
    SearchPlan,
    Texture,
    lattice,
    ring,
    search_triangle,
)


def test_a_step_of_10_percent_gives_66_textures() -> None:
    # (k + 1)(k + 2) / 2 lattice points for k = 10 steps along an edge.
    assert len(lattice(10)) == 66


def test_a_ring_is_the_18_nearest_of_the_hexagonal_lattice() -> None:
    # 6 one step away and 12 two steps away.
    assert len(ring((40, 30), 5)) == 18
    assert (40, 30) not in ring((40, 30), 5)


def test_a_ring_stays_in_the_triangle() -> None:
    for sand, silt in ring((100, 0), 5):
        assert min(sand, silt, 100 - sand - silt) >= 0


@given(st.sampled_from(lattice(1)))
def test_a_smooth_bowl_is_found_to_the_last_percent(target: Texture) -> None:
    def cost_of(textures: list[Texture]) -> list[float]:
        return [float((a - target[0]) ** 2 + (b - target[1]) ** 2) for a, b in textures]

    found = search_triangle(cost_of, SearchPlan(finer_steps_pct=(5, 2, 1)))
    # The rings reach 10 + 4 + 2 percent, farther than the first lattice can miss.
    assert max(abs(found.best[0] - target[0]), abs(found.best[1] - target[1])) <= 1


def test_no_texture_is_run_twice_and_extra_ones_are_tried() -> None:
    seen: list[Texture] = []

    def cost_of(textures: list[Texture]) -> list[float]:
        seen.extend(textures)
        return [float(a) for a, _ in textures]

    found = search_triangle(cost_of, start=[(33, 33), LOAM])
    assert len(seen) == len(set(seen)) == len(found.cost)
    assert (33, 33) in found.cost


def test_textures_that_fail_are_never_the_best() -> None:
    found = search_triangle(lambda ts: [float("inf") if a < 90 else 0.1 for a, _ in ts])
    assert found.best[0] >= 90
    assert found.cost[found.best] == pytest.approx(0.1)
