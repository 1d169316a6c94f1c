"""Damage one file of a finished campaign, run the next verb, and see whether it is told.

One bit is flipped, a tail is cut, or all is emptied, in every kind of file that one verb hands to
the next; then a verb that reads it runs in a copy of the folder::

    python benchmarks/damage_table.py --work /tmp/damage --trials 300

A trial is *told* when the file is named, whatever the exit status (a damaged output is named and
made again, exit 0), *healed* when it was made again to the byte without a word, *silent* when the
verb ends well without a word over a file that stays damaged, *left damaged* when the verb that
makes the file named it, ended well and did not make it again, and a *traceback* is a fault.

The surface product and a series in Zarr have campaigns of their own, made once like the other.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import yaml
from _figures import Figures, parser

FILE = "campaign.yaml"
SMALL = {
    "region": {"bounds_lonlat_deg": [-105.24, 40.045, -105.19, 40.085]},
    "sites": {"per_year": 40},
    "jobs": {"sites_per_shard": 14},
    "learning": {"widths": [4, 4, 8], "epochs": 2, "steps_per_epoch": 2, "batch_size": 4},
    "maps": {"dates": ["2023-06-15", "2023-08-15"]},
}
# What is damaged (the first file a pattern finds, or one of them by chance) and who reads it.
PAIRS: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
    ("data/**/*NLCD*2023*.tif", ("sites", FILE, "--force"), ("sites",)),
    ("data/koppen/*", ("sites", FILE, "--force"), ("sites",)),
    ("data/polaris/**/*.tif", ("soils", FILE, "--force"), ()),
    ("data/gridmet/[!p]*2023.nc", ("forcing", FILE, "--force"), ()),
    ("data/uscrn/**/CRND*.txt", ("stations", FILE, "--force"), ()),
    ("data/3dep/**/*.tif", ("train", FILE, "--fresh"), ("covariates",)),
    ("sites/sites.parquet", ("soils", FILE, "--force"), ()),
    ("sites/sites.parquet", ("labels", FILE), ("labels",)),
    ("sites/sites.parquet", ("status", FILE), ()),
    ("sites/sites.parquet", ("report", FILE, "--force"), ()),
    ("sites/reserves.parquet", ("train", FILE, "--fresh"), ()),
    ("soils/soils.parquet", ("simulate", FILE), ("runs/shard=00001",)),
    ("soils/soils.parquet", ("plan", FILE), ()),
    ("soils/soils.parquet", ("report", FILE, "--force"), ()),
    ("soils/soils.adjustments.parquet", ("report", FILE, "--force"), ()),
    ("weather/weather_2023.parquet", ("simulate", FILE), ("runs/shard=00002",)),
    ("weather/weather_2023.parquet", ("train", FILE, "--fresh"), ()),
    ("weather/weather_2023.parquet", ("report", FILE, "--force"), ()),
    ("runs/shard=*/profiles.parquet", ("simulate", FILE), ()),
    ("runs/shard=*/profiles.parquet", ("labels", FILE), ("labels",)),
    ("runs/shard=*/profiles.parquet", ("report", FILE, "--force"), ()),
    ("runs/shard=*/ledger.parquet", ("simulate", FILE), ()),
    ("runs/shard=*/ledger.parquet", ("status", FILE), ()),
    ("runs/shard=*/ledger.parquet", ("labels", FILE), ("labels",)),
    ("runs/canaries.json", ("simulate", FILE), ()),
    ("runs/plan.json", ("submit", FILE, "--slurm", "--dry-run"), ()),
    ("labels/year=*/month=*/*.parquet", ("labels", FILE), ()),
    ("labels/year=*/month=*/*.parquet", ("distribution", "labels"), ()),
    ("labels/year=*/month=*/*.parquet", ("train", FILE, "--fresh"), ()),
    ("labels/year=*/month=*/*.parquet", ("report", FILE, "--force"), ()),
    ("labels/_shards/*.json", ("labels", FILE), ()),
    ("labels/_shards/*.json", ("train", FILE, "--fresh"), ()),
    ("stations/stations.parquet", ("train", FILE, "--fresh"), ()),
    ("stations/stations.parquet", ("evaluate", FILE, "--most-tile-days", "20"), ()),
    ("stations/stations.parquet", ("report", FILE, "--force"), ()),
    ("covariates/land.tif", ("train", FILE, "--fresh"), ()),
    ("covariates/land.tif", ("map", FILE), ("maps",)),
    ("learning/main/best/weights.safetensors", ("map", FILE), ("maps",)),
    ("learning/main/best/bundle.json", ("map", FILE), ("maps",)),
    ("learning/main/best/weights.safetensors", ("evaluate", FILE), ()),
    ("learning/main/*.pt", ("train", FILE), ("learning/main/best",)),
    ("learning/main/evaluation/skill.parquet", ("report", FILE, "--force"), ()),
    ("learning/main/evaluation/predictions.parquet", ("report", FILE, "--force"), ()),
    ("maps/theta_*[0-9].tif", ("map", FILE), ()),
    ("maps/theta_*[0-9].tif", ("report", FILE, "--force"), ()),
    ("maps/theta_*.flags.tif", ("map", FILE), ()),
    ("maps/theta_*.stac.json", ("map", FILE), ()),
    ("maps/theta_*.qml", ("map", FILE), ()),
    ("maps/theta_*.nc", ("map", FILE), ()),
    ("maps/trust.tif", ("map", FILE), ()),
    ("maps/theta_*[0-9].tif.provenance.json", ("map", FILE), ()),
    ("weather/weather_20*.parquet", ("forcing", FILE), ()),
    ("weather/gaps_20*.json", ("forcing", FILE), ()),
    ("sites/sites.parquet", ("sites", FILE), ()),
    ("sites/balance.json", ("report", FILE, "--force"), ()),
    ("sites/balance.json", ("sites", FILE), ()),
    ("sites/strata.parquet", ("sites", FILE), ()),
    ("soils/soils*.parquet", ("soils", FILE), ()),
    ("soils/textures.parquet", ("soils", FILE), ()),
    ("stations/stations*.parquet", ("stations", FILE), ()),
    ("learning/main/log.csv", ("report", FILE, "--force"), ()),
    ("learning/main/log.csv", ("train", FILE), ()),
    ("learning/main/settings.json", ("train", FILE), ()),
    ("runs/plan.json", ("report", FILE, "--force"), ()),
    ("runs/shard_*.parquet", ("simulate", FILE), ("runs/shard=00003",)),
    ("data/checksums.json", ("soils", FILE, "--force"), ()),
    ("physics/*/cell_*.npz", ("map", FILE, "--from", "physics"), ("maps/physics",)),
    ("physics/*/cell_*.npz", ("train", FILE, "--fresh"), ()),
    ("maps/physics/theta_*[0-9].tif", ("map", FILE, "--from", "physics"), ()),
    ("maps/physics/theta_*[0-9].tif", ("report", FILE, "--force"), ()),
    ("data/truth/truth_0200mm_20230[68]15.tif", ("report", FILE, "--force"), ()),
    ("learning/main/evaluation/comparison.parquet", ("report", FILE, "--force"), ()),
    ("stations/stations.pixels.parquet", ("report", FILE, "--force"), ()),
    ("surface:data/surface/land.tif", ("surface", "map", FILE), ("surface/maps",)),
    ("surface:data/surface/ndvi/*.tif", ("surface", "map", FILE), ("surface/maps",)),
    ("surface:data/surface/smap/*.h5", ("surface", "map", FILE), ("surface/maps",)),
    ("surface:data/surface/stations.csv", ("surface", "train", FILE), ()),
    ("surface:surface/networks/*/network.safetensors", ("surface", "map", FILE),
     ("surface/maps",)),
    ("surface:surface/networks/*/*.pt", ("surface", "train", FILE), ()),
    ("surface:surface/predictions.parquet", ("surface", "evaluate", FILE), ()),
    ("surface:surface/skill.json", ("surface", "map", FILE), ()),
    ("surface:surface/maps/surface_*.tif", ("surface", "map", FILE), ()),
    ("surface:surface/maps/*.stac.json", ("surface", "map", FILE), ()),
    ("surface:surface/maps/*.nc", ("surface", "map", FILE), ()),
    ("zarr:maps/theta_0200mm.zarr/**/*", ("map", FILE), ()),
)  # fmt: skip
LONGEST_S = 240.0
_STATIONS = 14  # of the made-up county
BAD = ("silent", "traceback", "not named", "left damaged", "over time")
# Who makes what lies in a folder, where it ends well only when the file is whole again.
MAKES = {
    "forcing": "weather", "sites": "sites", "soils": "soils", "stations": "stations",
    "simulate": "runs/shard=", "labels": "labels", "map": "maps", "surface map": "surface/maps",
    "surface train": "surface/networks",
}  # fmt: skip
SURFACE = """\
name: damage
region: {bounds_lonlat_deg: [-100.1, 39.7, -99.6, 40.15]}
years: [2022]
surface:
  seeds: [0]
  epochs: 2
  splits: [stations]
  dates: [2022-05-04, 2022-05-07]
"""
DAMAGES = ("flip", "cut", "flip", "empty", "flip")


def build(folder: Path) -> None:
    """The demo campaign, a few of its sites and a small network, run to its end."""
    from rootzone._cli.demo import make_truth

    made = (("check",), ("forcing",), ("sites",), ("soils",), ("plan",), ("simulate",), ("labels",),
            ("stations",), ("train",), ("evaluate", "--most-tile-days", "20"), ("map",),
            ("map", "--from", "physics"), ("report",))  # fmt: skip
    subprocess.run([_rootzone(), "demo", str(folder), "--until", "county"], check=True)
    file = folder / FILE
    asked = yaml.safe_load(file.read_text())
    for section, values in SMALL.items():
        asked[section].update(values)
    file.write_text(yaml.safe_dump(asked, sort_keys=False))
    for verb, *more in made:
        subprocess.run([_rootzone(), verb, FILE, *more], check=True, cwd=folder)
        if verb == "evaluate":
            make_truth(file, _STATIONS)


def build_surface(folder: Path) -> None:
    """A made-up province whose water is drawn, with networks and two maps."""
    from rootzone.surface.worlds.samples import look_at
    from rootzone.surface.worlds.write_province import write_province
    from tests.surface.chain.quick_province import quick_province

    write_province(folder / "data" / "surface", look_at(quick_province(14), 0, 12))
    (folder / FILE).write_text(SURFACE)
    for verb in ("train", "evaluate", "map"):
        subprocess.run([_rootzone(), "surface", verb, FILE], check=True, cwd=folder)


def build_zarr(built: Path, folder: Path) -> None:
    """The campaign again, its series as Zarr."""
    shutil.copytree(built, folder, symlinks=True)
    file = folder / FILE
    file.write_text(file.read_text().replace("maps:", "maps:\n  time_series: zarr", 1))
    subprocess.run([_rootzone(), "map", FILE], check=True, cwd=folder)


def build_all(work: Path) -> None:
    """Every campaign that is not there yet."""
    built = work / "built"
    if not (built / "report" / "report.html").exists():
        build(built)
    if not (work / "builtsurface" / "surface" / "maps").exists():
        build_surface(work / "builtsurface")
    if not (work / "builtzarr").exists():
        build_zarr(built, work / "builtzarr")


def _rootzone() -> str:
    return str(Path(sys.executable).with_name("rootzone"))


def damage(path: Path, how: str, rng: random.Random) -> str:
    """Damage a file; what was done, in words."""
    content = bytearray(path.read_bytes())
    if how == "flip":
        bit = rng.randrange(8 * len(content))
        content[bit // 8] ^= 1 << bit % 8
        path.write_bytes(content)
        return f"bit {bit}"
    length = rng.randrange(1, max(2, len(content) // 4)) if how == "cut" else len(content)
    path.write_bytes(content[: len(content) - length])
    return f"{length} bytes off the end"


def call(words: tuple[str, ...], folder: Path) -> tuple[int, str]:
    """Exit status and output of a verb, in a fork of this process, whose libraries are loaded."""
    log = folder / ".log"
    child = os.fork()
    if child == 0:
        with log.open("w") as out:
            os.dup2(out.fileno(), 1)
            os.dup2(out.fileno(), 2)
        os.chdir(folder)
        sys.argv = ["rootzone", *words]
        from rootzone._cli import main

        try:
            main()
        except SystemExit as end:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code if isinstance(end.code, int) else 1)
        except BaseException:
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    until = time.monotonic() + LONGEST_S
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        time.sleep(0.02)
        if time.monotonic() > until:
            os.kill(child, signal.SIGKILL)
            until = float("inf")
    return os.waitstatus_to_exitcode(ended[1]), log.read_text(errors="replace")


def trial(work: Path, scratch: Path, number: int) -> dict[str, object]:
    """One damaged file and the verb after it."""
    rng = random.Random(number)  # noqa: S311 - which bit, nothing secret
    pattern, words, gone = PAIRS[number % len(PAIRS)]
    how = DAMAGES[(number // len(PAIRS)) % len(DAMAGES)]
    kind, _, pattern = pattern.rpartition(":")
    folder = scratch / f"c{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(work / f"built{kind}", folder, symlinks=True)
    found = [path for path in sorted(folder.glob(pattern)) if path.is_file()]
    path = found[rng.randrange(len(found))]
    for name in gone:
        if path.is_relative_to(folder / name):
            continue
        shutil.rmtree(folder / name, ignore_errors=True)
    before = path.read_bytes()
    done = damage(path, how, rng)
    hurt = path.read_bytes()
    start = time.monotonic()
    status, text = call(words, folder)
    inside = [part for part in path.parts if part.endswith(".zarr")]  # named as a whole
    names = (path.name, path.name.removesuffix(".provenance.json"), *inside)
    named = any(name in text for name in names)
    verb = " ".join(words).partition(f" {FILE}")[0]
    makes = str(path.relative_to(folder)).startswith(MAKES.get(verb, "no such folder"))
    left = makes and path.exists() and path.read_bytes() == hurt
    traceback = "Traceback (most recent call last)" in text
    healed = path.exists() and path.read_bytes() == before
    if traceback:
        outcome = "traceback"
    elif status == -signal.SIGKILL:
        outcome = "over time"  # it took LONGEST_S, on a machine that does much else
    elif named and status == 0 and left:
        outcome = "left damaged"
    elif named and status in (0, 2, 4):
        outcome = "told"
    elif healed:
        outcome = "healed"
    elif status != 0:
        outcome = "not named"
    else:
        outcome = "silent"
    return {"trial": number, "file": str(path.relative_to(folder)), "verb": verb, "how": how,
            "done": done, "status": status, "outcome": outcome,
            "seconds": round(time.monotonic() - start, 2),
            "last": text.strip().splitlines()[-1][:300] if text.strip() else ""}  # fmt: skip


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--work", type=Path, required=True)
    parsed.add_argument("--trials", type=int, default=6 * len(PAIRS))
    parsed.add_argument("--first", type=int, default=0)
    parsed.add_argument("--scratch", type=Path, help="Where copies are damaged; a disk in memory.")
    args = parsed.parse_args()
    # Not in this process: what a build loads keeps threads, and a fork may then wait for ever.
    building = multiprocessing.get_context("spawn").Process(target=build_all, args=(args.work,))
    building.start()
    building.join()
    if building.exitcode:
        raise SystemExit(f"no campaign to damage: building it ended with {building.exitcode}")
    import netCDF4  # noqa: F401 - loaded before the forks
    import numba  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import rasterio  # noqa: F401
    import torch  # noqa: F401

    counts: Counter[str] = Counter()
    with (args.work / "trials.jsonl").open("a") as log:
        for number in range(args.first, args.first + args.trials):
            row = trial(args.work, args.scratch or args.work, number)
            counts[str(row["outcome"])] += 1
            log.write(json.dumps(row) + "\n")
            log.flush()
            if row["outcome"] in BAD:
                print(json.dumps(row), file=sys.stderr)
    figures = Figures()
    figures.add("damaged files", sum(counts.values()), "trials", ">= 300")
    for outcome in BAD:
        figures.add(outcome, counts[outcome], "trials", "0")
    for outcome in ("told", "healed"):
        figures.add(outcome, counts[outcome], "trials")
    figures.show(as_json=args.json)


if __name__ == "__main__":
    main()
