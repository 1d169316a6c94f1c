"""A corner of the made-up county with sites, labels and an untrained network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared.arrays import IntArray
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import SITES
from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.learning.scene.features import features_of
from rootzone.made_up.write_county import write_county
from rootzone.networks.bundle import save_bundle
from rootzone.networks.calibration import Calibration
from rootzone.networks.families.unet import ModelConfig
from rootzone.networks.run_training import new_network
from tests.covariates.weather_files import GRIDMET

# Three by three tiles of 32 px, with a corner of the lake and a border of weather cells.
CAMPAIGN = """\
name: corner
region:
  bounds_lonlat_deg: [-105.200, 40.082, -105.178, 40.099]
grid: {tile_px: 32}
years: [2023]
engine: {spin_up_days: 20}
profile: {thickness_mm: [100, 100, 100, 200, 500]}
labels: {depths_mm: [200, 400]}
learning: {output: bounds, features: {forcing: bilinear}}
maps:
  dates: [2023-02-05, 2023-02-10]
"""
DAYS = ("20230205", "20230210")
N_SITE = 60


def invoke(*words: object):  # type: ignore[no-untyped-def]
    """A call of ``rootzone``; our own errors come back as ``result.exception``."""
    return CliRunner().invoke(cli, [str(word) for word in words])


def make_campaign(folder: Path) -> Path:
    """Campaign file in a folder that holds its data, weather, soils, profiles and labels."""
    write_county(folder / "data", [2022, 2023], 7)
    file = folder / "campaign.yaml"
    file.write_text(CAMPAIGN)
    _write_sites(file)
    for verb in ("forcing", "soils", "simulate", "labels"):
        result = invoke(verb, file, *(["--executor", "threads"] if verb == "simulate" else []))
        assert result.exit_code == 0, (verb, result.output, result.exception)
    return file


def _write_sites(file: Path) -> None:
    """Sites at pixels drawn from the whole grid, instead of a design."""
    grid = CampaignFiles.beside(file).grid
    pixel: IntArray = np.random.default_rng(3).choice(grid.width * grid.height, N_SITE, False)
    row, col = np.divmod(np.sort(pixel), grid.width)
    x_m, y_m = grid.xy_m(row, col)
    lon, lat = grid.lon_lat(row, col)
    cell = GRIDMET.ids(grid, grid.full_window)[row, col]
    sites = pl.DataFrame(
        {
            "site_id": np.arange(N_SITE), "year": np.full(N_SITE, 2023), "row": row, "col": col,
            "x_m": x_m, "y_m": y_m, "lon": lon, "lat": lat, "cell_id": cell,
            "stratum": ["all"] * N_SITE, "weight": np.ones(N_SITE),
        }
    )  # fmt: skip
    write_table(Workspace.beside(file).sites, sites, SITES, Provenance("test"))


def put_bundle(file: Path, seed: int = 1) -> None:
    """An untrained network with the campaign's features, where the trained one would be."""
    campaign = load_campaign(file).campaign
    spec = features_of(campaign.learning.features)
    config = ModelConfig(len(spec), n_depths=2, widths=(4, 6, 8), output="bounds", head="normal")
    weights = [new_network(config, seed).state_dict()]
    fitted = Calibration(0.8, 1.5, scaled=True, n=100, n_place=12)
    save_bundle(Workspace.beside(file).bundle(), weights, config, spec, (200.0, 400.0), fitted, {})
