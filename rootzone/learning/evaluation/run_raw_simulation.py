"""The campaign's own engine at a few pixels: mapped soil and gridded weather, no learning."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.days import years_of
from rootzone.covariates.open_campaign import open_grid, open_stack, open_weather_grid
from rootzone.hydraulics.site_layers import cover_map_of, site_layers
from rootzone.jobs.shard.counted_days import Span
from rootzone.labels.simulate_columns import guarded_soils, simulate_columns

if TYPE_CHECKING:
    from rootzone.campaign.read_campaign import LoadedCampaign
    from rootzone.learning.samples.label_index import GridLabels


def raw_simulation_at(loaded: LoadedCampaign, data: Path, wanted: GridLabels) -> FloatArray:
    """Simulated water content at every label's pixel and day, as labels are made.

    Values are states at the ends of days, like the simulated labels.

    Parameters
    ----------
    loaded : LoadedCampaign
        The campaign.
    data : Path
        Folder the catalog's paths start from.
    wanted : GridLabels
        Where and when; meant for stations, since every pixel is simulated on its own.

    Returns
    -------
    array, shape (label,)
        Water content [m3 m-3]; NaN where the soil is refused, the engine fails, or the year is not
        the campaign's.
    """
    out = np.full(len(wanted), np.nan)
    pixel = wanted.pixel_row * wanted.grid.width + wanted.pixel_col
    pixels, column = np.unique(pixel, return_inverse=True)
    row, col = np.divmod(pixels, wanted.grid.width)
    cell_ids = _cells(loaded, data, row, col)
    soils = _soils(loaded, data, row, col, cell_ids)
    if soils is None:
        return out
    day = wanted.date.astype(np.int64)
    year = years_of(wanted.date)
    for one in sorted(set(np.unique(year).tolist()) & set(loaded.campaign.years)):
        span = Span.of_year(one, loaded.campaign.engine.spin_up_days)
        theta = simulate_columns(
            loaded, soils, cell_ids, one, span, np.arange(span.n_counted)
        ).theta
        here = np.flatnonzero(year == one)
        out[here] = theta[column[here], day[here] - span.first, wanted.depth[here]]
    return out


def _cells(loaded: LoadedCampaign, data: Path, row: IntArray, col: IntArray) -> IntArray:
    lon, lat = open_grid(loaded).lon_lat(row, col)
    return open_weather_grid(loaded, data).id_at(lon, lat)


def _soils(
    loaded: LoadedCampaign, data: Path, row: IntArray, col: IntArray, cell_ids: IntArray
) -> pl.DataFrame | None:
    """Guarded soils of the pixels, made as those of sites; None if none is usable."""
    campaign = loaded.campaign
    pixels = pl.DataFrame(
        {"site_id": np.arange(row.size), "cell_id": cell_ids, "row": row, "col": col}
    )
    name = campaign.catalog.texture
    with open_stack(loaded, data) as stack:
        layers = site_layers(
            stack,
            name,
            stack.catalog.source(name),
            pixels,
            campaign.soil.ptf,
            cover_map_of(stack, campaign),
        )
    return guarded_soils(campaign, layers)
