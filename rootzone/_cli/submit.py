"""``rootzone submit``: hand a campaign to a cluster's own scheduler."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import campaign_argument, device_option, json_option
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.jobs.driver.slurm import ArrayRequest


@click.command()
@campaign_argument
@click.option("--slurm", is_flag=True, required=True, help="Send it to Slurm, as one array job.")
@click.option(
    "--tasks",
    type=click.IntRange(1),
    help="Array tasks.  [default: about an hour each, by the plan]",
)
@click.option(
    "--task-cores", type=click.IntRange(1), default=1, show_default=True, help="Cores of a task."
)
@click.option(
    "--minutes", type=click.IntRange(1), help="Time limit of a task.  [default: by the plan]"
)
@device_option
@click.option(
    "--gres", default="", help="GPUs of a task, such as gpu:h100:2.  [default: gpu:1 on cuda]"
)
@click.option("--partition", default="", help="Slurm partition.")
@click.option("--account", default="", help="Slurm account.")
@click.option(
    "--surface", is_flag=True, help="Send the networks of its surface (system deepsoil) instead."
)
@click.option("--dry-run", is_flag=True, help="Write and show the script, send nothing.")
@json_option
def command(
    campaign: Path,
    slurm: bool,
    tasks: int | None,
    task_cores: int,
    minutes: int | None,
    device: str | None,
    gres: str,
    partition: str,
    account: str,
    surface: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Send what is left of CAMPAIGN to Slurm as one array job; rootzone plan says what it costs.

    With --surface each task trains some networks of its surface (rootzone surface plan says what
    they cost), and rootzone surface train collects them after.

    The array can be requeued, and sent again: shards that are done are left alone. Its script and
    logs are in runs/slurm.
    """
    del slurm  # the only scheduler so far
    from rootzone.jobs.pilot.run_plan import array_request, read_cost
    from rootzone.jobs.record.read_state import CampaignState
    from rootzone.jobs.shard.engine_choice import device_of
    from rootzone.jobs.shard.read_cut import read_shards

    if surface:
        from rootzone.surface.chain.open_surface import OpenSurface
        from rootzone.surface.extents import plan as networks

        opened, asked = OpenSurface.of(campaign), _gpus(device or "cpu", gres)
        wanted, untrained = networks.array_request(
            opened, tasks, minutes, partition, account, asked
        )  # fmt: skip
        script = opened.folder / "slurm" / "train.sbatch"
        _hand_over(wanted, script, untrained, "network", f"rootzone surface train {campaign}",
                   dry_run=dry_run, as_json=as_json)  # fmt: skip
        return
    state = CampaignState.beside(campaign)
    # Kept once here, so that the tasks do not all cut the campaign at the same time.
    read_shards(state.campaign, state.workspace, freeze=True)
    left = state.status.missing + state.status.stale
    cost = read_cost(state)
    request = array_request(
        state,
        campaign,
        cost,
        task_cores,
        tasks,
        minutes,
        partition=partition,
        account=account,
        gres=_gpus(device_of(state.campaign, device), gres),
    )
    _hand_over(request, state.workspace.slurm_script, left, "shard", f"rootzone status {campaign}",
               dry_run=dry_run, as_json=as_json)  # fmt: skip


def _hand_over(
    request: ArrayRequest,
    script: Path,
    left: int,
    of: str,
    following: str,
    *,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Write the script, send it where something is left and it is no rehearsal, and tell."""
    from rootzone._shared.atomic import write_text
    from rootzone.jobs.driver.slurm import sbatch_text

    write_text(script, sbatch_text(request))
    job = "" if dry_run or not left else _send(script)
    if as_json:
        facts = {
            f"{of}s_left": left,
            "tasks": request.tasks,
            "script": str(script),
            "job": job or None,
            "next": following,
        }
        click.echo(json_text(facts))
        return
    if not left:
        click.echo(f"every {of} is done; nothing was sent", err=True)
    elif dry_run:
        click.echo(script.read_text())
    else:
        click.echo(job)
        click.echo(f"{left} {of}s in {request.tasks} array tasks, script {script}", err=True)
    click.echo(f"next: {following}", err=True)


def _gpus(device: str, gres: str) -> str:
    """What a task asks for; nothing on CPUs."""
    from rootzone._shared.errors import RequestError

    if device == "cpu" and gres:
        raise RequestError(f"--gres {gres} needs --device cuda, or device: cuda in the campaign.")
    return (gres or "gpu:1") if device == "cuda" else ""


def _send(script: Path) -> str:
    """Job number Slurm gave."""
    from rootzone._shared.errors import RequestError

    try:
        sent = subprocess.run(  # noqa: S603 - our own script, no shell
            ["sbatch", "--parsable", str(script)],  # noqa: S607 - the cluster's own sbatch
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise RequestError(
            "sbatch is not on the path: this is no Slurm login node. Run it here with rootzone "
            f"simulate, or send {script} where Slurm is."
        ) from error
    if sent.returncode != 0:
        said = sent.stderr.strip()
        hint = (
            " The array has more tasks than this cluster lets one job have (MaxArraySize, see "
            "`scontrol show config`): give fewer with --tasks; each then does more shards."
            if "array" in said.lower()
            else ""
        )
        raise RequestError(f"Slurm refused {script}: {said}.{hint}")
    return sent.stdout.strip().partition(";")[0]
