"""All days in one file, by the letter of the CF conventions, version 1.11."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import rasterio
import zarr
from pyproj import CRS

from rootzone.maps.cf import SeriesSpec
from rootzone.maps.encoding import FLAGS
from rootzone.maps.write_series import write_netcdf, write_zarr
from tests.maps.small_maps import RECORD, OneMap, write_one_map

DAYS = (date(2023, 4, 15), date(2023, 7, 15))


@pytest.fixture(scope="module")
def maps(tmp_path_factory: pytest.TempPathFactory) -> list[OneMap]:
    folder = tmp_path_factory.mktemp("maps")
    return [write_one_map(folder, day, side=(600, 520)) for day in DAYS]


def _spec(maps: list[OneMap]) -> SeriesSpec:
    texts = {"title": "soil moisture", "source": "network", "license": "CC-BY-4.0"}
    return SeriesSpec(maps[0].grid, DAYS, 200.0, 80.0, "uint16", texts)


@pytest.fixture(scope="module")
def series(maps: list[OneMap], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("series") / "theta_0200mm.nc"
    write_netcdf(path, _spec(maps), [one.files for one in maps], RECORD)
    return path


def test_the_file_names_the_conventions_it_follows(series: Path) -> None:
    # CF 2.6.1: the Conventions attribute is a global text that begins with CF- and the version.
    with netCDF4.Dataset(series) as file:
        assert file.Conventions == "CF-1.11"
        assert file.title == "soil moisture"  # CF 2.6.2


def test_the_quantity_has_its_standard_name_and_canonical_unit(series: Path) -> None:
    # CF standard name table: volume_fraction_of_condensed_water_in_soil, canonical unit 1.
    with netCDF4.Dataset(series) as file:
        theta = file["theta"]
        assert theta.standard_name == "volume_fraction_of_condensed_water_in_soil"
        assert theta.units == "1"
        assert "200 mm below the surface" in theta.long_name


def test_every_variable_says_what_it_is(series: Path) -> None:
    # CF 3.2 and 3.3: a long_name or a standard_name; bounds and grid mappings need none.
    with netCDF4.Dataset(series) as file:
        for name in set(file.variables) - {"time_bounds", "crs"}:
            assert {"long_name", "standard_name"} & set(file[name].ncattrs()), name


def test_time_is_in_days_of_a_calendar_with_bounds_of_a_day(series: Path) -> None:
    # CF 4.4: units "unit since reference", calendar named. CF 7.1: bounds of shape (time, 2).
    with netCDF4.Dataset(series) as file:
        time = file["time"]
        read = netCDF4.num2date(time[:], time.units, time.calendar)
        assert [(d.year, d.month, d.day) for d in read] == [(2023, 4, 15), (2023, 7, 15)]
        assert time.axis == "T"
        bounds = file[time.bounds]
        assert bounds.dimensions == ("time", "bounds")
        assert (bounds[:, 1] - bounds[:, 0]).tolist() == [1, 1]
        assert (bounds[:, 0] == time[:]).all()


def test_depth_is_a_scalar_coordinate_that_points_down(series: Path) -> None:
    # CF 5.7: a scalar coordinate is named in "coordinates". CF 4.3: positive says which way.
    with netCDF4.Dataset(series) as file:
        assert file["theta"].coordinates.split() == ["depth"]
        depth = file["depth"]
        assert (depth.standard_name, depth.units, depth.positive) == ("depth", "m", "down")
        assert float(depth[...]) == 0.2


def test_the_grid_mapping_is_albers_as_cf_describes_it(series: Path) -> None:
    # CF 5.6 and appendix F: albers_conical_equal_area with two standard parallels of EPSG:5070.
    with netCDF4.Dataset(series) as file:
        crs = file[file["theta"].grid_mapping]
        assert crs.grid_mapping_name == "albers_conical_equal_area"
        assert np.allclose(crs.standard_parallel, [29.5, 45.5])
        assert crs.longitude_of_central_meridian == -96.0
        assert CRS.from_cf({k: crs.getncattr(k) for k in crs.ncattrs()}) == CRS("EPSG:5070")


def test_map_coordinates_are_pixel_centres_in_metres(maps: list[OneMap], series: Path) -> None:
    # CF 4 and appendix F: projection_x_coordinate and projection_y_coordinate, monotonic.
    grid = maps[0].grid
    with netCDF4.Dataset(series) as file:
        x, y = file["x"], file["y"]
        assert (x.standard_name, x.units) == ("projection_x_coordinate", "m")
        assert (y.standard_name, y.units) == ("projection_y_coordinate", "m")
        assert x[0] == grid.left + 15.0
        assert y[0] == grid.top - 15.0
        assert (np.diff(x[:]) == 30.0).all()
        assert (np.diff(y[:]) == -30.0).all()


def test_flags_have_masks_and_meanings_of_the_same_number(series: Path) -> None:
    # CF 3.5: flag_masks has the type of the variable; flag_meanings are blank-separated words.
    with netCDF4.Dataset(series) as file:
        flags = file["flags"]
        assert flags.flag_masks.dtype == flags.dtype == np.uint16
        assert flags.flag_masks.tolist() == [flag.bit for flag in FLAGS]
        assert len(flags.flag_meanings.split()) == len(FLAGS)
        assert set(file["theta"].ancillary_variables.split()) <= set(file.variables)  # CF 3.4


def test_packed_numbers_have_scale_offset_and_fill_of_the_right_types(series: Path) -> None:
    # CF 8.1: scale_factor and add_offset are of one floating type, the packed numbers byte, short
    # or int; CF 2.5.1: _FillValue is of the packed type.
    with netCDF4.Dataset(series) as file:
        theta = file["theta"]
        assert np.asarray(theta.scale_factor).dtype == np.asarray(theta.add_offset).dtype
        assert np.asarray(theta.getncattr("_FillValue")).dtype == theta.dtype == np.int16


def test_the_series_holds_the_numbers_of_the_maps(maps: list[OneMap], series: Path) -> None:
    with netCDF4.Dataset(series) as file:
        for number, one in enumerate(maps):
            with rasterio.open(one.files.theta) as tif:
                for band, name in ((1, "theta"), (2, "theta_half_width")):
                    values = tif.read(band, masked=True)
                    assert np.array_equal(file[name][number].mask, values.mask)
                    assert np.allclose(file[name][number], values * 1e-4, rtol=0, atol=1e-12)
            assert np.array_equal(file["flags"][number], one.flags)


def test_zarr_has_the_same_numbers_dimensions_and_attributes(
    maps: list[OneMap], series: Path, tmp_path: Path
) -> None:
    path = tmp_path / "theta_0200mm.zarr"
    write_zarr(path, _spec(maps), [one.files for one in maps], RECORD)
    store = zarr.open_group(path, mode="r")
    with netCDF4.Dataset(series) as file:
        file.set_auto_maskandscale(False)
        assert set(store) == set(file.variables)
        for name in file.variables:
            assert np.array_equal(store[name][...], file[name][...])
            assert (store[name].metadata.dimension_names or ()) == file[name].dimensions
            for key in set(file[name].ncattrs()):
                told = file[name].getncattr(key)
                told = told.tolist() if hasattr(told, "tolist") else told
                assert store[name].attrs[key] == told
    assert store.attrs["Conventions"] == "CF-1.11"


def test_a_store_is_replaced_as_a_whole(maps: list[OneMap], tmp_path: Path) -> None:
    path = tmp_path / "theta_0200mm.zarr"
    (path / "left_over").mkdir(parents=True)
    write_zarr(path, _spec(maps), [one.files for one in maps], RECORD)
    assert not (path / "left_over").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "theta_0200mm.zarr", "theta_0200mm.zarr.provenance.json"
    ]  # fmt: skip
