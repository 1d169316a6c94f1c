"""Products of surface moisture at real stations, and our retrieval where real brightness meets one.

    python benchmarks/surface_stations.py

Reads ../shared/realdata. First eight SCAN stations on Hawaii (surface/hawaii_multi): their own 5 cm
series, and SMAP L3, ERA5-Land, GLDAS and C3S over them, 2017-2018, with triple collocation. A
product is good at a station where R is at least 0.5 and above that of the station's seasonal
climatology of the other year, and good altogether where its median over stations is. "None" may be
the answer.

Then the two real half orbits of SMAP (surface/smap_l2, 11 August 2015): every USCRN and SCAN
station with a value at 5 cm on that day whose 36 km cell was seen, beside SCA-V, SCA-H and DCA of
ours and NASA's. One day gives no R; the table says how many stations there are.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone._shared.skill import median_interval, skill_of, triple_collocation
from rootzone.covariates.observe.ease import ease_grid
from rootzone.covariates.observe.smap_l2 import read_smap_l2
from rootzone.surface.physics.retrieve import retrieve_dca, retrieve_scah, retrieve_scav
from rootzone.surface.samples.smap_scene import scene_of

PRODUCTS = ("smap_l3_am", "smap_l3_pm", "era5land_swvl1", "gldas_0_10cm", "c3s_combined")
REAL = Path(__file__).resolve().parents[2] / "shared" / "realdata"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=REAL)
    folder = parser.parse_args().folder
    hawaii(pl.read_parquet(folder / "surface" / "hawaii_multi" / "hawaii_daily.parquet"))
    brightness_at_stations(folder)


def hawaii(frame: pl.DataFrame) -> None:
    """Products at eight stations."""
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


def brightness_at_stations(folder: Path) -> None:
    """Our retrievals and NASA's in the cells that hold a station with a value on the day."""
    seen = folder / "uscrn" / "uscrn_conus_daily_2009_2024.parquet"
    scan = folder / "surface" / "scan_s1_landsat" / "scan_s1_landsat8_2015_2019.parquet"
    places = pl.concat([
        pl.scan_parquet(seen).select(
            "date", pl.col("station").cast(pl.String), "lat", "lon", theta=pl.col("sm_005")
        ).collect(),
        pl.read_parquet(scan).select(
            "date", station=pl.col("scan_site").cast(pl.String), lat=pl.col("lat").cast(pl.Float32),
            lon=pl.col("lon").cast(pl.Float32), theta=pl.col("ssm_m3_m3").cast(pl.Float32),
        ),
    ]).filter(pl.col("theta").is_not_null())  # fmt: skip
    print("\nwhere real brightness meets a real station")
    met = 0
    for path in sorted((folder / "surface" / "smap_l2").glob("*.h5")):
        half = read_smap_l2(path)
        scene, value = scene_of(half), half.values
        ours = {
            "sca_v": retrieve_scav(value["tb_v_corrected"], scene).theta,
            "sca_h": retrieve_scah(value["tb_h_corrected"], scene).theta,
            "dca": retrieve_dca(value["tb_h_corrected"], value["tb_v_corrected"], scene).theta,
        }
        day = half.time[~np.isnat(half.time)][0].astype("datetime64[D]").item()
        cells = {
            (int(r), int(c)): k for k, (r, c) in enumerate(zip(half.row, half.col, strict=True))
        }
        here = places.filter(pl.col("date").cast(pl.Date) == day)
        for one in here.iter_rows(named=True):
            row, col = ease_grid(half.nominal_km).row_col_of_lon_lat(one["lon"], one["lat"])
            k = cells.get((int(row), int(col)))
            if k is None or not np.isfinite(ours["sca_v"][k]):
                continue
            met += 1
            told = ", ".join(
                f"{name} {theta[k]:.3f} (NASA {value['theta_' + name][k]:.3f})"
                for name, theta in ours.items()
            )
            water = "water in the cell" if half.surface_flag[k] & 0b11 else "no water flag"
            print(f"{one['station']:22} {day} station {one['theta']:.3f}; {told}; {water}")
        print(f"{path.name}: {here.height} stations have a value at 5 cm on {day}")
    print(f"cells with both: {met}; too few for a table of skill, so none is good or bad by it")


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
