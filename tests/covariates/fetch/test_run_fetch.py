"""Whole plans: what is there, what comes, what is refused, what can be resumed."""

from __future__ import annotations

import gzip
import io
import json
import socket
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import netCDF4
import numpy as np
import pytest

pytest.importorskip("requests")

from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone.campaign.model import Campaign
from rootzone.covariates.fetch.checksums import (
    add_checksum,
    changed_files,
    read_checksums,
    sha256_of,
)
from rootzone.covariates.fetch.fetch_plan import WantedFile, wanted_files
from rootzone.covariates.fetch.run_fetch import fetch_files, sizes
from rootzone.covariates.fetch.run_transfer import Patience, open_session
from rootzone.covariates.layers.catalog import load_catalog
from rootzone.covariates.weather.forcing import ForcingRequest
from tests.covariates.http_server import Served, serve
from tests.covariates.rasters import write_tif

BOULDER = (-105.695, 39.912, -105.052, 40.263)


@pytest.fixture(scope="module")
def session():
    with open_session() as opened:
        yield opened


@pytest.fixture(scope="module")
def raster(tmp_path_factory):
    path = tmp_path_factory.mktemp("tif") / "a.tif"
    values = np.random.default_rng(0).integers(0, 255, (512, 512)).astype(np.uint8)
    write_tif(path, values, 0, 1, 0.001, "EPSG:4326", tiled=True, blockxsize=128, blockysize=128)
    return path.read_bytes()


def fetch(session, pages, plan, folder, attempts=2):
    with serve(pages) as root:
        made = [
            WantedFile(w.source, w.path, w.url and root + w.url, w.member, w.may_be_absent)
            for w in plan
        ]
        return fetch_files(session, made, folder, Patience(attempts), sleep=lambda s: None)


def campaign(**more):
    return Campaign.model_validate(
        {"name": "c", "region": {"bounds_lonlat_deg": BOULDER}, "years": [2023], **more}
    )


def test_a_plan_names_every_file_once_with_its_address(tmp_path):
    catalog = load_catalog([], tmp_path)
    plan = wanted_files(campaign(), catalog, BOULDER, ForcingRequest())
    urls = {wanted.path: wanted.url for wanted in plan}
    assert len(urls) == len(plan)
    # data_formats.md 2, 6, 7: the servers' own names. Boulder County lies across 40 N.
    assert urls["polaris/sand/mean/15_30/lat3940_lon-106-105.tif"] == (
        "http://hydrology.cee.duke.edu/POLARIS/PROPERTIES/v1.0/sand/mean/15_30/"
        "lat3940_lon-106-105.tif"
    )
    assert urls["3dep/USGS_1_n41w106.tif"] == (
        "https://prd-tnm.s3.amazonaws.com/StagedProducts/Elevation/1/TIFF/current/n41w106/"
        "USGS_1_n41w106.tif"
    )
    assert urls["gridmet/tmmx_2023.nc"] == (
        "https://www.northwestknowledge.net/metdata/data/tmmx_2023.nc"
    )
    # Spin-up and the first sums reach into the year before.
    assert "gridmet/pr_2022.nc" in urls
    assert "gridmet/vs_2023.nc" not in urls
    by_source = {wanted.source for wanted in plan}
    assert by_source == {"nlcd", "koppen_beck", "dem_3dep", "polaris", "gridmet"}
    # 3 fractions x 6 depths x 2 tiles, of which the default profile of 1.5 m needs all depths.
    assert sum(wanted.source == "polaris" for wanted in plan) == 36


def test_a_product_of_a_file_a_day_is_wanted_day_by_day(tmp_path):
    # 2024 has 366 days, 2023 365; AgERA5 has six variables. A cut of a region has its box in the
    # name, as the Climate Data Store writes it.
    catalog = load_catalog([], tmp_path)
    request = ForcingRequest("agera5", "fao56")
    asked = campaign(catalog={"forcing": "agera5"}, years=[2024], engine={"spin_up_days": 0})
    plan = [w for w in wanted_files(asked, catalog, BOULDER, request) if w.source == "agera5"]
    assert len(plan) == 6 * (365 + 366)
    assert not [w.path for w in plan if "{" in w.path]
    leap = next(w for w in plan if "Precipitation-Flux" in w.path and "20240229" in w.path)
    assert not leap.is_there(tmp_path)
    name = leap.path.replace("*", "1.1.area-subset.41.-105.39.-106")
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).touch()
    assert leap.found(tmp_path) == [name]


def test_quantiles_are_wanted_where_the_campaign_carries_them(tmp_path):
    catalog = load_catalog([], tmp_path)
    for spread in (False, True):
        asked = campaign(catalog={"texture": "soilgrids"}, soil={"texture_spread": spread})
        plan = [w.path for w in wanted_files(asked, catalog, BOULDER, ForcingRequest())]
        assert ("soilgrids/clay/clay_0-5cm_Q0.95.tif" in plan) == spread


def test_penman_monteith_needs_the_wind(tmp_path):
    plan = wanted_files(
        campaign(), load_catalog([], tmp_path), BOULDER, ForcingRequest(pet_form="fao56")
    )
    assert "gridmet/vs_2023.nc" in {wanted.path for wanted in plan}


def test_a_source_that_is_read_over_the_network_is_not_fetched(tmp_path):
    catalog = load_catalog([], tmp_path)
    remote = {"path": "https://example.org/dodsC/agg_met_{variable}.nc"}
    catalog.sources["gridmet"] = catalog.source("gridmet").model_copy(update=remote)
    plan = wanted_files(campaign(), catalog, BOULDER, ForcingRequest())
    assert "gridmet" not in {wanted.source for wanted in plan}


def test_what_is_missing_comes_and_what_is_there_stays(session, tmp_path, raster):
    (tmp_path / "b.tif").write_bytes(b"mine")
    page = Served(raster)
    plan = [WantedFile("s", "x/a.tif", "/a.tif"), WantedFile("s", "b.tif", "/b.tif")]
    outcome = fetch(session, {"/a.tif": page}, plan, tmp_path)
    assert (outcome.fetched, outcome.there) == (["x/a.tif"], ["b.tif"])
    assert (tmp_path / "b.tif").read_bytes() == b"mine"
    assert outcome.error() is None
    record = read_checksums(tmp_path)["x/a.tif"]
    assert record.sha256 == sha256_of(tmp_path / "x" / "a.tif")
    assert record.size == len(raster)


def test_two_fetches_of_one_file_ask_for_it_once(session, tmp_path, raster):
    page = Served(raster, drops=1, drop_after=100_000)
    seen = []

    def bring(root, sleep):
        plan = [WantedFile("s", "a.tif", root + "/a.tif")]
        seen.append(fetch_files(session, plan, tmp_path, Patience(3), sleep=sleep))

    with serve({"/a.tif": page}) as root:
        second = threading.Thread(target=bring, args=(root, lambda s: None))

        def begin_the_second(seconds):
            second.start()
            second.join(0.3)
            assert second.is_alive()  # it waits while the first pauses

        bring(root, begin_the_second)
        second.join(30)
    # In either order: the first lets go of the file before it tells what it did.
    assert sorted((outcome.fetched, outcome.there) for outcome in seen) == [
        ([], ["a.tif"]),
        (["a.tif"], []),
    ]
    assert len(page.requests) == 2  # the one that was dropped and the one that went on
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tif", "checksums.json"]


def test_records_of_two_commands_at_once_are_all_kept(tmp_path):
    names = [f"{k}.txt" for k in range(24)]
    for name in names:
        (tmp_path / name).write_text(name)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: add_checksum(tmp_path, name, "http://host/a"), names))
    assert set(read_checksums(tmp_path)) == set(names)


def test_a_file_that_was_altered_after_it_came_is_noticed(session, tmp_path, raster):
    fetch(session, {"/a.tif": Served(raster)}, [WantedFile("s", "a.tif", "/a.tif")], tmp_path)
    assert changed_files(tmp_path) == []
    content = bytearray(raster)
    content[-1] ^= 1
    (tmp_path / "a.tif").write_bytes(bytes(content))
    assert changed_files(tmp_path) == ["a.tif"]


def test_one_bad_file_does_not_stop_the_others(session, tmp_path, raster):
    pages = {
        "/login.tif": Served(b"<html>log in</html>"),
        "/busy.tif": Served(status=503),
        "/refused.tif": Served(status=403),
        "/good.tif": Served(raster),
    }
    plan = [WantedFile("s", page[1:], page) for page in pages]
    plan.append(WantedFile("s", "nowhere.tif", None))
    outcome = fetch(session, pages, plan, tmp_path)
    assert outcome.fetched == ["good.tif"]
    assert set(outcome.refused) == {"login.tif", "refused.tif", "nowhere.tif"}
    assert set(outcome.unfinished) == {"busy.tif"}
    assert "by hand" in outcome.refused["nowhere.tif"]
    error = outcome.error()
    assert isinstance(error, RequestError)
    assert "3 files cannot be fetched" in str(error)


def test_broken_transfers_alone_end_as_work_to_resume(session, tmp_path):
    outcome = fetch(
        session, {"/a.tif": Served(status=503)}, [WantedFile("s", "a.tif", "/a.tif")], tmp_path
    )
    assert isinstance(outcome.error(), StoppedEarly)


def test_a_file_cut_short_by_a_server_that_announces_no_length_is_caught(session, tmp_path, raster):
    cut = Served(raster[: len(raster) // 2], announce=False)
    outcome = fetch(session, {"/a.tif": cut}, [WantedFile("s", "a.tif", "/a.tif")], tmp_path)
    assert "cannot be read to its end" in outcome.unfinished["a.tif"]
    assert not (tmp_path / "a.tif").exists()
    assert (tmp_path / "a.tif.bad").exists()
    assert read_checksums(tmp_path) == {}


def test_a_weather_file_cut_short_is_caught(session, tmp_path):
    path = tmp_path / "whole.nc"
    with netCDF4.Dataset(path, "w", format="NETCDF3_CLASSIC") as file:
        file.createDimension("day", 2000)
        file.createVariable("pr", "f8", ("day",))[:] = np.arange(2000)
    cut = Served(path.read_bytes()[:9000], announce=False)
    outcome = fetch(session, {"/a.nc": cut}, [WantedFile("s", "a.nc", "/a.nc")], tmp_path / "out")
    # NetCDF-3 reads zeros beyond the end or fails; either way the length in its header is missed.
    assert outcome.fetched == []
    assert "a.nc" in outcome.unfinished


def test_an_archive_gives_its_one_member_and_goes(session, tmp_path, raster):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("folder/inner.tif", raster)
        file.writestr("../../evil.txt", b"no")
    plan = [WantedFile("s", "nlcd/land.tif", "/bundle", member="inner.tif")]
    outcome = fetch(session, {"/bundle": Served(packed.getvalue())}, plan, tmp_path / "data")
    assert outcome.fetched == ["nlcd/land.tif"]
    assert (tmp_path / "data" / "nlcd" / "land.tif").read_bytes() == raster
    assert [p.name for p in (tmp_path / "data" / "nlcd").iterdir()] == ["land.tif"]
    assert not list(tmp_path.rglob("evil.txt"))


def test_a_tile_without_land_may_be_absent(session, tmp_path):
    plan = [
        WantedFile("s", "sea.tif", "/sea.tif", may_be_absent=True),
        WantedFile("s", "land.tif", "/land.tif"),
    ]
    outcome = fetch(session, {}, plan, tmp_path)
    assert outcome.absent == ["sea.tif"]
    assert set(outcome.refused) == {"land.tif"}


def test_sizes_are_listed_without_fetching(session, tmp_path, raster):
    page = Served(raster)
    with serve({"/a.tif": page, "/no.tif": Served(status=403)}) as root:
        plan = [
            WantedFile("s", "a.tif", root + "/a.tif"),
            WantedFile("s", "no.tif", root + "/no.tif"),
            WantedFile("s", "b.tif", None, order="https://example.org/form"),
        ]
        listed = {wanted.path: (size, why) for wanted, size, why in sizes(session, plan, tmp_path)}
    assert listed["a.tif"] == (len(raster), "")
    assert "refuses anonymous readers" in listed["no.tif"][1]
    assert listed["b.tif"] == (
        None, "no address in the catalog; it is had at https://example.org/form",
    )  # fmt: skip
    assert list(tmp_path.iterdir()) == []
    assert {command for command, _ in page.requests} == {"HEAD"}


def test_a_full_disk_stops_before_it_is_full(session, tmp_path, raster, monkeypatch):
    import shutil
    from types import SimpleNamespace

    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    outcome = fetch(
        session, {"/a.tif": Served(raster)}, [WantedFile("s", "a.tif", "/a.tif")], tmp_path
    )
    assert "Make room" in outcome.unfinished["a.tif"]


def test_a_damaged_record_says_how_to_go_on(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"a")
    add_checksum(tmp_path, "a.tif", "http://h/a.tif")
    whole = (tmp_path / "checksums.json").read_text()
    assert set(read_checksums(tmp_path)) == {"a.tif"}
    for old, new in (('"a.tif"', '"b.tif"'), ('"size": 1', '"size": 3'), ("http://h", "http://i")):
        assert old in whole
        (tmp_path / "checksums.json").write_text(whole.replace(old, new))
        with pytest.raises(RequestError, match="is not what was written"):
            read_checksums(tmp_path)
    (tmp_path / "checksums.json").write_text(json.dumps({"a.tif": {"sha": 1}}))
    with pytest.raises(RequestError, match="Delete it"):
        read_checksums(tmp_path)


def test_a_host_that_cannot_be_reached_is_asked_once(session, tmp_path):
    closed = socket.socket()
    closed.bind(("127.0.0.1", 0))
    port = closed.getsockname()[1]
    closed.close()  # nobody listens there
    plan = [WantedFile("s", f"f{i}.tif", f"http://127.0.0.1:{port}/{i}.tif") for i in range(90)]
    started, waited = time.monotonic(), []
    outcome = fetch_files(session, plan, tmp_path, Patience(6), sleep=waited.append)
    assert time.monotonic() - started < 15
    assert waited == []
    assert len(outcome.unfinished) == 90
    error = outcome.error()
    assert isinstance(error, StoppedEarly)
    # One sentence, not ninety.
    assert str(error).count("nobody listens there") == 1
    assert "f0.tif and 89 more" in str(error)
    rows = list(sizes(session, plan, tmp_path))
    assert [size for _, size, _ in rows] == [None] * 90


def test_an_encoded_answer_is_not_held_against_the_length_of_its_code(session, tmp_path, raster):
    page = Served(gzip.compress(raster), headers={"Content-Encoding": "gzip"})
    outcome = fetch(session, {"/a.tif": page}, [WantedFile("s", "a.tif", "/a.tif")], tmp_path)
    assert outcome.fetched == ["a.tif"]
    assert (tmp_path / "a.tif").read_bytes() == raster
