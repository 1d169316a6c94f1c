"""Extents, their quadkeys, and the specification of 27 channels."""

from __future__ import annotations

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.extents.channels import LATE_NUMBERS, SURFACE_SPEC
from rootzone.surface.extents.clusters import find_clusters
from rootzone.surface.extents.extents import extents, extents_table, window_of
from rootzone.surface.extents.score import psnr_db, ssim
from rootzone.surface.extents.vectors import LEGEND_OF, NAMES

GRID = MasterGrid("EPSG:5070", 30.0, -760005.0, 1930005.0, 6 * 64, 5 * 64)


def test_the_channels_are_the_notes_27_and_the_late_ones_where_the_network_expects_them() -> None:
    # science note, 3.1: 27 channels; ndvi 19, nlcd 12, red 15, green 16, blue 17.
    assert len(SURFACE_SPEC) == 27
    assert LATE_NUMBERS == (19, 12, 15, 16, 17)
    # 46 shares, mean and sd of height, four seasons, twelve soil layers (3.2).
    assert len(NAMES) == 64
    assert len(LEGEND_OF) == 46


def test_two_stations_of_a_tile_share_an_extent_and_one_at_the_rim_has_none() -> None:
    # By hand, 6 tiles across: (70, 70) and (100, 100) in tile 7, (200, 200) in 21, (5, 5) in 0.
    row = np.array([70, 5, 100, 200])
    found = extents(GRID, ["a", "rim", "b", "c"], row, row)
    assert found.tile.tolist() == [7, 21]
    assert found.of_station.tolist() == [0, -1, 0, 1]
    assert found.said == (
        "rim lies in tile 0 at the rim of the grid; 3 x 3 whole tiles do not fit",
    )
    window = window_of(GRID, 7)
    assert (window.row, window.col, window.shape) == (0, 0, (192, 192))
    table = extents_table(GRID, ["a", "rim", "b", "c"], found)
    assert table["tiles"][0].to_list() == [0, 1, 2, 6, 7, 8, 12, 13, 14]
    assert all(len(key) == 14 for key in table["quadkey14"])
    assert table["quadkey12"].to_list() == [key[:12] for key in table["quadkey14"]]


def test_a_grid_without_an_inner_tile_is_refused() -> None:
    small = MasterGrid("EPSG:5070", 30.0, -760005.0, 1930005.0, 128, 128)
    with pytest.raises(RequestError, match="the grid has 2 x 2"):
        extents(small, ["a"], np.array([70]), np.array([70]))


def test_two_kinds_of_extents_are_found_by_their_vectors() -> None:
    rng = np.random.default_rng(3)
    kind = np.arange(24) % 2
    vectors = rng.random((24, 64)) * 0.05
    vectors[:, 6] += kind == 0  # one climate class or another
    vectors[:, 25] += kind == 1
    vectors[:, 52:] += kind[:, None]  # and soils
    vectors[:, 48] = np.nan  # a season without files
    _, labels = find_clusters(vectors, NAMES, legend_of=LEGEND_OF, most=4, least_members=5)
    assert len({(k, label) for k, label in zip(kind, labels, strict=True)}) == 2


def test_psnr_and_ssim_at_values_known_by_hand() -> None:
    target = np.full((24, 24), 0.2)
    # An offset of .1 is 20 dB; of two flat fields only the first factor of SSIM is left:
    # (2 x .3 x .2 + 1e-4) / (.09 + .04 + 1e-4).
    told = np.full((24, 24), 0.3)
    assert psnr_db(told, target) == pytest.approx(20.0)
    assert ssim(told, target) == pytest.approx(0.1201 / 0.1301, rel=1e-6)
    gaps = told.copy()
    gaps[0, 0] = np.nan
    assert psnr_db(gaps, target) == pytest.approx(20.0)
    assert ssim(gaps, target) == pytest.approx(0.1201 / 0.1301, rel=1e-6)
