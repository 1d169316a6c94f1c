"""``rootzone train``: the networks of a campaign, from its labels, stations and covariates."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import (
    campaign_argument,
    data_option,
    device_option,
    json_option,
    run_option,
    threads_option,
)
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.learning.campaign_training import TrainedCampaign


@click.command()
@campaign_argument
@data_option
@run_option
@device_option
@threads_option
@click.option("--epochs", type=click.IntRange(1), help="In place of learning.epochs.")
@click.option("--seed", type=click.IntRange(0), help="In place of seeds.learning: a repeat.")
@click.option("--fresh", is_flag=True, help="Train from the start, whatever was trained before.")
@json_option
def command(
    campaign: Path,
    data: Path | None,
    run: str,
    device: str | None,
    threads: int | None,
    epochs: int | None,
    seed: int | None,
    fresh: bool,
    as_json: bool,
) -> None:
    """Train the networks of CAMPAIGN and write the best to learning/RUN/best beside it.

    Reads the labels (rootzone labels), the stations (rootzone stations) and the weather (rootzone
    forcing) of the campaign, and makes covariates/land.tif where it is missing or out of date. A
    run that was stopped or killed goes on from its last checkpoint. Under torchrun all processes
    train one network: torchrun --nproc-per-node 2 --no-python rootzone train CAMPAIGN.
    """
    from rootzone._cli._learning import require_learning

    require_learning(threads)
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.learning.campaign_training import train_campaign
    from rootzone.networks.ranks import device_named, joined_ranks
    from rootzone.networks.run_training import RunOptions
    from rootzone.networks.train_progress import TrainProgress

    files = CampaignFiles.beside(campaign, data)
    chosen = device_named(device)
    with joined_ranks(chosen) as ranks, TrainProgress() as progress:
        options = RunOptions(chosen, ranks, fresh, progress=progress)
        trained = train_campaign(files, run=run, epochs=epochs, seed=seed, options=options)
    if not ranks.leads:
        return
    following = f"rootzone evaluate {campaign}" + ("" if run == "main" else f" --run {run}")
    if as_json:
        click.echo(json_text({**trained.facts(), "next": following}))
    else:
        for line in _lines(trained):
            click.echo(line, err=True)
        click.echo(trained.folder)
    click.echo(f"next: {following}", err=True)


def _lines(trained: TrainedCampaign) -> list[str]:
    """The run in words."""
    lines = [
        f"network {k}: best epoch {one.best_epoch}, validation RMSE {one.best_rmse:.4f} m3 m-3"
        for k, one in enumerate(trained.results)
        if math.isfinite(one.best_rmse)  # physics and trees take no steps
    ]
    skill = trained.skill
    lines.append(
        f"validation on {trained.validation_source} labels: RMSE {skill.rmse:.4f}, "
        f"MAE {skill.mae:.4f}, bias {skill.bias:+.4f} m3 m-3, R {skill.r:.3f}, {skill.n} values"
    )
    if (fitted := trained.calibration) is not None:
        unit = "spreads of the network" if fitted.scaled else "m3 m-3"
        lines.append(
            f"{100 * fitted.coverage:.0f} % interval: +- {fitted.factor:.4f} {unit} "
            f"({trained.calibration_on})"
        )
    else:
        lines.append(f"no interval: {trained.calibration_on}")
    return lines
