"""What SMAP's HDF5 files have in common: fill values, codes, the bits of the surface flag."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray

FROZEN: Final = 0b110000000
"""Bits 7 and 8 of ``surface_flag``: frozen by the radiometer, or by the model."""
WATER: Final = 0b11
"""Bits 0 and 1: static water, and water that the radar saw."""
DENSE: Final = 0b10000000000
"""Bit 10: more vegetation water than 5 kg m-2."""


def numbers_of(
    group: Any,  # noqa: ANN401 - netCDF4 is untyped
    name: str,
    window: tuple[slice, ...] | None = None,
) -> FloatArray:
    """A variable of a group, or a window of it, NaN where it holds its fill value."""
    variable = group.variables[name]
    # netCDF4 would mask values beyond valid_max too, and with it every retrieval above 0.5.
    variable.set_auto_mask(False)
    values = np.asarray(variable[... if window is None else window], dtype=np.float64)
    fill = float(getattr(variable, "_FillValue", -9999.0))
    return np.where((values == fill) | (values <= -9998.0), np.nan, values)


def codes_of(group: Any, name: str, missing: int) -> IntArray:  # noqa: ANN401
    """Codes of a variable, ``missing`` where it holds its fill value or is not there."""
    if name not in group.variables:
        known = group.variables
        like = known.get("EASE_row_index", next(iter(known.values())))
        return np.full(like.shape, missing, dtype=np.int64)
    variable = group.variables[name]
    variable.set_auto_mask(False)
    values = np.asarray(variable[...]).astype(np.int64)
    fill = getattr(variable, "_FillValue", None)
    return values if fill is None else np.where(values == int(fill), missing, values)
