"""Means over the cells of a coarser grid by area, and the way back.

The weights between two grids are formed once, as a sparse matrix: `Weights.mean` takes means,
`Weights.adjoint` is its exact transpose, and `spread` gives a coarse field to fine cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, from_lon_lat
from rootzone.surface.grids.cell_grid import CellGrid

Grid: TypeAlias = MasterGrid | CellGrid
_PARTS = 5  # a fine cell of another projection is shared out by 5 x 5 points


@dataclass(frozen=True)
class Weights:
    """Areas that fine cells share with coarse ones.

    Parameters
    ----------
    share : sparse matrix, shape (coarse cell, fine cell)
        Area of each fine cell that lies in each coarse one, in fine cells.
    fine_shape, coarse_shape : tuple of int
        Rows and columns of the two grids.
    """

    share: Any
    fine_shape: tuple[int, int]
    coarse_shape: tuple[int, int]

    def mean(self, values: AnyArray) -> tuple[FloatArray, FloatArray]:
        """Mean of the known fine cells in each coarse cell.

        Parameters
        ----------
        values : array, shape (..., fine rows, fine columns)
            NaN where unknown.

        Returns
        -------
        mean : array, shape (..., coarse rows, coarse columns)
            NaN where no fine cell is known.
        share_valid : array, same shape
            Known area over all of the fine grid's area in the cell; 0 outside of it.
        """
        flat = self._flat(values, self.fine_shape)
        known = np.isfinite(flat)
        total = self.share @ np.where(known, flat, 0.0)
        area = self.share @ known.astype(np.float64)
        whole = np.asarray(self.share.sum(axis=1)).reshape(-1, 1)
        mean = np.divide(total, area, out=np.full(total.shape, np.nan), where=area > 0.0)
        valid = np.divide(area, whole, out=np.zeros_like(area), where=whole > 0.0)
        lead = np.asarray(values).shape[:-2]
        return self._shaped(mean, lead, self.coarse_shape), self._shaped(
            valid, lead, self.coarse_shape
        )

    def forward(self, values: AnyArray) -> FloatArray:
        """Mean where all cells are known, as a linear map; 0 in cells outside the fine grid."""
        lead = np.asarray(values).shape[:-2]
        total = self._normal() @ self._flat(values, self.fine_shape)
        return self._shaped(total, lead, self.coarse_shape)

    def adjoint(self, values: AnyArray) -> FloatArray:
        """Transpose of `forward`: what each fine cell owes to the coarse ones."""
        lead = np.asarray(values).shape[:-2]
        total = self._normal().T @ self._flat(values, self.coarse_shape)
        return self._shaped(total, lead, self.fine_shape)

    def _normal(self) -> Any:  # noqa: ANN401 - scipy's sparse types
        from scipy import sparse

        whole = np.asarray(self.share.sum(axis=1)).ravel()
        inverse = np.divide(1.0, whole, out=np.zeros_like(whole), where=whole > 0.0)
        return sparse.diags(inverse) @ self.share

    @staticmethod
    def _flat(values: AnyArray, shape: tuple[int, int]) -> FloatArray:
        found = np.asarray(values, dtype=np.float64)
        if found.shape[-2:] != shape:
            raise RequestError(
                f"A field of {found.shape[-2:]} cells was handed to weights of a grid of {shape}. "
                "It is on another grid, or a part of this one."
            )
        return found.reshape(-1, shape[0] * shape[1]).T

    @staticmethod
    def _shaped(flat: FloatArray, lead: tuple[int, ...], shape: tuple[int, int]) -> FloatArray:
        return np.asarray(flat.T.reshape(*lead, *shape), dtype=np.float64)


def weights(fine: Grid, coarse: Grid) -> Weights:
    """Areas that the cells of two grids share.

    In one coordinate system they are exact: overlaps of intervals in rows and columns. Between
    systems a fine cell is shared out by 5 x 5 points.

    Parameters
    ----------
    fine, coarse : MasterGrid or CellGrid
        The grids; the fine one may stick out.
    """
    if _system(fine) == _system(coarse):
        from scipy import sparse

        f, c = _edges(fine), _edges(coarse)
        rows, cols = _overlap(f[0], c[0]), _overlap(f[1], c[1])
        return Weights(sparse.kron(rows, cols, format="csr"), fine.shape, coarse.shape)
    return Weights(_sampled(fine, coarse), fine.shape, coarse.shape)


def spread(
    values: AnyArray, coarse: Grid, fine: Grid, how: Literal["nearest", "bilinear"] = "nearest"
) -> FloatArray:
    """A coarse field at the centres of fine cells.

    Parameters
    ----------
    values : array, shape (..., coarse rows, coarse columns)
        NaN where unknown.
    coarse, fine : MasterGrid or CellGrid
        Where it is, and where it is wanted.
    how : str
        ``nearest`` gives each fine cell the value of the coarse cell it lies in; ``bilinear``
        interpolates between the centres of the four cells around, over those that are known.

    Returns
    -------
    array, shape (..., fine rows, fine columns)
        NaN outside the coarse grid, and where the cell a fine cell lies in is unknown.
    """
    found = np.asarray(values, dtype=np.float64)
    y, x = _positions(fine, coarse)
    row, col = np.floor(y + 0.5).astype(np.int64), np.floor(x + 0.5).astype(np.int64)
    height, width = coarse.shape
    inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
    near = found[..., np.clip(row, 0, height - 1), np.clip(col, 0, width - 1)]
    near = np.where(inside, near, np.nan)
    if how == "nearest":
        return near
    top, left = np.floor(y).astype(np.int64), np.floor(x).astype(np.int64)
    down, right = y - top, x - left
    total, weight = np.zeros_like(near), np.zeros_like(near)
    for i, part_y in ((0, 1.0 - down), (1, down)):
        for j, part_x in ((0, 1.0 - right), (1, right)):
            corner = found[..., np.clip(top + i, 0, height - 1), np.clip(left + j, 0, width - 1)]
            part = np.where(np.isfinite(corner), part_y * part_x, 0.0)
            total += part * np.where(np.isfinite(corner), corner, 0.0)
            weight += part
    mixed = np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 1e-12)
    return np.where(np.isfinite(near), mixed, np.nan)


def _system(grid: Grid) -> str:
    return grid.crs if isinstance(grid, MasterGrid) else "degree"


def _edges(grid: Grid) -> tuple[FloatArray, FloatArray]:
    """Edges of rows counted downward, and of columns, in the grid's own unit."""
    if isinstance(grid, MasterGrid):
        left, top, step = grid.left, grid.top, grid.resolution_m
    else:
        left, top, step = grid.west, grid.north, grid.step_deg
    down = -top + step * np.arange(grid.height + 1, dtype=np.float64)
    return np.asarray(down), np.asarray(left + step * np.arange(grid.width + 1, dtype=np.float64))


def _overlap(fine: FloatArray, coarse: FloatArray) -> Any:  # noqa: ANN401 - scipy's sparse types
    """Lengths that intervals share, in fine intervals, shape (coarse, fine)."""
    from scipy import sparse

    step = float(fine[1] - fine[0])
    low = np.maximum(fine[None, :-1], coarse[:-1, None])
    high = np.minimum(fine[None, 1:], coarse[1:, None])
    share = np.maximum(high - low, 0.0) / step
    share[share < 1e-9] = 0.0  # edges that differ by rounding only
    return sparse.csr_matrix(np.where(share > 1.0 - 1e-9, np.minimum(share, 1.0), share))


def _sampled(fine: Grid, coarse: Grid) -> Any:  # noqa: ANN401 - scipy's sparse types
    from scipy import sparse

    n_fine, n_coarse = fine.height * fine.width, coarse.height * coarse.width
    row, col = np.mgrid[0 : fine.height, 0 : fine.width]
    total = sparse.csr_matrix((n_coarse, n_fine))
    offsets = (np.arange(_PARTS) + 0.5) / _PARTS - 0.5
    for down in offsets:
        for right in offsets:
            lon, lat = fine.lon_lat(row + down, col + right)
            r, c = coarse.row_col_of_lon_lat(lon, lat)
            inside = (r >= 0) & (r < coarse.height) & (c >= 0) & (c < coarse.width)
            where = (r * coarse.width + c)[inside]
            whose = np.flatnonzero(inside.ravel())
            part = np.full(where.size, 1.0 / _PARTS**2)
            total = total + sparse.csr_matrix((part, (where, whose)), shape=(n_coarse, n_fine))
    return total


def _positions(fine: Grid, coarse: Grid) -> tuple[FloatArray, FloatArray]:
    """Fractional row and column of the coarse grid, cell centres whole, of fine centres."""
    row, col = np.mgrid[0 : fine.height, 0 : fine.width]
    if isinstance(fine, MasterGrid) and _system(fine) == _system(coarse):
        x, y = fine.xy_m(row, col)
    else:
        x, y = fine.lon_lat(row, col)
        if isinstance(coarse, MasterGrid):
            x, y = from_lon_lat(coarse.crs, x, y)
    if isinstance(coarse, MasterGrid):
        left, top, step = coarse.left, coarse.top, coarse.resolution_m
    else:
        left, top, step = coarse.west, coarse.north, coarse.step_deg
    return (top - y) / step - 0.5, (x - left) / step - 0.5
