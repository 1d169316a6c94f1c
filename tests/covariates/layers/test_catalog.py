"""The catalog: entries, addresses, mistakes with their line."""

from __future__ import annotations

import pytest

from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.layers.source import Source
from rootzone.covariates.readers.registry import reader, reader_names

OWN = """\
catalog: mine
sources:
  nlcd:
    title: my land cover
    reader: raster
    kind: class
    legend: nlcd
    path: cover.tif
"""


@pytest.fixture
def packed(tmp_path):
    return load_catalog([], tmp_path)


def test_every_packed_entry_names_its_licence_its_range_and_a_source_to_cite(packed):
    for name, source in packed.sources.items():
        assert source.licence != "unknown", name
        assert source.doi or name == "met", name
        ranges = [source.range, *(part.range for part in source.variables.values())]
        assert source.kind in ("class", "table") or any(ranges), name


# Issue 18 names these products, which people have in one place or another.
ASKED = {
    "soils": "soilgrids slga hwsd2 polaris gnatsgo",
    "heights": "dem_glo30 dem_glo90 dem_srtm dem_merit",
    "cover": "worldcover corine mcd12q1 nlcd",
    "climate": "koppen_beck2023",
    "weather": "era5_land era5_land_daily agera5 daymet power silo eobs chirps prism gridmet",
    "vegetation": "modis_lai",
}


@pytest.mark.parametrize("name", " ".join(ASKED.values()).split())
def test_a_product_people_have_says_where_it_is_what_it_means_and_what_to_mind(packed, name):
    source = packed.sources[name]
    assert (source.url or source.order or "").startswith(("https://", "http://hydrology.cee.duke"))
    assert source.doi.startswith("10.")
    assert source.note  # its trap
    parts = source.variables.values()
    if source.kind == "class":
        assert source.legend in packed.legends
    else:
        assert (source.unit != "-") or all(part.unit for part in parts)
        assert source.range or all(part.range[0] < part.range[1] for part in parts)
    assert name in ASKED["weather"] or source.crs  # weather says it in its grid
    assert source.kind != "daily" or source.weather_grid is not None
    assert source.tiles is None or "{tile}" in source.path


def test_every_entry_says_where_it_is_had(packed):
    lacking = [name for name, s in packed.sources.items() if not (s.url or s.order)]
    assert lacking == ["met"]  # a file of one's own
    with pytest.raises(ValueError, match="no address that begins with https"):
        packed.sources["era5_land"].model_validate(
            packed.sources["era5_land"].model_dump() | {"order": "cds"}
        )


def test_every_reader_is_named_by_a_packed_entry_or_is_generic(packed):
    generic = {"raster", "netcdf", "zarr"}
    assert set(reader_names()) - generic <= {s.reader for s in packed.sources.values()}
    assert all(hasattr(reader(name), "check") for name in reader_names())


def test_former_names_of_readers_still_do_their_work():
    # Catalogs of the first release named the products.
    entry = {"title": "t", "kind": "continuous", "path": "a.tif"}
    assert Source(reader="polaris", **entry).reader == "raster"
    with pytest.raises(ValueError, match="no reader 'rastr'; did you mean raster"):
        Source(reader="rastr", **entry)


def test_campaign_defaults_exist_in_the_packed_catalog(packed):
    from rootzone.campaign.model import Catalog

    for role, name in Catalog():
        if role != "files":
            assert name in packed.sources


def test_polaris_has_the_six_documented_depths_and_thirteen_properties(packed):
    # data_formats.md 2.
    polaris = packed.source("polaris")
    assert polaris.depth_names() == ["0_5", "5_15", "15_30", "30_60", "60_100", "100_200"]
    assert len(polaris.variables) == 13
    logs = {name for name, part in polaris.variables.items() if part.log10}
    # data_formats.md fact 3: alpha, hb, ksat, om are stored as log10.
    assert logs == {"alpha", "hb", "ksat", "om"}


@pytest.mark.parametrize(
    ("depth_mm", "layer"),
    [(0, "0_5"), (50, "0_5"), (51, "5_15"), (200, "15_30"), (2000, "100_200")],
)
def test_a_depth_lies_in_its_layer(packed, depth_mm, layer):
    # data_formats.md fact 4: 20 cm lies in layer 15-30.
    assert packed.source("polaris").depth_at(depth_mm) == layer


def test_a_depth_below_the_last_layer_is_refused(packed):
    with pytest.raises(RequestError, match="no layer at 2500 mm"):
        packed.source("polaris").depth_at(2500)


def test_an_address_fills_the_path(packed):
    layer = packed.layer("polaris/ksat/0_5")
    assert layer.path_pattern() == "polaris/ksat/mean/0_5/{tile}.tif"
    assert layer.unit == "log10(cm h-1)"


def test_the_year_of_the_campaign_fills_what_the_address_leaves_open(packed):
    assert packed.layer("nlcd", 2023).path_pattern() == packed.layer("nlcd/2023").path_pattern()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("polaris/snad/0_5", r"'snad' is no variable of POLARIS.*did you mean sand"),
        ("polaris/sand/20_30", r"'20_30' is no depth"),
        ("polaris/sand", r"write polaris/\{variable\}/\{depth\}"),
        ("nlcd", r"write nlcd/\{year\}"),
        ("polari/sand/0_5", r"no source 'polari'; did you mean polaris"),
        ("nlcd_l48/2020", r"'2020' is no year"),
        ("dem_3dep/slope", r"did you mean slope_deg"),
    ],
)
def test_a_wrong_address_says_what_would_be_right(packed, address, message):
    with pytest.raises(RequestError, match=message):
        packed.layer(address)


def test_a_catalog_of_ones_own_wins(tmp_path):
    own = tmp_path / "mine.yaml"
    own.write_text(OWN)
    catalog = load_catalog([own], tmp_path)
    assert catalog.source("nlcd").title == "my land cover"
    assert catalog.origin["nlcd"] == "mine.yaml:3"
    assert "polaris" in catalog.sources
    assert set(load_catalog([own], tmp_path, packed=False).sources) == {"nlcd"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("    legnd: nlcd", r"mine.yaml:9: sources.nlcd.legnd: unknown key; did you mean legend"),
        ("    resampling: bilinear", r"class codes cannot be resampled by bilinear"),
        ("    band: 0", r"mine.yaml:9: sources.nlcd.band: .*greater than or equal to 1"),
        ("    range: [5, 1]", r"larger end first"),
    ],
)
def test_mistakes_are_shown_with_their_line(tmp_path, line, message):
    own = tmp_path / "mine.yaml"
    own.write_text(OWN + line + "\n")
    with pytest.raises(RequestError, match=message):
        load_catalog([own], tmp_path)


def test_a_class_layer_needs_a_legend():
    with pytest.raises(ValueError, match="needs a legend"):
        Source(title="t", reader="raster", kind="class", path="a.tif")


def test_the_digest_depends_on_what_the_catalog_says_not_where_it_lies(tmp_path, packed):
    assert packed.digest == load_catalog([], tmp_path / "elsewhere").digest
    own = tmp_path / "mine.yaml"
    own.write_text(OWN)
    assert packed.digest != load_catalog([own], tmp_path).digest
