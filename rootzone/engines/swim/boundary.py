"""The bottom of the profile: what a setting's text means, and the head it puts there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.names import did_you_mean
from rootzone._shared.units import cm_from_mm
from rootzone.engines.swim import layout

KINDS = ("free_drainage", "zero_flux", "seepage", "head", "water_table")
_NEEDS_VALUE = {"head", "water_table"}
_TAKES_NO_VALUE = {"free_drainage", "zero_flux"}
_KIND_NUMBER = {
    "free_drainage": layout.BOTTOM_FREE_DRAINAGE,
    "zero_flux": layout.BOTTOM_ZERO_FLUX,
    "seepage": layout.BOTTOM_SEEPAGE,
    "head": layout.BOTTOM_FIXED_HEAD,
    "water_table": layout.BOTTOM_FIXED_HEAD,
}


@dataclass(frozen=True)
class Bottom:
    """A bottom boundary.

    Parameters
    ----------
    name : str
        One of ``KINDS``.
    value : float
        Head [cm] for ``seepage`` and ``head``, depth of the water table [mm] for ``water_table``,
        0 for the others.
    """

    name: str
    value: float = 0.0

    @property
    def kind(self) -> int:
        """Number the column kernels know it by."""
        return _KIND_NUMBER[self.name]

    def psi_cm(self, profile_depth_mm: FloatArray) -> FloatArray:
        """Head at the bottom of each profile.

        Parameters
        ----------
        profile_depth_mm : array, shape (site,)
            Depth of the lower end [mm].

        Returns
        -------
        psi_cm : array, shape (site,)
            Head [cm]: hydrostatic with a water table, so positive where the profile reaches below
            it; the given head otherwise.
        """
        if self.name == "water_table":
            return cm_from_mm(profile_depth_mm - self.value)
        return np.full_like(profile_depth_mm, self.value)


def parse_bottom(text: str) -> Bottom:
    """Bottom boundary from its text, such as ``head:-50`` or ``water_table:1200``.

    Raises
    ------
    ValueError
        Unknown name, or a value that is missing, superfluous or out of range.
    """
    name, colon, number = (part.strip() for part in text.partition(":"))
    if name not in KINDS:
        raise ValueError(f"{name!r} is none of {', '.join(KINDS)}{did_you_mean(name, KINDS)}")
    if colon and name in _TAKES_NO_VALUE:
        raise ValueError(f"{name} takes no value, but {number!r} was given")
    if not colon:
        if name in _NEEDS_VALUE:
            unit = "depth_mm" if name == "water_table" else "psi_cm"
            raise ValueError(f"{name} needs a value: {name}:{unit}")
        return Bottom(name)
    return Bottom(name, _number(name, number))


def _number(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise ValueError(f"{name}:{text} is not a number") from None
    if not np.isfinite(value):
        raise ValueError(f"{name}:{text} is not finite")
    if name == "seepage" and value > 0:
        raise ValueError(f"seepage begins at a head of 0 or below, not {value:g} cm")
    if name == "water_table" and value <= 0:
        raise ValueError(f"the water table must lie below the surface, not at {value:g} mm")
    return value
