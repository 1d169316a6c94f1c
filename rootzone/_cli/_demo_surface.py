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
    "(SMAP L2 enhanced HDF5, GeoTIFF, a plain table of stations; in data/products SMAP L3, "
    "Sentinel-1 and 2, Landsat, MODIS, GLEAM, GLASS and ERA5-Land). Skill on this page says that "
    "the chain works, and nothing about any real place."
)
_PRODUCTS: Final = (
    "smap_l3/SMAP_L3_SM_P_E_20220401_R18290_001.h5", "gleam/SMsurf_2022_GLEAM_v3.8a.nc",
    "glass/GLASS01B02.V40.A2022091.2023001.nc", "era5_land/era5_land_moisture_2022_04.nc",
)  # fmt: skip
RECIPE: Final = f"{_CAMPAIGN} {_SIDE_KM} {_FIRST} {_LAST} {_SEED} {_STATIONS}"


def steps(campaign: Path) -> list[Step]:
    """What is made, then the verbs of ``rootzone surface``."""
    file, out = str(campaign), str(campaign.parent / "observed.parquet")
    products = [str(campaign.parent / "data" / "products" / name) for name in _PRODUCTS]
    return [
        Step("province", make=lambda: _make_province(campaign)),
        Step("observe", ("surface", "observe", *products, "--out", out), ("--force",)),
        Step("plan", ("surface", "plan", file)),
        Step("train", ("surface", "train", file)),
        Step("evaluate", ("surface", "evaluate", file)),
        Step("map", ("surface", "map", file)),
        Step("report", ("report", file), ("--force",)),
    ]


def _make_province(campaign: Path) -> None:
    from rootzone._shared.atomic import write_text
    from rootzone.surface.worlds.look_coarse import second_model
    from rootzone.surface.worlds.province import ProvinceSettings, make_province
    from rootzone.surface.worlds.samples import look_at
    from rootzone.surface.worlds.write_catalog import write_catalog_folder
    from rootzone.surface.worlds.write_province import write_province

    click.echo("simulating a province, and looking at it as satellites do", err=True)
    settings = ProvinceSettings(side_km=_SIDE_KM, first=_FIRST, last=_LAST)
    looks = look_at(make_province(settings, threads=None), _SEED, _STATIONS)
    data = campaign.parent / "data"
    write_province(data / "surface", looks)
    write_catalog_folder(data / "products", looks, second_model(settings))
    write_text(data / "MADE_UP.txt", _MADE_UP + "\n")
    write_text(campaign, _CAMPAIGN)
