from __future__ import annotations

import math
from pathlib import Path

from rootzone._shared.safe_yaml import parse_yaml
from rootzone.campaign.describe import sections
from rootzone.campaign.model import Campaign
from rootzone.campaign.scaffold import SettingLine, campaign_text


def test_the_written_file_is_right_and_holds_only_defaults() -> None:
    data = parse_yaml(campaign_text(), Path("campaign.yaml")).data
    written = Campaign.model_validate(data)
    required = {name: data[name] for name in ("name", "description", "region", "years")}
    # No model is the best on every land (docs/known-worlds.md): a new campaign looks for its own.
    assert written == Campaign.model_validate({**required, "learning": {"model": "auto"}})


def test_every_key_stands_in_the_file_with_a_comment_above_it() -> None:
    lines = campaign_text().splitlines()
    for dotted, model in sections(Campaign):
        for name in model.model_fields:
            at = [i for i, line in enumerate(lines) if line.strip().startswith(f"{name}:")]
            assert at, f"{dotted}.{name}"
            assert all(lines[i - 1].strip().startswith("#") for i in at), f"{dotted}.{name}"


def test_engine_settings_stand_as_comments_that_can_be_switched_on() -> None:
    settings = [
        SettingLine("cn2_bare", 73.0, "curve number [-]"),
        SettingLine("pond_max_mm", math.inf, "pond [mm]"),
    ]
    text = campaign_text(settings)
    assert "    # cn2_bare: 73.0  # curve number [-]" in text
    switched = text.replace("settings: {}", "settings:").replace("# cn2_bare", "cn2_bare")
    switched = switched.replace("# pond_max_mm", "pond_max_mm")
    data = parse_yaml(switched, Path("campaign.yaml")).data
    assert data["engine"]["settings"] == {"cn2_bare": 73.0, "pond_max_mm": math.inf}
