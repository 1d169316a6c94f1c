"""The campaign's own engine at a few pixels: gridded weather, a mapped or a measured soil."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.days import years_of
from rootzone.hydraulics.site_layers import COVER_CODE, cover_map_of, site_layers
from rootzone.jobs.shard.counted_days import Span
from rootzone.labels.simulate_columns import guarded_soils, simulate_columns
from rootzone.stations.station_soils import read_station_soils, soils_path, usable_soils

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
    pixel = wanted.pixel_row * wanted.grid.width + wanted.pixel_col
    pixels, column = np.unique(pixel, return_inverse=True)
    row, col = np.divmod(pixels, wanted.grid.width)
    cell_ids = files.weather_grid.id_at(*files.grid.lon_lat(row, col))
    layers = _mapped_layers(files, row, col, cell_ids)
    soils = guarded_soils(files.campaign, layers)
    return _simulated(files, wanted, soils, cell_ids, column)


def measured_soil_simulation_at(files: CampaignFiles, wanted: GridLabels) -> FloatArray | None:
    """As `raw_simulation_at`, with the soil that was measured at each station in place of the map.

    Parameters
    ----------
    files : CampaignFiles
        The campaign; the soils lie beside its station table (``rootzone stations --soils``).
    wanted : GridLabels
        Values of stations.

    Returns
    -------
    array, shape (label,), or None
        Water content [m3 m-3]; NaN at stations whose soil was not measured or is refused. None
        where no station of these has a measured soil.
    """
    path = soils_path(files.workspace.stations)
    if not path.exists():
        return None
    name = pl.concat_str("network", "station", separator=":")
    measured = usable_soils(read_station_soils(path)).with_columns(name.alias("place"))
    first = np.unique(wanted.place, return_index=True)[1]
    places = pl.DataFrame(
        {"site_id": np.arange(first.size), "place": [wanted.places[wanted.place[i]] for i in first]}
    )
    own = places.join(measured, on="place", how="inner", maintain_order="left")
    if own.height == 0:
        return None
    row, col = wanted.pixel_row[first], wanted.pixel_col[first]
    cell_ids = files.weather_grid.id_at(*files.grid.lon_lat(row, col))
    cells = pl.DataFrame({"site_id": places["site_id"], "cell_id": cell_ids})
    mapped = _mapped_layers(files, row, col, cell_ids)
    if COVER_CODE in mapped.columns:
        cells = cells.join(mapped.select("site_id", COVER_CODE).unique(), on="site_id")
    layers = own.join(cells, on="site_id", maintain_order="left").drop(
        "place", "network", "station", "standing", "source"
    )
    known = [column for column in layers.columns if layers[column].null_count() < layers.height]
    soils = guarded_soils(files.campaign, layers.select(known), measured=True)
    column = np.searchsorted(wanted.place[first], wanted.place)
    return _simulated(files, wanted, soils, cell_ids, column)


def _simulated(
    files: CampaignFiles,
    wanted: GridLabels,
    soils: pl.DataFrame | None,
    cell_ids: IntArray,
    column: IntArray,
) -> FloatArray:
    """Values of each label's column on its day and depth; NaN where there is no soil."""
    out = np.full(len(wanted), np.nan)
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


def _mapped_layers(
    files: CampaignFiles, row: IntArray, col: IntArray, cell_ids: IntArray
) -> pl.DataFrame:
    """Layers of the mapped soil at pixels, sampled as those of sites."""
    campaign = files.campaign
    pixels = pl.DataFrame(
        {"site_id": np.arange(row.size), "cell_id": cell_ids, "row": row, "col": col}
    )
    name = campaign.catalog.texture
    with files.stack() as stack:
        return site_layers(
            stack,
            name,
            stack.catalog.source(name),
            pixels,
            campaign.soil.ptf,
            cover_map_of(stack, campaign),
        )
