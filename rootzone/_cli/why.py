"""``rootzone why``: one page about one site."""

from __future__ import annotations

from pathlib import Path

import click

from rootzone._cli._options import campaign_argument, force_option, json_option
from rootzone._shared.json_text import json_text


@click.command()
@campaign_argument
@click.argument("site")
@json_option
@click.option(
    "--html", type=click.Path(path_type=Path), help="The page with figures, to this file."
)
@force_option
def command(campaign: Path, site: str, as_json: bool, html: Path | None, force: bool) -> None:
    """Print one page about SITE of CAMPAIGN: soil, guards, weather, attempts, the engine's text.

    It ends with the command that runs the site again by itself. With --html the same goes into a
    page with the curves of its soil and its water through the year.
    """
    from rootzone._shared.atomic import refuse_overwrite
    from rootzone.jobs.record.read_state import CampaignState
    from rootzone.jobs.record.read_why import why_facts
    from rootzone.jobs.record.why import why_page

    if html is not None:
        refuse_overwrite(html, force=force)
    state = CampaignState.beside(campaign)
    facts = why_facts(state, state.site_named(site), campaign)
    if html is not None:
        from rootzone.report.read_inputs import ReportInputs
        from rootzone.report.why_page import write_why

        write_why(ReportInputs.beside(campaign), facts, html)
        click.echo(f"next: open {html.resolve()}", err=True)
    click.echo(json_text(facts) if as_json else why_page(facts), nl=as_json)
