"""Time ``rootzone demo --surface``, kill it in the middle of every step, and compare what it made.

    python benchmarks/surface_demo_killed.py --work /tmp/surface-demo

The demo runs once undisturbed, timed by the clock and in CPU seconds of all its processes (an
earlier one in the folder is taken as it is). A second one gets SIGKILL in each step, half of the
time after its beginning that the step took undisturbed and at most --most-s, and is given the same
command again. Asked for: exit 0 at the end, and every file with the same digest; the record of
clock times, logs and checkpoints of training are not compared.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from rootzone._shared.digests import digest_file

MARK = ".rootzone-demo-surface"
NOT_COMPARED = ("checkpoint", "log.csv", MARK)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--most-s", type=float, default=15.0)
    given = parser.parse_args()
    work = given.work
    shutil.rmtree(work / "killed", ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    if "report" not in begun(work / "whole"):
        undisturbed(work / "whole")
    seconds = json.loads((work / "whole" / MARK).read_text())["seconds"]
    print("  " + ", ".join(f"{name} {taken:.0f}" for name, taken in seconds.items()), flush=True)
    for step, taken in seconds.items():
        after_s = min(0.5 * taken, given.most_s)
        died = killed_in(work / "killed", step, after_s)
        left = [name for name in seconds if name not in done(work / "killed")]
        print(f"killed {after_s:.1f} s after {step} began: exit {died}; not done yet: "
              f"{', '.join(left)}", flush=True)  # fmt: skip
    status = start(work / "killed").wait()
    whole, again = (digests(work / name) for name in ("whole", "killed"))
    apart = sorted(n for n in whole.keys() | again.keys() if whole.get(n) != again.get(n))
    print(f"the same command again: exit {status}; {len(whole)} files, {len(apart)} differ")
    for name in apart:
        print(f"  {name}: {whole.get(name)} and {again.get(name)}")
    sys.exit(bool(status or apart))


def undisturbed(folder: Path) -> None:
    began, cpu = time.monotonic(), children_s()
    if start(folder).wait():
        sys.exit("the undisturbed demo failed: " + folder.with_suffix(".said").read_text()[-2000:])
    spent = children_s() - cpu
    print(f"undisturbed: {time.monotonic() - began:.0f} s by the clock, {spent:.0f} s of CPU")


def start(folder: Path) -> subprocess.Popen[bytes]:
    code = "from rootzone._cli import main; main()"
    words = [sys.executable, "-c", code, "demo", str(folder), "--surface"]
    said = folder.with_suffix(".said").open("ab")
    return subprocess.Popen(words, stdout=said, stderr=said)


def killed_in(folder: Path, step: str, after_s: float) -> int:
    """Give the demo's command, and kill it in a step."""
    process = start(folder)
    while step not in begun(folder) and process.poll() is None:
        time.sleep(0.05)
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    return process.wait()


def begun(folder: Path) -> list[str]:
    mark = folder / MARK
    return list(json.loads(mark.read_text())["begun"]) if mark.is_file() else []


def done(folder: Path) -> dict[str, float]:
    return dict(json.loads((folder / MARK).read_text())["seconds"])


def digests(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {
        path.relative_to(folder).as_posix(): digest_file(path)
        for path in files
        if not any(part in path.name for part in NOT_COMPARED)
    }


def children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
