"""Files of a map: valid, described, and whole or not there."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rio_cogeo import cog_info, cog_validate

from rootzone._shared.digests import digest_file
from rootzone._shared.provenance import read_provenance
from rootzone.covariates.grid import Window
from rootzone.maps.map_spec import theta_spec
from rootzone.maps.names import MapFiles, depth_name
from rootzone.maps.write_cog import cog_writer
from tests.maps.small_maps import DAY, RECORD, TAGS, OneMap, grid_of, write_one_map


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> OneMap:
    return write_one_map(tmp_path_factory.mktemp("maps"))


def test_both_files_are_valid_cloud_optimised_geotiffs(one: OneMap) -> None:
    # The judge is rio-cogeo, strict: warnings count too.
    for path in (one.files.theta, one.files.flags):
        valid, errors, warnings = cog_validate(path, strict=True)
        assert (valid, errors, warnings) == (True, [], [])


def test_blocks_compression_and_predictor_are_what_readers_expect(one: OneMap) -> None:
    info = cog_info(one.files.theta)
    assert info.Compression == "DEFLATE"
    assert info.IFD[0].Blocksize == (512, 512)
    with rasterio.open(one.files.theta) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "2"


def test_stored_numbers_come_back_as_water_content(one: OneMap) -> None:
    with rasterio.open(one.files.theta) as file:
        assert file.dtypes[0] == "uint16"
        assert file.nodata == 65535
        theta = file.read(1, masked=True) * file.scales[0]
    assert np.array_equal(theta.mask, np.isnan(one.theta))
    assert np.nanmax(np.abs(theta.filled(np.nan) - one.theta)) <= 0.5e-4 + 1e-9


def test_bands_say_what_they_are(one: OneMap) -> None:
    with rasterio.open(one.files.theta) as file:
        assert file.descriptions == ("theta", "theta_half_width")
        assert file.units == ("m3 m-3", "m3 m-3")
        assert "200 mm below the surface on 2023-07-15" in file.tags(1)["long_name"]
        assert "80 % interval" in file.tags(2)["long_name"]
        tags = file.tags()
    assert tags["depth_mm"] == "200"
    assert tags["date"] == "2023-07-15"
    assert tags["model_digest"] == TAGS["model_digest"]
    assert tags["digest"] == RECORD.digest


def test_the_provenance_is_found_by_the_verb_that_reads_it(one: OneMap) -> None:
    assert read_provenance(one.files.theta) == RECORD


def test_overviews_are_means_over_the_pixels_that_have_a_value(one: OneMap) -> None:
    # Rows 100 to 139 and columns 200 to 299 have none, so overview pixel (50, 99) covers four good
    # pixels and (50, 100) none at all.
    with rasterio.open(one.files.theta, overview_level=0) as file:
        small = file.read(1, masked=True)
    assert small.shape == (350, 550)
    assert small.mask[50, 100]
    expected = one.theta[100:102, 198:200].mean() / 1e-4
    assert abs(float(small[50, 99]) - expected) <= 1.0


def test_overviews_beside_a_hole_are_not_drawn_towards_nodata(tmp_path: Path) -> None:
    # Three good pixels of 0.2 and one without value: the mean is 0.2.
    grid = grid_of(1024, 1024)
    stored = np.full((2, 1024, 1024), 2000, dtype=np.uint16)
    stored[:, ::2, ::2] = 65535
    spec = theta_spec(grid, "uint16", 200.0, DAY, 80.0, {})
    path = tmp_path / "holes.tif"
    with cog_writer(path, spec, RECORD) as put:
        put(grid.full_window, stored)
    with rasterio.open(path, overview_level=0) as file:
        assert np.unique(file.read(1)).tolist() == [2000]


def test_overviews_of_flags_are_flags_that_occur(one: OneMap) -> None:
    with rasterio.open(one.files.flags, overview_level=0) as file:
        assert set(np.unique(file.read(1)).tolist()) == {0, 2}


def test_float32_has_its_own_predictor_and_nan_for_nodata(tmp_path: Path) -> None:
    one = write_one_map(tmp_path, dtype="float32", side=(600, 520))
    with rasterio.open(one.files.theta) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["PREDICTOR"] == "3"
        assert np.isnan(file.nodata)
        theta = file.read(1)
    assert np.array_equal(theta, one.theta.astype(np.float32), equal_nan=True)
    assert cog_validate(one.files.theta, strict=True)[0]


def test_the_same_map_gives_the_same_bytes(tmp_path: Path) -> None:
    first = write_one_map(tmp_path / "a", side=(600, 520))
    second = write_one_map(tmp_path / "b", side=(600, 520))
    assert digest_file(first.files.theta) == digest_file(second.files.theta)
    assert digest_file(first.files.flags) == digest_file(second.files.flags)


def test_a_map_that_stops_half_way_leaves_nothing_with_a_final_name(tmp_path: Path) -> None:
    grid = grid_of(600, 520)
    spec = theta_spec(grid, "uint16", 200.0, DAY, 80.0, {})
    path = tmp_path / "half.tif"

    def killed() -> None:
        with cog_writer(path, spec, RECORD) as put:
            put(Window(0, 0, 520, 512), np.zeros((2, 520, 512), dtype=np.uint16))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert list(tmp_path.iterdir()) == []


def test_names_carry_depth_and_day() -> None:
    files = MapFiles(Path("maps"), 200.0, DAY)
    assert files.theta.as_posix() == "maps/theta_0200mm_20230715.tif"
    assert files.stac.name == "theta_0200mm_20230715.stac.json"
    assert depth_name(62.5) == "theta_62p5mm"
