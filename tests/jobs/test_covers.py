"""``cover: by_land_cover`` from the soils table to the report's and ``why``'s balance."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import SOILS, WEATHER
from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.driver.run_campaign import run_campaign
from rootzone.jobs.driver.run_local import InThisProcess
from rootzone.report.methods_section import methods_text
from rootzone.report.read_inputs import ReportInputs
from rootzone.report.water_section import read_closure, water_section
from tests.cli.campaign_runs import invoke
from tests.jobs.synthetic import make_campaign

COVERS = {1: "grass", 2: "bare", 3: "evergreen_forest", 4: "bare"}
_RECORD = Provenance("synthetic campaign", code="none")


def planted_campaign(folder: Path, *, covers: bool = True, cover: str = "by_land_cover") -> Path:
    """Four sites of a cover each, a shard each: files of bare and of planted sites must agree."""
    file = make_campaign(
        folder, n_site=4, sites_per_shard=1, n_cell=1, spin_up_days=5, extra=f"cover: {cover}\n"
    )
    place = Workspace(folder)
    if covers:
        soils = pl.read_parquet(place.soils)
        names = pl.col("site_id").replace_strict(COVERS, return_dtype=pl.String).alias("cover")
        write_table(place.soils, soils.with_columns(names), SOILS, _RECORD)
    for year in (2019, 2020):
        sky = pl.read_parquet(place.weather(year))
        mean = 10.0 - 12.0 * np.cos(2 * np.pi * np.arange(sky.height) / 365.25)
        warm = sky.with_columns(
            pl.Series("tmax_degc", mean + 6.0), pl.Series("tmin_degc", mean - 6.0)
        )
        write_table(place.weather(year), warm, WEATHER, _RECORD)
    return file


def run(file: Path) -> None:
    run_campaign(load_campaign(file).campaign, Workspace.beside(file), InThisProcess(1))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = planted_campaign(tmp_path_factory.mktemp("covers") / "c")
    run(file)
    return file


def profiles_of(file: Path) -> pl.DataFrame:
    return pl.read_parquet(file.parent / "runs" / "shard=*" / "profiles.parquet")


def test_each_site_grows_what_its_soil_says(file: Path) -> None:
    profiles = profiles_of(file)
    sums = profiles.group_by("site_id").agg(pl.col("transpiration_mm", "interception_mm").sum())
    assert sums.height == 4
    for site, transpired, caught in sums.iter_rows():
        assert (transpired > 10.0) == (COVERS[site] != "bare")
        assert (caught > 1.0) == (COVERS[site] != "bare")
        assert COVERS[site] != "bare" or transpired == caught == 0.0


def test_the_report_closes_the_year_and_says_its_parts(file: Path) -> None:
    inputs = ReportInputs.beside(file)
    closure = read_closure(inputs)
    assert closure is not None
    # Fluxes of 365 days in single precision, and theta times 250 mm.
    assert closure.sites["surface_mm"].abs().max() < 1e-3  # type: ignore[operator]
    assert closure.sites["soil_mm"].abs().max() < 1e-3  # type: ignore[operator]
    text = str(water_section(inputs).blocks)
    for part in ("interception", "transpiration", "soil evaporation", "closing error"):
        assert part in text


def test_the_methods_do_not_call_it_bare(file: Path) -> None:
    text = "\n".join(methods_text(ReportInputs.beside(file)))
    assert "Water flow under the cover of each site's land-cover class" in text
    assert "Bare-soil" not in text


def test_why_tells_a_planted_sites_balance(file: Path) -> None:
    facts = json.loads(invoke("why", file, 1, "--json").stdout)
    own = profiles_of(file).filter(site_id=1).sort("date")[1:]
    transpired = own["transpiration_mm"].cast(pl.Float64).sum()
    assert facts["balance"]["transpiration"] == pytest.approx(transpired)
    assert abs(facts["balance"]["closing error"]) < 1e-3
    page = invoke("why", file, 1).stdout
    assert f"{transpired:.1f}" in page.split("  transpiration", 1)[1].splitlines()[0]
    assert "grass" in page


@pytest.mark.parametrize(
    ("covers", "cover", "what"),
    [(False, "by_land_cover", "has no column cover"), (True, "bare", "says cover: bare")],
)
def test_soils_that_say_otherwise_than_the_campaign_are_refused(
    tmp_path: Path, covers: bool, cover: str, what: str
) -> None:
    with pytest.raises(RequestError, match=what):
        run(planted_campaign(tmp_path / "c", covers=covers, cover=cover))
