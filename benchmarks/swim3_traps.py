"""APSIM's zero first step, reproduced: which columns stop, here and in the real SWIM3.

231 textures of the triangle in steps of 5 %, four climates, started half-way between LL15 and DUL,
DTMin 0 and 1 min, DUL at 100 and 330 cm: `reference/swim3/texture_scan.parquet`, where the real
SWIM3 ran each for two years. The zero step shows on the first days, so ten are run here.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from _engine_cases import SHARED, climate, settings_of, sites, weather_batch
from _figures import Figures, parser
from engine_speed import columns_of

from rootzone.campaign.model import Soil
from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.batch import run_columns

WEATHERS = ["semiarid_plains", "montane_spring", "humid", "monsoon"]
DAYS = 10


def stopped(textures: pl.DataFrame, psidul_cm: float, dt_min_min: float) -> np.ndarray:
    """Which columns stop within ten days, shape (weather, texture)."""
    weather = weather_batch([climate(name)[:DAYS] for name in WEATHERS], WEATHERS)
    sand, silt = (textures[name].to_numpy().astype(float) for name in ("sand", "silt"))
    batch = sites(sand, silt, weather, limits=Soil(dul_suction_cm=-psidul_cm))
    settings = settings_of("swim3", "apsim", reproduce_traps=True, dt_min_min=dt_min_min)
    report = run_columns(columns_of(batch, settings), settings).report
    status = report[:, batch_kernels.STATUS].reshape(len(WEATHERS), -1)
    return np.asarray(status != layout.OK)


def main() -> None:
    arguments = parser(__doc__).parse_args()
    scan = pl.read_parquet(SHARED / "reference" / "swim3" / "texture_scan.parquet")
    figures = Figures()
    for psidul_cm in (-330, -100):
        for config, dt_min_min in (("default", 0.0), ("dtmin1", 1.0)):
            rows = scan.filter((pl.col("psidul_cm") == psidul_cm) & (pl.col("config") == config))
            textures = rows.select("sand", "silt").unique(maintain_order=True)
            keys = textures.with_row_index("texture").join(rows, on=["sand", "silt"])
            ours = stopped(textures, psidul_cm, dt_min_min)
            where = keys["weather"].replace_strict(WEATHERS, range(len(WEATHERS)))
            early = (keys["status"] == "fail") & (keys["fail_day"].fill_null(10_000) < DAYS)
            real = np.zeros_like(ours)
            real[where.to_numpy(), keys["texture"].to_numpy()] = early.to_numpy()
            name = f"DUL at {-psidul_cm} cm, DTMin {dt_min_min:g} min"
            figures.add(f"{name}: the real SWIM3 stops", int(real.sum()), f"of {real.size}")
            figures.add(f"{name}: ours stops", int(ours.sum()), f"of {real.size}")
            figures.add(f"{name}: both", int((ours & real).sum()), f"of {real.size}")
            figures.add(f"{name}: they differ", int((ours != real).sum()), f"of {real.size}")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
