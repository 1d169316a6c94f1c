"""The differentiable retrieval in made-up provinces: an unseen one, and one's own left-out places.

    python benchmarks/surface_province.py --seeds 3 --out benchmarks/results/surface_province.json

Trains on stations of one province of 72 x 72 km and tests on stations of a drier, sandier one that
it never saw, and, the other way round, on stations left out of the same province. Beside it stand
SCA-V with the class table (of the footprint, as NASA retrieves cells, and with the pixel's own
parameters) and LightGBM on the same inputs. A seed is that of the sensors' noise, the stations'
places and the weights; the provinces stay. Medians of the seeds and their range; ratios and
differences with 95 % bootstrap intervals over the stations of all seeds.

Stations carry an offset of sd .015 and noise of .01 a day, so that truth itself has an RMSE of some
.018 at them; ``truth_rmse`` is against the pixel's own water. The last lines part the error of one
network: water of the footprint (against the true mean around the pixel, bilinear between cells),
the pixel's share of it, and the noise of stations. With --members 3 a row more is the mean of three
networks of other weights, as ``rootzone surface map`` takes it.
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
from rootzone.surface.emission_model.channels import PHYSICAL, channels_of
from rootzone.surface.emission_model.config import RetrievalConfig
from rootzone.surface.emission_model.predict import RetrievedPixels, retrieve_pixels
from rootzone.surface.emission_model.train import PointSamples, new_network, train_retrieval
from rootzone.surface.grids.aggregate import spread
from rootzone.surface.physics.classes import (
    class_fractions,
    prior_of_fractions,
    stems_kg_m2,
    vegetation_water_kg_m2,
)
from rootzone.surface.physics.retrieve import Scene, porosity_from_bulk_density, retrieve_scav
from rootzone.surface.worlds.look import INCIDENCE_DEG, cell_means, yearly_ndvi_range
from rootzone.surface.worlds.province import (
    CELL_PX,
    UNSEEN,
    Province,
    ProvinceSettings,
    make_province,
)
from rootzone.surface.worlds.samples import (
    Looks,
    StationTable,
    at_stations,
    cells_grid,
    columns_of_days,
    look_at,
)

PARTS = ("footprint's water", "share inside it", "both", "noise of stations")
FIGURES = ("r", "rmse", "ubrmse", "bias", "station_r", "station_ubrmse", "truth_rmse")
Told = dict[str, FloatArray]
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
    parser.add_argument("--consistency-weight", type=float, default=0.0)
    parser.add_argument("--members", type=int, default=1)
    parser.add_argument("--cache", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    provinces = [kept(s, chosen.cache) for s in (ProvinceSettings(), UNSEEN)]
    rows: dict[str, list[dict[str, float]]] = {}
    errors: dict[str, list[FloatArray]] = {}
    split: dict[str, list[FloatArray]] = {}
    for seed in range(chosen.seeds):
        config = RetrievalConfig(
            prior_weight=chosen.prior_weight, consistency_weight=chosen.consistency_weight
        )
        found_all = one_seed(provinces, seed, chosen.epochs, config, chosen.members)
        for where, (told, table, part, parted) in found_all.items():
            split.setdefault(where, []).append(parted)
            for model, theta in told.items():
                name = f"{where}: {model}"
                found = figures(theta, table, part)
                rows.setdefault(name, []).append(found)
                errors.setdefault(name, []).append(station_errors(theta, table, part))
                print(seed, name, {k: round(v, 4) for k, v in found.items()}, flush=True)
    table_ = {name: summary(found) for name, found in rows.items()}
    print(f"\n{'':44}" + "".join(f"{name:>24}" for name in FIGURES))
    for name, one in table_.items():
        cells = (f"{m:.4f} ({low:.4f}..{high:.4f})" for m, low, high in one.values())
        print(f"{name:44}" + "".join(f"{cell:>24}" for cell in cells))
    for where, parts in split.items():
        each = [f"{name} {' '.join(f'{v:.4f}' for v in by_seed)}"
                for name, by_seed in zip(PARTS, np.array(parts).T, strict=True)]  # fmt: skip
        print(f"{where}: RMS of the parts of a network's error, by seed: {'; '.join(each)}")
    for line in compared({name: np.concatenate(found) for name, found in errors.items()}):
        print(line)
    if chosen.out:
        chosen.out.parent.mkdir(parents=True, exist_ok=True)
        settings = {k: str(v) for k, v in vars(chosen).items() if k not in ("out", "cache")}
        chosen.out.write_text(json.dumps({"settings": settings, "table": table_}, indent=1) + "\n")


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
    provinces: list[Province], seed: int, epochs: int, config: RetrievalConfig, members: int
) -> dict[str, tuple[Told, StationTable, AnyArray, FloatArray]]:
    looks = [look_at(province, seed) for province in provinces]
    own, other = (at_stations(look) for look in looks)
    order = np.random.default_rng(seed).permutation(48)
    validate, test = np.isin(own.place, order[:8]), np.isin(own.place, order[8:24])
    everywhere = np.ones(other.theta.size, bool)
    out = {}
    for where, train, table, look, rows in (
        ("unseen province", ~validate, other, looks[1], everywhere),
        ("left out of the same province", ~validate & ~test, own, looks[0], test),
    ):
        cells = unlabelled(look) if config.consistency_weight > 0.0 else None
        retrieved = []
        for member in range(members):
            with tempfile.TemporaryDirectory() as folder:
                network, _ = train_retrieval(
                    points(own, train), points(own, validate), Path(folder), config=config,
                    epochs=epochs, seed=seed + 100 * member, unlabelled=cells,
                )  # fmt: skip
            retrieved.append(retrieve_pixels(network, table.channels))
        trees = lightgbm.train(TREES, lightgbm.Dataset(inputs(own)[train], own.theta[train]), 400)
        both = np.column_stack([inputs(own), sca(own, config, seed)])
        with_sca = lightgbm.train(TREES, lightgbm.Dataset(both[train], own.theta[train]), 400)
        scav = sca(table, config, seed)
        there = np.column_stack([inputs(table), scav])
        told = {
            "SCA-V": scav, "SCA-V of the pixel": by_pixel(look, table),
            "differentiable": retrieved[0].theta,
            "LightGBM": np.asarray(trees.predict(inputs(table))),
            "LightGBM + SCA-V": np.asarray(with_sca.predict(there)),
            "perfect 9 km field": perfect(look.province, table),
        }  # fmt: skip
        if members > 1:
            mean = np.mean([pixels.theta for pixels in retrieved], axis=0)
            told[f"mean of {members} differentiable"] = mean
        parted = error_parts(look, table, retrieved[0], rows)
        out[where] = ({name: theta[rows] for name, theta in told.items()}, table, rows, parted)
    return out


def by_pixel(looks: Looks, table: StationTable) -> FloatArray:
    """SCA-V with the class table's parameters of the pixel alone, from the same brightness."""
    land, at = looks.province, (table.row, table.col)
    prior = prior_of_fractions(class_fractions(land.igbp))
    first = int((land.dates[0] - np.datetime64("1970-01-01")).astype(int))
    ndvi = looks.ndvi[table.date - first, table.row, table.col].astype(np.float64)
    most, least = yearly_ndvi_range(land.igbp)
    vwc = vegetation_water_kg_m2(
        ndvi, stems_kg_m2(land.igbp)[at], most[at], np.minimum(least, 0.2)[at]
    )
    read = {name: table.channels[PHYSICAL.index(name)] for name in ("tb_v", "teff_k")}
    porosity = porosity_from_bulk_density(land.bulk_density_g_cm3[at])
    scene = Scene(read["teff_k"], land.clay_pct[at], prior.h[at], prior.omega[at],
                  prior.b[at] * np.maximum(vwc, 0.0), INCIDENCE_DEG, porosity)  # fmt: skip
    return retrieve_scav(read["tb_v"], scene).theta


def error_parts(
    looks: Looks, table: StationTable, told: RetrievedPixels, rows: AnyArray
) -> FloatArray:
    """Root mean squares of the parts of a retrieval's error, in the order of `PARTS` [m3 m-3]."""
    land = looks.province
    means = cell_means(land.theta["0_5cm"][looks.smap.day].astype(np.float64))
    around = spread(means, cells_grid(land), land.grid, "bilinear")
    first = int((land.dates[0] - np.datetime64("1970-01-01")).astype(int))
    look = np.searchsorted(looks.smap.day, table.date - first)
    footprint = around[look, table.row, table.col]
    seen = told.theta_seen - footprint
    whole = told.theta - table.truth
    parts = (seen, whole - seen, whole, table.theta - table.truth)
    return np.array([np.sqrt(np.mean(part[rows] ** 2)) for part in parts])


def unlabelled(looks: Looks) -> torch.Tensor:
    """Every pixel of all cells without a station, on twelve days, shape (cell, channel, pixel)."""
    days = np.linspace(0, looks.smap.day.size - 1, 12).round().astype(int)
    channels = channels_of(
        {name: np.broadcast_to(v, (days.size, *looks.province.grid.shape)) if v.ndim else v
         for name, v in columns_of_days(looks, days).items()}
    )  # fmt: skip
    n, size = channels.shape[0], looks.province.grid.height // CELL_PX
    cut = channels.reshape(n, days.size, size, CELL_PX, size, CELL_PX).transpose(1, 2, 4, 0, 3, 5)
    cells = cut.reshape(days.size, size * size, n, CELL_PX**2)
    taken = looks.stations.row // CELL_PX * size + looks.stations.col // CELL_PX
    free = cells[:, np.setdiff1d(np.arange(size * size), taken)].reshape(-1, n, CELL_PX**2)
    whole = free[np.isfinite(free).all(axis=(1, 2))]
    return torch.from_numpy(np.ascontiguousarray(whole))


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
        "truth_rmse": skill_of(np.asarray(theta), table.truth[rows]).rmse,
    }  # fmt: skip


def station_errors(theta: AnyArray, table: StationTable, rows: AnyArray) -> FloatArray:
    """Samples, squared error, squared error against truth and ubRMSE of every station."""
    off, wrong = theta - table.theta[rows], theta - table.truth[rows]
    place = table.place[rows]
    return np.array([
        [(place == p).sum(), (off[place == p] ** 2).sum(), (wrong[place == p] ** 2).sum(),
         off[place == p].std()]
        for p in np.unique(place)
    ])  # fmt: skip


def compared(errors: dict[str, FloatArray]) -> list[str]:
    """RMSE over SCA-V's, and ubRMSE of the median station less LightGBM's, with intervals."""
    lines, rng = [], np.random.default_rng(0)
    for where in ("unseen province", "left out of the same province"):
        mine, trees = (errors[f"{where}: {name}"] for name in ("differentiable", "LightGBM"))
        draws = [rng.integers(0, len(mine), len(mine)) for _ in range(2000)]
        for name in ("SCA-V", "SCA-V of the pixel", "LightGBM", "LightGBM + SCA-V"):
            rival = errors[f"{where}: {name}"]
            for column, what in ((1, "RMSE"), (2, "RMSE against truth")):
                ratio = [np.sqrt(mine[d, column].sum() / rival[d, column].sum()) for d in draws]
                low, high = np.quantile(ratio, [0.025, 0.975])
                whole = np.sqrt(mine[:, column].sum() / rival[:, column].sum())
                lines.append(f"{where}: {what} over that of {name}: {whole:.3f} "
                             f"({low:.3f} to {high:.3f})")  # fmt: skip
        apart = [np.median(mine[d, 3]) - np.median(trees[d, 3]) for d in draws]
        low, high = np.quantile(apart, [0.025, 0.975])
        whole = np.median(mine[:, 3]) - np.median(trees[:, 3])
        lines.append(f"{where}: median station's ubRMSE less LightGBM's: {whole:+.4f} "
                     f"({low:+.4f} to {high:+.4f})")  # fmt: skip
    return lines


def summary(rows: list[dict[str, float]]) -> dict[str, tuple[float, float, float]]:
    """Median, least and largest of the seeds."""
    out = {}
    for name in FIGURES:
        values = np.array([row[name] for row in rows])
        out[name] = (float(np.median(values)), float(values.min()), float(values.max()))
    return out


if __name__ == "__main__":
    main()
