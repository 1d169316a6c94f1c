"""What APSIM's program told of itself when it last ran, for verbs that may not start it."""

from __future__ import annotations

import json

from rootzone._shared.atomic import write_text
from rootzone.campaign.workspace import Workspace
from rootzone.engines.protocol import Engine


def told_version(workspace: Workspace) -> str:
    """Version that ``simulate`` kept; empty where none is kept or the file is damaged."""
    try:
        kept = json.loads((workspace.runs / "models.json").read_text(encoding="utf-8"))
        return str(kept["apsim_version"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def keep_told_version(engine: Engine, workspace: Workspace) -> None:
    """Keep the version an engine told, where it is one that runs as a program."""
    told = engine.identity().get("apsim_version")
    if told is None:
        return
    version = "" if told == "not told" else str(told)
    if told_version(workspace) != version:
        write_text(workspace.runs / "models.json", json.dumps({"apsim_version": version}) + "\n")
