"""What a campaign may have APSIM start and write, on this machine."""

from __future__ import annotations

import os
import shlex
import tempfile
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone._shared.machine import allowed_here, settings_file


def check_program(command: str) -> None:
    """Refuse a program that this machine's user has not allowed.

    Raises
    ------
    RequestError
        It is not allowed.
    """
    own = os.environ.get("ROOTZONE_APSIM_MODELS", "")
    if command.split() in (own.split(), ["Models"]) or allowed_here().program(command):
        return
    raise RequestError(
        f"The campaign asks to start the program {command!r} (engine.apsim_models), which is not "
        "allowed on this machine; nothing was started. If it is your APSIM, allow it: "
        f"rootzone simulate --allow-program {shlex.quote(command)}, or programs: [{command!r}] in "
        f"{settings_file()}."
    )


def check_scratch(folder: str | None) -> None:
    """Refuse a folder for APSIM's files that lies elsewhere than temporary files do.

    Raises
    ------
    RequestError
        It is neither inside the folder for temporary files nor allowed on this machine.
    """
    if folder is None:
        return
    real = Path(folder).resolve()
    known = [tempfile.gettempdir(), *allowed_here().folders]
    if not any(real.is_relative_to(Path(other).resolve()) for other in known):
        raise RequestError(
            f"The engine setting scratch: {folder} lies outside {known[0]}, and a campaign may not "
            f"choose where files go. Set TMPDIR, or folders: [{folder}] in {settings_file()}."
        )
