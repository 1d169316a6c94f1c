"""``rootzone labels``: water content at the campaign's depths, of all its finished shards."""

from __future__ import annotations

from pathlib import Path

import click

from rootzone._cli._label_run import tell_labels, workers_option
from rootzone._cli._options import campaign_argument, json_option


@click.command()
@campaign_argument
@click.option("--out", type=click.Path(path_type=Path), help="Folder.  [default: labels beside it]")
@workers_option
@json_option
def command(campaign: Path, out: Path | None, workers: int, as_json: bool) -> None:
    """Write labels of CAMPAIGN into a folder partitioned by year and month.

    All finished shards, at the depths and with the weights of its design. Shards that are labelled
    already are passed over, so the same command resumes. Profiles outside a campaign: rootzone
    label-tables.

    Where the campaign names soil.members, each labelled site is also run with the soils of these
    pedotransfer functions, and mean, standard deviation and range over all of them are written into
    labels_spread, by site, day and depth; finished parts are kept. soil.texture_spread adds four
    soils to these, whose textures are moved by the quantiles of the mapped product.
    """
    from rootzone.campaign.workspace import Workspace
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.labels.read_design import campaign_jobs

    found = campaign_jobs(campaign)
    folder = out or Workspace.beside(campaign).labels
    tell_labels(found.jobs, folder, missing=found.missing, workers=workers, as_json=as_json)
    files = CampaignFiles.beside(campaign)
    if files.campaign.soil.ensemble:
        from rootzone.labels.run_member_spread import run_member_spread

        def say(text: str) -> None:
            click.echo(text, err=True)

        run = run_member_spread(files, folder, threads=workers, say=say)
        soil = files.campaign.soil
        over = [f"{1 + len(soil.members)} pedotransfer functions"] * bool(soil.members)
        over += [f"{len(soil.ensemble) - len(soil.members)} moved textures"] * soil.texture_spread
        say(
            f"{run.folder}: spread over {' and '.join(over)}, {run.rows} site-days made "
            f"and {run.kept} parts kept"
            + f"; median sd {run.median_sd:.4f} m3 m-3"
            * (run.rows > 0)
        )
