"""What the runner demands of a profile beyond the engine's own verification."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone.engines.failures import Failure, SiteId
from rootzone.engines.ladder import Rung
from rootzone.engines.protocol import Profiles, SiteBatch
from rootzone.engines.verify import THETA_SLACK
from rootzone.jobs.shard.counted_days import Span, lacking_days, theta_out_of_bounds


def refused_by_runner(
    profiles: Profiles, batch: SiteBatch, rung: Rung, span: Span
) -> dict[SiteId, Failure]:
    """Finished profiles the runner does not take: days are lacking, or water is out of bounds.

    Bounds are looked at on the campaign's own layers, where the rung ran on others.
    """
    refused = lacking_days(profiles, span)
    if rung.split_layers > 1 or rung.merge_layers > 1:
        high = _saturation(batch, profiles)
        refused = {**theta_out_of_bounds(profiles, high, THETA_SLACK), **refused}
    return refused


def _saturation(batch: SiteBatch, profiles: Profiles) -> dict[SiteId, FloatArray]:
    column = "theta_s" if "theta_s" in batch.soil else "sat"
    wanted = set(profiles.site_ids.tolist())
    return {
        site: batch.soil[column][batch.layer_start[i] : batch.layer_start[i + 1]]
        for i, site in enumerate(batch.site_ids.tolist())
        if site in wanted
    }


def without(profiles: Profiles, refused: Mapping[SiteId, Failure]) -> Profiles:
    """Profiles of the other sites."""
    keep = [i for i, site in enumerate(profiles.site_ids.tolist()) if site not in refused]
    rows = [np.arange(profiles.row_start[i], profiles.row_start[i + 1]) for i in keep]
    row = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    theta = [profiles.theta_of(i).ravel() for i in keep]
    n_day = np.diff(profiles.row_start)[keep]
    n_layer = profiles.n_layer[keep]
    return Profiles(
        profiles.site_ids[keep],
        np.concatenate(([0], np.cumsum(n_day))).astype(np.int64),
        np.concatenate(([0], np.cumsum(n_day * n_layer))).astype(np.int64),
        n_layer,
        profiles.first_day[keep],
        np.concatenate(theta) if theta else np.zeros(0),
        {name: values[row] for name, values in profiles.daily.items()},
    )
