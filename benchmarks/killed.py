"""Kill every verb at a random moment, give the same command again, and see that it ends the same.

The campaign is the finished one that damage_table.py builds, copied for each trial without what the
verb makes. The verb runs as a process of its own and gets SIGKILL, SIGTERM or SIGINT, or one of its
workers gets SIGKILL, between a third and all of the processor time it takes undisturbed, whatever
else the machine does; where it ended before, it is tried again with half of that::

    python benchmarks/killed.py --built /tmp/damage/built --trials 56

Asked for: the processes it started are gone within seconds; a signal that can be caught ends with
exit 4; nothing half-written lies under a final name; the same command ends with exit 0, without
``--force``; no temporary is left after it; every compared file as undisturbed, to the byte.
"""

from __future__ import annotations

import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil
from _figures import Figures, parser
from full_disk import FILE, digests

SIGNALS = {"KILL": signal.SIGKILL, "TERM": signal.SIGTERM, "INT": signal.SIGINT}
HOWS = ("KILL", "TERM", "INT", "KILL", "KILL", "worker")
ORPHANS_S = 60.0  # a loaded machine takes its time to start a worker, which then ends


@dataclass(frozen=True)
class Verb:
    """A verb, what it makes, what is compared, and whether it has worker processes."""

    name: str
    makes: tuple[str, ...]
    compared: tuple[str, ...]
    words: tuple[str, ...] = ()


VERBS = (
    Verb("forcing", ("weather",), ("weather/*",)),
    Verb("sites", ("sites",), ("sites/*.parquet", "sites/*.json")),
    Verb("soils", ("soils",), ("soils/*.parquet",)),
    Verb("simulate", ("runs/shard=*",), ("runs/shard=*/profiles.parquet",)),
    Verb("labels", ("labels",), ("labels/year=*/month=*/*.parquet", "labels/_shards/*")),
    Verb("stations", ("stations",), ("stations/*.parquet",)),
    Verb("train", ("covariates", "learning"),
         ("covariates/land.tif", "learning/main/best/weights.safetensors")),
    Verb("evaluate", ("learning/main/evaluation",),
         ("learning/main/evaluation/*.parquet",), ("--most-tile-days", "4")),
    Verb("map", ("maps",), ("maps/*.tif", "maps/*.stac.json")),
)  # fmt: skip


def without_outputs(built: Path, folder: Path, verb: Verb) -> None:
    """A copy of the campaign in which the verb has all its work to do."""
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(built, folder, symlinks=True)
    for pattern in verb.makes:
        for path in folder.glob(pattern):
            shutil.rmtree(path)


def start(verb: Verb, folder: Path) -> subprocess.Popen[str]:
    program = Path(sys.executable).with_name("rootzone")
    with (folder / ".said").open("w") as said:
        return subprocess.Popen([program, verb.name, FILE, *verb.words], cwd=folder, text=True,
                                stdout=subprocess.DEVNULL, stderr=said)  # fmt: skip


@cache
def undisturbed(verb: Verb, built: Path, scratch: Path) -> tuple[float, dict[str, str]]:
    """Processor time that the verb takes [s], and the digests of what it makes."""
    folder = scratch / "undisturbed"
    without_outputs(built, folder, verb)
    started = _spent()
    if start(verb, folder).wait():
        raise SystemExit(
            f"rootzone {verb.name} fails undisturbed: {(folder / '.said').read_text()}"
        )
    seconds = _spent() - started
    made = digests(folder, verb.compared)
    if not made:
        raise SystemExit(f"rootzone {verb.name} made nothing of {verb.compared}")
    return seconds, made


def _spent() -> float:
    """Processor time of all processes that ended [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def let_run(process: subprocess.Popen[str], seconds: float) -> None:
    """Wait until a process and those it started took so much processor time, or it ended."""
    while process.poll() is None:
        try:
            spent = sum(sum(p.cpu_times()[:2]) for p in [psutil.Process(process.pid),
                                                         *workers_of(process)])  # fmt: skip
        except psutil.NoSuchProcess:
            spent = 0.0
        if spent >= seconds:
            return
        time.sleep(0.05)


def workers_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    try:
        return psutil.Process(process.pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def one(number: int, built: Path, scratch: Path) -> tuple[str, str]:
    """Verdict on a trial, and what was done."""
    rng = random.Random(number)  # noqa: S311 - when, nothing secret
    verb, how = VERBS[number % len(VERBS)], HOWS[(number // len(VERBS)) % len(HOWS)]
    seconds, wanted = undisturbed(verb, built, scratch)
    folder = scratch / "c"
    wait_s = rng.uniform(0.3, 0.98) * seconds
    for _ in range(3):
        without_outputs(built, folder, verb)
        process = start(verb, folder)
        let_run(process, wait_s)
        workers = workers_of(process)
        if process.poll() is None:
            break
        wait_s /= 2.0
    what = f"{verb.name:<9} {how:<7} after {wait_s:.1f} of {seconds:.1f} s, {len(workers)} workers"
    if process.poll() is not None:
        return "ended before", what
    if how == "worker" and not workers:
        how = "KILL"
    if how == "worker":
        workers[-1].kill()
        status = process.wait(600)
        what += f", exit {status}"
        if status not in (0, 4):
            return f"bad: exit {status}", what
    else:
        process.send_signal(SIGNALS[how])
        status = process.wait(120)
        what += f", exit {status}"
        if how != "KILL" and status not in (0, 4):
            return f"bad: exit {status} of a signal that can be caught", what
    if "Traceback" in (folder / ".said").read_text():
        return "bad: traceback", what
    _, alive = psutil.wait_procs(workers, timeout=ORPHANS_S)
    if alive:
        for left in alive:
            left.kill()
        return f"bad: {len(alive)} processes outlive it", what
    again = start(verb, folder)
    if status == 0:  # it ended in time, and the outputs are refused or kept
        again.wait()
    elif again.wait():
        said = (folder / ".said").read_text().strip().splitlines()
        if again.returncode != 2 or "exists already" not in said[-1]:
            return f"bad: second time exit {again.returncode}: {said[-1][:200]}", what
        what += ", all was written"  # hit on its way out; the files below are whole, or it is bad
    if digests(folder, verb.compared) != wanted:
        return "bad: other files than undisturbed", what
    left = list(folder.rglob(".*.tmp*"))
    return (f"bad: left {left[0].name}" if left else "good"), what


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--built", type=Path, required=True)
    parsed.add_argument("--trials", type=int, default=56)
    parsed.add_argument("--first", type=int, default=0)
    parsed.add_argument("--only", type=int, nargs="*", help="Numbers of trials.")
    args = parsed.parse_args()
    # A shell's background process ignores SIGINT, and so would what it starts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="rootzone-killed-") as scratch:
        for number in args.only or range(args.first, args.first + args.trials):
            verdict, what = one(number, args.built, Path(scratch))
            counts[verdict.partition(":")[0]] += 1
            print(f"{number:>3} {what}: {verdict}", file=sys.stderr, flush=True)
    figures = Figures()
    figures.add("verbs killed", counts["good"] + counts["bad"], "trials", "56")
    figures.add("ended before they were hit", counts["ended before"], "trials")
    figures.add("same files by the same command, nothing left", counts["good"], "trials", "all")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
