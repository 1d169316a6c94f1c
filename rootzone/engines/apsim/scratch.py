"""Scratch folders of APSIM runs: owned by a process, and cleaned after one that was killed."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from rootzone._shared.errors import StoppedEarly

_LOG = logging.getLogger(__name__)
_PREFIX = "rootzone-apsim-"
_LEAST_FREE = 8 << 20  # bytes; SQLite needs as much for the last pages of a file of sites


@contextmanager
def scratch_folder(above: str | None) -> Iterator[Path]:
    """An empty folder for one run, gone afterwards; its name says which process owns it."""
    owner = f"{socket.gethostname()}-{os.getpid()}-"
    with tempfile.TemporaryDirectory(prefix=_PREFIX + owner, dir=above) as folder:
        yield Path(folder)


def clean_up(above: str | None) -> int:
    """Remove the folders of processes of this machine that are no more; how many there were.

    A run that was killed outright leaves its folder, and may leave ``Models`` at work in it: what
    still runs there is ended first.
    """
    removed = 0
    here = socket.gethostname()
    for folder in Path(above or tempfile.gettempdir()).glob(f"{_PREFIX}{here}-*"):
        number = folder.name.removeprefix(f"{_PREFIX}{here}-").partition("-")[0]
        if not number.isdigit() or Path(f"/proc/{number}").exists():
            continue
        _end_runs_in(folder)
        shutil.rmtree(folder, ignore_errors=True)
        removed += 1
    if removed:
        _LOG.info("removed %d scratch folders of runs that were killed", removed)
    return removed


def _end_runs_in(folder: Path) -> None:
    """End the process groups that were started in a folder nobody owns any more."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            if (process / "cwd").readlink() == folder.resolve():
                os.killpg(os.getpgid(int(process.name)), signal.SIGKILL)


def refuse_full(folder: Path, needed: int = _LEAST_FREE) -> None:
    """Stop the run where the disk of a folder is full: that is no fault of the sites.

    Raises
    ------
    StoppedEarly
        Less than ``needed`` bytes are free; the same command goes on once there is room.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise StoppedEarly(
            f"The scratch folder {folder.parent} is full ({free / 1e6:.1f} MB free): APSIM could "
            "not write its results. Make room, or set engine setting scratch to another folder; "
            "the same command goes on. No site was given up."
        )
