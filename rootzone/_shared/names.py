"""The nearest known name to one that is not known."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from difflib import get_close_matches

_LONGEST = 80  # characters; file systems take 255 bytes


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name most like ``name``, or None where none is like it."""
    matches = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return matches[0] if matches else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint to append to an error: ``; did you mean X?``, or nothing."""
    nearest = nearest_name(name, known)
    return f"; did you mean {nearest}?" if nearest else ""


def file_stem(text: str) -> str:
    """A file name for a text, one for one: two texts never share it.

    Letters of any script, digits, ``.``, ``_`` and ``-`` stay. Where anything else had to go, or
    the text is long, six characters of its digest follow.

    Examples
    --------
    >>> file_stem("USCRN_CO_Nunn_7_NNE"), file_stem("N_Ås")
    ('USCRN_CO_Nunn_7_NNE', 'N_Ås')
    >>> file_stem("Nunn 7").startswith("Nunn_7-")
    True
    """
    plain = re.sub(r"[^\w.-]", "_", text)[:_LONGEST].lstrip(".") or "_"
    if plain == text:
        return plain
    return f"{plain}-{hashlib.sha256(text.encode(errors='replace')).hexdigest()[:6]}"
