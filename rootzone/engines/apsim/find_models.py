"""Find APSIM's ``Models``: a setting, the environment, PATH, or what apsimNGpy knows."""

from __future__ import annotations

import importlib.util
import logging
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone.engines.apsim.write_apsimx import template_versions

_LOG = logging.getLogger(__name__)
_WARNED: set[tuple[str, ...]] = set()
_ENVIRONMENT = "ROOTZONE_APSIM_MODELS"
_VERSION = re.compile(r"(\d{4})\.\d+\.\d+(?:\.\d+)?")
_VERSION_TIMEOUT_S = 60.0
# Rain fell over 24 hours before this release, over 12 since (APSIM's pull request 9738).
_FIRST_HALF_DAY_RAIN = (2025, 3)
# The native template follows files of this year and later; older APSIM would refuse its number.
_FIRST_NATIVE = 2026


@dataclass(frozen=True)
class ModelsProgram:
    """A ``Models`` that answers.

    Parameters
    ----------
    command : tuple of str
        Words that start it, a container command before it where there is one.
    version : str
        As it told, such as ``2024.8.7572.0``; empty where it told none.
    """

    command: tuple[str, ...]
    version: str

    @property
    def year(self) -> int:
        """Year of the release; 0 where it is not known."""
        match = _VERSION.search(self.version)
        return int(match[1]) if match else 0

    @property
    def rain_hours(self) -> int | None:
        """Hours over which this APSIM lets a day's rain fall; None where its version is not told.

        Between the two, water contents differ by up to 0.06 and two-year drainage by up to 38 mm.
        """
        match = _VERSION.search(self.version)
        if match is None:
            return None
        year, month = (int(part) for part in match[0].split(".")[:2])
        return 12 if (year, month) >= _FIRST_HALF_DAY_RAIN else 24

    @property
    def single_threaded(self) -> str:
        """Option that keeps a process on one core; an APSIM of 2020 does not know it."""
        return "--single-threaded"

    def file_format(self, wanted: str) -> str:
        """Format number to write: the one wanted, or the oldest accepted where that is safest."""
        if wanted != "auto":
            return wanted
        oldest, newest = template_versions()[0], template_versions()[-1]
        return newest if self.year >= _FIRST_NATIVE else oldest


def find_models(setting: str | None) -> ModelsProgram:
    """Locate ``Models`` and ask its version.

    Looked for in this order: the setting, the environment variable ``ROOTZONE_APSIM_MODELS``,
    ``Models`` on PATH, and the folder apsimNGpy is configured for, where that is installed.

    Parameters
    ----------
    setting : str or None
        Path of ``Models``, or a command such as
        ``apptainer exec apsim.sif Models`` or ``docker run --rm -v /scratch:/scratch IMAGE``.

    Raises
    ------
    RequestError
        It is nowhere to be found, or what was found does not answer.
    """
    words = shlex.split(setting or os.environ.get(_ENVIRONMENT, "")) or _on_path() or _ngpy()
    if not words:
        raise RequestError(
            "APSIM's Models is not on PATH. Install APSIM, set engine.apsim_models to its path or "
            f"container command, or the variable {_ENVIRONMENT}; the embedded engine (swim) needs "
            "nothing."
        )
    program = shutil.which(words[0])
    if program is None:
        raise RequestError(
            f"engine.apsim_models names {words[0]!r}, which is not to be found or not executable."
        )
    return ModelsProgram((program, *words[1:]), _told_version((program, *words[1:])))


def _on_path() -> list[str]:
    found = shutil.which("Models")
    return [found] if found else []


def _ngpy() -> list[str]:
    if importlib.util.find_spec("apsimNGpy") is None:
        return []
    try:
        from apsimNGpy.core.config import (  # type: ignore[import-not-found,unused-ignore]
            get_apsim_bin_path,
        )

        found = Path(str(get_apsim_bin_path())) / "Models"
    except Exception as error:
        _LOG.warning("apsimNGpy is installed but does not tell where APSIM is: %s", error)
        return []
    return [str(found)] if found.exists() else []


def _told_version(command: tuple[str, ...]) -> str:
    try:
        told = subprocess.run(  # noqa: S603 - the user's own command, split into words
            [*command, "--version"],
            capture_output=True,
            text=True,
            timeout=_VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RequestError(f"{shlex.join(command)} does not answer --version: {error}.") from error
    match = _VERSION.search(told.stdout + told.stderr)
    if match is None and command not in _WARNED:
        _WARNED.add(command)  # asked anew for every shard and rung
        _LOG.warning(
            "%s did not tell its version: the oldest file format is used, and whether it lets rain "
            "fall over 24 hours or 12 (since March 2025) is not known",
            command[0],
        )
    return match[0] if match else ""
