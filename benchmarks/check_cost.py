"""What seals cost: processor time of writing and checking digests, as a share of the verbs'.

    python benchmarks/check_cost.py                          # 100,000 site-years
    python benchmarks/check_cost.py --site-years 4000        # a quick look

Simulate, labels and report run in this process on a campaign of one year and 12 layers. Processor
time inside the seals (digests of content and footers, of every file that is written or read) is
taken by thread, so that other load on the machine has no part in the ratio. The share with the
default engine, on fewer site-years and without spin-up, is the one that counts; that of a bucket,
whose simulation costs next to nothing and whose tables pack to next to nothing, shows the rest.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _figures import Figures, parser
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared import seal
from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.driver.run_campaign import run_campaign
from rootzone.jobs.driver.run_local import InThisProcess
from tests.jobs.engines import MakeBucket
from tests.jobs.synthetic import make_campaign

SPENT = {"s": 0.0, "calls": 0.0}


def timed(work: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, its processor time counted."""

    def counted(*given: Any, **named: Any) -> Any:  # noqa: ANN401
        started = time.thread_time()
        try:
            return work(*given, **named)
        finally:
            SPENT["s"] += time.thread_time() - started
            SPENT["calls"] += 1

    return counted


def chain(folder: Path, site_years: int, bucket: bool) -> tuple[float, float]:
    """Processor time [s] of all, and of the seals, in simulate, labels and report."""
    file = make_campaign(folder, n_site=site_years, n_layer=12, spin_up_days=0,
                         sites_per_shard=2500, n_cell=40)  # fmt: skip
    SPENT["s"] = 0.0
    started = sum(os.times()[:2])
    campaign = load_campaign(file).campaign
    how = {"make_engine": MakeBucket()} if bucket else {}
    run_campaign(campaign, Workspace.beside(file), InThisProcess(1), **how)  # type: ignore[arg-type]
    for words in (["labels", str(file), "--workers", "1"], ["report", str(file)]):
        done = CliRunner().invoke(cli, words)
        if done.exit_code:
            raise SystemExit(f"{words[0]}: {done.output} {done.exception}")
    return sum(os.times()[:2]) - started, SPENT["s"]


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--site-years", type=int, default=100_000)
    parsed.add_argument("--engine-site-years", type=int, default=2000)
    parsed.add_argument("--folder", type=Path, help="Where the campaign is made for a while.")
    args = parsed.parse_args()
    for name in ("_sha256", "_footer", "_short", "_json_seal"):
        setattr(seal, name, timed(getattr(seal, name)))
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="rootzone-cost-", dir=args.folder) as scratch:
        for n, bucket, who in ((args.engine_site_years, False, "default engine"),
                               (args.site_years, True, "a bucket for an engine")):  # fmt: skip
            if not n:
                continue
            if not bucket:  # compiled before the clock runs
                chain(Path(scratch) / "first", 60, bucket)
            whole, seals = chain(Path(scratch) / who.replace(" ", "_"), n, bucket)
            figures.add(f"{n:,} site-years, {who}: simulate, labels, report", whole, "s")
            figures.add(f"{n:,} site-years, {who}: of it for seals", seals, "s")
            figures.add(f"{n:,} site-years, {who}: share", 100.0 * seals / whole, "%", "< 2")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
