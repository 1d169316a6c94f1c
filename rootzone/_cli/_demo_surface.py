"""The chain of ``rootzone demo --surface``: a made-up province, then a user's own verbs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from rootzone._cli._chain import Step

_SEED: Final = 0
_STATIONS: Final = 24
_CAMPAIGN: Final = """\
name: demo-province
description: Surface moisture of a made-up province in the real file formats
region:
  bounds_lonlat_deg: [-100.09, 39.76, -99.70, 40.14]
years: [2022]
surface:
  seeds: [0, 1]
  epochs: 80
"""
_SIDE_KM, _FIRST, _LAST = 36, "2022-04-01", "2022-10-31"
_MADE_UP: Final = (
    "everything. A seeded generator makes a province of 36 x 36 km, the engine simulates every "
    "kilometre of it, and sensors with stated noise look at it. Its files have the real layouts "
    "(SMAP L2 enhanced HDF5, GeoTIFF, a plain table of stations). Skill on this page says that the "
    "chain works, and nothing about any real place."
)
RECIPE: Final = f"{_CAMPAIGN} {_SIDE_KM} {_FIRST} {_LAST} {_SEED} {_STATIONS}"


def steps(campaign: Path) -> list[Step]:
    """What is made, then the verbs of ``rootzone surface``."""
    file = str(campaign)
    return [
        Step("province", make=lambda: _make_province(campaign)),
        Step("plan", ("surface", "plan", file)),
        Step("train", ("surface", "train", file)),
        Step("evaluate", ("surface", "evaluate", file)),
        Step("map", ("surface", "map", file)),
        Step("report", ("report", file), ("--force",)),
    ]


def _make_province(campaign: Path) -> None:
    from rootzone._shared.atomic import write_text
    from rootzone.surface.worlds.province import ProvinceSettings, make_province
    from rootzone.surface.worlds.samples import look_at
    from rootzone.surface.worlds.write_province import write_province

    click.echo("simulating a province, and looking at it as satellites do", err=True)
    settings = ProvinceSettings(side_km=_SIDE_KM, first=_FIRST, last=_LAST)
    province = make_province(settings, threads=2)
    write_province(campaign.parent / "data" / "surface", look_at(province, _SEED, _STATIONS))
    write_text(campaign.parent / "data" / "MADE_UP.txt", _MADE_UP + "\n")
    write_text(campaign, _CAMPAIGN)
