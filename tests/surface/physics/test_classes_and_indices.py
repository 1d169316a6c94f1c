from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.surface.physics.classes import (
    IGBP,
    class_fractions,
    igbp_from_nlcd,
    prior_of_fractions,
)
from rootzone.surface.physics.indices import fit_edges, ndmi, ndvi, tvdi
from tests.surface.physics.tables import DATA


def test_the_class_table_is_the_one_read_out_of_smap_files() -> None:
    own = {row.igbp: row for row in IGBP}
    table = pl.read_csv(DATA / "smap_r18_class_table_measured.csv")
    for row in table.iter_rows(named=True):
        mine = own[row["igbp"]]
        assert (mine.omega, mine.h) == (row["omega_sca"], row["h_sca"])
        assert mine.omega_dca == row["omega_dca"]
        if row["b_sca"] is not None:
            assert mine.b == row["b_sca"]


def test_albedo_of_the_dual_channel_algorithm_is_the_published_column() -> None:
    # CIMR ATBD, column "SMAP DCA", all 16 classes
    table = pl.read_csv(DATA / "igbp_tables_cimr_atbd.csv")
    own = {row.igbp: row.omega_dca for row in IGBP}
    assert {r["igbp"]: r["omega_smap_dca"] for r in table.iter_rows(named=True)} == {
        code: value for code, value in own.items() if code <= 16
    }


def test_a_mixed_cell_has_the_weighted_mean() -> None:
    # Half grass (h .156, b .130), half crop (.108, .110); fractions need not sum to 1.
    fractions = 0.4 * (class_fractions(np.array(10)) + class_fractions(np.array(12)))
    prior = prior_of_fractions(fractions)
    assert [float(v) for v in prior] == pytest.approx([0.132, 0.05, 0.120])


def test_a_cell_of_no_class_has_no_prior() -> None:
    assert np.isnan(prior_of_fractions(np.zeros((2, 17))).h).all()
    with pytest.raises(RequestError, match="16 classes"):
        prior_of_fractions(np.zeros((2, 16)))


def test_nlcd_codes_find_their_class() -> None:
    assert list(igbp_from_nlcd(np.array([42, 71, 82, 11, 0, 255]))) == [1, 10, 12, 17, 0, 0]


def test_ndvi_of_nothing_is_missing() -> None:
    assert np.isnan(ndvi(np.array([0.0, -0.1]), np.array([0.0, 0.05]))).all()


def test_the_triangle_of_a_scene_is_found_again() -> None:
    # Pixels fill the triangle between 330 - 25 NDVI and 295 K evenly; the outer 5 % of a bin have
    # their mean 2.5 % inside its edges: at most .025 * 35 K = .9 K off.
    rng = np.random.default_rng(2)
    v = rng.uniform(0.1, 0.9, 60_000)
    t = 295.0 + rng.random(v.size) * (35.0 - 25.0 * v)
    edges = fit_edges(t, v)
    assert edges.wet_k == pytest.approx(295.0, abs=0.9)
    assert edges.dry_intercept_k == pytest.approx(330.0, abs=1.0)
    assert edges.dry_slope_k == pytest.approx(-25.0, abs=1.5)
    assert tvdi(np.array(295.0), np.array(0.8), edges) == pytest.approx(0.0, abs=0.08)


def test_a_scene_of_few_pixels_has_no_triangle() -> None:
    with pytest.raises(RequestError, match="three"):
        fit_edges(np.full(20, 300.0), np.linspace(0.1, 0.9, 20))


def test_indices_of_modelled_canopies_are_the_tables() -> None:
    # tests/surface/data/prosail_bands.csv: PROSAIL 2.0.5, bands of Landsat 8, 50 canopies
    table = pl.read_csv(DATA / "prosail_bands.csv")
    told = ndvi(table["red"].to_numpy(), table["nir"].to_numpy())
    np.testing.assert_allclose(told, table["ndvi"].to_numpy(), rtol=1e-12)
    wet, dry = (table.filter(lai=0.01, psoil_dry_share=share) for share in (0.0, 1.0))
    assert ndmi(wet["nir"].to_numpy(), wet["swir1"].to_numpy())[0] < 0
    assert wet["red"][0] < 0.05 < 0.3 < dry["red"][0]  # bare soil brightens as it dries
