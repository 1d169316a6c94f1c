r"""The flux between two points of one soil, and through the face between two soils.

A distance D apart, point 1 above point 2, the flux is the difference of potentials and what gravity
moves, :math:`q = (\Phi_1 - \Phi_2) / D + \bar K`. Two forms of :math:`\bar K` share the work.

The integral mean of K over the two heads is exact for steady flow without gravity whatever the
distance (Kirchhoff), so for a drying surface, and for water at rest:

.. math:: \bar K = \frac{\Phi_1 - \Phi_2}{\psi_1 - \psi_2}

Where gravity leads, cells are large against the soil's capillary length and that mean asks too much
of the cell below: a wet front would move only under pressure, and a flooded clay would take in less
than Ks. There the flux is the steady one of a soil whose K is exponential in the head (Gardner):

.. math:: q = K_1 + \frac{\Phi_1 - \Phi_2}{D} \frac{p}{e^p - 1}, \qquad
          p = D \frac{K_1 - K_2}{\Phi_1 - \Phi_2}

which is never below :math:`K_1` when the upper point is the wetter, tends to it in coarse cells and
to both points' mean in fine ones, and never lets an upper point pass on more because the lower is
wetter. It counts in soil wetter than some tens of centimetres of suction, elsewhere gravity hardly
does; and where the lower point is the wetter one, it goes over into the integral mean as
:math:`r = (\psi_2 - \psi_1) / D` rises to 1, water at rest, with the weight :math:`(1 - r)^2`. All
is continuous with its slopes.

Arithmetic means, the usual choice, make a dry surface cell conduct far too well and overestimate
evaporation by 4-5 % with 2 cm cells. Between two soils the head at their common face is the one
that gives both sides the same flux.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel
from rootzone.engines.swim.cells import state as at
from rootzone.engines.swim.cells.table import (
    N_COEFFICIENT,
    PER_UNIT,
    ROW_CURVED,
    locate,
    read_head,
    read_phi,
)

# Heads closer than this share of (1 + suction) count as equal, where a quotient would be noise.
_SAME_HEAD = 1e-6
_SAME_PHI = 1e-7  # of the slope in u: a difference of potentials below that is noise
_LARGEST_P = 1e3
# Where the upper point begins to count as wet, and does so wholly, in u: 54 and 6.4 cm of suction.
STEADY_FROM = -4.0
_STEADY_TO = -2.0
_TINY = 1e-100  # keeps a quotient of slopes from 0 / 0
_FACE_PASSES = 6
_FACE_LEAP = 2.0
_FACE_SETTLED = 1e-2  # the flux then errs by about the square of that


@inner_kernel
def mean_conductivity(
    phi_1: float,
    slope_1: float,
    head_1: float,
    head_slope_1: float,
    phi_2: float,
    slope_2: float,
    head_2: float,
    head_slope_2: float,
) -> tuple[float, float, float]:
    """Integral mean of K over two heads, and its slopes in u at either end."""
    difference = head_1 - head_2
    near = abs(difference) < _SAME_HEAD * (head_slope_2 + abs(head_2))
    inverse = 1.0 / (head_slope_1 + head_slope_2 if near else difference)
    mean = (slope_1 + slope_2 if near else phi_1 - phi_2) * inverse
    per_head = 0.0 if near else inverse
    above = (slope_1 - mean * head_slope_1) * per_head
    below = (mean * head_slope_2 - slope_2) * per_head
    return mean, above, below


@inner_kernel
def steady_conductivity(
    gain: float,
    per_cm: float,
    k_1: float,
    k_slope_1: float,
    phi_slope_1: float,
    k_2: float,
    k_slope_2: float,
    phi_slope_2: float,
) -> tuple[float, float, float]:
    r"""What gravity moves from point 1 to point 2 below it, and its slopes in u at both.

    Steady flow of a soil whose K is exponential in the head, less the part of the potentials:

    .. math:: \bar K = K_1 - \frac{\Phi_1 - \Phi_2}{D} \left(1 - \frac{p}{e^p - 1}\right)

    with the exponential's first five terms, which keep its limits.

    Parameters
    ----------
    gain : float
        Flux potential of point 1 less that of point 2 [cm2 d-1].
    per_cm : float
        1 over their distance [cm-1].
    k_1, k_slope_1, phi_slope_1, k_2, k_slope_2, phi_slope_2 : float
        Conductivity [cm d-1], its slope in u, and that of the flux potential at either point.
    """
    steep = gain * per_cm
    near = abs(gain) <= _SAME_PHI * phi_slope_1
    rise = k_slope_1 + k_slope_2 if near else k_1 - k_2
    run = (phi_slope_1 + phi_slope_2) * per_cm if near else steep
    p = rise / (run + _TINY)
    p = p if p > 0.0 else 0.0
    p = p if p < _LARGEST_P else _LARGEST_P
    series = 1.0 + p * (0.5 + p * (1.0 / 6.0 + p * (1.0 / 24.0 + p * (1.0 / 120.0))))
    turn = 0.5 + p * (1.0 / 3.0 + p * (0.125 + p * (1.0 / 30.0)))
    inverse = 1.0 / series
    turn *= inverse * inverse
    rest = (inverse + p * turn - 1.0) * per_cm
    mean = k_1 - steep * (1.0 - inverse)
    above = k_slope_1 * (1.0 - turn) + phi_slope_1 * rest
    below = turn * k_slope_2 - phi_slope_2 * rest
    return mean, above, below


@inner_kernel
def gravity_between(
    u_1: float,
    phi_1: float,
    slope_1: float,
    head_1: float,
    head_slope_1: float,
    k_1: float,
    k_slope_1: float,
    phi_2: float,
    slope_2: float,
    head_2: float,
    head_slope_2: float,
    k_2: float,
    k_slope_2: float,
    per_cm: float,
) -> tuple[float, float, float]:
    """Conductivity that gravity finds between point 1 and point 2 below it, and its slopes in u.

    Parameters
    ----------
    u_1, phi_1, slope_1, head_1, head_slope_1, k_1, k_slope_1 : float
        The solver's variable at point 1, flux potential, head and conductivity there, each of them
        with its slope in u; then the same of point 2.
    per_cm : float
        1 over their distance [cm-1].
    """
    mean, above, below = mean_conductivity(
        phi_1, slope_1, head_1, head_slope_1, phi_2, slope_2, head_2, head_slope_2
    )
    wet, wet_above, wet_below = steady_conductivity(
        phi_1 - phi_2, per_cm, k_1, k_slope_1, slope_1, k_2, k_slope_2, slope_2
    )
    rise = (head_2 - head_1) * per_cm
    rise = rise if rise > 0.0 else 0.0
    rise = rise if rise < 1.0 else 1.0
    steady = (1.0 - rise) * (1.0 - rise)
    turn = 2.0 * (1.0 - rise) * per_cm if rise > 0.0 else 0.0
    x = (u_1 - STEADY_FROM) * (1.0 / (_STEADY_TO - STEADY_FROM))
    x = x if x > 0.0 else 0.0
    x = x if x < 1.0 else 1.0
    moist = x * x * (3.0 - 2.0 * x)
    moist_slope = 6.0 * x * (1.0 - x) * (1.0 / (_STEADY_TO - STEADY_FROM))
    share = steady * moist
    more = wet - mean
    above += (
        share * (wet_above - above) + (moist * turn * head_slope_1 + steady * moist_slope) * more
    )
    below += share * (wet_below - below) - moist * turn * head_slope_2 * more
    return mean + share * more, above, below


@inner_kernel
def read_conductivity(cells: FloatArray, i: int, tables: FloatArray) -> None:
    """Conductivity of cell i, and its slope in u from the curvature of the flux potential."""
    row, t = locate(cells[at.U + i])
    place = int(cells[at.TABLE + i]) + row * N_COEFFICIENT
    curvature = PER_UNIT * PER_UNIT * (2.0 * tables[place + 6] + 6.0 * t * tables[place + 7])
    inverse = 1.0 / cells[at.HEAD_SLOPE + i]
    k = cells[at.PHI_SLOPE + i] * inverse
    rise = curvature * inverse + k * ROW_CURVED[row]
    cells[at.K + i] = k
    cells[at.K_SLOPE + i] = rise if rise > 0.0 else 0.0


@inner_kernel
def interface_flux(
    cells: FloatArray, i: int, k: int, tables: FloatArray, gravity: float
) -> tuple[float, float, float]:
    """Flux through face i between cells of two soils, and its slopes in u above and below.

    The head at the face is the one at which both half cells pass the same flux, found by Newton's
    method from where the last evaluation left it (row FACE_U, entry k); what remains is corrected
    to second order by the slopes.
    """
    a, b = i - 1, i
    per_a, per_b = 2.0 * cells[at.INVERSE_DZ + a], 2.0 * cells[at.INVERSE_DZ + b]
    base_a, base_b = int(cells[at.TABLE + a]), int(cells[at.TABLE + b])
    u = cells[at.FACE_U + k]
    q, above, below = 0.0, 0.0, 0.0
    read_conductivity(cells, a, tables)
    read_conductivity(cells, b, tables)
    for _ in range(_FACE_PASSES):
        head, head_slope = read_head(u)
        phi, slope, k_face, k_slope = read_phi(u, tables, base_a)
        mean, a_a, a_f = gravity_between(
            cells[at.U + a],
            cells[at.PHI + a],
            cells[at.PHI_SLOPE + a],
            cells[at.HEAD + a],
            cells[at.HEAD_SLOPE + a],
            cells[at.K + a],
            cells[at.K_SLOPE + a],
            phi,
            slope,
            head,
            head_slope,
            k_face,
            k_slope,
            per_a,
        )
        q_a = (cells[at.PHI + a] - phi) * per_a + gravity * mean
        a_a = cells[at.PHI_SLOPE + a] * per_a + gravity * a_a
        a_f = gravity * a_f - slope * per_a
        phi, slope, k_face, k_slope = read_phi(u, tables, base_b)
        mean, b_f, b_b = gravity_between(
            u,
            phi,
            slope,
            head,
            head_slope,
            k_face,
            k_slope,
            cells[at.PHI + b],
            cells[at.PHI_SLOPE + b],
            cells[at.HEAD + b],
            cells[at.HEAD_SLOPE + b],
            cells[at.K + b],
            cells[at.K_SLOPE + b],
            per_b,
        )
        q_b = (phi - cells[at.PHI + b]) * per_b + gravity * mean
        b_f = slope * per_b + gravity * b_f
        b_b = gravity * b_b - cells[at.PHI_SLOPE + b] * per_b
        a_f, b_f = min(a_f, -_TINY), max(b_f, _TINY)
        share = b_f / (b_f - a_f)
        q = q_a * share + q_b * (1.0 - share)
        above = a_a * share
        below = b_b * (1.0 - share)
        du = (q_a - q_b) / (b_f - a_f)
        du = du if du < _FACE_LEAP else _FACE_LEAP
        u += du if du > -_FACE_LEAP else -_FACE_LEAP
        if abs(du) < _FACE_SETTLED:
            break
    cells[at.FACE_U + k] = u
    return q, above, below
