r"""Soil water by the non-iterative method of Ross (2003), the fastest peer, for ``ross.py``.

Written from the paper's equations (Agronomy Journal 95:1352-1361) for one soil a column, in the
terms of van Genuchten and Mualem. The unknown of a cell is its effective saturation S, or the flux
potential :math:`\Phi` where it is saturated. Fluxes are linearised once a step,

.. math:: q_i = q_i^0 + \sigma \left(\frac{\partial q_i}{\partial y_{i-1}} \Delta y_{i-1}
          + \frac{\partial q_i}{\partial y_i} \Delta y_i\right), \qquad
          q_i^0 = \frac{\Phi_{i-1} - \Phi_i}{D_i} + \frac{K_{i-1} + K_i}{2},

and the step is one tridiagonal system, never iterated: sigma is .5, and 1 while a cell is
saturated. Its length brings the fastest cell's S by ``ds_max`` at the fluxes of its start; a step
that moves a cell 1.25 times as far, or past saturation by a thousandth, is solved again, shorter.
K and Phi come from a table uniform in S. Surplus water runs off, there is no pond.
"""

from __future__ import annotations

import math

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone.engines.swim.cells.flux import drying_shape
from rootzone.engines.swim.forcing import next_change_h, window_end_h
from rootzone.engines.swim.solve import solve_tridiagonal
from rootzone.engines.swim.state import DIAGONAL, LOWER, RESIDUAL, STRIDE, UPPER

N_POINT = 4001
DRY_PSI_CM = 1e5  # suction of the driest surface that still evaporates
_S_FACTOR = 1.25
_S_CUT = 0.5
_S_MOST = 1.001
_STORAGE = 1e-6  # of saturated cells [cm-1], so that a saturated column has one solution
_SHORTEST_D = 1e-8
K, K_SLOPE, PHI, PHI_SLOPE, Q, Q_ABOVE, Q_BELOW, CAPACITY, S, FULL = range(10)
# What comes out of a day, behind theta at the depth.
LABEL, EVAPORATION, RUNOFF, DRAINAGE, STEPS, BALANCE = range(6)
N_OUT = 6


@kernel
def fill_table(soil: FloatArray, table: FloatArray) -> None:
    """K [cm d-1] and the flux potential [cm2 d-1] at N_POINT saturations from 0 to 1.

    Parameters
    ----------
    soil : array, shape (5,)
        theta_r, theta_s, alpha [cm-1], n, Ks [cm d-1].
    table : array, shape (N_POINT, 2)
        Filled.
    """
    alpha, n, ks = soil[2], soil[3], soil[4]
    m = 1.0 - 1.0 / n
    last = table.shape[0] - 1
    ln_before, before = 0.0, 0.0
    table[0, 0] = table[0, 1] = 0.0
    for j in range(1, last):
        s = j / last
        wet = s ** (1.0 / m)
        ln_h = math.log(1.0 / wet - 1.0) / n - math.log(alpha)
        bracket = 1.0 - (1.0 - wet) ** m
        table[j, 0] = ks * math.sqrt(s) * bracket * bracket
        now = table[j, 0] * math.exp(ln_h)  # K dh is K h d(ln h)
        table[j, 1] = table[j - 1, 1] + 0.5 * (now + before) * (ln_before - ln_h if j > 1 else 0.0)
        ln_before, before = ln_h, now
    table[last, 0] = ks
    table[last, 1] = table[last - 1, 1] + 0.5 * (ks + table[last - 1, 0]) * math.exp(ln_before)


@inner_kernel
def look_up(s: float, table: FloatArray) -> tuple[float, float, float, float]:
    """K, its slope in S, the potential and its slope, straight between points."""
    last = table.shape[0] - 1
    x = s * last
    j = min(max(int(x), 0), last - 1)
    k_slope = table[j + 1, 0] - table[j, 0]
    phi_slope = table[j + 1, 1] - table[j, 1]
    part = x - j
    k, phi = table[j, 0] + part * k_slope, table[j, 1] + part * phi_slope
    return k, k_slope * last, phi, phi_slope * last


@inner_kernel
def set_fluxes(
    c: FloatArray, n: int, per_cm: FloatArray, table: FloatArray, edge: FloatArray, supply: float
) -> float:
    """Fluxes and their slopes at every face; returns the surface's slope in the second cell.

    ``edge`` holds K and the potential at saturation and at the driest surface, S there, and 1 where
    the top cell's potential is a parabola (:mod:`rootzone.engines.swim.cells.flux`), 0 for Ross's
    straight line.
    """
    for i in range(n):
        if c[FULL, i] > 0.0:
            c[K, i], c[K_SLOPE, i], c[PHI_SLOPE, i] = edge[0], 0.0, 1.0
        else:
            k, k_slope, phi, phi_slope = look_up(c[S, i], table)
            c[K, i], c[K_SLOPE, i], c[PHI, i], c[PHI_SLOPE, i] = k, k_slope, phi, phi_slope
    for i in range(1, n):
        per = per_cm[i]
        c[Q, i] = (c[PHI, i - 1] - c[PHI, i]) * per + 0.5 * (c[K, i - 1] + c[K, i])
        c[Q_ABOVE, i] = c[PHI_SLOPE, i - 1] * per + 0.5 * c[K_SLOPE, i - 1]
        c[Q_BELOW, i] = 0.5 * c[K_SLOPE, i] - c[PHI_SLOPE, i] * per
    c[Q, n], c[Q_ABOVE, n], c[Q_BELOW, n] = c[K, n - 1], c[K_SLOPE, n - 1], 0.0
    per = per_cm[0]
    slope = 0.5 * c[K_SLOPE, 0] - c[PHI_SLOPE, 0] * per
    flux, below, next_below = supply, 0.0, 0.0
    if supply < 0.0:
        limit = (edge[3] - c[PHI, 0]) * per + 0.5 * (edge[2] + c[K, 0])
        limit_slope = slope
        if edge[5] > 0.0 and c[FULL, 0] <= 0.0:
            a = (c[PHI, 0] - edge[3]) / (c[PHI_SLOPE, 0] * (c[S, 0] - edge[4]) + 1e-300)
            f, g = drying_shape(min(max(a, 0.0), 1.0))
            bent = f * limit - g * c[Q, 1]
            if c[Q, 1] < 0.0 and bent < limit:
                limit, limit_slope = bent, f * slope - g * c[Q_ABOVE, 1]
                next_below = -g * c[Q_BELOW, 1]
            elif c[Q, 1] >= 0.0:
                limit, limit_slope = f * limit, f * slope
        if limit > supply:
            flux, below = min(limit, 0.0), limit_slope if limit < 0.0 else 0.0
        next_below = next_below if below != 0.0 else 0.0
    most = (edge[1] - c[PHI, 0]) * per + 0.5 * (edge[0] + c[K, 0])
    if most < flux:
        flux, below, next_below = most, slope, 0.0
    c[Q, 0], c[Q_ABOVE, 0], c[Q_BELOW, 0] = flux, 0.0, below
    return next_below


@inner_kernel
def solve_step(
    c: FloatArray, n: int, rows: FloatArray, dt: float, sigma: float, next_below: float
) -> None:
    """Changes of S, or of Phi in full cells, over a step; in ``rows`` from RESIDUAL on."""
    for i in range(n):
        rows[LOWER + i] = -sigma * c[Q_ABOVE, i]
        rows[UPPER + i] = sigma * c[Q_BELOW, i + 1]
        rows[DIAGONAL + i] = c[CAPACITY, i] / dt - sigma * (c[Q_BELOW, i] - c[Q_ABOVE, i + 1])
        rows[RESIDUAL + i] = c[Q, i] - c[Q, i + 1]
    rows[UPPER] -= sigma * next_below
    solve_tridiagonal(rows, n)


@inner_kernel
def share_allowed(c: FloatArray, n: int, rows: FloatArray, ds_max: float) -> float:
    """1 where the step may stand, else the share of it to try."""
    share = 1.0
    for i in range(n):
        if c[FULL, i] > 0.0:
            continue
        change = rows[RESIDUAL + i]
        size = abs(change)
        if size > _S_FACTOR * ds_max:
            share = min(share, max(_S_CUT, ds_max / size))
        if c[S, i] + change > _S_MOST:
            share = min(share, max(0.1, (1.0 - c[S, i]) / change))
        if c[S, i] + change < 0.0:
            share = min(share, _S_CUT)
    return share


@kernel
def march(
    c: FloatArray,
    n: int,
    water: FloatArray,
    per_cm: FloatArray,
    table: FloatArray,
    edge: FloatArray,
    rows: FloatArray,
    rain: float,
    demand: float,
    duration_d: float,
    ds_max: float,
    out: FloatArray,
) -> None:
    """One period of constant rain and demand [cm d-1]; adds to the day's sums [cm].

    ``water`` is what each cell holds between residual and full [cm].
    """
    time = 0.0
    while duration_d - time > 1e-12 * duration_d:
        if c[FULL, :n].min() > 0.0 and rain - demand < edge[0]:
            c[FULL, 0], c[S, 0] = 0.0, 1.0 - 1e-12  # a full column cannot give what drains from it
        next_below = set_fluxes(c, n, per_cm, table, edge, rain - demand)
        fastest, full = 1e-30, 0.0
        for i in range(n):
            if c[FULL, i] > 0.0:
                full = 1.0
                c[CAPACITY, i] = _STORAGE * water[i] / edge[0]
            else:
                c[CAPACITY, i] = water[i]
                fastest = max(fastest, abs(c[Q, i] - c[Q, i + 1]) / water[i])
        sigma = 1.0 if full > 0.0 else 0.5
        remaining = duration_d - time
        dt = min(ds_max / fastest, remaining)
        dt = 0.5 * remaining if dt < remaining < 2.0 * dt else dt
        solve_step(c, n, rows, dt, sigma, next_below)
        share = share_allowed(c, n, rows, ds_max)
        while share < 1.0 and dt > _SHORTEST_D:
            dt *= share
            solve_step(c, n, rows, dt, sigma, next_below)
            share = share_allowed(c, n, rows, ds_max)
        first, last = rows[RESIDUAL], rows[RESIDUAL + n - 1]
        second = rows[RESIDUAL + 1]
        inflow = dt * (c[Q, 0] + sigma * (c[Q_BELOW, 0] * first + next_below * second))
        out[DRAINAGE] += dt * (c[Q, n] + sigma * c[Q_ABOVE, n] * last)
        surplus = 0.0
        for i in range(n):
            if c[FULL, i] > 0.0:
                c[PHI, i] += rows[RESIDUAL + i]
                c[FULL, i] = 1.0 if c[PHI, i] >= edge[1] else 0.0
                continue
            c[S, i] += rows[RESIDUAL + i]
            if c[S, i] >= 1.0 - 1e-9:
                surplus += (c[S, i] - 1.0) * water[i]
                c[S, i], c[PHI, i], c[FULL, i] = 1.0, edge[1], 1.0
        left = dt * (rain - demand) - inflow
        out[EVAPORATION] += dt * demand + min(left, 0.0)
        out[RUNOFF] += max(left, 0.0) + surplus
        out[STEPS] += 1.0
        time += dt


@kernel
def run_column(
    soil: FloatArray,
    dz: FloatArray,
    theta_0: FloatArray,
    days: FloatArray,
    windows: FloatArray,
    ds_max: float,
    bent: bool,
    label: tuple[int, float],
    table: FloatArray,
    out: FloatArray,
) -> None:
    """A column of one soil through its days.

    Parameters
    ----------
    soil : array, shape (5,)
        As :func:`fill_table`.
    dz, theta_0 : array, shape (cell,)
        Sizes [cm] and water content at the start [m3 m-3].
    days : array, shape (day, 2)
        Rain and demand [cm].
    windows : array, shape (4,)
        Start and hours of rain, start and hours of demand [h].
    ds_max : float
        Change of S a step is made for.
    bent : bool
        The engine's parabola in the top cell in place of the straight line.
    label : int, float
        Cell above the depth and weight of the next.
    table : array, shape (N_POINT, 2)
        Of :func:`fill_table`.
    out : array, shape (day, N_OUT)
        Filled: theta at the depth, the day's sums [cm], steps, what the balance lacks [cm].
    """
    n = dz.shape[0]
    c, rows = np.zeros((10, n + 1)), np.zeros(4 * STRIDE)
    span = soil[1] - soil[0]
    water, per_cm = span * dz, np.zeros(n)
    per_cm[0] = 2.0 / dz[0]
    for i in range(n):
        c[S, i] = min((theta_0[i] - soil[0]) / span, 1.0 - 1e-9)
        if i > 0:
            per_cm[i] = 2.0 / (dz[i - 1] + dz[i])
    s_dry = (1.0 + (soil[2] * DRY_PSI_CM) ** soil[3]) ** (1.0 / soil[3] - 1.0)
    dry = look_up(s_dry, table)
    edge = np.array([soil[4], table[-1, 1], dry[0], dry[2], s_dry, 1.0 if bent else 0.0])
    rain_end = window_end_h(windows[0], windows[1])
    demand_end = window_end_h(windows[2], windows[3])
    stored = (c[S, :n] * water).sum()
    for d in range(days.shape[0]):
        out[d] = 0.0
        hour = 0.0
        while hour < 24.0:
            until, rain, demand = 24.0, 0.0, 0.0
            if days[d, 0] > 0.0:
                until = next_change_h(hour, windows[0], rain_end, until)
                if windows[0] <= hour < rain_end:
                    rain = 24.0 * days[d, 0] / (rain_end - windows[0])
            if days[d, 1] > 0.0:
                until = next_change_h(hour, windows[2], demand_end, until)
                if windows[2] <= hour < demand_end:
                    demand = 24.0 * days[d, 1] / (demand_end - windows[2])
            duration_d = (until - hour) / 24.0
            march(c, n, water, per_cm, table, edge, rows, rain, demand, duration_d, ds_max, out[d])
            hour = until
        now = (c[S, :n] * water).sum()
        gone = out[d, EVAPORATION] + out[d, RUNOFF] + out[d, DRAINAGE]
        out[d, BALANCE] = days[d, 0] - gone - now + stored
        stored = now
        i, weight = label
        below = c[S, i + 1] if weight > 0.0 else 0.0
        out[d, LABEL] = soil[0] + span * ((1.0 - weight) * c[S, i] + weight * below)


@kernel
def run_all(
    soils: FloatArray,
    dz: FloatArray,
    theta_0: FloatArray,
    days: FloatArray,
    windows: FloatArray,
    ds_max: float,
    bent: bool,
    label: tuple[int, float],
    tables: FloatArray,
    build: bool,
    out: FloatArray,
) -> None:
    """Every column, a table each."""
    for i in range(soils.shape[0]):
        if build:
            fill_table(soils[i], tables[i])
        start = np.full(dz.shape[0], theta_0[i])
        run_column(soils[i], dz, start, days, windows, ds_max, bent, label, tables[i], out[i])
