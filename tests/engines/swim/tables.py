"""Small soils and weather tables that the engine tests share."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import polars as pl

FIRST_DAY = date(2021, 1, 1)

# Loam, Rosetta 3 class means for sand 40, silt 40, clay 20 % (reference/swim3/soils.json), rounded.
LOAM_VG: dict[str, float] = {
    "theta_r": 0.089,
    "theta_s": 0.404,
    "alpha_per_cm": 0.0067,
    "n": 1.42,
    "ks_mm_d": 123.0,
}
LOAM_SWIM3: dict[str, float] = {
    "bd_g_cm3": 1.55,
    "airdry": 0.096,
    "ll15": 0.134,
    "dul": 0.365,
    "sat": 0.404,
    "ks_mm_d": 123.0,
    "kdul_mm_d": 1.4,
    "psidul_cm": -100.0,
}


def soils(
    site_ids: list[Any],
    *,
    physics: str = "van_genuchten",
    cell_ids: list[Any] | None = None,
    thickness_mm: tuple[float, ...] = (100.0, 200.0, 300.0),
    theta_initial: float = 0.25,
) -> pl.DataFrame:
    """Loam at every site, one weather cell each as given, cell 1 otherwise."""
    loam = LOAM_VG if physics == "van_genuchten" else LOAM_SWIM3
    cells = cell_ids or [1] * len(site_ids)
    rows = [
        {
            "site_id": site_id,
            "cell_id": cell_id,
            "layer": layer + 1,
            "thickness_mm": thick,
            **loam,
            "theta_initial": theta_initial,
        }
        for site_id, cell_id in zip(site_ids, cells, strict=True)
        for layer, thick in enumerate(thickness_mm)
    ]
    return pl.DataFrame(rows)


def weather(
    n_day: int = 20, *, cell_ids: tuple[Any, ...] = (1,), rain_mm: float = 12.0
) -> pl.DataFrame:
    """Rain on every fifth day and a demand of 3 mm; temperatures around 10 degC."""
    rows = [
        {
            "cell_id": cell_id,
            "date": FIRST_DAY + timedelta(days=day),
            "rain_mm": rain_mm if day % 5 == 0 else 0.0,
            "eo_mm": 3.0,
            "tmax_degc": 15.0,
            "tmin_degc": 5.0,
        }
        for cell_id in cell_ids
        for day in range(n_day)
    ]
    return pl.DataFrame(rows)


def edited(frame: pl.DataFrame, row: int, column: str, value: Any) -> pl.DataFrame:
    """The frame with one cell changed; the column turns to text where the value is text."""
    values = frame.get_column(column).to_list()
    values[row] = value
    if isinstance(value, str) and not isinstance(values[0 if row else -1], str):
        values = [None if v is None else str(v) for v in values]
    return frame.with_columns(pl.Series(column, values, strict=False))
