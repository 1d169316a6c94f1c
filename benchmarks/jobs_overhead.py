"""What the runner costs on top of the engine: a whole campaign on local workers.

Overhead is everything but the engine's own time: reading, checking, ledgers, Parquet, starting the
workers, cutting the campaign. Its share is taken of the wall time, all workers together:
``1 - engine seconds / (wall seconds x workers)``.

    python benchmarks/jobs_overhead.py                     # 100,000 site-years, some minutes
    python benchmarks/jobs_overhead.py --sites 5000        # a quick look
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _figures import Figures, parser

from rootzone.campaign.workspace import Workspace
from rootzone.jobs.read_state import CampaignState
from rootzone.jobs.run_campaign import run_campaign
from rootzone.jobs.run_local import InThisProcess, Processes
from tests.jobs.synthetic import make_campaign


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--sites", type=int, default=100_000, help="site-years")
    arguments.add_argument("--cores", type=int, default=2, help="workers")
    arguments.add_argument("--spin-up-days", type=int, default=0, help="days before the year")
    arguments.add_argument("--layers", type=int, default=12, help="layers of a profile")
    arguments.add_argument("--sites-per-shard", type=int, default=2500)
    arguments.add_argument("--threads", action="store_true", help="one process, engine on threads")
    chosen = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rootzone-jobs-"))
    try:
        figures = measure(folder, chosen)
    finally:
        shutil.rmtree(folder)
    figures.show(as_json=chosen.json)


def measure(folder: Path, chosen: argparse.Namespace) -> Figures:
    file = make_campaign(
        folder,
        n_site=chosen.sites,
        sites_per_shard=chosen.sites_per_shard,
        n_cell=500,
        n_layer=chosen.layers,
        spin_up_days=chosen.spin_up_days,
    )
    warm_up(folder / "warm", chosen)
    state = CampaignState.beside(file)
    executor = InThisProcess(chosen.cores) if chosen.threads else Processes(chosen.cores)
    started = time.perf_counter()
    run = run_campaign(state.campaign, state.workspace, executor)
    wall_s = time.perf_counter() - started
    # In one process the engine itself uses all cores, so its wall time counts for all of them.
    busy = 1 if chosen.threads else min(chosen.cores, run.shards)
    shard_s = sum(report.seconds for report in run.reports)
    files = [path for path in state.workspace.runs.rglob("*") if path.is_file()]
    figures = Figures()
    figures.add("site-years", chosen.sites, "-")
    figures.add("site-years with spin-up", chosen.sites * (1 + chosen.spin_up_days / 365.25), "-")
    figures.add("wall time", wall_s, "s")
    figures.add("engine time, all workers", run.engine_seconds, "s")
    figures.add("engine time per site-year", 1e3 * run.engine_seconds / chosen.sites, "ms")
    overhead = 100.0 * (1.0 - run.engine_seconds / (wall_s * busy))
    figures.add("overhead of the wall time", overhead, "%", "<= 10")
    inside = 100.0 * (shard_s - run.engine_seconds) / (wall_s * busy)
    figures.add("  of it inside shards: reading, checking, writing", inside, "%")
    figures.add("files per shard", len(files) / run.shards, "-", "< 3")
    peak_mb = max(report.peak_mb for report in run.reports)
    figures.add("peak memory of a worker", peak_mb, "MiB", "< 1500")
    size = sum(path.stat().st_size for path in files)
    figures.add("disk per site-year", size / chosen.sites / 1e3, "kB")
    figures.add("sites failed", sum(report.failed for report in run.reports), "-", "0")
    return figures


def warm_up(folder: Path, chosen: argparse.Namespace) -> None:
    """Compile once, as any earlier run or ``rootzone plan`` would have."""
    file = make_campaign(folder, n_site=10, n_layer=chosen.layers, spin_up_days=0)
    campaign = CampaignState.beside(file).campaign
    run_campaign(campaign, Workspace(folder), InThisProcess(1))
    run_campaign(campaign, Workspace(folder), Processes(1), force=True)


if __name__ == "__main__":
    main()
