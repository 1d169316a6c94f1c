"""``rootzone plan``: what a campaign will cost, before it is started."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import (
    campaign_argument,
    cores_option,
    device_option,
    gpu_rate_option,
    json_option,
)
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.jobs.pilot.gpu_cost import GpuCost
    from rootzone.jobs.pilot.pilot import Cost, Interval


@click.command()
@campaign_argument
@click.option(
    "--sites",
    "n_pilot",
    type=click.IntRange(16),
    default=64,
    show_default=True,
    help="Sites of the pilot, drawn from every stratum in proportion.",
)
@click.option("--nodes", type=click.IntRange(1), default=1, show_default=True, help="Nodes.")
@cores_option
@click.option(
    "--task-cores",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Cores of one Slurm array task.",
)
@device_option
@click.option("--gpus", type=click.IntRange(1), default=1, show_default=True, help="GPUs a node.")
@gpu_rate_option
@json_option
def command(
    campaign: Path,
    n_pilot: int,
    nodes: int,
    cores: int | None,
    task_cores: int,
    device: str | None,
    gpus: int,
    gpu_rate: float | None,
    as_json: bool,
) -> None:
    """Estimate time, disk and files of CAMPAIGN from a pilot; print a Slurm script, send nothing.

    The pilot's sites run on this machine, in a scratch folder that is removed. The estimate is kept
    in runs/plan.json, where rootzone submit looks for it. With device cuda the pilot still runs on
    CPUs, and the GPU's time follows from a rate that was measured; where none was, it is unknown.
    """
    from rootzone._shared.atomic import write_text
    from rootzone._shared.cores import cores_given
    from rootzone._shared.seal import sealed_json
    from rootzone.jobs.driver.slurm import sbatch_text
    from rootzone.jobs.pilot.gpu_cost import known_rate
    from rootzone.jobs.pilot.pilot import INTERVAL_PCT
    from rootzone.jobs.pilot.run_plan import array_request, campaign_device, plan_campaign
    from rootzone.networks.families import networks_trained

    on_gpus = campaign_device(campaign, device) == "cuda"
    rate = known_rate(gpu_rate) if on_gpus else None
    n_gpu = nodes * gpus if on_gpus else 0
    state, cost = plan_campaign(campaign, n_pilot, nodes * (cores or cores_given()), n_gpu, rate)
    script = ""
    if not on_gpus or rate is not None:
        gres = "gpu:1" if on_gpus else ""
        script = sbatch_text(array_request(state, campaign, cost, task_cores, gres=gres))
    members = len(state.campaign.soil.ensemble)
    trained = networks_trained(state.campaign.learning)
    facts = {
        "campaign": state.campaign.name,
        "nodes": nodes,
        **cost.facts(),
        "member_core_hours": members * cost.core_hours.value,
        "networks_trained": dict(zip(("fewest", "most"), trained, strict=True)),
        "sbatch": script,
        "next": f"rootzone simulate {campaign}",
    }
    write_text(state.workspace.plan, sealed_json(facts))
    if as_json:
        click.echo(json_text(facts))
        return
    click.echo(_in_words(state.campaign.name, cost, nodes, INTERVAL_PCT))
    if members:
        click.echo(
            f"  members     {_span(cost.core_hours.scaled(members))} of one core more in rootzone "
            f"labels, for the {members} soils of soil.members and soil.texture_spread"
        )
    if trained[0] != trained[1]:
        click.echo(
            f"  networks    {trained[0]} to {trained[1]} in rootzone train: learning.model: auto "
            f"tries its candidates in {state.campaign.learning.auto_folds} folds of places"
        )
    if script:
        click.echo("\nSlurm script (not sent; rootzone submit sends it):\n")
        click.echo(script)
    else:
        click.echo("\nNo Slurm script: its time limit is not known; rootzone submit --minutes.\n")
    click.echo(f"next: {facts['next']}, or rootzone submit {campaign}", err=True)


def _in_words(name: str, cost: Cost, nodes: int, interval_pct: float) -> str:
    from rootzone._shared.words import in_hours
    from rootzone.jobs.driver.progress import class_counts
    from rootzone.jobs.pilot.pilot import mean_interval

    pilot = cost.pilot
    failed = f"; failed: {class_counts(pilot.failed_by_class)}" if pilot.failed else ""
    per_site_ms = 1e3 * (mean_interval(pilot.seconds_per_site).value + pilot.overhead_s_per_site)
    return "\n".join(
        (
            f"{name}: {cost.sites:,} sites in {cost.shards:,} shards",
            f"  pilot       {pilot.sites} sites, {pilot.failed} failed{failed}",
            f"  per site    {per_site_ms:.3g} ms; {in_hours(pilot.start_s)} to start a worker",
            f"  work        {_span(cost.core_hours)} of one core ({interval_pct:g} % interval)",
            f"  wall time   {_span(cost.wall_hours)} on {cost.cores} cores, {nodes} node(s)",
            *([f"  on GPUs     {_on_gpus(cost.gpu)}"] if cost.gpu is not None else []),
            f"  disk        {cost.disk_gb:.3g} GB in {cost.files:,} files",
            f"  memory      {cost.memory_mb_per_worker:.0f} MB a worker",
        )
    )


def _on_gpus(gpu: GpuCost) -> str:
    """The GPUs' time in words, or why it is not known."""
    if gpu.rate is None or gpu.gpu_hours is None or gpu.wall_hours is None:
        return (
            "unknown: no GPU was measured here; run benchmarks/gpu_engine.py --record on one, or "
            "give --gpu-rate"
        )
    card = f" on {gpu.rate.card} with {gpu.rate.columns}" if gpu.rate.card else ""
    return (
        f"{gpu.gpu_hours:.3g} GPU-hours, {gpu.wall_hours:.3g} h on {gpu.gpus}; "
        f"{gpu.rate.site_years_per_s:,.0f} site-years/s measured{card} ({gpu.rate.source})"
    )


def _span(interval: Interval) -> str:
    from rootzone._shared.words import in_hours

    value, low, high = (in_hours(3600.0 * x) for x in (interval.value, interval.low, interval.high))
    return f"{value} ({low} to {high})"
