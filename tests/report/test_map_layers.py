from __future__ import annotations

import base64
import zlib
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from rootzone._shared.errors import RequestError
from rootzone.report.map_layers import codes_of, map_files, packed, read_small, small_shape


def _unpacked(text: str, shape: tuple[int, int]) -> np.ndarray:
    """What the page's script does: inflate, then add up each row modulo 256."""
    flat = np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)
    return (np.cumsum(flat.reshape(shape).astype(np.int64), axis=1) % 256).astype(np.uint8)


def test_packed_bytes_come_back_as_they_were() -> None:
    codes = np.random.default_rng(1).integers(0, 256, (7, 11)).astype(np.uint8)
    assert np.array_equal(_unpacked(packed(codes), codes.shape), codes)


def test_codes_are_steps_from_low_to_high_and_255_where_nothing_is_known() -> None:
    # 250 steps of 0.0025 up to 0.625: 0.25 is step 100; what lies beyond is cut.
    codes = codes_of(np.array([0.0, 0.25, 0.625, 0.9, -0.1, np.nan]), 0.0, 0.625)
    assert codes.tolist() == [0, 100, 250, 250, 0, 255]


def test_a_constant_layer_is_no_division_by_zero() -> None:
    assert codes_of(np.array([2.0, np.nan]), 2.0, 2.0).tolist() == [0, 255]


def test_a_map_is_averaged_by_whole_pixels() -> None:
    # 1300 px in at most 600 need steps of 3 px: ceil(1000 / 3), ceil(1300 / 3).
    assert small_shape(1000, 1300, 600) == (334, 434)
    assert small_shape(200, 300, 600) == (200, 300)


def test_maps_are_found_by_their_names_alone(tmp_path: Path) -> None:
    for name in ("theta_0500mm_20230715.tif", "theta_0200mm_20230815.tif",
                 "theta_0200mm_20230715.tif", "theta_0200mm_20230715.flags.tif", "trust.tif",
                 "theta_0200mm.nc", "theta_62p5mm_20230715.tif"):  # fmt: skip
        (tmp_path / name).touch()
    found = [(m.depth_mm, m.day) for m in map_files(tmp_path)]
    july, august = date(2023, 7, 15), date(2023, 8, 15)
    assert found == [(62.5, july), (200.0, july), (200.0, august), (500.0, july)]


def test_averages_leave_out_pixels_without_a_value_and_apply_the_scale(tmp_path: Path) -> None:
    stored = np.full((4, 4), 2000, dtype=np.uint16)
    stored[:2, :2] = [[3000, 65535], [65535, 65535]]
    stored[2:, 2:] = 65535
    path = tmp_path / "theta_0200mm_20230715.tif"
    with rasterio.open(
        path, "w", driver="GTiff", width=4, height=4, count=1, dtype="uint16", nodata=65535,
        crs="EPSG:5070", transform=from_origin(0, 120, 30, 30),
    ) as file:  # fmt: skip
        file.write(stored, 1)
        file.scales = (1e-4,)
        file.units = ("m3 m-3",)
    small = read_small(path, 2)
    # Mean of the one known pixel, of four of 0.2, of four of 0.2, of none.
    expected = np.array([[0.3, 0.2], [0.2, np.nan]])
    np.testing.assert_allclose(small.bands[0], expected, rtol=1e-12)
    assert small.full == (4, 4)
    assert small.units == ["m3 m-3"]


def test_a_broken_map_is_named(tmp_path: Path) -> None:
    path = tmp_path / "theta_0200mm_20230715.tif"
    path.write_text("no map")
    with pytest.raises(RequestError, match="cannot be read as a map"):
        read_small(path, 600)
