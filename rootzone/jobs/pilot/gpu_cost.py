"""What a campaign takes on GPUs, from a rate that was measured; unknown where none was."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone._shared.machine import settings_file
from rootzone._shared.seal import read_sealed_json, sealed_json

_DAYS_A_YEAR = 365.25


@dataclass(frozen=True)
class GpuRate:
    """How fast a card computed columns, and who says so.

    Parameters
    ----------
    site_years_per_s : float
        Site-years that one card computes in a second [s-1], results back on the host.
    card : str
        Such as ``NVIDIA H100 80GB HBM3``.
    columns : str
        What was computed.
    source : str
        Where the rate comes from: a file, or the command line.
    """

    site_years_per_s: float
    card: str = ""
    columns: str = ""
    source: str = "--gpu-rate"


@dataclass(frozen=True)
class GpuCost:
    """Work and wall time on GPUs; None where no rate was measured.

    Parameters
    ----------
    gpus : int
        Cards the wall time is for.
    rate : GpuRate or None
        What it rests on.
    gpu_hours, wall_hours : float or None
        Time of one card [h], and of ``gpus`` of them.
    """

    gpus: int
    rate: GpuRate | None = None
    gpu_hours: float | None = None
    wall_hours: float | None = None


def rate_file() -> Path:
    """Where ``benchmarks/gpu_engine.py --record`` keeps this user's rate."""
    return settings_file().with_name("gpu_rate.json")


def write_rate(rate: GpuRate) -> Path:
    """Keep a measured rate for ``rootzone plan``."""
    path = rate_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    facts = {name: getattr(rate, name) for name in ("site_years_per_s", "card", "columns")}
    path.write_text(sealed_json(facts))
    return path


def known_rate(asked: float | None) -> GpuRate | None:
    """The rate asked for, or the one measured here; None where there is neither.

    Raises
    ------
    RequestError
        The kept file is no rate.
    """
    if asked is not None:
        return GpuRate(asked)
    path = rate_file()
    if not path.exists():
        return None
    try:
        facts = read_sealed_json(path, "benchmarks/gpu_engine.py --record writes it again.")
        rate = GpuRate(float(facts["site_years_per_s"]), facts["card"], facts["columns"], str(path))
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError(
            f"{path} is no rate of a GPU ({error}). Delete it, measure again with "
            "benchmarks/gpu_engine.py --record, or give --gpu-rate."
        ) from error
    if not (math.isfinite(rate.site_years_per_s) and rate.site_years_per_s > 0):
        raise RequestError(f"{path}: site_years_per_s {rate.site_years_per_s:g} is not above 0.")
    return rate


def gpu_cost(
    rate: GpuRate | None,
    sites: int,
    days: float,
    overhead_s_per_site: float,
    shards: int,
    gpus: int,
) -> GpuCost:
    """Time of sites on GPUs: their columns at the rate, reading and writing as the pilot measured.

    A worker reads, computes and writes one shard after the other, so the parts add up.

    Parameters
    ----------
    rate : GpuRate or None
        None gives a cost that is not known.
    sites : int
        Sites of the campaign.
    days : float
        Days each is simulated, the spin-up included.
    overhead_s_per_site : float
        Reading and writing [s].
    shards, gpus : int
        Shards of the campaign, and cards at work.

    Examples
    --------
    A million years at 100,000 a second, and 20 microseconds each to read and write, on one card:

    >>> gpu_cost(GpuRate(1e5), 1_000_000, 365.25, 20e-6, shards=10, gpus=1).gpu_hours * 3600
    30.0
    """
    if rate is None:
        return GpuCost(gpus)
    per_site_s = days / _DAYS_A_YEAR / rate.site_years_per_s + overhead_s_per_site
    hours = sites * per_site_s / 3600.0
    rounds = math.ceil(shards / min(gpus, shards))
    return GpuCost(gpus, rate, hours, hours * rounds / shards)


def gpus_of(gres: str) -> int:
    """GPUs that a Slurm resource such as ``gpu:h100:2`` asks for.

    Raises
    ------
    RequestError
        It is no such text.
    """
    parts = gres.split(":")
    if parts[0] != "gpu" or not all(parts) or len(parts) > 3:
        raise RequestError(f"--gres {gres} is not of the form gpu:1 or gpu:h100:2.")
    last = parts[-1]
    if len(parts) == 1 or (len(parts) == 2 and not last.isdigit()):
        return 1
    if not last.isdigit() or int(last) < 1:
        raise RequestError(f"--gres {gres}: the number of GPUs is not 1 or more.")
    return int(last)
