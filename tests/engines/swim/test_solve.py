import numpy as np
import pytest

from rootzone.engines.swim.cells.state import CELLS_SIZE, DIAGONAL, LOWER, RESIDUAL, UPPER
from rootzone.engines.swim.solve import solve_tridiagonal

pytestmark = pytest.mark.kernels


@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 16])
def test_solution_is_that_of_a_dense_solver(n: int) -> None:
    rng = np.random.default_rng(n)
    lower, upper = rng.uniform(-1, 0, n), rng.uniform(-1, 0, n)
    diagonal, right = rng.uniform(2.1, 3.0, n), rng.normal(size=n)
    cells = np.zeros(CELLS_SIZE)
    rows = ((LOWER, lower), (DIAGONAL, diagonal), (UPPER, upper), (RESIDUAL, right))
    for start, values in rows:
        cells[start : start + n] = values
    matrix = np.diag(diagonal) + np.diag(lower[1:], -1) + np.diag(upper[:-1], 1)
    solve_tridiagonal(cells, n)
    expected = np.linalg.solve(matrix, right)
    np.testing.assert_allclose(cells[RESIDUAL : RESIDUAL + n], expected, rtol=1e-12)
