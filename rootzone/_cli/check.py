"""``rootzone check``: is this campaign file right, before a night is burnt on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from rootzone._cli._options import campaign_argument, json_option
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.campaign.findings import Finding
    from rootzone.campaign.model import Campaign
    from rootzone.campaign.read_campaign import LoadedCampaign


@click.command()
@campaign_argument
@json_option
def command(campaign: Path, as_json: bool) -> None:
    """Check CAMPAIGN, its catalog and its engine; change nothing.

    All mistakes are shown together, each with file, line, column, the value seen and how to mend
    it. Exit status 2 if there is any.
    """
    from rootzone._cli._next_step import next_step
    from rootzone.api._preflight import campaign_findings
    from rootzone.campaign.findings import CampaignMistakes

    loaded, findings = campaign_findings(campaign)
    if as_json:
        click.echo(json_text(_facts(campaign, loaded, findings)))
    if findings:
        if as_json:
            raise click.exceptions.Exit(CampaignMistakes.exit_code)
        raise CampaignMistakes(findings)
    if loaded is not None and not as_json:
        click.echo(_in_words(campaign, loaded))
        for note in _notes(loaded.campaign):
            click.echo(f"note: {note}", err=True)
        click.echo(f"next: {next_step(campaign, loaded.campaign)}", err=True)


def _facts(path: Path, loaded: LoadedCampaign | None, findings: list[Finding]) -> dict[str, Any]:
    return {
        "file": str(path),
        "ok": not findings,
        "digest": loaded.digest if loaded and not findings else None,
        "mistakes": [finding.as_dict() for finding in findings],
        "notes": _notes(loaded.campaign) if loaded else [],
    }


def _notes(campaign: Campaign) -> list[str]:
    """What is allowed and yet worth a second look."""
    if campaign.engine.physics != "swim3":
        return []
    from rootzone.engines.tables.table_mode import thick_layers_note

    note = thick_layers_note(campaign.profile.thickness_mm)
    return [f"profile.thickness_mm: {note}"] if note else []


def _in_words(path: Path, loaded: LoadedCampaign) -> str:
    campaign = loaded.campaign
    site_years = campaign.sites.per_year * len(campaign.years)
    depths = ", ".join(f"{depth:g}" for depth in campaign.labels.depths_mm)
    engine = campaign.engine
    bottom = sum(campaign.profile.thickness_mm)
    return "\n".join(
        (
            f"{path} is right. Digest {loaded.digest}",
            f"  campaign  {campaign.name}: {site_years:,} site-years",
            f"  profile   {len(campaign.profile.thickness_mm)} layers down to {bottom:g} mm",
            f"  engine    {engine.name}, {engine.physics} physics, {engine.stepping} stepping",
            f"  labels    at {depths} mm",
        )
    )
