"""The campaign's own engine at a few pixels: mapped soil and gridded weather, no learning."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.campaign.workspace import Workspace
from rootzone.covariates import cells
from rootzone.covariates.open_campaign import open_grid, open_stack
from rootzone.hydraulics.read_layers import layers_of_frame
from rootzone.hydraulics.run_campaign_soils import soil_limits
from rootzone.hydraulics.site_layers import SAMPLED, site_layers
from rootzone.hydraulics.table_soils import soils_from_layers
from rootzone.hydraulics.write_soils import soils_frame
from rootzone.jobs.accept import acceptor
from rootzone.jobs.climb import climb
from rootzone.jobs.counted_days import Span
from rootzone.jobs.engine_choice import make_engine_of, weather_needs
from rootzone.jobs.ladder import Rung, ladder_for
from rootzone.jobs.read_cut import weather_files
from rootzone.jobs.read_inputs import inputs_of_rows
from rootzone.labels.depths import LabelDepth
from rootzone.labels.layering import layerings_from_thickness, weights_of
from rootzone.labels.read_design import nodes_of_engine

if TYPE_CHECKING:
    from rootzone.campaign.read_campaign import LoadedCampaign
    from rootzone.engines.protocol import Engine, Profiles
    from rootzone.learning.label_index import GridLabels


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
    soils = _soils(loaded, data, row, col)
    if soils is None:
        return out
    day = wanted.date.astype(np.int64)
    year = wanted.date.astype("datetime64[Y]").astype(np.int64) + 1970
    for one in sorted(set(np.unique(year).tolist()) & set(loaded.campaign.years)):
        span = Span.of_year(one, loaded.campaign.engine.spin_up_days)
        theta = _year(loaded, one, span, row, col, soils)
        here = np.flatnonzero(year == one)
        out[here] = theta[column[here], day[here] - span.first, wanted.depth[here]]
    return out


def _cells(loaded: LoadedCampaign, row: IntArray, col: IntArray) -> IntArray:
    lon, lat = open_grid(loaded).lon_lat(row, col)
    return np.asarray(cells.cell_id(*cells.cell_at(lon, lat)), dtype=np.int64)


def _soils(loaded: LoadedCampaign, data: Path, row: IntArray, col: IntArray) -> pl.DataFrame | None:
    """Guarded soils of the pixels, made as those of sites; None if none is usable."""
    campaign = loaded.campaign
    number = np.arange(row.size)
    pixels = pl.DataFrame(
        {"site_id": number, "cell_id": _cells(loaded, row, col), "row": row, "col": col}
    )
    name = campaign.catalog.texture
    with open_stack(loaded, data) as stack:
        layers = site_layers(stack, name, stack.catalog.source(name), pixels, campaign.soil.ptf)
    table = layers_of_frame(Path(name), layers, SAMPLED[campaign.soil.ptf][1])  # type: ignore[arg-type]
    try:
        result = soils_from_layers(
            table,
            limits=soil_limits(campaign.soil),
            thickness_mm=campaign.profile.thickness_mm,
            extend=True,
            tolerance_pct=campaign.soil.texture_tolerance_pct,
        )
    except RequestError:  # said of a table without one usable soil
        return None
    return soils_frame(result)


def _year(
    loaded: LoadedCampaign,
    year: int,
    span: Span,
    row: IntArray,
    col: IntArray,
    soils: pl.DataFrame,
) -> AnyArray:
    """Water content of a year, shape (pixel, day, depth)."""
    campaign = loaded.campaign
    place = Workspace.beside(loaded.document.path)
    sites = pl.DataFrame({"site_id": np.arange(row.size), "cell_id": _cells(loaded, row, col)})
    inputs = inputs_of_rows(
        sites,
        soils,
        span,
        weather_files(campaign, place, year),
        campaign.engine.physics,
        weather_needs(campaign.engine),
        place.soils,
    )
    weights = _layer_weights(loaded)
    theta = np.full((row.size, span.n_counted, len(weights)), np.nan)
    climb(
        inputs.batch,
        ladder_for(campaign.engine.name, campaign.engine.stepping),
        _engines(loaded),
        acceptor(span, inputs.batch, _keeper(theta, weights)),
    )
    return theta


def _engines(loaded: LoadedCampaign) -> Callable[[Rung], Engine]:
    make = make_engine_of(loaded.campaign)
    made: dict[str, Engine] = {}

    def engine_of(rung: Rung) -> Engine:
        if rung.name not in made:
            made[rung.name] = make(rung.settings, threads=1)
        return made[rung.name]

    return engine_of


def _layer_weights(loaded: LoadedCampaign) -> FloatArray:
    """Shares of the layers in each label depth, as the labels stage has them."""
    campaign = loaded.campaign
    engine = campaign.engine
    nodes = nodes_of_engine(engine.physics, engine.stepping, engine.name)
    thickness = campaign.profile.thickness_mm
    layering = layerings_from_thickness(thickness, nodes).of("column", len(thickness))
    return weights_of(layering, [LabelDepth(depth) for depth in campaign.labels.depths_mm])


def _keeper(theta: AnyArray, weights: FloatArray) -> Callable[[Profiles], None]:
    def keep(profiles: Profiles) -> None:
        sites: Sequence[int] = profiles.site_ids.tolist()
        for i, site in enumerate(sites):
            theta[site] = profiles.theta_of(i) @ weights.T

    return keep
