"""Peak memory of the verbs that look at a whole campaign: it must not grow with the sites.

    python benchmarks/memory.py                                     # 50,000 sites and a million
    python benchmarks/memory.py --report-sites 5000 --plan-sites 50000    # a quick look

``report`` is asked of a campaign whose profiles and labels are those of a bucket that runs off what
rains: of the right size, and made in a minute. ``plan`` runs its pilot with the real engine. Each
verb is a process of its own, whose peak resident memory the system tells.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _figures import Figures, parser

from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.driver.run_campaign import run_campaign
from rootzone.jobs.driver.run_local import InThisProcess
from tests.jobs.engines import MakeBucket
from tests.jobs.synthetic import make_campaign


def verb(*words: str, folder: Path) -> tuple[float, float]:
    """Peak memory [GB] and processor time [s] of a verb; an error ends the benchmark."""
    program = Path(sys.executable).with_name("rootzone")
    started = subprocess.Popen([program, *words], cwd=folder, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    if started.returncode:
        raise SystemExit(f"rootzone {' '.join(words)} ended with {started.returncode}")
    return usage.ru_maxrss / 1e6 * 1.024, usage.ru_utime + usage.ru_stime


def in_a_fork(work: object, *given: object) -> None:
    """Do what takes much memory in a process that is gone afterwards."""
    child = os.fork()
    if child == 0:
        work(*given)  # type: ignore[operator]
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit("the campaign could not be made")


def simulated(folder: Path, n_site: int) -> None:
    """A campaign of one year and 12 layers with profiles."""
    file = make_campaign(folder, n_site=n_site, n_layer=12, spin_up_days=0, sites_per_shard=2500,
                         n_cell=40)  # fmt: skip
    campaign = load_campaign(file).campaign
    run_campaign(campaign, Workspace.beside(file), InThisProcess(1), make_engine=MakeBucket())


def drawn(folder: Path, n_site: int) -> None:
    """A campaign that was not run yet."""
    make_campaign(folder, n_site=n_site, n_layer=12, spin_up_days=0, sites_per_shard=2500,
                  n_cell=40)  # fmt: skip


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--report-sites", type=int, default=50_000)
    parsed.add_argument("--plan-sites", type=int, default=1_000_000)
    args = parsed.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory(prefix="rootzone-memory-") as scratch:
        if args.report_sites:
            folder, n = Path(scratch) / "report", args.report_sites
            in_a_fork(simulated, folder, n)
            peak, seconds = verb("labels", "campaign.yaml", folder=folder)
            figures.add(f"labels of {n:,} sites, peak memory", peak, "GB")
            figures.add(f"labels of {n:,} sites, processor time", seconds, "s")
            peak, seconds = verb("report", "campaign.yaml", folder=folder)
            figures.add(f"report of {n:,} sites, peak memory", peak, "GB", "<= 0.6 at 50,000")
            figures.add(f"report of {n:,} sites, processor time", seconds, "s")
        if args.plan_sites:
            folder, n = Path(scratch) / "plan", args.plan_sites
            started = time.monotonic()
            in_a_fork(drawn, folder, n)
            figures.add("making the tables", time.monotonic() - started, "s")
            for words in (("plan", "campaign.yaml", "--sites", "20"), ("status", "campaign.yaml")):
                peak, seconds = verb(*words, folder=folder)
                figures.add(f"{words[0]} of {n:,} sites, peak memory", peak, "GB",
                            "<= 1 at 1,000,000")  # fmt: skip
                figures.add(f"{words[0]} of {n:,} sites, processor time", seconds, "s")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
