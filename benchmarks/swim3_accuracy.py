"""How far `swim3` + `apsim` lies from the real SWIM3, and `converged` from its finest steps.

Prints per set: the 99.9th percentile and the worst difference of daily water content over all
layers, the largest difference of a two-year total, and the days with another number of steps.
Days of exactly 1.1 mm are left out: they stand on the edge of a step rule.
"""

from __future__ import annotations

from _figures import Figures, parser
from _swim3_reference import SETS, compare, compare_at_20_cm

from rootzone.engines.swim import columns
from rootzone.engines.swim.nodes import apsim_day as swim3_column
from rootzone.engines.swim.nodes import setup_converged as swim3_converged

K_ABOVE_KS = ("sand", "loamy_sand", "loamysand_over_loam")


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
    """Add what the steps cost at 20 cm, against the finest of the reference."""
    steppings = (
        ("apsim, default steps", columns.swim3_apsim, swim3_column.work_size, "1.6e-3"),
        ("converged", columns.swim3_converged, swim3_converged.work_size, "<= 2e-4"),
    )
    for name, kernel, work_size, target in steppings:
        found = compare_at_20_cm(kernel, work_size, REPRODUCE_TRAPS=1.0)
        figures.add(f"{name}: RMSE of theta at 20 cm", found.rmse, "m3 m-3", target)
        for climate, rmse in sorted(found.rmse_by_climate.items()):
            figures.add(f"{name}, {climate}: RMSE of theta at 20 cm", rmse, "m3 m-3")
        figures.add(f"{name}: worst day", found.worst, "m3 m-3")
        figures.add(f"{name}: worst daily balance", found.balance_mm, "mm")


def main() -> None:
    arguments = parser(__doc__).parse_args()
    figures = Figures()
    add_equality(figures)
    add_step_error(figures)
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
