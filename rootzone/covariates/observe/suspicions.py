"""Brightness that cannot be what its name says, found by its range and named."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError

_LOWEST_K, _HIGHEST_K = 60.0, 330.0
_LEAST = 20  # fewer values decide nothing


def require_brightness(tb_h: AnyArray, tb_v: AnyArray, where: str) -> None:
    """Refuse brightness in Celsius, fill values taken for numbers, and swapped polarisations.

    Parameters
    ----------
    tb_h, tb_v : array
        Horizontal and vertical brightness [K]; NaN where there is none.
    where : str
        File or table, for the message.

    Raises
    ------
    RequestError
        Values lie outside 60 to 330 K, or the horizontal brightness is mostly the larger one.

    Notes
    -----
    Land seen at 40 degrees emits more in V than in H: the Fresnel reflectivities order them for
    any soil, and vegetation only brings them together.
    """
    for name, tb in (("H", tb_h), ("V", tb_v)):
        known = np.asarray(tb, np.float64)
        known = known[np.isfinite(known)]
        if not known.size:
            continue
        low, high = float(known.min()), float(known.max())
        if low >= _LOWEST_K and high <= _HIGHEST_K:
            continue
        if low <= -900.0:
            raise RequestError(
                f"{where}: brightness {name} holds {low:g}, a fill value that was not masked. Mask "
                "it, or state it as the variable's _FillValue."
            )
        middle = float(np.median(known))
        if middle < _LOWEST_K:
            raise RequestError(
                f"{where}: brightness {name} has a median of {middle:.1f}; that is Celsius, "
                "or no brightness at all. Kelvin are needed: add 273.15."
            )
        raise RequestError(
            f"{where}: brightness {name} runs from {low:.1f} to {high:.1f}; 60 to 330 K can be."
        )
    both = np.isfinite(tb_h) & np.isfinite(tb_v)
    if int(both.sum()) >= _LEAST and float((tb_h > tb_v)[both].mean()) > 0.5:
        share = 100.0 * float((tb_h > tb_v)[both].mean())
        raise RequestError(
            f"{where}: in {share:.0f} % of {int(both.sum())} cells brightness H exceeds V, which "
            "no land does at 40 degrees. The two polarisations are swapped."
        )


def opacity_kind(
    opacity: FloatArray, b: FloatArray, vwc_kg_m2: FloatArray, cos_i: FloatArray
) -> str:
    """Whether an opacity is along the slant or at nadir, told by b times the vegetation water.

    Parameters
    ----------
    opacity : array
        Opacity of the file [-].
    b, vwc_kg_m2 : array
        Class table's b [m2 kg-1] and the file's own vegetation water [kg m-2].
    cos_i : array
        Cosine of the incidence angle.

    Returns
    -------
    str
        ``slant`` or ``nadir``, whichever the median ratio lies nearer to (1 / cos i or 1), where
        it lies within 12 %; ``unknown`` otherwise, or with fewer than 20 vegetated cells.
    """
    nadir = b * vwc_kg_m2
    usable = np.isfinite(opacity) & np.isfinite(nadir) & (nadir > 0.02)
    if int(usable.sum()) < _LEAST:
        return "unknown"
    ratio = float(np.median(opacity[usable] / nadir[usable]))
    slant = float(np.median(1.0 / np.broadcast_to(cos_i, opacity.shape)[usable]))
    near, target = min(
        (abs(ratio / t - 1.0), name) for t, name in ((1.0, "nadir"), (slant, "slant"))
    )
    return target if near < 0.12 else "unknown"
