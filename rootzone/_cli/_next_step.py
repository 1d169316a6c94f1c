"""The verb that comes next in a campaign, by what lies on disk: every hint follows one order."""

from __future__ import annotations

import os
from pathlib import Path

from rootzone.campaign.model import Campaign
from rootzone.campaign.workspace import Workspace


def next_step(campaign_file: Path, campaign: Campaign) -> str:
    """Command that makes the first thing a campaign lacks.

    Parameters
    ----------
    campaign_file : Path
        The campaign.
    campaign : Campaign
        Its settings.
    """
    place = Workspace.beside(campaign_file)
    data = Path(os.environ.get("ROOTZONE_DATA") or place.root / "data")
    steps = [
        (not data.is_dir() or not any(data.iterdir()), "fetch", " --dry-run"),
        (not all(place.weather(year).exists() for year in campaign.years), "forcing", ""),
        (not place.sites.exists(), "sites", ""),
        (not place.soils.exists(), "soils", ""),
        (bool(campaign.labels.stations) and not place.stations.exists(), "stations", ""),
        (not place.plan.exists(), "plan", ""),
        (not any(place.runs.glob("shard=*/profiles.parquet")), "simulate", ""),
        (not any(place.labels.glob("year=*")), "labels", ""),
        (not (place.learning() / "best").is_dir(), "train", ""),
        (not place.evaluation().is_dir(), "evaluate", ""),
        (not any(place.maps.glob("theta_*.tif")), "map", ""),
    ]
    verb, more = next(((v, m) for lacking, v, m in steps if lacking), ("report", ""))
    return f"rootzone {verb} {campaign_file}{more}"
