"""Water content as the numbers of a map file, and what the flags of a pixel mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray

Dtype = Literal["uint16", "float32"]

STEP: Final = 1e-4  # [m3 m-3], a tenth of what the best sensors resolve
NODATA: Final = 65535
_LARGEST = NODATA - 1


@dataclass(frozen=True)
class Flag:
    """One bit of a pixel's flags.

    Parameters
    ----------
    bit : int
        Its value in the file, a power of two.
    name : str
        Its name in files, one word.
    meaning : str
        The same for a person.
    """

    bit: int
    name: str
    meaning: str


NO_VALUE: Final = Flag(1, "no_value", "nothing could be computed here: no soil, or it failed")
WATER: Final = Flag(2, "water_or_ice", "open water or lasting ice; no soil moisture is given")
EXCLUDED: Final = Flag(4, "excluded_cover", "land cover that no training site was drawn from")
MISSING_INPUT: Final = Flag(
    8, "missing_surface", "surface moisture is missing that day; the network was told so"
)
UNLIKE_TRAINING: Final = Flag(
    16, "outside_training_range", "a land feature lies outside the range of the training sites"
)
OUTSIDE: Final = Flag(32, "outside_region", "outside the campaign's region; no value")
MISSING_LAND: Final = Flag(
    64, "missing_land", "terrain, soil or land cover is not known here; no value"
)
MISSING_WEATHER: Final = Flag(128, "missing_weather", "no weather here that day; no value")
FALLBACK: Final = Flag(
    256, "physics_fallback",
    "too unlike the places at which the model was judged: physics as it is",
)  # fmt: skip
FLAGS: Final = (
    NO_VALUE, WATER, EXCLUDED, MISSING_INPUT, UNLIKE_TRAINING, OUTSIDE, MISSING_LAND,
    MISSING_WEATHER, FALLBACK,
)  # fmt: skip
FLAG_TYPE: Final = np.uint16
UNKNOWN_BITS: Final = OUTSIDE.bit | MISSING_LAND.bit | MISSING_WEATHER.bit  # these have no value


def pack_theta(theta: FloatArray, dtype: Dtype = "uint16") -> AnyArray:
    """Water content as it stands in a map file.

    Parameters
    ----------
    theta : array
        Water content, or its uncertainty [m3 m-3]; NaN where there is none.
    dtype : {"uint16", "float32"}
        ``uint16`` counts steps of 0.0001 and has 65535 for no value; values below 0 become 0.
        ``float32`` keeps NaN.

    Returns
    -------
    array, same shape
        The stored numbers.

    Examples
    --------
    >>> pack_theta(np.array([0.23456, np.nan])).tolist()
    [2346, 65535]
    """
    values = np.asarray(theta, dtype=np.float64)
    if dtype == "float32":
        return values.astype(np.float32)
    steps = np.clip(np.rint(values / STEP), 0, _LARGEST)
    return np.where(np.isnan(values), NODATA, steps).astype(np.uint16)


def unpack_theta(stored: AnyArray) -> FloatArray:
    """Water content [m3 m-3] from the numbers of a map file; NaN where there is none."""
    if stored.dtype == np.uint16:
        return np.where(stored == NODATA, np.nan, stored * STEP)
    return stored.astype(np.float64)


def flags_of(parts: list[tuple[Flag, BoolArray]]) -> AnyArray:
    """Flags of each pixel as one number, shape of the masks.

    Parameters
    ----------
    parts : list of (Flag, array of bool)
        Where each flag holds; at least one.
    """
    total = np.zeros(parts[0][1].shape, dtype=FLAG_TYPE)
    for flag, where in parts:
        total[where] |= FLAG_TYPE(flag.bit)
    return total


@dataclass(frozen=True)
class CoverCodes:
    """Land cover that gets a flag, by the codes of the campaign's legend.

    Parameters
    ----------
    water : tuple of int
        Open water and lasting ice.
    excluded : tuple of int
        What no site was drawn from.
    """

    water: tuple[int, ...]
    excluded: tuple[int, ...]


def cover_flags(
    land_cover: AnyArray, codes: CoverCodes
) -> tuple[tuple[Flag, BoolArray], tuple[Flag, BoolArray]]:
    """Water, and other land cover that no site was drawn from, by the pixel's class code."""
    water = np.isin(land_cover, codes.water)
    other = np.isin(land_cover, codes.excluded) & ~water
    return (WATER, np.asarray(water)), (EXCLUDED, np.asarray(other))
