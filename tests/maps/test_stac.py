"""Catalog items and colours."""

from __future__ import annotations

import hashlib
import json
import xml.etree.ElementTree as ET
from itertools import pairwise
from pathlib import Path

import pytest
from pyproj import Transformer

from rootzone.maps.stac import footprint_lon_lat, multihash_sha256, stac_item, write_stac_item
from rootzone.maps.style import COLOURS, qgis_style
from tests.maps.small_maps import OneMap, write_one_map


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> OneMap:
    return write_one_map(tmp_path_factory.mktemp("maps"), side=(600, 520))


@pytest.fixture
def item(one: OneMap) -> dict:
    return stac_item(one.files, *one.specs, {"rootzone:digest": "abc"})


def test_the_item_has_every_field_the_specification_requires(item: dict) -> None:
    # STAC item specification 1.0.0, table of item fields.
    required = {"type", "stac_version", "id", "geometry", "bbox", "properties", "links", "assets"}
    assert required <= set(item)
    assert item["type"] == "Feature"
    assert item["stac_version"] == "1.0.0"


def test_a_null_datetime_comes_with_start_and_end(item: dict) -> None:
    # STAC 1.0.0: datetime may be null only where start_datetime and end_datetime are given.
    assert item["properties"]["datetime"] is None
    assert item["properties"]["start_datetime"] == "2023-07-15T00:00:00Z"
    assert item["properties"]["end_datetime"] == "2023-07-15T23:59:59Z"


def test_every_prefix_in_use_has_its_extension_declared(item: dict) -> None:
    names = {"proj": "projection", "raster": "raster", "file": "file", "eo": "eo"}
    keys = set(item["properties"]) | {k for asset in item["assets"].values() for k in asset}
    used = {key.split(":")[0] for key in keys if ":" in key} - {"rootzone"}
    declared = {url.split("/")[3] for url in item["stac_extensions"]}
    assert {names[prefix] for prefix in used} == declared


def test_the_checksum_is_a_sha256_multihash_of_the_file(one: OneMap, item: dict) -> None:
    # Multihash: code 0x12 for SHA-256, length 0x20, then the 32 bytes.
    expected = "1220" + hashlib.sha256(one.files.theta.read_bytes()).hexdigest()
    assert item["assets"]["theta"]["file:checksum"] == expected
    assert item["assets"]["theta"]["file:size"] == one.files.theta.stat().st_size


def test_the_checksum_of_no_bytes_is_the_known_one(tmp_path: Path) -> None:
    # FIPS 180-4 test vector: SHA-256 of the empty message.
    (tmp_path / "empty").write_bytes(b"")
    assert multihash_sha256(tmp_path / "empty") == (
        "1220e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def test_the_projection_fields_place_the_pixels(one: OneMap, item: dict) -> None:
    properties = item["properties"]
    assert properties["proj:epsg"] == 5070
    assert properties["proj:shape"] == [520, 600]
    assert properties["proj:transform"] == [30.0, 0.0, one.grid.left, 0.0, -30.0, one.grid.top]


def test_raster_bands_carry_what_turns_numbers_into_water_content(item: dict) -> None:
    band = item["assets"]["theta"]["raster:bands"][0]
    assert (band["data_type"], band["scale"], band["nodata"]) == ("uint16", 1e-4, 65535)


def test_the_footprint_is_closed_anticlockwise_and_inside_the_bbox(one: OneMap, item: dict) -> None:
    ring = footprint_lon_lat(one.grid)
    assert ring[0] == ring[-1]
    # Shoelace formula: a positive area is anticlockwise (RFC 7946, section 3.1.6).
    area = sum(x0 * y1 - x1 * y0 for (x0, y0), (x1, y1) in pairwise(ring))
    assert area > 0
    west, south, east, north = item["bbox"]
    back = Transformer.from_crs("EPSG:5070", "EPSG:4326", always_xy=True)
    left, bottom, right, top = one.grid.bounds_m
    for x, y in ((left, bottom), (right, top), ((left + right) / 2, top)):
        lon, lat = back.transform(x, y)
        assert west - 1e-4 <= lon <= east + 1e-4
        assert south - 1e-4 <= lat <= north + 1e-4


def test_the_written_item_is_plain_json(item: dict, tmp_path: Path) -> None:
    path = tmp_path / "item.stac.json"
    write_stac_item(path, item)
    written = json.loads(path.read_text())
    assert len(written.pop("seal")) == 32
    assert written == item


def test_the_style_runs_from_brown_at_0_to_blue_at_0_45() -> None:
    style = ET.fromstring(qgis_style().split("\n", 1)[1])  # noqa: S314 - our own text
    ramp = style.findall(".//item")
    assert [float(entry.get("value", "")) for entry in ramp] == [theta for theta, _ in COLOURS]
    assert (ramp[0].get("value"), ramp[-1].get("value")) == ("0", "0.45")
    dry, wet = (
        tuple(int(c[i : i + 2], 16) for i in (1, 3, 5)) for _, c in (COLOURS[0], COLOURS[-1])
    )
    assert dry[0] > dry[2]  # red over blue: brown
    assert wet[2] > wet[0]  # blue over red
