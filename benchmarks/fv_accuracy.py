"""Speed and accuracy of van_genuchten + converged against the fine reference, one core.

Twelve campaign layers, 730 days of seeded semi-arid weather spread over whole days, tables and the
daily output of all layers included; then the same layers under 150 mm storms after a drought. The
error at 20 cm is given twice: of the label that the engine reports for that depth, and of the value
linear between the two layers around it, both against the same value of the fine reference.
"""

from __future__ import annotations

import time

import numpy as np
from _figures import Figures, parser
from fine_richards import CAMPAIGN_CM, DATA, PROFILES, SOILS, s1_weather, storm_weather

from rootzone.engines.swim import layout
from rootzone.engines.swim.cells.setup import work_size
from rootzone.engines.swim.columns import van_genuchten_converged as run_column
from rootzone.engines.swim.read_settings import settings_from_mapping

WHOLE_DAY = {"cn2_bare": 0, "pond_max_mm": 0, "rain_hours": 24, "eo_start_h": 0, "eo_hours": 24}
START_SUCTION_CM = 1000.0


def layers_of(profile: str) -> np.ndarray:
    middle = np.cumsum(CAMPAIGN_CM) - 0.5 * CAMPAIGN_CM
    rows = []
    for size, depth in zip(CAMPAIGN_CM, middle, strict=True):
        name = next(soil for end, soil in PROFILES[profile] if depth < end)
        theta_r, theta_s, alpha, n, ks = SOILS[name]
        rows.append((10.0 * size, theta_r, theta_s, alpha, n, 10.0 * ks, 0.5))
    return np.array(rows)


def start_of(layers: np.ndarray) -> np.ndarray:
    _, theta_r, theta_s, alpha, n, _, _ = layers.T
    return theta_r + (theta_s - theta_r) * (1.0 + (alpha * START_SUCTION_CM) ** n) ** (1.0 / n - 1)


def timed(
    profile: str, weather: np.ndarray, changed: dict[str, float], repeats: int
) -> tuple[np.ndarray, np.ndarray, float]:
    """Theta, daily sums and the median time of a site-year [ms]."""
    vector = settings_from_mapping("van_genuchten", "converged", changed).to_vector()
    layers = layers_of(profile)
    theta = np.empty((len(weather), len(layers)))
    daily = np.empty((len(weather), layout.N_DAILY + 1))
    work = np.empty(work_size(len(layers)))
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        run_column(layers, start_of(layers), weather, vector, theta, daily, work)
        times.append(time.process_time() - begin)
    return theta, daily, float(np.median(times[1:])) * 1e3 * 365.0 / len(weather)


def add_semi_arid(figures: Figures, profile: str, repeats: int) -> None:
    theta, daily, ms = timed(profile, s1_weather(), WHOLE_DAY, repeats)
    fine = np.genfromtxt(DATA / f"fine_s1_{profile}_150cm.csv", delimiter=",", names=True)
    weight = np.array([2.0, 1.0]) / 3.0  # mid-depths 17.5 and 25 cm
    between = theta[:, 3:5] @ weight
    fine_between = fine["theta_above_20cm"] * weight[0] + fine["theta_below_20cm"] * weight[1]
    label = daily[:, layout.N_DAILY] - fine["theta_20cm"]
    years = len(theta) / 365.0
    evaluations = daily[:, layout.EVALUATIONS].sum() / years
    figures.add(f"{profile}: site-year", ms, "ms", "<= 0.6")
    figures.add(
        f"{profile}: RMSE of the label at 20 cm", np.sqrt(np.mean(label**2)), "-", "<= 6e-4"
    )
    figures.add(
        f"{profile}: RMSE at 20 cm between layers",
        np.sqrt(np.mean((between - fine_between) ** 2)),
        "-",
        "<= 6e-4",
    )
    figures.add(
        f"{profile}: of which no solver can be rid (exact layers)",
        np.sqrt(np.mean((fine_between - fine["theta_20cm"]) ** 2)),
        "-",
    )
    figures.add(f"{profile}: steps", daily[:, layout.STEPS].sum() / years, "a year")
    figures.add(f"{profile}: evaluations", evaluations, "a year")
    figures.add(f"{profile}: time of an evaluation", ms * 1e6 / evaluations, "ns")
    lost = daily[:, layout.ES_MM].sum() / 10.0 - fine["evaporation_cm"].sum()
    figures.add(f"{profile}: evaporation too high, two years", lost, "cm")


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--repeats", type=int, default=25)
    given = arguments.parse_args()
    figures = Figures()
    for profile in PROFILES:
        add_semi_arid(figures, profile, given.repeats)
    for profile in PROFILES:
        _, _, ms = timed(profile, storm_weather(), WHOLE_DAY, given.repeats)
        figures.add(f"{profile}: site-year with storms, whole-day rain", ms, "ms", "<= 2.5")
        _, _, ms = timed(profile, storm_weather(), {}, given.repeats)
        figures.add(f"{profile}: site-year with storms, default hours", ms, "ms", "<= 2.5")
        _, _, ms = timed(profile, s1_weather(), {}, given.repeats)
        figures.add(f"{profile}: site-year semi-arid, default hours", ms, "ms")
    figures.show(as_json=given.json)


if __name__ == "__main__":
    main()
