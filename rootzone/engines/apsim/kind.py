"""What is to be known of APSIM before it is started."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import SWIM3
from rootzone._shared.safe_yaml import KeyPath
from rootzone.campaign.model import Campaign
from rootzone.campaign.model import Engine as EngineSection
from rootzone.campaign.rules import Broken
from rootzone.engines.apsim.allowed import check_program, check_scratch
from rootzone.engines.apsim.settings import ApsimSettings, apsim_settings
from rootzone.engines.kinds import SWIM3_EVAPORATION, Asked, EngineKind, TableEngine
from rootzone.engines.ladder import SWIM3_LADDER, Ladder
from rootzone.engines.tables.read_weather import WeatherNeeds

if TYPE_CHECKING:
    from rootzone.engines.apsim.engine import ApsimEngine


class _Apsim(EngineKind):
    title = "with APSIM (Holzworth et al. 2014)"
    ends_hung_sites = True

    def broken(self, campaign: Campaign) -> Iterator[Broken]:
        engine = campaign.engine
        if (engine.physics, engine.stepping) != ("swim3", "apsim"):
            yield Broken(
                ("engine", "physics"),
                f"APSIM cannot run physics {engine.physics} with stepping {engine.stepping}",
                "set physics: swim3 and stepping: apsim, or engine name: swim",
            )
        if campaign.weather.pet != "apsim":
            yield Broken(
                ("weather", "pet"),
                f"APSIM works out its own demand and would not follow pet: {campaign.weather.pet}",
                "set weather.pet: apsim, or engine.name: swim",
            )

    def lacking(self, campaign: Campaign) -> Iterator[Broken]:
        engine = campaign.engine
        program = _first_word(engine.apsim_models or "Models")
        if not program:
            yield Broken(
                ("engine", "apsim_models"),
                "it is no command",
                "give the path or container command of Models, or null",
            )
        elif not shutil.which(program):
            yield Broken(
                ("engine", "apsim_models"),
                f"APSIM's {program} is not to be found on this machine",
                "install APSIM, give the path or container command of Models, or use name: swim",
            )
        named = str(engine.settings.get("models") or engine.apsim_models or "")
        if named and shutil.which(_first_word(named)):
            yield from _refused(("engine", "apsim_models"), check_program, named)
        if scratch := engine.settings.get("scratch"):
            yield from _refused(("engine", "settings", "scratch"), check_scratch, str(scratch))

    def nodes(self, physics: str, stepping: str) -> str:
        del physics, stepping  # it does not tell them: there is one pair
        return SWIM3

    def check_setting(self, section: EngineSection, key: str, value: object) -> None:
        del section
        apsim_settings({key: value})

    def make(self, asked: Asked, changes: Mapping[str, Any], threads: int) -> ApsimEngine:
        from rootzone.engines.apsim.engine import ApsimEngine
        from rootzone.engines.apsim.find_models import ModelsProgram

        settings = _settings(asked, changes, threads)
        if settings.models is not None and not asked.start_named:
            return ApsimEngine(settings, ModelsProgram((), asked.told_version))
        return ApsimEngine(settings)

    def identity(self, asked: Asked, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        from rootzone.engines.apsim.find_models import ModelsProgram, find_models

        settings = _settings(asked, changes, 1)
        ask = asked.start_named or (settings.models is None and not asked.told_version)
        program = find_models(settings.models) if ask else ModelsProgram((), asked.told_version)
        return settings.identity(program)

    def weather_needs(self, section: EngineSection) -> WeatherNeeds:
        return _needs(apsim_settings(section.settings))

    def ladder(self, stepping: str) -> Ladder:
        del stepping
        return SWIM3_LADDER

    def for_tables(
        self,
        soils: Path,
        physics: str | None,
        stepping: str,
        pairs: Sequence[str],
        threads: int | None,
    ) -> TableEngine:
        from rootzone.engines.apsim.engine import ApsimEngine

        del soils, stepping  # APSIM has its own steps
        if physics == "van_genuchten":
            raise RequestError("APSIM's engine is SWIM3: leave out --physics van_genuchten.")
        values = dict(pair.partition("=")[::2] for pair in pairs)
        engine = ApsimEngine(apsim_settings(values, threads))
        told = engine.identity()
        note = (
            f"APSIM {told['apsim_version']} ({engine.program.command[0]}), file format "
            f"{told['file_format']}, rain over {told['rain_hours']} hours"
        )
        return TableEngine(
            engine,
            "swim3",
            "theta",
            _needs(engine.settings),
            notes=(note,),
        )

    def evaporation(self, section: EngineSection) -> str:
        del section
        return SWIM3_EVAPORATION


def _refused(key: KeyPath, check: Callable[[str], None], value: str) -> Iterator[Broken]:
    """What a check has against a value, if it has anything."""
    try:
        check(value)
    except RequestError as error:
        yield Broken.told(key, error)


def _needs(settings: ApsimSettings) -> WeatherNeeds:
    return WeatherNeeds(settings.salb, temperature=True, radiation=True)


def _settings(asked: Asked, changes: Mapping[str, Any], threads: int) -> ApsimSettings:
    section = asked.section
    own = {"models": section.apsim_models, "site_timeout_s": asked.site_timeout_s}
    settings = apsim_settings({**own, **section.settings, **changes}, threads)
    check_scratch(settings.scratch)
    if asked.start_named and settings.models is not None:
        check_program(settings.models)
    return settings


def _first_word(command: str) -> str:
    """Program of a command line; empty where it is none."""
    try:
        words = shlex.split(command)
    except ValueError:
        return ""
    return words[0] if words and "\0" not in words[0] else ""


KIND = _Apsim()
