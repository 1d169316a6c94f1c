"""A self-contained page made of sections and blocks: opens from disk, reads well on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rootzone._shared.atomic import write_text
from rootzone._shared.figure_style import page_css, svg_text
from rootzone._shared.provenance import Provenance, in_words, write_sidecar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Text:
    """A paragraph, plain text; ``note`` for what is not there, ``verdict`` for what stands out."""

    text: str
    tone: str = "plain"
    kind: ClassVar[str] = "text"


@dataclass(frozen=True)
class Facts:
    """A row of figures that catch the eye: value with its unit, and what it is."""

    items: Sequence[tuple[str, str]]
    kind: ClassVar[str] = "facts"


@dataclass(frozen=True)
class Table:
    """A small table: headings with their units, rows of text, and which row stands out."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    strong: Sequence[int] = ()
    folded: str = ""
    kind: ClassVar[str] = "table"

    @property
    def heads(self) -> list[str]:
        """Headings with the unit on a line of its own, never broken inside."""
        parts = [heading.partition(" [") for heading in self.headings]
        return [a + ("\n[" + c.replace(" ", "\u00a0") if c else "") for a, _, c in parts]

    @property
    def texts(self) -> list[bool]:
        """Which columns hold words rather than numbers: they are set from the left."""
        return [not any(_is_figure(row[i]) for row in self.rows) for i in range(len(self.headings))]


_FIGURE = re.compile(r"[+\-−]?\d[\d,]*(\.\d+)?(e[+-]?\d+)?%?")
_DOI = re.compile(r"doi:(10\.\d{4,}/[^\s,;<]+[^\s,;.<])")


def _is_figure(cell: str) -> bool:
    return bool(_FIGURE.fullmatch((cell.split() or [""])[0]))


def linked(text: str) -> str:
    """Text for a page, its DOIs as links.

    Examples
    --------
    >>> print(linked("a < b, doi:10.1002/joc.3413"))
    a &lt; b, <a href="https://doi.org/10.1002/joc.3413">doi:10.1002/joc.3413</a>
    """
    return _DOI.sub(r'<a href="https://doi.org/\1">doi:\1</a>', str(escape(text)))


@dataclass(frozen=True)
class Plot:
    """A figure.

    Parameters
    ----------
    name : str
        File name of the figure when it is exported, without an ending.
    figure : Figure
        What is shown.
    caption : str
        What it shows, in words; also what a screen reader says.
    """

    name: str
    figure: Figure
    caption: str

    @property
    def svg(self) -> str:
        """The figure to stand inside a page."""
        return svg_text(self.figure)

    @property
    def wide(self) -> bool:
        """Whether it needs a row of its own."""
        return bool(self.figure.get_figwidth() > 5.5)


@dataclass(frozen=True)
class Plots:
    """Figures beside each other, below each other on a phone."""

    plots: Sequence[Plot]
    kind: ClassVar[str] = "plots"


@dataclass(frozen=True)
class Code:
    """Text shown as typed, with a button that copies it."""

    text: str
    prose: bool = False
    folded: str = ""
    kind: ClassVar[str] = "code"


@dataclass(frozen=True)
class Maps:
    """The map viewer and the data it shows, JSON values only."""

    data: dict[str, Any]
    kind: ClassVar[str] = "maps"

    @property
    def json(self) -> str:
        """The data as text that may stand inside a script element."""
        return json.dumps(self.data, separators=(",", ":"), allow_nan=False).replace("<", "\\u003c")


Block = Text | Facts | Table | Plots | Code | Maps


@dataclass(frozen=True)
class Section:
    """One part of a page.

    Parameters
    ----------
    key : str
        Anchor in the page and name in the menu's address.
    title : str
        Heading.
    menu : str
        Short name for the menu.
    blocks : sequence
        What it holds, in order.
    there : bool
        Whether its input is there; a section without it says so in a sentence.
    """

    key: str
    title: str
    menu: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    there: bool = True

    @property
    def plots(self) -> list[Plot]:
        """Its figures."""
        return [p for block in self.blocks if isinstance(block, Plots) for p in block.plots]


def absent(key: str, title: str, menu: str, why: str) -> Section:
    """A section whose input is not there yet, with what makes it."""
    return Section(key, title, menu, (Text(why, "note"),), there=False)


@dataclass(frozen=True)
class Document:
    """A page: its title, a line below it, and its sections."""

    title: str
    lead: str
    sections: Sequence[Section]

    @property
    def plots(self) -> list[Plot]:
        """All figures."""
        return [plot for section in self.sections for plot in section.plots]

    @property
    def scripts(self) -> bool:
        """Whether the page holds the map viewer."""
        return any(block.kind == "maps" for section in self.sections for block in section.blocks)


def render(document: Document, record: Provenance) -> str:
    """The page as HTML, the record of what made it at its end."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters["linked"] = lambda text: Markup(linked(text))  # noqa: S704 - escaped there
    return environment.get_template("report.html.j2").render(
        page=document, record=in_words(record), digest=record.digest, css=page_css()
    )


def write_document(path: Path, document: Document, record: Provenance) -> None:
    """Write the page whole or not at all, its record beside it."""
    write_text(path, render(document, record))
    write_sidecar(path, record)
