"""Units of moisture: water content, water of a layer, share of saturation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.source import Part

_WATER_CONTENT = frozenset({"m3m-3", "m**3m**-3", "m^3m^-3", "m3.m-3", "m3/m3", "m^3/m^3",
                            "cm**3/cm**3", "cm3/cm3", "cm3cm-3", "m3m^-3"})  # fmt: skip
_LAYER_WATER = frozenset({"kgm-2", "kg/m^2", "kg/m2", "kgm**-2", "mm"})
_PERCENT = frozenset({"%", "percent", "percentage"})


def moisture_unit(
    variable: Any,  # noqa: ANN401 - netCDF4 is untyped
    part: Part,
    what: str,
) -> Callable[[FloatArray], FloatArray]:
    """How values of a file become those of the catalog.

    Parameters
    ----------
    variable : netCDF4.Variable
        Its attribute ``units`` counts; where there is none, the entry's ``stored_unit``.
    part : Part
        The variable of the entry.
    what : str
        File and variable, for the message.

    Raises
    ------
    RequestError
        The unit is none that is known to become the entry's.

    Notes
    -----
    1 kg m-2 is 1 mm of water, so the water of a layer divided by its thickness in mm is a water
    content.
    """
    told = str(getattr(variable, "units", "")).strip() or part.stored_unit or part.unit
    found, wanted = "".join(told.split()), "".join(part.unit.split())
    if found == wanted or (found in _WATER_CONTENT and wanted in _WATER_CONTENT):
        return np.asarray
    if found in _LAYER_WATER and wanted in _WATER_CONTENT and part.layer_mm is not None:
        thickness_mm = part.layer_mm[1] - part.layer_mm[0]
        return lambda values: np.asarray(values / thickness_mm)
    if found in _PERCENT and wanted in {"-", *_WATER_CONTENT}:
        return lambda values: np.asarray(values / 100.0)
    if found in {"Kelvin", "Kelvins"} and wanted == "K":
        return np.asarray
    raise RequestError(
        f"{what} is in {told!r}, which is not known to become {part.unit!r}. Correct units in the "
        "file, or unit in the catalog."
    )
