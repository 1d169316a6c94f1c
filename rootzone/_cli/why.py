"""``rootzone why``: one page about one site."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from rootzone._cli._options import campaign_argument, force_option, json_option
from rootzone._shared.json_text import json_text


@click.command()
@campaign_argument
@click.argument("site", required=False)
@click.option(
    "--surface",
    "pixel",
    type=(int, int),
    metavar="ROW COL",
    help="A pixel of the surface maps in place of SITE.",
)
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Of --surface; the first mapped if not.",
)
@json_option
@click.option(
    "--html", type=click.Path(path_type=Path), help="The page with figures, to this file."
)
@force_option
def command(
    campaign: Path,
    site: str | None,
    pixel: tuple[int, int] | None,
    day: dt.datetime | None,
    as_json: bool,
    html: Path | None,
    force: bool,
) -> None:
    """Print one page about SITE of CAMPAIGN: soil, guards, weather, attempts, the engine's text.

    It ends with the command that runs the site again by itself. With --html the same goes into a
    page with the curves of its soil and its water through the year.

    With --surface ROW COL it is a pixel of the maps of ``surface.system: select``: its environment,
    the model chosen there and why, and what the others say.
    """
    from rootzone._shared.errors import RequestError

    if pixel is not None and site is None:
        _surface(campaign, pixel, day, as_json)
        return
    if site is None or pixel is not None:
        raise RequestError("Name one SITE, or a pixel of the surface maps with --surface ROW COL.")
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


def _surface(
    campaign: Path, pixel: tuple[int, int], day: dt.datetime | None, as_json: bool
) -> None:
    from rootzone._shared.errors import RequestError
    from rootzone.surface.chain.open_surface import OpenSurface
    from rootzone.surface.chosen.why import why_pixel, why_text

    opened = OpenSurface.of(campaign)
    if opened.section.system != "select":
        raise RequestError(
            f"surface.system is {opened.section.system}; --surface tells of what select chose. "
            "rootzone surface point tells the parameters of the others."
        )
    facts = why_pixel(opened, *pixel, day.date() if day else None)
    click.echo(json_text(facts) if as_json else why_text(facts))
