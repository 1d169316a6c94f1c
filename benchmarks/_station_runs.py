"""Every station under some soils and covers: the runs, and their scores at its sensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.errors import RequestError
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.inversion.column_runs import ColumnSetup, simulated_at_depths
from rootzone.inversion.observations import InversionRules, observations_of
from rootzone.inversion.soil_layers import soil_of_station
from rootzone.inversion.triangle import LOAM
from rootzone.stations.station_forcing import station_forcing
from rootzone.stations.station_soils import usable_soils
from rootzone.stations.station_table import STATION_WEATHER, read_stations, weather_path

DEPTHS_M = (0.05, 0.10, 0.20, 0.50, 1.00)
ARIDITY = (("arid", 0.0, 0.3), ("semi-arid", 0.3, 0.65), ("subhumid", 0.65, 1.0),
           ("humid", 1.0, 1e9))  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """One way to simulate every station: a soil, its curves, and what grows."""

    soil: str  # loam or measured
    ptf: str
    engine: tuple[tuple[str, object], ...]

    @property
    def name(self) -> str:
        """Short text for tables."""
        changed = ", ".join(f"{k} {v}" for k, v in self.engine if (k, v) != ("snow", True))
        soil = "loam" if self.soil == "loam" else f"measured, {self.ptf}"
        return f"{soil} | {changed or 'bare'}"


def setting(soil: str, ptf: str = "rosetta3", **engine: object) -> Setting:
    """A setting with the snow store on unless said otherwise."""
    return Setting(soil, ptf, tuple({"snow": True, **engine}.items()))


@dataclass
class Station:
    """Observed and simulated values of one station on the days and depths that were observed."""

    name: str
    aridity: float
    measured: bool
    depth_m: np.ndarray  # (value,)
    month: np.ndarray
    observed: np.ndarray
    simulated: dict[str, np.ndarray]


def run_station(
    values: pl.DataFrame,
    weather: pl.DataFrame,
    soils: pl.DataFrame,
    settings: Sequence[Setting],
) -> Station | None:
    """All settings at one station; None where its weather or sensors cannot be used."""
    name = str(values["station"][0])
    try:
        forcing = station_forcing(weather)
    except RequestError:
        return None
    observed = observations_of(values, forcing, InversionRules())
    at = [i for i, d in enumerate(observed.depths_m) if np.isfinite(observed.theta[:, i]).any()]
    if not at:
        return None
    in_years = np.isin(forcing.year, forcing.usable_years) & (
        np.arange(len(forcing.day)) >= forcing.spin_up_d
    )
    theta = np.where(in_years[:, None], observed.theta, np.nan)
    known = np.isfinite(theta)
    if not known.any():
        return None
    month = forcing.day.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1
    nominal = np.array([min(DEPTHS_M, key=lambda n: abs(n - d)) for d in observed.depths_m])
    rain = forcing.columns["rain_mm"][forcing.spin_up_d :].mean()
    pet = forcing.columns["eo_mm"][forcing.spin_up_d :].mean()
    made: dict[str, object] = {"loam": (LOAM,)}
    own = soils.filter(pl.col("station") == name)
    for one in settings:
        if one.soil == "measured" and own.height and one.ptf not in made:
            made[one.ptf] = soil_of_station(own, ColumnSetup.__dataclass_fields__[
                "thickness_mm"].default, one.ptf)  # fmt: skip
    simulated: dict[str, np.ndarray] = {}
    for engine in dict.fromkeys(one.engine for one in settings):
        these = [one for one in settings if one.engine == engine]
        keys = [("loam" if one.soil == "loam" else one.ptf) for one in these]
        wanted = [key for key in dict.fromkeys(keys) if key in made]
        if not wanted:
            continue
        swim = SwimEngine(
            settings_from_mapping("van_genuchten", "converged", dict(engine)), threads=1
        )
        runs = simulated_at_depths(
            [made[key] for key in wanted], forcing, ColumnSetup(swim), observed.depths_m,
            observed.day_kind,
        )  # fmt: skip
        for one, key in zip(these, keys, strict=True):
            if key in made and wanted.index(key) in runs:
                simulated[one.name] = runs[wanted.index(key)][known]
    return Station(
        name,
        float(rain / pet),
        bool(own.height),
        np.broadcast_to(nominal, theta.shape)[known],
        np.broadcast_to(month[:, None], theta.shape)[known],
        theta[known],
        simulated,
    )


def run_all(
    table: Path,
    soils: pl.DataFrame,
    settings: Sequence[Setting],
    tell: Callable[[str], None] = lambda what: None,
    every: int = 1,
) -> list[Station]:
    """Every n-th station of a table that has a measured soil, under every setting."""
    from rootzone._shared.table_files import read_table

    stations, weather = read_stations(table), read_table(weather_path(table), STATION_WEATHER)
    measured = usable_soils(soils)
    own = dict(weather.group_by("station", maintain_order=True))
    found = []
    keys = stations.filter(pl.col("station").is_in(measured["station"].unique().implode()))
    names = keys["station"].unique(maintain_order=True).to_list()[::every]
    for (name,), values in stations.group_by("station", maintain_order=True):
        if name not in names:
            continue
        one = run_station(values, own.get((name,), weather.clear()), measured, settings)
        if one is not None:
            found.append(one)
            tell(f"{name}: {len(one.observed)} values")
    return found


def pooled(
    stations: Sequence[Station], name: str, chosen: Callable[[Station], np.ndarray]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Simulated and observed values of each station, of those chosen."""
    out = []
    for one in stations:
        if name in one.simulated:
            keep = chosen(one) & np.isfinite(one.simulated[name])
            if keep.any():
                out.append((one.simulated[name][keep], one.observed[keep]))
    return out


def skill(pairs: Sequence[tuple[np.ndarray, np.ndarray]]) -> Mapping[str, float]:
    """Pooled over all values, and medians over stations."""
    if not pairs:
        names = ("rmse", "mae", "bias", "r", "rmse_station", "r_station")
        return dict.fromkeys(names, float("nan"))
    sim, obs = (np.concatenate(part) for part in zip(*pairs, strict=True))
    each = [np.sqrt(np.mean((s - o) ** 2)) for s, o in pairs]
    rs = [np.corrcoef(s, o)[0, 1] for s, o in pairs if s.std() > 0 and o.std() > 0]
    return {
        "rmse": float(np.sqrt(np.mean((sim - obs) ** 2))),
        "mae": float(np.abs(sim - obs).mean()),
        "bias": float((sim - obs).mean()),
        "r": float(np.corrcoef(sim, obs)[0, 1]),
        "rmse_station": float(np.median(each)),
        "r_station": float(np.median(rs)),
    }


def interval(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], seed: int = 1, draws: int = 1000
) -> tuple[tuple[float, float], tuple[float, float]]:
    """95 % intervals of pooled RMSE and R by drawing stations with replacement."""
    rng = np.random.default_rng(seed)
    sums = np.array(
        [
            (len(s), ((s - o) ** 2).sum(), s.sum(), o.sum(), (s * s).sum(), (o * o).sum(),
             (s * o).sum())
            for s, o in pairs
        ]
    )  # fmt: skip
    rmse, r = [], []
    for _ in range(draws):
        n, e2, s, o, ss, oo, so = sums[rng.integers(0, len(sums), len(sums))].sum(axis=0)
        rmse.append(np.sqrt(e2 / n))
        r.append((n * so - s * o) / np.sqrt((n * ss - s * s) * (n * oo - o * o)))
    low, high = 2.5, 97.5
    return (
        (float(np.percentile(rmse, low)), float(np.percentile(rmse, high))),
        (float(np.percentile(r, low)), float(np.percentile(r, high))),
    )
