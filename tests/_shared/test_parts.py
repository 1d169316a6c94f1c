from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.errors import StoppedEarly
from rootzone._shared.parts import Parts

ARRAYS = {"theta": np.arange(6.0).reshape(2, 3), "cell": np.array([7], dtype=np.int32)}


def piece(folder: Path) -> Path:
    parts = Parts(folder)
    parts.put("cell_7", ARRAYS)
    return parts.path("cell_7")


def test_a_piece_comes_back_as_it_was_and_is_a_numpy_archive(tmp_path: Path) -> None:
    path = piece(tmp_path)
    got = Parts(tmp_path).get("cell_7")
    assert {name: array.dtype for name, array in got.items()} == {
        name: array.dtype for name, array in ARRAYS.items()
    }
    with np.load(path) as stored:
        for name, array in ARRAYS.items():
            np.testing.assert_array_equal(got[name], array)
            np.testing.assert_array_equal(stored[name], array)


def test_one_bit_anywhere_is_told_and_the_piece_is_taken_away(tmp_path: Path) -> None:
    path = piece(tmp_path)
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(StoppedEarly, match=r"cell_7\.npz was damaged .* makes it again"):
            Parts(tmp_path).get("cell_7")
        assert not path.exists()


@pytest.mark.parametrize("kept", [0, 1, 63, 64, 200])
def test_a_piece_cut_short_is_told(tmp_path: Path, kept: int) -> None:
    path = piece(tmp_path)
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(StoppedEarly, match="was damaged"):
        Parts(tmp_path).get("cell_7")
