"""Which engine a campaign asks for, ready to run with some settings changed.

The one place of the runner that knows engines by name. An engine is handed on as a function, so
that tests and other programs can bring their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

from rootzone._shared.digests import digest_bytes
from rootzone._shared.errors import RequestError
from rootzone.campaign.model import Campaign
from rootzone.campaign.model import Engine as EngineSection
from rootzone.engines.protocol import Engine


class MakeEngine(Protocol):
    """Makes an engine whose settings differ from the campaign's in some keys."""

    def __call__(self, changes: Mapping[str, Any], *, threads: int) -> Engine:
        """Engine with these changes, using at most so many threads.

        Raises
        ------
        RequestError
            The engine is not there, is of a wrong version, or does not know a setting.
        """


def make_engine_of(campaign: Campaign) -> MakeEngine:
    """The engine a campaign names, as a function that can travel to another process."""
    return partial(_make, campaign.engine, campaign.jobs.site_timeout_s)


def _make(
    section: EngineSection, site_timeout_s: float, changes: Mapping[str, Any], *, threads: int
) -> Engine:
    settings = {**section.settings, **changes}
    if section.name == "swim":
        from rootzone.engines.swim.engine import SwimEngine
        from rootzone.engines.swim.settings import settings_from_mapping

        chosen = settings_from_mapping(section.physics, section.stepping, settings)
        return SwimEngine(chosen, threads=threads)
    if section.name == "apsim":
        from rootzone.engines.apsim.engine import ApsimEngine
        from rootzone.engines.apsim.settings import apsim_settings

        own = {"models": section.apsim_models, "site_timeout_s": site_timeout_s}
        return ApsimEngine(apsim_settings({**own, **settings}, threads))
    raise RequestError(
        f"engine.name: {section.name} is not an engine this version of rootzone can run; "
        "set engine.name: swim."
    )


def stops_hung_sites(section: EngineSection) -> bool:
    """Whether the engine ends a site that hangs by itself, as one does that runs as a program."""
    return section.name == "apsim"


def weather_needs(section: EngineSection) -> tuple[float, bool]:
    """Albedo of bare soil for potential evaporation, and whether temperatures are needed."""
    from rootzone.engines.apsim.settings import apsim_settings
    from rootzone.engines.swim.settings import settings_from_mapping

    if section.name == "apsim":
        return apsim_settings(section.settings).salb, True
    settings = settings_from_mapping(section.physics, section.stepping, section.settings)
    return settings.salb, settings.needs_temperature


@cache
def engine_code() -> str:
    """Digest of the sources of all engines: the same code gives the same numbers."""
    import rootzone.engines

    folder = Path(rootzone.engines.__file__).parent
    sources = sorted(folder.rglob("*.py"))
    return digest_bytes(b"\x00".join(path.read_bytes() for path in sources))
