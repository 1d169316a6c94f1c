"""Run ``Models`` on one file under a time limit that takes its whole process group along."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone.engines.apsim.find_models import ModelsProgram


@dataclass(frozen=True)
class ModelsRun:
    """How a run ended.

    Parameters
    ----------
    exit_code : int
        0, 1 if any simulation or the file failed, negative for a signal.
    console : str
        Everything it printed.
    timed_out : bool
        Whether the time limit ended it.
    seconds : float
        Wall time [s].
    """

    exit_code: int
    console: str
    timed_out: bool
    seconds: float


def run_models(program: ModelsProgram, apsimx: Path, timeout_s: float) -> ModelsRun:
    """Run one ``.apsimx`` file on one core.

    Raises
    ------
    RequestError
        ``Models`` cannot be started.
    """
    if not program.command:
        raise RequestError(
            "This verb runs no program that a campaign names (engine.apsim_models); only rootzone "
            "simulate does. Leave the key out and set ROOTZONE_APSIM_MODELS to your own Models, or "
            "put Models on PATH."
        )
    start = time.monotonic()
    try:
        process = subprocess.Popen(  # noqa: S603 - the user's own command, split into words
            [*program.command, str(apsimx), program.single_threaded],
            cwd=apsimx.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            preexec_fn=_die_with_parent,
        )
    except OSError as error:
        raise RequestError(f"{program.command[0]} cannot be started: {error}.") from error
    try:
        console, _ = process.communicate(timeout=timeout_s)
        timed_out = False
    except subprocess.TimeoutExpired:
        _kill_group(process.pid)
        console, _ = process.communicate()
        timed_out = True
    except BaseException:
        _kill_group(process.pid)
        process.wait()
        raise
    return ModelsRun(process.returncode, console, timed_out, time.monotonic() - start)


try:
    _LIBC: ctypes.CDLL | None = ctypes.CDLL(None, use_errno=True)
except OSError:
    _LIBC = None
_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """In the child, before ``Models``: be ended when we are, even by SIGKILL (Linux)."""
    if _LIBC is not None and hasattr(_LIBC, "prctl"):
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
