r"""Fluxes between cells, at the surface and at the bottom, with their slopes.

Between two points of one soil, a distance D apart, the flux uses the integral mean of K over the
two heads, which is exact for steady flow without gravity whatever the distance (Kirchhoff):

.. math:: q = \frac{\Phi_1 - \Phi_2}{D} + \bar K, \qquad
          \bar K = \frac{\Phi_1 - \Phi_2}{\psi_1 - \psi_2}

Arithmetic means, the usual choice, make a dry surface cell conduct far too well and overestimate
evaporation by 4-5 % with 2 cm cells. Slopes need K only, never dK/dpsi, which is infinite at
saturation. Between two soils each side's own mean stands in series, weighted by thickness.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel
from rootzone.engines.swim import layout
from rootzone.engines.swim.fv_state import (
    BOTTOM_KIND,
    CAPACITY,
    CURVED,
    GRAVITY,
    HEAD,
    HEAD_BOTTOM,
    HEAD_DRY,
    HEAD_SLOPE,
    HEAD_WET,
    INTERFACE,
    INVERSE_DZ,
    INVERSE_GAP,
    N_INTERFACE,
    NET_SUPPLY,
    PHI,
    PHI_BOTTOM,
    PHI_DRY,
    PHI_SLOPE,
    PHI_WET,
    Q_ABOVE,
    Q_BELOW,
    RATE,
    SCALE,
    SHARE,
    STEP_D,
    SURFACE_HELD,
    TABLE,
    THETA_U,
    Q,
    U,
)
from rootzone.engines.swim.vg_table import (
    N_COEFFICIENT,
    PER_UNIT,
    ROW_CENTRE,
    ROW_CURVED,
    ROW_SCALE,
    locate,
    read_phi,
)

# Heads closer than this share of (1 + suction) count as equal, where a quotient would be noise.
_SAME_HEAD = 1e-6
_TINY = 1e-100  # keeps a quotient of conductivities from 0 / 0


@inner_kernel
def read_tables(cells: FloatArray, n: int, tables: FloatArray) -> None:
    """Water content, capacity, potential and its slope at each cell's u, from the tables."""
    for i in range(n):
        row, t = locate(cells[U + i])
        at = int(cells[TABLE + i]) + row * N_COEFFICIENT
        cells[STEP_D + i] = (t - ROW_CENTRE[row]) / PER_UNIT
        cells[CURVED + i] = ROW_CURVED[row]
        cells[SCALE + i] = ROW_SCALE[row]
        a, b, c = tables[at + 1], tables[at + 2], tables[at + 3]
        cells[THETA_U + i] = tables[at] + t * (a + t * (b + t * c))
        cells[CAPACITY + i] = -PER_UNIT * (a + t * (2.0 * b + 3.0 * t * c))
        a, b, c = tables[at + 5], tables[at + 6], tables[at + 7]
        cells[PHI + i] = tables[at + 4] + t * (a + t * (b + t * c))
        cells[PHI_SLOPE + i] = -PER_UNIT * (a + t * (2.0 * b + 3.0 * t * c))


@inner_kernel
def read_cells(cells: FloatArray, n: int, tables: FloatArray) -> None:
    """Water content, capacity, potential, head and their slopes at each cell's u.

    The exponential that leads from u to the head is a stored one in the middle of the interval
    times a Taylor series in a distance of at most 1/16, exact to 1e-12; straight rows stop at the
    linear term.

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
        d = cells[STEP_D + i]
        curved = cells[CURVED + i]
        rest = (
            d
            * d
            * (
                1.0 / 2.0
                + d * (1.0 / 6.0 + d * (1.0 / 24.0 + d * (1.0 / 120.0 + d * (1.0 / 720.0))))
            )
        )
        cells[HEAD + i] = 1.0 - cells[SCALE + i] * (1.0 + d + curved * rest)
        cells[HEAD_SLOPE + i] = cells[SCALE + i] * (1.0 + curved * (d + rest))


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
    cells: FloatArray, i: int, tables: FloatArray, gravity: float
) -> tuple[float, float, float]:
    """Flux through face i between cells of two soils, and its slopes in u above and below."""
    a, b = i - 1, i
    head_a, head_b = cells[HEAD + a], cells[HEAD + b]
    hs_a, hs_b = cells[HEAD_SLOPE + a], cells[HEAD_SLOPE + b]
    phi, slope = read_phi(cells[U + b], tables, int(cells[TABLE + a]))
    k_a, a_a, a_b = mean_conductivity(
        cells[PHI + a], cells[PHI_SLOPE + a], head_a, hs_a, phi, slope, head_b, hs_b
    )
    phi, slope = read_phi(cells[U + a], tables, int(cells[TABLE + b]))
    k_b, b_a, b_b = mean_conductivity(
        phi, slope, head_a, hs_a, cells[PHI + b], cells[PHI_SLOPE + b], head_b, hs_b
    )
    share = cells[SHARE + i]
    per_cm = cells[INVERSE_GAP + i]
    k_a, k_b = max(k_a, _TINY), max(k_b, _TINY)
    mean = k_a * k_b / (share * k_b + (1.0 - share) * k_a)
    weight_a = share * mean * mean / (k_a * k_a)
    weight_b = (1.0 - share) * mean * mean / (k_b * k_b)
    drive = (head_a - head_b) * per_cm + gravity
    above = (weight_a * a_a + weight_b * b_a) * drive + mean * hs_a * per_cm
    below = (weight_a * a_b + weight_b * b_b) * drive - mean * hs_b * per_cm
    return mean * drive, above, below


@inner_kernel
def set_inner_fluxes(cells: FloatArray, n: int, tables: FloatArray, edge: FloatArray) -> None:
    """Fluxes through the faces 1 to n - 1 and their slopes."""
    gravity = edge[GRAVITY]
    for i in range(n - 1):
        mean, above, below = mean_conductivity(
            cells[PHI + i],
            cells[PHI_SLOPE + i],
            cells[HEAD + i],
            cells[HEAD_SLOPE + i],
            cells[PHI + 1 + i],
            cells[PHI_SLOPE + 1 + i],
            cells[HEAD + 1 + i],
            cells[HEAD_SLOPE + 1 + i],
        )
        per_cm = cells[INVERSE_GAP + 1 + i]
        cells[Q + 1 + i] = (cells[PHI + i] - cells[PHI + 1 + i]) * per_cm + gravity * mean
        cells[Q_ABOVE + 1 + i] = cells[PHI_SLOPE + i] * per_cm + gravity * above
        cells[Q_BELOW + 1 + i] = gravity * below - cells[PHI_SLOPE + 1 + i] * per_cm
    for k in range(int(edge[N_INTERFACE])):
        i = int(cells[INTERFACE + k])
        q, above, below = interface_flux(cells, i, tables, gravity)
        cells[Q + i] = q
        cells[Q_ABOVE + i] = above
        cells[Q_BELOW + i] = below


@inner_kernel
def flux_from_point(
    phi: float, head: float, cells: FloatArray, i: int, per_cm: float, gravity: float
) -> tuple[float, float]:
    """Flux from a point of given head to the centre of cell i below it; its slope in that u."""
    mean, _, below = mean_conductivity(
        phi,
        cells[PHI_SLOPE + i],  # the point's own slopes: only read where the heads are equal
        head,
        cells[HEAD_SLOPE + i],
        cells[PHI + i],
        cells[PHI_SLOPE + i],
        cells[HEAD + i],
        cells[HEAD_SLOPE + i],
    )
    q = (phi - cells[PHI + i]) * per_cm + gravity * mean
    return q, gravity * below - cells[PHI_SLOPE + i] * per_cm


@inner_kernel
def set_surface_flux(cells: FloatArray, edge: FloatArray) -> None:
    """Flux into the top cell: the net supply, within what soil and air can pass.

    Infiltration ends where the surface would be wetter than flooded (HEAD_WET), evaporation where
    it would be drier than HEAD_DRY.
    """
    per_cm = cells[INVERSE_GAP]
    gravity = edge[GRAVITY]
    supply = edge[NET_SUPPLY]
    flux, slope = supply, 0.0
    held = edge[SURFACE_HELD] > 0.0
    if supply < 0.0 and not held:
        limit, limit_slope = flux_from_point(
            edge[PHI_DRY], edge[HEAD_DRY], cells, 0, per_cm, gravity
        )
        if limit > supply:
            flux, slope = (limit, limit_slope) if limit < 0.0 else (0.0, 0.0)
    if held or supply > 0.0 or cells[HEAD] > edge[HEAD_WET]:
        limit, limit_slope = flux_from_point(
            edge[PHI_WET], edge[HEAD_WET], cells, 0, per_cm, gravity
        )
        if held or limit < flux:
            flux, slope = limit, limit_slope
    cells[Q + 0] = flux
    cells[Q_ABOVE + 0] = 0.0
    cells[Q_BELOW + 0] = slope


@inner_kernel
def conductivity_slope(
    u: float, k: float, head_slope: float, tables: FloatArray, base: int
) -> float:
    """Slope of K in u, from the curvature of the flux potential: K = Phi_u / psi_u."""
    if u >= 0.0:
        return 0.0
    row, t = locate(u)
    at = base + row * N_COEFFICIENT
    curvature = PER_UNIT * PER_UNIT * (2.0 * tables[at + 6] + 6.0 * t * tables[at + 7])
    slope: float = max(0.0, curvature / head_slope + k)
    return slope


@inner_kernel
def set_bottom_flux(cells: FloatArray, n: int, tables: FloatArray, edge: FloatArray) -> None:
    """Flux out of the lowest cell and its slope: free drainage, held head, closed or seepage."""
    i = n - 1
    kind = int(edge[BOTTOM_KIND])
    flux, slope = 0.0, 0.0
    if kind == layout.BOTTOM_FREE_DRAINAGE:
        flux = edge[GRAVITY] * cells[PHI_SLOPE + i] / cells[HEAD_SLOPE + i]
        slope = edge[GRAVITY] * conductivity_slope(
            cells[U + i], flux, cells[HEAD_SLOPE + i], tables, int(cells[TABLE + i])
        )
    elif kind != layout.BOTTOM_ZERO_FLUX:
        upward, upward_slope = flux_from_point(
            edge[PHI_BOTTOM],
            edge[HEAD_BOTTOM],
            cells,
            i,
            cells[INVERSE_GAP + n],
            -edge[GRAVITY],
        )
        flux, slope = -upward, -upward_slope
        if kind == layout.BOTTOM_SEEPAGE and flux < 0.0:
            flux, slope = 0.0, 0.0
    cells[Q + n] = flux
    cells[Q_ABOVE + n] = slope
    cells[Q_BELOW + n] = 0.0


@inner_kernel
def set_rates(cells: FloatArray, n: int) -> None:
    """Rate of change of theta [d-1] of each cell from the fluxes through its faces."""
    for i in range(n):
        rate = (cells[Q + i] - cells[Q + i + 1]) * cells[INVERSE_DZ + i]
        cells[RATE + i] = rate


@inner_kernel
def evaluate(cells: FloatArray, n: int, tables: FloatArray, edge: FloatArray) -> None:
    """Everything that depends on the cells' u: tables, fluxes, slopes and rates."""
    read_cells(cells, n, tables)
    set_inner_fluxes(cells, n, tables, edge)
    set_surface_flux(cells, edge)
    set_bottom_flux(cells, n, tables, edge)
    set_rates(cells, n)
