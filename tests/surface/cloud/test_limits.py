"""Windows and payloads at the edges of what a request may hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootzone._shared.errors import RequestError
from rootzone.covariates.fetch.run_transfer import Patience
from rootzone.surface.cloud.limits import (
    BYTES_A_VALUE,
    MOST_ANSWER_BYTES,
    MOST_PAYLOAD_BYTES,
    MOST_SIDE,
    checked_payload,
    windows,
)
from rootzone.surface.cloud.patience import Busy, patiently
from rootzone.surface.select.graph import classified, image, payload_bytes


@given(
    height=st.integers(1, 400), width=st.integers(1, 400), n_band=st.integers(1, 200_000),
    side=st.integers(16, 50_000),
)  # fmt: skip
def test_windows_cover_a_grid_once_and_hold_the_limits(
    height: int, width: int, n_band: int, side: int
) -> None:
    seen = np.zeros((height, width), dtype=np.int64)
    for w in windows(height, width, n_band, side):
        seen[w.row : w.row + w.height, w.col : w.col + w.width] += 1
        assert w.height * w.width * n_band * BYTES_A_VALUE <= MOST_ANSWER_BYTES
    assert (seen == 1).all()


def test_the_longest_side_is_one_window_and_a_pixel_more_is_two() -> None:
    assert len(windows(1, MOST_SIDE, 1, side=10**6)) == 1
    assert len(windows(1, MOST_SIDE + 1, 1, side=10**6)) == 2


def test_one_pixel_may_be_too_much() -> None:
    most = MOST_ANSWER_BYTES // BYTES_A_VALUE
    assert len(windows(1, 1, most)) == 1
    with pytest.raises(RequestError, match="bands of one pixel"):
        windows(1, 1, most + 1)
    with pytest.raises(RequestError, match="nothing to ask for"):
        windows(0, 5, 1)


def test_a_payload_may_be_as_large_as_the_limit_and_no_larger() -> None:
    def graph(length: int) -> object:
        return classified(image("a").select("b"), ["x" * length])

    room = MOST_PAYLOAD_BYTES - payload_bytes(graph(0))  # type: ignore[arg-type]
    assert checked_payload(graph(room)) == MOST_PAYLOAD_BYTES  # type: ignore[arg-type]
    with pytest.raises(RequestError, match=f"has {MOST_PAYLOAD_BYTES + 1} bytes"):
        checked_payload(graph(room + 1))  # type: ignore[arg-type]


def test_pauses_double_and_end() -> None:
    waits: list[float] = []

    def never() -> None:
        raise Busy(429, "too much")

    with pytest.raises(RequestError, match="429 to 5 tries"):
        patiently(never, Patience(attempts=5, first_pause_s=2.0), sleep=waits.append)
    # By the rule: 2, 4, 8 and 16 s, each between half and the whole of that.
    for wait, longest in zip(waits, (2.0, 4.0, 8.0, 16.0), strict=True):
        assert longest / 2 <= wait <= longest
