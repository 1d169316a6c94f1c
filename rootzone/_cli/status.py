"""``rootzone status``: how far a campaign is, and what made shards stale."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rootzone._cli._options import campaign_argument, json_option
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.jobs.record.read_state import CampaignState
    from rootzone.jobs.record.status import Status


@click.command()
@campaign_argument
@click.option("--losses", is_flag=True, help="Also what each stratum lost.")
@json_option
def command(campaign: Path, losses: bool, as_json: bool) -> None:
    """Say how many shards of CAMPAIGN are done, missing or stale, and why; change nothing.

    Can be asked at any time, also while the campaign runs here or on a cluster.
    """
    from rootzone.jobs.record.read_state import CampaignState

    state = CampaignState.beside(campaign)
    status = state.status
    following = _next(campaign, status)
    if as_json:
        facts: dict[str, Any] = {"campaign": state.campaign.name, **status.facts()}
        if losses:
            facts["losses"] = state.losses.to_dicts()
        click.echo(json_text({**facts, "next": following}))
        return
    click.echo("\n".join(_lines(state, status)))
    if losses:
        click.echo(loss_text(state))
    click.echo(f"next: {following}", err=True)


def _lines(state: CampaignState, status: Status) -> list[str]:
    from rootzone._shared.words import in_hours
    from rootzone.jobs.driver.progress import class_counts

    lines = [
        f"{state.campaign.name}: {status.done} of {status.shards} shards done, "
        f"{status.missing} to do, {status.stale} stale",
        f"  sites     {status.sites_done:,} done, {status.sites_failed:,} failed, "
        f"of {status.sites:,}",
    ]
    for name, count in status.stale_because.items():
        verb = "shard is" if count == 1 else "shards are"
        lines.append(f"  stale     {count} {verb} stale because the {name} changed")
    if status.sites_failed:
        lines.append(f"  failed    {class_counts(status.failed_by_class)}")
        lines.append(
            f"            {status.failed_pct:.3g} % of the sites tried; "
            f"{state.campaign.jobs.max_failed_pct:g} % allowed"
        )
    if status.done:
        share = 100.0 * status.engine_seconds / status.seconds if status.seconds else 0.0
        lines.append(
            f"  time      {in_hours(status.seconds)} of one worker, {share:.0f} % of it in the "
            f"engine; largest memory {status.peak_mb:.0f} MB"
        )
    if status.orphans:
        lines.append(
            f"  strange   {len(status.orphans)} shard folders are not of this cut, the first is "
            f"{status.orphans[0]}; remove them"
        )
    return lines


def _next(campaign: Path, status: Status) -> str:
    if status.stale:
        return f"rootzone simulate {campaign} --force"
    if status.missing:
        return f"rootzone simulate {campaign}"
    if status.sites_failed:
        return f"rootzone quarantine list {campaign}"
    return f"rootzone labels {campaign}"


def loss_text(state: CampaignState) -> str:
    """What each stratum lost, as lines."""
    lines = ["  losses by stratum, worst first:"]
    for row in state.losses.iter_rows(named=True):
        why = f", most often {row['most_often']}" if row["most_often"] else ""
        still = f", {row['open']} not run yet" if row["open"] else ""
        lines.append(
            f"    {row['year']} {row['stratum']}: {row['failed']} of {row['sites']} failed, "
            f"{row['weight_lost_pct']:.3g} % of its weight{why}{still}"
        )
    return "\n".join(lines)
