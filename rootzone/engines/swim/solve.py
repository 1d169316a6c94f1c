"""Solution of the step's tridiagonal system from both ends at once."""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import inner_kernel
from rootzone.engines.swim.state import DIAGONAL, LOWER, RESIDUAL, UPPER


@inner_kernel
def solve_tridiagonal(cells: FloatArray, n: int) -> None:
    """Solve lower[i] x[i-1] + diagonal[i] x[i] + upper[i] x[i+1] = residual[i], in place.

    Elimination runs from the first and the last row to a row in the middle, and substitution back
    out. The two chains do not depend on each other, so a processor overlaps them, where the usual
    sweep waits for one division after another. No pivoting: rows must be dominated by their
    diagonal, as those of a diffusion problem are.

    Parameters
    ----------
    cells : array, flat
        Rows LOWER, DIAGONAL (overwritten), UPPER and RESIDUAL, which becomes the solution;
        LOWER of the first and UPPER of the last row are not read.
    n : int
        Number of unknowns, 1 or more.
    """
    middle = n // 2
    last = n - 1
    d_top, x_top = cells[DIAGONAL], cells[RESIDUAL]
    d_end, x_end = cells[DIAGONAL + last], cells[RESIDUAL + last]
    for i in range(middle):
        inverse = 1.0 / d_top
        cells[DIAGONAL + i] = inverse
        cells[RESIDUAL + i] = x_top
        factor = cells[LOWER + 1 + i] * inverse
        d_top = cells[DIAGONAL + 1 + i] - factor * cells[UPPER + i]
        x_top = cells[RESIDUAL + 1 + i] - factor * x_top
        j = last - i
        if j > middle:
            inverse = 1.0 / d_end
            cells[DIAGONAL + j] = inverse
            cells[RESIDUAL + j] = x_end
            factor = cells[UPPER - 1 + j] * inverse
            d_end = cells[DIAGONAL - 1 + j] - factor * cells[LOWER + j]
            x_end = cells[RESIDUAL - 1 + j] - factor * x_end
    # Both chains began with the middle row's own entries: they stand in the sum once too often.
    d_mid, x_mid = cells[DIAGONAL + middle], cells[RESIDUAL + middle]
    if n > 2:
        d_top += d_end - d_mid
        x_top += x_end - x_mid
    x_top /= d_top
    x_end = x_top
    cells[RESIDUAL + middle] = x_top
    for k in range(1, middle + 1):
        i = middle - k
        x_top = (cells[RESIDUAL + i] - cells[UPPER + i] * x_top) * cells[DIAGONAL + i]
        cells[RESIDUAL + i] = x_top
        j = middle + k
        if j < n:
            x_end = (cells[RESIDUAL + j] - cells[LOWER + j] * x_end) * cells[DIAGONAL + j]
            cells[RESIDUAL + j] = x_end
