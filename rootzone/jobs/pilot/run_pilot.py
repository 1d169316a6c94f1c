"""Run a pilot: some sites through engine and writer, timed, in a folder of its own."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from rootzone._shared.provenance import Provenance
from rootzone._shared.seeds import stream
from rootzone._shared.table_files import scan_table
from rootzone._shared.tables import SOILS
from rootzone.campaign.model import Campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.pilot.pilot import Measured, pilot_sites
from rootzone.jobs.shard.counted_days import Span
from rootzone.jobs.shard.cut import SOIL_COLUMNS
from rootzone.jobs.shard.engine_choice import MakeEngine, weather_needs
from rootzone.jobs.shard.ladder import ladder_for
from rootzone.jobs.shard.ledger import Footer, ledger_frame
from rootzone.jobs.shard.read_cut import weather_files
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
    pilot.run(
        samples[0].head(1), Path(tempfile.gettempdir()), count=False
    )  # compiles, reads caches
    start_s = time.perf_counter() - started
    means = []
    with tempfile.TemporaryDirectory(prefix="rootzone-pilot-") as scratch:
        for number, sample in enumerate(samples):
            seconds = sum(
                pilot.run(group, Path(scratch) / f"{number}-{i}")
                for i, (_, group) in enumerate(sample.group_by("year", maintain_order=True))
            )
            means.append(seconds / sample.height)
    return Measured(
        seconds_per_site=means,
        overhead_s_per_site=pilot.other_s / pilot.sites,
        bytes_per_site=pilot.bytes / pilot.sites,
        start_s=start_s,
        sites=pilot.sites,
        failed=sum(pilot.classes.values()),
        failed_by_class=dict(pilot.classes.most_common()),
    )


class _Pilot:
    """Runs groups of sites of one year and counts what they took."""

    def __init__(
        self, campaign: Campaign, workspace: Workspace, make_engine: MakeEngine, soils: pl.LazyFrame
    ) -> None:
        self._campaign, self._workspace, self._soils = campaign, workspace, soils
        self._make_engine = make_engine
        self._engines: dict[str, Engine] = {}
        self.other_s = 0.0
        self.bytes = 0
        self.sites = 0
        self.classes: Counter[str] = Counter()

    def run(self, sites: pl.DataFrame, folder: Path, *, count: bool = True) -> float:
        """Engine time of a group [s]."""
        started = time.perf_counter()
        inputs = rows_of_sites(self._campaign, self._workspace, self._soils, sites)
        read_s = time.perf_counter() - started
        engine = self._campaign.engine
        ladder = ladder_for(engine.name, engine.stepping)
        span = Span.of_year(int(sites["year"][0]), engine.spin_up_days)
        store = ProfileStore(inputs.id_dtype, *inputs.store_size(span))
        plan = BatchPlan(ladder, self._make_engine, span, engines=self._engines)
        outcome = run_batch(inputs.batch, plan, store.add)
        if not count:
            return outcome.engine_seconds
        started = time.perf_counter()
        failures = {**outcome.failures, **inputs.refused}
        ledger = ledger_frame(inputs.site_ids, inputs.id_dtype, outcome, inputs.refused, {})
        footer = Footer("pilot", 0, 0, 0, {}, sites.height, 0, 0, 0)
        paths = folder / "profiles.parquet", folder / "ledger.parquet"
        record = Provenance("rootzone plan")
        write_shard(*paths, store.frame(inputs.site_ids), ledger, record, footer, {})
        write_s = time.perf_counter() - started
        # What a shard pays once, a pilot pays for each small group: take its cost per site from the
        # rows alone, not from opening files.
        share = sites.height / self._campaign.jobs.sites_per_shard
        self.other_s += (read_s + write_s) * min(1.0, share)
        self.bytes += paths[0].stat().st_size
        self.sites += sites.height
        self.classes.update(str(failure.failure_class) for failure in failures.values())
        return outcome.engine_seconds


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
