"""The differentiable retrieval in made-up provinces: an unseen one, and one's own left-out places.

    python benchmarks/surface_province.py --seeds 3 --out benchmarks/results/surface_province.json

Trains on stations of one province of 72 x 72 km and tests on stations of a drier, sandier one that
it never saw, and, the other way round, on stations left out of the same province. Beside it stand
SCA-V with the class table, and LightGBM on the same inputs. A seed is that of the sensors' noise,
the stations' places and the weights; the provinces stay. Medians of the seeds, and their range.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import joblib
import lightgbm
import numpy as np
import torch

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.skill import skill_of
from rootzone.surface.emission_model.channels import PHYSICAL
from rootzone.surface.emission_model.parameters import RetrievalConfig
from rootzone.surface.emission_model.predict import retrieve_pixels
from rootzone.surface.emission_model.train import PointSamples, new_network, train_retrieval
from rootzone.surface.worlds.look import cell_means
from rootzone.surface.worlds.province import UNSEEN, Province, ProvinceSettings, make_province
from rootzone.surface.worlds.samples import StationTable, at_stations, look_at

FIGURES = ("r", "rmse", "ubrmse", "bias", "station_r", "station_ubrmse")
TREES = {
    "objective": "l2", "num_leaves": 31, "learning_rate": 0.03, "min_data_in_leaf": 20,
    "feature_fraction": 0.8, "bagging_fraction": 0.8, "bagging_freq": 1, "num_threads": 1,
    "force_row_wise": True, "verbose": -1, "seed": 1,
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--prior-weight", type=float, default=1e-3)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    provinces = [kept(s, chosen.cache) for s in (ProvinceSettings(), UNSEEN)]
    rows: dict[str, list[dict[str, float]]] = {}
    for seed in range(chosen.seeds):
        config = RetrievalConfig(prior_weight=chosen.prior_weight)
        for name, figures in one_seed(provinces, seed, chosen.epochs, config).items():
            rows.setdefault(name, []).append(figures)
            print(seed, name, {k: round(v, 4) for k, v in figures.items()}, flush=True)
    table = {name: summary(found) for name, found in rows.items()}
    print(f"\n{'':34}" + "".join(f"{name:>24}" for name in FIGURES))
    for name, figures in table.items():
        cells = (f"{m:.4f} ({low:.4f}..{high:.4f})" for m, low, high in figures.values())
        print(f"{name:34}" + "".join(f"{cell:>24}" for cell in cells))
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        settings = {k: str(v) for k, v in vars(chosen).items() if k not in ("out", "cache")}
        chosen.out.write_text(json.dumps({"settings": settings, "table": table}, indent=1) + "\n")


def kept(settings: ProvinceSettings, folder: Path) -> Province:
    """The province, simulated once and kept in a folder of the machine."""
    path = folder / f"province_{settings.seed}_{settings.side_km}.joblib"
    if not path.exists():
        began = time.process_time()
        joblib.dump(make_province(settings), path)
        print(f"province {settings.seed}: {time.process_time() - began:.0f} s of CPU", flush=True)
    found: Province = joblib.load(path)
    return found


def one_seed(
    provinces: list[Province], seed: int, epochs: int, config: RetrievalConfig
) -> dict[str, dict[str, float]]:
    own, other = (at_stations(look_at(province, seed)) for province in provinces)
    order = np.random.default_rng(seed).permutation(48)
    validate, test = np.isin(own.place, order[:8]), np.isin(own.place, order[8:24])
    out = {}
    for where, train, table, rows in (
        ("unseen province", ~validate, other, np.ones(other.theta.size, bool)),
        ("left out of the same province", ~validate & ~test, own, test),
    ):
        scav = retrieve_pixels(new_network(config, seed), table.channels[:, rows]).theta
        with tempfile.TemporaryDirectory() as folder:
            network, _ = train_retrieval(
                points(own, train), points(own, validate), Path(folder), config=config,
                epochs=epochs, seed=seed,
            )  # fmt: skip
        told = retrieve_pixels(network, table.channels[:, rows]).theta
        trees = lightgbm.train(TREES, lightgbm.Dataset(inputs(own)[train], own.theta[train]), 400)
        both = np.column_stack([inputs(own), sca(own, config, seed)])
        with_sca = lightgbm.train(TREES, lightgbm.Dataset(both[train], own.theta[train]), 400)
        there = np.column_stack([inputs(table), sca(table, config, seed)])[rows]
        for name, theta in (
            ("SCA-V", scav),
            ("differentiable", told),
            ("LightGBM", trees.predict(inputs(table)[rows])),
            ("LightGBM + SCA-V", with_sca.predict(there)),
        ):
            out[f"{where}: {name}"] = figures(theta, table, rows)
    limit = perfect(provinces[1], other)
    out["unseen province: perfect 9 km field"] = figures(limit, other, np.ones(limit.size, bool))
    return out


def points(table: StationTable, rows: AnyArray) -> PointSamples:
    return PointSamples(table.channels[:, rows], table.theta[rows], table.date[rows],
                        table.place[rows])  # fmt: skip


def inputs(table: StationTable) -> FloatArray:
    """What the retrieval sees, as columns: brightness, temperature, vegetation, covariates."""
    rows = [PHYSICAL.index(name) for name in ("tb_v", "tb_h", "teff_k", "vwc_kg_m2")]
    return np.vstack([table.channels[rows], table.channels[len(PHYSICAL) :]]).T


def sca(table: StationTable, config: RetrievalConfig, seed: int) -> FloatArray:
    return retrieve_pixels(new_network(config, seed), table.channels).theta


def perfect(province: Province, table: StationTable) -> FloatArray:
    """The true mean of the 9 km around each sample: what no radiometer of 9 km can beat."""
    cells = cell_means(province.theta["0_5cm"].astype(np.float64))
    first = int((province.dates[0] - np.datetime64("1970-01-01")).astype(int))
    row, col = table.row // 9, table.col // 9
    return np.asarray(cells[table.date - first, row, col])


def figures(theta: AnyArray, table: StationTable, rows: AnyArray) -> dict[str, float]:
    observed, place = table.theta[rows], table.place[rows]
    all_ = skill_of(np.asarray(theta), observed)
    each = [skill_of(theta[place == p], observed[place == p]) for p in np.unique(place)]
    return {
        "r": all_.r, "rmse": all_.rmse, "ubrmse": all_.ubrmse, "bias": all_.bias,
        "station_r": float(np.nanmedian([s.r for s in each])),
        "station_ubrmse": float(np.nanmedian([s.ubrmse for s in each])),
    }  # fmt: skip


def summary(rows: list[dict[str, float]]) -> dict[str, tuple[float, float, float]]:
    """Median, least and largest of the seeds."""
    out = {}
    for name in FIGURES:
        values = np.array([row[name] for row in rows])
        out[name] = (float(np.median(values)), float(values.min()), float(values.max()))
    return out


if __name__ == "__main__":
    main()
