"""A campaign of the multimodal system from files to maps, on a small cut of a made-up province."""

from __future__ import annotations

import json
from pathlib import Path

import netCDF4
import numpy as np
import polars as pl
import pytest
import rasterio

from rootzone._shared.errors import RequestError
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.multimodal.open_chips import OpenChips
from rootzone.surface.worlds.write_fine import Cut, write_fine
from tests.cli.campaign_runs import invoke
from tests.surface.multimodal.quick_land import quick_land

CAMPAIGN = """\
name: ten-metres
region: {bounds_lonlat_deg: [-100.1, 39.7, -99.6, 40.15]}
years: [2022]
surface:
  system: multimodal
  seeds: [0]
  epochs: 1
  splits: [random, stations]
  dates: [2022-05-08]
  multimodal:
    variant: mini
    window_px: 32
    lai: data/surface/lai/*.tif
    fpar: data/surface/fpar/*.tif
    product: data/surface/smap/*.h5
    product_epochs: 1
    product_chips: 12
    pretrain_epochs: %s
"""
NAME = "surface_theta_20220508"
CUT = Cut(side_km=0.8, n_stations=10, radar_days=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("multimodal")
    write_fine(root / "data" / "surface", quick_land(20), CUT)
    text = CAMPAIGN % 1
    # A patch of 32 px is a whole window: two of 64 leave something to paint by.
    (root / "campaign.yaml").write_text(text.replace("window_px: 32", "window_px: 64"))
    for verb in ("plan", "train", "evaluate", "map"):
        found = invoke("surface", verb, str(root / "campaign.yaml"))
        assert found.exit_code == 0, (verb, found.output, found.exception)
    return root


def chips_of(folder: Path) -> OpenChips:
    return OpenChips(OpenSurface.of(folder / "campaign.yaml"))


def test_it_runs(folder: Path) -> None:
    pass
