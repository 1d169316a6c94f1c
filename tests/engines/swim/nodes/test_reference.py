"""Against the recorded answers of the real SWIM3 (see the README beside the reference)."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import polars as pl
import pytest

from rootzone.engines.swim import layout
from tests.engines.swim.nodes import swim3_reference

pytestmark = [pytest.mark.kernels, pytest.mark.slow]

K_ABOVE_KS = ("sand", "loamy_sand", "loamysand_over_loam")
SET_NAMES = (
    "default",
    "rain1440",
    "dtmin1",
    "ex60",
    "fine",
    "ponding",
    "novapour",
    "residue50",
    "swf1",
    "seepage",
    "solutes3",
)


@pytest.fixture(scope="module")
def reference(shared: Path) -> ModuleType:
    return swim3_reference.load(shared)


@pytest.mark.parametrize("name", SET_NAMES)
def test_every_reference_run_is_repeated(reference: ModuleType, name: str) -> None:
    # Targets: 1e-5 at the 99.9th percentile, 1e-3 at worst, totals 0.1 mm. The reference is
    # float32 in most sets, so 1e-7 is its own rounding.
    found = reference.compare(one_set(reference, name), traps=True)
    assert found.unfinished == 0
    assert found.p999 < 1e-5
    assert found.worst < 1e-3
    assert found.total_mm < 0.1


@pytest.mark.parametrize("name", ["default", "ponding"])
def test_soils_that_meet_no_fault_are_the_same_when_faults_are_mended(
    reference: ModuleType, name: str
) -> None:
    found = reference.compare(one_set(reference, name), traps=False, skip=K_ABOVE_KS)
    assert found.unfinished == 0
    assert found.worst < 1e-5


def test_runs_that_fail_there_fail_the_same_way_or_are_mended(reference: ModuleType) -> None:
    # runs.parquet: 16 zero time steps on day 1 and sand with DUL at 330 cm on day 1 or 2.
    runs = pl.read_parquet(reference.FOLDER / "runs.parquet").filter(pl.col("status") == "fail")
    soils, weather = reference.read_soils(-330), reference.read_weather()
    assert runs.height == 20
    for row in runs.iter_rows(named=True):
        soil, days = soils[row["soil"]], weather[row["weather"]][:10]
        dt_min_h = 1.0 / 60.0 if row["config"] == "dtmin1" else 0.0
        kept = reference.settings_array(REPRODUCE_TRAPS=1.0, DT_MIN_H=dt_min_h)
        status = layout.NO_CONVERGENCE if dt_min_h else layout.ZERO_TIME_STEP
        # K(SAT) of that sand is 1e48 mm/d: day 1 or day 2 turns on the last bit.
        ended = reference.run(soil, days, kept)[0]
        assert (ended[0], ended[2]) == (status, 0)
        assert ended[1] <= row["fail_day"]
        mended = reference.settings_array(DT_MIN_H=dt_min_h)
        ended, theta, _ = reference.run(soil, days, mended)
        assert ended[0] == layout.OK
        assert ended[2] != 0
        assert np.isfinite(theta).all()


def one_set(reference: ModuleType, name: str) -> object:
    return next(item for item in reference.SETS if item.name == name)
