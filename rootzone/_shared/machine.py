"""What the user of this machine allows a file from others to ask for.

A campaign, a catalog or a data folder may come from anyone, so none of them can widen what rootzone
does. Three things can be allowed, in ``~/.config/rootzone/settings.yaml`` (or the file that the
variable ``ROOTZONE_SETTINGS`` names)::

    programs: ["apptainer exec /opt/apsim.sif Models"]   # what engine.apsim_models may start
    hosts: [data.example.org]                             # where a catalog's addresses may lead
    folders: [/scratch/me]                                # where files may go besides the campaign

For one command the same are ``ROOTZONE_ALLOW_PROGRAM`` (one command), ``ROOTZONE_ALLOW_HOSTS`` and
``ROOTZONE_ALLOW_FOLDERS`` (separated by commas); ``--allow-program`` and ``--allow-host`` set them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean

_KEYS = ("programs", "hosts", "folders")
_VARIABLES = {
    "programs": "ROOTZONE_ALLOW_PROGRAM",
    "hosts": "ROOTZONE_ALLOW_HOSTS",
    "folders": "ROOTZONE_ALLOW_FOLDERS",
}


@dataclass(frozen=True)
class Allowed:
    """What this machine's user allows.

    Parameters
    ----------
    programs : tuple of str
        Commands a campaign may name, word for word.
    hosts : tuple of str
        Names of machines a catalog may send rootzone to, lower case; ``*.example.org`` stands for
        all below it.
    folders : tuple of str
        Folders besides a campaign's own and its data where a campaign may have files written.
    """

    programs: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()

    def program(self, command: str) -> bool:
        """Whether a command may be started: the same words, however they are spaced."""
        return command.split() in [known.split() for known in self.programs]

    def host(self, name: str) -> bool:
        """Whether a machine may be asked.

        Examples
        --------
        >>> Allowed(hosts=("*.example.org",)).host("data.example.org")
        True
        """
        return any(
            name == known or (known.startswith("*.") and name.endswith(known[1:]))
            for known in self.hosts
        )


def settings_file() -> Path:
    """The user's settings file, whether it is there or not."""
    named = os.environ.get("ROOTZONE_SETTINGS")
    if named:
        return Path(named)
    base = os.environ.get("XDG_CONFIG_HOME")
    return (Path(base) if base else Path.home() / ".config") / "rootzone" / "settings.yaml"


def allowed_here() -> Allowed:
    """What the settings file and the environment allow together.

    Raises
    ------
    RequestError
        The settings file has an unknown key or a value that is no list of texts.
    """
    found = _from_file(settings_file())
    for key, variable in _VARIABLES.items():
        text = os.environ.get(variable, "")
        parts = [text] if key == "programs" else text.split(",")
        found[key] += [part.strip() for part in parts if part.strip()]
    return Allowed(
        tuple(found["programs"]),
        tuple(host.lower() for host in found["hosts"]),
        tuple(found["folders"]),
    )


def allow_hosts(hosts: Iterable[str]) -> None:
    """Allow hosts for this process and those it starts."""
    _add("hosts", hosts)


def allow_program(command: str) -> None:
    """Allow one command for this process and those it starts."""
    if command.strip():
        os.environ[_VARIABLES["programs"]] = command


def _add(key: str, values: Iterable[str]) -> None:
    had = [text for text in os.environ.get(_VARIABLES[key], "").split(",") if text.strip()]
    if added := [*had, *values]:
        os.environ[_VARIABLES[key]] = ",".join(added)


def _from_file(path: Path) -> dict[str, list[str]]:
    empty: dict[str, list[str]] = {key: [] for key in _KEYS}
    if not path.is_file():
        return empty
    from rootzone._shared.safe_yaml import read_yaml

    data: Any = read_yaml(path).data or {}
    if not isinstance(data, dict):
        raise RequestError(f"{path} holds no keys; it may have {', '.join(_KEYS)}.")
    for key, values in data.items():
        if key not in _KEYS:
            raise RequestError(f"{path}: unknown key {key!r}{did_you_mean(str(key), _KEYS)}.")
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            raise RequestError(f"{path}: {key} is no list of texts: {values!r:.80}.")
    return {key: list(data.get(key, [])) for key in _KEYS}
