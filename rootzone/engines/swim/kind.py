"""What is to be known of the embedded engine before one is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone.campaign.model import Engine as EngineSection
from rootzone.engines.kinds import DEMAND, SWIM3_EVAPORATION, Asked, EngineKind, TableEngine
from rootzone.engines.ladder import SWIM3_LADDER, Ladder, ladder_of
from rootzone.engines.swim.read_settings import settings_from_mapping, settings_from_pairs
from rootzone.engines.tables.read_weather import WeatherNeeds

if TYPE_CHECKING:
    from rootzone.engines.swim.engine import SwimEngine
    from rootzone.engines.swim.settings import SwimSettings

_SMALLER_ERROR = {"tolerance": 2e-3, "theta_step": 1e-2}


class _Swim(EngineKind):
    title = "with rootzone's embedded solver"
    on_gpus = True
    grows_covers = True

    def check_setting(self, section: EngineSection, key: str, value: object) -> None:
        settings_from_mapping(section.physics, section.stepping, {key: value})

    def make(self, asked: Asked, changes: Mapping[str, Any], threads: int) -> SwimEngine:
        from rootzone.engines.swim.engine import SwimEngine

        return SwimEngine(_settings(asked.section, changes), threads=threads)

    def identity(self, asked: Asked, changes: Mapping[str, Any]) -> Mapping[str, Any]:
        return _settings(asked.section, changes).identity()

    def weather_needs(self, section: EngineSection) -> WeatherNeeds:
        return needs_of(_settings(section))

    def ladder(self, stepping: str) -> Ladder:
        return ladder_of(_SMALLER_ERROR) if stepping == "converged" else SWIM3_LADDER

    def for_tables(
        self,
        soils: Path,
        physics: str | None,
        stepping: str,
        pairs: Sequence[str],
        threads: int | None,
    ) -> TableEngine:
        from rootzone.engines.swim.batch import is_compiled
        from rootzone.engines.swim.engine import SwimEngine
        from rootzone.engines.tables.read_soils import choose_physics

        # The pairs are checked against either physics before the soils table is opened.
        asked = settings_from_pairs(physics or "van_genuchten", stepping, pairs)
        chosen = physics or choose_physics(soils, asked.initial)
        settings = settings_from_pairs(chosen, stepping, pairs)
        notes = [] if physics else [f"physics {chosen}, by the columns of {soils}"]
        if settings.device == "cuda":
            from rootzone.engines.swim.gpu.run_device import open_device

            notes.append(f"on {open_device().name}; compiled once for this version and card")
        elif not is_compiled(settings):
            notes.append("compiling the engine, once for this version: up to a minute")
        return TableEngine(
            SwimEngine(settings, threads=threads),
            chosen,
            settings.initial,
            needs_of(settings),
            notes=tuple(notes),
            extra_columns=settings.extra_columns,
        )

    def evaporation(self, section: EngineSection) -> str:
        if section.physics == "swim3":
            words = SWIM3_EVAPORATION
        else:
            dry_cm = _settings(section).surface_dry_psi_cm
            words = (
                f"{DEMAND} while the surface is wetter than a head of {dry_cm:,.0f} cm, and what "
                "the soil below can bring up after that"
            )
        if section.settings.get("snow"):
            words += ", snow kept in a degree-day store"
        return words


def needs_of(settings: SwimSettings) -> WeatherNeeds:
    """What these settings ask of the weather besides rain."""
    return WeatherNeeds(settings.salb, settings.needs_temperature, leaves=settings.lai)


def _settings(section: EngineSection, changes: Mapping[str, Any] | None = None) -> SwimSettings:
    values = {**section.settings, **(changes or {})}
    return settings_from_mapping(section.physics, section.stepping, values)


KIND = _Swim()
