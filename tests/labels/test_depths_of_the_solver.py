"""Labels of the solver's own water content at a depth, beside those read between layers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

import rootzone as rz
from rootzone._shared.errors import RequestError
from rootzone.campaign.findings import CampaignMistakes
from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.scaffold import campaign_text
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.jobs.shard.counted_days import Span
from rootzone.jobs.shard.engine_choice import make_engine_of
from rootzone.labels.read_design import table_jobs
from rootzone.labels.simulate_columns import simulate_columns
from rootzone.labels.write_labels import write_all
from tests.cli.campaign_runs import invoke
from tests.jobs.synthetic import make_campaign

N_DAY = 60


def _weather() -> dict[str, list[object]]:
    """A rain of 20 mm every tenth day under a demand of 5 mm d-1."""
    days = np.arange("2023-05-01", "2023-06-30", dtype="datetime64[D]")[:N_DAY]
    rain = [20.0 if i % 10 == 3 else 0.0 for i in range(N_DAY)]
    return {"date": days.astype(str).tolist(), "rain_mm": rain, "eo_mm": [5.0] * N_DAY}


def _profiles(**settings: object) -> rz.Profiles:
    soils = rz.make_soils({"sand_pct": 40, "silt_pct": 40, "clay_pct": 20})
    return rz.simulate(soils, _weather(), **settings)


def test_the_depths_asked_for_stand_beside_the_layers_with_their_unit() -> None:
    profiles = _profiles(label_depths_mm=[50, 500])
    assert profiles.to_polars().columns[2:5] == ["theta", "theta_50mm", "theta_500mm"]
    assert profiles.units["theta_50mm"] == "m3 m-3"


def test_with_nothing_said_the_solver_has_cells_at_200_mm() -> None:
    assert "theta_200mm" in _profiles().to_polars().columns


def test_labels_of_the_solver_are_its_own_values_and_layer_means_are_of_layers() -> None:
    profiles = _profiles(label_depths_mm=[50, 200])
    labels = rz.make_labels(profiles, depth_mm=[50, "0-200"], source="solver").to_polars()
    at_50 = labels.filter(pl.col("depth_mm") == 50.0)["theta"].to_numpy()
    table = profiles.to_polars()
    assert np.array_equal(at_50, table["theta_50mm"].to_numpy().astype(np.float32))
    # Four layers of 50 mm: their plain mean, by hand.
    mean = table["theta"].list.head(4).list.mean().to_numpy()
    assert labels.filter(pl.col("depth_mm") == 200.0)["theta"].to_numpy() == pytest.approx(mean)


def test_at_5_cm_the_solver_is_nearer_to_a_fine_grid_than_the_layers_are() -> None:
    # Physics, not a number of ours: cells of 2 mm and tight steps are the reference. Between the
    # layers' middles at 25 and 75 mm theta is not straight, and the solver's cells see that.
    fine = _profiles(label_depths_mm=[50], first_cell_cm=0.2, cell_growth=1.1, tolerance=2e-3)
    truth = rz.make_labels(fine, depth_mm=50, source="solver").to_polars()["theta"].to_numpy()
    coarse = _profiles(label_depths_mm=[50])

    def error(source: str) -> float:
        found = rz.make_labels(coarse, depth_mm=50, source=source).to_polars()["theta"]  # type: ignore[arg-type]
        return float(np.sqrt(np.mean((found.to_numpy() - truth) ** 2)))

    assert error("solver") < 0.5 * error("layers")


def test_a_depth_that_the_profiles_do_not_hold_is_refused() -> None:
    profiles = _profiles(label_depths_mm=[200])
    with pytest.raises(RequestError, match=r"content at 50 mm \(known depths \[mm\]: 200"):
        rz.make_labels(profiles, depth_mm=50, source="solver")
    foreign = {"site_id": [1], "date": ["2023-05-01"], "theta": [[0.2, 0.3]]}
    with pytest.raises(RequestError, match=r"at 50 mm \(known depths \[mm\]: none\)"):
        rz.make_labels(foreign, depth_mm=50, thickness_mm=[50, 50], source="solver")


def test_files_of_profiles_give_the_same_labels(tmp_path: Path) -> None:
    profiles = _profiles(label_depths_mm=[50])
    path = profiles.write(tmp_path / "profiles.parquet")
    jobs = table_jobs(path, ["50"], thickness_mm=rz.LAYERS_MM, source="solver")
    write_all(jobs, tmp_path / "labels")
    found = pl.concat([pl.read_parquet(p) for p in sorted((tmp_path / "labels").rglob("labels-*"))])
    own = rz.make_labels(profiles, depth_mm=50, source="solver").to_polars()
    assert np.array_equal(found.sort("date")["theta"].to_numpy(), own["theta"].to_numpy())
    assert jobs[0].record.settings["from"] == "solver"


# ---------------------------------------------------------------- in a campaign


def _campaign(folder: Path, labels: str, extra: str = "") -> Path:
    file = make_campaign(folder, n_site=6, sites_per_shard=3, extra=extra)
    file.write_text(file.read_text().replace("labels: {depths_mm: [100]}", f"labels: {labels}"))
    return file


def test_the_campaigns_depths_reach_the_solver_and_its_labels(tmp_path: Path) -> None:
    file = _campaign(tmp_path, "{depths_mm: [150, 60], from: solver}")
    campaign = load_campaign(file).campaign
    assert make_engine_of(campaign).identity({})["label_depths_mm"] == (60.0, 150.0)
    for verb in ("simulate", "labels"):
        shown = invoke(verb, file)
        assert shown.exit_code == 0, shown.output
    place = Workspace.beside(file)
    profiles = pl.read_parquet(place.profiles(1))
    labels = pl.concat([pl.read_parquet(p) for p in place.labels.rglob("labels-00001.parquet")])
    for depth_mm in (60.0, 150.0):
        own = labels.filter(pl.col("depth_mm") == depth_mm)
        both = own.join(profiles, on=["site_id", "date"], suffix="_layers")
        assert both.height == own.height > 0
        assert (both["theta"] == both[f"theta_{depth_mm:g}mm"]).all()


def test_columns_outside_the_shards_are_read_as_the_labels_are(tmp_path: Path) -> None:
    file = _campaign(tmp_path, "{depths_mm: [60, 150], from: solver}")
    assert invoke("simulate", file).exit_code == 0
    files = CampaignFiles.beside(file)
    profiles = pl.read_parquet(files.workspace.profiles(1))
    site = profiles["site_id"][0]
    row = pl.read_parquet(files.workspace.sites).filter(pl.col("site_id") == site)
    soils = pl.read_parquet(files.workspace.soils).filter(pl.col("site_id") == site)
    span = Span.of_year(2020, files.campaign.engine.spin_up_days)
    run = simulate_columns(
        files, soils.with_columns(site_id=pl.lit(0, pl.Int64)), row["cell_id"].to_numpy(), 2020,
        span, np.array([0, 100]),
    )  # fmt: skip
    days = profiles.filter(pl.col("site_id") == site).sort("date")
    wanted = days.select("theta_60mm", "theta_150mm").to_numpy()[[0, 100]]
    assert np.array_equal(run.theta[0], wanted)


@pytest.mark.parametrize(
    ("extra", "key"),
    [
        ("  physics: swim3\n  stepping: apsim\n", "labels.from"),
        ("  settings: {label_depths_mm: 100}\n", "engine.settings.label_depths_mm"),
    ],
)
def test_check_refuses_what_the_solver_cannot_give(tmp_path: Path, extra: str, key: str) -> None:
    file = _campaign(tmp_path, "{depths_mm: [100], from: solver}", extra)
    with pytest.raises(CampaignMistakes, match=key.replace(".", r"\.")):
        load_campaign(file)


def test_a_new_campaign_tells_the_choice_and_reads_between_layers(tmp_path: Path) -> None:
    assert "  from: layers\n" in campaign_text()
    file = _campaign(tmp_path, "{depths_mm: [100]}")
    loaded = load_campaign(file)
    assert loaded.resolved["labels"]["from"] == "layers"
    # The solver then keeps its own depth, 200 mm.
    assert make_engine_of(loaded.campaign).identity({})["label_depths_mm"] == (200.0,)
