"""Sentinel-1 against a RISMA station: random days and whole years held out, side by side.

    python benchmarks/surface_risma.py [--json]

Reads ../shared/realdata/surface/risma_s1: 208 looks at one station in Manitoba, 2016 to 2021, with
its water content of 0-5 cm [%]; zeros are frozen or missing and are left out. One station has the
radar, so what can be held out is a year.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from _figures import Figures, parser

from rootzone._shared.skill import skill_of
from rootzone.surface.select.candidates import Ridge, Trees

SHARED = Path(__file__).resolve().parents[2] / "shared"
TABLE = SHARED / "realdata/surface/risma_s1/Sentinel-1-Prep.csv"
SAR, ALL = ("vv_db", "vh_db"), ("vv_db", "vh_db", "Prep", "sin_day", "cos_day")


def main() -> None:
    given = parser(__doc__).parse_args()
    raw = pl.read_csv(TABLE, try_parse_dates=True)
    year = 2.0 * np.pi * pl.col("Date").dt.ordinal_day() / 365.25
    samples = raw.with_columns(
        theta=pl.col("RISMA 0 to 5 cm Depth Average WFV (%)") / 100.0,
        vv_db=10.0 * pl.col("VV").log10(), vh_db=10.0 * pl.col("VH").log10(),
        sin_day=year.sin(), cos_day=year.cos(), station=pl.lit("risma"), date=pl.col("Date"),
    ).filter(pl.col("theta") > 0.0, pl.col("vv_db").is_finite())  # fmt: skip
    samples = samples.drop_nulls([*ALL, "theta"])
    figures, n = Figures(), samples.height
    figures.add("looks with a value", n, "-")
    folds = {
        "random tenths of looks": np.random.default_rng(0).permutation(n) % 10,
        "one year at a time": samples["Date"].dt.year().to_numpy(),
    }
    for name, columns in (("SAR", SAR), ("SAR, rain, season", ALL)):
        for model in (Trees(f"trees, {name}", columns), Ridge(f"ridge, {name}", columns)):
            for held, fold in folds.items():
                told = np.full(n, np.nan)
                for one in np.unique(fold):
                    fitted = model.fit(samples.filter(fold != one), 1)
                    told[fold == one] = fitted.predict(samples.filter(fold == one))
                found = skill_of(told, samples["theta"].to_numpy())
                figures.add(f"{model.name}; held out: {held}: R2", found.r2, "-")
                figures.add(f"{model.name}; held out: {held}: RMSE", found.rmse, "m3 m-3")
    figures.show(as_json=given.json)


if __name__ == "__main__":
    main()
