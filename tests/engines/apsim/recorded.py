"""An engine that replays stored answers, for tests and docs where APSIM is not installed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rootzone.engines.failures import Failure, FailureClass
from rootzone.engines.protocol import EngineRun, Profiles, SiteBatch


class RecordedEngine:
    """Gives each site the answer another engine once gave it.

    Parameters
    ----------
    recording : EngineRun
        Answers of the other engine.
    recorded_label : str
        Label of that engine, such as ``apsim/swim3/apsim``.
    """

    def __init__(self, recording: EngineRun, recorded_label: str) -> None:
        self.recording = recording
        self.recorded_label = recorded_label
        self._place = {site: i for i, site in enumerate(recording.profiles.site_ids.tolist())}
        self._failed = {failure.site_id: failure for failure in recording.failures}

    @property
    def name(self) -> str:
        """``recorded``."""
        return "recorded"

    @property
    def label(self) -> str:
        """The other engine's label, marked as replayed."""
        return f"recorded:{self.recorded_label}"

    def identity(self) -> Mapping[str, Any]:
        """What was replayed."""
        return {"engine": self.name, "recorded": self.recorded_label}

    def run(self, batch: SiteBatch) -> EngineRun:
        """Stored answers of the batch's sites; a site without one is a failure that says so."""
        known = [site for site in batch.site_ids.tolist() if site in self._place]
        failures = [
            self._failed.get(
                site, Failure(site, FailureClass.ENGINE_ERROR, "no answer was recorded for it")
            )
            for site in batch.site_ids.tolist()
            if site not in self._place
        ]
        profiles = _chosen(self.recording.profiles, [self._place[site] for site in known])
        return EngineRun(profiles, failures, computed=0)

    def stream(self, batch: SiteBatch) -> Iterator[EngineRun]:
        """The whole batch at once: nothing is computed."""
        yield self.run(batch)


def _chosen(profiles: Profiles, sites: list[int]) -> Profiles:
    index = np.array(sites, dtype=np.int64)
    n_row = np.diff(profiles.row_start)[index]
    rows = [np.arange(profiles.row_start[i], profiles.row_start[i + 1]) for i in sites]
    theta = [profiles.theta[profiles.theta_start[i] : profiles.theta_start[i + 1]] for i in sites]
    row = np.concatenate(rows) if rows else np.zeros(0, dtype=np.int64)
    return Profiles(
        profiles.site_ids[index],
        np.concatenate(([0], np.cumsum(n_row))),
        np.concatenate(([0], np.cumsum(n_row * profiles.n_layer[index]))),
        profiles.n_layer[index],
        profiles.first_day[index],
        np.concatenate(theta) if theta else np.zeros(0),
        {name: values[row] for name, values in profiles.daily.items()},
    )
