"""``rootzone demo``: the whole chain on a made-up county, with the verbs a user would type."""

from __future__ import annotations

import shlex
import shutil
import time
from pathlib import Path

import click

_SEED = 7
_YEAR = 2023
_MADE_UP = (
    "The county is made up by a seeded generator in the package: terrain, soils, land cover, "
    "climate and weather. Its files have the real formats (NLCD and 3DEP GeoTIFF, POLARIS tiles, "
    "Koppen classes, gridMET NetCDF), so everything after them is what runs on real data. No "
    "figure on this page says anything about a real place."
)
_CAMPAIGN = """\
name: demo-county
description: A made-up county in the real file formats
region:
  bounds_lonlat_deg: [{west}, {south}, {east}, {north}]
years: [{year}]
sites:
  per_year: 120
engine:
  spin_up_days: 365
jobs:
  sites_per_shard: 40
labels:
  depths_mm: [200]
"""


@click.command()
@click.argument(
    "folder", metavar="DIR", default="demo-out", type=click.Path(file_okay=False, path_type=Path)
)
@click.option("--force", is_flag=True, help="Replace a DIR that an earlier demo made.")
def command(folder: Path, force: bool) -> None:
    """Run the whole chain on a made-up county in DIR and name the report to open."""
    from rootzone._shared.atomic import write_text
    from rootzone._shared.errors import RequestError
    from rootzone.campaign.read_campaign import load_campaign
    from rootzone.covariates import county_fields
    from rootzone.covariates.write_county import write_county
    from rootzone.report.demo_page import write_demo_page

    mark = folder / ".rootzone-demo"
    if folder.exists() and any(folder.iterdir()):
        if not (force and mark.exists()):
            raise RequestError(f"{folder} is not empty; name another folder, or add --force to "
                               "replace one that an earlier demo made.")  # fmt: skip
        shutil.rmtree(folder)
    start = time.monotonic()
    write_text(mark, "made by rootzone demo\n")
    click.echo("making a county in the real file formats", err=True)
    write_county(folder / "data", [_YEAR - 1, _YEAR], _SEED)
    campaign = folder / "campaign.yaml"
    bounds = {name.lower(): getattr(county_fields, name) for name in _SIDES}
    write_text(campaign, _CAMPAIGN.format(year=_YEAR, **bounds))
    typed = [_run(verb, campaign) for verb in _VERBS]
    seconds = time.monotonic() - start
    page = write_demo_page(load_campaign(campaign), typed, seconds, _MADE_UP)
    click.echo(f"done in {seconds:.0f} s. Open this report:", err=True)
    click.echo(page.resolve())


_SIDES = ("WEST", "SOUTH", "EAST", "NORTH")
# The user's own verbs, in the order of the pipeline.
_VERBS = ("check", "forcing", "sites", "soils", "plan", "simulate", "labels")


def _run(verb: str, campaign: Path) -> str:
    """Run one verb as typed, and return the line."""
    from rootzone._cli import cli

    words = [verb, str(campaign)]
    typed = shlex.join(["rootzone", *words])
    click.echo(f"\n$ {typed}", err=True)
    cli.main(words, standalone_mode=False)
    return typed
