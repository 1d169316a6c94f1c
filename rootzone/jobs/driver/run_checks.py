"""What must hold before a run writes anything."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rootzone._shared.errors import RequestError
from rootzone.campaign.model import Campaign
from rootzone.campaign.workspace import Workspace
from rootzone.jobs.record.status import State
from rootzone.jobs.shard.read_shard import read_closed
from rootzone.jobs.shard.run_shard import ShardTask


def known_shards(numbers: Sequence[int], n_shard: int) -> list[int]:
    """The numbers, each once and ascending.

    Raises
    ------
    RequestError
        The campaign has no such shard.
    """
    unknown = [n for n in numbers if not 1 <= n <= n_shard]
    if unknown:
        raise RequestError(
            f"The campaign has shards 1 to {n_shard}; there is no shard {unknown[0]}."
        )
    return sorted(set(numbers))


def check_writable(workspace: Workspace) -> None:
    """Refuse a runs folder that cannot be written.

    Raises
    ------
    RequestError
        With the folder and the system's reason.
    """
    try:
        workspace.runs.mkdir(parents=True, exist_ok=True)
        # A name of its own: others may be looking at the same time.
        with tempfile.NamedTemporaryFile(dir=workspace.runs, prefix=".write-"):
            pass
    except OSError as error:
        raise RequestError(
            f"{workspace.runs} cannot be written: {error.strerror}. Make it writable, or move the "
            "campaign folder."
        ) from error


def refuse_foreign(workspace: Workspace, campaign: Campaign, tasks: Sequence[ShardTask]) -> None:
    """Refuse shards that another campaign made in the same folder.

    Raises
    ------
    RequestError
        With both names.
    """
    for task in tasks:
        closed = read_closed(workspace, task.shard.number)
        if closed is not None and closed.footer.campaign != campaign.name:
            raise RequestError(
                f"{workspace.ledger(task.shard.number)} is a shard of the campaign "
                f"{closed.footer.campaign}, not of {campaign.name}. Give the campaign a folder of "
                "its own, or move these runs away."
            )


def refuse_stale(states: Mapping[int, State], *, force: bool) -> None:
    """Refuse to mix shards of different inputs, unless the stale ones are made again.

    Raises
    ------
    RequestError
        With the inputs that changed.
    """
    stale = {number: state for number, state in states.items() if state.name == "stale"}
    if stale and not force:
        reasons = sorted({reason for state in stale.values() for reason in state.because})
        raise RequestError(
            f"{len(stale)} of {len(states)} shards were made from other inputs "
            f"({', '.join(reasons)} changed), the first is shard {min(stale)}. To make them again "
            "add --force; to keep them, put the inputs back."
        )


@contextmanager
def only_one(workspace: Workspace, *, whole: bool) -> Iterator[None]:
    """Hold the campaign for this process; a run of single shards holds nothing.

    Raises
    ------
    RequestError
        Another run holds it.
    """
    if not whole:
        yield
        return
    with workspace.run_lock.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RequestError(
                f"Another run of this campaign is under way (it holds {workspace.run_lock}). Wait "
                "for it or stop it; its progress: rootzone status."
            ) from error
        yield
