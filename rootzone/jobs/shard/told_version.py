"""What APSIM's program told of itself when it last ran, for verbs that may not start it."""

from __future__ import annotations

import logging

from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import Damaged, read_sealed_json, sealed_json
from rootzone.campaign.workspace import Workspace
from rootzone.engines.protocol import Engine

_LOG = logging.getLogger(__name__)


def told_version(workspace: Workspace) -> str:
    """Version that ``simulate`` kept; empty where none is kept or the file is damaged."""
    path = workspace.runs / "models.json"
    try:
        return str(read_sealed_json(path)["apsim_version"])
    except Damaged as error:
        _LOG.warning("%s; until rootzone simulate tells it again, no version is known", error)
        return ""
    except (RequestError, KeyError):
        return ""


def keep_told_version(engine: Engine, workspace: Workspace) -> None:
    """Keep the version an engine told, where it is one that runs as a program."""
    told = engine.identity().get("apsim_version")
    if told is None:
        return
    version = "" if told == "not told" else str(told)
    if told_version(workspace) != version:
        write_text(workspace.runs / "models.json", sealed_json({"apsim_version": version}))
