"""Shards on the GPUs of this machine: one worker process for each, which sees its own alone."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from rootzone._shared.errors import RequestError
from rootzone._shared.workers import deaths_told, start_pool
from rootzone.jobs.driver.run_campaign import WorkersLost
from rootzone.jobs.shard.engine_choice import MakeEngine
from rootzone.jobs.shard.run_shard import ShardReport, ShardTask, run_shard

_VISIBLE = "CUDA_VISIBLE_DEVICES"


@dataclass
class OnGpus:
    """Runs each shard on the next GPU that is free.

    Parameters
    ----------
    gpus : tuple of str
        The GPUs, as ``CUDA_VISIBLE_DEVICES`` names them.
    cores : int
        Cores that the workers share, for reading, checking and writing.
    """

    gpus: tuple[str, ...]
    cores: int
    _pools: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def name(self) -> str:
        """Such as ``2 GPUs``."""
        return f"{len(self.gpus)} GPU{'s' if len(self.gpus) > 1 else ''}"

    @property
    def threads_per_task(self) -> int:
        """The worker's share of the cores."""
        return max(1, self.cores // len(self.gpus))

    def run(self, tasks: Sequence[ShardTask], make_engine: MakeEngine) -> Iterator[ShardReport]:
        """Reports as they come.

        Raises
        ------
        WorkersLost
            A worker died; the shard that it was on is named, not those of the other GPUs.
        """
        from concurrent.futures import FIRST_COMPLETED, wait

        waiting, free = deque(tasks), deque(self.gpus[: len(tasks)])
        under_way: dict[Any, tuple[str, int]] = {}
        try:
            while waiting or under_way:
                while waiting and free:
                    gpu, task = free.popleft(), waiting.popleft()
                    future = self._pool(gpu).submit(run_shard, task, make_engine)
                    under_way[future] = gpu, task.shard.number
                for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                    gpu, number = under_way[future]
                    with deaths_told(partial(_lost, gpu, number)):
                        report = future.result()
                    del under_way[future]
                    free.append(gpu)
                    yield report
        finally:
            self.stop()

    def warm_up(self, tasks: int | None) -> None:
        """Start the workers, which takes seconds, while the driver reads its tables."""
        for gpu in self.gpus if tasks is None else self.gpus[:tasks]:
            self._pool(gpu).submit(_wake)

    def stop(self) -> None:
        """Kill the workers; what they were writing is swept by the driver."""
        while self._pools:
            self._pools.popitem()[1].shutdown(wait=True, kill_workers=True)

    def _pool(self, gpu: str) -> Any:  # noqa: ANN401 - a loky pool
        """The one worker of a GPU; started when first asked for."""
        if gpu not in self._pools:
            self._pools[gpu] = start_pool(1, threads=self.threads_per_task, env={_VISIBLE: gpu})
        return self._pools[gpu]


def _lost(gpu: str, number: int, why: str) -> WorkersLost:
    return WorkersLost((number,), f"the worker of GPU {gpu} died: {why}")


def gpus_here() -> tuple[str, ...]:
    """The GPUs this process may use, as ``CUDA_VISIBLE_DEVICES`` names them.

    Slurm's ``--gres`` sets that variable to those of the task.

    Raises
    ------
    RequestError
        None answers, or numba-cuda is not installed.
    """
    from rootzone.engines.swim.gpu.run_device import count_devices, open_device

    found = count_devices()
    if not found:
        open_device()  # says what is missing
        raise RequestError("device cuda: no GPU answers on this machine; run with --device cpu.")
    named = [part.strip() for part in os.environ.get(_VISIBLE, "").split(",") if part.strip()]
    return tuple(named[:found]) if named else tuple(str(i) for i in range(found))


def _wake() -> None:
    """Import what a shard needs; unpickling this function has done it."""
