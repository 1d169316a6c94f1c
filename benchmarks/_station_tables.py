"""What the runs at stations say, as tables: by setting, season, aridity, winter, and part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from _station_runs import ARIDITY, Setting, Station, at_all, draws, interval, pooled, skill

from rootzone.labels.splits import SEASONS, season_of
from rootzone.learning.points.trees import folds_of

_HEAD = "| soil, curves | plant | RMSE | MAE | bias | R | station RMSE, R |"
_SEASON = np.array([season_of(month) for month in range(1, 13)])

Chosen = Callable[[Station], np.ndarray]


def at_depth(depth_m: float) -> Chosen:
    return lambda one: one.depth_m == depth_m


def in_season(season: str) -> Chosen:
    return lambda one: (one.depth_m == 0.20) & (_SEASON[one.month - 1] == season)


def table(found: Sequence[Station], settings: Sequence[Setting], depth_m: float) -> str:
    """A line for each setting at one depth."""
    lines = [_HEAD, "|---|---|---|---|---|---|---|"]
    for one in settings:
        pairs = pooled(found, one.name, at_depth(depth_m))
        s, ((rmse_low, rmse_high), (r_low, r_high)) = skill(pairs), interval(pairs)
        soil, plant = one.name.split(" | ")
        if not at_all(found, one.name):
            soil += f" ({len(pairs)} stations: it refuses the others)"
        lines.append(
            f"| {soil} | {plant} | {s['rmse']:.3f} ({rmse_low:.3f} to {rmse_high:.3f}) "
            f"| {s['mae']:.3f} | {s['bias']:+.3f} | {s['r']:.2f} ({r_low:.2f} to {r_high:.2f}) "
            f"| {s['rmse_station']:.3f}, {s['r_station']:.2f} |"
        )
    return "\n".join(lines)


def chosen_in_folds(
    found: Sequence[Station], settings: Sequence[Setting], folds: int = 8, seeds: int = 5
) -> str:
    """The setting with the least pooled RMSE of the other parts, scored on each part."""
    settings = [one for one in settings if at_all(found, one.name)]
    lines = ["| folds by seed | RMSE | R | chosen (times) |", "|---|---|---|---|"]
    for seed in range(1, seeds + 1):
        fold = folds_of(len(found), folds, seed)
        pairs, names = [], []
        for k in range(folds):
            train = [one for one, f in zip(found, fold, strict=True) if f != k]
            test = [one for one, f in zip(found, fold, strict=True) if f == k]
            costs = [skill(pooled(train, s.name, at_depth(0.20)))["rmse"] for s in settings]
            best = settings[int(np.argmin(costs))].name
            names.append(best)
            pairs += pooled(test, best, at_depth(0.20))
        s, ((low, high), (r_low, r_high)) = skill(pairs), interval(pairs)
        chosen = ", ".join(
            f"{name.replace(' | ', ', ')} ({names.count(name)})" for name in dict.fromkeys(names)
        )
        lines.append(
            f"| {seed} | {s['rmse']:.4f} ({low:.3f} to {high:.3f}) "
            f"| {s['r']:.3f} ({r_low:.2f} to {r_high:.2f}) | {chosen} |"
        )
    return (
        f"The setting with the least pooled RMSE at 20 cm on {folds - 1} of {folds} parts of the "
        "stations, scored on the part that is left.\n\n" + "\n".join(lines)
    )


def parts_worth(found: Sequence[Station], steps: Sequence[tuple[str, Setting, Setting]]) -> str:
    """How much pooled RMSE and R change by one step, paired over draws of stations."""
    lines = ["| step | RMSE | change of RMSE | R | change of R |", "|---|---|---|---|---|"]
    for what, before, after in steps:
        old, new = (pooled(found, one.name, at_depth(0.20)) for one in (before, after))
        a, b = skill(old), skill(new)
        rmse_old, r_old = draws(old)
        rmse_new, r_new = draws(new)
        low, high = np.percentile(rmse_new - rmse_old, (2.5, 97.5))
        r_low, r_high = np.percentile(r_new - r_old, (2.5, 97.5))
        lines.append(
            f"| {what} | {a['rmse']:.3f} to {b['rmse']:.3f} "
            f"| {b['rmse'] - a['rmse']:+.3f} ({low:+.3f} to {high:+.3f}) "
            f"| {a['r']:.2f} to {b['r']:.2f} "
            f"| {b['r'] - a['r']:+.2f} ({r_low:+.2f} to {r_high:+.2f}) |"
        )
    return "\n".join(lines)


def by_group(found: Sequence[Station], settings: Sequence[Setting]) -> str:
    """RMSE and bias by season and by rain over potential evaporation."""
    rows: dict[str, tuple[Sequence[Station], Chosen]] = {s: (found, in_season(s)) for s in SEASONS}
    for name, low, high in ARIDITY:
        own = [one for one in found if low <= one.aridity < high]
        rows[f"{name} ({len(own)})"] = (own, at_depth(0.20))
    return _grid(rows, settings)


def snow_table(found: Sequence[Station], settings: Sequence[Setting]) -> str:
    """RMSE and bias by season, at stations with winters below and above freezing."""
    rows: dict[str, tuple[Sequence[Station], Chosen]] = {}
    for name, cold in (("winter below 0 degC", True), ("winter above 0 degC", False)):
        own = [one for one in found if (one.winter_degc < 0.0) == cold]
        for season in SEASONS:
            rows[f"{name} ({len(own)}), {season}"] = (own, in_season(season))
        rows[f"{name} ({len(own)}), all"] = (own, at_depth(0.20))
    return _grid(rows, settings)


def members_table(found: Sequence[Station], members: Sequence[Setting]) -> str:
    """The mean of several settings at the sensors, and whether their spread tells its error."""
    pairs, spread, inside = [], [], []
    for one in found:
        own = np.stack([one.simulated[m.name] for m in members])[:, at_depth(0.20)(one)]
        observed = one.observed[at_depth(0.20)(one)]
        good = np.isfinite(own).all(axis=0)
        own, observed = own[:, good], observed[good]
        if observed.size and len(members) > 1:
            pairs.append((own.mean(axis=0), observed))
            spread.append(own.std(axis=0, ddof=1))
            inside.append((own.min(axis=0) <= observed) & (observed <= own.max(axis=0)))
    if not pairs:
        return ""
    s, ((low, high), (r_low, r_high)) = skill(pairs), interval(pairs)
    of_station = np.array([sd.mean() for sd in spread])
    error = np.array([abs((a - o).mean()) for a, o in pairs])
    names = ", ".join(m.ptf for m in members)
    return (
        f"Mean of {names}: RMSE {s['rmse']:.3f} ({low:.3f} to {high:.3f}), bias {s['bias']:+.3f}, "
        f"R {s['r']:.2f} ({r_low:.2f} to {r_high:.2f}). Their standard deviation is "
        f"{np.sqrt(np.mean(np.concatenate(spread) ** 2)):.3f} m3 m-3 (root mean square), "
        f"{np.concatenate(inside).mean():.0%} of the readings lie within their range, and a "
        "station's mean spread and absolute bias have a rank correlation of "
        f"{_rank_correlation(of_station, error):.2f}."
    )


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.argsort().argsort(), b.argsort().argsort())[0, 1])


def _grid(rows: Mapping[str, tuple[Sequence[Station], Chosen]], settings: Sequence[Setting]) -> str:
    lines = ["| | " + " | ".join(s.name.replace(" | ", ", ") for s in settings) + " |"]
    lines.append("|---|" + "---|" * len(settings))
    for name, (some, chosen) in rows.items():
        cells = []
        for one in settings:
            s = skill(pooled(some, one.name, chosen))
            cells.append(f"{s['rmse']:.3f}, {s['bias']:+.3f}")
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)
