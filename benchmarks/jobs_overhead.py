"""What the runner costs on top of the engine: a whole campaign on local workers.

Overhead is everything but the engine's own time: reading, checking, ledgers, Parquet, starting the
workers, cutting the campaign. Its share is taken of the wall time, all workers together:
``1 - engine seconds / (wall seconds x workers)``.

    python benchmarks/jobs_overhead.py                     # 100,000 site-years, some minutes
    python benchmarks/jobs_overhead.py --sites 5000        # a quick look
    python benchmarks/jobs_overhead.py --sites 5000 --cpu  # on a busy machine: processor time

With ``--cpu`` all runs in one process and on one thread, and processor time is counted instead of
wall time: what other programs do then hardly matters. The start of workers is not in it.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from _figures import Figures, parser

from rootzone.campaign.workspace import Workspace
from rootzone.engines.protocol import Engine, EngineRun, SiteBatch
from rootzone.jobs.driver.run_campaign import run_campaign
from rootzone.jobs.driver.run_local import InThisProcess, Processes
from rootzone.jobs.record.read_state import CampaignState
from tests.jobs.synthetic import make_campaign


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--sites", type=int, default=100_000, help="site-years")
    arguments.add_argument("--cores", type=int, default=2, help="workers")
    arguments.add_argument("--spin-up-days", type=int, default=0, help="days before the year")
    arguments.add_argument("--layers", type=int, default=12, help="layers of a profile")
    arguments.add_argument("--sites-per-shard", type=int, default=2500)
    arguments.add_argument("--cpu", action="store_true", help="processor time of one process")
    arguments.add_argument("--threads", action="store_true", help="one process, engine on threads")
    chosen = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="rootzone-jobs-"))
    try:
        figures = measure_cpu(folder, chosen) if chosen.cpu else measure(folder, chosen)
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


@dataclass
class Clocked:
    """An engine whose processor time is counted."""

    engine: Engine
    seconds: list[float]

    @property
    def name(self) -> str:
        """The engine's."""
        return self.engine.name

    @property
    def label(self) -> str:
        """The engine's."""
        return self.engine.label

    def identity(self) -> Mapping[str, Any]:
        """The engine's."""
        return self.engine.identity()

    def run(self, batch: SiteBatch) -> EngineRun:
        """The engine's, not counted."""
        return self.engine.run(batch)

    def stream(self, batch: SiteBatch) -> Iterator[EngineRun]:
        """The engine's, counted."""
        runs = self.engine.stream(batch)
        while True:
            started = time.process_time()
            run = next(runs, None)
            self.seconds[0] += time.process_time() - started
            if run is None:
                return
            yield run


def measure_cpu(folder: Path, chosen: argparse.Namespace) -> Figures:
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
    seconds = [0.0]

    class Clocks:
        def __call__(self, changes: Mapping[str, Any], *, threads: int) -> Clocked:
            return Clocked(state.make_engine(changes, threads=threads), seconds)

        def identity(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
            return state.make_engine.identity(changes)

    started = time.process_time()
    run_campaign(state.campaign, state.workspace, InThisProcess(1), make_engine=Clocks())
    total_s = time.process_time() - started
    figures = Figures()
    figures.add("site-years", chosen.sites, "-")
    figures.add("processor time", total_s, "s")
    figures.add("of it in the engine, per site-year", 1e3 * seconds[0] / chosen.sites, "ms")
    rest_s = total_s - seconds[0]
    figures.add("of it in the runner, per site-year", 1e3 * rest_s / chosen.sites, "ms")
    figures.add("overhead of the processor time", 100.0 * rest_s / total_s, "%", "<= 10")
    return figures


def warm_up(folder: Path, chosen: argparse.Namespace) -> None:
    """Compile once, as any earlier run or ``rootzone plan`` would have."""
    file = make_campaign(folder, n_site=10, n_layer=chosen.layers, spin_up_days=0)
    campaign = CampaignState.beside(file).campaign
    run_campaign(campaign, Workspace(folder), InThisProcess(1))
    run_campaign(campaign, Workspace(folder), Processes(1), force=True)


if __name__ == "__main__":
    main()
