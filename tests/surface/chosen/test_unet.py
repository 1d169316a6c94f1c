"""The U-Net as a candidate: windows of samples and whole maps say the same."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.networks.families.unet import receptive_radius_px
from rootzone.surface.chosen.unet import (
    HALO_PX,
    SIDE_PX,
    STRIDE_PX,
    WINDOW,
    FittedUNet,
    UNet,
    cut_windows,
    shape_of,
)
from rootzone.surface.select.graph import image

BANDS = ("wet_around", "noise")
ROW, COL = np.array([0, 3, 7, 12, 20, 13, 22, 5]), np.array([0, 8, 3, 20, 12, 5, 22, 15])


def days(n: int = 40) -> list[dict[str, np.ndarray]]:
    rng = np.random.default_rng(0)
    return [{name: rng.normal(size=(23, 23)) for name in BANDS} for _ in range(n)]


def samples_of(fields: list[dict[str, np.ndarray]]) -> pl.DataFrame:
    """Water content is told by the pixel to the east alone."""
    frames = []
    for k, field in enumerate(fields):
        cut = cut_windows(np.stack([field[n] for n in BANDS]), ROW, COL)
        east = np.pad(field["wet_around"], ((0, 0), (0, 1)))[ROW, COL + 1]
        frames.append(pl.DataFrame({
            "station": [f"s{k}" for k in range(ROW.size)], "row": ROW, "col": COL,
            "theta": 0.2 + 0.05 * np.tanh(east),
            WINDOW: pl.Series(cut.reshape(ROW.size, -1), dtype=pl.Array(pl.Float32, cut[0].size)),
        }).with_columns(date=pl.lit(dt.date(2022, 5, 1) + dt.timedelta(days=k))))  # fmt: skip
    return pl.concat(frames)


@pytest.fixture(scope="module")
def fitted() -> FittedUNet:
    return UNet(BANDS, steps=50).fit(samples_of(days(20)), 0)


def test_the_halo_holds_what_the_network_sees() -> None:
    shape = shape_of(2)
    assert shape.stride_px == STRIDE_PX
    assert receptive_radius_px(shape) <= HALO_PX
    assert HALO_PX % STRIDE_PX == 0


def test_it_learns_what_only_a_neighbour_tells(fitted: FittedUNet) -> None:
    fresh = samples_of(days(60)[40:])
    told, theta = fitted.predict(fresh), fresh["theta"].to_numpy()
    # Of the pixel's own bands nothing can be told, so R would be 0 without its neighbour.
    assert np.corrcoef(told, theta)[0, 1] > 0.7


def test_a_station_is_told_what_its_pixel_on_the_map_is_told(fitted: FittedUNet) -> None:
    field = days(1)[0]
    field["noise"][7, 3] = np.nan
    on_map = fitted.on_map(field)
    assert on_map.shape == (23, 23)
    told = fitted.predict(samples_of([field]))
    np.testing.assert_allclose(told, on_map[ROW, COL], atol=1e-6)
    assert np.isnan(told[2])  # its own band is missing
    assert np.isfinite(on_map).sum() == 23 * 23 - 1


def test_kept_and_read_again_it_says_the_same_under_a_band_of_its_own(
    fitted: FittedUNet, tmp_path: Path
) -> None:
    fitted.write(tmp_path / "unet.safetensors")
    again = FittedUNet.read(tmp_path / "unet.safetensors", BANDS)
    field = days(1)[0]
    np.testing.assert_array_equal(again.on_map(field), fitted.on_map(field))
    assert again.band == fitted.band
    # Its graph is its band; where no image holds it there is none.
    assert fitted.graph({again.band: image("x").select(again.band)}) is not None
    assert fitted.graph({"theta_unet_00000000": image("x").select("a")}) is None


def test_windows_are_cut_on_the_lattice() -> None:
    field = np.arange(23.0 * 23.0).reshape(1, 23, 23)
    cut = cut_windows(field, ROW, COL)
    assert cut.shape == (8, 1, SIDE_PX, SIDE_PX)
    at = cut[np.arange(8), 0, HALO_PX + ROW % 2, HALO_PX + COL % 2]
    np.testing.assert_array_equal(at, field[0, ROW, COL])
    assert np.isnan(cut[0, 0, :HALO_PX]).all()  # north of the rim
    # A day on which no station is thawed has no window, of the same shape.
    assert cut_windows(field, ROW[:0], COL[:0]).shape == (0, 1, SIDE_PX, SIDE_PX)


def test_too_few_stations_are_told() -> None:
    with pytest.raises(RequestError, match="unet: 3 stations are too few"):
        UNet(BANDS).fit(samples_of(days(2)).filter(pl.col("station") < "s3"), 0)
