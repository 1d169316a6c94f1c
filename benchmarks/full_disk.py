"""Fill the disk under every verb, give it room, and see that the same command ends as undisturbed.

Each trial copies a finished campaign without the verb's own outputs to a small disk in memory (as
root: it mounts a tmpfs), runs the verb into the wall, by bytes or by inodes, enlarges the disk and
gives the same command again::

    python benchmarks/full_disk.py --built /tmp/damage/built

The campaign is the one that ``damage_table.py --work /tmp/damage --trials 0`` makes. Asked for:
exit 4 with one sentence and no traceback, nothing half-written under a final name, exit 0 the
second time, and the files of an undisturbed run.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from _figures import Figures, parser

FILE = "campaign.yaml"
MOUNT, UMOUNT = "/usr/bin/mount", "/usr/bin/umount"


@dataclass(frozen=True)
class Trial:
    """A verb, what it makes, and how much room it is left."""

    verb: str
    makes: tuple[str, ...]
    room_kb: int = 16
    inodes: int = 0
    words: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()


TRIALS = (
    Trial("forcing", ("weather",), 16, compared=("weather/*.parquet",)),
    Trial("sites", ("sites",), 16, compared=("sites/*.parquet",)),
    Trial("soils", ("soils",), 16, compared=("soils/*.parquet",)),
    Trial("plan", ("runs/plan.json",), -4),
    Trial("simulate", ("runs",), 64, compared=("runs/shard=*/profiles.parquet",)),
    Trial("simulate", ("runs",), 1200, compared=("runs/shard=*/profiles.parquet",)),
    Trial("labels", ("labels",), 32, compared=("labels/year=*/month=*/*.parquet",)),
    Trial("labels", ("labels",), 200, compared=("labels/year=*/month=*/*.parquet",)),
    Trial("stations", ("stations",), 16, compared=("stations/*.parquet",)),
    Trial("train", ("covariates", "learning"), 256, compared=("covariates/land.tif",)),
    Trial("train", ("learning",), 32, compared=("learning/main/best/weights.safetensors",)),
    Trial("evaluate", ("learning/main/evaluation",), 8, words=("--most-tile-days", "20")),
    Trial("map", ("maps",), 64, compared=("maps/*.tif",)),
    Trial("report", ("report",), 32),
    Trial("simulate", ("runs",), 0, inodes=4, compared=("runs/shard=*/profiles.parquet",)),
    Trial("labels", ("labels",), 0, inodes=8, compared=("labels/year=*/month=*/*.parquet",)),
    Trial("map", ("maps",), 0, inodes=3, compared=("maps/*.tif",)),
)


@contextmanager
def small_disk(size_kb: int, inodes: int) -> Iterator[Path]:
    """A tmpfs of a size; 0 inodes for as many as one wants."""
    place = Path(tempfile.mkdtemp(prefix="rootzone-disk-"))
    options = f"size={size_kb}k" + (f",nr_inodes={inodes}" if inodes else "")
    subprocess.run([MOUNT, "-t", "tmpfs", "-o", options, "tmpfs", str(place)], check=True)
    try:
        yield place
    finally:
        subprocess.run([UMOUNT, str(place)], check=True)
        place.rmdir()


def used(folder: Path) -> tuple[int, int]:
    """Kilobytes and inodes a folder takes, in whole pages."""
    paths = [folder, *folder.rglob("*")]
    kilobytes = sum(-(-p.stat().st_size // 4096) * 4 for p in paths if p.is_file())
    return kilobytes, len(paths)


def digests(folder: Path, patterns: tuple[str, ...]) -> dict[str, str]:
    """SHA-256 of the compared files."""
    found = sorted(path for pattern in patterns for path in folder.glob(pattern))
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in found}


def run(trial: Trial, folder: Path) -> tuple[int, str]:
    """Exit status and what was said on stderr."""
    program = Path(sys.executable).with_name("rootzone")
    done = subprocess.run([program, trial.verb, FILE, *trial.words], cwd=folder, check=False,
                          capture_output=True, text=True)  # fmt: skip
    return done.returncode, done.stderr


def one(trial: Trial, built: Path, scratch: Path) -> tuple[str, str]:
    """Verdict on a trial, and the last line that was said."""
    source = scratch / "source"
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(built, source)
    for name in trial.makes:
        path = source / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    undisturbed = scratch / "undisturbed"
    shutil.rmtree(undisturbed, ignore_errors=True)
    shutil.copytree(source, undisturbed)
    if run(trial, undisturbed)[0] != 0:
        return "undisturbed run failed", ""
    kilobytes, count = used(source)
    more_kb = (1 << 20) if trial.inodes else trial.room_kb
    with small_disk(
        kilobytes + more_kb + 4, count + trial.inodes + 2 if trial.inodes else 0
    ) as disk:
        folder = disk / "c"
        shutil.copytree(source, folder)
        status, said = run(trial, folder)
        last = said.strip().splitlines()[-1] if said.strip() else ""
        if "Traceback" in said:
            return f"traceback, exit {status}", last
        if status == 0:
            return "it fitted", last
        if status != 4:
            return f"exit {status}", last
        left = [p.name for p in folder.rglob(".*.tmp*")]
        subprocess.run([MOUNT, "-o", "remount,size=2g,nr_inodes=1m", str(disk)], check=True)
        again, said = run(trial, folder)
        if again != 0:
            return f"second time exit {again}", said.strip().splitlines()[-1] if said else ""
        if digests(folder, trial.compared) != digests(undisturbed, trial.compared):
            return "other files than undisturbed", last
        return "good" if not left else f"left {left[0]}", last


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--built", type=Path, required=True)
    parsed.add_argument("--only", type=int, nargs="*", help="Numbers of trials.")
    args: argparse.Namespace = parsed.parse_args()
    good = 0
    chosen = [t for i, t in enumerate(TRIALS) if args.only is None or i in args.only]
    with tempfile.TemporaryDirectory(prefix="rootzone-full-") as scratch:
        for trial in chosen:
            verdict, last = one(trial, args.built, Path(scratch))
            good += verdict == "good"
            kind = f"{trial.inodes} inodes" if trial.inodes else f"{trial.room_kb} kB"
            print(
                f"{trial.verb:<10}{kind:>10}  {verdict}: {last[:200]}", file=sys.stderr, flush=True
            )
    figures = Figures()
    figures.add("disk trials", len(chosen), "trials", "17")
    figures.add("exit 4, one sentence, same files after", good, "trials", "all")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
