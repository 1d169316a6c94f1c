"""How far `swim3` + `apsim` lies from the real SWIM3, over every reference run.

Prints per set: the 99.9th percentile and the worst difference of daily water content over all
layers, the largest difference of a two-year total, and the days with another number of steps.
Days of exactly 1.1 mm are left out: they stand on the edge of a step rule.
"""

from __future__ import annotations

import numpy as np
from _figures import Figures, parser
from _swim3_reference import (
    SETS,
    compare,
    read_daily,
    read_soils,
    read_weather,
    run,
    settings_array,
)

K_ABOVE_KS = ("sand", "loamy_sand", "loamysand_over_loam")
LAYER_AT_175_MM, LAYER_AT_250_MM = 3, 4


def theta_at_20_cm(theta: np.ndarray) -> np.ndarray:
    """Water content at 20 cm, linear between the nodes at 17.5 and 25 cm."""
    upper, lower = theta[:, LAYER_AT_175_MM], theta[:, LAYER_AT_250_MM]
    return upper + (lower - upper) * (20.0 - 17.5) / (25.0 - 17.5)


def add_equality(figures: Figures) -> None:
    """Add the differences of every set, faults reproduced and faults mended."""
    for reference in SETS:
        for traps in (True, False):
            found = compare(reference, traps=traps, skip=() if traps else K_ABOVE_KS)
            name = f"{reference.name}, {'faults kept' if traps else 'mended'}"
            figures.add(f"{name}: runs", found.runs, "runs")
            figures.add(f"{name}: unfinished", found.unfinished, "runs", "0")
            figures.add(f"{name}: theta, 99.9th percentile", found.p999, "m3 m-3", "<= 1e-5")
            figures.add(f"{name}: theta, worst", found.worst, "m3 m-3", "<= 1e-3")
            figures.add(f"{name}: two-year totals, worst", found.total_mm, "mm", "<= 0.1")
            figures.add(f"{name}: days with other steps", found.steps_differ, "days")


def add_step_error(figures: Figures) -> None:
    """Add what the step settings of APSIM cost at 20 cm, against its own finest steps."""
    soils, weather = read_soils(-100), read_weather()
    fine = next(reference for reference in SETS if reference.name == "fine")
    squares: list[np.ndarray] = []
    for (soil, climate), rows in read_daily(fine).group_by(["soil", "weather"]):
        rows = rows.sort("date")
        upper, lower = rows["sw_4"].to_numpy(), rows["sw_5"].to_numpy()
        reference = upper + (lower - upper) / 3.0
        settings = settings_array(REPRODUCE_TRAPS=1.0)
        _, theta, _ = run(soils[str(soil)], weather[str(climate)], settings)
        squares.append((theta_at_20_cm(theta) - reference) ** 2)
    rmse = float(np.sqrt(np.mean(np.concatenate(squares))))
    figures.add("default steps against fine: RMSE of theta at 20 cm", rmse, "m3 m-3")


def main() -> None:
    arguments = parser(__doc__).parse_args()
    figures = Figures()
    add_equality(figures)
    add_step_error(figures)
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
