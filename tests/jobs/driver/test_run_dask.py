"""Shards on Dask, with a cluster inside this process; real workers are in ``test_clusters``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rootzone._shared.errors import RequestError
from rootzone.campaign.read_campaign import load_campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.driver.run_campaign import run_campaign
from rootzone.jobs.driver.run_dask import OnDask, connected
from rootzone.jobs.driver.run_local import InThisProcess
from rootzone.jobs.shard.read_shard import digest_shard
from tests.jobs.engines import MakeBucket
from tests.jobs.synthetic import make_campaign

distributed = pytest.importorskip("distributed")


@pytest.fixture
def client() -> Iterator[Any]:
    with (
        distributed.LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_a_dask_cluster_gives_the_same_tables(tmp_path: Path, client: Any) -> None:
    engine = MakeBucket(never=frozenset({5}), needs_small_steps=frozenset({4}))
    files = [make_campaign(tmp_path / name) for name in ("here", "dask")]
    executors = (InThisProcess(1), OnDask(client))
    for file, executor in zip(files, executors, strict=True):
        campaign = load_campaign(file).campaign
        run = run_campaign(campaign, Workspace.beside(file), executor, make_engine=engine)
        assert len(run.reports) == 6
    here, there = (Workspace.beside(file) for file in files)
    for number in range(1, 7):
        assert digest_shard(here, number) == digest_shard(there, number)


def test_a_wrong_request_inside_a_worker_is_told_as_such(tmp_path: Path, client: Any) -> None:
    class RefusesLater(MakeBucket):
        calls = 0

        def __call__(self, changes: Any, *, threads: int) -> Any:
            type(self).calls += 1
            if type(self).calls > 2:  # the driver has asked twice
                raise RequestError("Models is gone")
            return super().__call__(changes, threads=threads)

    file = make_campaign(tmp_path)
    with pytest.raises(RequestError, match="Models is gone"):
        run_campaign(
            load_campaign(file).campaign,
            Workspace.beside(file),
            OnDask(client),
            make_engine=RefusesLater(),
        )


def test_a_scheduler_that_is_not_there_is_told() -> None:
    with pytest.raises(RequestError, match="--scheduler"), connected(None):
        pass
