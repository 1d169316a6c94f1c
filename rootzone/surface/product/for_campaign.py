"""Daily maps of the surface on the campaign's own grid, as its root-zone network reads them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from rootzone._shared.provenance import Provenance, inputs_of
from rootzone.covariates.grid import MasterGrid
from rootzone.maps.encoding import pack_theta
from rootzone.maps.map_run import made_alike
from rootzone.maps.map_spec import theta_spec
from rootzone.maps.write_cog import write_cog
from rootzone.surface.extents.read_fields import read_part
from rootzone.surface.product.write_day import LAYER_MM, SurfaceMapFiles

PATTERN: Final = "surface/for_campaign/surface_theta_{date:%Y%m%d}.tif"
"""What ``learning.features.surface_moisture`` is set to, from the campaign file on."""


def maps_for_campaign(
    maps: Sequence[SurfaceMapFiles],
    grid: MasterGrid,
    folder: Path,
    interval_pct: float,
    say: Callable[[str], None],
) -> list[Path]:
    """Put finished maps on the grid of a campaign; those made already are kept.

    Parameters
    ----------
    maps : sequence of SurfaceMapFiles
        Maps of 0-50 mm on any grid.
    grid : MasterGrid
        The campaign's pixels. Maps that lie on them are taken as they are, others interpolated.
    folder : Path
        Folder of the campaign file.
    interval_pct : float
        The interval of the maps [%].
    say : callable
        Told how it goes.

    Returns
    -------
    list of Path
        A file a day, named by `PATTERN`.
    """
    made = []
    for one in maps:
        path = folder / PATTERN.format(date=one.day)
        made.append(path)
        record = Provenance(
            "rootzone surface map", inputs_of({one.theta.name: one.theta}),
            {"grid": grid.to_dict(), "for_campaign": True},
        )  # fmt: skip
        if path.is_file() and made_alike(path, record):
            continue
        theta = read_part(one.theta, grid, grid.full_window, ())[0].astype(np.float64)
        tags = {"depth_kind": "layer 0-50 mm", "made_from": one.theta.name}
        middle = sum(LAYER_MM) / 2.0
        spec = theta_spec(grid, "uint16", middle, one.day, interval_pct, tags)
        nothing = np.full(grid.shape, np.nan)
        write_cog(path, spec, np.stack([pack_theta(v) for v in (theta, nothing)]), record)
        say(f"{path.name}: {np.isfinite(theta).mean():.0%} of the campaign's pixels")
    return made
