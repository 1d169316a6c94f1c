"""What a campaign will cost, from a pilot: a sample of its sites run before all of them are.

The pilot is made of replicates. Each replicate is a systematic sample through all sites, ordered by
year, stratum and weather cell, so it holds each stratum in proportion. Replicates are independent,
so the spread between them gives the interval.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone.jobs.pilot.gpu_cost import GpuCost

if TYPE_CHECKING:
    import polars as pl

# Two-sided level of the interval [%].
INTERVAL_PCT = 90.0
# How far the same work is taken to differ between two runs, as half a 90 % interval: caches and
# clocks that workers share for core time, other people's work for wall time. Core time of six runs
# of the demo's 160 sites on a crowded machine was 0.94 to 1.07 of the planned
# (benchmarks/plan_against_run.py); a pilot runs alone where a run fills all cores, so the share is
# larger. That of wall time is assumed: it depends on what else the machine does.
_CORE_SHARE = 0.25
_WALL_SHARE = 0.5
# Files a campaign has besides two for each shard: the kept cut, the plan, the lock.
_OTHER_FILES = 4


@dataclass(frozen=True)
class Measured:
    """What the pilot measured.

    Parameters
    ----------
    seconds_per_site, core_s_per_site : sequence of float
        Mean engine time of a site by the clock and on a core, one for each replicate [s].
    overhead_s_per_site, core_overhead_s_per_site : float
        Reading and writing, by the clock and on a core [s].
    bytes_per_site : float
        Profiles and ledger on disk.
    start_s, core_start_s : float
        Time until a worker is ready, its kernels loaded, by the clock and on a core [s].
    sites, failed : int
        Sites run and failed.
    failed_by_class : dict
        Failed ones by class.
    program_s : float
        Time by the clock that the program which starts the workers takes itself, to load its
        libraries, check its engine, read its inputs and end, while no worker starts or works [s].
    """

    seconds_per_site: Sequence[float]
    core_s_per_site: Sequence[float]
    overhead_s_per_site: float
    core_overhead_s_per_site: float
    bytes_per_site: float
    start_s: float
    core_start_s: float
    sites: int
    failed: int
    failed_by_class: dict[str, int] = field(default_factory=dict)
    program_s: float = 0.0


@dataclass(frozen=True)
class Interval:
    """An estimate with its interval of ``INTERVAL_PCT``."""

    value: float
    low: float
    high: float

    def scaled(self, factor: float) -> Interval:
        """The same estimate in another unit."""
        return Interval(self.value * factor, self.low * factor, self.high * factor)

    def plus(self, addend: float) -> Interval:
        """The estimate with a known amount added."""
        return Interval(self.value + addend, self.low + addend, self.high + addend)

    def widened(self, share: float) -> Interval:
        """The estimate with an independent half-width, a share of its value, in quadrature.

        Examples
        --------
        >>> Interval(10.0, 7.0, 13.0).widened(0.4)
        Interval(value=10.0, low=5.0, high=15.0)
        """
        more = share * self.value
        low = math.hypot(self.value - self.low, more)
        return Interval(
            self.value,
            max(0.0, self.value - low),
            self.value + math.hypot(self.high - self.value, more),
        )


@dataclass(frozen=True)
class Cost:
    """What the whole campaign will take.

    Parameters
    ----------
    sites, shards : int
        Size of the campaign.
    core_hours, wall_hours : Interval
        Work on one core [h], and time on ``cores`` cores [h].
    cores : int
        Cores the wall time is for.
    disk_gb : float
        Profiles and ledgers [GB].
    files : int
        Files that will lie in the runs folder.
    memory_mb_per_worker : float
        Resident memory a worker needs at most, by its shard's size [MiB].
    pilot : Measured
        What it rests on.
    gpu : GpuCost or None
        What it takes on GPUs instead, where the campaign asks for them.
    """

    sites: int
    shards: int
    core_hours: Interval
    wall_hours: Interval
    cores: int
    disk_gb: float
    files: int
    memory_mb_per_worker: float
    pilot: Measured
    gpu: GpuCost | None = None

    def facts(self) -> dict[str, Any]:
        """The same as JSON values."""
        return asdict(self) | {"interval_pct": INTERVAL_PCT}


def pilot_sites(
    sites: pl.DataFrame, n: int, replicates: int, rng: np.random.Generator
) -> list[pl.DataFrame]:
    """Independent systematic samples of the sites, stratified by their order.

    Parameters
    ----------
    sites : polars.DataFrame
        ``year``, ``stratum`` and ``cell_id`` beside whatever is wanted back.
    n : int
        Sites in all replicates together; fewer where the campaign has fewer.
    replicates : int
        Number of samples, 2 or more.
    rng : numpy.random.Generator
        Draws the starts.

    Returns
    -------
    samples : list of polars.DataFrame
        Rows of ``sites``; two samples may share a site.
    """
    ordered = sites.sort("year", "stratum", "cell_id", maintain_order=True)
    each = max(1, min(n // replicates, ordered.height))
    step = ordered.height / each
    samples = []
    for start in rng.random(replicates) * step:
        rows = np.minimum((start + step * np.arange(each)).astype(np.int64), ordered.height - 1)
        samples.append(ordered[rows])
    return samples


def mean_interval(values: Sequence[float], interval_pct: float = INTERVAL_PCT) -> Interval:
    """Mean of independent values with Student's interval; the low end is not below 0.

    Examples
    --------
    >>> interval = mean_interval([1.0, 2.0, 3.0])
    >>> round(interval.value, 2), round(interval.low, 2), round(interval.high, 2)
    (2.0, 0.31, 3.69)
    """
    from scipy.stats import t

    mean = float(np.mean(values))
    spread = float(np.std(values, ddof=1)) / math.sqrt(len(values))
    half = float(t.ppf(0.5 + interval_pct / 200.0, len(values) - 1)) * spread
    return Interval(mean, max(0.0, mean - half), mean + half)


def estimate(measured: Measured, sites: int, shards: int, sites_per_shard: int, cores: int) -> Cost:
    """Scale a pilot up to the campaign.

    Wall time counts whole rounds of shards: with 10 shards on 4 cores the last 2 of 12 places are
    idle.

    Parameters
    ----------
    measured : Measured
        The pilot.
    sites, shards, sites_per_shard : int
        The campaign and its cutting.
    cores : int
        Cores it will have.
    """
    clock = mean_interval(measured.seconds_per_site).plus(measured.overhead_s_per_site)
    core = mean_interval(measured.core_s_per_site).plus(measured.core_overhead_s_per_site)
    busy = min(cores, shards)
    waves = math.ceil(shards / busy)
    largest_shard = sites / shards
    core_hours = core.scaled(sites / 3600.0).plus(busy * measured.core_start_s / 3600.0)
    start_s = measured.program_s + measured.start_s
    wall = clock.scaled(waves * largest_shard / 3600.0).plus(start_s / 3600.0)
    return Cost(
        sites=sites,
        shards=shards,
        core_hours=core_hours.widened(_CORE_SHARE),
        wall_hours=wall.widened(_WALL_SHARE),
        cores=cores,
        disk_gb=sites * measured.bytes_per_site / 1e9,
        files=2 * shards + _OTHER_FILES,
        memory_mb_per_worker=_memory_mb(min(sites_per_shard, sites), measured.bytes_per_site),
        pilot=measured,
    )


# Resident memory of a worker before its first shard, with its compiled kernels [MiB], and how many
# times the uncompressed profiles of a shard are held while they are put together (measured with
# benchmarks/jobs_overhead.py).
_BASE_MB = 450.0
_HELD = 4.0
_LZ4_RATIO = 1.3


def _memory_mb(sites: int, bytes_per_site: float) -> float:
    return _BASE_MB + _HELD * _LZ4_RATIO * sites * bytes_per_site / 2**20
