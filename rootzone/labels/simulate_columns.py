"""Water content at label depths of soil columns outside the campaign's shards.

Maps by simulation and the raw simulation at stations ask for columns that are no sites. They are
given soils, engine, ladder, spin-up and depths exactly as sites are, so that their values are those
that labels would have.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.daily import column_at
from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import LabelDepth, nodes_of_engine
from rootzone.engines.kinds import kind_of
from rootzone.hydraulics.read_layers import layers_of_frame
from rootzone.hydraulics.run_campaign_soils import pedotransfer_of
from rootzone.hydraulics.site_layers import SAMPLED
from rootzone.hydraulics.table_soils import soils_from_layers
from rootzone.hydraulics.write_soils import soils_frame
from rootzone.jobs.shard.engine_choice import make_engine_of, weather_needs
from rootzone.jobs.shard.read_cut import weather_files
from rootzone.jobs.shard.read_inputs import inputs_of_rows
from rootzone.jobs.shard.run_batch import BatchPlan, run_batch
from rootzone.labels.layering import layerings_from_thickness, weights_of

if TYPE_CHECKING:
    from rootzone.campaign.model import Campaign
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.engines.protocol import Profiles
    from rootzone.jobs.shard.counted_days import Span


@dataclass(frozen=True)
class ColumnRun:
    """Columns simulated in one year.

    Parameters
    ----------
    theta : array of float32, shape (column, day, depth)
        Water content [m3 m-3] of the days asked for; NaN where a column failed.
    failures : mapping of int to str
        Failure class of each column that has no value.
    """

    theta: AnyArray
    failures: Mapping[int, str]


def guarded_soils(
    campaign: Campaign, layers: pl.DataFrame, *, measured: bool = False
) -> pl.DataFrame | None:
    """Soils of sampled layers, by the campaign's own soils stage; None if none is usable.

    Parameters
    ----------
    campaign : Campaign
        Its soil settings and profile.
    layers : DataFrame
        Layers as ``hydraulics.site_layers`` samples them, ``site_id`` numbering the columns.
    measured : bool
        They are textures measured at stations, whatever the map holds; what the pedotransfer
        function needs beside them and was not measured is filled.
    """
    source = "texture" if measured else SAMPLED[campaign.soil.ptf][1]
    table = layers_of_frame(Path(campaign.catalog.texture), layers, source)  # type: ignore[arg-type]
    try:
        result = soils_from_layers(
            table,
            limits=campaign.soil,
            thickness_mm=campaign.profile.thickness_mm,
            extend=True,
            tolerance_pct=campaign.soil.texture_tolerance_pct,
            ptf=pedotransfer_of(campaign.soil),
            fill_inputs=measured or campaign.soil.fill_inputs,
        )
    except RequestError:  # said of a table without one usable soil: a lake, or the sea
        return None
    return soils_frame(result)


def simulate_columns(
    files: CampaignFiles,
    soils: pl.DataFrame,
    cell_ids: IntArray,
    year: int,
    span: Span,
    day_rows: IntArray,
    *,
    threads: int = 1,
) -> ColumnRun:
    """Simulate columns in one year.

    Parameters
    ----------
    files : CampaignFiles
        The campaign.
    soils : DataFrame
        Guarded soils, ``site_id`` counting the columns from 0.
    cell_ids : array of int, shape (column,)
        Weather cell of each column.
    year : int
        Year whose weather is used.
    span : Span
        Days to run and to count.
    day_rows : array of int, shape (day,)
        Days to keep, counted from the first counted one.
    threads : int
        Threads of the engine.
    """
    campaign, place = files.campaign, files.workspace
    section = campaign.engine
    inputs = inputs_of_rows(
        pl.DataFrame({"site_id": np.arange(len(cell_ids)), "cell_id": cell_ids}),
        soils,
        span,
        weather_files(campaign, place, year),
        section.physics,
        weather_needs(campaign),
        place.soils,
    )
    n_depth = len(campaign.labels.depths_mm)
    theta = np.full((len(cell_ids), len(day_rows), n_depth), np.nan, dtype=np.float32)
    ladder = kind_of(section.name).ladder(section.stepping)
    plan = BatchPlan(ladder, make_engine_of(campaign), span, threads=threads)
    outcome = run_batch(inputs.batch, plan, _keeper(campaign, theta, day_rows))
    failed = {**inputs.refused, **outcome.failures}
    return ColumnRun(theta, {int(site): one.failure_class.name for site, one in failed.items()})


def _layer_weights(campaign: Campaign) -> FloatArray:
    """Shares of the layers in each label depth."""
    engine, thickness = campaign.engine, campaign.profile.thickness_mm
    nodes = nodes_of_engine(engine.physics, engine.stepping)
    layering = layerings_from_thickness(thickness, nodes).of("column", len(thickness))
    return weights_of(layering, [LabelDepth(depth) for depth in campaign.labels.depths_mm])


def _keeper(campaign: Campaign, theta: AnyArray, day_rows: IntArray) -> Callable[[Profiles], None]:
    """What takes finished profiles: in single precision, then read as labels are."""
    if campaign.labels.source == "solver":
        names = [column_at(depth).name for depth in campaign.labels.depths_mm]

        def keep_solvers(profiles: Profiles) -> None:
            for i, site in enumerate(profiles.site_ids.tolist()):
                rows = profiles.row_start[i] + day_rows
                for depth, name in enumerate(names):
                    theta[site, :, depth] = profiles.daily[name][rows]

        return keep_solvers
    weights = _layer_weights(campaign)

    def keep(profiles: Profiles) -> None:
        for i, site in enumerate(profiles.site_ids.tolist()):
            days = profiles.theta_of(i)[day_rows].astype(np.float32)
            for depth, shares in enumerate(weights):
                used = np.flatnonzero(shares)
                theta[site, :, depth] = sum(
                    days[:, layer] * np.float32(shares[layer]) for layer in used
                )

    return keep
