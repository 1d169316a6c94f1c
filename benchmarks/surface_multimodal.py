"""The multimodal network in the made-up province at 10 m, stations left out, beside LightGBM.

    python benchmarks/surface_multimodal.py [--seeds 3] [--seed 0] [--variant mini] [--keep FOLDER]

A province of 72 km has soils, fields and relief of 10 m; radar with the speckle of 4.4 looks,
Sentinel-2 and Landsat under clouds, leaves, terrain, weather. Networks learn a SMAP-like product
first (cells of 9 km, sd .02 off, brought to pixels by a soil map that is off too) and stations
then; what each group of inputs adds, what the first stage adds with 20 stations and with all, and
what a missing sensor costs. Stations carry an offset of sd .015 and noise of .01 a day, and are
left out: 60 to learn from, 12 to stop by, 60 to be scored on. With ``--keep`` the province and
every finished part stay in a folder, and the same call goes on from there. Figures are medians of
seeds with their range.
"""

from __future__ import annotations

import argparse
import json
import pickle
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from _figures import parser

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.skill import skill_of
from rootzone.networks.calibration import calibrate
from rootzone.networks.mixing import SIMULATED
from rootzone.networks.run_training import new_network
from rootzone.surface.multimodal.chips import Chips
from rootzone.surface.multimodal.modalities import Inputs, scaled
from rootzone.surface.multimodal.network import MultimodalConfig
from rootzone.surface.multimodal.product_label import saturation
from rootzone.surface.multimodal.run_training import learn_stage
from rootzone.surface.multimodal.trained import by_network, by_trees, grown_trees
from rootzone.surface.worlds.fine_land import FineLand, Ground, make_fine_land
from rootzone.surface.worlds.look_fine import (
    cloudy,
    incidence_deg,
    leaves,
    radar_db,
    reflectances,
)
from rootzone.surface.worlds.province import CELL_PX, ProvinceSettings

SENSORS = ("s1", "s2", "landsat", "leaves", "terrain")
ABLATIONS = ("all", "sar", "sar_optics_terrain")
BATCH, COVERAGE, DRAWS = 16, 0.8, 400
_TRUE, _LOW, _HIGH = "ubrmse to truth", "r2, 2.5 % of stations drawn", "r2, 97.5 %"
PIXEL_KM, DAYS_EACH = 0.01, 5
N_TRAIN, N_STOP, N_TEST, FEW = 60, 12, 60, 20
_S2_DAYS, _L8_DAYS, _REACH = 5, 16, 20


class Place(NamedTuple):
    """Ground around a place, and the soil's limits by a map."""

    ground: Ground
    low: FloatArray
    high: FloatArray


class World:
    """What there is to see of a province, chip by chip."""

    def __init__(self, land: FineLand, seed: int, side: int) -> None:
        self.land, self.side = land, side
        self.rng = np.random.default_rng([seed, 7])
        self.inputs = Inputs.of("all", SENSORS)
        n = land.dates.size
        self.clear = {
            "s2": {d: cloudy(land, d, self.rng) < 0.5 for d in range(0, n, _S2_DAYS)},
            "l8": {d: cloudy(land, d, self.rng) < 0.5 for d in range(0, n, _L8_DAYS)},
        }
        self.product = self._product()

    def _product(self) -> tuple[FloatArray, FloatArray]:
        """The product's saturation, shape (date, cell), by cell means of theta and of the map."""
        land, rng, n = self.land, self.rng, self.land.cells
        row, col = np.divmod(np.arange(n * n), n)
        east, north = (CELL_PX * (rng.random((n * n, 300)) + v[:, None]) for v in (col, row))
        ground = land.at(east, north)
        low, high = (v.mean(axis=1) for v in land.soil_map(ground, east, north))
        mean = np.stack(
            [land.theta("0_5cm", d, ground).mean(axis=1) for d in range(land.dates.size)]
        )
        seen = mean + 0.015 * rng.standard_normal(n * n) + 0.02 * rng.standard_normal(mean.shape)
        return saturation(seen, low, high), mean

    def _optics(self, sensor: str, day: int, ground: object, cell: int) -> dict[str, FloatArray]:
        """The last clear look at a cell."""
        looks = [d for d, ok in self.clear[sensor].items() if d <= day <= d + _REACH and ok[cell]]
        if not looks:
            return {}
        seen = reflectances(self.land, looks[-1], ground, self.rng)  # type: ignore[arg-type]
        return {f"{sensor}_{band}": values for band, values in seen.items()}

    def place(self, east: float, north: float) -> Place:
        """The ground around a place, and what a soil map says of it."""
        n, land = self.side, self.land
        at = PIXEL_KM * (np.arange(n) - n // 2)
        e, nn = np.meshgrid(east + at, north + at)
        e, nn = (np.clip(v, 0.0, land.settings.side_km - 1e-6) for v in (e, nn))
        ground = land.at(e, nn)
        return Place(ground, *land.soil_map(ground, e, nn))

    def chip(self, place: Place, day: int) -> tuple[AnyArray, FloatArray, FloatArray]:
        """Scaled channels, the product's label and the truth around a place."""
        land, n, ground = self.land, self.side, place.ground
        cell = int(ground.cell[n // 2, n // 2])
        db = radar_db(land, day, ground, self.rng)
        angle, ones = incidence_deg(day), np.ones((n, n))
        height = np.gradient(ground.height_m, 1000 * PIXEL_KM)
        year = 2 * np.pi * float((land.dates[day] - land.dates[0]).astype(float) + 90) / 365.25
        told = {
            "vv_db": db["VV"], "vh_db": db["VH"], "incidence_deg": angle * ones,
            "ascending": float(angle < 40) * ones, **self._optics("s2", day, ground, cell),
            **self._optics("l8", day, ground, cell), **leaves(land, day, ground),
            "height_m": ground.height_m, "slope_deg": np.degrees(np.arctan(np.hypot(*height))),
            **land.weather(day, ground.cell), "sin_day": (1 + np.sin(year)) / 2 * ones,
            "cos_day": (1 + np.cos(year)) / 2 * ones, "sin_lon": 0.2 * ones, "cos_lon": 0.4 * ones,
            "sin_lat": 0.8 * ones,
        }  # fmt: skip
        wet = self.product[0][day, cell]
        label = place.low + wet * (place.high - place.low)
        return scaled(told, self.inputs.ranges), label, land.theta("0_5cm", day, ground)


def main() -> None:
    asked = parser(__doc__)
    asked.add_argument("--seeds", type=int, default=3)
    asked.add_argument("--seed", type=int, help="this one alone")
    asked.add_argument("--variant", default="mini")
    asked.add_argument("--window", type=int, default=32, help="pixels, a multiple of 32")
    asked.add_argument("--days", type=int, default=14, help="radar scenes of a season")
    asked.add_argument("--chips", type=int, default=1600, help="windows of the product's stage")
    asked.add_argument("--product-epochs", type=int, default=12)
    asked.add_argument("--epochs", type=int, default=12)
    asked.add_argument("--dropout", type=float, default=0.3, help="of sensors")
    asked.add_argument("--ablations", default=",".join(ABLATIONS))
    asked.add_argument("--device", default="cpu")
    asked.add_argument("--bf16", action="store_true")
    asked.add_argument("--keep", type=Path, help="folder of the province and of finished parts")
    given = asked.parse_args()
    folder = Path(tempfile.mkdtemp()) if given.keep is None else given.keep
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[dict[str, float | str]] = []
    for seed in [given.seed] if given.seed is not None else range(given.seeds):
        rows += of_seed(folder, seed, given)
    show(rows, as_json=given.json)


class Drawn(NamedTuple):
    """Chips around stations, their truth, and windows labelled by the product."""

    stations: Chips
    truth: FloatArray
    product: Chips
    names: tuple[str, ...]


def drawn_from(land: FineLand, seed: int, given: argparse.Namespace) -> Drawn:
    world = World(land, seed, given.window + 16)
    rng = np.random.default_rng([seed, 8])
    n = N_TRAIN + N_STOP + N_TEST
    places = rng.uniform(0.5, land.settings.side_km - 0.5, (2, n))
    offset = 0.015 * rng.standard_normal(n)
    days = np.linspace(21, land.dates.size - 1, given.days).round().astype(int)
    parts = []
    for k in range(n):
        here = world.place(places[0, k], places[1, k])
        for day in days.tolist():
            x, _, truth = world.chip(here, day)
            mid = world.side // 2
            said = truth[mid, mid] + offset[k] + 0.01 * rng.standard_normal()
            parts.append((x.astype(np.float16), said, truth[mid, mid], k, day))
    x, y, truth, place, date = (np.array(v) for v in zip(*parts, strict=True))
    mid = np.full(len(y), world.side // 2)
    stations = Chips(x, y, mid, mid, place, date, given.window)
    drawn = []
    for _ in range(-(-given.chips // DAYS_EACH)):
        here = world.place(*rng.uniform(0.5, land.settings.side_km - 0.5, 2))
        some = rng.choice(days, min(DAYS_EACH, days.size), replace=False)
        drawn += [world.chip(here, int(day))[:2] for day in some]
    drawn = drawn[: given.chips]
    zeros = np.zeros(len(drawn), int)
    product = Chips(
        np.stack([c[0] for c in drawn]).astype(np.float16), np.stack([c[1] for c in drawn]),
        zeros + world.side // 2, zeros + world.side // 2, np.arange(len(drawn)), zeros,
        given.window, source=SIMULATED,
    )  # fmt: skip
    return Drawn(stations, truth, product, world.inputs.names)


def land_of(folder: Path) -> FineLand:
    """The province, simulated once a folder (about a minute)."""
    path = folder / "land.pkl"
    if not path.is_file():
        land = make_fine_land(ProvinceSettings(first="2022-04-01", last="2022-10-31"))
        path.write_bytes(pickle.dumps(land))
    return pickle.loads(path.read_bytes())  # type: ignore[no-any-return]  # noqa: S301


def of_seed(folder: Path, seed: int, given: argparse.Namespace) -> list[dict[str, float | str]]:
    """Figures of a seed, an ablation after the other; those that are kept are read."""
    rows, drawn = [], None
    for name in given.ablations.split(","):
        path = folder / f"seed{seed}_{name}.json"
        if not path.is_file():
            drawn = drawn_from(land_of(folder), seed, given) if drawn is None else drawn
            started = time.process_time()
            found = Ablation(name, drawn, seed, given).figures(path.with_suffix(""))
            path.write_text(json.dumps(found))
            print(f"seed {seed}, {name}: {time.process_time() - started:.0f} s of CPU", flush=True)
        rows += json.loads(path.read_text())
    return rows


class Ablation:
    """Networks and trees of one seed on one choice of inputs."""

    def __init__(self, name: str, drawn: Drawn, seed: int, given: argparse.Namespace) -> None:
        self.name, self.seed, self.given = name, seed, given
        self.inputs = Inputs.of(name, SENSORS)
        columns = [drawn.names.index(c) for c in self.inputs.names]
        chips, self.product = (
            drawn.stations.of_channels(columns),
            drawn.product.of_channels(columns),
        )
        self.all, place = chips, chips.place
        self.stop = chips.of((place >= N_TRAIN) & (place < N_TRAIN + N_STOP))
        self.test = chips.of(place >= N_TRAIN + N_STOP)
        self.truth = drawn.truth[place >= N_TRAIN + N_STOP]
        self.config = MultimodalConfig(
            modalities=self.inputs.widths, n_scalars=len(self.inputs.scalars),
            variant=given.variant, window_px=given.window, modality_dropout=given.dropout,
        )  # fmt: skip
        self.rows: list[dict[str, float | str]] = []

    def figures(self, folder: Path) -> list[dict[str, float | str]]:
        """Skill with and without the product's stage, and of trees; for ``all`` the rest too.

        ``folder`` gets the trainings, which go on where they were.
        """
        is_all = self.name == "all"
        start = self._after_product(folder / "product")
        for n in (N_TRAIN, FEW) if is_all else (N_TRAIN,):
            self._of_stations(n, folder, start, alone=is_all)
        return self.rows

    def _after_product(self, folder: Path) -> dict[str, torch.Tensor]:
        network, held = new_network(self.config, self.seed), np.arange(len(self.product)) % 8 == 0
        self._learn(
            network, self.product.of(~held, moved=True), self.product.of(held), folder,
            epochs=self.given.product_epochs, learning_rate=2e-3,
        )  # fmt: skip
        self._score("the product alone", network, self.test)
        return {k: v.clone() for k, v in network.state_dict().items()}

    def _of_stations(
        self, n: int, folder: Path, start: dict[str, torch.Tensor], *, alone: bool
    ) -> None:
        learn_from = self.all.of(self.all.place < n)
        for way, before in (("two stages", start), ("stations alone", None)):
            if before is None and not alone:
                continue
            network = new_network(self.config, self.seed)
            self._learn(
                network, self.all.of(self.all.place < n, moved=True), self.stop,
                folder / f"{n} {way}", epochs=self.given.epochs, start=before,
                learning_rate=2e-3 if before is None else 5e-4,
                layer_decay=1.0 if before is None else 0.8,
            )  # fmt: skip
            self._score(f"{n} stations, {way}", network, self.test)
            if before is not None and n == N_TRAIN and self.name == "all":
                self._intervals(network)
                for sensor in (*self.inputs.sensors, "scalars"):
                    self._without(sensor, network, learn_from)
        trees = grown_trees(learn_from)
        self._add(f"{n} stations, LightGBM", by_trees(trees, self.test), self.test)

    def _learn(
        self, network: torch.nn.Module, train_on: Chips, stop_by: Chips, folder: Path,
        **more: Any,  # noqa: ANN401 - of `learn_stage`
    ) -> None:  # fmt: skip
        learn_stage(
            network, train_on, stop_by, folder, seed=self.seed, batch_size=BATCH, identity={},
            device=torch.device(self.given.device),
            precision="bf16" if self.given.bf16 else "fp32", **more,
        )  # fmt: skip
        network.eval()

    def _without(self, sensor: str, network: torch.nn.Module, learn_from: Chips) -> None:
        """A sensor is taken from the trained ones, and from trees that never had it."""
        taken = self.inputs.of_sensor(sensor)
        gone = self.test.without(taken)
        self._score(f"without {sensor}", network, gone)
        trees = grown_trees(learn_from.without(taken))
        self._add(f"without {sensor}, LightGBM that never had it", by_trees(trees, gone), gone)

    def _intervals(self, network: torch.nn.Module) -> None:
        """What 12 stations settle holds at 60 others, by the network's spread and without."""
        (seen, wide), (told, spread) = (by_network(network, c) for c in (self.stop, self.test))  # type: ignore[arg-type]
        off = np.abs(told - self.test.y)
        for name, has, of in (("its own spread", wide, spread), ("one width", None, None)):
            fitted = calibrate(self.stop.y, seen, has, coverage=COVERAGE, place=self.stop.place)
            half = fitted.half_width(told, of)
            self._row(f"interval of 80 % by {name}: holds", float((off <= half).mean()), "-")
            self._row(f"interval of 80 % by {name}: half-width", float(half.mean()), "m3 m-3")

    def _score(self, name: str, network: torch.nn.Module, chips: Chips) -> None:
        self._add(name, by_network(network, chips)[0], chips)  # type: ignore[arg-type]

    def _add(self, name: str, told: FloatArray, chips: Chips) -> None:
        found, (low, high) = skill_of(told, chips.y), r2_interval(told, chips, self.seed)
        for what in ("r2", "rmse", "ubrmse"):
            self._row(f"{name}: {what}", getattr(found, what), "-" if what == "r2" else "m3 m-3")
        self._row(f"{name}: {_TRUE}", skill_of(told, self.truth).ubrmse, "m3 m-3")
        self._row(f"{name}: {_LOW}", low, "-")
        self._row(f"{name}: {_HIGH}", high, "-")
        print(
            f"seed {self.seed}, {self.name}, {name}: R2 {found.r2:.3f} (95 %: {low:.3f} to "
            f"{high:.3f}), RMSE {found.rmse:.4f}, ubRMSE {found.ubrmse:.4f}", flush=True,
        )  # fmt: skip

    def _row(self, name: str, value: float, unit: str) -> None:
        self.rows.append({"name": f"{self.name}, {name}", "value": value, "unit": unit})


def r2_interval(told: FloatArray, chips: Chips, seed: int) -> tuple[float, float]:
    """Central 95 % of R2 over stations drawn with replacement."""
    rng, places = np.random.default_rng([seed, 9]), np.unique(chips.place)
    each = [np.flatnonzero(chips.place == p) for p in places]
    drawn = [
        skill_of(told[at], chips.y[at]).r2
        for at in (
            np.concatenate([each[k] for k in rng.integers(0, places.size, places.size)])
            for _ in range(DRAWS)
        )
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)


def show(rows: list[dict[str, float | str]], *, as_json: bool) -> None:
    """Medians of seeds and their ranges, a line a model."""
    found: dict[str, list[float]] = {}
    for row in rows:
        found.setdefault(str(row["name"]), []).append(float(row["value"]))
    if as_json:
        print(json.dumps(found, indent=1))
        return
    print(f"{'':58}{'R2':>6}  {'(range)':16}{'RMSE':>7}{'ubRMSE':>8}{'to truth':>10}")
    for name, values in found.items():
        model, _, what = name.rpartition(": ")
        if what == "r2":
            others = [float(np.median(found[f"{model}: {w}"])) for w in ("rmse", "ubrmse", _TRUE)]
            print(
                f"{model:58}{np.median(values):6.3f}  ({min(values):.3f} to {max(values):.3f}) "
                f"{others[0]:7.4f}{others[1]:8.4f}{others[2]:10.4f}"
            )
        elif "interval" in model:
            print(f"{name:58}{np.median(values):6.3f}  ({min(values):.3f} to {max(values):.3f})")


if __name__ == "__main__":
    main()
