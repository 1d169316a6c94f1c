"""Which engine a campaign asks for, ready to run with some settings changed.

The one place of the runner that knows engines by name. An engine is handed on as a function, so
that tests and other programs can bring their own.
"""

from __future__ import annotations

import os
import shlex
import tempfile
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, Protocol

from rootzone._shared.digests import digest_bytes
from rootzone._shared.errors import RequestError
from rootzone._shared.machine import allowed_here, settings_file
from rootzone.campaign.model import BY_LAND_COVER, Campaign
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


def make_engine_of(
    campaign: Campaign,
    *,
    start_named: bool = False,
    told_version: str = "",
    device: str | None = None,
) -> MakeEngine:
    """The engine a campaign names, as a function that can travel to another process.

    Parameters
    ----------
    campaign : Campaign
        The campaign.
    start_named : bool
        Whether a program that the campaign itself names (``engine.apsim_models``) may be started,
        where this machine's user allows it. Only ``rootzone simulate`` does; all else gets an
        engine that can tell what it is, not run.
    told_version : str
        Version such a program told the last time it ran, for those that may not ask.
    device : str, optional
        ``cpu`` or ``cuda``; what the campaign says when not given.
    """
    section = campaign.planted_engine
    if device is not None and (section.name == "swim" or device != "cpu"):
        if section.name != "swim":
            raise RequestError(f"--device {device}: engine.name {section.name} runs on CPUs alone.")
        settings = {**section.settings, "device": device}
        section = section.model_copy(update={"settings": settings})
    return partial(_make, section, campaign.jobs.site_timeout_s, start_named, told_version)


def device_of(campaign: Campaign, asked: str | None = None) -> str:
    """Where a campaign's columns are computed: as asked, or as its engine settings say."""
    if asked is not None or campaign.engine.name != "swim":
        return asked or "cpu"
    return str(campaign.engine.settings.get("device", "cpu"))


def _make(
    section: EngineSection,
    site_timeout_s: float,
    start_named: bool,
    told_version: str,
    changes: Mapping[str, Any],
    *,
    threads: int,
) -> Engine:
    settings = {**section.settings, **changes}
    if section.name == "swim":
        from rootzone.engines.swim.engine import SwimEngine
        from rootzone.engines.swim.read_settings import settings_from_mapping

        chosen = settings_from_mapping(section.physics, section.stepping, settings)
        return SwimEngine(chosen, threads=threads)
    if section.name == "apsim":
        from rootzone.engines.apsim.engine import ApsimEngine
        from rootzone.engines.apsim.find_models import ModelsProgram
        from rootzone.engines.apsim.settings import apsim_settings

        own = {"models": section.apsim_models, "site_timeout_s": site_timeout_s}
        asked = apsim_settings({**own, **settings}, threads)
        check_scratch(asked.scratch)
        if asked.models is None:
            return ApsimEngine(asked)
        if not start_named:
            return ApsimEngine(asked, ModelsProgram((), told_version))
        check_program(asked.models)
        return ApsimEngine(asked)
    raise RequestError(
        f"engine.name: {section.name} is not an engine this version of rootzone can run; "
        "set engine.name: swim."
    )


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


def weather_needs(campaign: Campaign) -> tuple[float, bool]:
    """Albedo of bare soil for potential evaporation, and whether temperatures are needed."""
    from rootzone.engines.apsim.settings import apsim_settings
    from rootzone.engines.swim.read_settings import settings_from_mapping

    section = campaign.planted_engine
    if section.name == "apsim":
        return apsim_settings(section.settings).salb, True
    settings = settings_from_mapping(section.physics, section.stepping, section.settings)
    by_site = campaign.cover == BY_LAND_COVER
    return settings.salb, settings.needs_temperature or by_site


@cache
def engine_code() -> str:
    """Digest of the sources of all engines: the same code gives the same numbers."""
    import rootzone.engines

    folder = Path(rootzone.engines.__file__).parent
    sources = sorted(folder.rglob("*.py"))
    return digest_bytes(b"\x00".join(path.read_bytes() for path in sources))
