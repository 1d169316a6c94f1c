"""Which engine a campaign asks for, ready to run with some settings changed.

The one place of the runner that knows engines by name. An engine is handed on as a function, so
that tests and other programs can bring their own.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rootzone._shared.digests import digest_bytes
from rootzone._shared.errors import RequestError
from rootzone._shared.machine import allowed_here, settings_file
from rootzone.campaign.model import BY_LAND_COVER, Campaign
from rootzone.campaign.model import Engine as EngineSection
from rootzone.engines.protocol import Engine
from rootzone.engines.tables.read_weather import WeatherNeeds

if TYPE_CHECKING:
    from rootzone.engines.apsim.settings import ApsimSettings
    from rootzone.engines.swim.settings import SwimSettings


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
    """The engine a campaign names, as a function that can travel to another process.

    Parameters
    ----------
    section : Engine
        The campaign's section ``engine``, with what grows.
    site_timeout_s : float
        Time a site may take where the engine ends it itself [s].
    start_named : bool
        Whether a program that the campaign itself names (``engine.apsim_models``) may be started,
        where this machine's user allows it. Only ``rootzone simulate`` does; all else gets an
        engine that can tell what it is, not run.
    told_version : str
        Version such a program told the last time it ran, for those that may not ask.
    """

    section: EngineSection
    site_timeout_s: float
    start_named: bool = False
    told_version: str = ""

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``: where its columns are computed."""
        return str(self.section.settings.get("device", "cpu"))

    def __call__(self, changes: Mapping[str, Any], *, threads: int) -> Engine:
        """As of :class:`MakeEngine`."""
        if self.section.name == "swim":
            from rootzone.engines.swim.engine import SwimEngine

            return SwimEngine(self._swim(changes), threads=threads)
        from rootzone.engines.apsim.engine import ApsimEngine
        from rootzone.engines.apsim.find_models import ModelsProgram

        asked = self._apsim(changes, threads)
        if asked.models is not None and not self.start_named:
            return ApsimEngine(asked, ModelsProgram((), self.told_version))
        return ApsimEngine(asked)

    def identity(self, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        """As of :class:`MakeEngine`; a program is asked only where it never told its version."""
        if self.section.name == "swim":
            return self._swim(changes).identity()
        from rootzone.engines.apsim.find_models import ModelsProgram, find_models

        asked = self._apsim(changes, 1)
        ask = self.start_named or (asked.models is None and not self.told_version)
        program = find_models(asked.models) if ask else ModelsProgram((), self.told_version)
        return asked.identity(program)

    def _swim(self, changes: Mapping[str, Any]) -> SwimSettings:
        from rootzone.engines.swim.read_settings import settings_from_mapping

        section = self.section
        return settings_from_mapping(
            section.physics, section.stepping, {**section.settings, **changes}
        )

    def _apsim(self, changes: Mapping[str, Any], threads: int) -> ApsimSettings:
        from rootzone.engines.apsim.settings import apsim_settings

        section = self.section
        if section.name != "apsim":
            raise RequestError(
                f"engine.name: {section.name} is not an engine this version of rootzone can run; "
                "set engine.name: swim."
            )
        own = {"models": section.apsim_models, "site_timeout_s": self.site_timeout_s}
        asked = apsim_settings({**own, **section.settings, **changes}, threads)
        check_scratch(asked.scratch)
        if self.start_named and asked.models is not None:
            check_program(asked.models)
        return asked


def make_engine_of(
    campaign: Campaign,
    *,
    start_named: bool = False,
    told_version: str = "",
    device: str | None = None,
) -> CampaignEngine:
    """The engine of a campaign; see :class:`CampaignEngine`.

    Parameters
    ----------
    campaign : Campaign
        The campaign.
    start_named, told_version
        As of :class:`CampaignEngine`.
    device : str, optional
        ``cpu`` or ``cuda``; what the campaign says when not given.
    """
    section = campaign.engine_as_run
    if device is not None and (section.name == "swim" or device != "cpu"):
        if section.name != "swim":
            raise RequestError(f"--device {device}: engine.name {section.name} runs on CPUs alone.")
        settings = {**section.settings, "device": device}
        section = section.model_copy(update={"settings": settings})
    return CampaignEngine(section, campaign.jobs.site_timeout_s, start_named, told_version)


def device_of(campaign: Campaign, asked: str | None = None) -> str:
    """Where a campaign's columns are computed: as asked, or as its engine settings say."""
    if asked is not None or campaign.engine.name != "swim":
        return asked or "cpu"
    return str(campaign.engine.settings.get("device", "cpu"))


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


def stops_hung_sites(section: EngineSection) -> bool:
    """Whether the engine ends a site that hangs by itself, as one does that runs as a program."""
    return section.name == "apsim"


def weather_needs(campaign: Campaign) -> WeatherNeeds:
    """What the campaign's engine asks of the weather besides rain."""
    from rootzone.engines.apsim.settings import apsim_settings
    from rootzone.engines.swim.read_settings import settings_from_mapping

    section = campaign.engine_as_run
    if section.name == "apsim":
        return WeatherNeeds(apsim_settings(section.settings).salb, temperature=True, radiation=True)
    settings = settings_from_mapping(section.physics, section.stepping, section.settings)
    by_site = campaign.cover == BY_LAND_COVER
    temperature = settings.needs_temperature or by_site
    return WeatherNeeds(settings.salb, temperature, leaves=settings.lai)


@cache
def engine_code() -> str:
    """Digest of the sources of all engines: the same code gives the same numbers."""
    import rootzone.engines

    folder = Path(rootzone.engines.__file__).parent
    sources = sorted(folder.rglob("*.py"))
    return digest_bytes(b"\x00".join(path.read_bytes() for path in sources))
