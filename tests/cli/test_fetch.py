"""rootzone fetch, against a local server."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

pytest.importorskip("requests")

from rootzone._cli import cli
from rootzone._shared.errors import RequestError, StoppedEarly
from tests.covariates.http_server import Served, serve
from tests.covariates.rasters import write_tif

CAMPAIGN = """\
name: small
region:
  bounds_lonlat_deg: [-105.36, 39.97, -105.21, 40.08]
years: [2023]
catalog:
  files: [mine.yaml]
  land_cover: cover
  climate_class: climate
  texture: soil
  elevation: height
  forcing: gridmet
"""
ENTRY = """\
  {name}:
    title: {name}
    reader: raster
    kind: {kind}
    path: {name}.tif
    url: {root}/{name}.tif
    licence: CC0
"""


@pytest.fixture(scope="module")
def raster(tmp_path_factory):
    path = write_tif(
        tmp_path_factory.mktemp("tif") / "a.tif", np.ones((9, 9)), 0, 1, 1, "EPSG:4326"
    )
    return path.read_bytes()


def campaign(folder, root):
    """Four rasters of one page each; weather is left out with --only."""
    text = "catalog: mine\nsources:\n"
    for name in ("cover", "climate", "soil", "height"):
        text += ENTRY.format(name=name, kind="continuous", root=root)
    (folder / "mine.yaml").write_text(text)
    path = folder / "campaign.yaml"
    path.write_text(CAMPAIGN)
    return path


def run(*arguments):
    return CliRunner().invoke(cli, ["fetch", *map(str, arguments)])


def only(*names):
    return [part for name in names for part in ("--only", name)]


def test_a_dry_run_lists_addresses_and_sizes_and_fetches_nothing(tmp_path, raster):
    with serve({"/cover.tif": Served(raster), "/soil.tif": Served(raster)}) as root:
        path = campaign(tmp_path, root)
        listed = run(path, "--dry-run", *only("cover", "soil", "height"))
        data = run(path, "--dry-run", "--json", *only("cover", "soil", "height"))
    assert listed.exit_code == 0, listed.output
    assert f"{root}/cover.tif" in listed.stdout
    assert "3 files to fetch" in listed.stdout
    rows = {row["path"]: row for row in json.loads(data.stdout)}
    assert rows["cover.tif"]["bytes"] == len(raster)
    assert rows["cover.tif"]["licence"] == "CC0"
    assert "no such file" in rows["height.tif"]["problem"]
    assert not (tmp_path / "data").exists()


def test_missing_files_come_and_are_verified_later(tmp_path, raster):
    with serve({"/cover.tif": Served(raster), "/soil.tif": Served(raster)}) as root:
        path = campaign(tmp_path, root)
        done = run(path, *only("cover", "soil"))
        again = run(path, "--json", *only("cover", "soil"))
    assert done.exit_code == 0, done.output
    assert done.stdout.split() == ["cover.tif", "soil.tif"]
    assert json.loads(again.stdout)["there"] == ["cover.tif", "soil.tif"]
    assert "2 of 2 fetched files are as they came" in run(path, "--verify").stdout
    (tmp_path / "data" / "soil.tif").write_bytes(b"changed")
    changed = run(path, "--verify")
    assert isinstance(changed.exception, RequestError)
    assert "soil.tif" in str(changed.exception)


def test_refused_files_exit_2_and_broken_ones_4(tmp_path, raster):
    with serve({"/cover.tif": Served(status=403), "/soil.tif": Served(status=503)}) as root:
        path = campaign(tmp_path, root)
        refused = run(path, "--attempts", 1, *only("cover", "soil"))
        broken = run(path, "--attempts", 1, *only("soil"))
    assert isinstance(refused.exception, RequestError)
    assert "refuses anonymous readers" in str(refused.exception)
    assert isinstance(broken.exception, StoppedEarly)
    assert (refused.exception.exit_code, broken.exception.exit_code) == (2, 4)


def test_a_source_the_campaign_does_not_use_is_refused(tmp_path):
    refused = run(campaign(tmp_path, "http://127.0.0.1:9"), "--only", "covr")
    assert isinstance(refused.exception, RequestError)
    assert "did you mean cover" in str(refused.exception)
