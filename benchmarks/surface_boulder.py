"""DeepSoil's surface half over the Boulder cut, with the real files there are, by its own verbs.

Real: elevation (SRTM), climate classes (Kottek), the weather of USCRN Boulder 14 W, and that
station's own 5 cm readings, which lie outside the cut and are told so. Made up, because no real
file covers the cut: soil texture and land cover (as in scripts/run_real.py), the target and the
other stations. The real Landsat scene, leaf area and SMAP half orbits of ``realdata`` are of other
places; what the verbs say of them is printed. Figures tell that the chain works, and nothing about
Boulder.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from datetime import date
from pathlib import Path

import numpy as np
import polars as pl
from click.testing import CliRunner

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))
import _real_inputs as inputs

from rootzone._cli import cli
from rootzone._shared.arrays import FloatArray
from rootzone._shared.seeds import stream
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.worlds.write_extents import bucket, write_fields

YEAR, EVERY = 2023, 8
RAW = "CRND0103-{year}-CO_Boulder_14_W.txt"
SCENE = "LC08_L2SP_008059_20191201_20200825_02_T1"
BIAS = {71: 0.035, 52: 0.02, 42: -0.03}  # of the made-up target, by land cover
CAMPAIGN = f"""\
name: boulder-surface
description: Real terrain, climate and weather; made-up soil, land cover, target and stations
region:
  bounds_lonlat_deg: [{", ".join(str(side) for side in inputs.BOX)}]
years: [{YEAR}]
catalog:
  files: [catalog.yaml]
  climate_class: koppen_colorado
  elevation: srtm
weather: {{pet: apsim}}
surface:
  system: deepsoil
  seeds: [0]
  dates: [{YEAR}-05-09, {YEAR}-08-13]
  stations: [stations_made_up.csv, {RAW.format(year=YEAR)}]
  deepsoil:
    composite: landsat/{SCENE}
    lai: null
    smap: null
    widths: [8, 16, 32, 64]
    clusters: one
    days_per_extent: 4
    monthly_epochs: 2
    daily_epochs: 4
    monthly_rate: 0.003
    daily_rate: 0.002
"""


def call(*words: str) -> str:
    """A verb, as a user types it; what it said."""
    print(f"$ rootzone {' '.join(words)}", flush=True)
    told = CliRunner().invoke(cli, list(words))
    print(told.output, flush=True)
    if told.exit_code:
        raise SystemExit(f"it ended with {told.exception}")
    return str(told.output)


def make_inputs(real: Path, folder: Path) -> None:
    """Real files where the catalog looks for them, and the made-up ones beside."""
    table, forcing = folder / "boulder_14_w.parquet", folder / "boulder_14_w.forcing.parquet"
    raw = [str(real / "uscrn" / "raw" / RAW.format(year=y)) for y in (YEAR - 2, YEAR - 1, YEAR)]
    call("stations", *raw, "--out", str(table), "--forcing", str(forcing))
    inputs.write_inputs(real, folder / "data", forcing, [YEAR - 1, YEAR])
    (folder / "data" / "landsat").mkdir(exist_ok=True)
    for path in (real / "landsat").glob(f"{SCENE}_*.TIF"):
        shutil.copyfile(path, folder / "data" / "landsat" / path.name)
    shutil.copyfile(raw[-1], folder / RAW.format(year=YEAR))
    (folder / "campaign.yaml").write_text(CAMPAIGN)


def make_target(folder: Path, stations: int) -> None:
    """A bucket of 50 mm with each pixel's soil and the real weather; target and stations of it."""
    land = OpenExtents(OpenSurface.of(folder / "campaign.yaml"))
    grid = land.grid
    names = ("theta_r", "theta_s", "n", "log10_ksat_cm_h", "nlcd", "elevation_m")
    low, high, n, log_ks, cover, height = land.physical_land(grid.full_window, names)
    frame = pl.read_parquet(folder / "weather" / f"weather_{YEAR}.parquet")
    mean = frame.group_by("date").agg(pl.col("rain_mm", "pet_mm").mean()).sort("date")
    shade = np.where(cover == 42, 0.7, 1.0)
    soil = (low, high, n, 240.0 * 10.0**log_ks)
    truth = bucket(soil, shade, mean["rain_mm"].to_list(), mean["pet_mm"].to_list())
    rng, told = stream(1), []
    inner = np.zeros(grid.shape, bool)
    inner[64:-64, 64:-64] = True
    row, col = np.nonzero(inner & np.isfinite(low) & np.isfinite(height))
    seat = rng.choice(row.size, stations, replace=False)
    row, col = row[seat], col[seat]
    days: list[date] = mean["date"].to_list()
    bias = np.select([cover == code for code in BIAS], list(BIAS.values()), 0.0)
    for number, (day, theta) in enumerate(zip(days, truth, strict=True)):
        if number % EVERY == 0 and 3 <= day.month <= 11:
            path = folder / "data/surface/target" / f"made_up_{day:%Y%m%d}.tif"
            write_fields(path, grid, {"theta": np.clip(theta + bias, 0.02, 0.6)})
            told.append(_readings(grid, row, col, day, theta, rng))
    pl.concat(told).write_csv(folder / "stations_made_up.csv")


def _readings(
    grid: MasterGrid, row: FloatArray, col: FloatArray, day: date, theta: FloatArray,
    rng: np.random.Generator,
) -> pl.DataFrame:  # fmt: skip
    lon, lat = grid.lon_lat(row, col)
    noise = 0.008 * rng.standard_normal(row.size)
    return pl.DataFrame(
        {"network": ["made-up"] * row.size, "station": [f"M{k:02d}" for k in range(row.size)],
         "date": [day.isoformat()] * row.size, "lat": lat.round(6), "lon": lon.round(6),
         "depth_m": [0.05] * row.size,
         "theta": np.clip(theta[row, col] + noise, 0.0, 0.6).round(4).astype(float)}
    )  # fmt: skip


def main() -> None:
    """Run it all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("real", type=Path, help="folder of real files, such as ../shared/realdata")
    parser.add_argument("--folder", type=Path, default=Path(".boulder"))
    parser.add_argument("--stations", type=int, default=20)
    args = parser.parse_args()
    folder: Path = args.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    file = str(folder / "campaign.yaml")
    if not (folder / "stations_made_up.csv").is_file():
        make_inputs(args.real, folder)
        call("forcing", file)
        call("surface", "inputs", file, "--every", str(EVERY))
        make_target(folder, args.stations)
    for verb in ("plan", "train", "evaluate", "map"):
        call("surface", verb, file)
    call("surface", "point", file, "40.15", "-105.45", f"{YEAR}-05-09")
    for path in sorted((args.real / "surface" / "smap_l2").glob("*.h5"))[:1]:
        call("surface", "observe", str(path))


if __name__ == "__main__":
    main()
