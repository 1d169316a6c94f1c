"""The API reference of the docs site: a page for each stage, made from the code when it is built.

MkDocs calls `on_files` (see ``hooks`` in mkdocs.yml). A page lists the modules of one package in
alphabetical order; their text is the docstrings. Nothing is imported, so torch need not be there.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1] / "rootzone"
# Stages in the order of the pipeline, as rootzone/__init__.py tells them; helpers come last.
_TOLD = ast.get_docstring(ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))) or ""
STAGES = (*re.findall(r"^    (\w+) {2,}\w", _TOLD, flags=re.M), "_shared")


def page_name(stage: str) -> str:
    """Where a stage's page lies in the site."""
    return f"api/{stage.lstrip('_')}.md"


def module_names(stage: str) -> list[str]:
    """Dotted names of a stage's modules that say what they are for."""
    return [
        ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        for path in sorted((PACKAGE / stage).rglob("*.py"))
        if path.name != "__init__.py" and ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]


def page(stage: str) -> str:
    """The page of one stage, in mkdocstrings' own notation."""
    top = ast.get_docstring(ast.parse((PACKAGE / stage / "__init__.py").read_text("utf-8"))) or ""
    parts = [f"# `rootzone.{stage}`", "", top, ""]
    for name in module_names(stage):
        parts += [f"## `{name.removeprefix('rootzone.')}`", "", f"::: {name}", ""]
    return "\n".join(parts)


def on_files(files: Any, config: Any) -> Any:  # noqa: ANN401 - MkDocs' own types
    """Add the pages to those of the site."""
    from mkdocs.structure.files import File

    for stage in STAGES:
        files.append(File.generated(config, page_name(stage), content=page(stage)))
    return files
