"""Random and left-out-station skill of simple models at 70 real SCAN stations, side by side.

    python benchmarks/surface_select.py [--json]

Reads ../shared/realdata/surface/scan_s1_landsat: Sentinel-1, Landsat 8 and soils at SCAN stations,
3,518 days; climate of ../shared/realdata/koppen. Every figure says what was held out: random
tenths of the days (the same stations train) or one station at a time. One model guesses a place's
mean by ridge from all that is known of it but its coordinates (soil, climate, cover, means
of its own images), and departures from it by small trees on departures of its images from their own
means. Intervals are bootstraps over stations (95 %); differences from the first trees are paired:
the same stations drawn for both.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import rasterio
from _figures import Figures, parser

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.skill import skill_of
from rootzone.learning.points.levels import ridge_level
from rootzone.surface.select.candidates import SHY, Candidate, Climatology, Ridge, Trees
from rootzone.surface.select.environments import LEAST_STATIONS

SHARED = Path(__file__).resolve().parents[2] / "shared"
TABLE = SHARED / "realdata/surface/scan_s1_landsat/scan_s1_landsat8_2015_2019.parquet"
RADAR = ("vv_db", "vh_db")
OPTICS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "ndvi", "ndmi", "evi")
PLACE = ("elev_ft", "clay_pct", "silt_pct", "sand_pct", "land_cover_code_unknown_legend")
ALL = (*RADAR, *OPTICS, *PLACE, "prism_rain_2d")
PHYSICS = ("theta_33kpa", "theta_1500kpa", "soil_db")
MEANS = (*RADAR, "ndvi", "ndmi", "evi", "B7", "soil_db", "prism_rain_2d", "sin_doy", "cos_doy")
TRAITS = (
    "clay_pct", "sand_pct", "silt_pct", "theta_33kpa", "theta_1500kpa", "soil_unknown", "elev_ft",
    *(f"mean_{name}" for name in ("vv_db", "vh_db", "ndvi", "ndmi", "evi", "B7", "prism_rain_2d")),
    "spread_vv_db",
)  # fmt: skip
KOPPEN = SHARED / "realdata/koppen/koppen_geiger_0p1_1991_2020.tif"
BASELINE = "trees on all columns"
LEVELS = "a place's level by ridge, departures by small trees"
CANDIDATES: tuple[Candidate, ...] = (
    Climatology(),
    Trees(BASELINE, ALL),
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
    for held, fold in (("random tenths of days", days), ("one station at a time", site)):
        told = {one.name: predicted(one, samples, fold) for one in CANDIDATES}
        told[LEVELS] = by_level(samples, fold)
        told["mean of the last two"] = (told[CANDIDATES[-1].name] + told[LEVELS]) / 2.0
        for name, values in told.items():
            add(figures, f"{name}; held out: {held}", values, samples, site)
        for name, values in told.items():
            if name != BASELINE:
                pair(figures, f"{name} less {BASELINE}; held out: {held}", values, told[BASELINE],
                     samples["theta"].to_numpy(), site)  # fmt: skip
    figures.show(as_json=given.json)


def with_physics(raw: pl.DataFrame) -> pl.DataFrame:
    """Samples with what physics says beside: water at 33 and 1500 kPa, soil under the canopy."""
    from rootzone.hydraulics.closed_forms import saxton_rawls_points
    from rootzone.surface.physics.water_cloud import VV, soil_under_cloud

    clay, sand = (raw[name].to_numpy() for name in ("clay_pct", "sand_pct"))
    wilting, field_capacity, _ = saxton_rawls_points(sand, clay, np.full(clay.shape, 2.0))
    vv = 10.0 ** (raw["vv_db"].to_numpy() / 10.0)
    soil = soil_under_cloud(vv, np.clip(raw["ndvi"].to_numpy(), 0.0, 1.0), 38.0, VV)
    year = 2.0 * np.pi * pl.col("date").dt.ordinal_day() / 365.25
    return raw.with_columns(
        sin_doy=year.sin(),
        cos_doy=year.cos(),
        station=pl.col("scan_site").cast(pl.Int64).cast(pl.String),
        theta=pl.col("ssm_m3_m3"),
        theta_33kpa=pl.Series(field_capacity),
        theta_1500kpa=pl.Series(wilting),
        soil_db=pl.Series(10.0 * np.log10(np.maximum(soil, 1e-4))),
    )


def by_level(samples: pl.DataFrame, fold: AnyArray) -> FloatArray:
    """The level of a place, of its training days or guessed by ridge, and departures by trees."""
    of_place, place = place_traits(samples), samples["station"].rank("dense").to_numpy() - 1
    theta, n = samples["theta"].to_numpy(), int(place.max()) + 1
    own = samples.with_columns(
        (pl.col(name) - pl.col(name).mean().over("station")).alias(f"off_{name}") for name in MEANS
    )
    trees = Trees("departures", tuple(f"off_{name}" for name in MEANS), 100, SHY, True)
    out = np.full(theta.size, np.nan)
    for one in np.unique(fold):
        train = fold != one
        count = np.bincount(place[train], minlength=n)
        seen = np.bincount(place[train], theta[train], minlength=n)
        mean = np.divide(seen, count, out=np.full(n, np.nan), where=count > 0)
        known = np.isfinite(mean)
        level = np.where(known, mean, ridge_level(of_place, mean, known))
        off = own.with_columns(theta=pl.Series(theta - mean[place]))
        fitted = trees.fit(off.filter(train), 1)
        out[~train] = level[place[~train]] + fitted.predict(off.filter(~train))
    return out


def place_traits(samples: pl.DataFrame) -> FloatArray:
    """What is known of each place but coordinates, shape (place, trait), in order of names."""
    with rasterio.open(KOPPEN) as file:
        at = zip(samples["lon"], samples["lat"], strict=True)
        climate = pl.Series("climate", [int(code[0]) for code in file.sample(at)])
    cover = samples["land_cover_code_unknown_legend"].cast(pl.Int64).alias("cover")
    found = samples.with_columns(
        climate, cover,
        (pl.col("clay_pct") + pl.col("sand_pct") == 0.0).cast(pl.Float64).alias("soil_unknown"),
        pl.col("vv_db").std().over("station").alias("spread_vv_db"),
        *(pl.col(name).mean().over("station").alias(f"mean_{name}") for name in MEANS),
    )  # fmt: skip
    first = found.group_by("station").first().sort("station")
    dummies = [first[name].to_dummies().to_numpy() for name in ("climate", "cover")]
    # As with environments, a class that fewer than five stations share is none.
    classes = [one[:, one.sum(axis=0) >= LEAST_STATIONS] for one in dummies]
    return np.concatenate([first.select(TRAITS).to_numpy(), *classes], axis=1).astype(np.float64)


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


def pair(
    figures: Figures, name: str, told: FloatArray, other: FloatArray, observed: FloatArray,
    site: AnyArray,
) -> None:  # fmt: skip
    """Differences of R2 and RMSE between two models, the same stations drawn for both."""
    for figure, unit in (("r2", "-"), ("rmse", "m3 m-3")):

        def apart(a: FloatArray, b: FloatArray, figure: str = figure) -> float:
            one, two = (getattr(skill_of(values, b), figure) for values in a.T)
            return float(one - two)

        both = np.stack([told, other], axis=1)
        low, high = interval(both, observed, site, apart)
        figures.add(f"{name}: {figure}", apart(both, observed), f"{unit} ({low:.4f} to {high:.4f})")


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
