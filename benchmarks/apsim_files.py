"""How fast APSIM's files are written and read: 500 sites, one core, no APSIM needed.

Targets: .apsimx and .met of 500 sites in under 2 s; a .db of 500 simulations x 730 days in 3 s.
"""

from __future__ import annotations

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from _figures import Figures, parser

from rootzone.engines.apsim.read_db import read_db
from rootzone.engines.apsim.settings import ApsimSettings
from rootzone.engines.apsim.write_apsimx import SOIL_ARRAYS, Simulation, write_apsimx
from rootzone.engines.apsim.write_met import MET_COLUMNS, write_met

SITES, DAYS, LAYERS, RUNS = 500, 730, 12, 5
FIRST = date(2021, 1, 1)


def median_seconds(work: Callable[[], object]) -> float:
    """Median wall time after a warm-up."""
    work()
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def write_inputs(folder: Path) -> None:
    """One .met a site, which is the worst case, and five .apsimx of 100 sites."""
    rng = np.random.default_rng(1)
    columns = {name: rng.gamma(2.0, 4.0, DAYS) for name in MET_COLUMNS}
    soil = {name: rng.uniform(0.1, 0.4, LAYERS) for name in SOIL_ARRAYS}
    soil |= {"kdul_mm_d": np.ones(LAYERS), "psidul_cm": np.full(LAYERS, -100.0)}
    first = (FIRST - date(1970, 1, 1)).days
    last = FIRST + timedelta(days=DAYS - 1)
    simulations = []
    for site in range(SITES):
        write_met(folder / f"c{site}.met", first, columns, 40.0, f"cell {site}")
        simulations.append(Simulation(f"s{site:07d}", soil, f"c{site}.met", FIRST, last))
    for start in range(0, SITES, 100):
        part = simulations[start : start + 100]
        write_apsimx(folder / f"run{start}.apsimx", part, ApsimSettings(), "77")


def make_database(path: Path) -> None:
    """A database laid out as APSIM lays it out."""
    rng = np.random.default_rng(2)
    layers = ", ".join(f'"SW({i + 1})" REAL' for i in range(LAYERS))
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE _Simulations (ID INTEGER, Name TEXT)")
        database.execute(
            "CREATE TABLE Daily (CheckpointID INTEGER, SimulationID INTEGER, Zone TEXT, Date TEXT,"
            f" Rain REAL, Runoff REAL, Drainage REAL, Es REAL, Eo REAL, {layers})"
        )
        names = [(site, f"s{site:07d}") for site in range(1, SITES + 1)]
        database.executemany("INSERT INTO _Simulations VALUES (?, ?)", names)
        marks = ", ".join("?" * (9 + LAYERS))
        dates = [f"{FIRST + timedelta(days=day)} 12:00:00" for day in range(DAYS)]
        for site, _ in names:
            values = rng.uniform(0.0, 0.4, (DAYS, 5 + LAYERS)).tolist()
            rows = [(1, site, "Field", day, *row) for day, row in zip(dates, values, strict=True)]
            database.executemany(f"INSERT INTO Daily VALUES ({marks})", rows)  # noqa: S608
        database.commit()


def main() -> None:
    args = parser(__doc__).parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        written = median_seconds(lambda: write_inputs(folder))
        figures.add(f".apsimx and .met of {SITES} sites, median", written, "s", "< 2")
        database = folder / "run.db"
        make_database(database)
        read = median_seconds(lambda: read_db(database))
        figures.add(f"read {SITES} x {DAYS} days of .db, median", read, "s", "< 3")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
