r"""Fluxes between cells, at the surface and at the bottom, with their slopes.

Between two points of one soil, a distance D apart, the flux uses the integral mean of K over the
two heads, which is exact for steady flow without gravity whatever the distance (Kirchhoff):

.. math:: q = \frac{\Phi_1 - \Phi_2}{D} + \bar K, \qquad
          \bar K = \frac{\Phi_1 - \Phi_2}{\psi_1 - \psi_2}

Arithmetic means, the usual choice, make a dry surface cell conduct far too well and overestimate
evaporation by 4-5 % with 2 cm cells. Slopes need K only, never dK/dpsi, which is infinite at
saturation. Between two soils the head at their common face is the one that gives both sides the
same flux.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel
from rootzone.engines.swim import layout, state
from rootzone.engines.swim.cells import state as at
from rootzone.engines.swim.cells.sink import set_sinks
from rootzone.engines.swim.cells.table import (
    N_COEFFICIENT,
    PER_UNIT,
    ROW_CENTRE,
    ROW_CURVED,
    ROW_SCALE,
    locate,
    one_plus_suction,
    read_head,
    read_phi,
)

# Heads closer than this share of (1 + suction) count as equal, where a quotient would be noise.
_SAME_HEAD = 1e-6
_TINY = 1e-100  # keeps a quotient of slopes from 0 / 0
_FACE_PASSES = 6
_FACE_LEAP = 2.0
_FACE_SETTLED = 1e-2  # the flux then errs by about the square of that


@inner_kernel
def read_tables(cells: FloatArray, n: int, tables: FloatArray) -> None:
    """Water content, capacity, potential and its slope at each cell's u, from the tables."""
    for i in range(n):
        row, t = locate(cells[at.U + i])
        place = int(cells[at.TABLE + i]) + row * N_COEFFICIENT
        cells[at.STEP_D + i] = (t - ROW_CENTRE[row]) / PER_UNIT
        cells[at.CURVED + i] = ROW_CURVED[row]
        cells[at.SCALE + i] = ROW_SCALE[row]
        a, b, c = tables[place + 1], tables[place + 2], tables[place + 3]
        cells[at.THETA_U + i] = tables[place] + t * (a + t * (b + t * c))
        cells[at.CAPACITY + i] = -PER_UNIT * (a + t * (2.0 * b + 3.0 * t * c))
        a, b, c = tables[place + 5], tables[place + 6], tables[place + 7]
        cells[at.PHI + i] = tables[place + 4] + t * (a + t * (b + t * c))
        cells[at.PHI_SLOPE + i] = -PER_UNIT * (a + t * (2.0 * b + 3.0 * t * c))


@inner_kernel
def read_cells(cells: FloatArray, n: int, tables: FloatArray) -> None:
    """Water content, capacity, potential, head and their slopes at each cell's u.

    Parameters
    ----------
    cells : array, flat
        Rows of :mod:`fv_state`; reads U and TABLE.
    n : int
        Number of cells.
    tables : array, flat
        Tables of :mod:`vg_table`.
    """
    read_tables(cells, n, tables)
    for i in range(n):
        d = cells[at.STEP_D + i]
        curved = cells[at.CURVED + i]
        one_plus, slope = one_plus_suction(cells[at.SCALE + i], d, curved)
        cells[at.HEAD + i] = 1.0 - one_plus
        cells[at.HEAD_SLOPE + i] = slope


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
    for _ in range(_FACE_PASSES):
        head, head_slope = read_head(u)
        phi, slope = read_phi(u, tables, base_a)
        mean, a_a, a_f = mean_conductivity(
            cells[at.PHI + a],
            cells[at.PHI_SLOPE + a],
            cells[at.HEAD + a],
            cells[at.HEAD_SLOPE + a],
            phi,
            slope,
            head,
            head_slope,
        )
        q_a = (cells[at.PHI + a] - phi) * per_a + gravity * mean
        a_a = cells[at.PHI_SLOPE + a] * per_a + gravity * a_a
        a_f = gravity * a_f - slope * per_a
        phi, slope = read_phi(u, tables, base_b)
        mean, b_f, b_b = mean_conductivity(
            phi,
            slope,
            head,
            head_slope,
            cells[at.PHI + b],
            cells[at.PHI_SLOPE + b],
            cells[at.HEAD + b],
            cells[at.HEAD_SLOPE + b],
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


@inner_kernel
def set_inner_fluxes(cells: FloatArray, n: int, tables: FloatArray, control: FloatArray) -> None:
    """Fluxes through the faces 1 to n - 1 and their slopes."""
    gravity = control[at.GRAVITY]
    for i in range(n - 1):
        mean, above, below = mean_conductivity(
            cells[at.PHI + i],
            cells[at.PHI_SLOPE + i],
            cells[at.HEAD + i],
            cells[at.HEAD_SLOPE + i],
            cells[at.PHI + 1 + i],
            cells[at.PHI_SLOPE + 1 + i],
            cells[at.HEAD + 1 + i],
            cells[at.HEAD_SLOPE + 1 + i],
        )
        per_cm = cells[at.INVERSE_GAP + 1 + i]
        cells[at.Q + 1 + i] = (cells[at.PHI + i] - cells[at.PHI + 1 + i]) * per_cm + gravity * mean
        cells[at.Q_ABOVE + 1 + i] = cells[at.PHI_SLOPE + i] * per_cm + gravity * above
        cells[at.Q_BELOW + 1 + i] = gravity * below - cells[at.PHI_SLOPE + 1 + i] * per_cm
    for k in range(int(control[at.N_INTERFACE])):
        i = int(cells[at.INTERFACE + k])
        q, above, below = interface_flux(cells, i, k, tables, gravity)
        cells[at.Q + i] = q
        cells[at.Q_ABOVE + i] = above
        cells[at.Q_BELOW + i] = below


@inner_kernel
def flux_from_point(
    phi: float, head: float, cells: FloatArray, i: int, per_cm: float, gravity: float
) -> tuple[float, float]:
    """Flux from a point of given head to the centre of cell i below it; its slope in that u."""
    mean, _, below = mean_conductivity(
        phi,
        cells[at.PHI_SLOPE + i],  # the point's own slopes: only read where the heads are equal
        head,
        cells[at.HEAD_SLOPE + i],
        cells[at.PHI + i],
        cells[at.PHI_SLOPE + i],
        cells[at.HEAD + i],
        cells[at.HEAD_SLOPE + i],
    )
    q = (phi - cells[at.PHI + i]) * per_cm + gravity * mean
    return q, gravity * below - cells[at.PHI_SLOPE + i] * per_cm


@inner_kernel
def set_surface_flux(cells: FloatArray, control: FloatArray) -> None:
    """Flux into the top cell: the net supply, within what soil and air can pass.

    Infiltration ends where the surface would be wetter than flooded (HEAD_WET), evaporation where
    it would be drier than HEAD_DRY.
    """
    per_cm = cells[at.INVERSE_GAP]
    gravity = control[at.GRAVITY]
    supply = control[at.NET_SUPPLY]
    flux, slope = supply, 0.0
    held = control[at.SURFACE_HELD] > 0.0
    if supply < 0.0 and not held:
        limit, limit_slope = flux_from_point(
            control[at.PHI_DRY], control[at.HEAD_DRY], cells, 0, per_cm, gravity
        )
        if limit > supply:
            flux, slope = (limit, limit_slope) if limit < 0.0 else (0.0, 0.0)
    if held or supply > 0.0 or cells[at.HEAD] > control[at.HEAD_WET]:
        limit, limit_slope = flux_from_point(
            control[at.PHI_WET], control[at.HEAD_WET], cells, 0, per_cm, gravity
        )
        if held or limit < flux:
            flux, slope = limit, limit_slope
    cells[at.Q + 0] = flux
    cells[at.Q_ABOVE + 0] = 0.0
    cells[at.Q_BELOW + 0] = slope


@inner_kernel
def conductivity_slope(
    u: float, k: float, head_slope: float, tables: FloatArray, base: int
) -> float:
    """Slope of K in u, from the curvature of the flux potential: K = Phi_u / psi_u."""
    if u >= 0.0:
        return 0.0
    row, t = locate(u)
    place = base + row * N_COEFFICIENT
    curvature = PER_UNIT * PER_UNIT * (2.0 * tables[place + 6] + 6.0 * t * tables[place + 7])
    slope: float = max(0.0, curvature / head_slope + k)
    return slope


@inner_kernel
def set_bottom_flux(cells: FloatArray, n: int, tables: FloatArray, control: FloatArray) -> None:
    """Flux out of the lowest cell and its slope: free drainage, held head, closed or seepage."""
    i = n - 1
    kind = int(control[at.BOTTOM_KIND])
    flux, slope = 0.0, 0.0
    if kind == layout.BOTTOM_FREE_DRAINAGE:
        flux = control[at.GRAVITY] * cells[at.PHI_SLOPE + i] / cells[at.HEAD_SLOPE + i]
        slope = control[at.GRAVITY] * conductivity_slope(
            cells[at.U + i], flux, cells[at.HEAD_SLOPE + i], tables, int(cells[at.TABLE + i])
        )
    elif kind != layout.BOTTOM_ZERO_FLUX:
        upward, upward_slope = flux_from_point(
            control[at.PHI_BOTTOM],
            control[at.HEAD_BOTTOM],
            cells,
            i,
            cells[at.INVERSE_GAP + n],
            -control[at.GRAVITY],
        )
        flux, slope = -upward, -upward_slope
        if kind == layout.BOTTOM_SEEPAGE and flux < 0.0:
            flux, slope = 0.0, 0.0
    cells[at.Q + n] = flux
    cells[at.Q_ABOVE + n] = slope
    cells[at.Q_BELOW + n] = 0.0


@inner_kernel
def set_rates(cells: FloatArray, n: int) -> None:
    """Rate of change of theta [d-1] of each cell: the fluxes through its faces, and its sink."""
    for i in range(n):
        rate = (cells[at.Q + i] - cells[at.Q + i + 1]) * cells[at.INVERSE_DZ + i]
        cells[at.RATE + i] = rate - cells[at.SINK + i]


@inner_kernel
def evaluate(cells: FloatArray, n: int, tables: FloatArray, control: FloatArray) -> None:
    """Everything that depends on the cells' u: tables, fluxes, slopes and rates."""
    read_cells(cells, n, tables)
    set_inner_fluxes(cells, n, tables, control)
    set_surface_flux(cells, control)
    set_bottom_flux(cells, n, tables, control)
    if control[at.SINKS_ON] > 0.0:
        set_sinks(cells, n, control)
    set_rates(cells, n)
    control[state.EVALUATIONS] += 1.0
