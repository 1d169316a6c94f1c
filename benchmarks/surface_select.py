"""Random and left-out-station skill of simple models at 70 real SCAN stations, side by side.

    python benchmarks/surface_select.py [--json]

Reads ../shared/realdata/surface/scan_s1_landsat: Sentinel-1, Landsat 8 and soils at SCAN stations,
3,518 days. Every figure says what was held out: random tenths of the days (the same stations train)
or one station at a time. Intervals are bootstraps over stations (95 %).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
from _figures import Figures, parser

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.skill import skill_of
from rootzone.surface.select.candidates import SHY, Candidate, Climatology, Ridge, Trees

SHARED = Path(__file__).resolve().parents[2] / "shared"
TABLE = SHARED / "realdata/surface/scan_s1_landsat/scan_s1_landsat8_2015_2019.parquet"
RADAR = ("vv_db", "vh_db")
OPTICS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "ndvi", "ndmi", "evi")
PLACE = ("elev_ft", "clay_pct", "silt_pct", "sand_pct", "land_cover_code_unknown_legend")
ALL = (*RADAR, *OPTICS, *PLACE, "prism_rain_2d")
PHYSICS = ("theta_33kpa", "theta_1500kpa", "soil_db")
CANDIDATES: tuple[Candidate, ...] = (
    Climatology(),
    Trees("trees on all columns", ALL),
    Ridge("ridge on all columns", ALL, penalty=30.0),
    Trees("shy trees on all columns", ALL, 200, SHY, is_by_station=True),
    Trees("shy trees, physics and soils beside", (*ALL, *PHYSICS), 200, SHY, is_by_station=True),
)


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--table", type=Path, default=TABLE)
    given = asked.parse_args()
    samples = with_physics(pl.read_parquet(given.table).sort("scan_site", "date"))
    site = samples["station"].to_numpy()
    days = np.random.default_rng(0).permutation(samples.height) % 10
    figures = Figures()
    for candidate in CANDIDATES:
        for held, fold in (("random tenths of days", days), ("one station at a time", site)):
            told = predicted(candidate, samples, fold)
            add(figures, f"{candidate.name}; held out: {held}", told, samples, site)
    figures.show(as_json=given.json)


def with_physics(raw: pl.DataFrame) -> pl.DataFrame:
    """Samples with what physics says beside: water at 33 and 1500 kPa, soil under the canopy."""
    from rootzone.hydraulics.closed_forms import saxton_rawls_points
    from rootzone.surface.physics.water_cloud import VV, soil_under_cloud

    clay, sand = (raw[name].to_numpy() for name in ("clay_pct", "sand_pct"))
    wilting, field_capacity, _ = saxton_rawls_points(sand, clay, np.full(clay.shape, 2.0))
    vv = 10.0 ** (raw["vv_db"].to_numpy() / 10.0)
    soil = soil_under_cloud(vv, np.clip(raw["ndvi"].to_numpy(), 0.0, 1.0), 38.0, VV)
    return raw.with_columns(
        station=pl.col("scan_site").cast(pl.Int64).cast(pl.String),
        theta=pl.col("ssm_m3_m3"),
        theta_33kpa=pl.Series(field_capacity),
        theta_1500kpa=pl.Series(wilting),
        soil_db=pl.Series(10.0 * np.log10(np.maximum(soil, 1e-4))),
    )


def predicted(candidate: Candidate, samples: pl.DataFrame, fold: AnyArray) -> FloatArray:
    """Every row predicted by a model that has not seen its fold."""
    out = np.full(samples.height, np.nan)
    for one in np.unique(fold):
        held = fold == one
        fitted = candidate.fit(samples.filter(~held), 1)
        out[held] = fitted.predict(samples.filter(held))
    return out


def add(
    figures: Figures, name: str, told: FloatArray, samples: pl.DataFrame, site: AnyArray
) -> None:
    """R2, RMSE and their intervals, and the median of stations' ubRMSE."""
    observed = samples["theta"].to_numpy()
    whole = skill_of(told, observed)
    r2 = interval(told, observed, site, lambda a, b: skill_of(a, b).r2)
    rmse = interval(told, observed, site, lambda a, b: skill_of(a, b).rmse)
    figures.add(f"{name}: R2", whole.r2, f"({r2[0]:.3f} to {r2[1]:.3f})")
    figures.add(f"{name}: RMSE", whole.rmse, f"m3 m-3 ({rmse[0]:.4f} to {rmse[1]:.4f})")
    each = [skill_of(told[site == s], observed[site == s], 10).ubrmse for s in np.unique(site)]
    figures.add(f"{name}: ubRMSE, median", float(np.nanmedian(each)), "m3 m-3")


def interval(
    told: FloatArray,
    observed: FloatArray,
    site: AnyArray,
    figure: Callable[[FloatArray, FloatArray], float],
) -> tuple[float, float]:
    """95 % of a figure over stations drawn with replacement."""
    rng = np.random.default_rng(0)
    rows = [np.flatnonzero(site == s) for s in np.unique(site)]
    drawn = []
    for _ in range(300):
        some = np.concatenate([rows[i] for i in rng.integers(0, len(rows), len(rows))])
        drawn.append(figure(told[some], observed[some]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


if __name__ == "__main__":
    main()
