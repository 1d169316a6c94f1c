"""The level of a place, its mean water content, guessed from what is known of the place.

With some seventy places it can only be guessed by a few numbers of climate and soil and a ridge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray
from rootzone.learning.points.samples import LEVEL_ONLY, MEASURED_SOIL, PointStation

RIDGES = (1.0, 3.0, 10.0, 30.0, 100.0)
_LEAST_MEAN = 1e-3  # driest mean whose logarithm is taken [m3 m-3]
LEVEL_COLUMNS = (
    "rain_per_year_mm",
    "pet_per_year_mm",
    "tmean_year_degc",
    "tmean_seasonality_degc",
    "warm_rain_share",
)
# Scales in which a level may be linear in the traits, each with its way back: a wet place differs
# from its neighbours by more than a dry one does.
_Scale = Callable[[FloatArray], FloatArray]
SCALES: tuple[tuple[_Scale, _Scale], ...] = (
    (lambda theta: theta, lambda theta: theta),
    (lambda theta: np.sqrt(np.maximum(theta, 0.0)), lambda root: np.square(np.maximum(root, 0.0))),
    (lambda theta: np.log(np.maximum(theta, _LEAST_MEAN)), np.exp),
)


def place_means(theta: Sequence[FloatArray]) -> FloatArray:
    """Mean of each place's known values [m3 m-3]; NaN where there are none."""
    return np.array([np.nanmean(one) if np.isfinite(one).any() else np.nan for one in theta])


def place_traits(stations: Sequence[PointStation]) -> FloatArray:
    """What the level of a place is guessed from, shape (place, trait).

    Its climate, the logarithm of rain over pet, and the mean of the assumed loam under its own
    weather over the whole record. Where soils were measured also these, as departures from what the
    others have on average: sand, clay and bulk density by depth and the mean under its own weather,
    0 where not known, and whether any is.
    """
    rows = []
    for one in stations:
        climate = [float(one.columns[name][0]) for name in LEVEL_COLUMNS]
        wetness = np.log(max(climate[0], 1.0) / max(climate[1], 1.0))
        rows.append([*climate, wetness, float(np.nanmean(one.simulated["loam"]))])
    traits = np.array(rows)
    named = {name for one in stations for name in one.soil}
    names = sorted(name for name in named if name.startswith(LEVEL_ONLY))
    soil = np.array([[one.soil.get(name, np.nan) for name in names] for one in stations])
    simulated = np.array(
        [
            np.nanmean(one.simulated[MEASURED_SOIL]) if MEASURED_SOIL in one.simulated else np.nan
            for one in stations
        ]
    )
    columns = np.column_stack([soil, simulated, simulated - traits[:, -1]])
    columns = columns[:, np.isfinite(columns).any(axis=0)]
    if not columns.shape[1]:
        return traits
    known = np.isfinite(columns).any(axis=1)
    departures = columns - np.nanmean(columns, axis=0)
    return np.column_stack([traits, np.nan_to_num(departures), known])


def ridge_level(
    traits: FloatArray, mean: FloatArray, train: BoolArray, ridges: Sequence[float] = RIDGES
) -> FloatArray:
    """Level of every place from its traits, by ridges fitted to training places.

    A ridge in water content itself, or the mean of three: in it, its square root and its logarithm.
    Leave-one-out among the training places says which, as it chooses every penalty.

    Parameters
    ----------
    traits : array, shape (place, trait)
        As `place_traits` gives.
    mean : array, shape (place,)
        Mean water content; only training places are looked at [m3 m-3].
    train : array of bool, shape (place,)
        Training places; those without a mean do not count.
    ridges : sequence of float
        Penalties tried, on standardised traits.

    Returns
    -------
    array, shape (place,)
        Level [m3 m-3]; the mean of the training places where there are fewer than three.
    """
    used = train & np.isfinite(mean)
    if used.sum() < 3:
        return np.full(len(mean), float(mean[used].mean()))
    found = []
    for there, back in SCALES:
        level, left_out = _ridge(traits, there(mean[used]), used, ridges)
        found.append((back(level), back(left_out)))
    several = [np.mean([one[part] for one in found], axis=0) for part in (0, 1)]
    errors = [float(np.mean((one - mean[used]) ** 2)) for one in (found[0][1], several[1])]
    return np.asarray(found[0][0] if errors[0] <= errors[1] else several[0])


def _ridge(
    traits: FloatArray, y: FloatArray, used: BoolArray, ridges: Sequence[float]
) -> tuple[FloatArray, FloatArray]:
    r"""Ridge of the used places at every place, and at each used place without that place.

    The penalty is the one with the least leave-one-out error, by the closed form
    :math:`e_i = (y_i - \hat y_i) / (1 - h_{ii})`.
    """
    centre = float(y.mean())
    spread = traits[used].std(axis=0)
    x = (traits - traits[used].mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    a, least = x[used], np.inf
    level, left_out = np.full(len(x), centre), y
    for ridge in ridges:
        solve = np.linalg.solve(a.T @ a + ridge * np.eye(a.shape[1]), a.T)
        weights = solve @ (y - centre)
        leverage = np.einsum("ij,ji->i", a, solve) + 1.0 / len(y)  # the mean takes 1/n as well
        misses = (y - centre - a @ weights) / (1.0 - leverage)
        error = float(np.mean(misses**2))
        if error < least:
            least, level, left_out = error, centre + x @ weights, y - misses
    return level, left_out
