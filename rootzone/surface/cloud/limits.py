"""What one request to Earth Engine may hold, and the windows that respect it."""

from __future__ import annotations

from typing import Final

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Window
from rootzone.surface.select.graph import Node, payload_bytes

MOST_ANSWER_BYTES: Final = 50_331_648
"""Pixels of one answer [bytes], all bands together."""
MOST_SIDE: Final = 32_768
"""Pixels of one answer along a side."""
MOST_PAYLOAD_BYTES: Final = 10_485_760
"""An expression as it is sent [bytes]."""
SIDE: Final = 1024
"""Usual side of a window [pixel]: several go at once, and one that fails costs little."""
BYTES_A_VALUE: Final = 8  # arithmetic on images gives doubles


def windows(height: int, width: int, n_band: int, side: int = SIDE) -> list[Window]:
    """Windows that cover a grid, none of them beyond what one answer may hold.

    Parameters
    ----------
    height, width : int
        Rows and columns of the grid.
    n_band : int
        Bands of doubles.
    side : int
        Largest side wanted [pixel]; smaller where the bands are many.

    Raises
    ------
    RequestError
        A grid without pixels, or so many bands that one pixel is too much.

    Examples
    --------
    A limit of 50,331,648 bytes holds 2,508 x 2,508 doubles of one band, not 2,509 x 2,509.

    >>> len(windows(2508, 2508, 1, side=4096)), len(windows(2509, 2509, 1, side=4096))
    (1, 4)
    """
    if min(height, width, n_band, side) < 1:
        raise RequestError(f"{height} x {width} pixels of {n_band} bands are nothing to ask for.")
    most = MOST_ANSWER_BYTES // (n_band * BYTES_A_VALUE)
    if most < 1:
        raise RequestError(f"{n_band} bands of one pixel are more than one answer may hold.")
    rows, cols = (min(side, MOST_SIDE, length) for length in (height, width))
    if rows * cols > most:
        rows = min(rows, max(1, int(most**0.5)))
        cols = min(cols, most // rows)
    return [
        Window(row, col, min(rows, height - row), min(cols, width - col))
        for row in range(0, height, rows)
        for col in range(0, width, cols)
    ]


def checked_payload(graph: Node) -> int:
    """Size of an expression [bytes].

    Raises
    ------
    RequestError
        It is more than one request may hold.
    """
    size = payload_bytes(graph)
    if size > MOST_PAYLOAD_BYTES:
        raise RequestError(
            f"The expression has {size} bytes and a request at most {MOST_PAYLOAD_BYTES}. Choose "
            "among fewer candidates, or train fewer or smaller trees (surface.select.rounds)."
        )
    return size
