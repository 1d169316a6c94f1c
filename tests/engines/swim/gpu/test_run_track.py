from __future__ import annotations

import pytest

from rootzone._shared.errors import RequestError
from rootzone.engines.swim import layout
from rootzone.engines.swim.gpu.run_device import Device
from rootzone.engines.swim.gpu.run_track import LANES_PER_MULTIPROCESSOR, Shape, room
from rootzone.engines.swim.settings import default_settings

SETTINGS = default_settings("van_genuchten", "converged")


def _shape(work_size: int = 10_000) -> Shape:
    return Shape(12, 365, work_size, 0, 0)


def test_a_large_card_gets_as_many_lanes_as_its_registers_hold() -> None:
    card = Device("card", 132, 80e9)
    lanes, size = room(card, _shape(), SETTINGS, 1_000_000, 65_536)
    assert (lanes, size) == (132 * LANES_PER_MULTIPROCESSOR, 65_536)


def test_a_small_card_gets_fewer_lanes_and_columns_in_whole_warps() -> None:
    # 1e9 bytes free, 0.4 of them for a chunk, 0.6 of that for scratch of 8 (10,000 + settings)
    # bytes a lane: 2,991 lanes, in warps of 32 that is 2,976.
    lanes, size = room(Device("card", 132, 1e9), _shape(), SETTINGS, 1_000_000, 65_536)
    assert lanes % 32 == 0
    assert size % 32 == 0
    scratch = 8 * (10_000 + layout.N_SETTINGS)
    assert lanes <= 0.24e9 / scratch
    assert size < 65_536


def test_there_are_no_more_lanes_than_columns() -> None:
    assert room(Device("card", 132, 80e9), _shape(), SETTINGS, 40, 65_536) == (40, 40)


def test_a_card_without_room_is_refused_in_words() -> None:
    with pytest.raises(RequestError, match=r"card has 0\.001 GB free.*run with device cpu"):
        room(Device("card", 132, 1e6), _shape(), SETTINGS, 1_000, 65_536)
