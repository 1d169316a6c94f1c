"""Engine settings as a campaign file shows and checks them.

The campaign stage knows that an engine has settings, the engine stage which; they meet here.
"""

from __future__ import annotations

from rootzone._shared.engine_names import not_an_engine
from rootzone._shared.errors import RequestError
from rootzone.campaign.findings import Finding
from rootzone.campaign.read_campaign import LoadedCampaign
from rootzone.campaign.scaffold import SettingLine
from rootzone.engines.kinds import kind_of
from rootzone.engines.swim.settings import SwimSettings, default_settings, setting_keys

_MEND = "docs/engine.md and docs/apsim.md list the settings of each engine with their defaults"


def setting_lines() -> list[SettingLine]:
    """Every setting of the embedded engine with the default of a new campaign."""
    defaults = default_settings("van_genuchten", "converged")
    lines = []
    for key in setting_keys():
        field = SwimSettings.model_fields[key]
        unit = (field.json_schema_extra or {}).get("unit", "-")  # type: ignore[union-attr]
        lines.append(SettingLine(key, getattr(defaults, key), f"{field.description} [{unit}]"))
    return lines


def settings_findings(loaded: LoadedCampaign) -> list[Finding]:
    """Mistakes in the engine's own settings, each at its place in the file."""
    engine = loaded.campaign.engine
    findings: list[Finding] = []
    if not_an_engine(engine.name):
        return findings  # told by itself
    for key, value in engine.settings.items():
        try:
            kind_of(engine.name).check_setting(engine, key, value)
        except RequestError as error:
            problem = str(error).removeprefix("Settings: ").split(". `rootzone")[0]
            findings.append(
                loaded.finding(("engine", "settings", key), problem.removesuffix("."), _MEND)
            )
    return findings
