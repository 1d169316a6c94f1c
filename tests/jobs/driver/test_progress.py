from __future__ import annotations

import io

from rootzone.jobs.driver.progress import ProgressReport, Tally
from rootzone.jobs.driver.run_campaign import CampaignRun
from rootzone.jobs.shard.run_shard import ShardReport


def report(number: int, done: int = 10, failed: int = 0, **classes: int) -> ShardReport:
    return ShardReport(number, done, failed, classes)


def test_the_line_counts_failures_by_class_and_foretells_the_rest() -> None:
    tally = Tally(100)
    tally.add(report(1, 19, 1, NO_CONVERGENCE=1))
    # 20 of 100 sites took 30 s, so 80 take 120 s.
    assert tally.line(30.0) == ("20 of 100 sites, 1 failed (1 NO_CONVERGENCE), about 2.0 min left")


def test_nothing_is_foretold_before_the_first_site_and_after_the_last() -> None:
    tally = Tally(10)
    assert "left" not in tally.line(5.0)
    tally.add(report(1))
    assert "left" not in tally.line(5.0)


def test_a_log_gets_a_plain_line_now_and_then_not_one_a_shard() -> None:
    stream, now = io.StringIO(), [0.0]
    with ProgressReport(stream, lambda: now[0]) as progress:
        run = CampaignRun(100, 100, 3, sites_to_do=1000)
        progress.tell(run, None)
        for number in range(1, 31):
            now[0] += 1.0
            progress.tell(run, report(number))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "3 of 100 shards were done before"
    # 30 shards in 30 s, a line every 10 s.
    assert len(lines) == 1 + 3
    assert lines[1].startswith("100 of 1,000 sites, 0 failed, about")
    assert "\r" not in stream.getvalue()


def test_a_terminal_gets_a_bar() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    with ProgressReport(stream) as progress:
        run = CampaignRun(2, 2, 0, sites_to_do=20)
        progress.tell(run, None)
        progress.tell(run, report(1))
    assert "10 of 20 sites" in stream.getvalue()
