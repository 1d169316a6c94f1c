from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.engines.failures import Failure, FailureClass
from rootzone.engines.ladder import Rung
from rootzone.engines.protocol import EngineRun, Profiles, SiteBatch, WeatherBatch
from rootzone.jobs.shard.counted_days import Span
from rootzone.jobs.shard.run_batch import BatchPlan, run_batch
from tests.jobs.engines import Bucket

LADDER = (
    Rung("default"),
    Rung("smaller steps", {"tolerance": 1e-3}),
    Rung("finer nodes", split_layers=2),
    Rung("coarser nodes", merge_layers=2),
)
SPAN = Span(start=0, first=1, last=4)


def batch(n_site: int = 3) -> SiteBatch:
    """Sites of three layers and five days, the first of them spin-up."""
    weather = WeatherBatch(np.array([1]), np.array([0, 5]), np.array([0]), {"rain_mm": np.zeros(5)})
    soil = {
        "thickness_mm": np.tile([50.0, 100.0, 200.0], n_site),
        "theta_initial": np.tile([0.1, 0.25, 0.3], n_site),
        "theta_s": np.tile([0.2, 0.4, 0.5], n_site),
    }
    site_ids = np.arange(1, n_site + 1)
    return SiteBatch(
        site_ids, np.arange(0, 3 * n_site + 1, 3), soil, np.zeros(n_site, dtype=int), weather
    )


@dataclass(frozen=True)
class NeedsLayers(Bucket):
    """Converges only on columns of so many layers."""

    layers: int = 3
    factor: float = 1.0

    def stream(self, batch: SiteBatch) -> Iterator[EngineRun]:
        if set(batch.n_layer) == {self.layers}:
            for run in super().stream(batch):
                theta = run.profiles.theta * self.factor
                yield replace(run, profiles=replace(run.profiles, theta=theta))
        else:
            sites = batch.site_ids.tolist()
            failures = [Failure(s, FailureClass.NO_CONVERGENCE, "stuck") for s in sites]
            none = self._profiles(batch.take(np.zeros(0, dtype=np.int64)))
            yield EngineRun(none, failures)


def taken(engine: Bucket, sites: SiteBatch) -> tuple[dict[int, int], list[Profiles], object]:
    kept: list[Profiles] = []
    plan = BatchPlan(LADDER, lambda changes, *, threads: engine, SPAN)
    outcome = run_batch(sites, plan, kept.append)
    return outcome.rungs, [part for part in kept if part.n_row], outcome  # type: ignore[return-value]


@pytest.mark.parametrize(("layers", "rung"), [(3, 0), (6, 2), (2, 3)])
def test_a_profile_of_any_rung_is_on_the_layers_of_the_campaign(layers: int, rung: int) -> None:
    rungs, kept, _ = taken(NeedsLayers({}, layers=layers), batch())
    assert rungs == {1: rung, 2: rung, 3: rung}
    (profiles,) = kept
    assert profiles.n_layer.tolist() == [3, 3, 3]
    # Four counted days; merged layers 1 and 2 hold (50 x 0.1 + 100 x 0.25) / 150 = 0.2 each.
    expected = [0.2, 0.2, 0.3] if layers == 2 else [0.1, 0.25, 0.3]
    assert profiles.theta_of(1) == pytest.approx(np.tile(expected, (4, 1)))


def test_a_rung_on_other_layers_must_hold_the_bounds_of_the_campaign_layers() -> None:
    # On merged layers theta is 0.21 in the first layer, which holds at most 0.2.
    _, kept, outcome = taken(NeedsLayers({}, layers=2, factor=1.05), batch())
    assert kept == []
    failure = outcome.failures[1]  # type: ignore[attr-defined]
    assert failure.failure_class is FailureClass.OUT_OF_BOUNDS
    assert failure.layer == 1
    assert failure.attempts == 4


def test_every_site_ends_either_on_a_rung_or_in_the_failures() -> None:
    engine = Bucket({}, never=frozenset({2, 3}))
    _, _, outcome = taken(engine, batch())
    assert set(outcome.rungs) == {1}  # type: ignore[attr-defined]
    assert set(outcome.failures) == {2, 3}  # type: ignore[attr-defined]
    assert len(outcome.attempts[2]) == len(LADDER)  # type: ignore[attr-defined]


def test_a_wrong_request_inside_an_engine_is_no_failure_of_its_sites() -> None:
    class Wrong(Bucket):
        def stream(self, batch: SiteBatch) -> Iterator[EngineRun]:
            raise RequestError("Models is of another version")

    with pytest.raises(RequestError, match="another version"):
        taken(Wrong({}), batch())


def test_a_full_disk_inside_an_engine_is_no_failure_of_its_sites() -> None:
    class Full(Bucket):
        def stream(self, batch: SiteBatch) -> Iterator[EngineRun]:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        taken(Full({}), batch())


def test_no_sites_need_no_engine() -> None:
    def never(changes: object, *, threads: int) -> Bucket:
        raise AssertionError(changes)

    empty = batch().take(np.zeros(0, dtype=np.int64))
    kept: list[Profiles] = []
    assert run_batch(empty, BatchPlan(LADDER, never, SPAN), kept.append).rungs == {}
    assert kept == []


def test_an_engine_is_made_once_for_each_rung_and_stays_behind_when_the_plan_travels() -> None:
    made: list[object] = []

    def make(changes: object, *, threads: int) -> Bucket:
        made.append(changes)
        return Bucket({})

    plan = BatchPlan(LADDER, make, SPAN, {"tolerance": 1e-5})
    for _ in range(2):
        run_batch(batch(), plan, lambda profiles: None)
    assert made == [{"tolerance": 1e-5}]  # rung 0 alone, with the round's own settings
    assert plan.engines
    assert plan.__getstate__()["engines"] == {}
