"""A land at 10 m whose water is drawn and not simulated, for tests of what comes after."""

from __future__ import annotations

import numpy as np

from rootzone.surface.worlds.fine_land import _NODES, FINE_LAYERS, FineLand
from rootzone.surface.worlds.province import ProvinceSettings, cell_weather


def quick_land(days: int = 30) -> FineLand:
    settings = ProvinceSettings(11, side_km=36, first="2022-05-01", last="2022-05-31")
    rng, cells = np.random.default_rng(1), 16
    wet = np.zeros((days, cells))
    for day in range(1, days):
        wet[day] = 0.85 * wet[day - 1] + 0.5 * rng.standard_normal(cells)
    theta = 0.20 - 0.03 * _NODES + 0.04 * wet[:, :, None]
    bank = np.clip(theta, 0.06, 0.38).astype(np.float32)
    weather = cell_weather(settings)
    dates = np.arange(np.datetime64("2022-05-01"), np.datetime64("2022-05-01") + days)
    air = np.full((days, cells), 285.0)
    rain = weather["pr"][-days:]
    return FineLand(
        settings, dates, dict.fromkeys(FINE_LAYERS, bank), air, rain, np.zeros((6, cells))
    )
