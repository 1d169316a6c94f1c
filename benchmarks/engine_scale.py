"""500,000 site-years end to end: two tables read, simulated and written as Parquet.

250,000 sites of 12 layers in 5,000 weather cells, two years. Soils are as unlike as those of a
campaign: textures follow map units, so about one site in ten has a twin in its cell. Reports wall
time, peak memory of the process and the size of the file; the folder is removed afterwards.
Forcing is constant within the day; ``--hours`` gives rain and demand their default 12 hours.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl
from _engine_cases import CAMPAIGN_MM
from _figures import Figures, parser
from fine_richards import s1_weather

from rootzone.hydraulics.soils import soils_from_textures

TWIN_SHARE = 0.1
# Forcing that is constant within the day, as in the standard problem of the solver's notes.
WHOLE_DAY = ["--set", "rain_hours=24", "--set", "eo_start_h=0", "--set", "eo_hours=24"]


def write_soils(path: Path, n_site: int, n_cell: int) -> None:
    """Soils with three horizons of near textures; a tenth of the sites repeat their neighbour."""
    rng = np.random.default_rng(11)
    n_layer = len(CAMPAIGN_MM)
    horizon = np.repeat([0, 1, 2], [4, 4, n_layer - 8])
    sand = np.clip(rng.uniform(5, 90, (n_site, 1)) + rng.normal(0, 6, (n_site, 3)), 1, 95)
    clay = np.clip(rng.uniform(3, 45, (n_site, 1)) + rng.normal(0, 5, (n_site, 3)), 1, 60)
    clay = np.minimum(clay, 99.0 - sand)
    cell = np.sort(rng.integers(0, n_cell, n_site))
    twin = np.flatnonzero(rng.random(n_site) < TWIN_SHARE)
    twin = twin[(twin > 0) & (cell[twin] == cell[twin - 1])]
    sand[twin], clay[twin] = sand[twin - 1], clay[twin - 1]
    rows = (sand[:, horizon].ravel(), (100.0 - sand - clay)[:, horizon].ravel())
    soils = soils_from_textures(*rows, clay[:, horizon].ravel(), n_layer * np.arange(n_site + 1))
    names = ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d", "theta_initial")
    pl.DataFrame(
        {
            "site_id": np.repeat(np.arange(n_site), n_layer),
            "cell_id": np.repeat(cell, n_layer),
            "layer": np.tile(np.arange(1, n_layer + 1), n_site),
            "thickness_mm": np.tile(CAMPAIGN_MM, n_site),
            **{name: soils[name] for name in names},
        }
    ).write_parquet(path)


def write_weather(path: Path, n_cell: int, n_day: int) -> None:
    """The semi-arid standard weather, 50 random streams scaled for each cell."""
    rng = np.random.default_rng(12)
    streams = [s1_weather(seed=2000 + i, n_day=n_day) for i in range(50)]
    factor = np.repeat(rng.uniform(0.8, 1.2, n_cell), n_day)
    table = np.concatenate([streams[i % 50] for i in range(n_cell)])
    days = np.arange(
        np.datetime64("2021-01-01"), np.datetime64("2021-01-01") + np.timedelta64(n_day, "D")
    )
    pl.DataFrame(
        {
            "cell_id": np.repeat(np.arange(n_cell), n_day),
            "date": np.tile(days, n_cell),
            "rain_mm": table[:, 0] * factor,
            "eo_mm": table[:, 1],
        }
    ).write_parquet(path)


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--sites", type=int, default=250_000)
    parsed.add_argument("--cells", type=int, default=5_000)
    parsed.add_argument("--days", type=int, default=730)
    parsed.add_argument("--threads", type=int, default=2)
    parsed.add_argument("--float32", action="store_true")
    parsed.add_argument(
        "--hours", action="store_true", help="rain and demand in their 12 hours, not all day"
    )
    parsed.add_argument("--folder", type=Path, help="where to put the tables; default: temporary")
    arguments = parsed.parse_args()
    figures = Figures()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        write_soils(folder / "soils.parquet", arguments.sites, arguments.cells)
        write_weather(folder / "weather.parquet", arguments.cells, arguments.days)
        code = "from rootzone._cli import main; main()"
        options = ["--soils", "soils.parquet", "--weather", "weather.parquet"]
        options += ["--out", "profiles.parquet", "--physics", "van_genuchten"]
        options += ["--threads", str(arguments.threads)]
        options += ["--float32"] if arguments.float32 else []
        options += [] if arguments.hours else WHOLE_DAY
        start = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", code, "simulate-tables", *options],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seconds = time.perf_counter() - start
        peak_gb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
        size_gb = (folder / "profiles.parquet").stat().st_size / 1e9
    years = arguments.sites * arguments.days / 365.0
    precision = "float32" if arguments.float32 else "float64"
    forcing = "12-hour forcing" if arguments.hours else "whole-day forcing"
    target = "<= 200" if years >= 500_000 else ""
    figures.add("site-years", years, "site-years")
    figures.add(
        f"wall time, {arguments.threads} threads, {precision}, {forcing}", seconds, "s", target
    )
    figures.add("wall time", 1e3 * seconds / years, "ms per site-year", "<= 0.6")
    figures.add("peak memory", peak_gb, "GB", "<= 4")
    figures.add("size of the profiles table", size_gb, "GB")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
