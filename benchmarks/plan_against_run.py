"""Hold what a run takes against the interval that ``rootzone plan`` gave before it.

``python benchmarks/plan_against_run.py FOLDER [--tries 10] [--cores 2]``: FOLDER is a campaign
whose weather, sites and soils are made, such as the demo's. Each try copies it without its runs,
plans with a pilot of another size, simulates everything, and compares core time and wall time.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rootzone.campaign.workspace import Workspace
from rootzone.jobs.shard.read_shard import read_closed

_KEPT = ("campaign.yaml", "data", "sites", "soils", "stations", "weather")


def main() -> None:
    """Print a line a try, and how many of them lay inside."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--tries", type=int, default=10)
    parser.add_argument("--cores", type=int, default=2)
    args = parser.parse_args()
    inside = {"core": 0, "wall": 0}
    ratios: dict[str, list[float]] = {"core": [], "wall": []}
    for number in range(args.tries):
        with tempfile.TemporaryDirectory(prefix="rootzone-plan-") as folder:
            planned, found, loading = one_try(
                args.folder, Path(folder), 64 + 8 * number, args.cores
            )
        told = []
        for kind, spent in found.items():
            span = planned[kind]
            hit = span["low"] <= spent <= span["high"]
            inside[kind] += hit
            ratios[kind].append(spent / span["value"])
            told.append(
                f"{kind} {span['value']:6.1f} ({span['low']:.1f} to {span['high']:.1f}) s, run "
                f"{spent:6.1f} {'inside' if hit else 'OUTSIDE'}"
            )
        print(f"try {number + 1}: {'; '.join(told)}; {loading:.1f} s to load kernels", flush=True)
    for kind, hits in inside.items():
        low, high = min(ratios[kind]), max(ratios[kind])
        print(f"{kind}: inside {hits} of {args.tries}; run / plan {low:.2f} to {high:.2f}")


def one_try(
    source: Path, folder: Path, sites: int, cores: int
) -> tuple[dict[str, dict[str, float]], dict[str, float], float]:
    """Seconds as planned and as run, by core and by the clock, and those of loading kernels."""
    for name in _KEPT:
        path = source / name
        if path.is_dir():
            shutil.copytree(path, folder / name)
        elif path.is_file():
            shutil.copy2(path, folder / name)
    rootzone = Path(sys.executable).parent / "rootzone"

    def run(*words: str) -> str:
        done = subprocess.run(
            [rootzone, *words], cwd=folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}: {done.stderr[-800:]}")
        return done.stdout

    facts = json.loads(
        run("plan", "campaign.yaml", "--cores", str(cores), "--sites", str(sites), "--json")
    )
    planned = {
        kind: {key: 3600.0 * facts[f"{kind}_hours"][key] for key in ("value", "low", "high")}
        for kind in ("core", "wall")
    }
    started = time.perf_counter()
    run("simulate", "campaign.yaml", "--cores", str(cores))
    wall = time.perf_counter() - started
    place = Workspace(folder)
    shards = [read_closed(place, n) for n in range(1, facts["shards"] + 1)]
    told = [one.run for one in shards if one is not None]
    core = sum(float(one["core_seconds"]) for one in told)
    return planned, {"core": core, "wall": wall}, sum(float(one["loading_seconds"]) for one in told)


if __name__ == "__main__":
    main()
