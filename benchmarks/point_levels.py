"""What helps to guess the level of a place that no model has seen, and what does not.

    python benchmarks/point_levels.py --work FOLDER [--data ../shared/realdata] [--seeds 20]

What point models still miss at left-out stations is mostly level, a place's mean water content.
Each row adds something to what ``point-skill`` guesses it from, takes something away, or guesses
otherwise, and is scored at stations of folds that it did not see: RMSE of the level weighted by
days, means over seeds of the folds, and the difference from ``point-skill``'s own guess on the same
stations and folds, with its 95 % interval over stations. Stations are those of
``point_ablation.py``, made once in the work folder. Carbon and fragments come from the nearest pit
or pedon within 25 km, elevation from the three nearest SCAN and SNOTEL sites: no table at hand has
USCRN's own.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import polars as pl
from _pages import put_between
from point_ablation import FOLDS, out_of_fold, read_stations_of, with_only

from rootzone.inversion.column_runs import THICKNESS_MM
from rootzone.inversion.station_profiles import measured_profiles
from rootzone.learning.points.levels import RIDGES, place_means, place_traits, ridge_level
from rootzone.learning.points.samples import MEASURED_SOIL, PointStation, soil_traits
from rootzone.learning.points.trees import folds_of

Level = Callable[[np.ndarray], np.ndarray]  # training places to the level of every place
FUNCTIONS = ("rosetta3", "wosten1999", "rosetta3_h3", "weynants2009", "toth2015")
OWN = "as `point-skill` guesses it"
FROM_AFAR_KM = 25.0
M_PER_FOOT = 0.3048
KM_PER_DEGREE = 111.2


def departures(values: np.ndarray) -> np.ndarray:
    """What is known, less its mean; 0 where nothing is, and a column of whether anything is."""
    columns = values.reshape(len(values), -1).astype(float)
    known = np.isfinite(columns)
    centred = np.where(known, columns - np.nanmean(columns, axis=0), 0.0)
    return np.column_stack([centred, known.any(axis=1)])


def of_soils(found: Sequence[PointStation], *names: str) -> np.ndarray:
    """Traits of the measured soils by name, shape (place, name); NaN where there is none."""
    return np.array([[one.soil.get(name, np.nan) for name in names] for one in found])


def held_by(found: Sequence[PointStation], work: Path, ptf: str) -> np.ndarray:
    """Water at saturation, 33 and 1500 kPa at three depths by another function."""
    profiles = measured_profiles(work / "stations.parquet", None, THICKNESS_MM, ptf)
    names = [f"soil_{held}_{d}cm" for d in (5, 20, 100) for held in ("sat", "33kpa", "1500kpa")]
    rows = []
    for one in found:
        profile = profiles.get((one.network, one.station))
        traits = soil_traits(profile) if profile is not None else {}
        rows.append([traits.get(name, np.nan) for name in names])
    return np.array(rows)


def distance_km(lat: float, lon: float, lats: np.ndarray, lons: np.ndarray) -> np.ndarray:
    """Distance on a sphere, good enough for tens of kilometres."""
    east = (lons - lon) * np.cos(np.radians(lat))
    return np.asarray(KM_PER_DEGREE * np.hypot(lats - lat, east))


def nearest_pit(places: np.ndarray, soils: pl.DataFrame, column: str) -> np.ndarray:
    """Mean of the upper 30 cm of the nearest pit or station that has it; NaN beyond 25 km."""
    upper = soils.filter(pl.col(column).is_not_null() & (pl.col("depth_cm") <= 30.0))
    pits = upper.group_by("lat", "lon").agg(pl.col(column).mean()).drop_nulls()
    lats, lons, values = (pits[name].to_numpy() for name in ("lat", "lon", column))
    out = np.full(len(places), np.nan)
    for i, (lat, lon) in enumerate(places):
        away = distance_km(lat, lon, lats, lons)
        if away.min() <= FROM_AFAR_KM:
            out[i] = values[away.argmin()]
    return out


def elevations(places: np.ndarray, sites: pl.DataFrame) -> np.ndarray:
    """Elevation [m] of the three nearest SCAN and SNOTEL sites, nearer ones counting more."""
    names = ("Latitude", "Longitude", "Elevation_ft")
    sites = sites.select(pl.col(name).cast(pl.Float64, strict=False) for name in names).drop_nulls()
    lats, lons, feet = (sites[name].to_numpy() for name in names)
    out = np.empty(len(places))
    for i, (lat, lon) in enumerate(places):
        away = distance_km(lat, lon, lats, lons)
        near = np.argsort(away)[:3]
        weight = 1.0 / np.maximum(away[near], 1.0)
        out[i] = M_PER_FOOT * float((weight * feet[near]).sum() / weight.sum())
    return out


def kernel_level(traits: np.ndarray, mean: np.ndarray, train: np.ndarray) -> np.ndarray:
    """A Gaussian kernel beside a line, its width and noise by leave-one-out."""
    spread = traits[train].std(axis=0)
    z = (traits - traits[train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    z /= np.sqrt(z.shape[1])
    apart = ((z[:, None] - z[None]) ** 2).sum(axis=-1)
    centre, best, least = mean[train].mean(), np.full(len(mean), np.nan), np.inf
    for width in (1.0, 2.0, 4.0, 8.0):
        for noise in (0.1, 0.3, 1.0):
            alike = np.exp(-0.5 * width * apart) + z @ z.T
            inverse = np.linalg.inv(alike[np.ix_(train, train)] + noise * np.eye(train.sum()))
            weights = inverse @ (mean[train] - centre)
            error = float(np.mean((weights / np.diag(inverse)) ** 2))
            if error < least:
                least, best = error, centre + alike[:, train] @ weights
    return best


def in_theta_alone(traits: np.ndarray, mean: np.ndarray, train: np.ndarray) -> np.ndarray:
    """One ridge in water content itself, the best of its penalties by leave-one-out."""
    spread = traits[train].std(axis=0)
    x = (traits - traits[train].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    a, y = x[train], mean[train] - mean[train].mean()
    best, least = np.zeros(a.shape[1]), np.inf
    for ridge in RIDGES:
        solve = np.linalg.solve(a.T @ a + ridge * np.eye(a.shape[1]), a.T)
        leverage = np.einsum("ij,ji->i", a, solve) + 1.0 / len(y)
        error = float(np.mean(((y - a @ (solve @ y)) / (1.0 - leverage)) ** 2))
        if error < least:
            best, least = solve @ y, error
    return np.asarray(mean[train].mean() + x @ best)


def trials(
    found: Sequence[PointStation], data: Path, work: Path, mean: np.ndarray
) -> Mapping[str, tuple[str, Level]]:
    """Every guess by name: of how many places something more is known, and the guess."""
    own = place_traits(found)
    wetness = own[:, 5:6]
    none, soil, simulated = (
        place_traits(with_only(found, kind)) for kind in ("none", "soil", "sim")
    )
    stations = (
        pl.read_parquet(work / "stations.parquet").unique("station").select("station", "lat", "lon")
    )
    position = {row[0]: row[1:] for row in stations.iter_rows()}
    places = np.array([position[one.station] for one in found], dtype=float)
    soils = pl.read_parquet(data / "soils" / "soils_at_stations.parquet")
    sites = pl.read_csv(data / "scan_snotel" / "station-metadata.csv", infer_schema_length=None)
    texture = of_soils(
        found, *(f"level_{name}_20cm" for name in ("sand_pct", "clay_pct", "bd_g_cm3"))
    )
    held = {ptf: held_by(found, work, ptf) for ptf in FUNCTIONS}
    stack = np.array(list(held.values()))
    with np.errstate(invalid="ignore"):
        middle, apart = stack.mean(axis=0), stack.std(axis=0)
    runs = np.array([np.nanstd(one.simulated[MEASURED_SOIL]) if MEASURED_SOIL in one.simulated
                     else np.nan for one in found])  # fmt: skip
    more = {
        "organic carbon of a pit": nearest_pit(places, soils, "oc_pct"),
        "rock fragments of a pit": nearest_pit(places, soils, "coarse_frag_pct"),
        "share of days flagged at the sensor": flagged(found, data),
        "elevation of sites around": elevations(places, sites),
        "latitude and longitude": places,
        "square of aridity": wetness**2,
        "products of texture and aridity": texture * wetness,
        **{f"water held by {ptf}": values for ptf, values in held.items()},
        "mean of five functions": middle,
        "mean and spread of five functions": np.column_stack([middle, apart]),
        "standard deviation of its simulation": runs,
    }
    out: dict[str, tuple[str, Level]] = {
        OWN: ("", lambda train: ridge_level(own, mean, train)),
        "climate alone": ("", lambda train: ridge_level(none, mean, train)),
        "climate and measured soil": ("", lambda train: ridge_level(soil, mean, train)),
        "climate and simulation": ("", lambda train: ridge_level(simulated, mean, train)),
        "a ridge in water content alone": ("", lambda train: in_theta_alone(own, mean, train)),
        "a Gaussian kernel": ("", lambda train: kernel_level(own, mean, train)),
    }
    for name, values in more.items():
        known = np.isfinite(values.reshape(len(found), -1)).any(axis=1).sum()
        traits = np.column_stack([own, departures(values)])
        out[f"and {name}"] = (
            f"{known}", lambda train, traits=traits: ridge_level(traits, mean, train)
        )  # fmt: skip
    return out


def flagged(found: Sequence[PointStation], data: Path) -> np.ndarray:
    """Share of a station's readings at 20 cm that carry a note of quality."""
    daily = pl.scan_parquet(data / "uscrn" / "uscrn_conus_daily_2009_2024.parquet")
    share = daily.group_by("station").agg((pl.col("qc_020") != 0).mean()).collect()
    by_name = dict(share.iter_rows())
    return np.array([by_name[one.station] for one in found], dtype=float)


def table(
    guesses: Mapping[str, tuple[str, Level]],
    mean: np.ndarray,
    days: np.ndarray,
    measured: np.ndarray,
    seeds: int,
) -> str:
    """Every guess as a row."""
    folds = [folds_of(len(mean), FOLDS, seed) for seed in range(1, seeds + 1)]
    squares = {
        name: np.array([(out_of_fold(level, fold) - mean) ** 2 for fold in folds])
        for name, (_, level) in guesses.items()
    }  # (seed, place) each
    drawn = np.random.default_rng(1).integers(0, len(mean), (2000, len(mean)))

    def rmse(square: np.ndarray, places: np.ndarray) -> np.ndarray:
        weight = days[places]
        return np.asarray(np.sqrt((square[..., places] * weight).sum(-1) / weight.sum(-1)))

    lines = [
        "| level guessed from | known at | RMSE, 72 | 54 measured | 18 unknown | less own guess |",
        "|---|--:|--:|--:|--:|---|",
    ]
    everywhere = np.arange(len(mean))
    own = squares[OWN]
    for name, (known, _) in guesses.items():
        each = [
            rmse(squares[name], part).mean()
            for part in (everywhere, np.flatnonzero(measured), np.flatnonzero(~measured))
        ]
        better = [rmse(one.mean(axis=0), drawn) for one in (squares[name], own)]
        low, high = np.percentile(better[0] - better[1], (2.5, 97.5))
        away = rmse(squares[name].mean(axis=0), everywhere) - rmse(own.mean(axis=0), everywhere)
        lines.append(
            f"| {name} | {known} | {each[0]:.4f} | {each[1]:.4f} | {each[2]:.4f} "
            f"| {away:+.4f} ({low:+.4f} to {high:+.4f}) |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("../shared/realdata"))
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=20, help="Seeds of the folds.")
    parser.add_argument("--docs", type=Path, help="Folder of evaluation.md, whose table to renew.")
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    found = read_stations_of(args.data, args.work, "rosetta3")
    mean = place_means([one.theta for one in found])
    days = np.array([int(one.known.sum()) for one in found])
    measured = np.array([bool(one.soil) for one in found])
    text = table(trials(found, args.data, args.work, mean), mean, days, measured, args.seeds)
    if args.docs:
        put_between(args.docs / "evaluation.md", "point_levels", text)
    print(text)


if __name__ == "__main__":
    main()
