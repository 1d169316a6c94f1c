"""The tables of DeepSoil's surface half, on made-up counties whose water is known everywhere.

losses    four losses x (MAE, PSNR, SSIM) and the six rows of Table 3, over seeds
clusters  a network for each group of places against one for all, where two climates were planted
seams     jumps of the error across edges of tiles and clusters against those inside
speed     training against the bare network on the same numbers
maps      mapping against the bare network on as many pixels (paper: --widths 64 128 256 512)
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rootzone._shared.errors import RootzoneError
from rootzone.covariates.grid import Window
from rootzone.networks.losses import CompositeLoss
from rootzone.networks.mixing import STATION
from rootzone.networks.run_log import read_log
from rootzone.networks.run_training import new_network, train
from rootzone.networks.train_step import optimiser_of, train_step
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.extents.evaluate import evaluate
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.predict import Predictor
from rootzone.surface.extents.read_fields import read_part
from rootzone.surface.extents.run_maps import WINDOW_PX, map_of, predictors_of, window_values
from rootzone.surface.extents.run_training import (
    Task,
    grouping,
    samples_of,
    settings_of,
    train_all,
)
from rootzone.surface.worlds.write_extents import CountySettings, write_county

LOSSES = ("mse", "mse_decay", "psi_target", "psi_station")
# The paper's Table 3 and figures against its target, m3 m-3 and dB.
PAPER = {"smap": 0.26, "target": 0.077, "mse": 0.061, "mse_decay": 0.16, "psi_target": 0.0638,
         "psi_station": 0.046}  # fmt: skip


def county(folder: Path, regimes: int, args: argparse.Namespace) -> Path:
    """Files of a county, written once."""
    data = folder / f"county{regimes}"
    if not (data / "stations.csv").is_file():
        settings = CountySettings(
            tiles=args.tiles, days=args.span, every=6, stations=args.stations, regimes=regimes
        )
        write_county(data, settings)
    return data


def campaign(folder: Path, data: Path, name: str, seed: int, args: Any, **keys: Any) -> OpenSurface:  # noqa: ANN401
    """One run: its campaign file in a folder of its own."""
    chosen = {
        "land": data / "land30.tif", "weather": data / "weather/*.tif", "lai": data / "lai/*.tif",
        "smap": data / "smap30/*.tif", "target": data / "target/*.tif",
        "widths": list(args.widths), "days_per_extent": args.days, "clusters": "one",
        "monthly_epochs": args.monthly, "daily_epochs": args.daily, "min_sites": 5,
        "most_clusters": 4, "batch_size": args.batch,
        "monthly_rate": args.rates[0], "daily_rate": args.rates[1], "station_weight": args.weight,
        "psi_space": args.space, "station_reach": args.reach,
        "output": args.output, **keys,
    }  # fmt: skip
    place = folder / f"{data.name}_{name}_{seed}"
    place.mkdir(parents=True, exist_ok=True)
    told = {
        "name": "deepsoil-tables", "region": {"bounds_lonlat_deg": [-105.0, 39.5, -104.0, 40.5]},
        "years": [2019],
        "surface": {"system": "deepsoil", "seeds": [seed],
                    "stations": [str(data / "stations.csv")],
                    "deepsoil": {k: str(v) if isinstance(v, Path) else v
                                 for k, v in chosen.items()}},
    }  # fmt: skip
    (place / "campaign.yaml").write_text(json.dumps(told))  # JSON is YAML
    return OpenSurface.of(place / "campaign.yaml")


def named(what: str, args: argparse.Namespace) -> str:
    """A run's name by what its loss depends on."""
    return f"{what}_{args.weight:g}_{args.space}_{args.reach}_{args.output}"


def trained(opened: OpenSurface) -> dict[str, Any]:
    """Train where it is not yet, and evaluate."""
    started = time.process_time()
    train_all(opened, lambda line: None)
    told = evaluate(opened)
    told["validation"] = chosen_rmse(opened)
    print(
        f"  {opened.folder.parent.name}: {time.process_time() - started:.0f} s of CPU", flush=True
    )
    return told


def chosen_rmse(opened: OpenSurface) -> float:
    """Root mean square error at the stations that epochs were chosen by, of all networks."""
    best = [
        min(float(row["validation_rmse"]) for row in read_log(path))
        for path in sorted(opened.folder.glob("networks/stations_*/cluster*/daily/log.csv"))
    ]
    return float(np.mean(best))


def losses(args: argparse.Namespace) -> None:
    """Both tables of the four losses."""
    data = county(args.folder, 1, args)
    found: dict[str, list[dict[str, Any]]] = {}
    for seed in args.seeds:
        for loss in args.losses:
            opened = campaign(args.folder, data, named(loss, args), seed, args, loss=loss)
            found.setdefault(loss, []).append(trained(opened))
    if len(args.losses) < len(LOSSES):
        for loss, told in found.items():
            at = [t["skill"]["stations"]["deepsoil"]["mae"] for t in told]
            chosen = [t["validation"] for t in told]
            print(f"{loss}: stations {np.mean(at):.4f}, chosen by {np.mean(chosen):.4f}, "
                  f"target {np.mean([t['target']['mae'] for t in told]):.4f}")  # fmt: skip
        return
    print(f"\nstation weight {args.weight:g}, suction {args.space}, {len(args.seeds)} seeds")
    print(f"{'loss':14}{'MAE':>9}{'PSNR dB':>9}{'SSIM':>8}   against the target, extents left out")
    for loss, told in found.items():
        mae, psnr, ssim = (np.mean([t["target"][k] for t in told]) for k in ("mae", "psnr", "ssim"))
        print(f"{loss:14}{mae:9.4f}{psnr:9.2f}{ssim:8.4f}")
    print(f"\n{'row':14}{'MAE':>9}{'+-':>9}{'paper':>8}   against stations left out")
    for row in ("smap", "target", *LOSSES):
        model = row if row in ("smap", "target") else "deepsoil"
        runs = found["mse"] if row in ("smap", "target") else found[row]
        mae, sd = (
            np.mean([t["skill"]["stations"][model][k] for t in runs]) for k in ("mae", "mae_sd")
        )
        print(f"{row:14}{mae:9.4f}{sd:9.4f}{PAPER[row]:8.3f}")
    at = {loss: np.mean([t["skill"]["stations"]["deepsoil"]["mae"] for t in found[loss]])
          for loss in LOSSES}  # fmt: skip
    gain = 100.0 * (1.0 - at["psi_station"] / at["mse"])
    print(f"psi_station against mse at stations: {gain:.1f} % better (goal 15, paper 24.6)")


def clusters(args: argparse.Namespace) -> None:
    """Clusters against one network, where two climates were planted.

    A network sees as many samples either way, as in the paper, whose global model is "trained on
    all locations in the training set but with fewer time steps" (its section 4.2): the one for all
    takes half of the days.
    """
    data, gains = county(args.folder, 2, args), []
    days = {"one": args.days, "silhouette": 2 * args.days}
    for seed in args.seeds:
        runs = {
            name: trained(campaign(args.folder, data, named(name, args), seed, args, clusters=name,
                                   days_per_extent=n))
            for name, n in days.items()
        }  # fmt: skip
        at = {n: (t["skill"]["stations"]["deepsoil"]["mae"], t["target"]["mae"])
              for n, t in runs.items()}  # fmt: skip
        gains.append([1.0 - b / a for a, b in zip(at["one"], at["silhouette"], strict=True)])
        print(f"seed {seed}: one {at['one'][0]:.4f} / {at['one'][1]:.4f}, "
              f"clusters {at['silhouette'][0]:.4f} / {at['silhouette'][1]:.4f} "
              "(MAE at stations / against the target)", flush=True)  # fmt: skip
    mean = 100.0 * np.mean(gains, axis=0)
    print(f"clusters better by {mean[0]:.0f} % at stations, {mean[1]:.0f} % against the target "
          "(goal 20)")  # fmt: skip


def seams(args: argparse.Namespace) -> None:
    """Jumps of the error across edges, of a county with two climates and blended networks."""
    data = county(args.folder, 2, args)
    opened = campaign(  # the same networks as those of `clusters`
        args.folder, data, named("silhouette", args), args.seeds[0], args, clusters="silhouette",
        days_per_extent=2 * args.days,
    )  # fmt: skip
    trained(opened)
    land = OpenExtents(opened)
    predictors = predictors_of(land)
    nearest = np.kron(predictors[0].nearest, np.ones((64, 64), np.int64))
    jumps: dict[tuple[str, int], list[Any]] = {}
    for day in land.days:
        theta, _ = map_of(land, predictors, day)
        path = data / "truth" / f"truth_{day:%Y%m%d}.tif"
        truth = read_part(path, land.grid, land.grid.full_window, ())[0]
        for what, field in (("error", theta - truth), ("truth", truth)):
            for axis in (0, 1):
                jumps.setdefault((what, axis), []).append(np.abs(np.diff(field, axis=axis)))
    print(f"{len(land.days)} days, {len(predictors[0].networks)} networks")
    for axis, name in ((0, "rows"), (1, "columns")):
        error, truth = (mean_of_days(jumps[what, axis]) for what in ("error", "truth"))
        by_line = np.nanmean(truth, axis=1 - axis)
        # The climates' own border lies on an edge of tiles: the truth jumps there, and no seam.
        border = by_line > 3.0 * np.median(by_line)
        number = np.arange(by_line.size)
        edge = (number % 64 == 63) & ~border
        inside = (number % 64 != 63) & ~border
        line = f"{name}: inside {np.nanmean(np.compress(inside, error, axis)):.2e}, tile edges"
        for what, field in (("error", error), ("truth itself", truth)):
            ratio = np.nanmean(np.compress(edge, field, axis))
            ratio /= np.nanmean(np.compress(inside, field, axis))
            line += f" {ratio:.3f} x ({what})"
        jumps_by_phase = [np.nanmean(np.compress((number % 64 == k) & ~border, error, axis))
                          for k in range(64)]  # fmt: skip
        more = sum(one > jumps_by_phase[63] for one in jumps_by_phase)
        line += f", {more} of the 63 other phases of the tiles' lattice jump more"
        meeting = (np.diff(nearest, axis=axis) != 0) & ~np.expand_dims(border, 1 - axis)
        if meeting.any():
            known = np.nanmean(np.compress(inside, error, axis))
            line += f", where clusters meet {np.nanmean(error[meeting]) / known:.3f} x"
        print(f"{line}; {border.sum()} lines left out")


def mean_of_days(fields: list[Any]) -> Any:  # noqa: ANN401 - an array
    """Mean over the days on which a pixel is known; NaN over water, which never is."""
    whole = np.stack(fields)
    count = np.isfinite(whole).sum(axis=0)
    return np.where(count > 0, np.nansum(whole, axis=0) / np.maximum(count, 1), np.nan)


def opened_for_speed(args: argparse.Namespace) -> OpenExtents:
    """The county, on one thread."""
    torch.set_num_threads(1)
    data = county(args.folder, 1, args)
    return OpenExtents(campaign(args.folder, data, "speed", args.seeds[0], args))


def speed(args: argparse.Namespace) -> None:
    """CPU seconds of the bare network over those of the loop, in pairs."""
    land, paces = opened_for_speed(args), []
    groups, task = grouping(land, args.seeds[0]), Task(args.seeds[0], 0)
    samples, stop = samples_of(land, task, groups, monthly=False)
    settings = settings_of(land, args.daily, 2e-3, 0)
    samples.batch(np.arange(len(samples)))  # read once, as the first epoch of hundreds does
    stop.batch(np.arange(len(stop)))
    for number in range(args.rounds):
        place = Path(tempfile.mkdtemp())
        begun = time.process_time()
        result = train(new_network(land.config, 0), {STATION: samples}, stop, settings, place)
        whole = time.process_time() - begun
        steps = result.history[-1]["step"]
        network = new_network(land.config, 0)
        optimiser, loss = optimiser_of(network, settings), CompositeLoss(settings)
        batch = samples.batch(np.arange(settings.batch_size))
        begun = time.process_time()
        for _ in range(steps):
            train_step(network, optimiser, loss, batch, 0.5, settings=settings)
        network.eval()
        with torch.inference_mode():
            for _ in range(args.daily * -(-len(stop) // settings.batch_size)):
                network(batch.x, batch.soil)
        paces.append(100.0 * (time.process_time() - begun) / whole)
        print(f"round {number}: {paces[-1]:.0f} % ({whole:.1f} s)", flush=True)
    print(f"training at {np.median(paces):.0f} % of the bare network's pace (goal 90)")


def maps(args: argparse.Namespace) -> None:
    """CPU seconds of the bare network over those of a map's window, in pairs."""
    land, paces = opened_for_speed(args), []
    network = new_network(land.config, 0).eval()
    window, halo = Window(0, 0, WINDOW_PX, WINDOW_PX), land.config.halo_px
    ones = np.ones((land.grid.tiles_down, land.grid.tiles_across, 1))
    predictor = Predictor(land, [network], ones, ones[..., 0], ones[..., 0] > 0)
    x = torch.rand(1, 27, WINDOW_PX + 2 * halo, WINDOW_PX + 2 * halo)
    soil = torch.tensor([0.05, 0.45, 0.02, 1.5]).reshape(1, 1, 4, 1, 1)
    soil = soil.expand(1, 1, 4, *x.shape[-2:])
    window_values(land, [predictor], window, land.days[0])  # of some days, the first reads the land
    seconds: dict[str, list[float]] = {"map": [], "network": []}
    for number in range(args.rounds):
        for name, told in seconds.items():
            begun = time.process_time()
            with torch.inference_mode():
                if name == "map":
                    window_values(land, [predictor], window, land.days[number])
                else:
                    network(x, soil)
            told.append(time.process_time() - begun)
        paces.append(100.0 * seconds["network"][-1] / seconds["map"][-1])
        print(f"round {number}: {paces[-1]:.0f} %", flush=True)
    n = WINDOW_PX**2
    print(f"maps at {np.median(paces):.0f} % of the bare network's pace (goal 85), "
          f"{n / np.median(seconds['map']) / 1e6:.3f} million pixels in a second of CPU; "
          f"widths {' '.join(map(str, args.widths))}")  # fmt: skip


EXPERIMENTS = {
    "losses": losses, "clusters": clusters, "seams": seams, "speed": speed, "maps": maps,
}  # fmt: skip


def main() -> None:
    """Run one experiment."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=tuple(EXPERIMENTS))
    parser.add_argument("--folder", type=Path, default=Path(".deepsoil"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--widths", type=int, nargs=4, default=[8, 16, 32, 64])
    parser.add_argument("--tiles", type=int, default=8)
    parser.add_argument("--stations", type=int, default=60)
    parser.add_argument("--span", type=int, default=60, help="days with weather")
    parser.add_argument("--days", type=int, default=5, help="of each extent")
    parser.add_argument("--monthly", type=int, default=4, help="epochs")
    parser.add_argument("--daily", type=int, default=40, help="epochs")
    parser.add_argument("--rounds", type=int, default=3, help="of a speed")
    parser.add_argument("--rates", type=float, nargs=2, default=[3e-3, 1e-3], help="of the stages")
    parser.add_argument("--batch", type=int, default=8, help="extents in a step")
    parser.add_argument("--weight", type=float, default=10.0, help="of pixels round a station")
    parser.add_argument("--losses", nargs="+", choices=LOSSES, default=LOSSES)
    parser.add_argument("--reach", choices=("extent", "block"), default="extent")
    parser.add_argument("--output", choices=("relu", "sigmoid", "bounds"), default="bounds")
    parser.add_argument("--space", choices=("linear", "log"), default="log")
    args = parser.parse_args()
    args.folder = args.folder.resolve()
    started = dt.datetime.now()
    try:
        EXPERIMENTS[args.what](args)
    except RootzoneError as error:
        raise SystemExit(str(error)) from error
    print(f"took {(dt.datetime.now() - started).seconds} s")


if __name__ == "__main__":
    main()
