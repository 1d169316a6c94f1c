"""What killed runs left half-written, taken away when the next one starts."""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

_LOG = logging.getLogger(__name__)
# As `rootzone._shared.atomic` names them: .NAME.HOST-PID.tmp.ENDING
_TEMPORARY = re.compile(r"^\..+\.(?P<host>[^/]+)-(?P<pid>\d+)\.tmp(\..*)?$")
_OLD_S = 2 * 86_400.0  # on another machine it cannot be asked whether the writer lives
# Folders of a campaign that rootzone writes; nothing else is looked into.
FOLDERS = (
    "covariates", "weather", "sites", "soils", "runs", "quarantine", "labels", "stations",
    "learning", "maps", "report", "surface",
)  # fmt: skip


def sweep(root: Path) -> list[Path]:
    """Remove temporaries of writers that are gone, in the folders of a campaign.

    Parameters
    ----------
    root : Path
        Folder of the campaign.

    Returns
    -------
    removed : list of Path
        What was taken away.
    """
    removed = []
    for name in FOLDERS:
        for path in _temporaries(root / name):
            try:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
            except OSError:
                continue  # another run was quicker, or the folder cannot be written: told later
            removed.append(path)
            _LOG.info("%s was left by a run that was killed; taken away", path)
    return removed


def _temporaries(folder: Path) -> Iterator[Path]:
    for here, folders, files in os.walk(folder):
        for name in [*files, *folders]:
            if name.startswith(".") and _is_left(Path(here) / name):
                yield Path(here) / name


def _is_left(path: Path) -> bool:
    found = _TEMPORARY.match(path.name)
    if found is None:
        return False
    if found["host"] == socket.gethostname():
        return not _lives(int(found["pid"]))
    try:
        return time.time() - path.stat().st_mtime > _OLD_S
    except OSError:
        return False


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
