"""Which nodes count at a depth: Eq. 13, its edges, and layer means."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import (
    LabelDepth,
    depth_weights,
    layer_weights,
    mid_depths_mm,
    node_depths_mm,
    parse_depth,
    point_weights,
    theta_at_depth,
)

PAPER = [50.0, 50.0, 50.0, 50.0, 100.0, 100.0]


def test_theta_between_two_mid_depths_is_linear_in_depth() -> None:
    # Paper Eq. 13 by hand: mid-depths 175 and 250 mm, so 200 mm lies one third of the way from
    # 0.21 to 0.27.
    theta = theta_at_depth([0.21, 0.27], node_depth_mm=[175.0, 250.0], depth_mm=200.0)
    assert theta == pytest.approx(0.23, abs=1e-12)


def test_layers_four_and_five_hold_20_cm_in_the_papers_layers() -> None:
    # Paper 3.6: SW[4] at 17.5 cm and SW[5] at 25 cm bracket 20 cm; weights 2/3 and 1/3 by hand.
    weights = point_weights(mid_depths_mm(PAPER), 200.0)
    assert weights == pytest.approx([0, 0, 0, 2 / 3, 1 / 3, 0])


def test_other_layers_move_the_bracket() -> None:
    # By hand: 150, 150, 300 mm have mid-depths 75, 225, 450, so 200 mm lies 5/6 towards 225.
    weights = point_weights(mid_depths_mm([150.0, 150.0, 300.0]), 200.0)
    assert weights == pytest.approx([1 / 6, 5 / 6, 0])


def test_swim3_nodes_begin_at_the_surface_and_end_at_the_bottom() -> None:
    # science/swim3.md section 1: x_0 = 0, x_i = mid-depth, x_n = bottom of the profile.
    assert node_depths_mm(PAPER, "swim3").tolist() == [0, 75, 125, 175, 250, 400]


def test_5_cm_in_swim3_lies_between_surface_and_second_node() -> None:
    # By hand: nodes 0 and 75 mm, so 50 mm is 2/3 of the way to the second.
    assert point_weights(node_depths_mm(PAPER, "swim3"), 50.0)[:2] == pytest.approx([1 / 3, 2 / 3])


@pytest.mark.parametrize(("depth_mm", "where"), [(10.0, "above the first"), (360.0, "below the")])
def test_a_depth_outside_the_nodes_is_refused_with_their_range(depth_mm: float, where: str) -> None:
    with pytest.raises(RequestError, match=rf"{where}.*25 to 350 mm"):
        point_weights(mid_depths_mm(PAPER), depth_mm)


def test_a_depth_on_a_node_takes_that_node_alone() -> None:
    theta = theta_at_depth([0.1, np.nan, 0.3], [25.0, 75.0, 125.0], 125.0)
    assert theta == pytest.approx(0.3)  # limit of Eq. 13 at z = z_2; the NaN beside it has no part


def test_nodes_that_do_not_rise_are_refused() -> None:
    with pytest.raises(RequestError, match="do not rise"):
        point_weights(np.array([0.0, 75.0, 75.0]), 50.0)


def test_a_layer_mean_times_its_range_is_the_water_stored() -> None:
    # By hand: 0-300 mm holds four layers of 50 mm and 100 mm of the fifth.
    weights = layer_weights(np.array(PAPER), 0.0, 300.0)
    theta = np.array([0.1, 0.2, 0.3, 0.4, 0.2, 0.9])
    assert weights @ theta * 300.0 == pytest.approx(0.1 * 50 + 0.2 * 50 + 0.3 * 50 + 0.4 * 50 + 20)


def test_a_layer_mean_may_start_and_end_inside_layers() -> None:
    # By hand: 25-75 mm is half of layer 1 and half of layer 2.
    assert layer_weights(np.array(PAPER), 25.0, 75.0)[:3] == pytest.approx([0.5, 0.5, 0.0])


def test_a_layer_mean_below_the_profile_is_refused() -> None:
    with pytest.raises(RequestError, match="ends at 400 mm"):
        layer_weights(np.array(PAPER), 0.0, 1000.0)


def test_a_layer_mean_without_thicknesses_is_refused() -> None:
    with pytest.raises(RequestError, match="soils table"):
        depth_weights(LabelDepth(400.0, 0.0), np.array([25.0, 75.0]), None)


@given(
    st.lists(st.floats(5, 400), min_size=2, max_size=20),
    st.floats(0, 1),
    st.floats(-0.5, 0.5),
    st.floats(-1e-3, 1e-3),
)
def test_a_profile_linear_in_depth_is_met_exactly(
    thickness: list[float], share: float, at_top: float, slope: float
) -> None:
    # Linear interpolation is exact for linear functions, whatever the layers.
    nodes = mid_depths_mm(thickness)
    depth = nodes[0] + share * (nodes[-1] - nodes[0])
    theta = at_top + slope * nodes
    assert theta_at_depth(theta, nodes.tolist(), depth) == pytest.approx(
        at_top + slope * depth, abs=1e-9
    )


@pytest.mark.parametrize(
    ("text", "depth"),
    [("200", LabelDepth(200.0)), ("0-1000", LabelDepth(1000.0, 0.0)), ("50mm", LabelDepth(50.0))],
)
def test_a_depth_is_read_from_its_text(text: str, depth: LabelDepth) -> None:
    assert parse_depth(text) == depth


@pytest.mark.parametrize("text", ["", "deep", "-5", "300-100", "0", "1-2-3"])
def test_a_text_that_is_no_depth_is_refused(text: str) -> None:
    with pytest.raises(RequestError, match="neither a depth"):
        parse_depth(text)
