"""What all verbs share: one wording for one option, and no message that names a verb of nowhere."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import rootzone
from rootzone._cli import VERBS, cli
from rootzone._cli._old_forms import new_form

PACKAGE = Path(rootzone.__file__).parent
# Options whose meaning is the same wherever they are, so their words must be, too.
SHARED = ("--data", "--json", "--device", "--threads", "--cores")


def _commands() -> Iterator[tuple[str, click.Command]]:
    for verb in VERBS:
        command = importlib.import_module(f"rootzone._cli.{verb}").command
        yield verb, command
        for name, inner in getattr(command, "commands", {}).items():
            yield f"{verb} {name}", inner


@pytest.mark.parametrize("option", SHARED)
def test_an_option_has_one_wording_and_one_variable_on_every_verb(option: str) -> None:
    told = {
        (parameter.help, str(parameter.envvar), str(parameter.type), str(parameter.default))
        for _, command in _commands()
        for parameter in command.params
        if isinstance(parameter, click.Option) and option in parameter.opts
    }
    assert len(told) == 1, told


def test_the_data_folder_can_be_named_once_for_all_verbs() -> None:
    # House review B5: ROOTZONE_DATA was honoured by some verbs and not by others.
    verbs = {
        name
        for name, command in _commands()
        for parameter in command.params
        if "--data" in parameter.opts and parameter.envvar == "ROOTZONE_DATA"
    }
    wanted = {"fetch", "forcing", "sites", "soils", "train", "evaluate", "map", "report"}
    assert wanted <= verbs


def _texts() -> Iterator[tuple[Path, int, str]]:
    """Every text in the source, f-strings with their holes left open, docstrings included."""
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield path, node.lineno, node.value
            elif isinstance(node, ast.JoinedStr):
                parts = (
                    part.value if isinstance(part, ast.Constant) else "{}" for part in node.values
                )
                yield path, node.lineno, "".join(map(str, parts))
    for path in PACKAGE.rglob("*.j2"):
        yield path, 1, path.read_text(encoding="utf-8")


# Words that follow the package's name in prose, where no verb is meant.
_PROSE = {"is", "and", "does", "with", "map's"}


def test_every_verb_named_in_a_message_exists() -> None:
    # House review B1: a remedy said `rootzone weather`, a verb that never was.
    known = {verb.replace("_", "-") for verb in VERBS}
    wrong = []
    for path, line, text in _texts():
        for named in re.findall(r"(?:^|[`'\"(: ])rootzone ([a-z][a-z-]*[a-z])\b(?![.=])", text):
            if named not in known and not _is_prose(text, named):
                wrong += [f"{path.relative_to(PACKAGE)}:{line}: rootzone {named}"]
    assert not wrong, "\n".join(wrong)


def _is_prose(text: str, word: str) -> bool:
    """Whether the package is meant: a noun or a participle follows, not something to type."""
    quoted = re.search(rf"[`'\":] ?rootzone {word}|(?:^|[Rr]un:? )rootzone {word}", text)
    return word in _PROSE or quoted is None


def test_a_wrong_verb_in_a_message_would_be_seen() -> None:
    assert not _is_prose("make it first: rootzone weather", "weather")
    assert not _is_prose("`rootzone weather` makes it", "weather")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("simulate --soils s.csv --weather w.csv --out p.csv", "simulate-tables"),
        ("simulate --soils=s.csv --weather=w.csv --out=p.csv", "simulate-tables"),
        ("labels profiles.parquet --out labels", "label-tables"),
        ("labels runs --depth 200 --out labels", "label-tables"),
        ("simulate campaign.yaml --site 3 --out p.parquet", "simulate"),
        ("labels campaign.yml --out elsewhere", "labels"),
        ("simulate --help", "simulate"),
        ("labels --help", "labels"),
        ("simulate", "simulate"),
        ("soils table.csv --out soils.csv", "soils"),
    ],
)
def test_tables_have_verbs_of_their_own_and_the_old_form_still_means_them(
    typed: str, meant: str
) -> None:
    words = typed.split()
    assert new_form(words) == [meant, *words[1:]]


def test_the_old_form_works_with_a_word(tmp_path: Path) -> None:
    shown = CliRunner().invoke(
        cli, ["simulate", "--soils", str(tmp_path / "no.csv"), "--weather", "w", "--out", "p.csv"]
    )
    assert "tables have rootzone simulate-tables" in shown.stderr
    assert "no.csv does not exist" in str(shown.exception)
