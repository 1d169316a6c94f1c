"""The engine on a GPU: equal to the CPU, site-years a second, the share of transfers, the roofline.

Inputs and the CPU's answers are made where there is a CPU and rootzone in full, and travel::

    scripts/prepare_gpu_run.sh                          # wheels and inputs into .gpu/
    python benchmarks/gpu_engine.py --quick .gpu/inputs.npz [--record]      # on the GPU's machine

``--record`` keeps the rate for ``rootzone plan``. Equality: 12 USDA textures in 5 climates for a
year. Speed: all textures of the triangle in semi-arid years, as neighbours in a map (sorted) and
dealt at random, which is the worst order for threads that go in step.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from _figures import Figures, parser
from numba import cuda

from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.batch import Columns
from rootzone.engines.swim.settings import SwimSettings, default_settings

# What an evaluation asks of memory and arithmetic on 12 layers and a depth of 200 mm, by
# benchmarks/_gpu_traffic.py (sand, loam and clay in a semi-arid month).
BYTES_AN_EVALUATION = 12_900.0
OPERATIONS_AN_EVALUATION = 2_000.0
GOAL = 300_000.0
COLORADO_PIXELS = 300e6


def settings_on(device: str) -> SwimSettings:
    values = default_settings("van_genuchten", "converged").model_dump()
    return SwimSettings.model_validate({**values, "device": device})


def prepare(path: Path, days: int) -> None:
    """Columns and what the CPU makes of them."""
    from _engine_cases import (
        CLIMATES,
        climate,
        semi_arid_cells,
        settings_of,
        sites,
        usda_sites,
        weather_batch,
        whole_triangle,
    )
    from engine_speed import columns_of

    from rootzone.engines.swim.batch import run_columns

    settings = settings_of("van_genuchten", "converged")
    cells = [climate(name)[-days:] for name in CLIMATES]
    held = columns_of(usda_sites(weather_batch(cells, list(CLIMATES))), settings)
    results = run_columns(held, settings)
    one = weather_batch([semi_arid_cells(1)[0][:days]], ["semi-arid"])
    triangle = columns_of(sites(*whole_triangle(), one), settings)
    years = np.concatenate([cell[:days] for cell in semi_arid_cells(8)])
    np.savez_compressed(
        path,
        **{f"held_{name}": getattr(held, name) for name in Columns.__dataclass_fields__},
        theta=results.theta,
        daily=results.daily,
        report=results.report,
        layers=triangle.layers,
        theta_initial=triangle.theta_initial,
        n_layer=int(triangle.n_layer[0]),
        years=years,
        days=days,
    )
    print(f"{path}: {held.n_column} columns with the CPU's answers, {triangle.n_column} textures")


def show_equality(figures: Figures, found: dict[str, np.ndarray]) -> bool:
    """Differences from the CPU, and how many days took another number of steps."""
    from rootzone.engines.swim.gpu.run_columns import run_columns

    held = Columns(**{name: found[f"held_{name}"] for name in Columns.__dataclass_fields__})
    start = time.perf_counter()
    done = run_columns(held, settings_on("cuda"))
    figures.add("first run, compiling", time.perf_counter() - start, "s")
    same = np.array_equal(done.report[:, 0], found["report"][:, batch_kernels.STATUS])
    same = same and np.array_equal(done.report[:, 1], found["report"][:, batch_kernels.VERDICT])
    apart = np.abs(done.theta - found["theta"])
    rms = math.sqrt(float((apart**2).mean()))
    figures.add("equality: columns", held.n_column, "")
    figures.add("equality: theta, rms from the CPU", rms, "m3 m-3", "<= 1e-5")
    figures.add("equality: theta, median", float(np.median(apart)), "m3 m-3", "<= 1e-12")
    figures.add("equality: theta, worst day and layer", float(apart.max()), "m3 m-3", "<= 2e-3")
    steps = done.daily[:, layout.STEPS] != found["daily"][:, layout.STEPS]
    figures.add("equality: days with another number of steps", 100.0 * steps.mean(), "%")
    drift = np.abs(done.value).max()
    figures.add("equality: worst daily balance error", float(drift), "mm", "<= 1e-6")
    return bool(same and rms <= 1e-5 and apart.max() <= 2e-3)


def many(found: dict[str, np.ndarray], n: int, *, ordered: bool) -> Columns:
    """N columns of the triangle's textures, neighbours alike or dealt at random."""
    n_layer, days = int(found["n_layer"]), int(found["days"])
    n_texture = len(found["layers"]) // n_layer
    n_cell = len(found["years"]) // days
    rng = np.random.default_rng(14)
    texture, cell = rng.integers(0, n_texture, n), rng.integers(0, n_cell, n)
    if ordered:
        order = np.lexsort((texture, cell))
        texture, cell = texture[order], cell[order]
    rows = (n_layer * texture[:, None] + np.arange(n_layer)).reshape(-1)
    day_start = days * np.arange(n_cell + 1)
    start = n_layer * np.arange(n + 1)
    theta = found["theta_initial"][rows]
    return Columns(found["layers"][rows], start, theta, found["years"], day_start, cell)


def show_speed(
    figures: Figures,
    found: dict[str, np.ndarray],
    n: int,
    *,
    ordered: bool = True,
    whole: bool = False,
) -> float:
    """Site-years a second with days x depths coming back, or all layers and sums; returns it."""
    from rootzone.engines.swim.gpu.run_columns import run_columns, run_depths

    columns = many(found, n, ordered=ordered)
    start = time.perf_counter()
    done = (run_columns if whole else run_depths)(columns, settings_on("cuda"))
    seconds = time.perf_counter() - start
    rate = n * int(found["days"]) / 365.0 / seconds
    name = f"{n:,} columns, {'neighbours alike' if ordered else 'at random'}"
    back = "layers and sums" if whole else "depths"
    figures.add(f"{name}: {back} back", rate, "site-years/s", f">= {GOAL:,.0f}")
    failed = int((done.report[:, [batch_kernels.STATUS, batch_kernels.VERDICT]].any(axis=1)).sum())
    figures.add(f"{name}: failed", failed, "columns", "0")
    return rate


def show_parts(figures: Figures, found: dict[str, np.ndarray], n: int) -> None:
    """One chunk by itself: the way there, the columns, verdict and turn, the way back; roofline."""
    from rootzone.engines.swim.batch import KINDS
    from rootzone.engines.swim.gpu.pack import pack
    from rootzone.engines.swim.gpu.run_device import open_device
    from rootzone.engines.swim.gpu.run_track import Shape, Track, room

    settings = settings_on("cuda")
    columns = many(found, n, ordered=True)
    kind = KINDS["van_genuchten", "converged"]
    n_layer, days = int(found["n_layer"]), int(found["days"])
    shape = Shape(n_layer, days, kind.work_size(n_layer), 0, 0)
    device = open_device()
    lanes, size = room(device, shape, settings, n, n)
    track = Track(settings, shape, columns.weather, lanes, size)
    start = time.perf_counter()
    chunk = pack(columns, np.arange(size), np.zeros(n), kind.low, kind.high)
    seconds = {"packing on the host": time.perf_counter() - start}
    for name, part in (
        ("inputs there", lambda: track.send(chunk)),
        ("columns", track.run_kernel),
        ("verdict and turn", track.judge_and_turn),
        ("all layers and sums back", track.fetch),
    ):
        start = time.perf_counter()
        part()
        cuda.synchronize()
        seconds[name] = time.perf_counter() - start
    done = track.finish()
    for name, taken in seconds.items():
        figures.add(f"one chunk of {size:,}: {name}", 1e3 * taken, "ms")
    ways = seconds["inputs there"] + seconds["all layers and sums back"]
    share = 100.0 * ways / (sum(seconds.values()) - seconds["packing on the host"])
    figures.add("transfers, alone, as a share of one chunk", share, "%")
    figures.add("lanes", lanes, "")
    daily = done.daily.reshape(size, days, -1)[:, :, layout.EVALUATIONS]
    show_roofline(figures, daily, seconds["columns"])


def show_lanes(figures: Figures, found: dict[str, np.ndarray], n: int, *, single: bool) -> None:
    """One chunk with fewer lanes: less scratch at a time, which the caches may then hold."""
    from rootzone.engines.swim.batch import KINDS
    from rootzone.engines.swim.gpu.pack import pack
    from rootzone.engines.swim.gpu.run_device import open_device
    from rootzone.engines.swim.gpu.run_track import LANES_PER_MULTIPROCESSOR, Shape, Track, room

    settings = settings_on("cuda")
    columns = many(found, n, ordered=True)
    kind = KINDS["van_genuchten", "converged"]
    n_layer, days = int(found["n_layer"]), int(found["days"])
    shape = Shape(n_layer, days, kind.work_size(n_layer), None, layout.N_DAILY)
    most, size = room(open_device(), shape, settings, n, n)
    chunk = pack(columns, np.arange(size), np.zeros(n), kind.low, kind.high)
    for share in (1.0, 0.5, 0.25, 0.125):
        lanes = max(1, int(most * share) // 32 * 32)
        track = Track(settings, shape, columns.weather, lanes, size, single=single)
        track.send(chunk)
        if single and share == 1.0:
            track.run_kernel()  # compiles
        cuda.synchronize()
        start = time.perf_counter()
        track.run_kernel()
        cuda.synchronize()
        rate = size * days / 365.0 / (time.perf_counter() - start)
        kept = "single" if single else "double"
        each = LANES_PER_MULTIPROCESSOR * share
        name = f"columns alone, {kept}, {each:.0f} lanes a multiprocessor"
        figures.add(f"{name} ({lanes:,})", rate, "site-years/s")
        del track


def show_roofline(figures: Figures, evaluations: np.ndarray, seconds: float) -> None:
    """What the columns asked of memory and arithmetic, against what the card gives."""
    total = float(evaluations.sum())
    figures.add("evaluations a site-year", total / len(evaluations), "")
    whole = len(evaluations) // 32 * 32
    if whole:
        warps = evaluations[:whole].reshape(-1, 32, evaluations.shape[1])
        busy = warps.sum() / (32.0 * warps.max(axis=1).sum())
        figures.add("threads of a warp at work, by the evaluations of a day", 100.0 * busy, "%")
    figures.add("asked of memory", total * BYTES_AN_EVALUATION / seconds / 1e9, "GB/s")
    figures.add("arithmetic", total * OPERATIONS_AN_EVALUATION / seconds / 1e9, "GFLOP/s")
    copied, multiplied = peak_gb_s(), peak_gflop_s()
    figures.add("the card: a copy, read and written", copied, "GB/s")
    figures.add("the card: double multiply-adds", multiplied, "GFLOP/s")
    by_memory = BYTES_AN_EVALUATION / copied
    by_arithmetic = OPERATIONS_AN_EVALUATION / multiplied
    bound = 1e9 / (max(by_memory, by_arithmetic) * total / len(evaluations))
    limit = "memory" if by_memory > by_arithmetic else "arithmetic"
    figures.add(f"roofline without caches, by {limit}", bound, "site-years/s")


def peak_gb_s(n: int = 1 << 28) -> float:
    """Bytes a second of a copy on the device, read and written."""
    n = n if _is_real() else 64
    source, target = cuda.device_array(n), cuda.device_array(n)
    return _best(lambda: target.copy_to_device(source), 16.0 * n) / 1e9


def chains(out: np.ndarray, passes: int) -> None:
    """Four chains of multiply-adds in each thread, a kernel."""
    i = cuda.grid(1)
    a, b, c, d = 1.0 + i, 2.0, 3.0, 4.0
    for _ in range(passes):
        a, b, c, d = a * 0.9 + 1.0, b * 0.9 + 1.0, c * 0.9 + 1.0, d * 0.9 + 1.0
    out[i] = a + b + c + d


def peak_gflop_s(passes: int = 4096) -> float:
    """Operations a second of independent double multiply-adds."""
    passes, blocks = (passes, 132 * 16) if _is_real() else (2, 1)
    threads = 256 if _is_real() else 2

    run = cuda.jit(chains)
    out = cuda.device_array(blocks * threads)
    return _best(lambda: run[blocks, threads](out, passes), 8.0 * passes * len(out)) / 1e9


def _is_real() -> bool:
    from rootzone.engines.swim.gpu.run_device import simulated

    return not simulated()


def _best(action: Callable[[], object], amount: float) -> float:
    taken = []
    for _ in range(5):
        cuda.synchronize()
        start = time.perf_counter()
        action()
        cuda.synchronize()
        taken.append(time.perf_counter() - start)
    return amount / min(taken[1:])


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument("inputs", type=Path, help="what --prepare wrote")
    parse.add_argument("--prepare", action="store_true", help="write the inputs, on a CPU")
    parse.add_argument("--quick", action="store_true", help="under six minutes")
    parse.add_argument("--record", action="store_true", help="keep the rate for rootzone plan")
    parse.add_argument("--single", action="store_true", help="and with scratch in single precision")
    parse.add_argument("--days", type=int, default=365, help="with --prepare")
    parse.add_argument("--columns", type=int, nargs="*", default=[100_000, 1_000_000])
    asked = parse.parse_args()
    if asked.prepare:
        prepare(asked.inputs, asked.days)
        return
    from rootzone.engines.swim.gpu.run_device import open_device
    from rootzone.jobs.pilot.gpu_cost import GpuRate, write_rate

    card = open_device().name
    print(f"on {card}", flush=True)
    found = dict(np.load(asked.inputs))
    figures = Figures()
    began = time.perf_counter()
    good = show_equality(figures, found)
    show_speed(figures, found, min(asked.columns[0], 2_000))  # compiles what is left
    # The rate for plans is that of campaigns, whose files carry all layers.
    campaigns = show_speed(figures, found, asked.columns[0], whole=True)
    rate = 0.0
    for n in asked.columns:
        left = 330.0 - (time.perf_counter() - began)
        if asked.quick and rate and 1.5 * n / rate > left:
            print(f"{n:,} columns: not run, they would take {n / rate:.0f} s of {left:.0f} left")
            continue
        rate = show_speed(figures, found, n)
        if n == asked.columns[0]:
            show_speed(figures, found, n, ordered=False)
    show_parts(figures, found, min(65_536, asked.columns[0]))
    for single in (False, True) if asked.single else (False,):
        show_lanes(figures, found, min(65_536, asked.columns[0]), single=single)
    if rate:
        figures.add("300 million pixels, a year", COLORADO_PIXELS / rate / 60.0, "min", "<= 30")
    figures.add("in all", time.perf_counter() - began, "s", "<= 360")
    figures.show(as_json=asked.json)
    if not good:
        raise SystemExit("the GPU's answers are NOT the CPU's within the limits above")
    if asked.record:
        what = f"{int(found['days'])} semi-arid days of {int(found['n_layer'])} layers, all back"
        print(f"kept in {write_rate(GpuRate(campaigns, card, what))}")


if __name__ == "__main__":
    main()
