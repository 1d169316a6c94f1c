"""500,000 sites from Colorado's full 30 m grid: time, memory and where the time goes.

A made-up Colorado is written once as tiled GeoTIFFs into a folder of its own under ``--workdir``
and deleted at the end. Run on the whole machine: flock LOCK python benchmarks/design_scale.py.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from _coverage import coverage_of, evaluation_sample
from _figures import Figures, parser
from _made_up_land import LandMaker, colorado_grid, open_land, write_land

from rootzone.covariates.layers.catalog import load_catalog
from rootzone.design.candidates import Rules
from rootzone.design.classes import class_table
from rootzone.design.plan import Order, space_of
from rootzone.design.read_land import CatalogLand
from rootzone.design.run_design import design_of
from rootzone.design.run_draw import draw_year
from rootzone.design.run_survey import run_survey
from rootzone.design.settings import load_design

EXCLUDED = (11, 12, 21, 22, 23, 24)


class Watch:
    """Memory and processor time of this process and its children, looked at ten times a second."""

    def __enter__(self) -> Watch:
        self.peak_gb, self._cpu_s, self._stop = 0.0, {}, threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._stop.wait(0.1):
            total = 0
            for process in [me, *me.children(recursive=True)]:
                try:
                    total += process.memory_info().rss
                    spent = process.cpu_times()
                    self._cpu_s[process.pid] = spent.user + spent.system
                except psutil.NoSuchProcess:
                    continue
            self.peak_gb = max(self.peak_gb, total / 1e9)

    @property
    def cpu_s(self) -> float:
        """Processor time of all processes so far."""
        return sum(self._cpu_s.values())


class Stages(logging.Handler):
    """When each stage began, from the log."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.seen: list[tuple[float, str]] = []

    def start_of(self, what: str) -> float:
        """When a stage was first spoken of."""
        return next(when for when, line in self.seen if what in line)

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the time of a line."""
        self.seen.append((time.perf_counter(), record.getMessage()))
        print(f"{time.strftime('%H:%M:%S')} {record.getMessage()}", file=sys.stderr)


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--workdir", type=Path, default=Path(tempfile.gettempdir()))
    options.add_argument("--resolution-m", type=float, default=30.0, help="30 is the full grid")
    options.add_argument("--sites", type=int, default=500_000)
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--roughness", type=float, default=0.5)
    options.add_argument("--noise-pct", type=float, default=1.0)
    options.add_argument("--coverage-px", type=int, default=200_000, help="0 skips the comparison")
    options.add_argument(
        "--keep-land", action="store_true", help="keep the rasters in WORKDIR/land"
    )
    args = options.parse_args()
    figures = Figures()
    work = Path(tempfile.mkdtemp(prefix="rootzone-design-", dir=args.workdir))
    try:
        land = _land(args, work, figures)
        _measure(land, work, args, figures)
    finally:
        shutil.rmtree(work)
    figures.show(as_json=args.json)


def _land(args: argparse.Namespace, work: Path, figures: Figures) -> CatalogLand:
    grid = colorado_grid(args.resolution_m)
    folder = args.workdir / "land" if args.keep_land else work / "land"
    folder.mkdir(exist_ok=True, parents=True)
    note = folder / "made.json"
    wanted = json.dumps([grid.to_dict(), args.roughness, args.noise_pct])
    if not note.exists() or note.read_text() != wanted:
        start = time.perf_counter()
        write_land(folder, LandMaker(grid, args.roughness, args.noise_pct))
        figures.add("writing the made-up rasters (not counted)", time.perf_counter() - start, "s")
        note.write_text(wanted)
    size = sum(path.stat().st_size for path in folder.glob("*.tif"))
    figures.add("rasters on disk", size / 1e9, "GB")
    return open_land(folder, grid)


def _measure(land: CatalogLand, work: Path, args: argparse.Namespace, figures: Figures) -> None:
    weather = load_catalog([], Path()).weather_grid("gridmet")
    rules = Rules(class_table("nlcd"), class_table("koppen_beck"), weather, EXCLUDED)
    order = Order(2023, args.sites, 1, "proportional", 2, 10.0, load_design("stratified_kmeans"))
    stages = Stages()
    logging.getLogger("rootzone.design").addHandler(stages)
    logging.getLogger("rootzone.design").setLevel(logging.INFO)
    with Watch() as watch:
        time.sleep(0.3)
        before, start = watch.cpu_s, time.perf_counter()
        survey = run_survey(land, rules, work, source_digest="made up", workers=args.workers)
        surveyed = time.perf_counter()
        draw = draw_year(survey, order, work, workers=args.workers)
        drawn = time.perf_counter()
        design = design_of(survey, order, draw)
        end = time.perf_counter()
    sorting, clustering = (stages.start_of(what) for what in ("sorting", "clustering"))
    total = end - start
    figures.add("pixels of the grid", land.grid.width * land.grid.height, "px")
    figures.add("candidates", design.candidates, "px")
    figures.add("strata", len(design.strata), "-")
    figures.add("sites", len(design.sites), "-")
    figures.add("workers", args.workers, "-")
    figures.add("cores of this machine", os.cpu_count() or 0, "-")
    figures.add("time in all", total, "s", "< 900")
    figures.add("  survey: read, tag, pack, store", surveyed - start, "s")
    figures.add("  cutting strata into blocks", sorting - surveyed, "s")
    figures.add("  sorting candidates by block", clustering - sorting, "s")
    figures.add("  clusters, weights, reserves", drawn - clustering, "s")
    figures.add("  tables and balance", end - drawn, "s")
    figures.add("processor time", watch.cpu_s - before, "s")
    figures.add("candidates per second", design.candidates / total, "px s-1")
    figures.add("peak memory, all processes", watch.peak_gb, "GB", "< 6")
    stored = sum(path.stat().st_size for path in work.rglob("*.npy"))
    figures.add("intermediate files", stored / 1e9, "GB")
    figures.add("worst |SMD|, weighted", max(abs(b.smd) for b in design.balance), "land sd")
    figures.add("worst KS, weighted", max(b.ks for b in design.balance), "-")
    if args.coverage_px:
        sample = evaluation_sample(survey, space_of(survey, order.design), args.coverage_px)
        random = Order(
            2023, args.sites, 1, "proportional", 2, 0.0, load_design("stratified_random")
        )
        ours = coverage_of(draw, sample)
        theirs = coverage_of(draw_year(survey, random, work), sample)
        for name, gain in ours.gains_over(theirs).items():
            figures.add(f"{name} below stratified random", gain * 100, "%")


if __name__ == "__main__":
    main()
