"""What a campaign has on disk for its report; everything is read when first asked for."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.errors import RequestError
from rootzone._shared.seal import check, read_sealed_json
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import SITES
from rootzone._shared.units import m_from_mm
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.jobs.shard.read_shard import read_closed

if TYPE_CHECKING:
    import polars as pl

    from rootzone.covariates.layers.source import Source
    from rootzone.jobs.record.read_state import CampaignState

_LOG = logging.getLogger(__name__)
FEW_FILES = 8  # shards that single sites are taken from
_MADE_UP = ("MADE_UP.txt", "README.txt")


@dataclass(frozen=True)
class Runs:
    """All closed shards together.

    Parameters
    ----------
    done, failed : int
        Sites by the last word on them.
    seconds, engine_seconds, loading_seconds : float
        Time the shards took, the engine's part of it, and that of loading its kernels [s].
    core_seconds : float
        Core time of the workers [s]; 0 where it was not taken down.
    peak_mb : float
        Largest memory of a worker [MiB].
    """

    done: int
    failed: int
    seconds: float
    engine_seconds: float
    loading_seconds: float
    core_seconds: float
    peak_mb: float

    @property
    def failed_pct(self) -> float:
        """Failed sites of those that were tried [%]."""
        tried = self.done + self.failed
        return 100.0 * self.failed / tried if tried else 0.0


@dataclass(frozen=True)
class ReportInputs(CampaignFiles):
    """A campaign's tables, each None or empty where it is not there yet.

    Parameters
    ----------
    loaded, data
        As of every campaign.
    run : str
        Training run whose skill is shown.
    """

    run: str = "main"

    @property
    def depth_mm(self) -> float:
        """The label depth shown where there is room for one [mm]."""
        return float(self.campaign.labels.depths_mm[0])

    @cached_property
    def made_up(self) -> str:
        """What in the data is not real, as the data folder says; empty where it is silent."""
        for name in _MADE_UP:
            note = self.data / name
            if note.is_file():
                text = note.read_text(encoding="utf-8").strip()
                if name == _MADE_UP[0] or text.lower().startswith("made up"):
                    return text
        return ""

    @cached_property
    def sources(self) -> dict[str, Source]:
        """Catalog entry of each kind of data the campaign uses."""
        asked = self.campaign.catalog
        kinds = ("land_cover", "climate_class", "texture", "elevation", "forcing")
        names = {kind: getattr(asked, kind) for kind in kinds}
        return {k: self.catalog.sources[n] for k, n in names.items() if n in self.catalog.sources}

    @cached_property
    def sites(self) -> pl.DataFrame | None:
        """Drawn sites of the campaign's years."""
        import polars as pl

        if not self.workspace.sites.exists():
            return None
        frame = read_table(self.workspace.sites, SITES)
        return frame.filter(pl.col("year").is_in(self.campaign.years))

    @cached_property
    def balance(self) -> list[dict[str, Any]]:
        """Facts of the balance report, one a year."""
        path = self.workspace.sites.parent / "balance.json"
        return list(json.loads(check(path).read_text())) if path.exists() else []

    @cached_property
    def top_soils(self) -> pl.DataFrame | None:
        """The top layer of every site's soil."""
        import polars as pl

        if not self.workspace.soils.exists():
            return None
        return pl.scan_parquet(check(self.workspace.soils)).filter(pl.col("layer") == 1).collect()

    @cached_property
    def plan(self) -> dict[str, Any]:
        """What the last pilot said the campaign will cost; empty without one."""
        path = self.workspace.plan
        return read_sealed_json(path, "rootzone plan makes it again.") if path.exists() else {}

    @cached_property
    def state(self) -> CampaignState | None:
        """Shards and outcomes; None before sites and soils are there, or before any run."""
        from rootzone.jobs.record.read_state import CampaignState

        if not (self.workspace.sites.exists() and self.profiles):
            return None
        state = CampaignState.beside(self.path)
        try:
            state.tasks  # noqa: B018 - asks for the tables the runs were cut from
        except RequestError as error:
            _LOG.warning("what became of the shards cannot be told: %s", error)
            return None
        return state

    @cached_property
    def runs(self) -> Runs | None:
        """What the closed shards cost and gave, stale ones included; None before any run."""
        from rootzone.jobs.record.read_outcomes import last_word
        from rootzone.jobs.shard.ledger import DONE, FAILED

        if self.state is None:
            return None
        closed = [read_closed(self.workspace, s.number) for s in self.state.table.shards]
        told = [one.run for one in closed if one is not None]
        outcome = last_word(self.state.outcomes)["outcome"]
        return Runs(
            done=int((outcome == DONE).sum()),
            failed=int((outcome == FAILED).sum()),
            seconds=sum(float(run.get("seconds", 0.0)) for run in told),
            engine_seconds=sum(float(run.get("engine_seconds", 0.0)) for run in told),
            loading_seconds=sum(float(run.get("loading_seconds", 0.0)) for run in told),
            core_seconds=sum(float(run.get("core_seconds", 0.0)) for run in told),
            peak_mb=max((float(run.get("peak_mb", 0.0)) for run in told), default=0.0),
        )

    @cached_property
    def profiles(self) -> list[Path]:
        """Profile files, in order of their shards."""
        found = sorted(self.workspace.runs.glob("shard=*/profiles.parquet"))
        for path in found:
            check(path, "rootzone simulate makes its shard again.", content=False)
        return found

    def some_profiles(self, most: int) -> list[Path]:
        """At most so many profile files, evenly spaced among all; always the same."""
        step = -(-len(self.profiles) // most) if self.profiles else 1
        return [check(path) for path in self.profiles[::step]]

    def finished_sites(self) -> pl.DataFrame:
        """Sites with profiles in a few files, ``site_id`` only; one file in memory at a time."""
        import polars as pl

        few = self.some_profiles(FEW_FILES)
        parts = [pl.read_parquet(path, columns=["site_id"]).unique() for path in few]
        return pl.concat(parts).unique()

    def days_of(self, sites: Sequence[Any], days: Sequence[date] | None = None) -> pl.DataFrame:
        """Profiles of some sites among a few files: site_id, date, theta; all days where None."""
        import polars as pl

        wanted = pl.col("site_id").is_in(list(sites))
        if days is not None:
            wanted = wanted & pl.col("date").cast(pl.Date).is_in(list(days))
        parts = [
            pl.scan_parquet(path)
            .filter(wanted)
            .select("site_id", pl.col("date").cast(pl.Date), "theta")
            .collect()
            for path in self.some_profiles(FEW_FILES)
        ]
        return pl.concat(parts)

    @cached_property
    def labels(self) -> pl.LazyFrame | None:
        """All labels, not read yet."""
        import polars as pl

        from rootzone.labels.write_labels import label_files

        if not any(self.workspace.labels.glob("year=*/month=*/*.parquet")):
            return None
        return pl.scan_parquet(label_files(self.workspace.labels), hive_partitioning=False)

    @cached_property
    def weather_files(self) -> list[Path]:
        """Weather of the campaign's years that is there."""
        files = [self.workspace.weather(year) for year in self.campaign.years]
        return [check(path) for path in files if path.exists()]

    def weather(self, columns: list[str]) -> pl.LazyFrame:
        """Daily weather of the campaign's years, some columns of it."""
        import polars as pl

        frames = [pl.scan_parquet(p).select(columns) for p in self.weather_files]
        return pl.concat(frames).with_columns(pl.col("date").cast(pl.Date))

    @cached_property
    def station_values(self) -> pl.DataFrame | None:
        """Good station values at the label depth in the campaign's years, with their pixels.

        network, station, date, theta, row, col; None without a station table. Only stations on
        the master grid count.
        """
        import polars as pl

        from rootzone.stations.pixels import pixel_values, station_pixels
        from rootzone.stations.station_table import at_depth, read_stations

        if not self.workspace.stations.exists():
            return None
        stations = read_stations(self.workspace.stations)
        pixels = station_pixels(stations, self.grid)
        values = at_depth(stations, m_from_mm(self.depth_mm))
        placed = pixel_values(values, pixels, shared_pixel="keep")
        return placed.filter(pl.col("date").dt.year().is_in(self.campaign.years))

    def shown_sites(self, n: int) -> list[Any]:
        """A few finished sites, spread from the most to the least conductive top layer.

        They come from at most eight shards, so that a large campaign's report stays quick.
        """
        import numpy as np

        if self.top_soils is None or not self.profiles:
            return []
        done = self.finished_sites()
        top = self.top_soils.join(done, on="site_id", how="semi")
        top = top.sort("ks_mm_d", "site_id", descending=[True, False])
        if not top.height:
            return []
        picks = np.unique(np.linspace(0, top.height - 1, n).round().astype(int))
        return [top["site_id"][int(i)] for i in picks]
