"""Spread of a campaign's labels over pedotransfer functions."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import SOIL_LAYERS, SOILS
from rootzone.campaign.workspace import Workspace
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.hydraulics.texture_spread import moved_layers
from rootzone.jobs.driver.run_campaign import run_campaign
from rootzone.jobs.driver.run_local import InThisProcess
from rootzone.labels.run_member_spread import run_member_spread
from rootzone.labels.simulate_columns import guarded_soils
from tests.cli.campaign_runs import invoke
from tests.jobs.synthetic import make_campaign

_RECORD = Provenance("synthetic campaign", code="none")
_SOIL = "soil: {ptf: weynants2009, members: [rosetta3, wosten1999]}\n"


def layers_of(ids: list[int], cells: list[int], bd: list[float | None]) -> pl.DataFrame:
    """A loam from top to bottom at every site; the bulk density may be unknown."""
    return pl.DataFrame(
        {
            "site_id": ids, "cell_id": cells, "top_mm": 0.0, "bottom_mm": 500.0,
            "sand_pct": 40.0, "silt_pct": 40.0, "clay_pct": 20.0,
            "bd_g_cm3": pl.Series(bd, dtype=pl.Float64), "om_pct": 2.0,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> CampaignFiles:
    """Three sites in two shards, whose soils are those of the member rosetta3 to the bit."""
    folder = tmp_path_factory.mktemp("members") / "c"
    file = make_campaign(folder, n_site=3, sites_per_shard=2, n_cell=1, spin_up_days=5, extra=_SOIL)
    files, place = CampaignFiles.beside(file), Workspace(folder)
    layers = layers_of([1, 2, 3], [1, 1, 1], [1.4, 1.4, None])
    texture = layers.drop("bd_g_cm3", "om_pct")
    as_rosetta = files.campaign.model_copy(
        update={"soil": files.campaign.soil.model_copy(update={"ptf": "rosetta3"})}
    )
    soils = guarded_soils(as_rosetta, texture)
    assert soils is not None
    write_table(place.soils, soils, SOILS, _RECORD)
    write_table(place.member_layers("rosetta3"), texture, SOIL_LAYERS, _RECORD)
    write_table(place.member_layers("wosten1999"), layers, SOIL_LAYERS, _RECORD)
    run_campaign(files.campaign, place, InThisProcess(1))
    return files


def test_each_label_has_the_spread_of_its_members(files: CampaignFiles) -> None:
    said = invoke("labels", files.path)
    assert said.exit_code == 0, said.output
    assert "spread over 3 pedotransfer functions" in said.stderr
    found = pl.read_parquet(files.workspace.label_spread / "year=2020" / "*.parquet")
    labels = pl.read_parquet(files.workspace.labels / "year=2020" / "month=*" / "*.parquet")
    both = found.join(
        labels.select("site_id", "date", pl.col("theta").alias("label")), on=["site_id", "date"]
    )
    assert both.height == 3 * 366
    # rosetta3's soils are the campaign's own, so two members agree with the label to the bit that
    # labels keep, and Wosten stands off: mean = (2 a + b) / 3, sd = |a - b| / sqrt(3).
    whole = both.filter(pl.col("site_id") < 3)
    assert (whole["members"] == 3).all()
    a = whole["label"].cast(pl.Float64).to_numpy()
    mean, sd = whole["theta"].to_numpy(), whole["theta_sd"].to_numpy()
    b = 3.0 * mean - 2.0 * a
    assert sd == pytest.approx(np.abs(a - b) / np.sqrt(3.0), abs=1e-6)
    assert np.median(sd) > 0.005
    low, high = whole["theta_low"].to_numpy(), whole["theta_high"].to_numpy()
    assert np.minimum(a, b) == pytest.approx(low, abs=1e-6)
    assert np.maximum(a, b) == pytest.approx(high, abs=1e-6)


def test_a_member_that_refuses_a_soil_is_left_out_of_its_spread(files: CampaignFiles) -> None:
    run_member_spread(files, files.workspace.labels)
    found = pl.read_parquet(files.workspace.label_spread / "year=2020" / "*.parquet")
    third = found.filter(pl.col("site_id") == 3)
    assert third.height == 366
    assert (third["members"] == 2).all()  # without bulk density there is no Wosten
    assert third["theta_sd"].max() < 1e-6  # type: ignore[operator]  # polars: any literal


def test_finished_parts_are_kept(files: CampaignFiles) -> None:
    run_member_spread(files, files.workspace.labels)
    again = run_member_spread(files, files.workspace.labels)
    assert (again.rows, again.kept) == (0, 2)


def test_quantiles_of_texture_reach_the_labels(tmp_path) -> None:
    folder = tmp_path / "c"
    file = make_campaign(folder, n_site=2, n_cell=1, spin_up_days=5,
                         extra="soil: {texture_spread: true}\n")  # fmt: skip
    files, place = CampaignFiles.beside(file), Workspace(folder)
    layers = layers_of([1, 2], [1, 1], [1.4, 1.4]).drop("bd_g_cm3", "om_pct")
    # The first site's product is sure of itself; the second's sand lies between 28 and 52 %.
    quantiles = pl.DataFrame({"sand_q05": [40.0, 28.0], "sand_q95": [40.0, 52.0],
                              "clay_q05": [20.0, 20.0], "clay_q95": [20.0, 20.0]})  # fmt: skip
    soils = guarded_soils(files.campaign, layers)
    assert soils is not None
    write_table(place.soils, soils, SOILS, _RECORD)
    for name, own in moved_layers(layers, quantiles, 10.0).items():
        write_table(place.member_layers(name), own, SOIL_LAYERS, _RECORD)
    run_campaign(files.campaign, place, InThisProcess(1))
    said = invoke("labels", files.path)
    assert said.exit_code == 0, said.output
    assert "spread over 4 moved textures" in said.stderr
    found = pl.read_parquet(place.label_spread / "year=2020" / "*.parquet")
    sure, unsure = (found.filter(pl.col("site_id") == site) for site in (1, 2))
    assert (found["members"] == 5).all()
    assert sure["theta_sd"].max() < 1e-6  # type: ignore[operator]  # polars: any literal
    # To first order DUL is open by 0.014 (test_texture_spread); labels lie between wilting and it.
    assert 0.003 < unsure["theta_sd"].median() < 0.03  # type: ignore[operator]  # polars: any literal
    assert (unsure["theta_low"] < unsure["theta_high"]).all()


def test_layers_that_were_not_sampled_are_named(files: CampaignFiles) -> None:
    path = files.workspace.member_layers("wosten1999")
    kept = path.read_bytes()
    path.unlink()
    with pytest.raises(RequestError, match=r"wosten1999 were not sampled.*rootzone soils"):
        run_member_spread(files, files.workspace.labels)
    path.write_bytes(kept)
