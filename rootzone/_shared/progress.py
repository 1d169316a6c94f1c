"""How work is going, on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

# A plain line at most this often [s], so that a log of a night stays short.
PLAIN_EVERY_S = 10.0


class ProgressBar:
    """Context that is told how far the work is.

    Parameters
    ----------
    what : str
        Said before anything is known.
    stream : text stream, optional
        Where to report; stderr when not given.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        what: str,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what = what
        self._stream = stream or sys.stderr
        self.clock = clock
        self.last_line_s = -PLAIN_EVERY_S
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        """Start the bar where there is a terminal."""
        if self._stream.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                console=Console(file=self._stream),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task(self._what, total=None)
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

    def show(self, text: str, done: int, total: int, *, last_too: bool = True) -> None:
        """The state: on the bar, or as a line if the last one was long ago.

        ``last_too=False`` leaves out the line of the very end, which the caller tells itself.
        """
        now = self.clock()
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task, total=total, completed=done, description=text, refresh=True
            )
        elif now - self.last_line_s >= PLAIN_EVERY_S and (last_too or done < total):
            self.last_line_s = now
            self.say(text)
