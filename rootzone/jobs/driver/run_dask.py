"""Shards on the workers of a Dask cluster: any ``distributed.Client``, dask-jobqueue's included."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rootzone._shared.errors import RequestError
from rootzone.jobs.driver.run_campaign import WorkersLost
from rootzone.jobs.shard.engine_choice import MakeEngine
from rootzone.jobs.shard.run_shard import ShardReport, ShardTask, run_shard


class OnDask:
    """Runs each shard as one task of a Dask cluster.

    All workers must see the campaign's folder. A worker that dies gives its shard to another one;
    Dask's ``distributed.scheduler.allowed-failures`` says how often. After that the shard runs
    with its sites in child processes.

    Parameters
    ----------
    client : distributed.Client
        Connected to the cluster, such as one of dask-jobqueue's.
    """

    def __init__(self, client: Any) -> None:  # noqa: ANN401 - distributed is an optional extra
        self._client = client
        self._futures: list[Any] = []

    @property
    def name(self) -> str:
        """Such as ``Dask with 2 workers``."""
        return f"Dask with {len(self._client.scheduler_info()['workers'])} workers"

    @property
    def threads_per_task(self) -> int:
        """One: Dask runs as many tasks on a worker as it has threads."""
        return 1

    def run(self, tasks: Sequence[ShardTask], make_engine: MakeEngine) -> Iterator[ShardReport]:
        """Reports as they come.

        Raises
        ------
        WorkersLost
            Some shards' workers died more often than the cluster allows.
        """
        from distributed import as_completed
        from distributed.scheduler import KilledWorker

        futures = {
            self._client.submit(
                run_shard, task, make_engine, key=f"shard-{task.shard.number}-{i}", pure=False
            ): task.shard.number
            for i, task in enumerate(tasks)
        }
        self._futures = list(futures)
        lost = []
        for future in as_completed(list(futures)):  # type: ignore[no-untyped-call]
            if future.status != "error":
                yield future.result()
                future.release()
                continue
            error = future.exception()
            if not isinstance(error, KilledWorker):
                raise error
            lost.append(futures[future])
        if lost:
            raise WorkersLost(lost)

    def warm_up(self, tasks: int | None) -> None:
        """The cluster is there already."""

    def stop(self) -> None:
        """Take back what is not done; a shard under way finishes or dies with its worker."""
        self._client.cancel(self._futures, force=True)


@contextmanager
def connected(scheduler: str | None) -> Iterator[OnDask]:
    """An executor on the cluster behind an address or a scheduler file.

    Raises
    ------
    RequestError
        There is no scheduler, or Dask is not installed.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise RequestError(
            "--executor dask needs the hpc extra: pip install 'rootzone[hpc]'."
        ) from error
    if scheduler is None:
        raise RequestError("--executor dask needs --scheduler ADDRESS, or the scheduler's file.")
    place = {"scheduler_file": scheduler} if Path(scheduler).exists() else {"address": scheduler}
    try:
        client = Client(**place, timeout=30)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise RequestError(
            f"--scheduler {scheduler}: no Dask scheduler answers: {error}"
        ) from error
    with client:
        yield OnDask(client)
