"""How a run of shards is going: sites done, failed by class, time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TextIO

from rootzone._shared.progress import ProgressBar
from rootzone._shared.words import in_hours
from rootzone.jobs.driver.run_campaign import CampaignRun
from rootzone.jobs.shard.run_shard import ShardReport


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


class ProgressReport(ProgressBar):
    """Context whose :meth:`tell` a driver calls after each shard; parameters as `ProgressBar`."""

    def __init__(
        self, stream: TextIO | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__("reading the campaign", stream, clock)
        self.tally = Tally(0)
        self._started = self.last_line_s = clock()

    def tell(self, run: CampaignRun, report: ShardReport | None) -> None:
        """Count a shard and show the state."""
        if report is None:
            self._started = self.last_line_s = self.clock()
            self.tally.to_do = run.sites_to_do
            if run.skipped:
                self.say(f"{run.skipped} of {run.chosen} shards were done before")
            return
        self.tally.add(report)
        text = self.tally.line(self.clock() - self._started)
        self.show(text, self.tally.tried, self.tally.to_do, last_too=False)
