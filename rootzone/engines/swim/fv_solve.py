"""Solution of a tridiagonal system from both ends at once."""

from __future__ import annotations

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel


@kernel
def solve_tridiagonal(
    lower: FloatArray, diagonal: FloatArray, upper: FloatArray, x: FloatArray, n: int
) -> None:
    """Solve lower[i] x[i-1] + diagonal[i] x[i] + upper[i] x[i+1] = x_in[i], in place.

    Elimination runs from the first and the last row to a row in the middle, and substitution back
    out. The two chains do not depend on each other, so a processor overlaps them, where the usual
    sweep waits for one division after another. No pivoting: rows must be dominated by their
    diagonal, as those of a diffusion problem are.

    Parameters
    ----------
    lower, diagonal, upper, x : array, shape (>= n,)
        The three diagonals (``diagonal`` is overwritten) and the right side, which becomes the
        solution. ``lower[0]`` and ``upper[n - 1]`` are not read.
    n : int
        Number of unknowns, 1 or more.
    """
    middle = n // 2
    for i in range(middle):
        inverse = 1.0 / diagonal[i]
        diagonal[i] = inverse
        factor = lower[i + 1] * inverse
        diagonal[i + 1] -= factor * upper[i]
        x[i + 1] -= factor * x[i]
        j = n - 1 - i
        if j > middle:
            inverse = 1.0 / diagonal[j]
            diagonal[j] = inverse
            factor = upper[j - 1] * inverse
            diagonal[j - 1] -= factor * lower[j]
            x[j - 1] -= factor * x[j]
    x[middle] /= diagonal[middle]
    for k in range(1, middle + 1):
        i = middle - k
        x[i] = (x[i] - upper[i] * x[i + 1]) * diagonal[i]
        j = middle + k
        if j < n:
            x[j] = (x[j] - lower[j] * x[j - 1]) * diagonal[j]
