"""Maps from fixed windows, overlapped by half and blended by Hann weights.

Response norms and squeeze and excitation look at a whole window, so what a network says at a pixel
depends on its window: no halo makes tiles meet exactly, as they do for the plain U-Net. Windows
are therefore as large as those of training, each pixel is the weighted mean of those that hold it,
and the weights fall to nothing at their edges, so that no edge shows.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError

Predict = Callable[[AnyArray], AnyArray]
"""Windows, shape (batch, channel, row, column), to values, shape (batch, [value,] row, column)."""
_BATCH: Final = 16


def hann_weights(window_px: int) -> FloatArray:
    r"""Weights of the pixels of a window, :math:`\sin^2(\pi (i + 1/2) / w)` along each axis.

    Windows half a window apart add up to one, so inside an area the blend is a plain sum.

    Examples
    --------
    >>> w = hann_weights(4)[0] / hann_weights(4)[0].sum()
    >>> one = np.sin(np.pi * (np.arange(4) + 0.5) / 4) ** 2
    >>> np.allclose(one[:2] + one[2:], 1.0)
    True
    """
    one = np.sin(np.pi * (np.arange(window_px) + 0.5) / window_px) ** 2
    return np.outer(one, one)


def starts(size_px: int, window_px: int) -> list[int]:
    """First pixels of the windows along an axis: half a window apart, the last one at the end.

    Examples
    --------
    >>> starts(200, 96)
    [0, 48, 96, 104]
    """
    if size_px < window_px:
        raise RequestError(
            f"The area is {size_px} px across and a window {window_px}; take a larger area."
        )
    last = size_px - window_px
    return sorted({*range(0, last + 1, window_px // 2), last})


def blended(predict: Predict, stack: AnyArray, window_px: int) -> FloatArray:
    """Values of an area, shape ([value,] row, column), whatever the number of windows at a time.

    Parameters
    ----------
    predict : callable
        The network on windows of ``window_px``.
    stack : array, shape (channel, row, column)
        Scaled channels; NaN where missing.
    window_px : int
        Side of the windows that the network was trained on.

    Raises
    ------
    RequestError
        The area is smaller than a window.
    """
    rows, cols = stack.shape[1:]
    return blended_bands(
        predict, lambda first, height: stack[:, first : first + height], (rows, cols), window_px
    )


def blended_bands(
    predict: Predict,
    read: Callable[[int, int], AnyArray],
    shape: tuple[int, int],
    window_px: int,
    windows_down: int = 8,
) -> FloatArray:
    """As `blended`, of an area that is read band by band, so that memory holds one band.

    Parameters
    ----------
    predict : callable
        The network on windows of ``window_px``.
    read : callable
        Of a first row and a number of rows: channels, shape (channel, row, column).
    shape : tuple of int
        Rows and columns of the area.
    window_px : int
        Side of the windows that the network was trained on.
    windows_down : int
        Rows of windows that are read at a time; the values do not depend on it.
    """
    weights = hann_weights(window_px)
    total: FloatArray | None = None
    weight = np.zeros(0)
    down, across = starts(shape[0], window_px), starts(shape[1], window_px)
    for first in range(0, len(down), windows_down):
        some = down[first : first + windows_down]
        band = read(some[0], some[-1] + window_px - some[0])
        places = [(r, c) for r in some for c in across]
        for k in range(0, len(places), _BATCH):
            batch = places[k : k + _BATCH]
            windows = np.stack([
                band[:, r - some[0] : r - some[0] + window_px, c : c + window_px] for r, c in batch
            ])  # fmt: skip
            for (r, c), told in zip(batch, predict(windows), strict=True):
                if total is None:
                    total = np.zeros((*told.shape[:-2], *shape))
                    weight = np.zeros_like(total)
                here = (..., slice(r, r + window_px), slice(c, c + window_px))
                known = np.isfinite(told)
                total[here] += np.where(known, told, 0.0) * weights
                weight[here] += known * weights
    assert total is not None  # noqa: S101 - `starts` gives one window at least
    with np.errstate(invalid="ignore"):
        out: FloatArray = total / np.where(weight > 0.0, weight, np.nan)
    return out
