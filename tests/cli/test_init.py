from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from rootzone._cli.check import command as check
from rootzone._cli.init import command as init
from rootzone._shared.errors import RequestError


def test_a_new_file_passes_its_own_check(tmp_path: Path) -> None:
    made = CliRunner().invoke(init, [str(tmp_path / "new")])
    path = tmp_path / "new" / "campaign.yaml"
    assert made.stdout.strip() == str(path)
    checked = CliRunner().invoke(check, [str(path)])
    assert checked.exit_code == 0
    assert "is right" in checked.stdout


def test_every_engine_setting_stands_in_the_file(tmp_path: Path) -> None:
    from rootzone.engines.swim.settings import setting_keys

    CliRunner().invoke(init, [str(tmp_path)])
    text = (tmp_path / "campaign.yaml").read_text()
    assert all(f"# {key}: " in text for key in setting_keys())


def test_a_file_that_is_there_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "campaign.yaml"
    path.write_text("mine")
    refused = CliRunner().invoke(init, [str(tmp_path)])
    assert isinstance(refused.exception, RequestError)
    assert path.read_text() == "mine"
    assert CliRunner().invoke(init, [str(tmp_path), "--force"]).exit_code == 0
    assert path.read_text() != "mine"
