"""The mapped root zone held against our own physics: the simulated water of the upper metre."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.errors import RequestError
from rootzone._shared.skill import LEAST_PAIRS, Skill, skill_of
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.two_layer.open_layers import LAYERS_MM, OpenLayers, read_on


def against_simulated(
    opened: OpenSurface, mapped: Mapping[dt.date, Callable[[], FloatArray]]
) -> dict[str, Any]:
    """The mapped root zone against simulated water of 0-100 cm, on the same pixels and days.

    Parameters
    ----------
    opened : OpenSurface
        The campaign.
    mapped : mapping
        How to read the root zone of each mapped day.

    Returns
    -------
    dict
        Days and pixels compared; correlation, bias and RMSE of the water content [m3 m-3]; means
        and bias of the store of 1 m [mm]; correlation of each pixel's own course, its median.

    Raises
    ------
    RequestError
        The campaign names no simulated files, or no mapped day is among them.
    """
    pattern = opened.section.two_layer.simulated
    if pattern is None:
        raise RequestError("surface.two_layer.simulated names no files to compare with.")
    simulated = {day_in_name(path.name): path for path in opened.found(pattern)}
    days = sorted(set(simulated) & set(mapped))
    if not days:
        raise RequestError(
            f"No day is both mapped ({len(mapped)}) and simulated ({len(simulated)}, {pattern})."
        )
    grid = OpenLayers(opened).grid
    ours = np.stack([read_on(simulated[day], grid) for day in days])
    product = np.stack([mapped[day]() for day in days])
    return {"days": len(days), **compared(product, ours)}


def compared(product: FloatArray, simulated: FloatArray) -> dict[str, float]:
    """A product's root zone against simulated water, shape (day, row, col).

    Examples
    --------
    A product 0.02 m3 m-3 wetter everywhere holds 20 mm more in the upper metre.

    >>> ours = np.linspace(0.1, 0.3, 12).reshape(3, 2, 2)
    >>> round(compared(ours + 0.02, ours)["store_bias_mm"], 6)
    20.0
    """
    top, bottom = LAYERS_MM["root_zone"]
    both = np.isfinite(product) & np.isfinite(simulated)
    a, b = np.where(both, product, np.nan), np.where(both, simulated, np.nan)
    whole: Skill = skill_of(a.ravel(), b.ravel())
    flat = a.reshape(len(a), -1), b.reshape(len(b), -1)
    seen = [p for p in range(flat[0].shape[1]) if np.isfinite(flat[0][:, p]).sum() >= LEAST_PAIRS]
    each = [skill_of(flat[0][:, p], flat[1][:, p]).r for p in seen]
    thick = bottom - top
    return {
        "pixels": float(both.any(axis=0).sum()),
        "r": whole.r, "bias": whole.bias, "rmse": whole.rmse, "ubrmse": whole.ubrmse,
        "store_product_mm": float(np.nanmean(a)) * thick,
        "store_simulated_mm": float(np.nanmean(b)) * thick,
        "store_bias_mm": whole.bias * thick,
        "pixel_r_median": float(np.nanmedian(each)) if each else float("nan"),
    }  # fmt: skip


def in_words(facts: Mapping[str, Any]) -> str:
    """The comparison as a line."""
    return (
        f"root zone against simulated water of 0-1 m, {facts['days']} days, {facts['pixels']:.0f} "
        f"pixels: {facts['store_product_mm']:.0f} against {facts['store_simulated_mm']:.0f} mm, "
        f"bias {facts['bias']:+.4f}, RMSE {facts['rmse']:.4f} m3 m-3, R {facts['r']:.3f} over all, "
        f"{facts['pixel_r_median']:.3f} the median pixel's course"
    )
