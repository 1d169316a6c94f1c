"""What sensors see of a province, against the noise that is stated."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone.surface.physics.bare_soil import db_from_linear
from rootzone.surface.worlds.look import (
    TB_NOISE_K,
    cell_means,
    coarse_model,
    ndvi_product,
    radar,
    radiometer,
    stations,
    surface_temperature_k,
    true_ndvi,
)
from tests.surface.chain.quick_province import quick_province

PROVINCE = quick_province()
NDVI = true_ndvi(PROVINCE)


def test_two_looks_at_one_land_differ_by_the_stated_noise() -> None:
    # Each carries 1.3 K a cell; temperature's own draw is the same in both, by the same seed.
    one = radiometer(PROVINCE, NDVI, np.random.default_rng(1))
    again = radiometer(PROVINCE, NDVI, np.random.default_rng(1))
    assert np.array_equal(one.tb_v, again.tb_v)
    # H and V of one look share everything but noise, soil and canopy: cells of one day scatter
    # at least by the noise of the difference of two cells.
    apart = np.diff(one.tb_v[:, 0, :2], axis=1).std()
    assert apart > TB_NOISE_K
    assert one.tb_v.mean() > one.tb_h.mean() + 10.0


def test_cell_means_are_means_of_nine_by_nine() -> None:
    field = np.arange(36.0 * 36.0).reshape(36, 36)
    assert cell_means(field)[0, 0] == field[:9, :9].mean()
    assert cell_means(field).shape == (4, 4)


def test_radar_rises_with_water_and_falls_with_the_angle() -> None:
    seen = radar(PROVINCE, NDVI, np.random.default_rng(2))
    vv = db_from_linear(seen.vv)
    theta = PROVINCE.theta["0_2cm"][seen.day]
    near = seen.incidence_deg == 34.0
    r = [np.corrcoef(vv[near, 5, c], theta[near, 5, c])[0, 1] for c in range(0, 36, 6)]
    assert np.median(r) > 0.5
    assert vv[near].mean() > vv[~near].mean()
    assert -25.0 < vv.mean() < -5.0


def test_the_coarse_product_has_its_gain_and_bias() -> None:
    told = coarse_model(PROVINCE, "0_5cm", np.random.default_rng(3), cells_px=36)
    truth = PROVINCE.theta["0_5cm"].mean(axis=(1, 2), dtype=np.float64)
    gain, _ = np.polyfit(truth, told[:, 0, 0], 1)
    # Gain .85 and bias .03 are put in; noise of sd .02 that lasts leaves this much room.
    assert gain == pytest.approx(0.85, abs=0.35)
    assert told.mean() - truth.mean() == pytest.approx(0.03, abs=0.02)


def test_clouds_hide_a_quarter_and_vegetation_is_a_composite() -> None:
    lst = surface_temperature_k(PROVINCE, NDVI, np.random.default_rng(4))
    assert np.isnan(lst).mean() == pytest.approx(0.25, abs=0.05)  # there is no rain in it
    product = ndvi_product(PROVINCE, NDVI, np.random.default_rng(5))
    # In the middle of its 16 days a composite is their mean, with noise of .02.
    assert (product[8] - NDVI[:16].mean(axis=0)).std() == pytest.approx(0.02, rel=0.1)


def test_stations_carry_an_offset_each_and_little_noise() -> None:
    seats = stations(PROVINCE, 60, np.random.default_rng(6))
    off = seats.theta - PROVINCE.theta["0_5cm"][:, seats.row, seats.col]
    assert np.nanmean(off, axis=0).std() == pytest.approx(0.015, rel=0.35)
    assert np.nanmedian(np.nanstd(off, axis=0)) == pytest.approx(0.01, rel=0.15)
