"""Many columns at once: the same bits whatever threads, chunks, order or twins."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.engines.protocol import EngineRun, SiteBatch, WeatherBatch
from rootzone.engines.swim import batch, twins
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.engines.swim.settings import default_settings
from tests.engines.swim.tables import LOAM_SWIM3, LOAM_VG

pytestmark = [pytest.mark.kernels, pytest.mark.slow]

PAIRS = sorted(batch.KINDS)


def some_sites(physics: str, n_site: int = 12, n_day: int = 30) -> SiteBatch:
    """Loams of 2 to 5 layers with unlike starts in three cells, two of them with one weather."""
    rng = np.random.default_rng(8)
    n_layer = 2 + np.arange(n_site) % 4
    start = np.concatenate(([0], np.cumsum(n_layer)))
    total = int(start[-1])
    loam = LOAM_VG if physics == "van_genuchten" else LOAM_SWIM3
    soil = {name: np.full(total, value) for name, value in loam.items()}
    soil["thickness_mm"] = np.tile([50.0, 100.0, 150.0], total)[:total]
    soil["theta_initial"] = np.repeat(0.2 + 0.01 * np.arange(n_site), n_layer)
    rain = np.where(rng.random((2, n_day)) < 0.3, rng.gamma(0.7, 12.0, (2, n_day)), 0.0)
    weather = WeatherBatch(
        np.array(["a", "b", "c"], dtype=object),
        n_day * np.arange(4),
        np.array([0, 0, 100]),
        {
            "rain_mm": np.concatenate((rain[0], rain[1], rain[0])),
            "eo_mm": np.full(3 * n_day, 4.0),
        },
    )
    ids = np.array([f"site {i}" for i in range(n_site)], dtype=object)
    return SiteBatch(ids, start.astype(np.int64), soil, np.arange(n_site) % 3, weather)


def theta_by_site(runs: list[EngineRun]) -> dict[str, FloatArray]:
    return {
        site: run.profiles.theta_of(i)
        for run in runs
        for i, site in enumerate(run.profiles.site_ids)
    }


def same(left: dict[str, FloatArray], right: dict[str, FloatArray]) -> bool:
    return left.keys() == right.keys() and all(np.array_equal(left[k], right[k]) for k in left)


@pytest.mark.parametrize(("physics", "stepping"), PAIRS)
def test_every_pair_of_physics_and_stepping_finishes(physics: str, stepping: str) -> None:
    run = SwimEngine(default_settings(physics, stepping)).run(some_sites(physics))
    assert [failure.text for failure in run.failures] == []
    assert len(run.profiles.site_ids) == 12
    assert np.isfinite(run.profiles.theta).all()


@pytest.mark.parametrize(("physics", "stepping"), PAIRS)
def test_infiltration_is_what_crosses_the_surface_net_of_evaporation(
    physics: str, stepping: str
) -> None:
    # Water balance of the surface: infiltration = rain - runoff - evaporation - growth of pond.
    sites = some_sites(physics, n_site=1)
    settings = settings_from_mapping(physics, stepping, {"balance_tolerance_mm": 1e-3})
    daily = SwimEngine(settings).run(sites).profiles.daily
    rain = sites.weather.columns["rain_mm"][:30]
    pond = np.diff(daily["pond_mm"], prepend=0.0)
    expected = rain - daily["runoff_mm"] - daily["es_mm"] - pond
    assert daily["infiltration_mm"] == pytest.approx(expected, abs=1e-3)


def test_threads_do_not_change_a_bit() -> None:
    if numba.config.NUMBA_NUM_THREADS < 2:
        pytest.skip("Numba was started with one thread")
    sites = some_sites("van_genuchten")
    settings = default_settings("van_genuchten", "converged")
    one, two = (theta_by_site([SwimEngine(settings, threads=n).run(sites)]) for n in (1, 2))
    assert same(one, two)


@pytest.mark.parametrize("chunk_values", [1, 200, 10_000])
def test_chunks_do_not_change_a_bit(chunk_values: int) -> None:
    sites = some_sites("van_genuchten")
    settings = default_settings("van_genuchten", "converged")
    whole = theta_by_site([SwimEngine(settings).run(sites)])
    parts = list(SwimEngine(settings, chunk_values=chunk_values).stream(sites))
    assert same(whole, theta_by_site(parts))


def test_the_order_of_sites_does_not_change_a_bit() -> None:
    sites = some_sites("van_genuchten")
    settings = default_settings("van_genuchten", "converged")
    order = np.random.default_rng(1).permutation(sites.n_site)
    forward = theta_by_site([SwimEngine(settings).run(sites)])
    shuffled = theta_by_site([SwimEngine(settings).run(sites.take(order))])
    assert same(forward, shuffled)


def test_sites_come_out_in_the_order_they_went_in() -> None:
    sites = some_sites("van_genuchten").take(np.array([5, 1, 7]))
    run = SwimEngine(default_settings("van_genuchten", "converged")).run(sites)
    assert run.profiles.site_ids.tolist() == ["site 5", "site 1", "site 7"]


def test_identical_columns_are_computed_once_and_keep_their_own_dates() -> None:
    # Cells a and c have the same weather on other dates; same soil, same start.
    sites = some_sites("van_genuchten", n_site=1).take(np.array([0, 0, 0]))
    sites = replace(sites, cell=np.array([0, 2, 1]), site_ids=np.array([10, 20, 30]))
    run = SwimEngine(default_settings("van_genuchten", "converged")).run(sites)
    assert run.computed == 2
    assert np.array_equal(run.profiles.theta_of(0), run.profiles.theta_of(1))
    assert not np.array_equal(run.profiles.theta_of(0), run.profiles.theta_of(2))
    assert run.profiles.first_day.tolist() == [0, 100, 0]


def test_twins_in_different_chunks_are_computed_once() -> None:
    sites = some_sites("van_genuchten", n_site=1).take(np.zeros(6, dtype=np.int64))
    engine = SwimEngine(default_settings("van_genuchten", "converged"), chunk_values=1)
    runs = list(engine.stream(sites))
    assert len(runs) == 6
    assert [run.computed for run in runs] == [1, 0, 0, 0, 0, 0]


def test_a_full_store_computes_again_to_the_same_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    sites = some_sites("van_genuchten", n_site=1).take(np.zeros(3, dtype=np.int64))
    engine = SwimEngine(default_settings("van_genuchten", "converged"), chunk_values=1)
    kept = [run.profiles.theta for run in engine.stream(sites)]
    monkeypatch.setattr(twins.TwinStore.__init__, "__defaults__", (0,))
    runs = list(engine.stream(sites))
    assert [run.computed for run in runs] == [1, 1, 1]
    assert all(np.array_equal(a, run.profiles.theta) for a, run in zip(kept, runs, strict=True))


def test_a_failing_site_leaves_its_neighbours_alone() -> None:
    # No balance closes to 1e-300 mm, and a closed soil without weather loses nothing at all.
    sites = some_sites("van_genuchten", n_site=3)
    still = np.zeros(90)
    weather = replace(sites.weather, columns={"rain_mm": still.copy(), "eo_mm": still})
    weather.columns["rain_mm"][0] = 30.0  # cell a
    sites = replace(sites, weather=weather)
    settings = settings_from_mapping("van_genuchten", "converged", {"balance_tolerance_mm": 1e-300})
    run = SwimEngine(settings).run(sites)
    failed = [failure.site_id for failure in run.failures]
    assert "site 0" in failed
    assert {failure.failure_class for failure in run.failures} == {"BALANCE"}
    assert set(failed) | set(run.profiles.site_ids) == {"site 0", "site 1", "site 2"}


def test_an_empty_batch_gives_empty_profiles() -> None:
    sites = some_sites("van_genuchten").take(np.zeros(0, dtype=np.int64))
    run = SwimEngine(default_settings("van_genuchten", "converged")).run(sites)
    assert run.profiles.n_row == 0
    assert list(SwimEngine(default_settings("van_genuchten", "converged")).stream(sites)) == []


def test_more_threads_than_numba_has_are_refused() -> None:
    with pytest.raises(RequestError, match="NUMBA_NUM_THREADS"):
        batch.checked_threads(int(numba.config.NUMBA_NUM_THREADS) + 1)


def test_available_threads_follow_the_affinity_of_the_process() -> None:
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system has no CPU affinity")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        assert batch.available_threads() == 1
    finally:
        os.sched_setaffinity(0, cores)


def test_the_cache_knows_what_it_holds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    settings = default_settings("van_genuchten", "converged")
    if not numba.config.DISABLE_JIT:
        SwimEngine(settings).run(some_sites("van_genuchten", n_site=1, n_day=3))
        assert batch.is_compiled(settings)
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    assert not batch.is_compiled(settings)


_COUNT_CACHE_HITS = """
from tests.engines.swim.test_batch import some_sites
from rootzone._shared.jit import cache_dir
from rootzone.engines.swim import batch_kernels
from rootzone.engines.swim.engine import SwimEngine
from rootzone.engines.swim.settings import default_settings
engine = SwimEngine(default_settings("van_genuchten", "converged"))
for n_site in (1, 3):
    engine.run(some_sites("van_genuchten", n_site=n_site, n_day=3))
kernel = batch_kernels.run_van_genuchten_converged
print(sum(kernel.stats.cache_hits.values()), sum(kernel.stats.cache_misses.values()), cache_dir())
"""


def test_a_second_process_compiles_nothing() -> None:
    if numba.config.DISABLE_JIT:
        pytest.skip("nothing is compiled with JIT off")
    # This process, or the first call below, has filled the cache; two calls of unlike size in a
    # new process then load one version and compile none.
    engine = SwimEngine(default_settings("van_genuchten", "converged"))
    engine.run(some_sites("van_genuchten", n_site=1, n_day=3))
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", _COUNT_CACHE_HITS],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    hits, misses, folder = done.stdout.split()
    if folder != os.environ["NUMBA_CACHE_DIR"]:
        pytest.skip("the sources were edited while this test ran")
    assert (hits, misses) == ("1", "0")
