from __future__ import annotations

import numpy as np
import pytest
import torch

from rootzone.surface.physics.bare_soil import (
    Sigma0,
    baghdadi2016,
    db_from_linear,
    dubois1995,
    ks_of_rms,
    linear_from_db,
    oh1992,
    oh2004,
)
from rootzone.surface.physics.water_cloud import Canopy, soil_under_cloud, water_cloud
from tests.surface.physics.tables import columns

SAR = ("f_ghz", "theta_deg", "rms_cm", "ks", "mv", "eps_re", "eps_im")


def held(told: Sigma0, model: str, *channels: str) -> None:
    for channel in channels:
        (expected,) = columns("sar_bare_soil_db", f"{model}_{channel}")
        value = told.vh if channel == "hv" else getattr(told, channel)
        # The table is written to 6 decimals, its ks too.
        np.testing.assert_allclose(db_from_linear(value), expected, atol=2e-4)


def test_bare_soil_models_give_the_table() -> None:
    # PMarzahn/sense 6c7ee57a for three of them; Baghdadi from the paper's equations
    f, angle, rms, ks, mv, re, im = columns("sar_bare_soil_db", *SAR)
    np.testing.assert_allclose(ks_of_rms(rms, f * 1e9), ks, rtol=1e-5)
    held(oh2004(mv, ks, angle), "oh04", "vv", "hh", "hv")
    held(baghdadi2016(mv, ks, angle), "baghdadi16", "vv", "hh", "hv")
    held(oh1992(re, im, ks, angle), "oh92", "vv", "hh", "hv")
    held(dubois1995(re, ks, angle, f * 1e9), "dubois", "vv", "hh")


def test_theory_and_the_fits_agree_on_the_order_of_magnitude() -> None:
    # I2EM with an exponential correlation: the semi-empirical models lie within 6 dB of it in VV.
    angle, rms, mv, vv = columns("i2em_db", "theta_deg", "rms_cm", "mv", "i2em_vv_db")
    (f,) = columns("i2em_db", "f_ghz")
    own = db_from_linear(oh2004(mv, ks_of_rms(rms, f * 1e9), angle).vv)
    exponential = np.array([row == "exp15" for row in _acf()])
    c_band = exponential & (f > 5) & (rms >= 1.0)
    assert c_band.any()
    assert np.abs(own - vv)[c_band].max() < 6.0


def _acf() -> list[str]:
    import polars as pl

    from tests.surface.physics.tables import DATA

    return pl.read_csv(DATA / "i2em_db.csv")["acf"].to_list()


def test_the_water_cloud_gives_the_table() -> None:
    angle, ndvi, soil_db, a, b, total = columns(
        "water_cloud_db", "theta_deg", "ndvi", "soil_db", "A", "B", "total_db"
    )
    told = water_cloud(linear_from_db(soil_db), ndvi, angle, (a, b))
    np.testing.assert_allclose(db_from_linear(told), total, atol=1e-9)
    np.testing.assert_allclose(
        db_from_linear(soil_under_cloud(told, ndvi, angle, (a, b))), soil_db, atol=1e-9
    )


def test_without_vegetation_the_soil_is_seen() -> None:
    assert water_cloud(np.array(0.05), np.array(0.0), 38.0, Canopy(0.1, 0.5)) == pytest.approx(0.05)


def test_tensors_give_what_arrays_give() -> None:
    mv, ks = np.linspace(0.05, 0.29, 9), np.linspace(0.3, 3.0, 9)
    for model in (oh2004, baghdadi2016):
        arrays = model(mv, ks, 38.0)
        tensors = model(torch.from_numpy(mv), torch.from_numpy(ks), 38.0)
        for array, tensor in zip(arrays, tensors, strict=True):
            assert tensor is not None
            np.testing.assert_allclose(tensor.numpy(), array, rtol=1e-12)
    cloud = water_cloud(torch.from_numpy(mv), torch.from_numpy(ks) / 3, 38.0, Canopy(0.1, 0.5))
    np.testing.assert_allclose(
        cloud.numpy(), water_cloud(mv, ks / 3, 38.0, Canopy(0.1, 0.5)), rtol=1e-12
    )
