r"""Fluxes between cells, at the surface and at the bottom, with their slopes.

What passes between two points, says :mod:`rootzone.engines.swim.cells.faces`.
"""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel
from rootzone.engines.swim import layout, state
from rootzone.engines.swim.cells import state as at
from rootzone.engines.swim.cells.faces import (
    STEADY_FROM,
    gravity_between,
    interface_flux,
    mean_conductivity,
    read_conductivity,
    steady_conductivity,
)
from rootzone.engines.swim.cells.sink import set_sinks
from rootzone.engines.swim.cells.table import (
    N_COEFFICIENT,
    PER_UNIT,
    ROW_CENTRE,
    ROW_CURVED,
    ROW_SCALE,
    locate,
    one_plus_suction,
)

_TINY = 1e-300  # keeps a quotient from 0 / 0


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
        Rows of :mod:`rootzone.engines.swim.cells.state`; reads U and TABLE.
    n : int
        Number of cells.
    tables : array, flat
        Tables of :mod:`rootzone.engines.swim.cells.table`.
    """
    read_tables(cells, n, tables)
    for i in range(n):
        d = cells[at.STEP_D + i]
        curved = cells[at.CURVED + i]
        one_plus, slope = one_plus_suction(cells[at.SCALE + i], d, curved)
        cells[at.HEAD + i] = 1.0 - one_plus
        cells[at.HEAD_SLOPE + i] = slope


@inner_kernel
def set_wet_fluxes(cells: FloatArray, n: int, tables: FloatArray, gravity: float) -> None:
    """Fluxes through the inner faces of a column that is wet somewhere."""
    for i in range(n):
        read_conductivity(cells, i, tables)
    for i in range(n - 1):
        per_cm = cells[at.INVERSE_GAP + 1 + i]
        mean, above, below = gravity_between(
            cells[at.U + i],
            cells[at.PHI + i],
            cells[at.PHI_SLOPE + i],
            cells[at.HEAD + i],
            cells[at.HEAD_SLOPE + i],
            cells[at.K + i],
            cells[at.K_SLOPE + i],
            cells[at.PHI + 1 + i],
            cells[at.PHI_SLOPE + 1 + i],
            cells[at.HEAD + 1 + i],
            cells[at.HEAD_SLOPE + 1 + i],
            cells[at.K + 1 + i],
            cells[at.K_SLOPE + 1 + i],
            per_cm,
        )
        cells[at.Q + 1 + i] = (cells[at.PHI + i] - cells[at.PHI + 1 + i]) * per_cm + gravity * mean
        cells[at.Q_ABOVE + 1 + i] = cells[at.PHI_SLOPE + i] * per_cm + gravity * above
        cells[at.Q_BELOW + 1 + i] = gravity * below - cells[at.PHI_SLOPE + 1 + i] * per_cm


@inner_kernel
def set_dry_fluxes(cells: FloatArray, n: int, gravity: float) -> None:
    """The same where no cell is wet: the integral mean alone."""
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


@inner_kernel
def set_inner_fluxes(cells: FloatArray, n: int, tables: FloatArray, control: FloatArray) -> None:
    """Fluxes through the faces 1 to n - 1 and their slopes."""
    gravity = control[at.GRAVITY]
    wettest = cells[at.U]
    for i in range(n):
        wettest = cells[at.U + i] if cells[at.U + i] > wettest else wettest
    if wettest > STEADY_FROM:
        set_wet_fluxes(cells, n, tables, gravity)
    else:
        read_conductivity(cells, 0, tables)  # of use where the surface is flooded
        set_dry_fluxes(cells, n, gravity)
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
def flooded_flux(cells: FloatArray, control: FloatArray) -> tuple[float, float]:
    """Flux into the top cell under a surface at HEAD_WET, and its slope in that cell's u."""
    per_cm = cells[at.INVERSE_GAP]
    gravity = control[at.GRAVITY]
    phi = control[at.PHI_WET]
    if phi <= cells[at.PHI] or control[at.HEAD_WET] < 0.0:
        return flux_from_point(phi, control[at.HEAD_WET], cells, 0, per_cm, gravity)
    mean, _, below = steady_conductivity(
        phi - cells[at.PHI],
        per_cm,
        control[at.KS_FLOODED],
        0.0,
        cells[at.PHI_SLOPE],
        cells[at.K],
        cells[at.K_SLOPE],
        cells[at.PHI_SLOPE],
    )
    q = (phi - cells[at.PHI]) * per_cm + gravity * mean
    return q, gravity * below - cells[at.PHI_SLOPE] * per_cm


@inner_kernel
def drying_shape(exponent: float) -> tuple[float, float]:
    r"""How a drying top cell's own gradient enters the flux out of it, see :func:`drying_flux`.

    With :math:`c(a) = \int_0^1 (2s - s^2)^a ds`, the shares are :math:`f = c^{-1/a}`, for a cell
    that gets nothing from below, and g such that :math:`f / (1 + g) = (1 + a)^{1/a} / 2`, the share
    where all that leaves comes from below. Polynomials that meet both within .012.

    Parameters
    ----------
    exponent : float
        The a of theta - theta_dry ~ (Phi - Phi_dry)^a, 0 to 1.

    Examples
    --------
    Linear diffusion, a = 1: the mean of a parabola of Phi is q0 dz / 3 + q1 dz / 6.

    >>> [round(value, 6) for value in drying_shape(1.0)]
    [1.5, 0.5]
    """
    f = 1.847 - exponent * (0.557 - 0.21 * exponent)
    g = 0.359 + 0.141 * exponent
    return f, g


@inner_kernel
def drying_flux(
    cells: FloatArray, control: FloatArray, per_cm: float, gravity: float
) -> tuple[float, float, float]:
    r"""Most that the top cell can give off through a surface at HEAD_DRY, negative upwards.

    What the cell holds is its mean, and most of that stands in its lower part: its potential is no
    straight line from the surface to its centre. Where its water falls evenly, with :math:`q_0`
    through the surface and :math:`q_1` from below, the potential is a parabola,

    .. math:: \Phi(z) = \Phi_{dry} + q_0 z + (q_1 - q_0) \frac{z^2}{2 \Delta z},

    and its mean water content, with theta a power of the potential, gives

    .. math:: q_0 = f S - g q_1, \qquad S = 2 (\Phi(\bar\theta) - \Phi_{dry}) / \Delta z

    with f and g of :func:`drying_shape`. The straight line alone, f 1 and g 0, let a cell of .8 cm
    evaporate 1 mm a year too little, which was nearly all of the error at 20 cm.

    Returns
    -------
    flux, slope, slope_next : float
        Flux [cm d-1] and its slopes in u of the top cell and of the second.
    """
    limit, slope = flux_from_point(
        control[at.PHI_DRY], control[at.HEAD_DRY], cells, 0, per_cm, gravity
    )
    gain = (cells[at.PHI] - control[at.PHI_DRY]) * cells[at.CAPACITY]
    exponent = gain / (cells[at.PHI_SLOPE] * (cells[at.THETA_U] - control[at.THETA_DRY]) + _TINY)
    exponent = exponent if exponent > 0.0 else 0.0
    exponent = exponent if exponent < 1.0 else 1.0
    f, g = drying_shape(exponent)
    from_below = -cells[at.Q + 1]
    if from_below <= 0.0:
        return f * limit, f * slope, 0.0
    bent = f * limit + g * from_below
    if bent >= limit:
        return limit, slope, 0.0
    return bent, f * slope - g * cells[at.Q_ABOVE + 1], -g * cells[at.Q_BELOW + 1]


@inner_kernel
def set_surface_flux(cells: FloatArray, control: FloatArray) -> None:
    """Flux into the top cell: the net supply, within what soil and air can pass.

    Infiltration ends where the surface would be wetter than flooded (HEAD_WET), evaporation where
    it would be drier than HEAD_DRY.
    """
    per_cm = cells[at.INVERSE_GAP]
    gravity = control[at.GRAVITY]
    supply = control[at.NET_SUPPLY]
    flux, slope, slope_next = supply, 0.0, 0.0
    held = control[at.SURFACE_HELD] > 0.0
    if supply < 0.0 and not held:
        limit, limit_slope, limit_next = drying_flux(cells, control, per_cm, gravity)
        if limit > supply:
            flux, slope, slope_next = limit, limit_slope, limit_next
            if limit >= 0.0:
                flux, slope, slope_next = 0.0, 0.0, 0.0
    if held or supply > 0.0 or cells[at.HEAD] > control[at.HEAD_WET]:
        limit, limit_slope = flooded_flux(cells, control)
        if held or limit < flux:
            flux, slope, slope_next = limit, limit_slope, 0.0
    cells[at.Q + 0] = flux
    cells[at.Q_ABOVE + 0] = 0.0
    cells[at.Q_BELOW + 0] = slope
    control[at.SURFACE_NEXT] = slope_next


@inner_kernel
def set_bottom_flux(cells: FloatArray, n: int, tables: FloatArray, control: FloatArray) -> None:
    """Flux out of the lowest cell and its slope: free drainage, held head, closed or seepage."""
    i = n - 1
    kind = int(control[at.BOTTOM_KIND])
    flux, slope = 0.0, 0.0
    if kind == layout.BOTTOM_FREE_DRAINAGE:
        read_conductivity(cells, i, tables)
        flux = control[at.GRAVITY] * cells[at.K + i]
        slope = control[at.GRAVITY] * cells[at.K_SLOPE + i]
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
    set_bottom_flux(cells, n, tables, control)
    set_surface_flux(cells, control)
    if control[at.SINKS_ON] > 0.0:
        set_sinks(cells, n, control)
    set_rates(cells, n)
    control[state.EVALUATIONS] += 1.0
