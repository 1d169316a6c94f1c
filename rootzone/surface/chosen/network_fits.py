"""What candidates that train a network share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import BoolArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.seeds import stream

_ONE_AT_A_TIME: Final = Lock()


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch with one thread; small networks are slower with several where cores are busy."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def alone() -> Iterator[Path]:
    """A folder to train one network in, with one thread, while no other candidate trains one.

    Candidates are fitted side by side and torch has one random state for all of them; with one
    thread the weights do not depend on the cores.
    """
    with _ONE_AT_A_TIME, TemporaryDirectory() as folder, one_thread():
        yield Path(folder)


def stations_to_stop_by(samples: pl.DataFrame, seed: int, who: str) -> tuple[IntArray, BoolArray]:
    """Number of each sample's station, and whether it is of the quarter that ends the training.

    Raises
    ------
    RequestError
        There are fewer than four stations.
    """
    station = samples["station"].rank("dense").cast(pl.Int64).to_numpy() - 1
    n_station = int(station.max()) + 1
    if n_station < 4:
        raise RequestError(
            f"{who}: {n_station} stations are too few to hold some out; leave it out of "
            "surface.select.candidates, or ask for more folds (outer, inner)."
        )
    order = stream(seed).permutation(n_station)
    return station, np.isin(station, order[: max(1, n_station // 4)])
