"""The chain of ``rootzone demo --deepsoil``: both halves of DeepSoil on a made-up county."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from rootzone._cli._chain import Step
from rootzone._cli.demo import make_county, sites_to_maps

YEAR: Final = 2023
STATIONS: Final = 14
_TARGET_DAYS, _WEATHER_DAYS = 8, 4
CAMPAIGN: Final = """\
name: demo-deepsoil
description: The surface at 30 m, and the root zone that sees it, of a made-up county
region:
  bounds_lonlat_deg: [{west}, {south}, {east}, {north}]
years: [{year}]
sites:
  per_year: 120
engine:
  spin_up_days: 180
jobs:
  sites_per_shard: 60
labels:
  depths_mm: [200]
  stations: [data/uscrn]
surface:
  system: deepsoil
  stations: [data/uscrn]
  seeds: [0]
  deepsoil:            # small enough for a laptop's minutes; the defaults are the paper's
    widths: [8, 16, 32, 64]
    clusters: one
    days_per_extent: 6
    monthly_epochs: 6
    daily_epochs: 16
    monthly_rate: 0.003
    daily_rate: 0.001
learning:
  model: unet_a
  widths: [16, 32, 64]
  epochs: 4
  steps_per_epoch: 25
  batch_size: 16
  output: bounds
  simulated_batch_probability: 0.5
  features:
    aspect: sincos
    classes: onehot
    forcing: bilinear
    surface_moisture: surface/for_campaign/surface_theta_{{date:%Y%m%d}}.tif
maps:
  dates: [{year}-04-15, {year}-06-10, {year}-08-13, {year}-10-16]  # days with a surface map
"""
RECIPE: Final = f"{CAMPAIGN} {STATIONS} {_TARGET_DAYS} {_WEATHER_DAYS}"


def steps(campaign: Path) -> list[Step]:
    """What is made, the verbs of the surface, then those of the root zone that reads its maps."""
    file, again = str(campaign), ("--force",)
    return [
        Step("county", make=lambda: make_county(campaign, STATIONS, CAMPAIGN)),
        Step("forcing", ("forcing", file), again),
        Step("fields", make=lambda: _make_fields(campaign)),
        Step("inputs", ("surface", "inputs", file, "--every", str(_WEATHER_DAYS))),
        Step("surface plan", ("surface", "plan", file)),
        Step("surface train", ("surface", "train", file)),
        Step("surface evaluate", ("surface", "evaluate", file)),
        Step("surface map", ("surface", "map", file, "--for-campaign")),
        # Only now: the campaign names the maps of the surface, and check looks for them.
        Step("check", ("check", file)),
        *sites_to_maps(file, most_tile_days=100),
        Step("report", ("report", file), again),
    ]


def _make_fields(campaign: Path) -> None:
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.surface.worlds.write_county_surface import write_county_surface

    click.echo("writing the truth, and what a model and satellites say of the surface", err=True)
    files = CampaignFiles.beside(campaign)
    write_county_surface(files, files.data / "surface", STATIONS, _TARGET_DAYS)
