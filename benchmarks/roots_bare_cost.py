"""What a bare column pays for the code of roots: this tree against a copy without it.

    python benchmarks/roots_bare_cost.py --work FOLDER [--repeats 30]

The package is copied into the work folder, and in the copy every question whether there are roots
is answered no before compiling, so that no machine code of theirs is left in the steps. Two
processes then take turns on twelve textures in five climates of two years; the ratio is of CPU time
in one turn, its median over turns with the quartiles. Both must give the same bits. Compiling the
copy takes some minutes once.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, cast

import numpy as np
from _engine_cases import CLIMATES, climate, settings_of, usda_sites, weather_batch
from _figures import Figures, parser
from engine_speed import columns_of

import rootzone
from rootzone._shared.digests import digest_bytes
from rootzone.engines.swim.batch import run_columns

SWIM = Path("engines") / "swim"
STEPS = ("cells/step.py", "cells/flux.py", "nodes/step.py", "nodes/flow.py")
ASKED = re.compile(r"control\[(?:at\.SINKS_ON|state\.UPTAKE_DEMAND|state\.OMEGA_C)\] > 0\.0")
TAKEN = re.compile(r"(?<=[-*=] )cells\[at\.SINK(?:_START)? \+ [i0]\]")


def copy_without_roots(work: Path) -> Path:
    """The package with its sinks taken out; the folder to put on the path."""
    place = work / "without_roots"
    shutil.rmtree(place, ignore_errors=True)
    package = Path(rootzone.__file__).parent
    shutil.copytree(package, place / "rootzone")
    shutil.copytree(package.parent / "data", place / "data")
    for name in STEPS:
        file = place / "rootzone" / SWIM / name
        text, asked = ASKED.subn("False", file.read_text())
        text, taken = TAKEN.subn("0.0", text)
        print(f"{name}: {asked} questions, {taken} sinks taken out", file=sys.stderr)
        if not asked:
            raise SystemExit(f"{name} asks nowhere whether there are roots: mend this benchmark.")
        file.write_text(text)
    return place


def worker(physics: str) -> None:
    """Run when a line comes in; answer with CPU seconds and a digest of what came out."""
    settings = settings_of(physics, "converged")
    batch = usda_sites(weather_batch([climate(name) for name in CLIMATES], list(CLIMATES)))
    columns = columns_of(batch, settings)
    for _ in sys.stdin:
        used = time.process_time()
        daily = run_columns(columns, settings, threads=1).daily
        used = time.process_time() - used
        print(used, digest_bytes(np.ascontiguousarray(daily).tobytes()), flush=True)


def start(physics: str, path: Path | None) -> subprocess.Popen[str]:
    environment = {**os.environ, **({"PYTHONPATH": str(path)} if path else {})}
    words = [sys.executable, __file__, "--worker", physics]
    return subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    )


def turn(process: subprocess.Popen[str]) -> tuple[float, str]:
    asks, answers = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
    asks.write("go\n")
    asks.flush()
    seconds, digest = answers.readline().split()
    return float(seconds), digest


def add(figures: Figures, physics: str, copy: Path, repeats: int) -> None:
    both = start(physics, None), start(physics, copy)
    first = [turn(one) for one in both]  # compiles
    same = first[0][1] == first[1][1]
    ratios = []
    for k in range(repeats):
        order = (0, 1) if k % 2 == 0 else (1, 0)
        seconds = dict(zip(order, (turn(both[i])[0] for i in order), strict=True))
        ratios.append(seconds[0] / seconds[1])
    for one in both:
        one.communicate()
    low, middle, high = np.percentile(ratios, (25, 50, 75))
    label = f"{physics}, bare, with the code of roots over without"
    figures.add(f"{label}: CPU time", float(middle), "-", "<= 1.03")
    figures.add(f"{label}: lower quartile", float(low), "-")
    figures.add(f"{label}: upper quartile", float(high), "-")
    figures.add(f"{physics}, bare: the same bits", float(same), "-", "1")


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--work", type=Path)
    parsed.add_argument("--repeats", type=int, default=30)
    parsed.add_argument("--physics", nargs="*", default=["van_genuchten", "swim3"])
    parsed.add_argument("--worker", help="For itself: the physics to run.")
    args = parsed.parse_args()
    if args.worker:
        worker(args.worker)
        return
    if args.work is None:
        parsed.error("--work FOLDER is needed.")
    copy = copy_without_roots(args.work)
    figures = Figures()
    for physics in args.physics:
        add(figures, physics, copy, args.repeats)
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
