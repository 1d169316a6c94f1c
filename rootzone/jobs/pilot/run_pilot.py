"""Run a pilot: some sites through engine and writer, timed, in a folder of its own."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rootzone._shared.core_time import core_seconds
from rootzone._shared.cores import cores_given
from rootzone._shared.provenance import Provenance
from rootzone._shared.seeds import stream
from rootzone._shared.table_files import scan_table
from rootzone._shared.tables import SOILS
from rootzone._shared.workers import start_pool
from rootzone.campaign.model import Campaign
from rootzone.campaign.workspace import Workspace
from rootzone.engines.kinds import kind_of
from rootzone.jobs.pilot.pilot import Measured, pilot_sites
from rootzone.jobs.shard.counted_days import Span
from rootzone.jobs.shard.cut import SOIL_COLUMNS
from rootzone.jobs.shard.engine_choice import MakeEngine, weather_needs
from rootzone.jobs.shard.ledger import Footer, ledger_frame
from rootzone.jobs.shard.read_cut import read_shards, weather_files
from rootzone.jobs.shard.read_inputs import ShardInputs, inputs_of_rows
from rootzone.jobs.shard.run_batch import BatchPlan, run_batch
from rootzone.jobs.shard.write_shard import ProfileStore, write_shard

if TYPE_CHECKING:
    import polars as pl

    from rootzone.engines.protocol import Engine

_REPLICATES = 8


def run_pilot(
    campaign: Campaign,
    workspace: Workspace,
    make_engine: MakeEngine,
    sites: pl.DataFrame,
    n: int,
    seed: int,
) -> Measured:
    """Run and time a pilot.

    Parameters
    ----------
    campaign, workspace
        The campaign.
    make_engine : callable
        Its engine, on one thread.
    sites : polars.DataFrame
        Sites of the campaign.
    n : int
        Sites of the pilot.
    seed : int
        Which sites are drawn.

    Raises
    ------
    RequestError
        Inputs are wrong.
    """
    started = time.perf_counter()
    soils = scan_table(workspace.soils, SOILS)
    samples = pilot_sites(sites, n, _REPLICATES, stream(seed))
    pilot = _Pilot(campaign, workspace, make_engine, soils)
    first = samples[0].head(1)
    pilot.run(first, Path(tempfile.gettempdir()), count=False)  # compiles, once for a version
    start_s, core_start_s = time.perf_counter() - started, core_seconds()
    if getattr(make_engine({}, threads=1), "compiled_loop", ""):
        program_s = _driver_alone(campaign, workspace, make_engine)
        start_s, core_start_s = _start_of_a_worker(campaign, workspace, make_engine, first)
    else:
        program_s = rehearse(campaign, workspace, make_engine)
    means, core_means = [], []
    with tempfile.TemporaryDirectory(prefix="rootzone-pilot-") as scratch:
        for number, sample in enumerate(samples):
            spent = [
                pilot.run(group, Path(scratch) / f"{number}-{i}")
                for i, (_, group) in enumerate(sample.group_by("year", maintain_order=True))
            ]
            means.append(sum(clock for clock, _ in spent) / sample.height)
            core_means.append(sum(core for _, core in spent) / sample.height)
    return Measured(
        seconds_per_site=means,
        core_s_per_site=core_means,
        overhead_s_per_site=pilot.other_s / pilot.sites,
        core_overhead_s_per_site=pilot.core_other_s / pilot.sites,
        bytes_per_site=pilot.bytes / pilot.sites,
        start_s=start_s,
        core_start_s=core_start_s,
        sites=pilot.sites,
        failed=sum(pilot.classes.values()),
        failed_by_class=dict(pilot.classes.most_common()),
        program_s=program_s,
    )


def _driver_alone(campaign: Campaign, workspace: Workspace, make_engine: MakeEngine) -> float:
    """Time the program that starts the workers takes while none of them starts or works [s].

    A process of its own loads the libraries, does what a driver does, and ends. With a core to
    spare a first worker loads its libraries, which takes it as long, while the driver prepares.
    """
    started = time.perf_counter()
    pool = start_pool(1)
    try:
        pool.submit(core_seconds_once_loaded).result()
        loaded_s = time.perf_counter() - started
        prepared_s = float(pool.submit(rehearse, campaign, workspace, make_engine).result())
    finally:
        pool.shutdown(wait=True)
    whole_s = time.perf_counter() - started
    return whole_s - (min(loaded_s, prepared_s) if cores_given() > 1 else 0.0)


def rehearse(campaign: Campaign, workspace: Workspace, make_engine: MakeEngine) -> float:
    """Time by the clock of what a driver does before its first shard: canaries, reading, tasks."""
    from rootzone.jobs.driver.run_campaign import prepare
    from rootzone.jobs.driver.run_canaries import canary_answers

    started = time.perf_counter()
    canary_answers(make_engine({}, threads=1))
    prepare(campaign, workspace, make_engine, read_shards(campaign, workspace, freeze=False))
    return time.perf_counter() - started


def _start_of_a_worker(
    campaign: Campaign, workspace: Workspace, make_engine: MakeEngine, first: pl.DataFrame
) -> tuple[float, float]:
    """Time until a worker that finds its kernels compiled has run a site, by clock and on a core.

    Compiling is left out: it happens once for a version of the program, not in every worker.
    """
    started = time.perf_counter()
    pool = start_pool(1)
    try:
        core_s = pool.submit(_first_site, campaign, workspace, make_engine, first).result()
    finally:
        pool.shutdown(wait=True, kill_workers=True)
    return time.perf_counter() - started, float(core_s)


def core_seconds_once_loaded() -> float:
    """Core time of a process once it has loaded this module and what it needs [s]."""
    return core_seconds()


def _first_site(
    campaign: Campaign, workspace: Workspace, make_engine: MakeEngine, first: pl.DataFrame
) -> float:
    """Core time of this process once it has run a site [s]."""
    soils = scan_table(workspace.soils, SOILS)
    pilot = _Pilot(campaign, workspace, make_engine, soils)
    pilot.run(first, Path(tempfile.gettempdir()), count=False)
    return core_seconds()


class _Pilot:
    """Runs groups of sites of one year and counts what they took."""

    def __init__(
        self, campaign: Campaign, workspace: Workspace, make_engine: MakeEngine, soils: pl.LazyFrame
    ) -> None:
        self._campaign, self._workspace, self._soils = campaign, workspace, soils
        self._make_engine = make_engine
        self._engines: dict[str, Engine] = {}
        self.other_s, self.core_other_s = 0.0, 0.0
        self.bytes = 0
        self.sites = 0
        self.classes: Counter[str] = Counter()

    def run(self, sites: pl.DataFrame, folder: Path, *, count: bool = True) -> tuple[float, float]:
        """Engine time of a group by the clock and on a core [s]."""
        started, core_started = time.perf_counter(), core_seconds()
        inputs = rows_of_sites(self._campaign, self._workspace, self._soils, sites)
        read_s, core_read_s = time.perf_counter() - started, core_seconds() - core_started
        engine = self._campaign.engine
        ladder = kind_of(engine.name).ladder(engine.stepping)
        span = Span.of_year(int(sites["year"][0]), engine.spin_up_days)
        store = ProfileStore(inputs.id_dtype, *inputs.store_size(span))
        plan = BatchPlan(ladder, self._make_engine, span, engines=self._engines)
        core_started = core_seconds()
        outcome = run_batch(inputs.batch, plan, store.add)
        spent = outcome.engine_seconds, core_seconds() - core_started
        if not count:
            return spent
        started, core_started = time.perf_counter(), core_seconds()
        failures = {**outcome.failures, **inputs.refused}
        ledger = ledger_frame(inputs.site_ids, inputs.id_dtype, outcome, inputs.refused, {})
        footer = Footer("pilot", 0, 0, 0, {}, sites.height, 0, 0, 0)
        paths = folder / "profiles.parquet", folder / "ledger.parquet"
        record = Provenance("rootzone plan")
        write_shard(*paths, store.frame(inputs.site_ids), ledger, record, footer, {})
        write_s, core_write_s = time.perf_counter() - started, core_seconds() - core_started
        # What a shard pays once, a pilot pays for each small group: take its cost per site from the
        # rows alone, not from opening files.
        share = sites.height / self._campaign.jobs.sites_per_shard
        self.other_s += (read_s + write_s) * min(1.0, share)
        self.core_other_s += (core_read_s + core_write_s) * min(1.0, share)
        self.bytes += paths[0].stat().st_size
        self.sites += sites.height
        self.classes.update(str(failure.failure_class) for failure in failures.values())
        return spent


def rows_of_sites(
    campaign: Campaign, workspace: Workspace, soils: pl.LazyFrame, sites: pl.DataFrame
) -> ShardInputs:
    """Inputs of some sites of one year, straight from the campaign's tables.

    Raises
    ------
    RequestError
        A table as a whole cannot be used.
    """
    import polars as pl

    year = int(sites["year"][0])
    key = pl.col("site_id").cast(pl.String)
    wanted = sites["site_id"].cast(pl.String).implode()
    there = soils.collect_schema()
    rows = (
        soils.filter(key.is_in(wanted))
        .select(name for name in SOIL_COLUMNS if name in there)
        .collect()
    )
    if rows.schema["site_id"] != sites.schema["site_id"]:
        rows = rows.with_columns(pl.col("site_id").cast(sites.schema["site_id"]))
    return inputs_of_rows(
        sites,
        rows.sort("site_id", "layer", maintain_order=True),
        Span.of_year(year, campaign.engine.spin_up_days),
        weather_files(campaign, workspace, year),
        campaign.engine.physics,
        weather_needs(campaign),
        workspace.soils,
    )
