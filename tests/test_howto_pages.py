"""The how-to pages, typed as they stand: what a reader copies is taken, and answered in words.

Walks that need hours or the network are in ``benchmarks/new_user.py``.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
import yaml
from click.testing import CliRunner

from rootzone._cli import cli
from rootzone._shared.errors import RootzoneError

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(
    [*DOCS.glob("howto-*.md"), DOCS / "running.md", DOCS / "stations.md", DOCS / "install.md"]
)
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(page: str, kind: str) -> list[str]:
    """Blocks of one kind of a page, in order."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [body for found, body in _BLOCK.findall(text) if found == kind]


def lines(page: str) -> list[str]:
    """Lines of a page's shell blocks that begin with the program, continued lines joined."""
    text = "\n".join(body.replace("\\\n", " ") for body in blocks(page, "sh"))
    return [line for line in text.splitlines() if line.startswith("rootzone ")]


def words(line: str) -> list[str]:
    """Arguments as a shell splits them, its comment left out."""
    return shlex.split(line, comments=True)[1:]


@dataclass(frozen=True)
class Answer:
    """Exit status and everything said."""

    status: int
    said: str


def typed(line: str) -> Answer:
    """Run a line here as ``main`` would; what it does not turn into a sentence is raised."""
    result = CliRunner().invoke(cli, words(line))
    if isinstance(result.exception, RootzoneError):
        return Answer(result.exception.exit_code, f"{result.output}{result.exception}")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Answer(result.exit_code, result.output)


@pytest.mark.parametrize("page", [page.name for page in PAGES])
def test_every_line_of_a_page_is_one_the_program_takes(page: str) -> None:
    for line in lines(page):
        command: click.Command = cli
        args, context = words(line), click.Context(cli)
        while isinstance(command, click.Group) and args and not args[0].startswith("-"):
            chosen = command.get_command(context, args[0])
            assert chosen is not None, f"{page}: {line}"
            command, args = chosen, args[1:]
            context = click.Context(command, parent=context)
        # Unknown options and arguments too many raise here; files need not be there.
        command.make_parser(context).parse_args([a.replace("[...]", "") for a in args])


def test_a_region_typed_before_its_data_are_there_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for line in lines("howto-region.md"):
        verb, other = words(line)[0], "murray" in line
        if "fetch" in line or "*" in line or (other and verb not in ("init", "check", "forcing")):
            continue
        result = typed(line)
        if verb in ("init", "check", "report"):  # a report tells what is not there yet
            assert result.status == 0, (line, result.said)
        else:  # a file that is not there, and the verb that makes it
            assert result.status == 2, (line, result.said)
            assert re.search(
                r"(does not exist|There is no|is missing|are missing|no file|No such|needs torch)",
                result.said,
            ), line
            assert "rootzone " in result.said, line


def merged(into: dict[str, object], more: dict[str, object]) -> dict[str, object]:
    out = dict(into)
    for key, value in more.items():
        old = out.get(key)
        out[key] = (
            merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
        )
    return out


def test_the_settings_a_page_gives_pass_check_once_their_folder_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert typed(lines("howto-region.md")[0]).status == 0
    campaign = tmp_path / "kansas" / "campaign.yaml"
    settings = yaml.safe_load(campaign.read_text())
    given = yaml.safe_load(blocks("howto-region.md", "yaml")[0])
    campaign.write_text(yaml.safe_dump(merged(settings, given), sort_keys=False))
    refused = typed("rootzone check kansas/campaign.yaml")
    assert refused.status == 2  # the page says: a folder beside the campaign
    assert "uscrn" in refused.said
    (tmp_path / "kansas" / "uscrn").mkdir()
    assert typed("rootzone check kansas/campaign.yaml").status == 0


def test_the_smallest_station_table_of_the_page_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.csv").write_text(blocks("howto-stations.md", "text")[0])
    result = typed("rootzone stations mine.csv --out stations/stations.parquet")
    assert result.status == 0, result.said
    assert "2 " in result.said
    short = typed(next(line for line in lines("howto-stations.md") if " invert " in line))
    assert short.status == 2  # two days and no weather are no series to learn a soil from
