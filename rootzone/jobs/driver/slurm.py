"""The array script a campaign is handed to Slurm with: text, nothing more."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass

from rootzone._shared.errors import RequestError
from rootzone.jobs.pilot.pilot import Cost

# An array task should outlive its queueing, and fit into short queues.
_HOURS_PER_TASK = 1.0
# Room above the upper end of the estimate before Slurm ends a task.
_TIME_MARGIN = 1.5
_LEAST_MINUTES = 10


@dataclass(frozen=True)
class ArrayRequest:
    """What is asked of Slurm.

    Parameters
    ----------
    campaign_file : str
        Absolute path of the campaign file, on a disk all nodes see.
    name : str
        Job name.
    tasks : int
        Array tasks; shards are dealt to them like cards.
    cores : int
        Cores of a task.
    minutes : int
        Wall-time limit of a task [min].
    memory_mb : int
        Memory of a task [MiB].
    log_folder : str
        Where each task writes its log.
    command : tuple of str
        How ``rootzone`` is called on the nodes.
    partition, account : str
        Left out when empty.
    gres : str
        GPUs of a task, such as ``gpu:1``; empty where columns run on CPUs.
    verb : tuple of str
        What of ``rootzone`` each task runs.
    share : str
        Its option that takes the task's number and how many there are.
    takes_cores : bool
        Whether it takes ``--cores`` too.
    """

    campaign_file: str
    name: str
    tasks: int
    cores: int
    minutes: int
    memory_mb: int
    log_folder: str
    command: tuple[str, ...] = ("rootzone",)
    partition: str = ""
    account: str = ""
    gres: str = ""
    verb: tuple[str, ...] = ("simulate",)
    share: str = "--task"
    takes_cores: bool = True


def sbatch_text(request: ArrayRequest) -> str:
    """Script for ``sbatch``: one array, safe to requeue.

    Slurm asks a task to end a minute before its limit; a requeued task goes on where it stopped,
    because shards that are done are left alone.

    Raises
    ------
    RequestError
        A value holds a line end or another control character: what follows it would be a command.
    """
    for name, value in vars(request).items():
        for text in value if isinstance(value, tuple) else (str(value),):
            _refuse_line_end(name, text)
    options = [
        f"--job-name={request.name}",
        f"--array=1-{request.tasks}",
        "--nodes=1",
        "--ntasks=1",
        f"--cpus-per-task={request.cores}",
        f"--mem={request.memory_mb}M",
        f"--time={_clock(request.minutes)}",
        "--requeue",
        "--open-mode=append",
        "--signal=B:TERM@60",
        f"--output={request.log_folder}/%A_%a.log",
    ]
    options += [f"--partition={request.partition}"] if request.partition else []
    options += [f"--account={request.account}"] if request.account else []
    options += [f"--gres={request.gres}"] if request.gres else []
    device = " --device cuda" if request.gres else ""
    call = " ".join(shlex.quote(part) for part in request.command)
    file = shlex.quote(request.campaign_file)
    cores = f" --cores {request.cores}" if request.takes_cores else ""
    return "\n".join(
        [
            "#!/bin/bash",
            *(f"#SBATCH {shlex.quote(option)}" for option in options),
            "# Compiled kernels on the node's own disk: a shared one would be hit by all tasks.",
            'export ROOTZONE_CACHE_DIR="${ROOTZONE_CACHE_DIR:-${TMPDIR:-/tmp}/rootzone-$UID}"',
            f'export NUMBA_NUM_THREADS="${{SLURM_CPUS_PER_TASK:-{request.cores}}}"',
            f'export POLARS_MAX_THREADS="${{SLURM_CPUS_PER_TASK:-{request.cores}}}"',
            f"exec {call} {shlex.join(request.verb)} {file} "
            f'{request.share} "$SLURM_ARRAY_TASK_ID/{request.tasks}"{cores}{device}',
            "",
        ]
    )


def _refuse_line_end(name: str, text: str) -> None:
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in text):
        raise RequestError(
            f"{name.replace('_', ' ')} {text!r} holds a line end or another control character, and "
            "what follows it would be run as a command of the script. Give it without, or rename "
            "the folder. No script was written."
        )


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02d}:{minutes % 60:02d}:00"


def tasks_for(core_hours: float, shards: int, cores: int) -> int:
    """Array tasks of about an hour each, no more than there are shards.

    Examples
    --------
    >>> tasks_for(core_hours=104.0, shards=1000, cores=4)
    26
    """
    return max(1, min(shards, math.ceil(core_hours / (_HOURS_PER_TASK * cores))))


def minutes_for(cost: Cost, tasks: int, workers: int, work_hours: float | None = None) -> int:
    """Wall-time limit of a task: the upper estimate of its shards with room to spare [min].

    Parameters
    ----------
    cost : Cost
        Of the campaign.
    tasks, workers : int
        Array tasks, and shards that each runs at a time.
    work_hours : float, optional
        Time of one worker for the whole campaign [h]; that of a core when not given.
    """
    shards_each = math.ceil(cost.shards / tasks)
    work_hours = cost.core_hours.high if work_hours is None else work_hours
    hours = work_hours / cost.shards * shards_each / min(workers, shards_each)
    return max(_LEAST_MINUTES, 10 * math.ceil(hours * 60.0 * _TIME_MARGIN / 10.0))
