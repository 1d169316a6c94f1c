"""One thing that does not fit, in words and with its remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class FileFinding:
    """What does not fit in a file.

    Parameters
    ----------
    code : str
        Name of the finding, such as ``HALF_PIXEL``.
    level : str
        ``problem`` where numbers would be wrong, ``note`` where a reader must know.
    problem : str
        What is wrong with the values seen.
    mend : str
        How to mend it.
    """

    code: str
    level: Literal["problem", "note"]
    problem: str
    mend: str
