"""How many sites each stratum gets: shares of a budget, whole numbers, totals exact."""

from __future__ import annotations

from typing import Literal

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.errors import RequestError

Allocation = Literal["proportional", "neyman", "equal"]
_HALVINGS = 200
_ROUNDING = 1e-9  # a quota this near below a whole number is that number


def allocate_sites(
    pixels: IntArray,
    budget: int,
    *,
    rule: Allocation = "proportional",
    spread: FloatArray | None = None,
    min_per_stratum: int = 0,
) -> IntArray:
    """Sites of each stratum under a budget.

    Parameters
    ----------
    pixels : array, shape (stratum,)
        Candidate pixels of each stratum, at least 1.
    budget : int
        Sites in all.
    rule : str
        ``proportional`` to pixels; ``neyman``: to pixels times ``spread``; ``equal``.
    spread : array, shape (stratum,), optional
        Standard deviation within each stratum; needed by ``neyman``.
    min_per_stratum : int
        Sites every stratum gets at least; a stratum with fewer pixels gives all it has.

    Returns
    -------
    sites : array of int, shape (stratum,)
        Adds up to ``budget``; never above ``pixels``.

    Raises
    ------
    RequestError
        No candidates, a budget above the pixels, or minima that alone exceed the budget.
    """
    pixels = np.asarray(pixels, dtype=np.int64)
    if pixels.size == 0 or pixels.sum() == 0:
        raise RequestError(
            "There is no candidate pixel. Look at the counts of excluded pixels, at "
            "sites.exclude_land_cover and at whether the rasters cover the region."
        )
    if budget > pixels.sum():
        raise RequestError(
            f"sites.per_year asks for {budget} sites, but there are only {pixels.sum()} candidate "
            "pixels. Lower sites.per_year, widen the region or exclude less."
        )
    lower = np.minimum(pixels, min_per_stratum)
    if lower.sum() > budget:
        raise RequestError(
            f"{pixels.size} strata of at least {min_per_stratum} sites need {lower.sum()} sites, "
            f"but sites.per_year is {budget}. Lower sites.min_per_stratum or raise sites.per_year."
        )
    return share_out(_shares(pixels, rule, spread), budget, lower=lower, upper=pixels)


def _shares(pixels: IntArray, rule: Allocation, spread: FloatArray | None) -> FloatArray:
    if rule == "equal":
        return np.ones(pixels.size)
    if rule == "neyman":
        if spread is None:
            raise ValueError("Neyman allocation needs the spread within each stratum")
        return np.asarray(pixels * spread, dtype=float)
    return pixels.astype(float)


def share_out(shares: FloatArray, total: int, *, lower: IntArray, upper: IntArray) -> IntArray:
    """Whole numbers in proportion to ``shares`` within bounds, by largest remainder.

    Quotas are ``clip(c * shares, lower, upper)`` with the one ``c`` that makes them add up; each
    is rounded down and the units left go to the largest remainders, the first of equals first.

    Parameters
    ----------
    shares : array, shape (part,)
        Claims, 0 or more. A part without a claim gets its lower bound while others have room.
    total : int
        What the result adds up to; between the sums of the bounds.
    lower, upper : array of int, shape (part,)
        Bounds of each part.

    Examples
    --------
    >>> none, nine = np.zeros(3, int), np.full(3, 9)
    >>> share_out(np.array([5.0, 3.0, 2.0]), 7, lower=none, upper=nine).tolist()
    [4, 2, 1]
    """
    shares = np.asarray(shares, dtype=float)
    largest = shares.max(initial=0.0)
    claims = np.maximum(shares / largest, 1e-12) if largest > 0 else np.ones(shares.size)
    quota = np.clip(_factor(claims, total, lower, upper) * claims, lower, upper)
    whole = np.clip(np.floor(quota + _ROUNDING).astype(np.int64), lower, upper)
    order = np.argsort(whole - quota, kind="stable")
    while (left := total - int(whole.sum())) > 0:
        open_parts = order[whole[order] < upper[order]][:left]
        whole[open_parts] += 1
    while (over := int(whole.sum()) - total) > 0:  # rounding up of near-whole quotas, if ever
        open_parts = order[::-1][whole[order[::-1]] > lower[order[::-1]]][:over]
        whole[open_parts] -= 1
    return whole


def _factor(claims: FloatArray, total: int, lower: IntArray, upper: IntArray) -> float:
    """The factor that makes the clipped claims add up to the total, by halving."""
    low, high = 0.0, float(upper.max(initial=0)) / float(claims.min())
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        if np.clip(middle * claims, lower, upper).sum() < total:
            low = middle
        else:
            high = middle
    return high
