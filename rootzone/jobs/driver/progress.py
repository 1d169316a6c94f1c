"""How a run is going, on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from rootzone.jobs.driver.run_campaign import CampaignRun
from rootzone.jobs.shard.run_shard import ShardReport

# A plain line at most this often [s], so that a log of a night stays short.
_PLAIN_EVERY_S = 10.0


def in_hours(seconds: float) -> str:
    """Time as a person says it.

    Examples
    --------
    >>> in_hours(59.6), in_hours(600), in_hours(5400)
    ('1.0 min', '10 min', '1.5 h')
    """
    if seconds < 59.5:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 5400:
        minutes = seconds / 60
        return f"{minutes:.1f} min" if minutes < 9.95 else f"{minutes:.0f} min"
    return f"{seconds / 3600:.1f} h"


@dataclass
class Tally:
    """Sites so far.

    Parameters
    ----------
    to_do : int
        Sites this run has to do.
    done, failed : int
        Sites finished in this run.
    classes : Counter
        Failed ones by class.
    """

    to_do: int
    done: int = 0
    failed: int = 0
    classes: Counter[str] = field(default_factory=Counter)

    def add(self, report: ShardReport) -> None:
        """Count a shard."""
        self.done += report.done
        self.failed += report.failed
        self.classes.update(report.failed_by_class)

    @property
    def tried(self) -> int:
        """Sites with an outcome."""
        return self.done + self.failed

    def line(self, elapsed_s: float) -> str:
        """The state in words, with the time left at the present pace."""
        text = f"{self.tried:,} of {self.to_do:,} sites, {self.failed:,} failed"
        if self.classes:
            text += f" ({class_counts(dict(self.classes.most_common()))})"
        if 0 < self.tried < self.to_do:
            left_s = elapsed_s * (self.to_do - self.tried) / self.tried
            text += f", about {in_hours(left_s)} left"
        return text


def class_counts(classes: dict[str, int]) -> str:
    """Such as ``9 NO_CONVERGENCE, 3 FORCING_GAP``."""
    return ", ".join(f"{count} {name}" for name, count in classes.items())


class ProgressReport:
    """Context whose :meth:`tell` a driver calls after each shard.

    Parameters
    ----------
    stream : text stream, optional
        Where to report; stderr when not given.
    clock : callable
        Seconds that only grow.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tally = Tally(0)
        self._stream = stream or sys.stderr
        self._clock = clock
        self._started = clock()
        self._last = self._started
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> ProgressReport:
        """Start the bar where there is a terminal."""
        if self._stream.isatty():
            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                console=Console(file=self._stream),
                transient=True,
            )
            self._bar.start()
            self._task = self._bar.add_task("reading the campaign", total=None)
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

    def tell(self, run: CampaignRun, report: ShardReport | None) -> None:
        """Count a shard and show the state."""
        now = self._clock()
        if report is None:
            self._started = self._last = now
            self.tally.to_do = run.sites_to_do
            if self._bar is not None and self._task is not None:
                self._bar.update(self._task, total=run.sites_to_do)
            self._say_skipped(run)
            return
        self.tally.add(report)
        text = self.tally.line(now - self._started)
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self.tally.tried, description=text, refresh=True)
        elif now - self._last >= _PLAIN_EVERY_S and self.tally.tried < self.tally.to_do:
            self._last = now
            self._stream.write(text + "\n")
            self._stream.flush()

    def _say_skipped(self, run: CampaignRun) -> None:
        if run.skipped:
            self._stream.write(f"{run.skipped} of {run.chosen} shards were done before\n")
