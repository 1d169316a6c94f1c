"""A pilot of a campaign, and the request to Slurm that follows from it."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json
from rootzone.jobs.driver.slurm import ArrayRequest, minutes_for, tasks_for
from rootzone.jobs.pilot.gpu_cost import GpuCost, GpuRate, gpu_cost, gpus_of
from rootzone.jobs.pilot.pilot import Cost, Interval, Measured, estimate
from rootzone.jobs.pilot.run_pilot import run_pilot
from rootzone.jobs.record.read_state import CampaignState
from rootzone.jobs.shard.counted_days import Span
from rootzone.jobs.shard.engine_choice import device_of, make_engine_of


def plan_campaign(
    campaign_file: Path,
    n_pilot: int,
    cores: int,
    gpus: int = 0,
    rate: GpuRate | None = None,
) -> tuple[CampaignState, Cost]:
    """Run the pilot and scale it up.

    Parameters
    ----------
    campaign_file : Path
        The campaign.
    n_pilot : int
        Sites of the pilot; it runs on CPUs, whatever the campaign will run on.
    cores, gpus : int
        What the campaign will have; 0 GPUs leaves them out of the cost.
    rate : GpuRate, optional
        What a GPU is known to compute; not known when not given.

    Raises
    ------
    RequestError
        Campaign file, tables or engine are wrong.
    """
    state = CampaignState.beside(campaign_file)
    campaign = state.campaign
    measured = run_pilot(
        campaign,
        state.workspace,
        make_engine_of(campaign, device="cpu") if gpus else state.make_engine,
        state.sites,
        n_pilot,
        campaign.seeds.sites,
    )
    shards = state.table.shards
    n_site = state.table.n_site
    cost = estimate(measured, n_site, len(shards), campaign.jobs.sites_per_shard, cores)
    if gpus:
        span = Span.of_year(shards[0].year, campaign.engine.spin_up_days)
        days = span.last - span.start + 1
        overhead_s = measured.overhead_s_per_site
        on_gpus = gpu_cost(rate, n_site, days, overhead_s, len(shards), gpus)
        cost = replace(cost, gpu=on_gpus)
    return state, cost


def campaign_device(campaign_file: Path, asked: str | None) -> str:
    """Where the columns of the campaign in a file will be computed."""
    return device_of(CampaignState.beside(campaign_file).campaign, asked)


def array_request(
    state: CampaignState,
    campaign_file: Path,
    cost: Cost,
    task_cores: int,
    tasks: int | None = None,
    minutes: int | None = None,
    partition: str = "",
    account: str = "",
    gres: str = "",
) -> ArrayRequest:
    """What to ask of Slurm for a campaign of that cost; on GPUs where ``gres`` names some.

    Raises
    ------
    RequestError
        The campaign asks for GPUs whose rate is not known, and ``minutes`` are not given.
    """
    shards = len(state.table.shards)
    workers, hours = (gpus_of(gres), _gpu_hours(cost)) if gres else (task_cores, None)
    if gres and hours is None and minutes is None:
        raise RequestError(
            "What a GPU takes for this campaign is not known: no rate was measured, so there is no "
            "time limit to ask for. Measure one with benchmarks/gpu_engine.py --record and plan "
            "again, give rootzone plan --gpu-rate, or give --minutes (and --tasks)."
        )
    usual = tasks_for(hours or cost.core_hours.high, shards, workers) if hours or not gres else 1
    tasks = min(tasks or usual, shards)
    if minutes is None:
        minutes = minutes_for(cost, tasks, workers, hours)
    memory_mb = int(1.25 * cost.memory_mb_per_worker * workers) + 256
    return ArrayRequest(
        campaign_file=str(campaign_file.resolve()),
        name=f"rootzone-{state.campaign.name}",
        tasks=tasks,
        cores=task_cores,
        minutes=minutes,
        memory_mb=memory_mb,
        log_folder=str(state.workspace.slurm_script.parent.resolve()),
        command=rootzone_command(),
        partition=partition,
        account=account,
        gres=gres,
    )


def _gpu_hours(cost: Cost) -> float | None:
    return cost.gpu.gpu_hours if cost.gpu is not None else None


def rootzone_command() -> tuple[str, ...]:
    """How this installation is called: the program beside this Python, or on the path."""
    beside = Path(sys.executable).parent / "rootzone"
    if beside.exists():
        return (str(beside),)
    found = shutil.which("rootzone")
    return (found,) if found else (sys.executable, "-c", "from rootzone._cli import main; main()")


def read_cost(state: CampaignState) -> Cost:
    """The estimate ``rootzone plan`` kept.

    Raises
    ------
    RequestError
        There is none, or it was made for another cut of the campaign.
    """
    path = state.workspace.plan
    again = "Make one with: rootzone plan."
    if not path.exists():
        raise RequestError(f"{path} does not exist: the cost of the campaign is not known. {again}")
    try:
        facts = read_sealed_json(path, "rootzone plan makes it again.")
        cost = Cost(
            **{
                name: facts[name]
                for name in ("sites", "shards", "cores", "disk_gb", "files", "memory_mb_per_worker")
            },
            core_hours=Interval(**facts["core_hours"]),
            wall_hours=Interval(**facts["wall_hours"]),
            pilot=Measured(**facts["pilot"]),
            gpu=_read_gpu(facts.get("gpu")),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError(f"{path} is no plan ({error}). {again}") from error
    if cost.shards > len(state.table.shards):
        raise RequestError(
            f"{path} was made for {cost.shards} shards, the campaign has "
            f"{len(state.table.shards)}. {again}"
        )
    return cost


def _read_gpu(facts: dict[str, Any] | None) -> GpuCost | None:
    if facts is None:
        return None
    rate = facts["rate"]
    return GpuCost(**{**facts, "rate": None if rate is None else GpuRate(**rate)})
