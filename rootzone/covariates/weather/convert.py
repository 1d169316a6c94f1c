"""From the unit a weather file states to the unit its catalog entry promises; never a guess."""

from __future__ import annotations

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
_SPELLINGS = {
    "W/m2": "Wm-2", "W/m^2": "Wm-2", "Wm^-2": "Wm-2", "Wm**-2": "Wm-2", "J/m2": "Jm-2",
    "Jm**-2": "Jm-2", "Jm-2d-1": "Jm-2", "Jm-2day-1": "Jm-2", "J/m^2": "Jm-2",
    "MJ/m2": "MJm-2", "MJ/m^2/day": "MJm-2", "MJ/m2/day": "MJm-2", "MJm-2d-1": "MJm-2",
    "MJm-2day-1": "MJm-2", "m/s": "ms-1", "ms**-1": "ms-1", "kg/kg": "kgkg-1", "g/kg": "gkg-1",
    "kgkg**-1": "kgkg-1", "kg/m^2/s": "kgm-2s-1", "kgm**-2s**-1": "kgm-2s-1", "kgm-2": "mm",
    "kgm**-2": "mm", "C": "degC", "Celsius": "degC", "degreesC": "degC", "degrees_celsius": "degC",
    "degree_Celsius": "degC", "kelvin": "K", "mm/day": "mm", "mmd-1": "mm", "mmday-1": "mm",
    "millimeters": "mm", "percent": "%", "s/day": "s", "sday-1": "s",
}  # fmt: skip


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
    key = (_SPELLINGS.get(bare, bare), "".join(wanted.split()))
    if key not in _CONVERSIONS:
        raise RequestError(
            f"{what} is in {bare or 'no unit'!r}, which is not known to become {wanted!r}. "
            "Correct units in the file (ncatted), or unit in the catalog."
        )
    return _CONVERSIONS[key]
