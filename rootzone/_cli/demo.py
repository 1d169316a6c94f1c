"""``rootzone demo``: the whole chain on a made-up county, with the verbs a user would type."""

from __future__ import annotations

from pathlib import Path

import click

from rootzone._cli._chain import Chain, Step, chosen_steps

_YEAR = 2023
_STATIONS = 14
_CAMPAIGN = """\
name: demo-county
description: A made-up county in the real file formats
region:
  bounds_lonlat_deg: [{west}, {south}, {east}, {north}]
years: [{year}]
sites:
  per_year: 160
engine:
  spin_up_days: 365
jobs:
  sites_per_shard: 40
labels:
  depths_mm: [200]
  stations: [data/uscrn]
learning:            # small enough for a laptop's minutes; the defaults are the paper's
  model: unet_residual
  widths: [16, 32, 64]
  epochs: 5
  steps_per_epoch: 30
  batch_size: 16
  output: bounds
  simulated_batch_probability: 0.5
  features: {{aspect: sincos, classes: onehot, forcing: bilinear, physics: [theta]}}
maps:
  dates: [{year}-04-15, {year}-06-15, {year}-08-15, {year}-10-15]
"""


@click.command()
@click.argument(
    "folder", metavar="DIR", default="demo-out", type=click.Path(file_okay=False, path_type=Path)
)
@click.option("--force", is_flag=True, help="Begin again in a DIR that an earlier demo made.")
@click.option("--surface", is_flag=True, help="Surface moisture of a made-up province instead.")
@click.option("--deepsoil", is_flag=True, help="Both halves of DeepSoil: surface, then root zone.")
@click.option("--until", metavar="VERB", help="Stop after this verb; the same command goes on.")
def command(folder: Path, force: bool, surface: bool, deepsoil: bool, until: str | None) -> None:
    """Run the whole chain on a made-up county in DIR and name the report to open.

    A run that was stopped or killed goes on where it was when the same command is given again, and
    ends with the same tables, maps and report.
    """
    from rootzone._shared.errors import RequestError
    from rootzone.campaign.workspace import Workspace
    from rootzone.made_up.write_campaign import SEED

    if surface and deepsoil:
        raise RequestError("--surface and --deepsoil are two demos; give one of them.")
    campaign, option = folder / "campaign.yaml", ""
    if deepsoil:
        from rootzone._cli import _demo_deepsoil

        option = " --deepsoil"
        chain = Chain(folder, "demo-deepsoil", _demo_deepsoil.RECIPE)
        steps = chosen_steps(_demo_deepsoil.steps(campaign), until)
    elif surface:
        from rootzone._cli import _demo_surface

        option = " --surface"
        chain = Chain(folder, "demo-surface", _demo_surface.RECIPE)
        steps = chosen_steps(_demo_surface.steps(campaign), until)
    else:
        chain = Chain(folder, "demo", f"{_CAMPAIGN} {SEED} {_STATIONS}")
        steps = chosen_steps(demo_steps(campaign), until)
    chain.open(force=force)
    chain.run(steps)
    click.echo(f"\n{chain.table()}\ndone in {chain.seconds:.0f} s", err=True)
    if until:
        click.echo(f"next: rootzone demo {folder}{option}", err=True)
        return
    click.echo("Open this report:", err=True)
    click.echo(Workspace.beside(campaign).report.resolve())


def demo_steps(campaign: Path) -> list[Step]:
    """What is made, then the user's own verbs in the order of the pipeline."""
    file = str(campaign)
    again = ("--force",)
    return [
        Step("county", make=lambda: make_county(campaign, _STATIONS)),
        Step("check", ("check", file)),
        Step("forcing", ("forcing", file), again),
        *sites_to_maps(file, most_tile_days=200),
        Step("physics", ("map", file, "--from", "physics")),
        Step("trees", ("map", file, "--from", "lightgbm")),
        Step("truth", make=lambda: make_truth(campaign, _STATIONS)),
        Step("report", ("report", file), again),
    ]


def sites_to_maps(file: str, most_tile_days: int) -> list[Step]:
    """The user's verbs between prepared data and maps, which every demo of the root zone has."""
    again = ("--force",)
    return [
        Step("sites", ("sites", file), again),
        Step("soils", ("soils", file), again),
        Step("plan", ("plan", file)),
        Step("simulate", ("simulate", file)),
        Step("labels", ("labels", file)),
        Step("stations", ("stations", file), again),
        Step("train", ("train", file)),
        Step("evaluate", ("evaluate", file, "--most-tile-days", str(most_tile_days))),
        Step("map", ("map", file)),
    ]


def make_county(campaign: Path, stations: int, text: str = _CAMPAIGN) -> None:
    """Rasters, weather, stations and the campaign file that names them."""
    from rootzone._shared.atomic import write_text
    from rootzone.made_up import county_fields
    from rootzone.made_up.write_campaign import write_data

    click.echo("making a county and its stations in the real file formats", err=True)
    write_data(campaign.parent / "data", (_YEAR - 1, _YEAR), (_YEAR,), stations)
    bounds = {
        side.lower(): getattr(county_fields, side) for side in ("WEST", "SOUTH", "EAST", "NORTH")
    }
    write_text(campaign, text.format(year=_YEAR, **bounds))


def make_truth(campaign: Path, stations: int) -> None:
    """The true water content of every pixel, which only the report reads."""
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.made_up.write_campaign import write_campaign_truth

    click.echo("writing the true water content of every pixel", err=True)
    write_campaign_truth(CampaignFiles.beside(campaign), stations)
