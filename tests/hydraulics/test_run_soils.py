"""The soils stage on files: three tables, their units and provenance, and what stops it."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import read_provenance
from rootzone._shared.table_files import read_table
from rootzone._shared.tables import SOILS
from rootzone.hydraulics.run_soils import SoilsRun, limits_from_pairs, run_soils

TEXTURES = """site_id,cell_id,depth_cm,sand,silt,clay,bd
north,11,0-5,40,40,20,1.4
north,11,5-15,38,38,19,1.4
south,12,0-15,92,5,3,
west,12,0-15,-9999,5,3,1.5
"""


@pytest.fixture
def run(tmp_path: Path) -> SoilsRun:
    table = tmp_path / "textures.csv"
    table.write_text(TEXTURES)
    return run_soils(table, tmp_path / "soils.parquet")


def test_soils_serve_both_physics_and_pass_their_schema(run: SoilsRun) -> None:
    # What grows comes from land cover, which a table of textures has none of.
    optional = [c.name for c in SOILS.columns if not c.required and c.name != "cover"]
    frame = read_table(run.files.soils, SOILS, required=optional)
    assert frame["site_id"].to_list() == ["north", "north", "south"]
    assert frame["cell_id"].to_list() == [11, 11, 12]
    assert frame["layer"].to_list() == [1, 2, 1]
    assert frame["thickness_mm"].to_list() == [50.0, 100.0, 150.0]
    assert frame["psidul_cm"].unique().to_list() == [-100.0]
    assert frame["sand_pct"].to_list() == [40.0, 40.0, 92.0]
    assert not any(frame[c.name].is_null().any() for c in SOILS.columns if c.name in frame.columns)


def test_units_and_provenance_travel_with_the_soils(run: SoilsRun) -> None:
    field = pq.read_schema(run.files.soils).field("ks_mm_d")
    assert field.metadata[b"unit"] == b"mm d-1"
    record = read_provenance(run.files.soils)
    assert record.settings["limits"]["dul_suction_cm"] == 100.0
    assert record.settings["ptf"] == "rosetta-soil 0.3.2, Rosetta 3, geometric mean"
    assert set(record.inputs) == {"layers", "rosetta table"}


def test_adjustments_tell_layer_rule_before_and_after(run: SoilsRun) -> None:
    frame = pl.read_parquet(run.files.adjustments)
    closure = frame.filter(pl.col("rule") == "TEXTURE_NORMALISED").row(0, named=True)
    assert closure == {
        "site_id": "north", "layer": 2, "top_mm": 50.0, "bottom_mm": 150.0,
        "rule": "TEXTURE_NORMALISED", "quantity": "sand + silt + clay", "unit": "%",
        "before": 95.0, "after": 100.0,
    }  # fmt: skip
    estimated = frame.filter(pl.col("rule") == "BD_ESTIMATED").row(0, named=True)
    assert (estimated["site_id"], estimated["before"]) == ("south", None)
    soils = pl.read_parquet(run.files.soils)
    assert estimated["after"] == soils["bd_g_cm3"][2]
    trap = frame.filter(pl.col("rule") == "MICROPORE_K_ABOVE_KS").row(0, named=True)
    assert trap["after"] == soils["ks_mm_d"][2]


def test_refused_layers_tell_reason_and_row(run: SoilsRun) -> None:
    frame = pl.read_parquet(run.files.refused)
    assert frame["reason"].to_list() == ["TEXTURE_NEGATIVE"]
    assert frame["file_row"].to_list() == [4]
    assert "sand_pct -9999" in frame["message"][0]


def test_the_report_counts_what_the_tables_hold(run: SoilsRun) -> None:
    facts = run.facts()
    assert (facts["sites"], facts["layers"], facts["sites_refused"]) == (2, 3, 1)
    assert facts["layers_refused_by_reason"] == {"TEXTURE_NEGATIVE": 1}
    assert (
        sum(facts["adjustments_by_rule"].values()) == pl.read_parquet(run.files.adjustments).height
    )
    assert facts["textures_normalised"] == 1


def test_nothing_is_overwritten_without_force(tmp_path: Path, run: SoilsRun) -> None:
    table = tmp_path / "textures.csv"
    with pytest.raises(RequestError, match="exists already"):
        run_soils(table, run.files.soils)
    again = run_soils(table, run.files.soils, force=True)
    assert read_provenance(again.files.soils) == read_provenance(run.files.adjustments)


def test_a_run_that_was_cut_short_goes_on_without_force(tmp_path: Path, run: SoilsRun) -> None:
    # The soils are written last, so a kill leaves the other two; or one of them was damaged since.
    whole = {path: path.read_bytes() for path in vars(run.files).values()}
    for hurt in (run.files.soils.unlink, lambda: run.files.adjustments.write_bytes(b"PAR1")):
        hurt()
        run_soils(tmp_path / "textures.csv", run.files.soils)
        assert {path: path.read_bytes() for path in whole} == whole


def test_the_same_work_gives_the_same_bytes(tmp_path: Path, run: SoilsRun) -> None:
    again = run_soils(tmp_path / "textures.csv", tmp_path / "again.parquet")
    assert again.files.soils.read_bytes() == run.files.soils.read_bytes()


def test_csv_holds_the_same_numbers_and_tables_without_rows_keep_their_header(
    tmp_path: Path,
) -> None:
    table = tmp_path / "one.csv"
    table.write_text("site,depth,sand,silt,clay\n7,0-20,40,40,20\n")
    csv = run_soils(table, tmp_path / "soils.csv")
    parquet = run_soils(table, tmp_path / "soils.parquet")
    ours, theirs = pl.read_csv(csv.files.soils), pl.read_parquet(parquet.files.soils)
    assert ours.columns == theirs.columns
    for name in ("ll15", "ks_mm_d", "n"):
        assert np.array_equal(ours[name].to_numpy(), theirs[name].to_numpy())
    assert csv.files.refused.read_text().startswith("site_id,layer,")
    assert pl.read_parquet(parquet.files.adjustments).height == 0


def test_a_measured_pore_connectivity_travels_as_column_l(tmp_path: Path) -> None:
    table = tmp_path / "one.csv"
    table.write_text("site,depth,sand,silt,clay\n7,0-20,40,40,20\n")
    run_soils(table, tmp_path / "a.parquet", limits=limits_from_pairs(["mualem_l=-1"]))
    run_soils(table, tmp_path / "b.parquet")
    assert pl.read_parquet(tmp_path / "a.parquet")["l"].to_list() == [-1.0]
    assert "l" not in pl.read_parquet(tmp_path / "b.parquet").columns


def test_limits_are_read_from_pairs() -> None:
    limits = limits_from_pairs(["dul_suction_cm=330", "on_k_above_ks=lower_ll15"])
    assert (limits.dul_suction_cm, limits.on_k_above_ks) == (330.0, "lower_ll15")


def test_wrong_pairs_are_shown_together() -> None:
    with pytest.raises(RequestError) as caught:
        limits_from_pairs(["dul_suction=330", "sat_min=wet", "n_max"])
    message = str(caught.value)
    assert "'dul_suction'; did you mean dul_suction_cm?" in message
    assert "sat_min is 'wet'" in message
    assert "'n_max' is not KEY=VALUE" in message
