"""From the unit a weather file states to the unit its catalog entry promises; never a guess."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError

_KELVIN_AT_0_DEGC = 273.15
_MJ_PER_W_DAY = 0.0864  # 86400 s in a day, 1e6 J in a MJ
_S_PER_DAY = 86_400.0


def _times(factor: float) -> Callable[[AnyArray], AnyArray]:
    return lambda value: value * np.float32(factor)


def _same(value: AnyArray) -> AnyArray:
    return value


# Unit in the file and unit in the catalog, as text without spaces, and how to get there.
_CONVERSIONS: dict[tuple[str, str], Callable[[AnyArray], AnyArray]] = {
    ("K", "degC"): lambda value: value - np.float32(_KELVIN_AT_0_DEGC),
    ("degC", "degC"): _same,
    ("mm", "mmd-1"): _same,
    ("m", "mmd-1"): _times(1000.0),
    ("kgm-2s-1", "mmd-1"): _times(_S_PER_DAY),  # a litre of water is a kilogram
    ("Wm-2", "MJm-2d-1"): _times(_MJ_PER_W_DAY),
    ("Wm-2", "Wm-2"): _same,
    ("Jm-2", "MJm-2d-1"): _times(1e-6),
    ("MJm-2", "MJm-2d-1"): _same,
    ("kPa", "kPa"): _same,
    ("hPa", "kPa"): _times(0.1),
    ("Pa", "kPa"): _times(1e-3),
    ("ms-1", "ms-1"): _same,
    ("s", "s"): _same,
    ("%", "%"): _same,
    ("1", "%"): _times(100.0),
    ("kgkg-1", "kgkg-1"): _same,
    ("gkg-1", "kgkg-1"): _times(1e-3),
}
_WORDS = {
    "C": "degC", "Celsius": "degC", "celsius": "degC", "degreesC": "degC", "kelvin": "K",
    "degrees_celsius": "degC", "degree_Celsius": "degC", "degrees_Celsius": "degC",
    "degree_celsius": "degC", "kgm-2": "mm", "millimeters": "mm", "millimetres": "mm",
    "percent": "%",
}  # fmt: skip
_FACTORS = {"day": "d", "Mj": "MJ", "mj": "MJ", "sec": "s"}
_FACTOR = re.compile(r"([A-Za-z]+)(?:\^|\*\*)?([+-]?\d+)?[. ]*")


def spelt_alike(unit: str) -> str:
    """A unit in one spelling, without spaces and without the day of a daily sum.

    Examples
    --------
    >>> [spelt_alike(u) for u in ("MJ/m^2/day", "MJ m**-2 d-1", "J m-2", "kg/m2/s", "mm/day", "C")]
    ['MJm-2', 'MJm-2', 'Jm-2', 'kgm-2s-1', 'mm', 'degC']
    """
    text = unit.strip()
    if text in _WORDS:
        return _WORDS[text]
    found: list[str] = []
    for below, part in enumerate(text.split("/")):
        if _FACTOR.sub("", part.strip()):  # something that is no product of powers
            return "".join(text.split())
        for name, digits in _FACTOR.findall(part.strip()):
            power = int(digits or 1) * (-1 if below else 1)
            found.append(_FACTORS.get(name, name) + ("" if power == 1 else str(power)))
    if found[1:] and found[-1] == "d-1":
        found.pop()
    bare = "".join(found)
    return _WORDS.get(bare, bare)


def conversion(found: str, wanted: str, what: str) -> Callable[[AnyArray], AnyArray]:
    """How to get from one unit to another.

    Parameters
    ----------
    found : str
        As the file states it; sums of a day may leave the day out.
    wanted : str
        As the catalog states it.
    what : str
        File and variable, for the message.

    Raises
    ------
    RequestError
        No way is known.
    """
    bare = "".join(found.split())
    key = (spelt_alike(found), "".join(wanted.split()))
    if key not in _CONVERSIONS:
        raise RequestError(
            f"{what} is in {bare or 'no unit'!r}, which is not known to become {wanted!r}. "
            "Correct units in the file (ncatted), or unit in the catalog."
        )
    return _CONVERSIONS[key]
