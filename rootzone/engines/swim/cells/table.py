r"""Cubic tables of a soil's water content and matric flux potential, and how they are read.

The head psi [cm] enters as u = -ln(1 - psi) where dry and u = psi where saturated, so one unit of
u is a factor of e in suction. Interval j covers u from -j/8 to -(j+1)/8, j = 0..127, which reaches
a suction of 8.9e6 cm. An interval holds two cubics in its own coordinate t = 0..1: water content
theta, and the matric flux potential

.. math:: \Phi(\psi) = \int_{-\infty}^{\psi} K \, d\psi

(Kirchhoff's transform) [cm2 d-1], whose differences give exact fluxes between cells. Eight numbers,
one cache line. The conductivity is the slope of the second cubic, so the two never disagree. Two
straight intervals close the table: saturated soil before it, and beyond its dry end everything
goes on along the last tangent; so a look-up needs no branch.

K falls all the way from wet to dry and is continuous. Van Genuchten's falls without bound at
saturation when n is below 2 (of Ks at n = 1.09 half is gone at a hundredth of a millimetre of
suction, four fifths at 1.3 mm), which no soil does and no step can follow. In the first interval,
within 1.3 mm, K is therefore a parabola that leaves Ks with no slope and meets van Genuchten's at
the interval's end, and the potential gains what it brings: less than 0.08 cm times Ks in all.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel, kernel
from rootzone.engines.swim.cells.functions import vapour_conductivity_cm_d, vg_point

N_INTERVAL = 128
LAST_ROW = N_INTERVAL + 1  # row 0 is saturated soil, rows 1 to 128 the intervals, 129 drier soil
PER_UNIT = 8.0  # intervals to one unit of u
N_COEFFICIENT = 8
TABLE_SIZE = (N_INTERVAL + 2) * N_COEFFICIENT
# Coefficient 0 is theta at the wet end of an interval, coefficient 4 the potential there.

_KNOT_Y = np.arange(N_INTERVAL + 1) / PER_UNIT
_MID_Y = (np.arange(N_INTERVAL) + 0.5) / PER_UNIT
_SUCTION_KNOT = np.expm1(_KNOT_Y)
_SUCTION_MID = np.expm1(_MID_Y)
_LN_SUCTION_KNOT = np.log(np.where(_SUCTION_KNOT > 0, _SUCTION_KNOT, 1.0))
_LN_SUCTION_MID = np.log(_SUCTION_MID)
_ONE_PLUS_MID = np.exp(_MID_Y)  # 1 + suction in the middle of each interval
# For exp(y) of the table's rows: scale at the expansion point, its t, and 0 for straight rows.
ROW_SCALE = np.concatenate([[1.0], _ONE_PLUS_MID, [np.exp(N_INTERVAL / PER_UNIT)]])
ROW_CENTRE = np.concatenate([[0.0], np.full(N_INTERVAL, 0.5), [0.0]])
ROW_CURVED = np.concatenate([[0.0], np.ones(N_INTERVAL), [0.0]])
# Intervals beside saturation whose integral is taken with the midpoint too (see fill_vg_table).
_N_SIMPSON = 24
_STEEP = 3.0
_THIRD = 1.0 / 3.0


def new_table_scratch() -> FloatArray:
    """Scratch array for :func:`fill_vg_table`."""
    return np.zeros(4 * (N_INTERVAL + 1))


@kernel
def fit_table(
    theta: FloatArray,
    theta_u: FloatArray,
    phi_u: FloatArray,
    phi_gain: FloatArray,
    tables: FloatArray,
    base: int,
) -> None:
    """Write the cubics that meet the given values and slopes at the knots.

    Parameters
    ----------
    theta, theta_u : array, shape (N_INTERVAL + 1,)
        Water content and its slope in u at the knots, from wet to dry.
    phi_u : array, shape (N_INTERVAL + 1,)
        Slope of the flux potential in u, which is K times (1 - psi) [cm2 d-1].
    phi_gain : array, shape (N_INTERVAL,)
        Flux potential gained over each interval from its dry to its wet end [cm2 d-1]; raised
        where K falls so fast that the cubic's slope would turn over.
    tables : array, flat
        Filled from position ``base`` on with TABLE_SIZE numbers.
    base : int
        Where this soil's table begins.
    """
    step = 1.0 / PER_UNIT
    phi_dry = phi_u[N_INTERVAL]  # K nearly constant in ln(suction) beyond: any constant will do
    row = base + LAST_ROW * N_COEFFICIENT
    tables[row : row + N_COEFFICIENT] = 0.0
    tables[row] = theta[N_INTERVAL]
    tables[row + 1] = -step * theta_u[N_INTERVAL]
    tables[row + 4] = phi_dry
    tables[row + 5] = -step * phi_u[N_INTERVAL]
    for j in range(N_INTERVAL - 1, -1, -1):
        row = base + (j + 1) * N_COEFFICIENT
        rise = theta[j + 1] - theta[j]
        s0 = -step * theta_u[j]
        s1 = -step * theta_u[j + 1]
        tables[row] = theta[j]
        tables[row + 1] = s0
        tables[row + 2] = 3.0 * rise - 2.0 * s0 - s1
        tables[row + 3] = s0 + s1 - 2.0 * rise
        s0 = -step * phi_u[j]
        s1 = -step * phi_u[j + 1]
        gain = phi_gain[j]
        if s0 < _STEEP * s1:
            gain = max(gain, -_THIRD * (s0 + 2.0 * s1))
        phi_dry += gain
        tables[row + 4] = phi_dry
        tables[row + 5] = s0
        tables[row + 6] = -3.0 * gain - 2.0 * s0 - s1
        tables[row + 7] = s0 + s1 + 2.0 * gain
    tables[base : base + N_COEFFICIENT] = 0.0
    tables[base] = theta[0]
    tables[base + 4] = phi_dry
    tables[base + 5] = -step * phi_u[0]


@kernel
def fill_vg_table(
    theta_r: float,
    theta_s: float,
    alpha_per_cm: float,
    n: float,
    ks_cm_d: float,
    pore_l: float,
    vapour: bool,
    tables: FloatArray,
    base: int,
    scratch: FloatArray,
) -> None:
    r"""Table of a van Genuchten soil, in a few microseconds.

    The integral of K over an interval is Simpson's in u for the wettest intervals, and further
    out the fourth-order rule on the knots alone, h/24 (-f(-1) + 13 f(0) + 13 f(1) - f(2)), or
    that of an exponential where K falls more than threefold in an interval (n above 4). The
    interval beside saturation follows from its ends, see the module.

    Parameters
    ----------
    theta_r, theta_s, alpha_per_cm, n, ks_cm_d, pore_l : float
        Parameters of the soil; alpha [cm-1], Ks [cm d-1].
    vapour : bool
        Whether to add the vapour conductivity.
    tables : array, flat
        Filled from position ``base`` on with TABLE_SIZE numbers.
    base : int
        Where this soil's table begins.
    scratch : array, shape (4 * (N_INTERVAL + 1),)
        Overwritten.
    """
    size = N_INTERVAL + 1
    theta, theta_u = scratch[:size], scratch[size : 2 * size]
    phi_u, gain = scratch[2 * size : 3 * size], scratch[3 * size :]
    m = 1.0 - 1.0 / n
    ln_alpha = math.log(alpha_per_cm)
    span = theta_s - theta_r
    theta[0] = theta_s
    theta_u[0] = 0.0
    phi_u[0] = ks_cm_d
    for j in range(1, N_INTERVAL + 1):
        se, slope, kr = vg_point(_LN_SUCTION_KNOT[j], ln_alpha, n, m, pore_l)
        suction = _SUCTION_KNOT[j]
        k = ks_cm_d * kr
        theta[j] = theta_r + span * se
        theta_u[j] = span * slope * (1.0 + suction) / suction
        if vapour:
            k += vapour_conductivity_cm_d(suction, theta[j], theta_s)
        phi_u[j] = k * (1.0 + suction)
    # A parabola that leaves saturation with no slope of K: its slope in u falls by its own size.
    gain[0] = _THIRD * ((2.0 + 0.5 / PER_UNIT) * phi_u[0] + phi_u[1]) / PER_UNIT
    for j in range(1, _N_SIMPSON):
        se, _, kr = vg_point(_LN_SUCTION_MID[j], ln_alpha, n, m, pore_l)
        k = ks_cm_d * kr
        if vapour:
            k += vapour_conductivity_cm_d(_SUCTION_MID[j], theta_r + span * se, theta_s)
        middle = k * _ONE_PLUS_MID[j]
        gain[j] = (phi_u[j] + 4.0 * middle + phi_u[j + 1]) / (6.0 * PER_UNIT)
    for j in range(_N_SIMPSON, N_INTERVAL - 1):
        if phi_u[j] > _STEEP * phi_u[j + 1]:
            drop = phi_u[j] - phi_u[j + 1]
            gain[j] = drop / (math.log(phi_u[j] / phi_u[j + 1]) * PER_UNIT)
        else:
            inner = 13.0 * (phi_u[j] + phi_u[j + 1]) - phi_u[j - 1] - phi_u[j + 2]
            gain[j] = inner / (24.0 * PER_UNIT)
    last = N_INTERVAL - 1
    gain[last] = (phi_u[last] + phi_u[last + 1]) / (2.0 * PER_UNIT)
    fit_table(theta, theta_u, phi_u, gain, tables, base)


def table_from_functions(
    theta_of_psi: Callable[[FloatArray], FloatArray],
    k_of_psi: Callable[[FloatArray], FloatArray],
) -> FloatArray:
    """Table of any soil whose functions are at hand, for published problems with other formulas.

    Parameters
    ----------
    theta_of_psi, k_of_psi : callable
        Water content [m3 m-3] and conductivity [cm d-1] at heads [cm], 0 and below.

    Returns
    -------
    table : array, shape (TABLE_SIZE,)
    """
    nudge = 1e-4
    y = _KNOT_Y
    theta = theta_of_psi(-np.expm1(y))
    wetter = theta_of_psi(-np.expm1(np.maximum(y - nudge, 0.0)))
    drier = theta_of_psi(-np.expm1(y + nudge))
    theta_u = (wetter - drier) / (np.minimum(y, nudge) + nudge)
    phi_u = k_of_psi(-np.expm1(y)) * np.exp(y)
    x, w = np.polynomial.legendre.leggauss(8)
    points = y[:-1, None] + (0.5 * x + 0.5) / PER_UNIT
    gain = (k_of_psi(-np.expm1(points)) * np.exp(points)) @ (0.5 * w) / PER_UNIT
    table = np.zeros(TABLE_SIZE)
    fit_table(theta, theta_u, phi_u, gain, table, 0)
    return table


@kernel
def u_from_head(psi_cm: float) -> float:
    """The solver's variable for a head [cm]."""
    return psi_cm if psi_cm >= 0.0 else -math.log1p(-psi_cm)


@inner_kernel
def locate(u: float) -> tuple[int, float]:
    """Row of a table and coordinate t in it for a value of u."""
    v = -PER_UNIT * u
    row = 0 if v <= 0.0 else min(int(v) + 1, LAST_ROW)
    return row, v - max(row - 1, 0)


@inner_kernel
def one_plus_suction(scale: float, d: float, curved: float) -> tuple[float, float]:
    """One plus the suction [cm], and the head's slope in u, from a row's stored exponential.

    The stored one belongs to the middle of the interval; a Taylor series in a distance d of at
    most 1/16 carries it on, exact to 1e-12. Straight rows (``curved`` 0) stop at the linear term.
    """
    cubic = 1.0 / 6.0 + d * (1.0 / 24.0 + d * (1.0 / 120.0 + d * (1.0 / 720.0)))
    rest = d * d * (1.0 / 2.0 + d * cubic)
    return scale * (1.0 + d + curved * rest), scale * (1.0 + curved * (d + rest))


@inner_kernel
def read_head(u: float) -> tuple[float, float]:
    """Head [cm] at u and its slope in u."""
    row, t = locate(u)
    d = (t - ROW_CENTRE[row]) / PER_UNIT
    one_plus, slope = one_plus_suction(ROW_SCALE[row], d, ROW_CURVED[row])
    return 1.0 - one_plus, slope


@inner_kernel
def read_phi(u: float, tables: FloatArray, base: int) -> tuple[float, float, float, float]:
    """Flux potential [cm2 d-1] and conductivity [cm d-1] at u, each with its slope in u.

    Returns
    -------
    phi, phi_slope, k, k_slope : float
    """
    row, t = locate(u)
    d = (t - ROW_CENTRE[row]) / PER_UNIT
    _, head_slope = one_plus_suction(ROW_SCALE[row], d, ROW_CURVED[row])
    at = base + row * N_COEFFICIENT + 4
    a, b, c = tables[at + 1], tables[at + 2], tables[at + 3]
    slope = -PER_UNIT * (a + t * (2.0 * b + 3.0 * t * c))
    k = slope / head_slope
    curvature = PER_UNIT * PER_UNIT * (2.0 * b + 6.0 * t * c)
    k_slope = max(0.0, curvature / head_slope + k * ROW_CURVED[row])
    return tables[at] + t * (a + t * (b + t * c)), slope, k, k_slope


@inner_kernel
def read_theta(u: float, tables: FloatArray, base: int) -> tuple[float, float]:
    """Water content at u and its slope in u."""
    row, t = locate(u)
    at = base + row * N_COEFFICIENT
    a, b, c = tables[at + 1], tables[at + 2], tables[at + 3]
    return tables[at] + t * (a + t * (b + t * c)), -PER_UNIT * (a + t * (2.0 * b + 3.0 * t * c))


@kernel
def u_from_theta(theta: float, tables: FloatArray, base: int) -> float:
    """The u at which the table holds a water content; 0 at saturation and above.

    Bisection over the intervals, then in the interval; drier than the table goes along its tangent.
    """
    if theta >= tables[base]:
        return 0.0
    dry_end = base + LAST_ROW * N_COEFFICIENT
    if theta <= tables[dry_end]:
        slope = max(-tables[dry_end + 1], 1e-12)
        u: float = -(N_INTERVAL + (tables[dry_end] - theta) / slope) / PER_UNIT
        return u
    lo, hi = 1, LAST_ROW  # theta at the wet end of row lo is above, of row hi at or below
    while hi - lo > 1:
        middle = (lo + hi) // 2
        if tables[base + middle * N_COEFFICIENT] > theta:
            lo = middle
        else:
            hi = middle
    wet = -(lo - 1) / PER_UNIT
    dry = -lo / PER_UNIT
    for _ in range(50):
        middle_u = 0.5 * (wet + dry)
        if read_theta(middle_u, tables, base)[0] > theta:
            wet = middle_u
        else:
            dry = middle_u
    return 0.5 * (wet + dry)
