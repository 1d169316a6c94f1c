"""Which engine a campaign asks for, ready to run with some settings changed.

An engine is handed on as a function, so that tests and other programs can bring their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from rootzone._shared.digests import digest_bytes
from rootzone._shared.errors import RequestError
from rootzone.campaign.model import BY_LAND_COVER, Campaign
from rootzone.engines.kinds import Asked, kind_of
from rootzone.engines.protocol import Engine
from rootzone.engines.tables.read_weather import WeatherNeeds


class MakeEngine(Protocol):
    """Makes an engine whose settings differ from the campaign's in some keys."""

    def __call__(self, changes: Mapping[str, Any], *, threads: int) -> Engine:
        """Engine with these changes, using at most so many threads.

        Raises
        ------
        RequestError
            The engine is not there, is of a wrong version, or does not know a setting.
        """

    def identity(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """What the engine would tell of itself; where that can be known without one, none is made.

        Raises
        ------
        RequestError
            As of a call.
        """


@dataclass(frozen=True)
class CampaignEngine:
    """The engine a campaign asks for, as a function that can travel to another process."""

    asked: Asked

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``: where its columns are computed."""
        return str(self.asked.section.settings.get("device", "cpu"))

    def __call__(self, changes: Mapping[str, Any], *, threads: int) -> Engine:
        """As of :class:`MakeEngine`."""
        return kind_of(self.asked.section.name).make(self.asked, changes, threads)

    def identity(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """As of :class:`MakeEngine`."""
        return kind_of(self.asked.section.name).identity(self.asked, changes)


def make_engine_of(
    campaign: Campaign,
    *,
    start_named: bool = False,
    told_version: str = "",
    device: str | None = None,
) -> CampaignEngine:
    """The engine of a campaign.

    Parameters
    ----------
    campaign : Campaign
        The campaign.
    start_named, told_version
        As of :class:`rootzone.engines.kinds.Asked`.
    device : str, optional
        ``cpu`` or ``cuda``; what the campaign says when not given.

    Raises
    ------
    RequestError
        There is no such engine, or the campaign asks what it cannot do.
    """
    section = campaign.engine_as_run
    kind = kind_of(section.name)
    for broken in kind.broken(campaign):
        raise RequestError(f"{'.'.join(map(str, broken.key))}: {broken.problem}; {broken.mend}.")
    if device is not None and kind.on_gpus:
        settings = {**section.settings, "device": device}
        section = section.model_copy(update={"settings": settings})
    elif device not in (None, "cpu"):
        raise RequestError(f"--device {device}: engine.name {section.name} runs on CPUs alone.")
    return CampaignEngine(Asked(section, campaign.jobs.site_timeout_s, start_named, told_version))


def device_of(campaign: Campaign, asked: str | None = None) -> str:
    """Where a campaign's columns are computed: as asked, or as its engine settings say."""
    if asked is not None or not kind_of(campaign.engine.name).on_gpus:
        return asked or "cpu"
    return str(campaign.engine.settings.get("device", "cpu"))


def weather_needs(campaign: Campaign) -> WeatherNeeds:
    """What the campaign's engine asks of the weather besides rain."""
    section = campaign.engine_as_run
    needs = kind_of(section.name).weather_needs(section)
    return needs._replace(temperature=needs.temperature or campaign.cover == BY_LAND_COVER)


@cache
def engine_code() -> str:
    """Digest of the sources of all engines: the same code gives the same numbers."""
    import rootzone.engines

    folder = Path(rootzone.engines.__file__).parent
    sources = sorted(folder.rglob("*.py"))
    return digest_bytes(b"\x00".join(path.read_bytes() for path in sources))
