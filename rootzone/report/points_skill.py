"""Skill at stations that lie off the map, told for points: what stands in ``points/skill.md``."""

from __future__ import annotations

from pathlib import Path

from rootzone.report.document import Block, Table, Text


def points_blocks(folder: Path) -> list[Block]:
    """Text and tables of ``points/skill.md`` beside a campaign; nothing where it is not there.

    Parameters
    ----------
    folder : Path
        Folder of the campaign.
    """
    path = folder / "points" / "skill.md"
    if not path.is_file():
        return []
    head = Text("Real stations off the map, as points", "head")
    return [head, *blocks_of(path.read_text(encoding="utf-8"))]


def blocks_of(text: str) -> list[Block]:
    r"""Paragraphs and pipe tables of a Markdown text; headings become lines that stand out.

    Examples
    --------
    >>> found = blocks_of("# Skill\n\nTwo\nlines.\n\n| a | b |\n|---|---|\n| x | 0.1 |\n")
    >>> [type(block).__name__ for block in found], found[2].rows
    (['Text', 'Text', 'Table'], [['x', '0.1']])
    """
    found: list[Block] = []
    for part in text.split("\n\n"):
        lines = [line.strip() for line in part.strip().splitlines()]
        if not lines:
            continue
        if all(line.startswith("|") for line in lines) and len(lines) > 2:
            cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
            found.append(Table(cells[0], cells[2:]))
        elif lines[0].startswith("#"):
            found.append(Text(" ".join(lines).lstrip("# "), "head"))
        else:
            found.append(Text(" ".join(lines).replace("**", "")))
    return found
