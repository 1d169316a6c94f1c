"""A notebook's first five lines, from a cold start: soil, a year of water, xarray, a plot.

Each run is a process of its own; the engine is compiled before the first. Target: under 3 s, and
``import rootzone`` under 0.1 s. CPU time stands beside wall time, for machines with other work.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time

from _figures import Figures, parser

RUNS = 5
FIVE_LINES = """
import numpy as np
import rootzone as rz
soil = rz.make_soils({"sand_pct": 40, "silt_pct": 40, "clay_pct": 20}, thickness_mm=rz.LAYERS_MM)
days = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
rain = np.where(np.arange(days.size) % 6 == 0, 12.0, 0.0)
run = rz.simulate(soil, {"date": days, "rain_mm": rain, "eo_mm": 3.0})
run.at_depth(200).to_xarray().plot()
"""


def seconds(code: str) -> tuple[float, float]:
    """Median wall and CPU time of a piece of Python in a new process [s], after a warm-up."""
    environment = {**os.environ, "MPLBACKEND": "agg"}
    command = [sys.executable, "-c", code]
    subprocess.run(command, check=True, env=environment, capture_output=True)
    wall, cpu = [], []
    for _ in range(RUNS):
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        subprocess.run(command, check=True, env=environment, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        wall.append(time.perf_counter() - start)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return statistics.median(wall), statistics.median(cpu)


def main() -> None:
    args = parser(__doc__).parse_args()
    figures = Figures()
    wall, cpu = seconds(FIVE_LINES)
    figures.add("five lines from a cold start, median", wall, "s", "< 3")
    figures.add("five lines from a cold start, CPU", cpu, "s")
    bare, _ = seconds("pass")
    wall, _ = seconds("import rootzone")
    figures.add("import rootzone, less a bare start", wall - bare, "s", "< 0.1")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
