"""Mutate a campaign file 352 times and check it: no traceback, nothing over 5 s or 500 MB.

    python benchmarks/yaml_mutations.py --count 352

Half of the mutations change characters, lines and indentation at random; the others put hostile
values (deep nesting, aliases, huge numbers, dates that are none, control characters, long names,
tags) in the place of a value. Each runs ``rootzone check`` in a fork of this process.
"""

from __future__ import annotations

import os
import random
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from _figures import Figures, parser

START = """\
name: demo-county
description: A made-up county in the real file formats
region: {bounds_lonlat_deg: [-105.28, 40.02, -105.16, 40.11]}
years: [2023]
sites: {per_year: 160}
engine: {spin_up_days: 365, settings: {salb: 0.13}}
jobs: {sites_per_shard: 40}
labels: {depths_mm: [200]}
learning: {model: unet_a_up4, widths: [4, 4, 8], features: {aspect: sincos}}
maps: {dates: [2023-04-15, 2023-08-15]}
grid: {crs: "EPSG:5070"}
seeds: {sites: 1}
"""
HOSTILE = (
    "2023-02-30",
    "0000-01-01",
    "2023-02-03T10:00:00+99:99",
    "!!int abc",
    "!!float x",
    "0x_",
    "0b_",
    "0o9",
    "9" * 5000,
    "-" + "9" * 4000,
    "1e999",
    ".inf",
    ".nan",
    "~",
    "''",
    "' '",
    '"\\0"',
    '"\\ud800"',
    "'" + "a" * 5000 + "'",
    "[" * 40 + "]" * 40,
    "{" * 31 + "}" * 31,
    "&a [*a]",
    "*nope",
    "!!python/object/apply:os.system [x]",
    "!!binary abc",
    "!!set {a, b}",
    "!!omap [a: 1]",
    "? [1]",
    "<<: *a",
    "[1, 2, 3",
    "{a: b",
    '"\\x07"',
    "\t",
    "../../../etc/passwd",
    "/dev/zero",
    "/dev/stdin",
    "http://10.0.0.1/x",
    "$(touch x)",
    "`x`",
    "%s%n",
    "[" + "1, " * 6000 + "]",
    "true",
    "no",
    "1_000",
    "1:30:00",
    "2023-01-01 00:00:00",
    "[[]]",
    "{}",
    "[]",
    "- - - -",
    "|\n  x",
    ">\n  y",
    "!<tag:x> y",
)


def mutated(number: int) -> bytes:
    """One mutation, the same for the same number."""
    rng = random.Random(number)  # noqa: S311 - nothing secret
    if number % 2:
        lines = START.splitlines()
        at = rng.randrange(len(lines))
        key = lines[at].partition(":")[0]
        lines[at] = f"{key}: {HOSTILE[(number // 2) % len(HOSTILE)]}"
        return ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")
    data = bytearray(START.encode())
    for _ in range(rng.randrange(1, 6)):
        at, kind = rng.randrange(len(data)), rng.randrange(5)
        if kind == 0:
            data[at] = rng.randrange(256)
        elif kind == 1:
            del data[at : at + rng.randrange(1, 12)]
        elif kind == 2:
            data[at:at] = bytes(rng.randrange(32, 127) for _ in range(rng.randrange(1, 6)))
        elif kind == 3:
            data[at:at] = data[at : at + rng.randrange(1, 60)]
        else:
            data[at:at] = rng.choice(
                [b"\n", b": ", b"- ", b"\t", b"&a ", b"*a", b"!!", b"#", b"\xff"]
            )
    return bytes(data)


def check(file: Path, log: Path) -> tuple[int, float, float]:
    """Exit status, processor time [s] and peak memory [MB] of ``rootzone check`` in a fork."""
    child = os.fork()
    if child == 0:
        with log.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        resource.setrlimit(resource.RLIMIT_CPU, (30, 30))
        sys.argv = ["rootzone", "check", str(file)]
        from rootzone._cli import main

        try:
            main()
        except SystemExit as end:
            os._exit(end.code if isinstance(end.code, int) else 1)
        except BaseException:
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    _, status, usage = os.wait4(child, 0)
    return (
        os.waitstatus_to_exitcode(status),
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
    )


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--count", type=int, default=352)
    args = parsed.parse_args()
    import pydantic  # noqa: F401 - loaded before the forks
    import pyproj  # noqa: F401
    import ruamel.yaml  # noqa: F401

    import rootzone._cli.check  # noqa: F401

    codes: Counter[int] = Counter()
    slowest = largest = 0.0
    tracebacks = 0
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rootzone-yaml-") as scratch:
        file, log = Path(scratch) / "campaign.yaml", Path(scratch) / "log"
        for number in range(args.count):
            file.write_bytes(mutated(number))
            status, seconds, megabytes = check(file, log)
            codes[status] += 1
            said = log.read_text(errors="replace")
            if "Traceback" in said or status not in (0, 2):
                tracebacks += 1
                print(number, status, said.strip().splitlines()[-1:], file=sys.stderr)
            slowest, largest = max(slowest, seconds), max(largest, megabytes)
    figures = Figures()
    figures.add("mutated campaign files", args.count, "files", ">= 352")
    figures.add("tracebacks and other exits than 0 and 2", tracebacks, "files", "0")
    figures.add("exit 2", codes[2], "files")
    figures.add("exit 0", codes[0], "files")
    figures.add("slowest, processor time", slowest, "s", "<= 5")
    figures.add("largest peak memory", largest, "MB", "<= 500")
    figures.add("all of them, wall time", time.monotonic() - started, "s")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
