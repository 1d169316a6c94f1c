"""``rootzone report``: everything there is to say about a campaign, on one page."""

from __future__ import annotations

from pathlib import Path

import click

from rootzone._cli._options import (
    campaign_argument,
    data_option,
    force_option,
    json_option,
    run_option,
)
from rootzone._shared.json_text import json_text


@click.command()
@campaign_argument
@run_option
@data_option
@click.option(
    "--figures", type=click.Choice(["svg", "png"]), help="Every figure as a file too, for papers."
)
@force_option
@json_option
def command(
    campaign: Path, run: str, data: Path | None, figures: str | None, force: bool, as_json: bool
) -> None:
    """Write report/report.html beside CAMPAIGN: one file that opens offline, on a phone as well.

    Sites, soils, water balance, labels against stations, learning curves, skill, maps with a date
    slider, trust, methods and provenance. What is not made yet is named with the verb that makes
    it.
    """
    from dataclasses import replace

    from rootzone._shared.atomic import refuse_overwrite
    from rootzone.report.read_inputs import ReportInputs
    from rootzone.report.write_report import write_report

    inputs = replace(ReportInputs.beside(campaign, data), run=run)
    refuse_overwrite(inputs.workspace.report, force=force)
    facts = write_report(inputs, figures)
    if as_json:
        click.echo(json_text(facts))
    else:
        missing = [name for name, there in facts["sections"].items() if not there]
        if missing:
            click.echo(f"not there yet: {', '.join(missing)} (the page says why)", err=True)
        if facts["figures"]:
            click.echo(f"{len(facts['figures'])} figures in report/figures", err=True)
        click.echo(facts["report"])
    click.echo(f"next: open {inputs.workspace.report.resolve()}", err=True)
