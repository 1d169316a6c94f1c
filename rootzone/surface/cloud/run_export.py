"""Exports of whole regions to Drive or Cloud Storage, found again by their task names."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.cloud.client import EarthEngine
from rootzone.surface.cloud.limits import checked_payload
from rootzone.surface.select.graph import Node

DONE: Final = ("SUCCEEDED", "COMPLETED")
_FAILED: Final = ("FAILED", "CANCELLED", "CANCELLING")
MOST_TRIES: Final = 3
"""Tasks of one name that may fail before it is left to the user."""
_LONGEST_NAME: Final = 100


@dataclass(frozen=True)
class Destination:
    """Where exports go.

    Parameters
    ----------
    kind : str
        ``drive`` or ``cloud_storage``.
    folder : str
        Folder in Drive, or the prefix in the bucket.
    bucket : str, optional
        Of Cloud Storage.
    """

    kind: Literal["drive", "cloud_storage"]
    folder: str
    bucket: str | None = None

    def words(self, name: str) -> dict[str, Any]:
        """The destination of one file in the service's own words."""
        if self.kind == "drive":
            return {"driveDestination": {"folder": self.folder, "filenamePrefix": name}}
        if self.bucket is None:
            raise RequestError("surface.cloud.bucket names no bucket to export to.")
        prefix = f"{self.folder.strip('/')}/{name}".lstrip("/")
        return {"cloudStorageDestination": {"bucket": self.bucket, "filenamePrefix": prefix}}


@dataclass(frozen=True)
class Wanted:
    """One export.

    Parameters
    ----------
    label : str
        What it is, such as the campaign and day.
    graph : Node
        The expression.
    grid : MasterGrid
        Its pixels.
    """

    label: str
    graph: Node
    grid: MasterGrid

    @property
    def name(self) -> str:
        """Task and file name: the label and a digest of expression and pixels.

        Another model or grid is another task; the same one is the same task in every run.
        """
        digest = digest_json([self.graph.key, self.grid.to_dict()])[:10]
        plain = re.sub(r"[^A-Za-z0-9._-]", "-", self.label)
        return f"{plain[: _LONGEST_NAME - 11]}_{digest}"


def export_all(
    service: EarthEngine,
    wanted: Sequence[Wanted],
    to: Destination,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, str]:
    """Start every export that was not started yet; states by task name.

    Killed at any moment, the same call goes on: what runs or is done is found by its name.

    Parameters
    ----------
    service : EarthEngine
        Who exports.
    wanted : sequence of Wanted
        What.
    to : Destination
        Where to.
    say : callable
        Told what is started.

    Raises
    ------
    RequestError
        An expression is too large, the service refused, or a task has failed `MOST_TRIES` times.
    """
    for one in wanted:
        checked_payload(one.graph)
    before: dict[str, list[tuple[str, str]]] = {}
    for told in service.operations():
        before.setdefault(told.name, []).append((told.state, told.error))
    states: dict[str, str] = {}
    for one in wanted:
        tried = before.get(one.name, [])
        alive = [state for state, _ in tried if state not in _FAILED]
        if alive:
            states[one.name] = next((s for s in alive if s in DONE), alive[0])
            continue
        if len(tried) >= MOST_TRIES:
            raise RequestError(
                f"Earth Engine failed {len(tried)} times at {one.name}: {tried[0][1]}. Mend that, "
                "then change surface.select.seed or the days to start it under another name."
            )
        request = f"{one.name}-{len(tried)}"  # the same request twice starts one task
        service.export(one.graph, one.grid, one.name, to.words(one.name), request)
        say(f"export {one.name} started" + (f" again after: {tried[0][1]}" if tried else ""))
        states[one.name] = "PENDING"
    return states
