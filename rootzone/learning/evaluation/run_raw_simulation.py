"""The campaign's own engine at a few pixels: mapped soil and gridded weather, no learning."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.days import years_of
from rootzone.hydraulics.site_layers import cover_map_of, site_layers
from rootzone.jobs.shard.counted_days import Span
from rootzone.labels.simulate_columns import guarded_soils, simulate_columns

if TYPE_CHECKING:
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.learning.samples.label_index import GridLabels


def raw_simulation_at(files: CampaignFiles, wanted: GridLabels) -> FloatArray:
    """Simulated water content at every label's pixel and day, as labels are made.

    Values are states at the ends of days, like the simulated labels.

    Parameters
    ----------
    files : CampaignFiles
        The campaign.
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
    cell_ids = files.weather_grid.id_at(*files.grid.lon_lat(row, col))
    soils = _soils(files, row, col, cell_ids)
    if soils is None:
        return out
    day = wanted.date.astype(np.int64)
    year = years_of(wanted.date)
    for one in sorted(set(np.unique(year).tolist()) & set(files.campaign.years)):
        span = Span.of_year(one, files.campaign.engine.spin_up_days)
        theta = simulate_columns(files, soils, cell_ids, one, span, np.arange(span.n_counted)).theta
        here = np.flatnonzero(year == one)
        out[here] = theta[column[here], day[here] - span.first, wanted.depth[here]]
    return out


def _soils(
    files: CampaignFiles, row: IntArray, col: IntArray, cell_ids: IntArray
) -> pl.DataFrame | None:
    """Guarded soils of the pixels, made as those of sites; None if none is usable."""
    campaign = files.campaign
    pixels = pl.DataFrame(
        {"site_id": np.arange(row.size), "cell_id": cell_ids, "row": row, "col": col}
    )
    name = campaign.catalog.texture
    with files.stack() as stack:
        layers = site_layers(
            stack,
            name,
            stack.catalog.source(name),
            pixels,
            campaign.soil.ptf,
            cover_map_of(stack, campaign),
        )
    return guarded_soils(campaign, layers)
