"""A self-contained page: works offline, opens from disk, readable on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rootzone._shared.atomic import write_text
from rootzone._shared.provenance import Provenance, in_words, write_sidecar


@dataclass(frozen=True)
class Table:
    """A small table: headings with their units, rows of text."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Section:
    """One part of a page.

    Parameters
    ----------
    title : str
        Heading.
    text : str
        A paragraph, plain text.
    svg : str
        A figure of ours as SVG text; it is not escaped, so it must not come from elsewhere.
    caption : str
        What the figure shows.
    table : Table, optional
        A small table.
    code : str
        Text shown as typed, such as commands.
    """

    title: str
    text: str = ""
    svg: str = ""
    caption: str = ""
    table: Table | None = None
    code: str = ""


@dataclass(frozen=True)
class Page:
    """A report: its title, a line below it, and its sections."""

    title: str
    lead: str
    sections: Sequence[Section] = field(default_factory=tuple)


def render_page(page: Page, record: Provenance) -> str:
    """The page as HTML, the record of what made it at its end."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rootzone.report"), autoescape=True, undefined=StrictUndefined
    )
    template = environment.get_template("page.html.j2")
    return template.render(page=page, provenance=in_words(record))


def write_page(path: Path, page: Page, record: Provenance) -> None:
    """Write the page whole or not at all, its record beside it."""
    write_text(path, render_page(page, record))
    write_sidecar(path, record)
