from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.engines.apsim.judge import Asked, judge
from rootzone.engines.apsim.read_db import read_db
from rootzone.engines.failures import FailureClass

pytestmark = pytest.mark.kernels

APRIL = int(np.datetime64("2003-04-01", "D").astype(int))
THICKNESS_MM = np.array([50.0] * 4 + [100.0] * 2 + [200.0] * 4 + [300.0] * 2)


def asked(n_layer: int = 12, first_day: int = APRIL, n_day: int = 91) -> Asked:
    """What the 91-day fault runs were asked for; rain and soil do not decide their verdicts."""
    return Asked(
        THICKNESS_MM[:n_layer], np.full(n_layer, 0.44), np.full(n_layer, 0.2), np.zeros(n_day),
        first_day, 1e-3,
    )  # fmt: skip


# File of reference/apsim/db -> verdict on simulation "s"; the file name is the planted fault.
FAULTS = {
    "end_after_met": (FailureClass.FORCING_MISSING, "End of file reached"),
    "event_twice": (FailureClass.REPORT_INCOMPLETE, "left out the report columns"),
    "ll15_equals_dul": (FailureClass.NO_CONVERGENCE, "Swim failed to find solution"),
    "met_gap": (FailureClass.FORCING_GAP, "after 29 of 91 days"),
    "met_text_in_rain": (FailureClass.FORCING_VALUE, "DBNull"),
    "no_daily_report": (FailureClass.REPORT_MISSING, "reported no day"),
    "no_microclimate": (FailureClass.NO_EVAPORATION, "MicroClimate"),
    "start_before_met": (FailureClass.FORCING_MISSING, "doesn't exist in file"),
    "two_sims_same_name": (FailureClass.NAMES_MERGED, "182 rows for 91 days"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_real_faulty_database_gets_its_verdict(name: str, shared: Path) -> None:
    harvest = read_db(shared / f"reference/apsim/db/{name}.db")
    verdict = judge(harvest, "s", asked())
    expected, words = FAULTS[name]
    assert verdict.failure_class == expected
    assert words in verdict.text
    assert verdict.theta.size == 0


def test_a_real_good_database_closes_and_keeps_every_value(shared: Path) -> None:
    # reference/apsim README: the run closes to 2.4e-4 mm a day; soil of _InitialConditions.
    harvest = read_db(shared / "reference/apsim/db/fallow_loam_semiarid.db")
    assert harvest.rows is not None
    n_layer = 11
    thickness = np.array([50.0] * 4 + [100.0] * 2 + [200.0] * 4 + [300.0])
    rain = harvest.rows["Rain"].to_numpy()
    # The water at the start is not in the report; it follows from the first day's balance.
    theta_1 = harvest.rows.select([f"SW({i + 1})" for i in range(n_layer)]).to_numpy()[0]
    first = harvest.rows.row(0, named=True)
    gained = rain[0] - first["Runoff"] - first["Drainage"] - first["Es"]
    start = theta_1 - gained / thickness.sum()
    day = int(np.datetime64("2001-01-01", "D").astype(int))
    verdict = judge(
        harvest, "t1", Asked(thickness, np.full(n_layer, 0.44), start, rain, day, 2.5e-4)
    )
    assert verdict.failure_class is None, verdict.text
    assert verdict.theta.shape == (730, n_layer)
    assert verdict.daily["runoff_mm"].sum() == pytest.approx(harvest.rows["Runoff"].sum())
    assert np.abs(verdict.daily["balance_error_mm"]).max() < 2.5e-4


def test_a_day_that_ponds_closes_by_its_pond_and_not_without(shared: Path) -> None:
    # D9: 5 mm more rain on the 10th day stand on the soil that night and run off on the next.
    harvest = read_db(shared / "reference/apsim/db/fallow_loam_semiarid.db")
    assert harvest.rows is not None
    day = pl.int_range(pl.len())
    ponds = harvest.rows.with_columns(
        Runoff=pl.col("Runoff") + 5.0 * (day == 10),
        Pond=5.0 * (day == 9).cast(pl.Float64),
    )
    thickness = np.array([50.0] * 4 + [100.0] * 2 + [200.0] * 4 + [300.0])
    rain = harvest.rows["Rain"].to_numpy().copy()
    theta_1 = harvest.rows.select([f"SW({i + 1})" for i in range(11)]).to_numpy()[0]
    first = harvest.rows.row(0, named=True)
    gained = rain[0] - first["Runoff"] - first["Drainage"] - first["Es"]
    rain[9] += 5.0
    wanted = Asked(
        thickness, np.full(11, 0.44), theta_1 - gained / thickness.sum(), rain,
        int(np.datetime64("2001-01-01", "D").astype(int)), 2.5e-4,
    )  # fmt: skip
    verdict = judge(replace(harvest, rows=ponds), "t1", wanted)
    assert verdict.failure_class is None, verdict.text
    assert verdict.daily["pond_mm"][8:11].tolist() == [0.0, 5.0, 0.0]
    dry = judge(replace(harvest, rows=ponds.drop("Pond")), "t1", wanted)
    assert dry.failure_class == FailureClass.BALANCE
    assert "2001-01-10" in dry.text


def test_the_same_run_fails_where_it_breaks_physics(shared: Path) -> None:
    harvest = read_db(shared / "reference/apsim/db/fallow_loam_semiarid.db")
    assert harvest.rows is not None
    rain = harvest.rows["Rain"].to_numpy()
    day = int(np.datetime64("2001-01-01", "D").astype(int))
    thickness = np.array([50.0] * 4 + [100.0] * 2 + [200.0] * 4 + [300.0])
    low_sat = Asked(thickness, np.full(11, 0.21), np.full(11, 0.2), rain, day, 1e3)
    assert judge(harvest, "t1", low_sat).failure_class == FailureClass.OUT_OF_BOUNDS
    other_rain = Asked(thickness, np.full(11, 0.44), np.full(11, 0.25), rain + 1, day, 1e-3)
    assert judge(harvest, "t1", other_rain).failure_class == FailureClass.BALANCE
    longer = Asked(thickness, np.full(11, 0.44), np.full(11, 0.25), np.zeros(731), day, 1e-3)
    verdict = judge(harvest, "t1", longer)
    assert verdict.failure_class == FailureClass.DATES_INCOMPLETE
    assert "2003-01-01" in verdict.text


def test_two_sites_of_different_depth_in_one_file_do_not_disturb_each_other(shared: Path) -> None:
    harvest = read_db(shared / "reference/apsim/db/two_sims_12_and_8_layers.db")
    assert harvest.rows is not None
    # Absent layers of the shallower site are empty cells, never zeros.
    shallow = harvest.rows.filter(pl.col("name") == "s2")
    assert shallow["SW(12)"].null_count() == shallow.height
    for name, n_layer in (("s", 12), ("s2", 8)):
        verdict = judge(harvest, name, asked(n_layer))
        assert verdict.failure_class in {FailureClass.BALANCE, None}, verdict.text


def test_a_misspelt_report_column_is_found_although_apsim_said_nothing(shared: Path) -> None:
    harvest = read_db(shared / "reference/apsim/db/report_unknown_property.db")
    # All columns we ask for are there; the one that is not is nobody's loss.
    assert harvest.missing == ()
    assert harvest.rows is not None
    assert harvest.rows.height == 91


def test_different_reports_of_one_name_are_merged_with_empty_cells(shared: Path) -> None:
    harvest = read_db(shared / "reference/apsim/db/two_sims_different_columns.db")
    assert harvest.rows is not None
    assert harvest.rows.group_by("name").len().sort("name").rows() == [("s", 91), ("s2", 91)]


def test_a_database_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="wrote no database"):
        read_db(tmp_path / "run.db")
    false = tmp_path / "false.db"
    false.write_text("not a database, but long enough to be read as one" * 20)
    with pytest.raises(RequestError, match="not a readable database"):
        read_db(false)
