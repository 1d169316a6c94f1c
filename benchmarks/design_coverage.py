"""How much nearer the land is to designed sites than to stratified random ones.

On a made-up Colorado in coarse pixels, small enough for plain MiniBatchKMeans to run on whole
strata as well. Every design has the same strata, allocation and budget; distances are measured on
the same random sample of pixels, to the nearest site of any stratum and of the pixel's own.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from _coverage import Coverage, Sample, coverage_of, evaluation_sample
from _figures import Figures, parser
from _made_up_land import InMemory, LandMaker, colorado_grid

from rootzone.covariates.layers.catalog import load_catalog
from rootzone.design.candidates import Rules
from rootzone.design.classes import class_table
from rootzone.design.plan import Order, space_of
from rootzone.design.run_draw import Draw, draw_year
from rootzone.design.run_survey import Survey, run_survey
from rootzone.design.settings import load_design

GRIDMET = load_catalog([], Path()).weather_grid("gridmet")
RULES = Rules(class_table("nlcd"), class_table("koppen_beck"), GRIDMET, (11, 12, 21, 22, 23, 24))


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--resolution-m", type=float, default=300.0)
    options.add_argument("--sites", type=int, default=6000)
    options.add_argument("--sample-px", type=int, default=100_000)
    options.add_argument("--no-plain", action="store_true", help="skip plain MiniBatchKMeans")
    args = options.parse_args()
    figures = Figures()
    figures.add("sites", args.sites, "-")
    for roughness, noise in ((0.5, 1.0), (0.3, 1.0), (0.8, 1.0), (0.5, 3.0), (0.5, 0.0)):
        first = (roughness, noise) == (0.5, 1.0)
        with tempfile.TemporaryDirectory() as folder:
            _one_land(Path(folder), roughness, noise, args, figures, plain=first)
    figures.show(as_json=args.json)


def _one_land(
    folder: Path,
    roughness: float,
    noise: float,
    args: argparse.Namespace,
    figures: Figures,
    *,
    plain: bool,
) -> None:
    maker = LandMaker(colorado_grid(args.resolution_m), roughness, noise)
    survey = run_survey(InMemory.of(maker), RULES, folder, source_digest="made up")
    order = Order(2023, args.sites, 1, "proportional", 2, 0.0, load_design("stratified_kmeans"))
    sample = evaluation_sample(survey, space_of(survey, order.design), args.sample_px)
    title = f"H {roughness:g}, noise {noise:g} %"
    figures.add(f"[{title}] candidates", survey.land.count, "px")
    random = replace(order, design=load_design("stratified_random"))
    base = _timed(f"[{title}] random", survey, random, folder, sample, figures)
    ours = _timed(f"[{title}] design", survey, order, folder, sample, figures)
    _gains(f"[{title}] design", ours, base, figures)
    if plain and not args.no_plain:
        start = time.perf_counter()
        draw = plain_draw(survey, draw_year(survey, random, folder), sample)
        figures.add(f"[{title}] plain MiniBatchKMeans: time", time.perf_counter() - start, "s")
        found = coverage_of(draw, sample)
        _show(f"[{title}] plain MiniBatchKMeans", found, figures)
        _gains(f"[{title}] plain MiniBatchKMeans", found, base, figures)
        excess = ours.quantization_error_within_strata / found.quantization_error_within_strata
        figures.add(f"[{title}] quantization error, design over plain", excess, "-")


def _timed(
    title: str, survey: Survey, order: Order, folder: Path, sample: Sample, figures: Figures
) -> Coverage:
    start = time.perf_counter()
    draw = draw_year(survey, order, folder)
    figures.add(f"{title}: time", time.perf_counter() - start, "s")
    found = coverage_of(draw, sample)
    _show(title, found, figures)
    return found


def _show(title: str, found: Coverage, figures: Figures) -> None:
    for name, value in asdict(found).items():
        unit = "land var" if "error" in name else "land sd"
        figures.add(f"{title}: {name.replace('_', ' ')}", value, unit)


def _gains(title: str, found: Coverage, base: Coverage, figures: Figures) -> None:
    for name, gain in found.gains_over(base).items():
        target = ">= 15" if "distance" in name else ""
        figures.add(f"{title}: {name} below random", gain * 100, "%", target)


def plain_draw(survey: Survey, random: Draw, sample: Sample) -> Draw:
    """Sites of plain MiniBatchKMeans: one model per stratum as scikit-learn sets it up.

    Each centroid's nearest candidate is taken; strata too small for clusters keep the random sites.
    """
    from scipy.spatial import cKDTree
    from sklearn.cluster import MiniBatchKMeans

    records, strata = [], []
    for code in np.unique(random.stratum):
        drawn = random.records[random.stratum == code]
        if len(drawn) >= 20:
            land = survey.store.group(int(np.searchsorted(survey.codes, code)))
            x = sample.space.place(land["q"])
            model = MiniBatchKMeans(len(drawn), batch_size=4096, random_state=1)
            index = cKDTree(x).query(model.fit(x).cluster_centers_)[1]
            drawn = land[np.unique(index)]
        records.append(drawn)
        strata.append(np.full(len(drawn), code))
    stratum = np.concatenate(strata)
    nothing = np.zeros(len(stratum), dtype=np.int64)
    nan = float("nan")
    return Draw(np.concatenate(records), stratum, nothing, nothing + 1.0, nothing, nan, nan)


if __name__ == "__main__":
    main()
