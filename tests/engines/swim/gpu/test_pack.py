from __future__ import annotations

import numpy as np

from rootzone.engines.swim import layout
from rootzone.engines.swim.gpu.pack import chunks_of, pack, shapes_of
from tests.engines.swim.gpu.columns_case import columns_case


def test_columns_of_one_shape_go_together() -> None:
    # The case: three columns of 2 layers in a cell of 3 days, one of 1 layer in a cell of 1 day.
    shapes = [(n_layer, n_day, list(index)) for n_layer, n_day, index in shapes_of(columns_case())]
    assert shapes == [(1, 1, [3]), (2, 3, [0, 1, 2])]


def test_the_column_comes_last_and_nothing_is_lost() -> None:
    columns = columns_case()
    chunk = pack(columns, np.array([0, 2]), np.arange(4.0), layout.VG_THETA_R, layout.VG_THETA_S)
    assert chunk.layers.shape == (2, layout.N_VG, 2)
    for place, column in enumerate((0, 2)):
        rows = slice(columns.layer_start[column], columns.layer_start[column + 1])
        np.testing.assert_array_equal(chunk.layers[:, :, place], columns.layers[rows])
        np.testing.assert_array_equal(chunk.theta_initial[:, place], columns.theta_initial[rows])
        np.testing.assert_array_equal(chunk.low[:, place], columns.layers[rows, layout.VG_THETA_R])
    assert chunk.bottom_psi_cm.tolist() == [0.0, 2.0]
    assert chunk.first_day.tolist() == [0, 0]
    assert not chunk.is_run


def test_a_lower_bound_of_zero_is_zero() -> None:
    chunk = pack(columns_case(), np.array([3]), np.zeros(4), 0, layout.VG_THETA_S)
    assert chunk.low.tolist() == [[0.0]]
    assert chunk.is_run


def test_chunks_are_about_equally_long_and_no_longer_than_allowed() -> None:
    # 10 columns in pieces of at most 4: three pieces of 4, 3 and 3.
    assert [len(part) for part in chunks_of(np.arange(10), 4)] == [4, 3, 3]
    assert list(chunks_of(np.arange(0), 4)) == []
