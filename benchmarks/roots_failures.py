"""Every integer texture of the triangle under covers: failures, balance, demand, wilting.

5,151 textures x 5 climates x 3 covers x 2 years, 12 layers, converged stepping, leaves all year.
Uptake is held to the demand of each day. To see that roots leave the water below wilting, every
fifth texture runs again under closed litter, so that nothing but roots and gravity dries it: no
layer may then end a day below its water at 15,000 cm (LL15 with SWIM3's curves) by more than
gravity drains from there, K at 15,000 cm by the curves of the physics times the days, and the
little that evaporates all the same (1e-7 mm a day).

Each climate and cover is kept in the work folder for these kernels, and the same command goes on::

    python benchmarks/roots_failures.py [--work FOLDER] [--seconds 300]
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from _engine_cases import CLIMATES, climate, sites, weather_batch, whole_triangle
from _figures import Figures, parser
from roots_speed import settings_with

from rootzone._shared.digests import digest_sources
from rootzone._shared.units import mm_d_from_cm_h
from rootzone.engines.protocol import SiteBatch
from rootzone.engines.swim import layout
from rootzone.engines.swim.batch import SOIL_COLUMNS
from rootzone.engines.swim.engine import SwimEngine, soil_forcing
from rootzone.engines.swim.layout import TRANSPIRATION_MM
from rootzone.engines.swim.nodes import curves
from rootzone.hydraulics.van_genuchten import conductivity_from_psi, theta_from_psi

COVERS = ("grass", "crop", "evergreen_forest")
N_LAYER = 12


def judged(physics: str, name: str, cover: str, every: int) -> dict[str, float]:
    """What one climate and cover came to."""
    settings = settings_with(physics, {"cover": cover, "growing_season": False})
    sand, silt = (values[::every] for values in whole_triangle())
    batch = sites(sand, silt, weather_batch([climate(name)], [name]))
    demand = soil_forcing(batch.weather, settings).weather[:, TRANSPIRATION_MM]
    found = {"columns": batch.n_site, "failures": 0, "repaired": 0}
    worst = {"balance_mm": 0.0, "over_demand_mm": -np.inf, "uptake_mm_per_year": 0.0}
    for run in SwimEngine(settings).stream(batch):
        found["failures"] += len(run.failures)
        found["repaired"] += len(run.repairs)
        daily = run.profiles.daily
        balance = float(np.abs(daily["balance_error_mm"]).max())
        worst["balance_mm"] = max(worst["balance_mm"], balance)
        taken = daily["transpiration_mm"].reshape(-1, demand.size)
        worst["over_demand_mm"] = max(worst["over_demand_mm"], float((taken - demand).max()))
        worst["uptake_mm_per_year"] += 365.25 / demand.size * float(taken.sum()) / batch.n_site
    return {**found, **worst, "below_wilting": below_wilting(physics, name, cover, 5 * every)}


def below_wilting(physics: str, name: str, cover: str, every: int) -> float:
    """Deepest fall below wilting of any layer where nothing but roots and drainage dries it."""
    closed = {"cover_fraction": 0.999, "litter_cover": 1.0 - 1e-16, "vapour": False}
    settings = settings_with(physics, {"cover": cover, "growing_season": False, **closed})
    sand, silt = (values[::every] for values in whole_triangle())
    batch = sites(sand, silt, weather_batch([climate(name)], [name]))
    lowest = wilting(batch, physics) - drained(batch, physics, len(climate(name)))
    below = -np.inf
    for run in SwimEngine(settings).stream(batch):
        evaporated = run.profiles.daily["es_mm"].reshape(-1, len(climate(name))).sum(axis=1)
        for i, site in enumerate(run.profiles.site_ids):
            layers = slice(N_LAYER * site, N_LAYER * (site + 1))
            dried = evaporated[i] / batch.soil["thickness_mm"][layers]
            own = lowest[layers] - dried
            below = max(below, float((own - run.profiles.theta_of(i)).max()))
    return below


def wilting(batch: SiteBatch, physics: str) -> np.ndarray:
    if physics == "swim3":
        return batch.soil["ll15"]
    curve = (batch.soil[name] for name in ("theta_r", "theta_s", "alpha_per_cm", "n"))
    return np.asarray(theta_from_psi(np.array([-15_000.0]), *curve))


def drained(batch: SiteBatch, physics: str, days: int) -> np.ndarray:
    """What gravity takes from a layer at wilting: its K at 15,000 cm, for so many days [m3 m-3]."""
    soil = batch.soil
    if physics == "swim3":
        k_mm_d = swim3_k_at_ll15(soil)
    else:
        wilted = np.array([-15_000.0])
        k_mm_d = conductivity_from_psi(wilted, soil["ks_mm_d"], soil["alpha_per_cm"], soil["n"])
    return np.asarray(days * k_mm_d / soil["thickness_mm"])


def swim3_k_at_ll15(soil: Mapping[str, np.ndarray]) -> np.ndarray:
    """SWIM3's conductivity of each layer at LL15 [mm d-1]."""
    coef = np.empty(curves.N_COEF)
    out = np.empty(len(soil["ll15"]))
    for i in range(out.size):
        layer = np.array([soil[name][i] for name in SOIL_COLUMNS["swim3"]])
        curves.fill_layer_curves(layer, False, coef)
        out[i], _ = curves.conductivity(coef, layer[layout.SWIM3_LL15])
    return np.asarray(mm_d_from_cm_h(out))


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--work", type=Path, default=Path("/tmp/rootzone-roots-failures"))  # noqa: S108
    parsed.add_argument("--every", type=int, default=1, help="take every n-th texture")
    parsed.add_argument("--seconds", type=float, default=float("inf"), help="Stop after; go on.")
    parsed.add_argument("--physics", nargs="*", default=["van_genuchten", "swim3"])
    args = parsed.parse_args()
    work = args.work / digest_sources(marker=b"_shared.jit")[:16]
    work.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + args.seconds
    figures = Figures()
    for physics in args.physics:
        parts = []
        for name in CLIMATES:
            for cover in COVERS:
                place = work / f"{physics}-{name}-{cover}-{args.every}.json"
                if not place.exists():
                    if time.monotonic() > until:
                        print(f"time is up before {place.stem}; run again", file=sys.stderr)
                        sys.exit(4)
                    place.write_text(json.dumps(judged(physics, name, cover, args.every)))
                parts.append(json.loads(place.read_text()))
        add(figures, physics, parts, args.every)
    figures.show(as_json=args.json)


def add(figures: Figures, physics: str, parts: list[dict[str, float]], every: int) -> None:
    some = f", textures taken one in {every}" if every > 1 else ""
    label = f"{physics} + converged, covers{some}"
    for key in ("columns", "failures", "repaired"):
        figures.add(f"{label}: {key}", sum(part[key] for part in parts), "two-year columns",
                    "0" if key == "failures" else "")  # fmt: skip
    for key, words, unit, target in (
        ("balance_mm", "worst daily water balance", "mm", "<= 1e-6"),
        ("over_demand_mm", "uptake less demand, most", "mm", "<= 1e-9"),
        ("below_wilting", "wilting less theta under litter, most", "m3 m-3", "<= 1e-9"),
    ):
        figures.add(f"{label}: {words}", max(part[key] for part in parts), unit, target)
    mean = float(np.mean([part["uptake_mm_per_year"] for part in parts]))
    figures.add(f"{label}: uptake, mean", mean, "mm per year")


if __name__ == "__main__":
    main()
