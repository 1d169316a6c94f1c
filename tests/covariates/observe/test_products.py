"""Real product files, read, and the skill of products at eight real stations."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.skill import skill_of, triple_collocation
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.observe.cell_series import distance_km, read_cell_series
from tests.surface.physics.tables import DATA

CATALOG = load_catalog([], Path())
FILES = {
    "era5_land_series/theta_0_7cm": ("ERA5_LAND_V20190904_0165.nc", "era5land_swvl1"),
    "gldas_series/theta_0_10cm": ("GLDAS_NOAH025_3H_2_1_0165.nc", "gldas_0_10cm"),
    "gldas_series/theta_40_100cm": ("GLDAS_NOAH025_3H_2_1_0165.nc", "gldas_40_100cm"),
    "c3s_series/theta": ("C3S_V202505_0165.nc", "c3s_combined"),
    "smap_l3_series/theta_am": ("SMAP_V9_AM_PM_0165.nc", "smap_l3_am"),
    "smap_l3_series/theta_pm": ("SMAP_V9_AM_PM_0165.nc", "smap_l3_pm"),
}


@pytest.fixture(scope="module")
def hawaii(shared: Path) -> pl.DataFrame:
    return pl.read_parquet(shared / "realdata/surface/hawaii_multi/hawaii_daily.parquet")


def column(frame: pl.DataFrame, name: str) -> FloatArray:
    return frame[name].cast(pl.Float64).fill_null(np.nan).to_numpy()


@pytest.mark.parametrize("product", sorted(FILES))
@pytest.mark.parametrize("station", ["Kainaliu", "SilverSword"])
def test_series_are_those_of_an_independent_reading(
    shared: Path, hawaii: pl.DataFrame, product: str, station: str
) -> None:
    # The derived table of realdata/surface; these two stations lie well inside the files' cells.
    name, wanted = FILES[product]
    one = hawaii.filter(pl.col("station") == station).sort("date")
    path = shared / "realdata/surface/hawaii_multi" / name
    series = read_cell_series(path, CATALOG.layer(product), one["lon"][0], one["lat"][0])
    mine = dict(zip(series.date.tolist(), series.theta.tolist(), strict=True))
    told = np.array([mine.get(day, np.nan) for day in one["date"].dt.date()])
    np.testing.assert_allclose(told, column(one, wanted), atol=1e-9)


def test_a_file_of_another_region_is_refused(shared: Path) -> None:
    path = shared / "realdata/surface/hawaii_multi/C3S_V202505_0165.nc"
    with pytest.raises(RequestError, match="own 5 degrees"):
        read_cell_series(path, CATALOG.layer("c3s_series/theta"), -100.0, 40.0)
    with pytest.raises(RequestError, match="variable swvl1"):
        read_cell_series(path, CATALOG.layer("era5_land_series/theta_0_7cm"), -155.5, 19.7)


def test_a_degree_of_latitude_is_111_km() -> None:
    # 6371 km * pi / 180 = 111.195 km
    assert float(distance_km(0.0, 0.0, np.array(0.0), np.array(1.0))) == pytest.approx(
        111.195, abs=1e-3
    )


def test_skill_of_products_at_real_stations_is_the_table(hawaii: pl.DataFrame) -> None:
    table = pl.read_csv(DATA / "hawaii_products_skill.csv")
    for row in table.iter_rows(named=True):
        if row["product"] not in hawaii.columns:
            continue  # ASCAT, whose licence keeps it out of the derived table
        one = hawaii.filter(pl.col("station") == row["station"])
        skill = skill_of(column(one, row["product"]), column(one, "insitu_sm_5cm"), least_pairs=1)
        assert skill.n == row["n"]
        assert (skill.r, skill.bias, skill.rmse, skill.ubrmse) == pytest.approx(
            (row["R"], row["bias"], row["rmse"], row["ubrmse"]), abs=1e-6
        )


def test_triple_collocation_at_real_stations_is_the_table(hawaii: pl.DataFrame) -> None:
    # Errors of negative variance carry a minus sign there; four of eight stations have one.
    table = pl.read_csv(DATA / "hawaii_triple_collocation.csv")
    negative = 0
    for row in table.iter_rows(named=True):
        one = hawaii.filter(pl.col("station") == row["station"])
        series = (column(one, n) for n in ("insitu_sm_5cm", "era5land_swvl1", "smap_l3_am"))
        found = triple_collocation(*series)
        signed = [np.sign(v) * np.sqrt(abs(v)) for v in found.variance]
        assert signed == pytest.approx(
            [row["err_insitu"], row["err_era5land"], row["err_smap_am"]], abs=1e-6
        )
        negative += found.n_negative > 0
    assert negative == 4
