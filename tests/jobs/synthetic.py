"""A small campaign with seeded weather and the twelve class-mean soils of Rosetta.

Also used by the benchmarks and by ``scripts/``; nothing here is an expected number.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import SITES, SOILS, WEATHER
from rootzone.campaign.workspace import Workspace

# Class means of theta_r, theta_s, log10 alpha [cm-1], log10 n, log10 Ks [cm d-1]: Schaap, Leij and
# van Genuchten (2001), doi:10.1016/S0022-1694(01)00466-8, as tabled by the Rosetta program.
CLASS_MEANS = np.array(
    [
        (0.098, 0.459, -1.825, 0.098, 1.169),  # clay
        (0.079, 0.442, -1.801, 0.151, 0.913),  # clay loam
        (0.061, 0.399, -1.954, 0.168, 1.081),  # loam
        (0.049, 0.390, -1.459, 0.242, 2.022),  # loamy sand
        (0.053, 0.375, -1.453, 0.502, 2.808),  # sand
        (0.117, 0.385, -1.476, 0.082, 1.055),  # sandy clay
        (0.063, 0.384, -1.676, 0.124, 1.120),  # sandy clay loam
        (0.039, 0.387, -1.574, 0.161, 1.583),  # sandy loam
        (0.050, 0.489, -2.182, 0.225, 1.641),  # silt
        (0.111, 0.481, -1.790, 0.121, 0.983),  # silty clay
        (0.090, 0.482, -2.076, 0.182, 1.046),  # silty clay loam
        (0.065, 0.439, -2.296, 0.221, 1.261),  # silt loam
    ]
)
# The layers of a new campaign; the first few where fewer are asked for.
THICKNESS_MM = (50.0,) * 4 + (100.0,) * 3 + (200.0,) * 5
STRATA = ("grass x semi-arid", "forest x montane", "crops x humid")
_RECORD = Provenance("synthetic campaign", code="none")


def make_campaign(
    folder: Path,
    *,
    n_site: int = 60,
    years: tuple[int, ...] = (2020,),
    sites_per_shard: int = 10,
    n_cell: int = 5,
    n_layer: int = 4,
    spin_up_days: int = 30,
    reserves: int = 0,
    max_failed_pct: float = 1.0,
    site_timeout_s: float = 600.0,
    extra: str = "",
    seed: int = 1,
) -> Path:
    """Write ``campaign.yaml`` and the tables a run needs; returns the campaign file."""
    rng = np.random.default_rng(seed)
    workspace = Workspace(folder)
    thickness = [*THICKNESS_MM[:n_layer]]
    folder.mkdir(parents=True, exist_ok=True)
    campaign = folder / "campaign.yaml"
    campaign.write_text(
        f"name: synthetic\nregion: {{place: Colorado}}\nyears: [{', '.join(map(str, years))}]\n"
        f"sites: {{per_year: {n_site}}}\n"
        f"profile: {{thickness_mm: [{', '.join(map(str, thickness))}]}}\n"
        "labels: {depths_mm: [100]}\n"
        f"engine:\n  spin_up_days: {spin_up_days}\n{extra}"
        f"jobs: {{sites_per_shard: {sites_per_shard}, max_failed_pct: {max_failed_pct}, "
        f"site_timeout_s: {site_timeout_s}}}\n"
    )
    sites = _sites(rng, n_site, years, n_cell)
    stand_ins = _sites(rng, reserves, years, n_cell, first=1_000_000)
    write_table(workspace.sites, sites, SITES, _RECORD)
    if reserves:
        ranked = stand_ins.with_columns(
            pl.int_range(1, pl.len() + 1).over("year", "stratum").alias("rank")
        )
        write_table(workspace.reserves, ranked, SITES, _RECORD)
    both = pl.concat([sites, stand_ins]) if reserves else sites
    write_table(workspace.soils, _soils(rng, both, thickness), SOILS, _RECORD)
    first = date(min(years), 1, 1) - timedelta(days=spin_up_days)
    for year in range(first.year, max(years) + 1):
        write_table(workspace.weather(year), _weather(year, n_cell), WEATHER, _RECORD)
    return campaign


def _sites(
    rng: np.random.Generator, n: int, years: tuple[int, ...], n_cell: int, first: int = 1
) -> pl.DataFrame:
    ids = np.arange(first, first + n)
    return pl.DataFrame(
        {
            "site_id": ids,
            "year": np.array(years, dtype=np.int64)[ids % len(years)],
            "row": ids,
            "col": ids,
            "x_m": ids * 30.0,
            "y_m": ids * 30.0,
            "lon": -105.0 + (ids - first) % 100_000 * 1e-4,
            "lat": 40.0 + (ids - first) % 100_000 * 1e-4,
            "cell_id": rng.integers(1, n_cell + 1, n),
            "stratum": [STRATA[i % len(STRATA)] for i in ids],
            "weight": np.full(n, 100.0),
        }
    )


def _soils(rng: np.random.Generator, sites: pl.DataFrame, thickness: list[float]) -> pl.DataFrame:
    n, n_layer = sites.height, len(thickness)
    theta_r, theta_s, log_alpha, log_n, log_ks = CLASS_MEANS[rng.integers(0, 12, n)].T
    # A factor of its own for each site, so that no two columns are twins.
    log_ks = log_ks + rng.normal(0.0, 0.1, n)

    def layers(values: np.ndarray) -> np.ndarray:
        return np.repeat(values, n_layer)

    return pl.DataFrame(
        {
            "site_id": layers(sites["site_id"].to_numpy()),
            "cell_id": layers(sites["cell_id"].to_numpy()),
            "layer": np.tile(np.arange(1, n_layer + 1), n),
            "thickness_mm": np.tile(thickness, n),
            "theta_r": layers(theta_r),
            "theta_s": layers(theta_s),
            "alpha_per_cm": layers(10**log_alpha),
            "n": layers(10**log_n),
            "ks_mm_d": layers(10 * 10**log_ks),
            "theta_initial": layers(theta_r + 0.5 * (theta_s - theta_r)),
        }
    )


def _weather(year: int, n_cell: int) -> pl.DataFrame:
    rng = np.random.default_rng(year)
    n_day = (date(year, 12, 31) - date(year, 1, 1)).days + 1
    day = np.arange(n_day)
    dates = pl.date_range(date(year, 1, 1), date(year, 12, 31), eager=True)
    rain = rng.random((n_cell, n_day)) < 0.2
    amount = rng.exponential(6.0, (n_cell, n_day))
    eo = 3.5 - 2.5 * np.cos(2 * np.pi * (day - 10) / 365.25)
    return pl.DataFrame(
        {
            "cell_id": np.repeat(np.arange(1, n_cell + 1), n_day),
            "date": pl.concat([dates] * n_cell),
            "rain_mm": np.where(rain, amount, 0.0).ravel(),
            "eo_mm": np.tile(eo, n_cell),
        }
    )
