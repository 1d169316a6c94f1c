"""The multimodal network in the made-up province at 10 m, stations left out, beside LightGBM.

    python benchmarks/surface_multimodal.py [--seeds 3] [--seed 0] [--variant mini] [--window 32]

A province of 72 km has soils, fields and relief of 10 m; radar with the speckle of 4.4 looks,
Sentinel-2 and Landsat under clouds, leaves, terrain, weather. Networks learn a SMAP-like product
first (cells of 9 km, sd .02 off, brought to pixels by a soil map that is off too) and stations
then; what each group of inputs adds, what the first stage adds with 20 stations and with all, and
what a missing sensor costs. Stations carry an offset of sd .015 and noise of .01 a day.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
from _figures import Figures, parser

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.skill import skill_of
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
ABLATIONS = ("sar", "sar_optics_terrain", "all")
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
    asked.add_argument("--chips", type=int, default=1200, help="windows of the product's stage")
    asked.add_argument("--product-epochs", type=int, default=8)
    asked.add_argument("--epochs", type=int, default=15)
    asked.add_argument("--ablations", default=",".join(ABLATIONS))
    given = asked.parse_args()
    started = time.process_time()
    land = make_fine_land(ProvinceSettings(first="2022-04-01", last="2022-10-31"))
    figures = Figures()
    for seed in [given.seed] if given.seed is not None else range(given.seeds):
        of_seed(figures, land, seed, given)
        print(f"seed {seed} done after {time.process_time() - started:.0f} s of CPU", flush=True)
    add_medians(figures)
    figures.show(as_json=given.json)


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


def of_seed(figures: Figures, land: FineLand, seed: int, given: argparse.Namespace) -> None:
    drawn = drawn_from(land, seed, given)
    test = drawn.stations.place >= N_TRAIN + N_STOP
    figures.add(f"seed {seed}: truth against stations, RMSE",
                skill_of(drawn.truth[test], drawn.stations.y[test]).rmse, "m3 m-3")  # fmt: skip
    for name in given.ablations.split(","):
        inputs = Inputs.of(name, SENSORS)
        columns = [drawn.names.index(c) for c in inputs.names]
        ablation(figures, f"seed {seed}: {name}", inputs, drawn.stations.of_channels(columns),
                 drawn.product.of_channels(columns), seed, given)  # fmt: skip


def ablation(
    figures: Figures,
    title: str,
    inputs: Inputs,
    chips: Chips,
    product: Chips,
    seed: int,
    given: argparse.Namespace,
) -> None:
    """Network with and without the product's stage, and trees; with 20 stations for ``all``."""
    config = MultimodalConfig(
        modalities=inputs.widths, n_scalars=len(inputs.scalars), variant=given.variant,
        window_px=given.window,
    )  # fmt: skip
    stop = chips.of((chips.place >= N_TRAIN) & (chips.place < N_TRAIN + N_STOP))
    test = chips.of(chips.place >= N_TRAIN + N_STOP)
    with tempfile.TemporaryDirectory() as folder:
        network = new_network(config, seed)
        held = np.arange(len(product)) % 8 == 0
        learn_stage(
            network, product.of(~held, moved=True), product.of(held), Path(folder) / "product",
            epochs=given.product_epochs, seed=seed, learning_rate=2e-3, batch_size=16, identity={},
        )  # fmt: skip
        start = {k: v.clone() for k, v in network.state_dict().items()}
        add(figures, f"{title}, product alone", by_network(network.eval(), test)[0], test)  # type: ignore[arg-type]
        sizes = (
            (N_TRAIN, FEW) if given.ablations == name_of(title) or "all" in title else (N_TRAIN,)
        )
        for n_station in sizes:
            train_on = chips.of(chips.place < n_station, moved=True)
            for way, before in (("two stages", start), ("stations alone", None)):
                if before is None and "all" not in title:
                    continue
                network = new_network(config, seed)
                learn_stage(
                    network, train_on, stop, Path(folder) / f"{n_station} {way}",
                    epochs=given.epochs, seed=seed, batch_size=16, identity={}, start=before,
                    learning_rate=5e-4 if before is not None else 2e-3,
                    layer_decay=0.8 if before is not None else 1.0,
                )  # fmt: skip
                network.eval()
                told = by_network(network, test)[0]  # type: ignore[arg-type]
                add(figures, f"{title}, {n_station} stations, {way}", told, test)
                if before is not None and n_station == N_TRAIN and "all" in title:
                    for sensor in [*inputs.sensors, "scalars"]:
                        gone = test.without(inputs.of_sensor(sensor))
                        told = by_network(network, gone)[0]  # type: ignore[arg-type]
                        add(figures, f"{title}, without {sensor}", told, test)
            trees = grown_trees(chips.of(chips.place < n_station))
            add(figures, f"{title}, {n_station} stations, LightGBM", by_trees(trees, test), test)


def name_of(title: str) -> str:
    return title.partition(": ")[2]


def add(figures: Figures, name: str, told: FloatArray, test: Chips) -> None:
    found = skill_of(told, test.y)
    for what in ("r2", "rmse", "ubrmse"):
        unit = "-" if what == "r2" else "m3 m-3"
        figures.add(f"{name}: {what}", getattr(found, what), unit)
    print(
        f"{name}: R2 {found.r2:.3f}, RMSE {found.rmse:.4f}, ubRMSE {found.ubrmse:.4f}", flush=True
    )


def add_medians(figures: Figures) -> None:
    """Medians and ranges over seeds."""
    found: dict[str, list[float]] = {}
    for row in figures.rows:
        found.setdefault(str(row["name"]).partition(": ")[2], []).append(float(row["value"]))
    for name, values in found.items():
        if len(values) > 1:
            told = f"({min(values):.3f} to {max(values):.3f})"
            figures.add(f"median of {len(values)} seeds: {name}", float(np.median(values)), told)


if __name__ == "__main__":
    main()
