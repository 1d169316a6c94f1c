"""Files that a pattern with ``*`` and ``?`` names."""

from __future__ import annotations

from pathlib import Path


def files_named(pattern: str, base: Path = Path()) -> list[Path]:
    """Files that a pattern names, in the order of their names; a relative one starts at ``base``.

    A pattern without ``*`` and ``?`` is a path, and names what is there.
    """
    whole = base / pattern
    steps = whole.parts
    fixed = next((k for k, step in enumerate(steps) if "*" in step or "?" in step), len(steps))
    if fixed == len(steps):
        return [whole] if whole.exists() else []
    return sorted(Path(*steps[:fixed]).glob("/".join(steps[fixed:])))
