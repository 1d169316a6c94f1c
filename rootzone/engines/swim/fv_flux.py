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
from rootzone._shared.jit import kernel
from rootzone.engines.swim import layout
from rootzone.engines.swim.fv_state import (
    BOTTOM_KIND,
    CAPACITY,
    DZ,
    GRAVITY,
    HEAD,
    HEAD_BOTTOM,
    HEAD_DRY,
    HEAD_SLOPE,
    HEAD_WET,
    INVERSE_DZ,
    INVERSE_GAP,
    NET_SUPPLY,
    PHI,
    PHI_BOTTOM,
    PHI_DRY,
    PHI_SLOPE,
    PHI_WET,
    Q_ABOVE,
    Q_BELOW,
    RATE,
    SHARE,
    SOIL,
    SURFACE_HELD,
    THETA_U,
    Q,
    U,
)
from rootzone.engines.swim.vg_table import (
    KS,
    N_INTERVAL,
    PER_UNIT,
    PHI_S,
    exp_in_interval,
    read_phi,
)

# Heads closer than this share of (1 + suction) count as equal, where a quotient would be noise.
_SAME_HEAD = 1e-6


@kernel
def read_cells(cells: FloatArray, n: int, tables: FloatArray, constants: FloatArray) -> None:
    """Water content, capacity, potential, head and their slopes at each cell's u.

    Parameters
    ----------
    cells : array, shape (N_ROW, > n)
        Rows of :mod:`fv_state`; reads U and SOIL.
    n : int
        Number of cells.
    tables : array, shape (n_soil, N_INTERVAL, N_COEFFICIENT)
    constants : array, shape (n_soil, N_CONSTANT)
    """
    for i in range(n):
        soil = int(cells[SOIL, i])
        u = cells[U, i]
        if u >= 0.0:
            cells[THETA_U, i] = tables[soil, 0, 0]
            cells[CAPACITY, i] = 0.0
            cells[PHI, i] = constants[soil, PHI_S] + constants[soil, KS] * u
            cells[PHI_SLOPE, i] = constants[soil, KS]
            cells[HEAD, i] = u
            cells[HEAD_SLOPE, i] = 1.0
            continue
        v = -PER_UNIT * u
        j = min(int(v), N_INTERVAL - 1)
        t = v - j
        beyond = max(t - 1.0, 0.0)
        t -= beyond
        a, b, c = tables[soil, j, 1], tables[soil, j, 2], tables[soil, j, 3]
        slope = a + t * (2.0 * b + 3.0 * t * c)
        cells[THETA_U, i] = tables[soil, j, 0] + t * (a + t * (b + t * c)) + slope * beyond
        cells[CAPACITY, i] = -PER_UNIT * slope
        a, b, c = tables[soil, j, 5], tables[soil, j, 6], tables[soil, j, 7]
        slope = a + t * (2.0 * b + 3.0 * t * c)
        cells[PHI, i] = tables[soil, j, 4] + t * (a + t * (b + t * c)) + slope * beyond
        cells[PHI_SLOPE, i] = -PER_UNIT * slope
        one_plus = exp_in_interval(j, t)
        cells[HEAD, i] = 1.0 - one_plus * (1.0 + beyond / PER_UNIT)
        cells[HEAD_SLOPE, i] = one_plus


@kernel
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
    if abs(difference) < _SAME_HEAD * (head_slope_1 + abs(head_1)):
        mean = 0.5 * (slope_1 / head_slope_1 + slope_2 / head_slope_2)
        return mean, 0.0, 0.0
    inverse = 1.0 / difference
    mean = (phi_1 - phi_2) * inverse
    return (
        mean,
        (slope_1 - mean * head_slope_1) * inverse,
        (mean * head_slope_2 - slope_2) * inverse,
    )


@kernel
def interface_flux(
    cells: FloatArray, i: int, tables: FloatArray, constants: FloatArray, gravity: float
) -> tuple[float, float, float]:
    """Flux through face i between cells of two soils, and its slopes in u above and below."""
    a, b = i - 1, i
    soil_a, soil_b = int(cells[SOIL, a]), int(cells[SOIL, b])
    head_a, head_b = cells[HEAD, a], cells[HEAD, b]
    hs_a, hs_b = cells[HEAD_SLOPE, a], cells[HEAD_SLOPE, b]
    phi, slope = read_phi(cells[U, b], tables[soil_a], constants[soil_a])
    k_a, a_a, a_b = mean_conductivity(
        cells[PHI, a], cells[PHI_SLOPE, a], head_a, hs_a, phi, slope, head_b, hs_b
    )
    phi, slope = read_phi(cells[U, a], tables[soil_b], constants[soil_b])
    k_b, b_a, b_b = mean_conductivity(
        phi, slope, head_a, hs_a, cells[PHI, b], cells[PHI_SLOPE, b], head_b, hs_b
    )
    share = cells[SHARE, i]
    per_cm = cells[INVERSE_GAP, i]
    mean = k_a * k_b / (share * k_b + (1.0 - share) * k_a)
    weight_a = share * mean * mean / (k_a * k_a)
    weight_b = (1.0 - share) * mean * mean / (k_b * k_b)
    drive = (head_a - head_b) * per_cm + gravity
    above = (weight_a * a_a + weight_b * b_a) * drive + mean * hs_a * per_cm
    below = (weight_a * a_b + weight_b * b_b) * drive - mean * hs_b * per_cm
    return mean * drive, above, below


@kernel
def set_inner_fluxes(
    cells: FloatArray, n: int, tables: FloatArray, constants: FloatArray, edge: FloatArray
) -> None:
    """Fluxes through the faces 1 to n - 1 and their slopes."""
    gravity = edge[GRAVITY]
    for i in range(1, n):
        if cells[SOIL, i] != cells[SOIL, i - 1]:
            q, above, below = interface_flux(cells, i, tables, constants, gravity)
            cells[Q, i] = q
            cells[Q_ABOVE, i] = above
            cells[Q_BELOW, i] = below
            continue
        phi_1, phi_2 = cells[PHI, i - 1], cells[PHI, i]
        slope_1, slope_2 = cells[PHI_SLOPE, i - 1], cells[PHI_SLOPE, i]
        mean, above, below = mean_conductivity(
            phi_1,
            slope_1,
            cells[HEAD, i - 1],
            cells[HEAD_SLOPE, i - 1],
            phi_2,
            slope_2,
            cells[HEAD, i],
            cells[HEAD_SLOPE, i],
        )
        per_cm = cells[INVERSE_GAP, i]
        cells[Q, i] = (phi_1 - phi_2) * per_cm + gravity * mean
        cells[Q_ABOVE, i] = slope_1 * per_cm + gravity * above
        cells[Q_BELOW, i] = gravity * below - slope_2 * per_cm


@kernel
def flux_from_point(
    phi: float, head: float, cells: FloatArray, i: int, distance_cm: float, gravity: float
) -> tuple[float, float]:
    """Flux from a point of given head to the centre of cell i below it; its slope in that u."""
    mean, _, below = mean_conductivity(
        phi,
        cells[PHI_SLOPE, i],  # the point's own slopes: only read where the heads are equal
        head,
        cells[HEAD_SLOPE, i],
        cells[PHI, i],
        cells[PHI_SLOPE, i],
        cells[HEAD, i],
        cells[HEAD_SLOPE, i],
    )
    q = (phi - cells[PHI, i]) / distance_cm + gravity * mean
    return q, gravity * below - cells[PHI_SLOPE, i] / distance_cm


@kernel
def set_surface_flux(cells: FloatArray, edge: FloatArray) -> None:
    """Flux into the top cell: the net supply, within what soil and air can pass.

    Infiltration ends where the surface would be wetter than flooded (HEAD_WET), evaporation where
    it would be drier than HEAD_DRY.
    """
    half = 0.5 * cells[DZ, 0]
    gravity = edge[GRAVITY]
    supply = edge[NET_SUPPLY]
    flux, slope = supply, 0.0
    if edge[SURFACE_HELD] > 0.0:
        flux, slope = flux_from_point(edge[PHI_WET], edge[HEAD_WET], cells, 0, half, gravity)
    else:
        if supply < 0.0:
            limit, limit_slope = flux_from_point(
                edge[PHI_DRY], edge[HEAD_DRY], cells, 0, half, gravity
            )
            if limit > supply:
                flux, slope = (limit, limit_slope) if limit < 0.0 else (0.0, 0.0)
        limit, limit_slope = flux_from_point(edge[PHI_WET], edge[HEAD_WET], cells, 0, half, gravity)
        if limit < flux:
            flux, slope = limit, limit_slope
    cells[Q, 0] = flux
    cells[Q_ABOVE, 0] = 0.0
    cells[Q_BELOW, 0] = slope


@kernel
def conductivity_slope(u: float, k: float, head_slope: float, table: FloatArray) -> float:
    """Slope of K in u, from the curvature of the flux potential: K = Phi_u / psi_u."""
    if u >= 0.0:
        return 0.0
    v = -PER_UNIT * u
    j = min(int(v), N_INTERVAL - 1)
    t = min(v - j, 1.0)
    curvature = PER_UNIT * PER_UNIT * (2.0 * table[j, 6] + 6.0 * t * table[j, 7])
    slope: float = max(0.0, curvature / head_slope + k)
    return slope


@kernel
def set_bottom_flux(cells: FloatArray, n: int, tables: FloatArray, edge: FloatArray) -> None:
    """Flux out of the lowest cell and its slope: free drainage, held head, closed or seepage."""
    i = n - 1
    kind = int(edge[BOTTOM_KIND])
    flux, slope = 0.0, 0.0
    if kind == layout.BOTTOM_FREE_DRAINAGE:
        flux = edge[GRAVITY] * cells[PHI_SLOPE, i] / cells[HEAD_SLOPE, i]
        slope = edge[GRAVITY] * conductivity_slope(
            cells[U, i], flux, cells[HEAD_SLOPE, i], tables[int(cells[SOIL, i])]
        )
    elif kind != layout.BOTTOM_ZERO_FLUX:
        upward, upward_slope = flux_from_point(
            edge[PHI_BOTTOM], edge[HEAD_BOTTOM], cells, i, 0.5 * cells[DZ, i], -edge[GRAVITY]
        )
        flux, slope = -upward, -upward_slope
        if kind == layout.BOTTOM_SEEPAGE and flux < 0.0:
            flux, slope = 0.0, 0.0
    cells[Q, n] = flux
    cells[Q_ABOVE, n] = slope
    cells[Q_BELOW, n] = 0.0


@kernel
def set_rates(cells: FloatArray, n: int) -> None:
    """Rate of change of theta [d-1] of each cell from the fluxes through its faces."""
    for i in range(n):
        rate = (cells[Q, i] - cells[Q, i + 1]) * cells[INVERSE_DZ, i]
        cells[RATE, i] = rate


@kernel
def evaluate(
    cells: FloatArray, n: int, tables: FloatArray, constants: FloatArray, edge: FloatArray
) -> None:
    """Everything that depends on the cells' u: tables, fluxes, slopes and rates."""
    read_cells(cells, n, tables, constants)
    set_inner_fluxes(cells, n, tables, constants, edge)
    set_surface_flux(cells, edge)
    set_bottom_flux(cells, n, tables, edge)
    set_rates(cells, n)
