"""A made-up county with its stations and a campaign file: something to try the chain on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from rootzone._shared.atomic import write_text
from rootzone.covariates.fetch.checksums import record_files
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.settings import default_settings
from rootzone.made_up.stations import write_made_up_stations
from rootzone.made_up.truth import write_truth
from rootzone.made_up.write_county import write_county

MADE_UP = (
    "everything. The county is made up by a seeded generator in the package: terrain, soils, land "
    "cover, climate, weather and soil-moisture stations. Its files have the real formats (NLCD and "
    "3DEP GeoTIFF, POLARIS tiles, Koppen classes, gridMET NetCDF, USCRN daily text with the "
    "GHCN-Daily station list), so everything after them is what runs on real data. The stations "
    "read a truth of their own: the same engine with soils, rain and evaporation that differ from "
    "the maps by amounts written in data/uscrn/MADE_UP.md. Skill on this page says that the chain "
    "works, and nothing about any real place."
)
SEED = 7
TRUTH = "truth"  # folder of the data that holds it
EXAMPLE = """\
name: made-up-corner
description: A corner of the made-up county, small enough for a notebook
region:
  bounds_lonlat_deg: [-105.24, 40.04, -105.21, 40.06]
years: [2023]
sites:
  per_year: 24
engine:
  spin_up_days: 120
jobs:
  sites_per_shard: 12
labels:
  depths_mm: [200]
  stations: [data/uscrn]
maps:
  dates: [2023-04-15, 2023-08-15]
"""


def write_data(folder: Path, years: Sequence[int], observed: Sequence[int], stations: int) -> None:
    """Rasters, weather and stations in the real file formats, and a note that they are made up.

    Parameters
    ----------
    folder : Path
        The data folder.
    years : sequence of int
        Years of weather.
    observed : sequence of int
        Years of the stations.
    stations : int
        How many stations.
    """
    write_county(folder, list(years), SEED)
    engine = SwimEngine(default_settings("van_genuchten", "converged"), threads=1)
    write_made_up_stations(folder / "uscrn", SEED, list(observed), stations, engine)
    write_text(folder / "MADE_UP.txt", MADE_UP + "\n")
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    record_files(folder, [path.relative_to(folder).as_posix() for path in files], "made up")


def write_campaign_truth(files: CampaignFiles, stations: int, threads: int = 1) -> list[Path]:
    """The truth on a campaign's pixels, on the 1st and 15th of each month of its years.

    Parameters
    ----------
    files : CampaignFiles
        A campaign in the county, whose data `write_data` wrote.
    stations : int
        As many as have data.
    threads : int
        Threads of the engine.

    Returns
    -------
    list of Path
        GeoTIFFs in ``data/truth``.
    """
    years = files.campaign.years
    days = [date(year, month, day) for year in years for month in range(1, 13) for day in (1, 15)]
    engine = SwimEngine(default_settings("van_genuchten", "converged"), threads=threads)
    depths = [float(depth) for depth in files.campaign.labels.depths_mm]
    folder = files.data / TRUTH
    return write_truth(
        folder, files.grid, SEED, years, days, depths, engine, n_station=stations
    )  # fmt: skip


def write_example(folder: Path, *, stations: int = 3) -> Path:
    """The data and the campaign file of the example; what is there already is kept.

    Returns
    -------
    Path
        The campaign file.
    """
    campaign = folder / "campaign.yaml"
    if not campaign.exists():
        write_data(folder / "data", (2022, 2023), (2022, 2023), stations)
        write_text(campaign, EXAMPLE)
    return campaign
