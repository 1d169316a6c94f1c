"""Barycentric interpolation on the integer texture lattice: Eq. 8 to 10 as properties."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootzone.hydraulics.read_rosetta import read_rosetta_table
from rootzone.hydraulics.simplex import (
    N_VERTEX,
    parameters_at,
    parameters_from_texture,
    triangle_at,
    vertex_row,
)

pytestmark = pytest.mark.kernels

VERTICES = [(sand, silt) for sand in range(101) for silt in range(101 - sand)]


@st.composite
def textures(draw: st.DrawFn) -> tuple[float, float]:
    """Sand and silt of a closed texture, edges and corners included."""
    sand = draw(st.floats(0.0, 100.0))
    silt = min(draw(st.floats(0.0, 1.0)) * (100.0 - sand), 100.0 - sand)
    return sand, silt


def test_vertices_are_numbered_without_gap_by_sand_then_silt() -> None:
    assert [vertex_row(*vertex) for vertex in VERTICES] == list(range(N_VERTEX))


@given(textures())
def test_weights_are_barycentric(texture: tuple[float, float]) -> None:
    row_0, row_1, row_2, *weights = triangle_at(*texture)
    corners = np.array([VERTICES[row_0], VERTICES[row_1], VERTICES[row_2]], dtype=float)
    assert min(weights) >= 0.0
    assert sum(weights) == pytest.approx(1.0, abs=1e-12)
    assert np.array(weights) @ corners == pytest.approx(np.array(texture), abs=1e-10)


@given(textures())
def test_the_triangle_is_one_of_the_lattice(texture: tuple[float, float]) -> None:
    row_0, row_1, row_2, *weights = triangle_at(*texture)
    used = [
        VERTICES[row]
        for row, weight in zip((row_0, row_1, row_2), weights, strict=True)
        if weight > 0.0
    ]
    assert np.ptp([sand for sand, _ in used]) <= 1
    assert np.ptp([silt for _, silt in used]) <= 1
    assert np.ptp([100 - sand - silt for sand, silt in used]) <= 1


def test_parameters_are_exact_at_every_vertex() -> None:
    table = read_rosetta_table().values
    for row, (sand, silt) in enumerate(VERTICES[::50]):
        expected = table[50 * row]
        found = parameters_at(float(sand), float(silt), table)
        assert found[:2] == tuple(expected[:2])
        # Eq. 10 by definition; 10 turns cm d-1 into mm d-1.
        assert found[2] == pytest.approx(10.0 ** expected[2], rel=1e-14)
        assert found[3] == pytest.approx(10.0 ** expected[3], rel=1e-14)
        assert found[4] == pytest.approx(10.0 * 10.0 ** expected[4], rel=1e-14)


@given(
    st.integers(1, 97),
    st.floats(0.0, 1.0),
    st.sampled_from([(1.0, 0.0), (0.0, 1.0), (1.0, 1.0)]),
)
def test_parameters_are_continuous_across_edges(
    corner: int, along: float, normal: tuple[float, float]
) -> None:
    table = read_rosetta_table().values
    # A point on an edge of the triangle that starts at (corner, 1): along silt, sand or clay.
    sand, silt = {
        (1.0, 0.0): (float(corner), 1.0 + along),
        (0.0, 1.0): (corner + along, 1.0),
        (1.0, 1.0): (corner + along, 2.0 - along),
    }[normal]
    step = 1e-9
    one = parameters_at(sand - step * normal[0], silt - step * normal[1], table)
    other = parameters_at(sand + step * normal[0], silt + step * normal[1], table)
    assert one == pytest.approx(other, rel=1e-7)


def test_the_middle_of_a_triangle_is_the_mean_of_its_vertices_in_log_space() -> None:
    # By hand: weights 1/3 each, so theta_r is the arithmetic and alpha the geometric mean.
    table = np.zeros((N_VERTEX, 5))
    rows = [vertex_row(30, 30), vertex_row(31, 30), vertex_row(30, 31)]
    table[rows, 0] = [0.03, 0.06, 0.09]
    table[rows, 2] = np.log10([0.001, 0.01, 0.1])
    theta_r, _, alpha, n, ks = parameters_at(30.0 + 1.0 / 3.0, 30.0 + 1.0 / 3.0, table)
    assert theta_r == pytest.approx(0.06, rel=1e-9)
    assert alpha == pytest.approx(0.01, rel=1e-9)
    assert (n, ks) == pytest.approx((1.0, 10.0), rel=1e-12)


def test_a_missing_texture_gives_missing_parameters() -> None:
    found = parameters_from_texture(
        np.array([np.nan, 40.0]), np.array([40.0, 40.0]), read_rosetta_table().values
    )
    assert np.isnan(found[:, 0]).all()
    assert np.isfinite(found[:, 1]).all()
