"""A small campaign of twelve sites around Boulder, simulated with the test engine, and labelled."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from rootzone._cli import cli
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import SITES, SOILS, WEATHER
from rootzone.campaign.workspace import Workspace
from rootzone.report.read_inputs import ReportInputs
from tests.cli.campaign_runs import MakeBucket, run, use_bucket
from tests.covariates.weather_files import GRIDMET
from tests.jobs.synthetic import make_campaign
from tests.report.fake_outputs import write_all

# 192 x 192 pixels, all in one weather cell.
BOUNDS = "[-105.03, 39.99, -104.98, 40.02]"
CELL = int(GRIDMET.id_at(-105.0, 40.0))
ENGINE = MakeBucket(never=frozenset({3}))


def make_small_campaign(folder: Path) -> Path:
    """Sites, soils and weather; nothing simulated yet."""
    file = make_campaign(folder, n_site=12, years=(2023,), n_cell=1, n_layer=6, spin_up_days=5)
    text = file.read_text().replace("place: Colorado", f"bounds_lonlat_deg: {BOUNDS}")
    file.write_text(text.replace("depths_mm: [100]", "depths_mm: [200]"))
    place = Workspace(folder)
    record = Provenance("synthetic campaign", code="none")
    tables = [(place.sites, SITES), (place.soils, SOILS)]
    tables += [(place.weather(year), WEATHER) for year in (2022, 2023)]
    for path, schema in tables:
        frame = pl.read_parquet(path).with_columns(pl.lit(CELL).alias("cell_id"))
        write_table(path, frame, schema, record)
    return file


@pytest.fixture
def bare(tmp_path: Path) -> ReportInputs:
    """A campaign whose sites and soils are all there is."""
    return ReportInputs.beside(make_small_campaign(tmp_path / "bare"))


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> ReportInputs:
    """A campaign with everything a report can show; one site failed."""
    folder = tmp_path_factory.mktemp("report") / "full"
    file = make_small_campaign(folder)
    with pytest.MonkeyPatch.context() as patch:
        use_bucket(patch, ENGINE)
        patch.setattr("rootzone.labels.read_design.make_engine_of", lambda _: ENGINE, raising=False)
        run(file, ENGINE)
        cli.main(["labels", str(file)], standalone_mode=False)
        inputs = ReportInputs.beside(file)
        write_all(folder, inputs.grid)
    # Outside, or every later test of the session would get the bucket for an engine.
    return inputs
