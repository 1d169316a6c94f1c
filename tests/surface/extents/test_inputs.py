"""The surface network's files from a campaign's own catalog and weather."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import rasterio
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone.covariates.observe.ease import ease_grid
from rootzone.covariates.observe.observed import OBSERVATIONS
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.made_up.write_county import geographic_pixels, write_county, write_raster
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.write_fields import write_coarse

CAMPAIGN = """\
name: corner
region:
  bounds_lonlat_deg: [-105.200, 40.082, -105.178, 40.099]
years: [2023]
catalog: {files: [catalog.yaml]}
profile: {thickness_mm: [100, 100, 100, 200, 500]}
surface: {system: deepsoil, deepsoil: {composite: mosaic, lai: null}}
"""
CATALOG = """\
catalog: own
sources:
  mosaic:
    title: a composite
    reader: raster
    kind: continuous
    path: mosaic/{variable}.tif
    crs: EPSG:4326
    variables:
      B2: {unit: "-", range: [-0.2, 1.6], meaning: blue}
      B3: {unit: "-", range: [-0.2, 1.6], meaning: green}
      B4: {unit: "-", range: [-0.2, 1.6], meaning: red}
      B5: {unit: "-", range: [-0.2, 1.6], meaning: near infrared}
    licence: none
"""
COLOURS = {"B2": 0.05, "B3": 0.07, "B4": 0.1, "B5": 0.3}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("inputs")
    write_county(folder / "data", [2022, 2023], seed=7)
    lon, _, transform = geographic_pixels(1 / 3600, (-105.2, 40.08, -105.17, 40.1))
    for name, value in COLOURS.items():
        values = np.full(lon.shape, value, dtype=np.float32)
        write_raster(folder / "data" / "mosaic" / f"{name}.tif", values, transform, "EPSG:4326", -9)
    (folder / "catalog.yaml").write_text(CATALOG)
    (folder / "campaign.yaml").write_text(CAMPAIGN)
    for words in (["forcing"], ["surface", "inputs", "--every", "150"]):
        found = CliRunner().invoke(cli, [*words, str(folder / "campaign.yaml")])
        assert found.exit_code == 0, (words, found.output, found.exception)
        said = found.stderr
    assert "bd_g_cm3 is missing" in said  # the county's POLARIS has texture alone
    assert "no smap is written" in said
    return folder / "campaign.yaml"


def bands(path: Path) -> dict[str, np.ndarray]:
    with rasterio.open(path) as dataset:
        return dict(zip(dataset.descriptions, dataset.read(), strict=True))


def test_the_land_is_that_of_the_catalog_and_of_the_soils_stage(file: Path) -> None:
    land = bands(file.parent / "data/surface/land30.tif")
    files = CampaignFiles.beside(file)
    with files.stack(2023) as stack:
        whole = stack.grid.full_window
        np.testing.assert_array_equal(land["nlcd"], stack.read("nlcd", whole))
        np.testing.assert_allclose(land["sand_pct"], stack.read("polaris/sand/0_5", whole))
    known = np.isfinite(land["theta_s"])
    assert known.mean() > 0.9
    # By definition: porosity is theta_s; the profile is 1 m, so 0.1 of it would be 100 mm.
    np.testing.assert_array_equal(land["porosity"], land["theta_s"])
    np.testing.assert_allclose(land["aws_mm"][known], 1000.0 * land["awc"][known], rtol=1e-5)
    # Field capacity is the water that the retention curve holds at 33 kPa, 336.5 cm of water.
    m = 1.0 - 1.0 / land["n"]
    se = (1.0 + (land["alpha_per_cm"] * 336.5) ** land["n"]) ** -m
    held = land["theta_r"] + se * (land["theta_s"] - land["theta_r"])
    np.testing.assert_allclose(land["fc"][known], held[known], atol=1e-3)
    # (0.3 - 0.1) / (0.3 + 0.1) is a half.
    np.testing.assert_allclose(land["ndvi"][known], 0.5, atol=1e-6)
    assert np.isnan(land["bd_g_cm3"]).all()


def test_the_weather_is_the_campaigns_and_humidity_follows_from_its_deficit(file: Path) -> None:
    paths = sorted((file.parent / "data/surface/weather").glob("*.tif"))
    assert [path.stem[-8:] for path in paths] == ["20230101", "20230531", "20231028"]
    told = bands(paths[1])
    frame = pl.read_parquet(file.parent / "weather/weather_2023.parquet")
    one = frame.filter(pl.col("date") == dt.date(2023, 5, 31)).sort("cell_id").row(0, named=True)
    assert told["pr"].ravel()[0] == pytest.approx(one["rain_mm"], abs=1e-4)
    # FAO-56 Eq. 11 and 12 by hand.
    most, least = (0.6108 * np.exp(17.27 * t / (t + 237.3)) for t in
                   (one["tmax_degc"], one["tmin_degc"]))  # fmt: skip
    vapour = (most + least) / 2 - one["vpd_kpa"]
    assert told["rmin"].ravel()[0] == pytest.approx(100 * vapour / most, rel=1e-4)
    assert told["rmax"].ravel()[0] == pytest.approx(min(100.0, 100 * vapour / least), rel=1e-4)
    land = OpenExtents(OpenSurface.of(file))
    values = land.physical_land(land.grid.full_window, ("elevation_m",))
    assert np.isfinite(values).mean() > 0.9


def test_a_file_that_was_not_made_here_is_not_written_over(file: Path) -> None:
    again = CliRunner().invoke(cli, ["surface", "inputs", str(file), "--every", "150"])
    assert again.exit_code == 0
    other = file.parent / "other.yaml"
    other.write_text(CAMPAIGN.replace("composite: mosaic", "land: catalog.yaml"))
    found = CliRunner().invoke(cli, ["surface", "inputs", str(other)])
    assert isinstance(found.exception, RequestError)
    assert "was not made by" in str(found.exception)


def test_a_morning_of_smap_lies_on_its_own_cells(file: Path) -> None:
    whole = ease_grid(9)
    x = whole.row_col_of_lon_lat(-105.19, 40.09)
    row, col = int(x[0]), int(x[1])
    frame = pl.DataFrame(
        {
            "grid": ["ease2_9km"] * 3, "row": [row] * 3, "col": [col] * 3, "lon": [-105.19] * 3,
            "lat": [40.09] * 3, "date": [dt.date(2023, 5, 31)] * 3, "sensor": ["smap"] * 3,
            "quantity": ["theta", "theta", "tb_v"], "value": [0.21, 0.31, 250.0],
            "unit": ["-"] * 3, "orbit": ["desc", "asc", "desc"],
        }
    )  # fmt: skip
    table = file.parent / "smap.parquet"
    write_table(table, frame, OBSERVATIONS, Provenance("test"))
    (path,) = write_coarse(
        CampaignFiles.beside(file), [table], "data/surface/smap30/*.tif", lambda line: None
    )
    assert path.name == "smap_20230531.tif"
    land = OpenExtents(OpenSurface.of(file))
    told, ages = land.dynamic(land.grid.full_window, dt.date(2023, 6, 1))
    assert ages["smap"] == 1
    # 0.21 of 0 to 0.6; the evening's 0.31 has no say.
    assert np.nanmedian(told[-1]) == pytest.approx(0.35, abs=1e-6)
