"""``rootzone sites``: where to simulate, with weights, reserves and a balance report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import campaign_argument, data_option, force_option, json_option
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.campaign.workspace import Workspace
    from rootzone.design.write_report import SitesOfYear


@click.command()
@campaign_argument
@data_option
@click.option("--workers", type=click.IntRange(min=1), help="Processes.  [default: all cores]")
@click.option("--keep-work", is_flag=True, help="Keep the folder of intermediate files.")
@force_option
@json_option
def command(
    campaign: Path,
    data: Path | None,
    workers: int | None,
    keep_work: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Draw the sites of CAMPAIGN into sites/sites.parquet beside it.

    Also written there: reserves.parquet, the ordered stand-ins of each stratum; strata.parquet;
    and the balance report, balance.html and balance.json. The same campaign, seed and data give
    the same sites on any number of workers. An interrupted draw goes on where it stopped when the
    same command is given again.
    """
    from rootzone._cli._next_step import next_step
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.design.run_sites import run_sites

    files = CampaignFiles.beside(campaign, data)
    facts = run_sites(
        files,
        workers=workers,
        keep_work=keep_work,
        force=force,
        say=lambda text: click.echo(text, err=True),
    )
    place = files.workspace
    click.echo(json_text(facts) if as_json else _in_words(place, facts))
    following = next_step(campaign, files.campaign)
    click.echo(f"next: open {place.balance_report}, then {following}", err=True)


def _in_words(place: Workspace, facts: list[SitesOfYear]) -> str:
    lines = []
    for year in facts:
        left_out = {key: count for key, count in year["left_out"].items() if count}
        lines += [
            f"{year['year']}: {year['sites']:,} sites and {year['reserves']:,} reserves out of "
            f"{year['candidates']:,} candidate pixels in {year['strata']} strata",
            "  left out    "
            + (", ".join(f"{n:,} {key}" for key, n in left_out.items()) or "no pixel"),
            "  worst SMD   "
            + f"{max(abs(item['smd'] or 0.0) for item in year['balance']):.4f} land sd, weighted",
        ]
    files = (place.sites, place.reserves, place.balance_report)
    return "\n".join([*lines, *map(str, files)])
