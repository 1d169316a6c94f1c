from __future__ import annotations

import importlib.util
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def load_script(name: str) -> object:
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_command_page_is_what_the_commands_say() -> None:
    script = load_script("write_command_reference")
    written = (ROOT / "docs" / "commands.md").read_text()
    assert written == script.reference(), (  # type: ignore[attr-defined]
        "run: python scripts/write_command_reference.py"
    )


def test_every_page_of_the_docs_stands_in_the_menu() -> None:
    menu = (ROOT / "mkdocs.yml").read_text()
    for page in (ROOT / "docs").glob("**/*.md"):
        assert page.relative_to(ROOT / "docs").as_posix() in menu, page


def test_every_make_target_the_readme_names_exists() -> None:
    makefile = (ROOT / "Makefile").read_text()
    readme = (ROOT / "README.md").read_text()
    for target in set(re.findall(r"^make ([a-z]+)", readme, flags=re.M)):
        assert re.search(rf"^{target}:", makefile, flags=re.M), target
