"""Numbers and lists as a person writes them."""

from __future__ import annotations

import math
from collections.abc import Sequence


def number(value: float | None, digits: int = 3) -> str:
    """A number with a few significant digits; a dash where there is none.

    Examples
    --------
    >>> number(0.000409419), number(1234567.0), number(float("nan"))
    ('0.000409', '1,230,000', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if -4 <= size < 12:
        return f"{round(value, digits - 1 - size):,.{max(0, digits - 1 - size)}f}"
    return f"{value:.{digits - 1}e}"


def fixed(value: float | None, places: int = 3) -> str:
    """A number with a fixed count of decimals; a dash where there is none.

    Examples
    --------
    >>> fixed(-0.25, 1), fixed(-0.00001, 3), fixed(float("nan"))
    ('−0.2', '0.000', '–')
    """
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:z.{places}f}".replace("-", "−")


def signed(value: float | None, places: int = 3) -> str:
    """A difference: always with its sign.

    Examples
    --------
    >>> signed(0.0123), signed(-0.004)
    ('+0.012', '−0.004')
    """
    text = fixed(value, places)
    return text if text[0] in "−–" else f"+{text}"


def in_hours(seconds: float) -> str:
    """Time as a person says it.

    Examples
    --------
    >>> in_hours(59.6), in_hours(600), in_hours(5400)
    ('1.0 min', '10 min', '1.5 h')
    >>> in_hours(0.0123), in_hours(3.6e7)
    ('0.012 s', '10,000 h')
    """
    if seconds < 59.5:
        return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:.0f} s"
    if seconds < 5400:
        minutes = seconds / 60
        return f"{minutes:.1f} min" if minutes < 9.95 else f"{minutes:.0f} min"
    hours = seconds / 3600
    return f"{hours:.1f} h" if hours < 99.5 else f"{hours:,.0f} h"


def sentence(text: str) -> str:
    """The text with a full stop."""
    return text if text.endswith((".", "!", "?")) else text + "."


def listed(items: Sequence[str]) -> str:
    """Items as a sentence lists them.

    Examples
    --------
    >>> listed(["sand", "silt", "clay"])
    'sand, silt and clay'
    """
    if len(items) < 2:
        return "".join(items)
    return ", ".join(items[:-1]) + " and " + items[-1]


def plural(n: int, one: str, many: str = "") -> str:
    """A count with its noun.

    Examples
    --------
    >>> plural(1, "station"), plural(3, "station")
    ('1 station', '3 stations')
    """
    return f"{n:,} {one if n == 1 else many or one + 's'}"
