"""Quantiles of a soil product, carried into what a soil holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone.campaign.model import MOVED_TEXTURES, Soil
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.hydraulics.pedotransfer import PEDOTRANSFERS
from rootzone.hydraulics.site_layers import by_difference, site_layers, site_quantiles
from rootzone.hydraulics.texture_spread import (
    deviation,
    has_quantiles,
    moved_layers,
    spread_of_layers,
    spread_table,
)
from rootzone.hydraulics.van_genuchten import theta_from_psi

CATALOG = load_catalog([], Path())
SITES = pl.DataFrame({"site_id": [7, 8], "cell_id": [1, 1], "row": [0, 1], "col": [0, 0]})
VALUES = {"sand": 45.0, "silt": 35.0, "clay": 20.0, "bd": 1.4, "om": 2.0,
          "sand_q05": 35.0, "sand_q95": 55.0, "clay_q05": 15.0, "clay_q95": 25.0}  # fmt: skip


class Everywhere:
    """The same soil at every pixel and depth, silt of the second site 1 more."""

    def sample(self, address, row, col):
        name = address.split("/")[1]
        return np.full(row.size, VALUES[name]) + (row if name == "silt" else 0)


def test_quantiles_of_5_and_95_percent_lie_1_645_deviations_off():
    # Normal distribution: 1.6449 standard deviations to either side.
    assert deviation(np.array([35.0]), np.array([55.0])) == pytest.approx(20 / 3.2897, abs=1e-4)
    assert deviation(np.array([55.0]), np.array([35.0])).tolist() == [0.0]  # turned: none


def test_spread_is_that_of_many_draws_to_first_order():
    rng = np.random.default_rng(0)
    n, sd = 20_000, {"sand": np.array([4.0]), "clay": np.array([3.0])}
    mean = {
        "sand_pct": np.array([45.0]),
        "silt_pct": np.array([30.0]),
        "clay_pct": np.array([25.0]),
    }
    told = spread_of_layers(mean, sd, Soil())
    sand, clay = 45 + 4 * rng.standard_normal(n), 25 + 3 * rng.standard_normal(n)
    theta_r, theta_s, alpha, shape, ks = PEDOTRANSFERS["rosetta3"].predict(
        {"sand_pct": sand, "silt_pct": 100 - sand - clay, "clay_pct": clay}
    )
    dul = theta_from_psi(np.full(n, -100.0), theta_r, theta_s, alpha, shape)
    # First order leaves out curvature; 20,000 draws are good to half a percent.
    assert told["dul_sd"][0] == pytest.approx(dul.std(), rel=0.05)
    assert told["log10_ks_sd"][0] == pytest.approx(np.log10(ks).std(), rel=0.1)


def five_soils(sand_sd, clay_sd, mean=(45.0, 30.0, 25.0)):
    """A texture and its four moved ones, by their names, from quantiles of these deviations."""
    half = 3.2897 / 2
    layers = pl.DataFrame({"site_id": [1], "sand_pct": [mean[0]], "silt_pct": [mean[1]],
                           "clay_pct": [mean[2]]})  # fmt: skip
    quantiles = pl.DataFrame(
        {f"{name}_{end}": [value + sign * half * sd]
         for name, value, sd in (("sand", mean[0], sand_sd), ("clay", mean[2], clay_sd))
         for end, sign in (("q05", -1), ("q95", 1))}
    )  # fmt: skip
    return {"own": layers, **moved_layers(layers, quantiles, 10.0)}


def test_moved_textures_have_the_variance_of_their_quantiles():
    # By hand: with the own one five values, sand off by -+ sqrt(2) 4 in two: 2 * 2 * 16 / 4 = 16.
    soils = five_soils(4.0, 3.0)
    assert list(soils)[1:] == list(MOVED_TEXTURES)
    for name, sd in (("sand_pct", 4.0), ("clay_pct", 3.0)):
        values = np.array([frame[name][0] for frame in soils.values()])
        assert values.std(ddof=1) == pytest.approx(sd, rel=1e-4)
    for frame in soils.values():
        assert frame["sand_pct"][0] + frame["silt_pct"][0] + frame["clay_pct"][0] == 100.0


def test_moved_textures_give_a_soil_the_spread_of_many_draws():
    # Five soils against 20,000 (good to half a percent), of what is not linear in texture.
    soils = five_soils(4.0, 3.0)
    rng = np.random.default_rng(1)
    sand, clay = 45 + 4 * rng.standard_normal(20_000), 25 + 3 * rng.standard_normal(20_000)

    def dul(sand, clay):
        known = {"sand_pct": sand, "silt_pct": 100 - sand - clay, "clay_pct": clay}
        theta_r, theta_s, alpha, n, _ = PEDOTRANSFERS["rosetta3"].predict(known)
        return theta_from_psi(np.full(sand.size, -100.0), theta_r, theta_s, alpha, n)

    five = dul(
        *(np.array([f[name][0] for f in soils.values()]) for name in ("sand_pct", "clay_pct"))
    )
    assert five.std(ddof=1) == pytest.approx(dul(sand, clay).std(), rel=0.05)


def test_moved_textures_are_those_of_the_closed_sum_and_stay_in_the_triangle():
    # 44 + 31 + 22 = 97: closed first, so a product without spread gives its own soil four times.
    soils = five_soils(0.0, 0.0, (43.65, 29.1, 24.25))
    for frame in list(soils.values())[1:]:
        assert frame["sand_pct"][0] == pytest.approx(45.0)
        assert frame["clay_pct"][0] == pytest.approx(25.0)
    for frame in five_soils(5.0, 5.0, (99.0, 0.5, 0.5)).values():
        assert frame.select(pl.min_horizontal("sand_pct", "silt_pct", "clay_pct")).item() >= 0.0
    for frame in five_soils(4.0, 3.0, (45.0, 0.0, 25.0)).values():
        assert frame["silt_pct"][0] == 0.0  # 70 %: refused as the site's own is, not mended


def test_no_spread_of_texture_leaves_nothing_open_and_an_edge_stays_inside():
    rows = {"sand_pct": np.array([45.0, 99.0]), "silt_pct": np.array([30.0, 0.5]),
            "clay_pct": np.array([25.0, 0.5])}  # fmt: skip
    none = spread_of_layers(rows, {"sand": np.zeros(2), "clay": np.zeros(2)}, Soil())
    assert all((values == 0).all() for values in none.values())
    wide = spread_of_layers(rows, {"sand": np.full(2, 5.0), "clay": np.full(2, 5.0)}, Soil())
    assert all(np.isfinite(values).all() for values in wide.values())


def test_soilgrids_at_sites_has_a_spread_row_by_row():
    source = CATALOG.source("soilgrids")
    assert has_quantiles(source)
    assert not has_quantiles(CATALOG.source("polaris"))
    layers = site_layers(Everywhere(), "soilgrids", source, SITES, "wosten1999")
    wanted = ["sand_q05", "sand_q95", "clay_q05", "clay_q95"]
    quantiles = site_quantiles(Everywhere(), "soilgrids", source, SITES, wanted)
    table = spread_table(layers, quantiles, Soil(ptf="wosten1999"))
    assert table["site_id"].to_list() == [7] * 6 + [8] * 6
    assert table["sand_sd_pct"].to_list() == pytest.approx([20 / 3.2897] * 12, abs=1e-3)
    assert table["dul_sd"].is_between(0.001, 0.05).all()


def test_organic_matter_of_a_product_that_is_no_logarithm_is_not_raised_to_ten():
    # SoilGrids has 2 %; read as POLARIS's logarithm it would be 100 %.
    layers = site_layers(
        Everywhere(), "soilgrids", CATALOG.source("soilgrids"), SITES, "wosten1999"
    )
    assert layers["om_pct"].unique().to_list() == [2.0]
    assert "log10_om_pct" not in layers.columns
    polaris = site_layers(Everywhere(), "polaris", CATALOG.source("polaris"), SITES, "wosten1999")
    assert "log10_om_pct" in polaris.columns


def test_a_fraction_that_closes_the_sum_is_named():
    part = CATALOG.source("soilgrids").variables["silt"]
    closing = part.model_copy(update={"remainder_of": ("sand", "clay")})
    source = CATALOG.source("soilgrids")
    other = source.model_copy(update={"variables": source.variables | {"silt": closing}})
    assert by_difference(source) == ()
    assert by_difference(other) == ("silt",)
