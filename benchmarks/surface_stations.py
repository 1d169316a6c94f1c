"""Products of surface moisture at eight real SCAN stations on Hawaii, with triple collocation.

    python benchmarks/surface_stations.py

Reads ../shared/realdata/surface/hawaii_multi: the stations' own 5 cm series, and SMAP L3,
ERA5-Land, GLDAS and C3S over them, 2017-2018. A product is good at a station where R is at least
0.5 and above that of the station's seasonal climatology of the other year, and good altogether
where its median over stations is. "None" may be the answer.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone._shared.skill import median_interval, skill_of, triple_collocation

PRODUCTS = ("smap_l3_am", "smap_l3_pm", "era5land_swvl1", "gldas_0_10cm", "c3s_combined")
FOLDER = Path(__file__).resolve().parents[2] / "shared" / "realdata" / "surface" / "hawaii_multi"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=FOLDER)
    frame = pl.read_parquet(parser.parse_args().folder / "hawaii_daily.parquet")
    figures: dict[str, list[tuple[float, float]]] = {
        name: [] for name in (*PRODUCTS, "climatology")
    }
    good = 0
    for (station,), part in frame.group_by("station", maintain_order=True):
        one = part.sort("date")
        seen = column(one, "insitu_sm_5cm")
        usual = skill_of(climatology(one["date"].to_numpy(), seen), seen)
        figures["climatology"].append((usual.r, usual.ubrmse))
        told = [f"climatology R {usual.r:.2f}"]
        for name in PRODUCTS:
            skill = skill_of(column(one, name), seen)
            figures[name].append((skill.r, skill.ubrmse))
            good += skill.r >= 0.5 and skill.r > np.nan_to_num(usual.r, nan=-1.0)
            told.append(f"{name} {skill.r:.2f}/{skill.ubrmse:.3f} (n {skill.n})")
        three = (column(one, n) for n in ("insitu_sm_5cm", "era5land_swvl1", "smap_l3_am"))
        found = triple_collocation(*three)
        errors = ", ".join("negative" if np.isnan(e) else f"{e:.3f}" for e in found.error_sd)
        print(
            f"{station:12} {'; '.join(told)}\n{'':12} errors of station, ERA5-Land, SMAP: {errors}"
        )
    rng = np.random.default_rng(0)
    print("\nmedian over stations (95 %)")
    for name, pairs in figures.items():
        r, ub = (median_interval([p[k] for p in pairs], rng) for k in (0, 1))
        ends = [f"{m:.3f} ({low:.3f}..{high:.3f})" for m, low, high in (r, ub)]
        print(f"{name:16} R {ends[0]}  ubRMSE {ends[1]}")
    medians = {n: np.nanmedian([p[0] for p in figures[n]]) for n in PRODUCTS}
    whole = [name for name, r in medians.items() if r >= 0.5]
    print(f"good at single stations: {good} of {len(PRODUCTS) * len(figures['climatology'])}")
    print(f"good altogether: {', '.join(whole) or 'none is good'}")


def column(frame: pl.DataFrame, name: str) -> FloatArray:
    return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


def climatology(date: np.ndarray, theta: FloatArray) -> FloatArray:
    """Mean of the other year's days within 15 of the day of the year."""
    day = date.astype("datetime64[D]")
    year = day.astype("datetime64[Y]")
    doy = (day - year).astype(int)
    out = np.full(theta.size, np.nan)
    for k in range(theta.size):
        apart = np.abs(doy - doy[k])
        near = (np.minimum(apart, 365 - apart) <= 15) & (year != year[k]) & np.isfinite(theta)
        if near.sum() >= 5:
            out[k] = theta[near].mean()
    return out


if __name__ == "__main__":
    main()
