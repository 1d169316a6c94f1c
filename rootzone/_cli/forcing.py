"""``rootzone forcing``: daily weather of every cell of the region."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import campaign_argument, data_option, force_option, json_option
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.covariates.weather.run_forcing import WeatherOfYear


@click.command()
@campaign_argument
@data_option
@force_option
@json_option
def command(
    campaign: Path,
    data: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Write weather/weather_YEAR.parquet beside CAMPAIGN: all cells of the region, every day.

    The years are those of the campaign and those its spin-up reaches back into.

    The grid goes on to whole tiles, and cells that its rim lies in are among them where the files
    hold them.

    Rain, temperatures, radiation, vapour pressure deficit, potential evapotranspiration and the
    sums of 7 and 30 days; the campaign's weather section says how. Beside each file gaps_YEAR.json
    names every cell-day that was missing or could not be true.
    """
    from rootzone._cli._next_step import next_step
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.covariates.weather.run_forcing import run_forcing

    files = CampaignFiles.beside(campaign, data)
    facts = run_forcing(files, force=force, say=lambda text: click.echo(text, err=True))
    _show(facts, as_json=as_json)
    click.echo(f"next: {next_step(campaign, files.campaign)}", err=True)


def _show(facts: list[WeatherOfYear], *, as_json: bool) -> None:
    if as_json:
        click.echo(json_text(facts))
        return
    for year in facts:
        click.echo(year["file"])
        for key, value in year.items():
            if key != "file":
                click.echo(f"  {key.replace('_', ' '):<28} {_words(value)}")


def _words(value: object) -> str:
    """Counts by name in a row, ``none`` where there are none."""
    if isinstance(value, dict):
        return ", ".join(f"{name} {_words(count)}" for name, count in value.items()) or "none"
    return "yes" if value is True else "no" if value is False else str(value)
