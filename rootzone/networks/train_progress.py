"""How training is going, on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from rootzone.jobs.driver.progress import in_hours

# A plain line at most this often [s], so that a log of a night stays short.
_PLAIN_EVERY_S = 10.0


class TrainProgress:
    """Context that the training loop tells about its steps and epochs.

    Parameters
    ----------
    stream : text stream, optional
        Where to report; stderr when not given.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stream = stream or sys.stderr
        self._clock = clock
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._first: tuple[float, int] | None = None
        self._last_line = -_PLAIN_EVERY_S
        self._epoch = ""

    def __enter__(self) -> TrainProgress:
        """Start the bar where there is a terminal."""
        if self._stream.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                console=Console(file=self._stream),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("training", total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def say(self, text: str) -> None:
        """A line that stays."""
        if self._bar is not None:
            self._bar.console.print(text, highlight=False, markup=False)
        else:
            self._stream.write(text + "\n")
            self._stream.flush()

    def begin(self) -> None:
        """A network begins: its pace is measured anew."""
        self._first = None

    def step(self, done: int, total: int, loss: float) -> None:
        """Tell that a step is done, of all steps of this network."""
        now = self._clock()
        if self._first is None:
            self._first = (now, done)
        text = f"step {done:,} of {total:,}, loss {loss:.5f}{self._left(now, done, total)}"
        if self._epoch:
            text = f"{self._epoch}; {text}"
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, total=total, completed=done, description=text)
        elif now - self._last_line >= _PLAIN_EVERY_S:
            self._last_line = now
            self.say(text)

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
