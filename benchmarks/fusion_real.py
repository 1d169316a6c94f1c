"""The two-layer chain on real products, as far as the files at hand reach.

    python benchmarks/fusion_real.py [--json]

Reads ../shared/realdata. Landsat and MODIS temperature at Yanco are fused and held against MODIS of
the day. Copernicus SSM (1 km, north-east Spain, three days, one of them empty) is
averaged to cells of 0.25 degree and brought back by trees on the soil water index of 1 km: scored
against itself, pixel by pixel. GLDAS (one image of 2016-01-01) is scored at USCRN stations, and
GLDAS, C3S and ERA5-Land series at eight SCAN stations of Hawaii, before and after trees on the
stations' residual, stations left out. There are no fine fields over the stations and no daily
images over Spain, so no file goes through the whole chain.
"""

from __future__ import annotations

from pathlib import Path

import lightgbm
import numpy as np
import polars as pl
import rasterio
from _figures import Figures, parser

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.skill import skill_of
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.observe.gridded import GriddedField, read_gridded
from rootzone.surface.fusion import estarfm
from rootzone.surface.fusion.downscale import DownscaleSettings, conserved, fit_downscaler
from rootzone.surface.grids.aggregate import spread, weights
from rootzone.surface.grids.cell_grid import CellGrid

REAL = Path(__file__).resolve().parents[2] / "shared" / "realdata"
HAWAII = {"GLDAS 0-10 cm": "gldas_0_10cm", "C3S": "c3s_combined", "ERA5-Land": "era5land_swvl1"}


def main() -> None:
    given = parser(__doc__).parse_args()
    figures = Figures()
    yanco(figures)
    spain(figures)
    uscrn(figures)
    hawaii(figures)
    figures.show(as_json=given.json)


def field(path: Path, address: str) -> GriddedField:
    """One variable of a file."""
    return read_gridded(path, load_catalog([], Path()).layer(address))


def yanco(figures: Figures) -> None:
    """Landsat and MODIS temperature: both forms against MODIS of the day, with both settings."""

    def image(name: str) -> FloatArray:
        with rasterio.open(REAL / "surface" / "lst_fusion" / name) as file:
            return np.ma.filled(file.read(1, masked=True).astype(np.float64), np.nan)

    pairs = [
        (image(f"Landsat_LST_cloudrm_{day}.tif"), image(f"MOD11A1_LST_cloudrm_{day}.tif"))
        for day in ("20160205", "20160308")
    ]
    today = image("MOD11A1_LST_cloudrm_20160218.tif")
    authors = {"similarity_sd": 1.0, "sd_block_px": 200}
    for name, settings in {"own settings": {}, "the authors' settings": authors}.items():
        for form in (False, True):
            made = estarfm(pairs, today, bounds=(0.0, 1e4), unbiased=form, **settings)
            figures.add(
                f"Yanco LST, {'unbiased' if form else 'plain'}, {name}: bias against MODIS",
                float(np.nanmean(made - today)),
                "K",
                "<= 0.05" if form else None,
            )


def spain(figures: Figures) -> None:
    """Copernicus SSM, from 0.25 degree back to 1 km."""
    folder = REAL / "surface" / "cgls_ssm1km"
    days = sorted(folder.glob("c_gls_SSM1km_*.nc"))
    fine = []
    for path in days:
        try:
            fine.append(field(path, "ssm_1km/saturation"))
        except RequestError as error:  # the satellite did not pass that day
            print(error)
    index = [
        field(next(folder.glob("c_gls_SWI1km_*.nc")), f"swi_1km/saturation_t{t}").values[0]
        for t in (5, 40)
    ]
    grid = CellGrid.of_centres(fine[0].lon, fine[0].lat)
    step = 0.25
    cells = CellGrid(
        step * np.floor(grid.west / step), step * np.ceil(grid.north / step), step, 17, 17
    )
    share = weights(grid, cells)
    truth = np.stack([one.values[0] for one in fine])
    seen = [share.mean(day) for day in truth]
    product = np.stack([np.where(part > 0.3, mean, np.nan) for mean, part in seen])
    # What differs between the index and its cell's mean is news at 1 km; both go in.
    ones = [np.stack([*index, np.full(grid.shape, float(k))]) for k in range(len(fine))]
    settings = DownscaleSettings(least_in_leaf=10, stop_after=30)
    trees = fit_downscaler(
        ("swi_t5", "swi_t40", "day"), lambda k: ones[k], product, share, settings
    )
    told = np.stack([trees.at(one)[0] for one in ones])
    coarse = np.stack([spread(one, cells, grid, "bilinear") for one in product])
    back = np.stack(
        [conserved(t, p, share, cells, grid) for t, p in zip(told, product, strict=True)]
    )
    for name, one in (("0.25 degree", coarse), ("trees", told), ("trees, conserved", back)):
        both = np.isfinite(one) & np.isfinite(coarse) & np.isfinite(told) & np.isfinite(truth)
        skill = skill_of(one[both], truth[both])
        figures.add(f"SSM1km, {name}, {skill.n} pixel-days: PCC", skill.r, "-")
        figures.add(f"SSM1km, {name}: RMSE", skill.rmse, "share of saturation")


def uscrn(figures: Figures) -> None:
    """GLDAS of a day at USCRN stations: 0-10 cm against the mean of 5 and 10 cm."""
    image = field(next((REAL / "surface" / "gldas").glob("*.nc4")), "gldas_moisture/theta_0_10cm")
    grid = CellGrid.of_centres(image.lon, image.lat)
    frame = pl.read_parquet(REAL / "uscrn" / "uscrn_conus_daily_2009_2024.parquet")
    frame = frame.with_columns(pl.col("date").cast(pl.Date), pl.col("station").cast(pl.String))
    month = frame.filter(pl.col("date").is_between(pl.date(2015, 12, 3), pl.date(2016, 1, 1)))
    rain = month.group_by("station").agg(
        pl.col("rain_mm").sum().alias("rain_30d"),
        pl.col("rain_mm").filter(pl.col("date") > pl.date(2015, 12, 25)).sum().alias("rain_7d"),
    )
    soils = pl.read_parquet(REAL / "soils" / "soils_at_stations.parquet")
    top = (
        soils.filter((pl.col("network") == "USCRN") & (pl.col("depth_cm") <= 10))
        .group_by("station").agg(pl.col("sand_pct").mean(), pl.col("clay_pct").mean())
    )  # fmt: skip
    day = (
        month.filter(pl.col("date") == pl.date(2016, 1, 1)).join(rain, on="station")
        .join(top, on="station", how="left")
        .with_columns(pl.mean_horizontal("sm_005", "sm_010").alias("theta"))
        .filter(pl.col("theta").is_finite() & (pl.col("st_005_c") > 1.0)).sort("station")
    )  # fmt: skip
    row, col = grid.row_col_of_lon_lat(day["lon"].to_numpy(), day["lat"].to_numpy())
    told = image.values[0][row, col]
    names = ("sand_pct", "clay_pct", "rain_7d", "rain_30d", "tavg_c")
    x = np.column_stack([told, *(column(day, name) for name in names)])
    before_after(figures, "GLDAS 2016-01-01, USCRN", x, day["theta"].to_numpy(), np.arange(len(x)))


def hawaii(figures: Figures) -> None:
    """Series of two years at eight stations, one left out at a time."""
    frame = pl.read_parquet(REAL / "surface" / "hawaii_multi" / "hawaii_daily.parquet")
    frame = frame.sort("station", "date").with_columns(
        *(
            pl.col("rain_mm").fill_null(0.0).rolling_sum(n, min_samples=1).over("station")
            .alias(f"rain_{n}d") for n in (1, 7, 30)
        ),
        (2 * np.pi * pl.col("date").dt.ordinal_day() / 365.25).sin().alias("sin_day"),
        (2 * np.pi * pl.col("date").dt.ordinal_day() / 365.25).cos().alias("cos_day"),
    )  # fmt: skip
    names = ("rain_1d", "rain_7d", "rain_30d", "elev_m", "sin_day", "cos_day")
    for name, of in HAWAII.items():
        here = frame.filter(pl.col(of).is_finite() & pl.col("insitu_sm_5cm").is_finite())
        x = np.column_stack([column(here, n) for n in (of, *names)])
        place = np.unique(here["station"].to_numpy(), return_inverse=True)[1]
        before_after(figures, f"{name}, Hawaii", x, column(here, "insitu_sm_5cm"), place)


def before_after(
    figures: Figures, name: str, x: FloatArray, theta: FloatArray, place: FloatArray
) -> None:
    """The product as it is, and with trees on the residual of the other stations."""
    known = np.isfinite(x[:, 0]) & np.isfinite(theta)
    x, theta, place = x[known], theta[known], place[known]
    after = np.full(theta.size, np.nan)
    settings = DownscaleSettings(leaves=15, least_in_leaf=20).of_trees()
    folds = place % 10
    for fold in np.unique(folds):
        held = folds == fold
        data = lightgbm.Dataset(x[~held], (theta - x[:, 0])[~held])
        after[held] = x[held, 0] + lightgbm.train(settings, data, 100).predict(x[held])
    n = np.unique(place).size
    for what, told in (("before", x[:, 0]), ("after, stations left out", after)):
        skill = skill_of(told, theta)
        figures.add(f"{name}, {what} ({n} stations, {skill.n}): PCC", skill.r, "-")
        figures.add(f"{name}, {what}: RMSE", skill.rmse, "m3 m-3")
        figures.add(f"{name}, {what}: bias", skill.bias, "m3 m-3")


def column(frame: pl.DataFrame, name: str) -> FloatArray:
    return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


if __name__ == "__main__":
    main()
