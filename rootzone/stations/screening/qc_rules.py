"""The screening rules: numbers in, a mask of the readings each rule takes out.

Every rule works on one sensor's readings on an even grid of times, gaps as NaN, and looks only at
what it is given; nothing is filled. Thresholds are arguments with the defaults and sources below.
"""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray

# Rain that a rise may be put down to must fall within this time before it [h].
_RAIN_WINDOW_H = 48.0
# Single precision turns 0.6 into 0.60000002; a limit is passed only by more than this [m3 m-3].
_SLACK = 1e-6


def out_of_range(theta: FloatArray, low: float = 0.0, high: float = 0.60) -> BoolArray:
    """Water content at or below ``low`` or above ``high`` [m3 m-3].

    Mineral soils hold at most about 0.60; 0 itself is what a dead probe reads (ISMN C01, C02,
    Dorigo et al. 2013, doi:10.2136/vzj2012.0097; the screening of the packed USCRN tables).
    """
    return np.asarray(np.isfinite(theta) & ((theta <= low) | (theta > high + _SLACK)))


def frozen(theta: FloatArray, soil_degc: FloatArray, at_most_degc: float = 0.0) -> BoolArray:
    """Readings in soil at or below freezing: a probe sees liquid water only (ISMN D01)."""
    return np.asarray(np.isfinite(theta) & (soil_degc <= at_most_degc))


def frozen_air(theta: FloatArray, air_min_degc: FloatArray, at_most_degc: float = 0.0) -> BoolArray:
    """Readings while the air freezes, for sensors without soil temperature (ISMN D02).

    Far too strict below a few centimetres and under snow, so it is off by default.
    """
    return np.asarray(np.isfinite(theta) & (air_min_degc <= at_most_degc))


def stuck(
    theta: FloatArray, step_h: float, days: float = 45.0, tolerance: float = 1e-9
) -> BoolArray:
    """Readings that stay the same for ``days`` or longer (the screening of the USCRN tables).

    A gap ends a run. Deep dry soil moves less than the last digit for weeks, so the limit is long.
    """
    return _long_runs(theta, tolerance, max(2, round(days * 24.0 / step_h)))


def plateau_at_saturation(
    theta: FloatArray,
    step_h: float,
    hours: float = 12.0,
    days: float = 5.0,
    share_of_max: float = 0.95,
    spread: float = 2.2e-3,
    rise: float = 2.5e-3,
    least: float = 0.25,
) -> BoolArray:
    """Flat tops after a rise, near the wettest ever read (after ISMN D10).

    A probe past its range, or standing water, draws a flat top. A run counts when it follows a
    step up of at least ``rise``, its standard deviation stays within ``spread`` (0.05 squared
    percent), it lasts ``hours``, and it lies within ``share_of_max`` of the wettest plausible
    reading, itself ``least`` [m3 m-3] or more. Daily means are smooth by themselves: they count
    only where the same value, to a tenth of ``spread``, stands for ``days``.
    Soil that really is saturated looks the same: switch the rule off where that is expected.
    """
    plausible = theta[np.isfinite(theta) & (theta <= 0.60)]
    out = np.zeros(theta.shape, dtype=bool)
    if not plausible.size or plausible.max() < least:
        return out
    daily = step_h >= 24.0
    needed = max(3, round((24.0 * days if daily else hours) / step_h))
    spread = spread / 10.0 if daily else spread
    floor = share_of_max * plausible.max()
    rises = np.flatnonzero(np.nan_to_num(theta - _shifted(theta, 1)) >= rise)
    for first in rises[np.nan_to_num(theta[rises]) >= floor]:
        last = first
        while last < len(theta) and theta[last] >= floor:
            last += 1
        while last - first >= needed and float(np.std(theta[first:last])) > spread:
            last -= 1
        if last - first >= needed:
            out[first:last] = True
    return out


def spike(theta: FloatArray, step_h: float, jump: float = 0.10, back: float = 0.5) -> BoolArray:
    """A single reading far from both neighbours, for values a day or more apart.

    The reading differs from the one before and the one after by more than ``jump`` [m3 m-3] in
    the same direction, and the two differ from each other by less than ``back`` of that: water
    does not leave as fast as it comes (the screening of the USCRN tables). Values less than a day
    apart go to `relative_spike`.
    """
    if step_h < 24.0:
        return relative_spike(theta, step_h)
    before, after = _shifted(theta, 1), _shifted(theta, -1)
    up, down = theta - before, theta - after
    same_way = np.sign(up) == np.sign(down)
    least = np.minimum(np.abs(up), np.abs(down))
    returns = np.abs(after - before) < back * least
    return np.asarray(same_way & (least > jump) & returns)


def relative_spike(
    theta: FloatArray, step_h: float, ratio: float = 0.15, symmetry: float = 0.2
) -> BoolArray:
    """A peak or trough of one reading among quiet ones (ISMN D06, Dorigo et al. 2013).

    The reading is an extremum more than ``ratio`` off the one before; the second differences on
    its two sides are alike within ``symmetry``; and over the 12 hours before and after, without
    it, the variance is below the mean (both in percent).
    """
    value = 100.0 * theta
    before, after = _shifted(value, 1), _shifted(value, -1)
    extremum = (value - before) * (value - after) > 0
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.abs(value / before - 1.0) > ratio
        bend = before - 2.0 * value + after
        sides = np.abs(_shifted(bend, 1) / _shifted(bend, -1))
    alike = np.abs(sides - 1.0) < symmetry
    out = np.zeros(theta.shape, dtype=bool)
    reach = max(1, round(12.0 / step_h))
    for i in np.flatnonzero(extremum & change & alike):
        around = np.concatenate((value[max(0, i - reach) : i], value[i + 1 : i + 1 + reach]))
        around = around[np.isfinite(around)]
        out[i] = float(np.var(around)) < float(np.mean(around))
    return out


def rise_without_rain(
    theta: FloatArray,
    rain_mm: FloatArray,
    step_h: float,
    soil_degc: FloatArray | None = None,
    air_min_degc: FloatArray | None = None,
    rise: float = 0.05,
    rain_below_mm: float = 1.0,
    warmer_than_degc: float = 2.0,
) -> BoolArray:
    """Water that comes from nowhere: a rise within a day with no rain to explain it (ISMN D04).

    The value is more than ``rise`` above that of a day before, less than ``rain_below_mm`` fell
    over the day and the one before it, and neither soil nor air was near freezing, when melt
    would explain it. Irrigation looks the same: switch the rule off on irrigated land.
    """
    lag = max(1, round(24.0 / step_h))
    window = max(1, round(_RAIN_WINDOW_H / step_h))
    dry = _trailing_sum(rain_mm, window) < rain_below_mm
    jumped = theta - _shifted(theta, lag) > rise + _SLACK
    warm = np.ones(theta.shape, dtype=bool)
    for degc in (soil_degc, air_min_degc):
        if degc is not None:
            warm &= degc > warmer_than_degc
    return np.asarray(jumped & dry & warm)


def level_break(
    theta: FloatArray,
    step_h: float,
    jump: float = 0.10,
    days: float = 10.0,
    rain_mm: FloatArray | None = None,
    air_min_degc: FloatArray | None = None,
    rain_below_mm: float = 1.0,
    warmer_than_degc: float = 2.0,
) -> BoolArray:
    """The reading at which a sensor moves to another level for good (after ISMN D07, D08).

    The step is larger than ``jump`` [m3 m-3], and all readings of ``days`` before lie on the other
    side of all readings of ``days`` after, half a jump apart. An upward step after rain is rain,
    and one in freezing weather may be melt; neither counts. Only the reading at the break is
    taken: what follows may be good, at another level.
    """
    n = max(2, round(days * 24.0 / step_h))
    step = theta - _shifted(theta, 1)
    candidates = np.flatnonzero(np.abs(np.nan_to_num(step)) > jump)
    watered = np.zeros(theta.shape, dtype=bool)
    if rain_mm is not None:
        window = max(1, round(_RAIN_WINDOW_H / step_h))
        watered |= ~(_trailing_sum(rain_mm, window) < rain_below_mm)
    if air_min_degc is not None:
        watered |= ~(air_min_degc > warmer_than_degc)
    out = np.zeros(theta.shape, dtype=bool)
    for i in candidates:
        before, after = theta[max(0, i - n) : i], theta[i : i + n]
        before, after = before[np.isfinite(before)], after[np.isfinite(after)]
        if min(before.size, after.size) < n // 2 or (step[i] > 0 and watered[i]):
            continue
        gap = after.min() - before.max() if step[i] > 0 else before.min() - after.max()
        out[i] = gap > 0.5 * jump
    return out


def _shifted(values: FloatArray, lag: int) -> FloatArray:
    """Value ``lag`` steps before (after for a negative lag); NaN beyond the ends."""
    out = np.full(values.shape, np.nan)
    if abs(lag) < len(values):
        if lag > 0:
            out[lag:] = values[:-lag]
        else:
            out[:lag] = values[-lag:]
    return out


def _trailing_sum(values: FloatArray, window: int) -> FloatArray:
    """Sum over the last ``window`` steps, this one included; NaN while any of them is missing."""
    out = np.full(values.shape, np.nan)
    if len(values) >= window:
        total = np.concatenate(([0.0], np.cumsum(np.nan_to_num(values))))
        missing = np.concatenate(([0], np.cumsum(~np.isfinite(values))))
        sums = total[window:] - total[:-window]
        whole = missing[window:] == missing[:-window]
        out[window - 1 :] = np.where(whole, sums, np.nan)
    return out


def _long_runs(values: FloatArray, tolerance: float, least: int) -> BoolArray:
    """Readings in runs of at least ``least`` that stay within ``tolerance`` of the run's first."""
    out = np.zeros(values.shape, dtype=bool)
    same = np.abs(np.diff(values)) <= tolerance
    edges = np.flatnonzero(np.diff(np.concatenate(([0], same.astype(np.int8), [0]))))
    for first, last in zip(edges[::2], edges[1::2], strict=True):
        if last - first + 1 >= least:
            out[first : last + 1] = True
    return out
