"""A new user's path in a clean folder: install, demo, an own region offline, wrong campaigns.

``python benchmarks/new_user.py [--env FOLDER] [--no-demo] [--keep FOLDER]``: without ``--env`` the
checkout is installed into a new environment as docs/install.md says, which takes minutes and the
network; with it, that environment's ``rootzone`` is tried. Every step is timed; a traceback, an
"Unexpected", a wrong exit status or a wrong campaign that ``check`` calls right is a fault.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).parent.parent
# Nobody listens there: what a machine without a network looks like to a program that uses it.
OFFLINE = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")
FETCH_LIMIT_S = 30.0
# Changes of a right campaign that no later stage could run, and the key that check must name.
WRONG: tuple[tuple[str, object], ...] = (
    ("catalog.land_cover", "nosuch"),
    ("catalog.forcing", "met"),
    ("catalog.texture", "nlcd"),
    ("region", {"place": "Atlantis"}),
    ("grid.crs", "EPSG:4326"),
    ("grid.crs", "EPSG:999999"),
    ("maps.dates", ["1950-01-01"]),
    ("sites.design", "mydesign"),
    ("soil.ptf", "rosetta9"),
    ("labels.depths_mm", [90000]),
    ("labels.stations", ["nowhere.csv"]),
    ("engine.physics", "darcy"),
    ("region", {"bounds_lonlat_deg": [149.0, -35.6, 149.4, -35.2]}),
)


@dataclass
class Walk:
    """Steps taken, their time, and what was wrong with them."""

    rootzone: list[str]
    folder: Path
    faults: list[str] = field(default_factory=list)

    def step(
        self, line: str, want: tuple[int, ...] = (0,), limit_s: float = 0.0, *, offline: bool = True
    ) -> str:
        """Type a line; what it said."""
        words = shlex.split(line, comments=True)
        command = [*self.rootzone, *words[1:]] if words[0] == "rootzone" else words
        started = time.perf_counter()
        done = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, check=False,
            env={**os.environ, **(OFFLINE if offline else {})},
        )  # fmt: skip
        took = time.perf_counter() - started
        said = done.stdout + done.stderr
        wrong = []
        if done.returncode not in want:
            wrong.append(f"exit {done.returncode}, not {' or '.join(map(str, want))}")
        if "Traceback" in said or "Unexpected " in said:
            wrong.append("a fault of ours: " + said.strip().splitlines()[-1])
        if limit_s and took > limit_s:
            wrong.append(f"longer than {limit_s:g} s")
        print(f"{took:7.1f} s  exit {done.returncode}  {line.split('#')[0].strip()}", flush=True)
        for one in wrong:
            print(f"          FAULT: {one}\n{said[-500:]}", flush=True)
            self.faults.append(f"{line}: {one}")
        return said


def main() -> int:
    """Walk the path; 1 where a fault was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", type=Path, help="an environment with rootzone installed")
    parser.add_argument("--no-demo", action="store_true")
    parser.add_argument("--keep", type=Path, help="walk here and keep what was made")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rootzone-new-user-") as scratch:
        folder = args.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        walk = Walk([], folder)
        env = args.env or install(walk)
        walk.rootzone = [str(env / "bin" / "rootzone")]
        walk.step("rootzone --version")
        walk.step("rootzone --help", limit_s=3.0)
        walk.step("rootzone simulat x", want=(2,))
        if not args.no_demo:
            walk.step("rootzone demo demo")
        own_region(walk)
        wrong_campaigns(walk)
    print(f"{len(walk.faults)} faults")
    return 1 if walk.faults else 0


def install(walk: Walk) -> Path:
    """The checkout in a new environment, as docs/install.md says."""
    walk.step(f"{sys.executable} -m venv env", offline=False)
    target = shlex.quote(f"{CHECKOUT}[learn,fetch]")
    walk.step(f"env/bin/pip install -q -c {CHECKOUT / 'constraints.txt'} {target}", offline=False)
    return walk.folder / "env"


def own_region(walk: Walk) -> None:
    """docs/howto-region.md, first walk, line by line without a network."""
    page = (CHECKOUT / "docs" / "howto-region.md").read_text(encoding="utf-8")
    block = re.findall(r"^```sh\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[0]
    for line in filter(None, block.splitlines()):
        verb = line.split()[1]
        if verb == "fetch":
            dry = "--dry-run" in line
            walk.step(line, want=(0, 4) if dry else (4,), limit_s=FETCH_LIMIT_S)
        else:
            walk.step(line, want=(0,) if verb in ("init", "check", "report") else (2,))


def wrong_campaigns(walk: Walk) -> None:
    """Campaigns that cannot run: none is called right, each mistake is told at its key."""
    right = yaml.safe_load((walk.folder / "kansas" / "campaign.yaml").read_text())
    for number, (key, value) in enumerate(WRONG):
        settings = yaml.safe_load(yaml.safe_dump(right))
        section = settings
        *path, last = key.split(".")
        for name in path:
            section = section.setdefault(name, {})
        section[last] = value
        file = walk.folder / f"wrong{number}.yaml"
        file.write_text(yaml.safe_dump(settings, sort_keys=False))
        said = walk.step(f"rootzone check {file.name}   # {key}: {value}", want=(2,))
        if "is right" in said or key.split(".")[0] not in said:
            walk.faults.append(f"check {key}: {value} is not told at its key")
            print(f"          FAULT: {key}: {value} is not told at its key\n{said[-300:]}")


if __name__ == "__main__":
    sys.exit(main())
