"""``rootzone why``: one page about one site."""

from __future__ import annotations

import json
from pathlib import Path

import click


@click.command()
@click.argument("campaign", type=click.Path(path_type=Path))
@click.argument("site")
@click.option("--json", "as_json", is_flag=True, help="The same facts as JSON.")
def command(campaign: Path, site: str, as_json: bool) -> None:
    """Print one page about SITE of CAMPAIGN: soil, guards, weather, attempts, the engine's text.

    It ends with the command that runs the site again by itself.
    """
    from rootzone.jobs.read_state import CampaignState
    from rootzone.jobs.read_why import why_facts
    from rootzone.jobs.why import why_page

    state = CampaignState.beside(campaign)
    facts = why_facts(state, state.site_named(site), campaign)
    click.echo(json.dumps(facts, indent=1) if as_json else why_page(facts), nl=as_json)
