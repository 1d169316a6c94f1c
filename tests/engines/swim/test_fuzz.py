"""Any wrong cell of a table is a named failure of its site; every other site finishes."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootzone.engines.failures import FailureClass
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.settings import default_settings
from rootzone.engines.tables.check_soils import RANGES as SOIL_RANGES
from rootzone.engines.tables.check_weather import RANGES as WEATHER_RANGES
from rootzone.engines.tables.read_weather import WeatherNeeds
from rootzone.engines.tables.table_mode import TableRun, simulate_tables
from tests.engines.swim.tables import edited, soils, weather
from tests.engines.tables.read_profiles import read_profiles

N_SITE = 4
N_DAY = 8
N_LAYER = 3
EXAMPLES = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
SOIL_COLUMNS = ("thickness_mm", "theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d")
BAD_CELLS = st.sampled_from([None, float("nan"), float("inf"), -float("inf"), -1e9, 1e12, "x", ""])


def run(soil: pl.DataFrame, forcing: pl.DataFrame, ending: str) -> tuple[TableRun, pl.DataFrame]:
    """Both tables through a file and the engine."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        paths = [folder / f"soils{ending}", folder / f"weather{ending}"]
        for path, frame in zip(paths, (soil, forcing), strict=True):
            frame.write_parquet(path) if ending == ".parquet" else frame.write_csv(path)
        settings = default_settings("van_genuchten", "converged")
        result = simulate_tables(
            *paths,
            folder / f"out{ending}",
            SwimEngine(settings, threads=1),
            physics="van_genuchten",
            needs=WeatherNeeds(0.13),
            extra_columns=settings.extra_columns,
        )
        return result, read_profiles(folder / f"out{ending}")


def assert_only(result: TableRun, profiles: pl.DataFrame, bad: set[int]) -> None:
    """Exactly the bad sites failed, each with a class and a text; the others are whole."""
    assert {failure.site_id for failure in result.failures} == bad
    assert result.done == N_SITE - len(bad)
    assert result.sites == N_SITE
    for failure in result.failures:
        assert failure.failure_class in FailureClass
        assert f"site {failure.site_id}" in failure.text
    good = sorted(set(range(1, N_SITE + 1)) - bad)
    assert profiles["site_id"].to_list() == [site for site in good for _ in range(N_DAY)]
    theta = profiles["theta"].explode().to_numpy()
    assert np.isfinite(theta).all()


def tables() -> tuple[pl.DataFrame, pl.DataFrame]:
    ids: list[Any] = list(range(1, N_SITE + 1))
    return soils(ids, cell_ids=ids), weather(N_DAY, cell_ids=tuple(ids))


@EXAMPLES
@given(
    row=st.integers(0, N_SITE * N_LAYER - 1),
    column=st.sampled_from([*SOIL_COLUMNS, "layer"]),
    value=BAD_CELLS,
    ending=st.sampled_from([".parquet", ".csv"]),
)
def test_one_bad_soil_cell_costs_one_site(row: int, column: str, value: Any, ending: str) -> None:
    soil, forcing = tables()
    result, profiles = run(edited(soil, row, column, value), forcing, ending)
    assert_only(result, profiles, {row // N_LAYER + 1})


@EXAMPLES
@given(
    row=st.integers(0, N_SITE * N_DAY - 1),
    column=st.sampled_from(["rain_mm", "eo_mm"]),
    value=BAD_CELLS,
    ending=st.sampled_from([".parquet", ".csv"]),
)
def test_one_bad_weather_cell_costs_the_sites_of_its_cell(
    row: int, column: str, value: Any, ending: str
) -> None:
    soil, forcing = tables()
    result, profiles = run(soil, edited(forcing, row, column, value), ending)
    assert_only(result, profiles, {row // N_DAY + 1})


@EXAMPLES
@given(dropped=st.sets(st.integers(1, N_DAY - 2), min_size=1, max_size=3), cell=st.integers(1, 4))
def test_days_missing_inside_a_cell_cost_its_sites(dropped: set[int], cell: int) -> None:
    soil, forcing = tables()
    keep = [not (row // N_DAY + 1 == cell and row % N_DAY in dropped) for row in range(32)]
    result, profiles = run(soil, forcing.filter(pl.Series(keep)), ".parquet")
    assert_only(result, profiles, {cell})
    assert result.failed_by_class == {"FORCING_GAP": 1}


@EXAMPLES
@given(rows=st.sets(st.integers(0, N_SITE * N_LAYER - 1), min_size=1, max_size=6))
def test_layers_lost_from_the_top_or_middle_cost_their_sites(rows: set[int]) -> None:
    # A lost lowest layer leaves a shallower profile that is whole in itself.
    soil, forcing = tables()
    lost = {row for row in rows if row % N_LAYER < N_LAYER - 1}
    keep = pl.Series([row not in lost for row in range(N_SITE * N_LAYER)])
    result, profiles = run(soil.filter(keep), forcing, ".parquet")
    assert_only(result, profiles, {row // N_LAYER + 1 for row in lost})


@EXAMPLES
@given(seed=st.integers(0, 2**32 - 1))
def test_any_soil_and_weather_inside_the_ranges_finishes(seed: int) -> None:
    """Random soils over the whole of Rosetta's span, random storms, droughts and starts."""
    rng = np.random.default_rng(seed)
    soil, forcing = tables()
    n = soil.height
    theta_r = rng.uniform(0.0, 0.15, n)
    theta_s = theta_r + rng.uniform(0.2, 0.4, n)
    soil = soil.with_columns(
        theta_r=pl.Series(theta_r),
        theta_s=pl.Series(theta_s),
        alpha_per_cm=pl.Series(10.0 ** rng.uniform(-3.0, -0.8, n)),
        n=pl.Series(rng.uniform(1.1, 4.0, n)),
        ks_mm_d=pl.Series(10.0 ** rng.uniform(0.0, 4.0, n)),
        thickness_mm=pl.Series(rng.uniform(10.0, 500.0, n)),
        theta_initial=pl.Series(theta_r + (theta_s - theta_r) * rng.uniform(0.02, 1.0, n)),
    )
    days = forcing.height
    forcing = forcing.with_columns(
        rain_mm=pl.Series(np.where(rng.random(days) < 0.4, 10.0 ** rng.uniform(-1, 2.3, days), 0)),
        eo_mm=pl.Series(rng.uniform(0.0, 12.0, days)),
    )
    result, profiles = run(soil, forcing, ".parquet")
    assert [failure.text for failure in result.failures] == []
    assert_only(result, profiles, set())
    assert float(profiles["balance_error_mm"].abs().max()) < 1e-6  # type: ignore[arg-type]


def test_the_bad_values_of_this_file_lie_outside_every_range() -> None:
    # Otherwise the first two tests would ask for failures that are none.
    for low, high, _ in (*SOIL_RANGES.values(), *WEATHER_RANGES.values()):
        assert -1e9 < low < high < 1e12
