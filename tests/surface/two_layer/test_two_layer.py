"""A campaign of two layers from files to maps, on a small made-up province."""

from __future__ import annotations

import json
from pathlib import Path

import netCDF4
import numpy as np
import polars as pl
import pytest
import rasterio

from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.two_layer.against import against_simulated
from rootzone.surface.two_layer.layer_stations import layer_weights
from rootzone.surface.two_layer.open_layers import OpenLayers
from rootzone.surface.two_layer.trained import Trained
from rootzone.surface.worlds.write_layers import write_layers_province
from tests.cli.campaign_runs import invoke
from tests.surface.chain.quick_province import quick_province

CAMPAIGN = """\
name: two-layers
region: {bounds_lonlat_deg: [-100.1, 39.7, -99.6, 40.15]}
years: [2022]
surface:
  system: two_layer
  seeds: [0]
  epochs: 1
  splits: [random, stations]
  dates: [2022-05-31, 2022-06-29]
  two_layer:
    block_cells: 1
    simulated: data/surface/simulated/*.tif
    %s
"""
NAME = "surface_theta_20220531"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("two_layer")
    province = quick_province(60)
    write_layers_province(root / "data" / "surface", province, 0, step_deg=0.06, n_stations=12)
    (root / "campaign.yaml").write_text(CAMPAIGN % "members: 2")
    for verb in ("plan", "train", "evaluate", "map"):
        found = invoke("surface", verb, str(root / "campaign.yaml"))
        assert found.exit_code == 0, (verb, found.output, found.exception)
    return root


def trained(folder: Path) -> Trained:
    return Trained(OpenLayers(OpenSurface.of(folder / "campaign.yaml")))


def test_fields_are_what_the_files_hold(folder: Path) -> None:
    layers = trained(folder).layers
    # 60 days from 1 May; rain of the 30 days before (that day counted) is there from 30 May on.
    assert layers.days[0] == np.datetime64("2022-05-30").astype(int)
    assert layers.days.size == 31
    field = dict(zip(layers.names, layers.fields(0), strict=True))
    with rasterio.open(folder / "data" / "surface" / "lst" / "lst_20220530.tif") as file:
        assert np.array_equal(field["lst_k"], file.read(1))
    # By hand: quick_province has pet 1 mm and no rain on every day.
    assert np.allclose(field["pet_7d_mm"], 7.0)
    assert np.allclose(field["rain_30d_mm"], 0.0)
    assert "slope_deg" not in field  # it is 0 everywhere, which tells nothing


def test_the_product_in_gleams_layout_is_the_province_seen_coarsely(folder: Path) -> None:
    layers = trained(folder).layers
    cells = layers.product["root_zone"]
    values = cells.over(layers.days.tolist())
    # Longitude comes before latitude in the file; turned round, the north would be the east.
    assert values.shape == (layers.days.size, cells.grid.height, cells.grid.width)
    truth = quick_province(60).theta["0_100cm"][29:]
    # Gain .85 and bias .03 (surface.md 11.2): the mean over all is the truth's plus .03, within
    # noise of sd .02 and the change of gain.
    assert np.nanmean(values) == pytest.approx(float(truth.mean()) + 0.03, abs=0.02)


def test_stations_speak_for_both_layers(folder: Path) -> None:
    seats = trained(folder).stations
    assert len(seats.name) == 12
    truth = quick_province(60).theta["0_100cm"][29:, seats.row, seats.col]
    off = seats.theta["root_zone"] - truth
    # Offsets of sd .015 a station and .01 a day and sensor.
    assert 0.004 < np.nanstd(off) < 0.03


def test_sensors_that_cannot_speak_for_a_metre_are_not_asked() -> None:
    assert layer_weights([0.05, 0.2, 0.4]) is None  # nothing at 50 cm or deeper
    assert layer_weights([0.2, 0.5, 1.0]) is None  # nothing within 10 cm of the surface
    shares = layer_weights([0.05, 0.5, 1.5])
    assert shares is not None
    assert shares[2] == 0.0  # below a metre
    # By hand: the border lies at 27.5 cm.
    assert shares.tolist() == pytest.approx([0.275, 0.725, 0.0])


def test_every_model_is_scored_at_the_same_samples(folder: Path) -> None:
    frame = pl.read_parquet(
        OpenSurface.of(folder / "campaign.yaml").folder / "two_layer" / "predictions.parquet"
    )
    assert set(frame["layer"]) == {"surface", "root_zone"}
    assert set(frame["split"]) == {"random", "stations"}
    for name in ("product", "downscaled", "trees", "network", "both"):
        assert frame[name].is_finite().all()
    told = invoke("surface", "evaluate", str(folder / "campaign.yaml"), "--json")
    facts = json.loads(told.stdout)
    skill = facts["skill"]["root_zone"]["stations"]
    assert skill["downscaled"]["rmse"] > skill["trees"]["rmse"]  # the bias of .03 goes
    assert facts["made_by"] == "both"


def test_maps_have_two_layers_in_bands_and_in_cf_terms(folder: Path) -> None:
    maps = OpenSurface.of(folder / "campaign.yaml").folder / "two_layer" / "maps"
    with rasterio.open(maps / f"{NAME}.tif") as file:
        assert file.descriptions == (
            "theta_0_10cm", "theta_0_100cm", "theta_0_10cm_half_width", "theta_0_100cm_half_width",
        )  # fmt: skip
        top = file.read(1) * file.scales[0]
        assert file.tags()["layers_mm"] == "0-100; 0-1000"
    with rasterio.open(maps / f"{NAME}.flags.tif") as file:
        flags = file.read(1)
    assert (flags[:5] & 32).all()  # the rim is not corrected
    assert not (flags[5:-5, 5:-5] & 32).any()
    with netCDF4.Dataset(maps / "two_layer_theta.nc") as file:
        assert file["theta"].dimensions == ("time", "depth", "y", "x")
        assert file["depth_bounds"][:].tolist() == [[0.0, 0.1], [0.0, 1.0]]
        assert file["theta"].cell_methods == "depth: mean"
        assert np.allclose(file["theta"][0, 0], top, atol=1e-9)


def test_the_report_shows_both_layers(folder: Path) -> None:
    told = invoke("report", str(folder / "campaign.yaml"))
    assert told.exit_code == 0, told.output
    page = Path(told.stdout.split()[-1]).read_text()
    for words in (
        "Soil moisture of two layers", "0-100 cm, stations left out", "corrected by the patch",
        "mm by physics",
    ):  # fmt: skip
        assert words in page


def test_a_map_is_the_corrected_field_at_stations(folder: Path) -> None:
    told = invoke("surface", "point", str(folder / "campaign.yaml"), "39.9", "-99.85",
                  "2022-05-31", "--json")  # fmt: skip
    assert told.exit_code == 0, told.output
    facts = json.loads(told.stdout)
    maps = OpenSurface.of(folder / "campaign.yaml").folder / "two_layer" / "maps"
    with rasterio.open(maps / f"{NAME}.tif") as file:
        stored = file.read(2)[facts["row"], facts["col"]] * file.scales[1]
    assert stored == pytest.approx(facts["root_zone_theta"], abs=5.1e-5)  # steps of 1e-4


def test_the_product_is_held_against_simulated_water(folder: Path) -> None:
    opened = OpenSurface.of(folder / "campaign.yaml")
    facts = read_sealed_json(opened.folder / "two_layer" / "against_simulated.json", "")
    # Simulated days are every 30th from 1 May: 31 May and 30 June; of the mapped ones the first.
    truth = quick_province(60).theta["0_100cm"][30]
    assert facts["days"] == 1
    assert facts["store_simulated_mm"] == pytest.approx(1000.0 * float(truth.mean()), abs=0.1)
    assert facts["rmse"] < 0.1
    with pytest.raises(RequestError, match=r"No day is both mapped \(0\) and simulated"):
        against_simulated(opened, {})


def test_networks_are_scored_in_a_region_they_never_saw(tmp_path: Path) -> None:
    for name, seed in (("here", 11), ("there", 12)):
        data = tmp_path / name / "data" / "surface"
        write_layers_province(data, quick_province(60, seed), 0, step_deg=0.06, n_stations=6)
        (tmp_path / name / "campaign.yaml").write_text(CAMPAIGN % "members: 1")
    here = tmp_path / "here" / "campaign.yaml"
    text = CAMPAIGN % "members: 1\n    other_campaign: ../there/campaign.yaml"
    here.write_text(text.replace("splits: [random, stations]", "splits: [stations, region]"))
    told = invoke("surface", "train", str(here))
    assert told.exit_code == 0, (told.output, told.exception)
    found = pl.read_parquet(trained(here.parent).predictions)
    region = found.filter(pl.col("split") == "region", pl.col("layer") == "root_zone")
    other = trained(tmp_path / "there").stations
    # Every station of the other region, none of this one's: positions differ, names do not.
    assert set(region["station"]) == set(other.name)
    days = trained(tmp_path / "there").layers.days
    for name, rows in region.group_by("station"):
        seat = other.name.index(str(name[0]))
        at = np.searchsorted(days, rows["date"].cast(pl.Date).to_physical().to_numpy())
        assert np.allclose(rows["observed"], other.theta["root_zone"][at, seat], atol=1e-6)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("product: data/surface/lst/*.nc", "nothing is called data/surface/lst"),
        ("lst: data/surface/land.tif", "tells no day"),
        ("surface: [SMs]", "has SMs"),
        ("rain: data/surface/ndvi/*.tif", "No day has all fields"),
    ],
)
def test_what_is_missing_is_named(folder: Path, key: str, said: str) -> None:
    path = folder / "wrong.yaml"
    path.write_text(CAMPAIGN % key)
    told = invoke("surface", "plan", str(path))
    assert isinstance(told.exception, RequestError), told.output
    assert said in str(told.exception)
