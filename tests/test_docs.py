from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

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


def test_every_make_target_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    readme = (ROOT / "README.md").read_text()
    for target in set(re.findall(r"^make ([a-z]+)", readme, flags=re.M)):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target
