"""Whether the network of 20 cm gains by the surface map: with its channel against without.

The county of ``rootzone demo --deepsoil`` with stations put aside that neither half ever sees. Both
halves are run by their verbs; then the network of 20 cm is trained with the surface channel and
without it, seed by seed on the same samples, and its maps are held against the stations put aside
and against the true water content of every pixel, beside physics at every pixel, which neither
network sees. Killed, the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import shutil
import time
from datetime import date
from pathlib import Path

import numpy as np
from click.testing import CliRunner

from rootzone._cli import _demo_deepsoil as demo
from rootzone._cli import cli
from rootzone._cli._chain import Chain, Step
from rootzone._shared.arrays import AnyArray
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.made_up.truth import read_truth
from rootzone.made_up.write_campaign import TRUTH
from rootzone.maps.names import MapFiles
from rootzone.stations.readers.ghcn_places import FILE_NAME
from rootzone.stations.readers.read_any import read_all, station_files
from rootzone.stations.sensor_depth import matches
from rootzone.surface.extents.read_fields import read_part

DEPTH_MM, LEFT = 200.0, "data/uscrn_left"
DAYS = [date(demo.YEAR, month, day) for month in range(3, 12) for day in (1, 15)]


def put_aside(campaign: Path, count: int) -> None:
    """Move the files of the last stations where no verb looks."""
    data, left = campaign.parent / "data" / "uscrn", campaign.parent / LEFT
    left.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(data / FILE_NAME, left / FILE_NAME)
    first = demo.STATIONS - count + 1
    for number in range(first, demo.STATIONS + 1):
        for path in data.glob(f"*XX_Made_Up_{number:02d}*"):
            shutil.move(path, left / path.name)
    if len(list(left.glob("*XX_Made_Up*"))) < count:
        raise SystemExit(f"{left} has fewer than {count} stations.")


def chain(folder: Path, args: argparse.Namespace) -> None:
    """Both halves up to the labels of the 20 cm network."""
    campaign = folder / "campaign.yaml"
    steps = demo.steps(campaign)
    names = [step.name for step in steps]
    steps = steps[: names.index("train")]
    # A map of every day, so that every sample of the 20 cm network has its surface.
    daily = ("surface", "inputs", str(campaign), "--every", str(args.every))
    steps[names.index("inputs")] = Step("inputs", daily)
    steps.insert(1, Step("put aside", make=lambda: put_aside(campaign, args.left)))
    whole = Chain(folder, "chain-benchmark", f"{demo.RECIPE} {args.left} {args.every}")
    whole.open(force=False)
    whole.run(steps)
    print(whole.table(), flush=True)


def variants(campaign: Path) -> dict[str, Path]:
    """The campaign with the surface channel, and the same without."""
    text = campaign.read_text()
    plain = campaign.with_name("without.yaml")
    lines = [line for line in text.splitlines() if "surface_moisture" not in line]
    plain.write_text("\n".join(lines) + "\n")
    return {"with": campaign, "without": plain}


def call(*words: str) -> None:
    """A verb, as a user types it."""
    told = CliRunner().invoke(cli, list(words))
    if told.exit_code:
        raise SystemExit(f"rootzone {' '.join(words)}: {told.output} {told.exception}")


def figures(
    folder: Path, maps: Path, grid: MasterGrid, seen: list[tuple[int, int, dict[date, float]]]
) -> dict[str, float]:
    """Mean absolute error of the maps that lie there, at stations put aside and everywhere."""
    at_stations: list[float] = []
    everywhere: list[float] = []
    for day in DAYS:
        told = read_part(MapFiles(maps, DEPTH_MM, day).theta, grid,
                         grid.full_window, ())[0]  # fmt: skip
        true = read_truth(folder / "data" / TRUTH, DEPTH_MM, day)
        if true is None:
            raise SystemExit(f"The truth of {day} is not in {folder / 'data' / TRUTH}.")
        off: AnyArray = np.abs(told - true)
        everywhere.append(float(np.nanmean(off)))
        at_stations += [abs(float(told[r, c]) - said[day]) for r, c, said in seen
                        if day in said and np.isfinite(told[r, c])]  # fmt: skip
    return {"stations": float(np.mean(at_stations)), "pixels": float(np.mean(everywhere)),
            "station_days": float(len(at_stations))}  # fmt: skip


def stations_left(folder: Path, grid: MasterGrid) -> list[tuple[int, int, dict[date, float]]]:
    """Pixel and daily water content at 20 cm of the stations put aside."""
    out = []
    for series in read_all(station_files([folder / LEFT])).series:
        if not bool(matches(series.depth_m, DEPTH_MM / 1000.0, 0.02)):
            continue
        row, col = (int(v) for v in grid.row_col_of_lon_lat(series.place.lon, series.place.lat))
        days = series.time.astype("datetime64[D]").tolist()
        said = {day: float(v) for day, v in zip(days, series.theta, strict=True) if np.isfinite(v)}
        out.append((row, col, said))
    return out


def main() -> None:
    """Run what is not done yet, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=Path(".chain"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--left", type=int, default=4, help="stations put aside")
    parser.add_argument(
        "--every", type=int, default=1, help="days from one surface map to the next"
    )
    args = parser.parse_args()
    folder: Path = args.folder.resolve()
    chain(folder, args)
    campaign, found = folder / "campaign.yaml", folder / "figures.json"
    grid = CampaignFiles.beside(campaign).grid
    seen = stations_left(folder, grid)
    known: dict[str, dict[str, float]] = json.loads(found.read_text()) if found.is_file() else {}
    dates = [word for day in DAYS for word in ("--date", day.isoformat())]
    for seed in args.seeds:
        for name, file in variants(campaign).items():
            run = f"{name}{seed}"
            if run in known:
                continue
            started = time.process_time()
            call("train", str(file), "--run", run, "--seed", str(seed))
            shutil.rmtree(Workspace(folder).maps, ignore_errors=True)
            call("map", str(file), "--run", run, "--cores", "1", *dates)
            known[run] = figures(folder, Workspace(folder).maps, grid, seen)
            found.write_text(json.dumps(known))
            print(f"{run}: {known[run]}, {time.process_time() - started:.0f} s of CPU", flush=True)
    if "physics" not in known:
        call("map", str(campaign), "--from", "physics", *dates)
        known["physics"] = figures(folder, Workspace(folder).maps / "physics", grid, seen)
        found.write_text(json.dumps(known))
    print(f"\n{'MAE [m3 m-3]':16}{'stations aside':>16}{'every pixel':>14}")
    mean = {
        name: {k: float(np.mean([known[f"{name}{s}"][k] for s in args.seeds]))
               for k in ("stations", "pixels")}
        for name in ("without", "with")
    }  # fmt: skip
    for name, one in {**mean, "physics": known["physics"]}.items():
        print(f"{name:16}{one['stations']:16.4f}{one['pixels']:14.4f}")
    gain = {k: 100.0 * (1.0 - mean["with"][k] / mean["without"][k]) for k in mean["with"]}
    print(f"with the surface {gain['stations']:.1f} % better at stations (goal 5), "
          f"{gain['pixels']:.1f} % at every pixel; {len(args.seeds)} seeds")  # fmt: skip


if __name__ == "__main__":
    main()
