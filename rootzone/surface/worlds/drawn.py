"""A province whose water is drawn and not simulated: made in a second, for tests and rehearsals."""

from __future__ import annotations

import numpy as np

from rootzone._shared.seeds import stream
from rootzone.surface.worlds.province import (
    LAYERS,
    Fields,
    Province,
    ProvinceSettings,
    land_cover,
    province_grid,
    texture_pct,
)


def drawn_province(days: int = 90, seed: int = 11) -> Province:
    """36 x 36 km from May 2022 on; sand and a walk in time alone tell the water.

    Parameters
    ----------
    days : int
        Days of it.
    seed : int
        Of soils, cover and relief.
    """
    settings = ProvinceSettings(seed, side_km=36, first="2022-05-01", last="2022-12-31")
    fields, rng = Fields.from_seed(settings.seed), stream(1)
    north, east = np.mgrid[0:36, 0:36] + 0.5
    sand, _, clay = texture_pct(fields, 0.0, east, north, [2.5])[0]
    wet = np.zeros(days)
    for day in range(1, days):
        wet[day] = 0.85 * wet[day - 1] + 0.5 * rng.standard_normal()
    theta = 0.20 - 0.002 * (sand - 40.0) + 0.03 * wet[:, None, None]
    water = np.clip(theta, 0.05, 0.40).astype(np.float32)
    dates = np.arange(
        np.datetime64("2022-05-01"), np.datetime64("2022-05-01") + np.timedelta64(days, "D")
    )
    warm = np.full((days, 4, 4), 285.0)
    height = 700.0 + 120.0 * fields.relief.at_km(east, north)
    return Province(
        settings, province_grid(settings), dates, dict.fromkeys(LAYERS, water), sand, clay,
        1.65 - 0.006 * clay, height, np.zeros_like(height), land_cover(fields, east, north),
        warm, warm + 6.0, np.zeros_like(warm), np.ones_like(warm),
    )  # fmt: skip
