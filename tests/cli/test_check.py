from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from rootzone._cli.check import command
from rootzone.campaign.findings import CampaignMistakes

SMALL = "name: small\nregion: {place: Colorado}\nyears: [2023]\n"


def check(folder: Path, text: str, *options: str) -> Result:
    path = folder / "campaign.yaml"
    path.write_text(text)
    return CliRunner().invoke(command, [str(path), *options])


def test_text_and_json_hold_the_same_mistakes(tmp_path: Path) -> None:
    text = SMALL + "soil: {ptf: none}\nseed: 3\n"
    told = check(tmp_path, text)
    assert isinstance(told.exception, CampaignMistakes)
    shown = check(tmp_path, text, "--json")
    assert shown.exit_code == 2
    facts = json.loads(shown.stdout)
    assert facts["ok"] is False
    assert facts["digest"] is None
    assert [m["key"] for m in facts["mistakes"]] == [f.key for f in told.exception.findings]


def test_a_right_file_tells_its_size_and_digest(tmp_path: Path) -> None:
    facts = json.loads(check(tmp_path, SMALL, "--json").stdout)
    assert facts["ok"] is True
    assert facts["mistakes"] == []
    assert facts["digest"] in check(tmp_path, SMALL).stdout


def test_engine_settings_are_checked_where_they_stand(tmp_path: Path) -> None:
    text = SMALL + "engine:\n  settings:\n    cn2_bear: 73\n    salb: 3\n"
    facts = json.loads(check(tmp_path, text, "--json").stdout)
    assert [(m["line"], m["key"]) for m in facts["mistakes"]] == [
        (6, "engine.settings.cn2_bear"),
        (7, "engine.settings.salb"),
    ]
    assert "cn2_bare" in facts["mistakes"][0]["problem"]


def test_files_the_campaign_names_must_exist(tmp_path: Path) -> None:
    text = SMALL + "catalog: {files: [mine.yaml]}\nlabels: {stations: [crn]}\n"
    facts = json.loads(check(tmp_path, text, "--json").stdout)
    assert [m["key"] for m in facts["mistakes"]] == ["catalog.files[0]", "labels.stations[0]"]


def test_an_apsim_that_is_not_installed_is_told_before_the_night(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    text = SMALL + "engine: {name: apsim, physics: swim3, stepping: apsim}\n"
    facts = json.loads(check(tmp_path, text, "--json").stdout)
    assert [m["key"] for m in facts["mistakes"]] == ["engine.apsim_models"]


def test_checking_changes_nothing(tmp_path: Path) -> None:
    check(tmp_path, SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["campaign.yaml"]


def test_layers_too_thick_for_swim3_are_told_and_no_mistake(tmp_path: Path) -> None:
    text = SMALL + (
        "profile: {thickness_mm: [200, 400, 900]}\nengine: {physics: swim3, stepping: converged}\n"
    )
    told = check(tmp_path, text)
    assert told.exit_code == 0
    assert "note: profile.thickness_mm: layers thicker than 150 mm above 50 cm" in told.stderr
    facts = json.loads(check(tmp_path, text, "--json").stdout)
    assert facts["ok"] is True
    assert facts["notes"][0].startswith("profile.thickness_mm: layers thicker")
    thin = text.replace("[200, 400, 900]", "[50, 100, 150, 150, 150, 400, 500]")
    assert json.loads(check(tmp_path, thin, "--json").stdout)["notes"] == []


def test_the_hint_names_the_first_thing_that_is_not_there(tmp_path: Path) -> None:
    text = SMALL
    assert (
        f"next: rootzone fetch {tmp_path / 'campaign.yaml'} --dry-run"
        in check(tmp_path, text).stderr
    )
    (tmp_path / "data" / "nlcd").mkdir(parents=True)
    assert "next: rootzone forcing" in check(tmp_path, text).stderr
    (tmp_path / "weather").mkdir()
    (tmp_path / "weather" / "weather_2023.parquet").touch()
    assert "next: rootzone sites" in check(tmp_path, text).stderr
