"""The draw of one year: blocks cut, candidates sorted into them, sites and reserves picked.

Every random choice has its own generator, seeded by the campaign's seed, the year, the purpose and
the stratum or block. So neither the order of the work nor the number of workers can change a site.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.digests import digest_json
from rootzone._shared.parts import Parts
from rootzone.design.allocate import share_out
from rootzone.design.blocks import Blocks, cut_blocks
from rootzone.design.clusters import pick_clusters
from rootzone.design.features import STORED, Space
from rootzone.design.plan import Order, Plan, plan_strata, space_of
from rootzone.design.read_bands import Store
from rootzone.design.run_survey import Survey, band_path
from rootzone.design.run_tasks import run_tasks
from rootzone.design.write_bands import is_done, write_note, write_sorted

MAX_BLOCK_PX = 4_000_000
_SAMPLE_PER_BLOCK = 256
_MIN_SAMPLE = 20_000
_BLOCKS_PER_TASK = 16
_CUT, _PICK, _RANDOM, _RANK = range(4)  # purposes of random numbers


@dataclass(frozen=True)
class Draw:
    """Sites and reserves of a year, one entry each, ordered by stratum, block and pixel.

    Parameters
    ----------
    records : array of records
        Pixel and packed features.
    stratum : array of int
        Stratum number.
    block : array of int
        Block within the stratum, 0 in strata drawn at random.
    weight : array
        Pixels a site stands for; 0 for a reserve.
    rank : array of int
        0 for a site; 1, 2, ... for the reserves of a stratum in the order of their use.
    mean_distance, mean_square : float
        Mean distance, and its square, of the pixels of clustered strata to the nearest site of
        their block in feature space; NaN where no stratum was clustered.
    """

    records: AnyArray
    stratum: IntArray
    block: IntArray
    weight: FloatArray
    rank: IntArray
    mean_distance: float
    mean_square: float


def draw_year(survey: Survey, order: Order, folder: Path, *, workers: int = 1) -> Draw:
    """Draw the sites of one year, or finish a draw that was cut short.

    Parameters
    ----------
    survey : Survey
        The candidates.
    order : Order
        What is asked for.
    folder : Path
        Parent of the draw's folder of unfinished work.
    workers : int
        Processes.
    """
    from joblib import delayed

    plan = plan_strata(survey, order)
    space = space_of(survey, order.design)
    key = digest_json([survey.folder.name, order.digest()])
    place = folder / f"draw-{order.year}-{key}"
    trees = _cut_strata(survey, plan, order, space)
    bands = [band for band in range(survey.bands) if not is_done(_done_path(place, band))]
    calls = [
        delayed(_sort_band)(band_path(survey.folder, band), plan, trees, survey.codes, place, band)
        for band in bands
    ]
    run_tasks(calls, workers, f"{order.year}: sorting bands by block", survey.bands - len(bands))
    tasks = _tasks(place, survey.bands, plan, trees)
    todo = [task for task in tasks if not task.parts.has(task.name)]
    calls = [delayed(_pick_task)(task, space, order) for task in todo]
    what = f"{order.year}: clustering groups of blocks"
    run_tasks(calls, workers, what, len(tasks) - len(todo))
    return _gather(survey, plan, order, tasks)


def _cut_strata(survey: Survey, plan: Plan, order: Order, space: Space) -> list[Blocks]:
    """Cuts of every clustered stratum."""
    trees = []
    for s in np.flatnonzero(plan.clustered):
        code, pixels, sites = int(plan.codes[s]), int(plan.pixels[s]), int(plan.sites[s])
        by_sites = -(-sites // order.design.sites_per_block)
        by_pixels = -(-pixels // MAX_BLOCK_PX)
        wanted = min(max(by_sites, by_pixels), sites)
        size = min(pixels, max(_MIN_SAMPLE, _SAMPLE_PER_BLOCK * wanted))
        chosen = order.rng(_CUT, code).choice(pixels, size, replace=False, shuffle=False)
        group = int(np.searchsorted(survey.codes, code))
        q = survey.store.pick(group, np.sort(chosen))["q"]
        trees.append(cut_blocks(q, np.array(space.factor[: len(STORED)]), wanted))
    return trees


def _sort_band(
    source: Path,
    plan: Plan,
    trees: Sequence[Blocks],
    codes: IntArray,
    folder: Path,
    band: int,
) -> None:
    """Write the candidates of clustered strata in one band sorted by block."""
    store = Store([source])
    records, groups, first = [store.group(len(codes) - 1)[:0]], [np.empty(0, np.int64)], 0
    for code, tree in zip(plan.codes[plan.clustered], trees, strict=True):
        part = store.group(int(np.searchsorted(codes, code)))
        records.append(part)
        groups.append(tree.of(part["q"]) + first)
        first += tree.count
    write_sorted(band_path(folder, band), np.concatenate(records), np.concatenate(groups), first)
    write_note(_done_path(folder, band), {}, band_path(folder, band))


def _done_path(folder: Path, band: int) -> Path:
    return folder / f"band-{band:05d}.done"


@dataclass(frozen=True)
class _Task:
    """Some blocks to pick from, and the piece the picks go to."""

    parts: Parts
    name: str
    bands: tuple[Path, ...]
    group: IntArray  # of the sorted store
    code: IntArray
    block: IntArray
    sites: IntArray
    reserves: IntArray


def _tasks(folder: Path, bands: int, plan: Plan, trees: Sequence[Blocks]) -> list[_Task]:
    """Sites and reserves of every block, in proportion to its pixels, a few blocks to a task.

    Every block with a pixel gets a site, so that the weights add up to all of them.
    """
    paths = tuple(band_path(folder, band) for band in range(bands))
    pixels = Store(paths).sizes
    columns: list[list[IntArray]] = [[], [], [], []]
    first = 0
    clustered = np.flatnonzero(plan.clustered)
    for s, tree in zip(clustered, trees, strict=True):
        here = pixels[first : first + tree.count]
        sites = share_out(
            here.astype(float), int(plan.sites[s]), lower=np.minimum(here, 1), upper=here
        )
        reserves = share_out(
            sites.astype(float), int(plan.reserves[s]), lower=0 * sites, upper=here - sites
        )
        parts = (np.full(tree.count, plan.codes[s]), np.arange(tree.count), sites, reserves)
        for column, part in zip(columns, parts, strict=True):
            column.append(part)
        first += tree.count
    if not first:
        return []
    code, block, sites, reserves = (np.concatenate(column) for column in columns)
    tasks = []
    for start in range(0, first, _BLOCKS_PER_TASK):
        cut = slice(start, min(start + _BLOCKS_PER_TASK, first))
        tasks.append(
            _Task(
                Parts(folder),
                f"picks-{start // _BLOCKS_PER_TASK:05d}",
                paths,
                np.arange(cut.start, cut.stop),
                code[cut],
                block[cut],
                sites[cut],
                reserves[cut],
            )
        )
    return tasks


def _pick_task(task: _Task, space: Space, order: Order) -> None:
    """Sites and reserves of some blocks, into one file."""
    store = Store(task.bands)
    records, columns, totals = [], [], np.zeros(3)
    for i, group in enumerate(task.group):
        candidates = store.group(int(group))
        code, block = int(task.code[i]), int(task.block[i])
        rng = order.rng(_PICK, code, block)
        sites, reserves = int(task.sites[i]), int(task.reserves[i])
        if not sites:
            continue
        picked = pick_clusters(candidates["q"], sites, space, order.design, rng)
        free = np.setdiff1d(np.arange(len(candidates)), picked.index, assume_unique=True)
        extra = np.sort(rng.choice(free, reserves, replace=False)) if reserves else free[:0]
        records.append(candidates[np.concatenate([picked.index, extra])])
        weight = np.concatenate([picked.weight, np.zeros(len(extra))])
        same = np.ones(len(weight))
        columns.append(np.stack([code * same, block * same, weight]))
        n = len(candidates)
        totals += n * np.array([1.0, picked.mean_distance, picked.mean_square])
    picks = {
        "records": np.concatenate(records),
        "columns": np.concatenate(columns, axis=1),
        "totals": totals,
    }
    task.parts.put(task.name, picks)


def _gather(survey: Survey, plan: Plan, order: Order, tasks: Sequence[_Task]) -> Draw:
    """All picks of a year, those of random strata added, reserves ranked."""
    records, columns, totals = [], [], np.zeros(3)
    for task in tasks:
        stored = task.parts.get(task.name)
        records.append(stored["records"])
        columns.append(stored["columns"])
        totals += stored["totals"]
    for s in np.flatnonzero(~plan.clustered & (plan.sites > 0)):
        part, column = _pick_random(survey, plan, order, int(s))
        records.append(part)
        columns.append(column)
    all_records, (code, block, weight) = np.concatenate(records), np.concatenate(columns, axis=1)
    by = np.lexsort((all_records["pixel"], block, code))
    all_records, weight = all_records[by], weight[by]
    stratum, block = code[by].astype(np.int64), block[by].astype(np.int64)
    mean = totals[1:] / totals[0] if totals[0] else np.full(2, np.nan)
    rank = _rank_reserves(stratum, weight, order)
    return Draw(all_records, stratum, block, weight, rank, float(mean[0]), float(mean[1]))


def _pick_random(survey: Survey, plan: Plan, order: Order, s: int) -> tuple[AnyArray, FloatArray]:
    """Sites and reserves of a stratum by random choice; every site stands for as many pixels."""
    code, pixels, sites = int(plan.codes[s]), int(plan.pixels[s]), int(plan.sites[s])
    size = sites + int(plan.reserves[s])
    chosen = order.rng(_RANDOM, code).choice(pixels, size, replace=False)
    group = int(np.searchsorted(survey.codes, code))
    weight = np.where(np.arange(size) < sites, pixels / sites, 0.0)
    records = survey.store.pick(group, chosen)
    return records, np.stack([np.full(size, float(code)), np.zeros(size), weight])


def _rank_reserves(stratum: IntArray, weight: FloatArray, order: Order) -> IntArray:
    """0 for sites; the reserves of each stratum numbered from 1 in a seeded order."""
    rank = np.zeros(len(stratum), dtype=np.int64)
    reserve = weight == 0
    for code in np.unique(stratum[reserve]):
        here = np.flatnonzero(reserve & (stratum == code))
        rank[here] = order.rng(_RANK, int(code)).permutation(len(here)) + 1
    return rank
