"""How training is going: steps, loss, the last validation, time left."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from rootzone._shared.progress import ProgressBar
from rootzone._shared.words import in_hours


class TrainProgress(ProgressBar):
    """Context that the training loop tells about its steps and epochs; as `ProgressBar`."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__("training", stream, clock)
        self._first: tuple[float, int] | None = None
        self._epoch = ""

    def begin(self) -> None:
        """A network begins: its pace is measured anew, and the last one's epochs are past."""
        self._first, self._epoch = None, ""

    def step(self, done: int, total: int, loss: float) -> None:
        """Tell that a step is done, of all steps of this network."""
        now = self.clock()
        if self._first is None:
            self._first = (now, done)
        text = f"step {done:,} of {total:,}, loss {loss:.5f}{self._left(now, done, total)}"
        if self._epoch:
            text = f"{self._epoch}; {text}"
        self.show(text, done, total)

    def _left(self, now: float, done: int, total: int) -> str:
        if self._first is None or done >= total or done <= self._first[1]:
            return ""
        pace = (now - self._first[0]) / (done - self._first[1])
        return f", about {in_hours(pace * (total - done))} left"

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Tell the validation of an epoch."""
        better = " (best so far)" if row["best"] else ""
        self._epoch = (
            f"epoch {row['epoch']}: validation RMSE {row['validation_rmse']:.4f} m3 m-3{better}"
        )
