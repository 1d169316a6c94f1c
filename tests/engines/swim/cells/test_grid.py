import numpy as np
import pytest

from rootzone.engines.swim.cells.grid import (
    CELL_GROWTH,
    FIRST_CELL_CM,
    cell_above_depth,
    cells_in_layer,
    split_layers,
)

pytestmark = pytest.mark.kernels

CAMPAIGN_CM = np.array([5, 5, 5, 5, 10, 10, 10, 20, 20, 20, 20, 20], dtype=float)


def split(
    thickness_cm: np.ndarray,
    first_cm: float,
    label_cm: tuple[float, ...] = (20.0,),
    most: int = 512,
):
    dz, layer_of = np.zeros(most), np.zeros(most)
    n = split_layers(thickness_cm, first_cm, CELL_GROWTH, np.array(label_cm), dz, layer_of)
    return dz[:n], layer_of[:n].astype(int)


@pytest.mark.parametrize("label_cm", [(20.0,), (), (5.0, 20.0, 55.0, 100.0)])
def test_cells_of_a_layer_fill_it_exactly(label_cm: tuple[float, ...]) -> None:
    dz, layer_of = split(CAMPAIGN_CM, FIRST_CELL_CM, label_cm)
    np.testing.assert_allclose(np.bincount(layer_of, weights=dz), CAMPAIGN_CM, rtol=1e-13)


def test_layers_stay_whole_when_no_cell_size_is_asked_for() -> None:
    dz, layer_of = split(CAMPAIGN_CM, -1.0)
    np.testing.assert_array_equal(dz, CAMPAIGN_CM)
    np.testing.assert_array_equal(layer_of, np.arange(12))


def test_cells_are_small_at_the_surface_and_on_both_sides_of_the_label() -> None:
    dz, _ = split(CAMPAIGN_CM, FIRST_CELL_CM)
    bottoms = np.cumsum(dz)
    beside = dz[np.searchsorted(bottoms, [19.99, 20.01])]
    assert bottoms[1] == pytest.approx(5.0)  # two cells in the first layer
    assert dz[0] < 2.2
    assert beside.max() < 2.0
    assert dz.max() == 20.0


def test_no_more_cells_than_there_is_room_for() -> None:
    dz, layer_of = split(CAMPAIGN_CM, 0.05, most=14)
    assert dz.size == 14
    assert layer_of[-1] == 11


def test_number_of_cells_is_the_integral_of_one_over_their_size() -> None:
    # By hand: sizes going from 1 to e over 5 cm: 5 * 1 / (e - 1) = 2.91; equal sizes: 10 / 2.
    assert cells_in_layer(5.0, 1.0, np.e) == 3
    assert cells_in_layer(10.0, 2.0, 2.0) == 5


def test_depth_lies_between_the_centres_around_it() -> None:
    # Centres at 1, 4, 8 cm: 5 cm is a quarter of the way from 4 to 8.
    dz = np.array([2.0, 4.0, 4.0])
    assert cell_above_depth(dz, 3, 5.0) == (1, pytest.approx(0.25))
    assert cell_above_depth(dz, 3, 0.2) == (0, 0.0)
    assert cell_above_depth(dz, 3, 99.0) == (2, 0.0)
