"""Regions: boxes, outlines, places."""

from __future__ import annotations

import json

import numpy as np
import pyogrio.raw
import pytest
import shapely

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.places import all_places
from rootzone.covariates.region import Region, region_from_file, region_from_place

TRIANGLE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[-105.0, 40.0], [-104.9, 40.0], [-105.0, 40.1], [-105.0, 40.0]]],
            },
        }
    ],
}


@pytest.fixture
def triangle(tmp_path):
    path = tmp_path / "triangle.geojson"
    path.write_text(json.dumps(TRIANGLE))
    return path


def test_colorado_by_name_has_the_documented_bounds():
    # data_formats.md 13.
    region = region_from_place("colorado")
    assert region.bounds == (-109.060253, 36.992426, -102.041524, 41.003444)


@pytest.mark.parametrize("name", ["Boulder", "Boulder County", "Boulder County, Colorado"])
def test_a_county_is_found_with_or_without_its_state(name):
    # US Census cartographic boundaries: -105.694362 39.912886 -105.052774 40.262785, rounded out.
    assert region_from_place(name).bounds == (-105.695, 39.912, -105.052, 40.263)


def test_an_unknown_place_names_the_nearest():
    with pytest.raises(RequestError, match="did you mean Colorado"):
        region_from_place("Colrado")
    with pytest.raises(RequestError, match="'Boulder County, Utah' is not in the packed table"):
        region_from_place("Boulder County, Utah")


def test_all_48_states_and_64_colorado_counties_are_there_with_sane_boxes():
    rows = [place for place in all_places() if place.kind in ("state", "county")]
    assert sum(row.kind == "state" for row in rows) == 49  # 48 and the District of Columbia
    assert sum(row.inside == "Colorado" for row in rows) == 64
    colorado = region_from_place("Colorado").bounds
    for row in rows:
        west, south, east, north = row.bounds
        # The contiguous United States: 125 W to 66.9 W, 24.5 N to 49.4 N.
        assert -125 < west < east < -66.9
        assert 24.5 < south < north < 49.4
        if row.kind == "county":
            assert west >= colorado[0] - 0.001
            assert north <= colorado[3] + 0.001


@pytest.mark.parametrize("ending", ["geojson", "gpkg", "shp"])
def test_an_outline_is_the_same_from_every_format(tmp_path, triangle, ending):
    import pyogrio.raw

    path = triangle
    if ending != "geojson":
        meta, _, wkb, _ = pyogrio.raw.read(triangle, columns=[])
        path = tmp_path / f"copy.{ending}"
        pyogrio.raw.write(path, wkb, [], [], geometry_type="Polygon", crs=meta["crs"], layer="copy")
    region = region_from_file(path)
    # By hand: the triangle's corners.
    assert region.bounds == pytest.approx((-105.0, 40.0, -104.9, 40.1))
    assert region.outline is not None
    assert region.outline.area == pytest.approx(0.005)


def test_an_outline_in_albers_comes_back_as_longitude_and_latitude(tmp_path, triangle):
    import pyogrio.raw
    import shapely

    from rootzone.covariates.region import _transform

    wkb = pyogrio.raw.read(triangle, columns=[])[2]
    moved = _transform(shapely.from_wkb(wkb[0]), "EPSG:4326", "EPSG:5070")
    path = tmp_path / "albers.gpkg"
    pyogrio.raw.write(
        path,
        np.array([shapely.to_wkb(moved)], dtype=object),
        [],
        [],
        geometry_type="Polygon",
        crs="EPSG:5070",
    )
    assert region_from_file(path).bounds == pytest.approx((-105.0, 40.0, -104.9, 40.1), abs=1e-7)


def test_half_of_the_box_of_a_triangle_is_inside(triangle):
    region = region_from_file(triangle)
    grid = MasterGrid.for_bounds(region.bounds)
    inside = region.mask(grid, grid.full_window).sum()
    box = Region("box", region.bounds).mask(grid, grid.full_window).sum()
    # By hand: a right triangle is half its box; 30 m pixels on 8.5 x 11 km, and meridians converge
    # by 0.15 % from 40.0 to 40.1 N.
    assert inside / box == pytest.approx(0.5, abs=0.002)


@pytest.mark.parametrize("with_outline", [True, False])
def test_the_mask_does_not_depend_on_the_window(triangle, with_outline):
    region = region_from_file(triangle)
    if not with_outline:
        region = Region("box", region.bounds)
    grid = MasterGrid.for_bounds(region.bounds)
    whole = region.mask(grid, grid.full_window)
    for window in grid.windows(100):
        part = whole[
            window.row : window.row + window.height, window.col : window.col + window.width
        ]
        assert np.array_equal(region.mask(grid, window), part)


def test_lines_are_refused(tmp_path):
    path = tmp_path / "line.geojson"
    line = {"type": "LineString", "coordinates": [[-105, 40], [-104, 40]]}
    path.write_text(json.dumps({"type": "Feature", "properties": {}, "geometry": line}))
    with pytest.raises(RequestError, match=r"holds LineString; a region needs polygons"):
        region_from_file(path)


def test_a_shapefile_without_prj_is_refused(tmp_path, triangle):
    import pyogrio.raw

    _, _, wkb, _ = pyogrio.raw.read(triangle, columns=[])
    path = tmp_path / "bare.shp"
    pyogrio.raw.write(path, wkb, [], [], geometry_type="Polygon", crs="EPSG:4326")
    path.with_suffix(".prj").unlink()
    with pytest.raises(RequestError, match="names no coordinate system"):
        region_from_file(path)


def test_text_that_is_no_polygon_file_is_refused(tmp_path):
    path = tmp_path / "page.geojson"
    path.write_text("<html>log in</html>")
    with pytest.raises(RequestError, match="cannot be read as polygons"):
        region_from_file(path)
    with pytest.raises(RequestError, match="does not exist"):
        region_from_file(tmp_path / "none.gpkg")
    with pytest.raises(RequestError, match="does not end in one of"):
        region_from_file(tmp_path / "a.kml")


def test_a_window_outside_the_region_is_empty(triangle):
    region = region_from_file(triangle)
    grid = MasterGrid.for_bounds(region.bounds)
    assert not region.mask(grid, Window(-5000, 0, 10, 10)).any()


@pytest.mark.parametrize(
    ("name", "lon", "lat"),
    # Capitals, from any atlas: Paris, Canberra, New Delhi, Nairobi, Tbilisi.
    [("France", 2.35, 48.86), ("Australia", 149.13, -35.28), ("India", 77.21, 28.61),
     ("Kenya", 36.82, -1.29), ("Georgia (country)", 44.79, 41.72)],
)  # fmt: skip
def test_countries_are_places_and_hold_their_capitals(name, lon, lat):
    west, south, east, north = region_from_place(name).bounds
    assert west < lon < east
    assert south < lat < north


def test_a_state_of_the_us_keeps_its_name_beside_a_country():
    # Atlanta, not Tbilisi.
    west, south, east, north = region_from_place("Georgia").bounds
    assert west < -84.39 < east
    assert south < 33.75 < north


@pytest.mark.parametrize(
    ("name", "lon", "lat"),
    # Capitals of the units, from any atlas: Chandigarh's Mohali, Lahore, Toulouse, Dubbo, Oulu's
    # Rovaniemi, Munich, Honolulu, Sao Paulo.
    [("Punjab, India", 76.72, 30.70), ("Punjab, Pakistan", 74.34, 31.55),
     ("haute-garonne", 1.44, 43.60), ("New South Wales", 148.60, -32.25),
     ("Lapland, Finland", 25.73, 66.50), ("Bayern", 11.58, 48.14), ("Hawaii", -157.86, 21.31),
     ("Sao Paulo", -46.63, -23.55)],
)  # fmt: skip
def test_first_level_units_are_places_and_hold_their_towns(name, lon, lat):
    west, south, east, north = region_from_place(name).bounds
    assert west < lon < east
    assert south < lat < north
    assert east - west < 25  # Alaska apart, no unit asked for here is wider


def test_a_name_of_two_units_has_to_be_said_with_its_country():
    with pytest.raises(RequestError, match="is 2 places: Punjab, India; Punjab, Pakistan"):
        region_from_place("Punjab")


@pytest.mark.parametrize("name", ["Russia", "Fiji", "Chukchi Autonomous Okrug", "Northern, Fiji"])
def test_places_across_the_180th_meridian_are_refused_with_both_halves(name):
    with pytest.raises(RequestError, match=r"180th meridian.*, 180, .*\[-180, "):
        region_from_place(name)


def test_every_packed_box_is_a_box():
    for place in all_places():
        west, south, east, north = place.bounds
        assert -180 <= west <= 180
        assert -180 <= east <= 180
        assert -90 <= south < north <= 90
        assert west != east


def test_an_outline_in_metres_is_cut_before_it_is_put_into_degrees(tmp_path):
    # The northern edge of 400 km in CONUS Albers: PROJ gives 42.796806 N in its middle and
    # 42.773654 at its corners, 2.57 km apart; the southern one 39.201908 at its corners.
    square = shapely.box(-200_000.0, 1_800_000.0, 200_000.0, 2_200_000.0)
    path = tmp_path / "square.gpkg"
    pyogrio.raw.write(
        path, geometry=shapely.to_wkb(np.array([square])), field_data=[], fields=[],
        crs="EPSG:5070", geometry_type="Polygon",
    )  # fmt: skip
    _, south, _, north = region_from_file(path).bounds
    assert north == pytest.approx(42.796806, abs=1e-6)
    assert south == pytest.approx(39.201908, abs=1e-6)
