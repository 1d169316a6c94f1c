from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).resolve().parents[1]


def test_the_command_page_is_what_the_commands_say() -> None:
    # In a process of its own: click keeps the help option a command was first asked with.
    code = (
        "import runpy; print(runpy.run_path('write_command_reference.py')['reference'](), end='')"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT / "scripts",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    written = (ROOT / "docs" / "commands.md").read_text()
    assert written == told, "run: python scripts/write_command_reference.py"


def test_every_page_of_the_docs_stands_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text()
    for page in (ROOT / "docs").glob("**/*.md"):
        assert page.relative_to(ROOT / "docs").as_posix() in menu, page


def test_every_verb_stands_in_a_page_besides_the_reference() -> None:
    from rootzone._cli import VERBS

    pages = [p for p in (ROOT / "docs").glob("*.md") if p.name != "commands.md"]
    text = "\n".join(page.read_text() for page in [*pages, ROOT / "README.md"])
    for verb in VERBS:
        assert re.search(rf"rootzone {verb.replace('_', '-')}\b", text), verb


def _code_blocks(text: str) -> list[str]:
    """Blocks of shell commands: fences without a language, or marked sh or console."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", text, flags=re.M | re.S)
    return [block for language, block in fences if language in {"", "sh", "console"}]


def _typed_lines() -> list[tuple[str, str]]:
    """Every command line of ours in a code block of the README or the docs."""
    pages = [p for p in sorted((ROOT / "docs").glob("*.md")) if p.name != "commands.md"]
    lines = []
    for page in [ROOT / "README.md", *pages]:
        for block in _code_blocks(page.read_text()):
            for line in block.replace("\\\n", " ").splitlines():
                typed = re.split(r"\s#\s", line.removeprefix("$ "))[0]
                parts = [part.strip() for part in typed.split("&&")]
                lines += [(page.name, part) for part in parts if part.startswith("rootzone ")]
    return lines


@pytest.mark.parametrize(("page", "typed"), _typed_lines())
def test_every_command_that_is_shown_is_one_the_program_takes(page: str, typed: str) -> None:
    from rootzone._cli import cli

    command, context = cli, click.Context(cli, info_name="rootzone")
    words = shlex.split(typed)[1:]
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        found = command.get_command(context, name)
        assert found is not None, f"{page}: no verb {name}"
        command, context = found, click.Context(found, info_name=name, parent=context)
    if "..." not in words and "--help" not in words:
        command.make_context(context.info_name, words)


def test_the_page_of_data_sources_has_every_source_of_the_catalog() -> None:
    from rootzone.covariates.layers.catalog import load_catalog

    rows = (ROOT / "docs" / "data-sources.md").read_text().splitlines()
    catalog = load_catalog([], ROOT)
    for name, source in catalog.sources.items():
        (row,) = [row for row in rows if row.startswith(f"| `{name}` |")]
        assert source.licence in row
        assert (source.doi or "") in row


def test_the_reference_has_every_public_name_once_by_topic() -> None:
    import rootzone as rz

    pages = [p.read_text() for p in (ROOT / "docs" / "reference").glob("*.md")]
    told = re.findall(r"^## `rz\.(\w+)`$", "\n".join(pages), flags=re.M)
    assert sorted(told) == sorted(rz.__all__)
    index = (ROOT / "docs" / "reference" / "index.md").read_text()
    assert set(re.findall(r"`rz\.(\w+)`", index)) >= set(rz.__all__)


def test_every_module_the_reference_lists_exists() -> None:
    for page in (ROOT / "docs" / "reference").glob("*.md"):
        for dotted in re.findall(r"^::: ([\w.]+)$", page.read_text(), flags=re.M):
            parts = dotted.split(".")
            places = [
                ROOT.joinpath(*parts[:n]).with_suffix(".py") for n in range(1, len(parts) + 1)
            ]
            assert any(place.is_file() for place in places), dotted


def test_every_make_target_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    readme = (ROOT / "README.md").read_text()
    for target in set(re.findall(r"^make ([a-z]+)", readme, flags=re.M)):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target
