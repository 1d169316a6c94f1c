"""Where a seed becomes a generator: every random choice has a stream of its own.

A campaign's seeds stand in its section ``seeds``; a choice draws from the stream of a seed and of
what it is about (a year, a stratum, a station). Streams of other keys are independent, so a choice
more, or another order of work, changes no other choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np


def stream(seed: int, *key: int) -> np.random.Generator:
    """The generator of one random choice.

    Parameters
    ----------
    seed : int
        Seed, 0 or more.
    *key : int
        What the choice is about, each 0 or more.

    Examples
    --------
    >>> bool(stream(7, 2023).random() == stream(7, 2023).random())
    True
    >>> bool(stream(7, 2023).random() == stream(7, 2024).random())
    False
    """
    import numpy as np

    return np.random.default_rng([seed, *key])
