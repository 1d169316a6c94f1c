"""A pilot of a campaign, and the request to Slurm that follows from it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json
from rootzone.jobs.driver.slurm import ArrayRequest, minutes_for, tasks_for
from rootzone.jobs.pilot.pilot import Cost, Interval, Measured, estimate
from rootzone.jobs.pilot.run_pilot import run_pilot
from rootzone.jobs.record.read_state import CampaignState


def plan_campaign(campaign_file: Path, n_pilot: int, cores: int) -> tuple[CampaignState, Cost]:
    """Run the pilot and scale it up.

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
        state.make_engine,
        state.sites,
        n_pilot,
        campaign.seeds.sites,
    )
    shards = state.table.shards
    cost = estimate(measured, state.table.n_site, len(shards), campaign.jobs.sites_per_shard, cores)
    return state, cost


def array_request(
    state: CampaignState,
    campaign_file: Path,
    cost: Cost,
    task_cores: int,
    tasks: int | None = None,
    minutes: int | None = None,
    partition: str = "",
    account: str = "",
) -> ArrayRequest:
    """What to ask of Slurm for a campaign of that cost."""
    shards = len(state.table.shards)
    tasks = min(tasks or tasks_for(cost.core_hours.high, shards, task_cores), shards)
    memory_mb = int(1.25 * cost.memory_mb_per_worker * task_cores) + 256
    return ArrayRequest(
        campaign_file=str(campaign_file.resolve()),
        name=f"rootzone-{state.campaign.name}",
        tasks=tasks,
        cores=task_cores,
        minutes=minutes or minutes_for(cost, tasks, task_cores),
        memory_mb=memory_mb,
        log_folder=str(state.workspace.slurm_script.parent.resolve()),
        command=rootzone_command(),
        partition=partition,
        account=account,
    )


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
        )
    except (ValueError, KeyError, TypeError) as error:
        raise RequestError(f"{path} is no plan ({error}). {again}") from error
    if cost.shards > len(state.table.shards):
        raise RequestError(
            f"{path} was made for {cost.shards} shards, the campaign has "
            f"{len(state.table.shards)}. {again}"
        )
    return cost
