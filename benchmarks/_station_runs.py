"""Every station under some soils and covers: the runs, and their scores at its sensors."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_table
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.inversion.column_runs import (
    THICKNESS_MM,
    ColumnSetup,
    Profile,
    simulated_at_depths,
)
from rootzone.inversion.observations import InversionRules, Observations, observations_of
from rootzone.inversion.soil_layers import SoilLayers, soil_of_station
from rootzone.inversion.triangle import LOAM
from rootzone.stations.station_forcing import StationForcing, station_forcing
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
    aridity: float  # rain over potential evaporation
    winter_degc: float  # mean temperature of December to February
    depth_m: np.ndarray  # (value,)
    month: np.ndarray
    observed: np.ndarray
    simulated: dict[str, np.ndarray]


@dataclass(frozen=True)
class Ready:
    """A station ready to be simulated: its weather, what its sensors saw, and where."""

    values: pl.DataFrame
    forcing: StationForcing
    observed: Observations
    known: np.ndarray  # (day, depth)


def ready(values: pl.DataFrame, weather: pl.DataFrame) -> Ready | None:
    """None where the weather or the sensors of a station cannot be used."""
    try:
        forcing = station_forcing(weather)
    except RequestError:
        return None
    observed = observations_of(values, forcing, InversionRules())
    in_years = np.isin(forcing.year, forcing.usable_years) & (
        np.arange(len(forcing.day)) >= forcing.spin_up_d
    )
    known = np.isfinite(observed.theta) & in_years[:, None]
    return Ready(values, forcing, observed, known) if known.any() else None


def without_runs(one: Ready) -> Station:
    """What was observed, before anything is simulated."""
    forcing, known = one.forcing, one.known
    month = forcing.day.astype("datetime64[D]").astype("datetime64[M]").astype(int) % 12 + 1
    nominal = np.array([min(DEPTHS_M, key=lambda n: abs(n - d)) for d in one.observed.depths_m])
    record = slice(forcing.spin_up_d, None)
    mean_degc = 0.5 * (forcing.columns["tmax_degc"] + forcing.columns["tmin_degc"])
    return Station(
        str(one.values["station"][0]),
        float(forcing.columns["rain_mm"][record].mean() / forcing.columns["eo_mm"][record].mean()),
        float(mean_degc[np.isin(month, (12, 1, 2))].mean()),
        np.broadcast_to(nominal, known.shape)[known],
        np.broadcast_to(month[:, None], known.shape)[known],
        one.observed.theta[known],
        {},
    )


def run(one: Ready, soil: SoilLayers | Profile, engine: SwimEngine, cache: Path) -> np.ndarray:
    """Simulated values where something was observed; from the cache where they were run before.

    The cache knows settings, soil, weather and days, not the engine's code: use a new folder when
    that has changed.
    """
    parts = [json.dumps(engine.identity(), sort_keys=True), str(one.observed.depths_m)]
    if isinstance(soil, SoilLayers):
        arrays = [soil.values[key] for key in sorted(soil.values)]
    else:
        arrays = [np.asarray(soil, dtype=float)]
    digest = hashlib.sha256("|".join(parts).encode())
    for array in (*arrays, *one.forcing.columns.values(), one.known):
        digest.update(np.ascontiguousarray(array).tobytes())
    place = cache / f"{one.values['station'][0]}-{digest.hexdigest()[:16]}.npy"
    if place.exists():
        return np.load(place)
    runs = simulated_at_depths(
        [soil], one.forcing, ColumnSetup(engine), one.observed.depths_m, one.observed.day_kind
    )
    found = runs[0][one.known] if 0 in runs else np.full(int(one.known.sum()), np.nan)
    cache.mkdir(parents=True, exist_ok=True)
    np.save(place, found.astype(np.float32))
    return found


def read_ready(table: Path, soils: pl.DataFrame, every: int = 1) -> list[tuple[Ready, Station]]:
    """Every n-th station of a table that has a measured soil and can be used."""
    stations, weather = read_stations(table), read_table(weather_path(table), STATION_WEATHER)
    own = dict(weather.group_by("station", maintain_order=True))
    keys = stations.filter(pl.col("station").is_in(soils["station"].unique().implode()))
    found = []
    for name in keys["station"].unique(maintain_order=True).to_list()[::every]:
        values = stations.filter(pl.col("station") == name)
        usable = ready(values, own.get((name,), weather.clear()))
        if usable is not None:
            found.append((usable, without_runs(usable)))
    return found


def run_all(
    found: Sequence[tuple[Ready, Station]],
    soils: pl.DataFrame,
    settings: Sequence[Setting],
    cache: Path,
    tell: Callable[[str], None] = lambda what: None,
    seconds: float = float("inf"),
) -> list[Setting]:
    """Run setting after setting at all stations; those that are whole when the time is up.

    What was run is kept, and the next call goes on from there.
    """
    until = time.monotonic() + seconds
    whole: list[Setting] = []
    for one in settings:
        engine = SwimEngine(
            settings_from_mapping("van_genuchten", "converged", dict(one.engine)), threads=1
        )
        for usable, station in found:
            if time.monotonic() > until:
                tell(f"time is up at {one.name}, {station.name}; the same command goes on there")
                return whole
            soil: SoilLayers | Profile = (LOAM,)
            if one.soil == "measured":
                rows = soils.filter(pl.col("station") == station.name)
                try:
                    soil = soil_of_station(rows, THICKNESS_MM, one.ptf)
                except RequestError as error:  # a function may refuse a soil: nothing is simulated
                    tell(f"{one.name}, {station.name}: {error}")
                    station.simulated[one.name] = np.full(station.observed.size, np.nan)
                    continue
            station.simulated[one.name] = run(usable, soil, engine, cache)
        whole.append(one)
        tell(one.name)
    return whole


def at_all(stations: Sequence[Station], name: str) -> bool:
    """Whether a setting was simulated at every station; a function may refuse a soil."""
    return all(np.isfinite(one.simulated[name]).any() for one in stations)


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
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], seed: int = 1, number: int = 1000
) -> tuple[tuple[float, float], tuple[float, float]]:
    """95 % intervals of pooled RMSE and R by drawing stations with replacement."""
    rmse, r = (np.percentile(one, (2.5, 97.5)) for one in draws(pairs, seed, number))
    return (float(rmse[0]), float(rmse[1])), (float(r[0]), float(r[1]))


def draws(
    pairs: Sequence[tuple[np.ndarray, np.ndarray]], seed: int = 1, number: int = 1000
) -> tuple[np.ndarray, np.ndarray]:
    """Pooled RMSE and R of stations drawn with replacement; one seed draws the same stations."""
    rng = np.random.default_rng(seed)
    sums = np.array(
        [
            (len(s), ((s - o) ** 2).sum(), s.sum(), o.sum(), (s * s).sum(), (o * o).sum(),
             (s * o).sum())
            for s, o in ((np.asarray(a, float), np.asarray(b, float)) for a, b in pairs)
        ]
    )  # fmt: skip
    chosen = rng.integers(0, len(sums), (number, len(sums)))
    n, e2, s, o, ss, oo, so = sums[chosen].sum(axis=1).T
    r = (n * so - s * o) / np.sqrt((n * ss - s * s) * (n * oo - o * o))
    return np.sqrt(e2 / n), r
