"""Stored numbers and flags."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.maps.encoding import (
    FLAGS,
    NODATA,
    STEP,
    WATER,
    CoverCodes,
    cover_flags,
    flags_of,
    pack_theta,
    unpack_theta,
)


def test_a_water_content_is_stored_in_steps_of_a_ten_thousandth() -> None:
    # By hand: 0.23456 / 0.0001 = 2345.6, nearest 2346.
    assert pack_theta(np.array([0.23456, 0.0, 1.0])).tolist() == [2346, 0, 10000]


def test_no_value_becomes_65535_and_comes_back_as_nan() -> None:
    stored = pack_theta(np.array([np.nan, 0.3]))
    assert stored.tolist() == [NODATA, 3000]
    assert np.isnan(unpack_theta(stored)[0])


def test_packing_and_unpacking_is_off_by_half_a_step_at_most() -> None:
    theta = np.linspace(0.0, 0.6, 10_001)
    assert np.abs(unpack_theta(pack_theta(theta)) - theta).max() <= STEP / 2 + 1e-12


def test_values_outside_what_can_be_stored_never_wrap_around() -> None:
    assert pack_theta(np.array([-0.01, 9.0])).tolist() == [0, NODATA - 1]


def test_float32_keeps_nan_and_the_value() -> None:
    stored = pack_theta(np.array([0.25, np.nan]), "float32")
    assert stored.dtype == np.float32
    assert stored[0] == 0.25
    assert np.isnan(unpack_theta(stored)[1])


def test_flags_add_up_and_each_has_its_own_bit() -> None:
    bits = [flag.bit for flag in FLAGS]
    assert sum(bits) == 2 ** len(bits) - 1  # powers of two, each once
    masks = [(flag, np.array([True, i == 0])) for i, flag in enumerate(FLAGS)]
    assert flags_of(masks).tolist() == [sum(bits), FLAGS[0].bit]


def test_water_is_told_from_other_cover_that_was_not_sampled() -> None:
    # NLCD: 11 open water, 12 ice, 22 developed, 71 grassland.
    (flag, water), (_, other) = cover_flags(
        np.array([11, 12, 22, 71]), CoverCodes((11, 12), (11, 12, 21, 22))
    )
    assert flag is WATER
    assert water.tolist() == [True, True, False, False]
    assert other.tolist() == [False, False, True, False]


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_packing_keeps_the_shape(dtype: str) -> None:
    assert pack_theta(np.zeros((2, 3, 4)), dtype).shape == (2, 3, 4)  # type: ignore[arg-type]
