"""A campaign of the multimodal system from files to maps, on a small cut of a made-up province."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import netCDF4
import numpy as np
import polars as pl
import pytest
import rasterio
import torch

from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Window
from rootzone.networks.run_training import new_network
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.grids.aggregate import weights
from rootzone.surface.multimodal.evaluate import table_text
from rootzone.surface.multimodal.open_chips import OpenChips
from rootzone.surface.multimodal.product_label import TextureLabel
from rootzone.surface.multimodal.run_training import stages_before
from rootzone.surface.multimodal.trained import Trained
from rootzone.surface.worlds.write_fine import Cut, write_fine
from tests.cli.campaign_runs import invoke
from tests.surface.multimodal.quick_land import quick_land

CAMPAIGN = """\
name: ten-metres
region: {bounds_lonlat_deg: [-100.1, 39.7, -99.6, 40.15]}
years: [2022]
catalog: {files: [l_band.yaml]}
surface:
  system: multimodal
  seeds: [0]
  epochs: 1
  splits: [stations]
  dates: [2022-05-08]
  multimodal:
    variant: mini
    window_px: 32
    l_band: palsar
    optics_10m: sentinel2_10m
    lai: data/surface/lai/*.tif
    fpar: data/surface/fpar/*.tif
    product: data/surface/smap/*.h5
    product_epochs: 1
    product_chips: 8
    scratch: true
"""
L_BAND = """\
catalog: ours
sources:
  palsar:
    title: L-band radar of our own, dB
    reader: raster
    kind: continuous
    path: l_band/{scene}_{variable}.tif
    resampling: nearest
    variables:
      HH: {unit: dB, range: [-60, 20]}
      HV: {unit: dB, range: [-60, 20]}
"""
NAME = "surface_theta_20220508"
CUT = Cut(side_km=0.8, n_stations=20, radar_days=3, s2_days=6)
DAYS, RADAR_DAYS = 8, ("2022-05-02", "2022-05-05", "2022-05-08")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("multimodal")
    write_fine(root / "data" / "surface", quick_land(DAYS), CUT)
    (root / "campaign.yaml").write_text(CAMPAIGN)
    (root / "l_band.yaml").write_text(L_BAND)
    write_l_band(root / "data" / "surface")
    write_fine_red(root / "data" / "surface")
    for verb in ("plan", "train", "evaluate", "map"):
        found = invoke("surface", verb, str(root / "campaign.yaml"))
        assert found.exit_code == 0, (verb, found.output, found.exception)
    return root


def write_l_band(data: Path) -> None:
    """HH and HV of 2 May, 3 dB above what Sentinel-1 saw in VV and VH."""
    (data / "l_band").mkdir()
    for c_band, l_band in (("VV", "HH"), ("VH", "HV")):
        seen = data / f"sentinel1/S1A__IW___A_20220502T120000_{c_band}_grd_mli_geo_norm_db.tif"
        with rasterio.open(seen) as file:
            told, profile = file.read(1) + 3.0, file.profile
        with rasterio.open(data / f"l_band/ALOS2_20220502_{l_band}.tif", "w", **profile) as file:
            file.write(told, 1)


def write_fine_red(data: Path) -> None:
    """Bands of 10 m of 7 May: those of 20 m, and .01 more in every other column."""
    for coarse, fine in (("B02", "B02"), ("B03", "B03"), ("B04", "B04"), ("B8A", "B08")):
        with rasterio.open(data / f"sentinel2/T13TGE_20220507T174911_{coarse}_20m.tif") as file:
            told, transform = file.read(1).repeat(2, axis=0).repeat(2, axis=1), file.transform
            crs = file.crs
        told[:, 1::2] += 100
        path = data / f"sentinel2/T13TGE_20220507T174911_{fine}_10m.tif"
        with rasterio.open(
            path, "w", driver="GTiff", width=told.shape[1], height=told.shape[0], count=1,
            dtype="uint16", nodata=0, crs=crs, transform=transform * transform.scale(0.5),
        ) as file:  # fmt: skip
            file.write(told, 1)


@cache  # reading the catalog takes a second
def chips_of(folder: Path) -> OpenChips:
    return OpenChips(OpenSurface.of(folder / "campaign.yaml"))


def test_channels_are_what_the_files_hold(folder: Path) -> None:
    chips = chips_of(folder)
    assert [str(np.datetime64(d, "D")) for d in chips.days] == list(RADAR_DAYS)
    day = int(np.datetime64("2022-05-08").astype(int))
    stack = chips.stacks(day, [Window(8, 16, 32, 32)])[0]
    field = dict(zip(chips.inputs.names, stack, strict=True))
    data = folder / "data" / "surface"
    seen = "sentinel1/S1A__IW___D_20220508T120000_VV_grd_mli_geo_norm_db.tif"
    with rasterio.open(data / seen) as file:
        vv = file.read(1)[8:40, 16:48]
    np.testing.assert_allclose(field["vv_db"], (vv + 25.0) / 25.0, atol=1e-6)
    # look_fine: days 6 to 11 of 12 are of the other track, 42 degrees, which descends.
    assert np.allclose(field["incidence_deg"], (42.0 - 20.0) / 30.0)
    assert (field["ascending"] == 0.0).all()
    # The L-band scene of six days before is within optics_reach_days; between -35 and 5 dB.
    with rasterio.open(data / "l_band/ALOS2_20220502_HH.tif") as file:
        hh = file.read(1)[8:40, 16:48]
    np.testing.assert_allclose(field["hh_db"], (hh + 35.0) / 40.0, atol=1e-6)
    # The last scene of Sentinel-2 is that of 7 May; stored (reflectance + .1) x 10000.
    with rasterio.open(data / "sentinel2/T13TGE_20220507T174911_B04_20m.tif") as file:
        red = file.read(1)[4:20, 8:24] * 1e-4 - 0.1
    with rasterio.open(data / "sentinel2/T13TGE_20220507T174911_SCL_20m.tif") as file:
        clear = file.read(1)[4:20, 8:24] != 9
    told = field["s2_red"][::2, ::2] * 0.6
    np.testing.assert_allclose(told[clear], red[clear], atol=1e-5)
    # Bands of 10 m take the place of those of 20 m, with the classes of 20 m.
    fine = field["s2_red"][::2, 1::2] * 0.6
    np.testing.assert_allclose(fine[clear], red[clear] + 0.01, atol=1e-5)
    assert np.array_equal(np.isnan(field["s2_red"]), np.isnan(field["s2_swir1"]))
    # 285 K of quick_land between 250 and 310.
    assert np.allclose(field["air_k"], 35.0 / 60.0)


def test_a_cloud_is_filled_by_the_look_before_it(folder: Path) -> None:
    chips = chips_of(folder)
    scenes, window = chips.scenes["s2"], Window(0, 0, 80, 80)
    days = sorted(scenes.by_day)
    cloudy = [d for d in days if np.isnan(scenes.on(d, 0, window)["s2_red"]).any()]
    for day in cloudy:
        alone, before = (scenes.on(day, reach, window)["s2_red"] for reach in (0, 16))
        known = np.isfinite(alone)
        assert np.array_equal(alone[known], before[known])


def test_labels_of_a_product_have_its_mean_in_every_cell(folder: Path) -> None:
    chips = chips_of(folder)
    day, rng = chips.days[1], np.random.default_rng(0)
    low, high = rng.uniform(0.02, 0.1, chips.grid.shape), rng.uniform(0.35, 0.5, chips.grid.shape)
    label = TextureLabel(chips.label.coarse, chips.grid, low, high)
    field = label.on(day)
    # surface.md 7.1: the mean over the product's cell equals the product to 1e-6.
    mean, share = weights(chips.grid, label.coarse.grid).mean(field)
    there = share > 0.0
    np.testing.assert_allclose(mean[there], label.coarse.by_day[day][there], atol=1e-6)
    assert np.nanstd(field) > 0.01


def test_scores_stand_beside_each_other_and_every_sensor_is_taken_away(folder: Path) -> None:
    told = invoke("surface", "evaluate", str(folder / "campaign.yaml"), "--json")
    facts = json.loads(told.stdout)
    assert set(facts["skill"]) == {"stations"}
    assert set(facts["skill"]["stations"]) == {"convnext", "stations_alone", "lightgbm"}
    rows = facts["missing"]["stations"]
    sensors = {"s1", "l_band", "s2", "landsat", "leaves", "terrain", "scalars"}
    assert set(rows) == {"all sensors", *sensors}
    frame = pl.read_parquet(chips_of(folder).folder / "predictions.parquet")
    held = frame.filter(pl.col("without") == "", pl.col("split") == "stations")
    off = (held["convnext"] - held["observed"]).abs().to_numpy()
    spread = held["convnext_spread"].to_numpy()
    assert (spread > 0.0).all()
    # Four stations of twenty are held out: too few for a promise, so the plain quantile stands.
    assert not facts["calibrated"]
    assert facts["spreads"] == pytest.approx(float(np.quantile(off / spread, 0.9)))
    assert facts["half_width"] == pytest.approx(float(facts["spreads"] * spread.mean()))
    assert rows["all sensors"]["convnext_rmse"] == pytest.approx(float(np.sqrt((off**2).mean())))
    said = invoke("surface", "evaluate", str(folder / "campaign.yaml")).stdout
    assert re.search(r"stations +landsat +[-0-9.]+ +0\.\d{4}", said)


def test_painting_alone_teaches_the_encoder_and_nothing_behind_it(folder: Path) -> None:
    path = folder / "painted" / "campaign.yaml"
    path.parent.mkdir()
    path.write_text(
        CAMPAIGN.split("catalog")[0] + "surface:\n  system: multimodal\n  seeds: [0]\n"
        "  land: ../data/surface/land.tif\n  stations: [../data/surface/stations.csv]\n"
        "  multimodal: {variant: mini, window_px: 64, inputs: sar, data: ../data/surface,\n"
        "    optics: null, landsat: null, air: null, rain: null, product_chips: 9,\n"
        "    pretrain_epochs: 1, batch_size: 8}\n"
    )
    trained = Trained(OpenChips(OpenSurface.of(path)))
    weights = stages_before(trained, 0, lambda _: None)
    assert weights is not None
    new = new_network(trained.chips.config, 0).state_dict()
    changed = {name for name, value in weights.items() if not torch.equal(value, new[name])}
    # Of the encoder, the first layers and the channels' means and spreads; the way up stays new.
    assert {name.split(".")[0] for name in changed} == {"encoder", "stems", "standard"}


def test_who_wins_is_said_plainly() -> None:
    figures = dict.fromkeys(
        ("n", "r", "ubrmse", "bias", "r2", "station_r", "station_ubrmse", "station_ubrmse_low",
         "station_ubrmse_high"), 0.0,
    )  # fmt: skip
    for net, trees, winner in ((0.03, 0.04, "the network"), (0.05, 0.04, "LightGBM")):
        table = {"convnext": figures | {"rmse": net}, "lightgbm": figures | {"rmse": trees}}
        told = f"stations: {winner} wins, RMSE {net:.4f} against {trees:.4f} m3 m-3"
        assert told in table_text({"stations": table})


def test_maps_hold_theta_interval_and_what_blending_they_are_of(folder: Path) -> None:
    maps = chips_of(folder).folder / "maps"
    with rasterio.open(maps / f"{NAME}.tif") as file:
        assert file.descriptions == ("theta", "theta_half_width")
        assert "32 px, half a window apart, Hann" in file.tags()["windows"]
        theta, half = (file.read(k + 1) * file.scales[k] for k in (0, 1))
        assert file.shape == (80, 80)
    with netCDF4.Dataset(maps / "surface_theta.nc") as file:
        assert np.allclose(file["theta"][0], theta, atol=1e-9)
    told = invoke("surface", "point", str(folder / "campaign.yaml"), *place(folder, 40, 71),
                  "2022-05-08", "--json")  # fmt: skip
    facts = json.loads(told.stdout)
    assert (facts["row"], facts["col"]) == (40, 71)
    assert facts["theta"] == pytest.approx(theta[40, 71], abs=5.1e-5)  # steps of 1e-4
    assert facts["half_width"] == pytest.approx(half[40, 71], abs=5.1e-5)
    assert np.nanstd(half) > 0.0  # a spread of its own at every pixel
    assert facts["without_s1"] != facts["theta"]


def test_the_report_shows_skill_and_what_sensors_are_worth(folder: Path) -> None:
    told = invoke("report", str(folder / "campaign.yaml"))
    assert told.exit_code == 0, told.output
    page = Path(told.stdout.split()[-1]).read_text()
    for words in (
        "ConvNeXt V2",
        "At stations left out, there are too few values",
        "without leaves",
        "0-5 cm at 10",
    ):
        assert words in page


def place(folder: Path, row: int, col: int) -> tuple[str, str]:
    lon, lat = chips_of(folder).grid.lon_lat(row, col)
    return f"{float(lat):.7f}", f"{float(lon):.7f}"


def test_the_same_call_trains_nothing_again(folder: Path) -> None:
    networks = sorted((chips_of(folder).folder / "networks").rglob("network.safetensors"))
    before = [path.read_bytes() for path in networks]
    assert invoke("surface", "train", str(folder / "campaign.yaml")).exit_code == 0
    assert [path.read_bytes() for path in networks] == before


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("radar: landsat", "no scene of landsat"),
        ("window_px: 96", "fewer than a window"),
        ("air: data/none/*.tif", "nothing is called data/none"),
        ("product_quantity: theta", "they have"),
        ("optics: modis_lst", "names no scenes"),
    ],
)
def test_what_is_missing_is_named(folder: Path, key: str, said: str) -> None:
    name = key.split(":")[0]
    kept = [line for line in CAMPAIGN.splitlines() if not line.strip().startswith(f"{name}:")]
    path = folder / "wrong.yaml"
    path.write_text("\n".join([*kept, f"    {key}", ""]))
    told = invoke("surface", "train", str(path))
    assert isinstance(told.exception, RequestError), told.output
    assert re.search(said, str(told.exception)), told.exception
