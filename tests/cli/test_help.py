from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from rootzone._cli import VERBS, cli, main

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("numba", "torch", "rasterio", "polars", "pyarrow", "pydantic", "matplotlib", "sklearn")


def commands() -> list[tuple[str, click.Command]]:
    context = click.Context(cli)
    found = []
    for name in cli.list_commands(context):
        command = cli.get_command(context, name)
        assert command is not None
        found.append((name, command))
    return found


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['rootzone', '--help']\n"
        "from rootzone._cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.splitlines()[-1] == "[]"


def test_every_verb_says_in_one_line_what_it_does() -> None:
    assert [name for name, _ in commands()] == [verb.replace("_", "-") for verb in VERBS]
    for name, command in commands():
        assert command.help, name
        assert command.get_short_help_str(200).endswith("."), name


def test_every_verb_has_a_place_in_the_docs() -> None:
    text = "\n".join(path.read_text() for path in [ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
    for name, _ in commands():
        assert f"rootzone {name}" in text, name


def test_an_unknown_verb_is_a_wrong_request() -> None:
    assert CliRunner().invoke(cli, ["simulat"]).exit_code == 2


def test_our_own_errors_become_one_message_and_their_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["rootzone", "check", str(tmp_path / "none.yaml")])
    monkeypatch.setattr(signal, "signal", lambda *given: None)  # this process goes on
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "none.yaml does not exist" in shown.err
    assert "Traceback" not in shown.err
