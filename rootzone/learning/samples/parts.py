"""Which part of a campaign's split each label belongs to, the same for training and evaluation."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import IntArray
from rootzone.covariates.grid import MasterGrid
from rootzone.labels.splits import Fractions, blocked_dates, left_out, season_dates

if TYPE_CHECKING:
    from rootzone.campaign.learning_section import Split
    from rootzone.learning.samples.label_index import GridLabels

Parts = dict[Any, str]

# Regions are blocks of whole tiles, at most so many along each side of the grid.
REGIONS_ALONG = 6


def parts_of(split: Split, seed: int, sources: Mapping[str, GridLabels]) -> dict[str, Parts]:
    """Parts of the labels of every source.

    Dates and regions are divided once for all sources, so that nothing of a test date or region is
    seen in training, by simulation or by sensor. Stations held out are those of the station source;
    simulated sites are then divided by site, which tells nothing about a station's own values.

    Parameters
    ----------
    split : Split
        ``learning.split`` of the campaign.
    seed : int
        ``seeds.split`` of the campaign.
    sources : mapping
        Labels by source.

    Returns
    -------
    dict
        For each source, the part by date, place or tile, as `GridLabels.part` takes it.
    """
    fractions = Fractions(split.train, split.validation, split.test)
    if split.kind == "stations":
        return {
            name: left_out(labels.used_places, seed, fractions) for name, labels in sources.items()
        }
    if split.kind == "regions":
        common = _tiles_by_region(seed, fractions, sources)
    else:
        dates = sorted({date for labels in sources.values() for date in labels.dates})
        if split.kind == "blocked_dates":
            common = blocked_dates(dates, seed, fractions, split.block_days)
        else:
            common = season_dates(dates, seed, fractions)
    return dict.fromkeys(sources, common)


def _tiles_by_region(seed: int, fractions: Fractions, sources: Mapping[str, GridLabels]) -> Parts:
    """Part of every tile; the regions that hold stations are divided among themselves first.

    Else a part might get no station, where stations stand in few regions.
    """
    region_of_tile: dict[int, int] = {}
    regions: list[set[int]] = []
    for labels in sorted(sources.values(), key=lambda one: one.source, reverse=True):
        tiles = np.unique(labels.tile).astype(np.int64)
        region = region_of(tiles, labels.grid)
        region_of_tile |= dict(zip(tiles.tolist(), region.tolist(), strict=True))
        regions.append(set(region.tolist()) - set().union(*regions))
    parts: dict[int, str] = {}
    for group in regions:  # those with stations, then the rest
        parts |= left_out(sorted(group), seed, fractions)
    return {tile: parts[region] for tile, region in region_of_tile.items()}


def region_of(tile: IntArray, grid: MasterGrid) -> IntArray:
    """Number of the region of each tile: blocks of whole tiles, counted along rows."""
    down, right = np.divmod(tile, grid.tiles_across)
    side_down = max(1, -(-grid.tiles_down // REGIONS_ALONG))
    side_right = max(1, -(-grid.tiles_across // REGIONS_ALONG))
    return np.asarray((down // side_down) * REGIONS_ALONG + right // side_right)
