"""ESTARFM over scenes larger than memory: lazy labelled arrays in, a lazy labelled array out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.surface.fusion.estarfm import (
    NAMES,
    fuse_images,
    mean_of_rows,
    row_squares,
    row_sums,
    spread_of_rows,
)

if TYPE_CHECKING:
    import dask.array as da
    import xarray as xr

    Pair = tuple[xr.DataArray, xr.DataArray]

_STRIP_PX = 1 << 22  # pixels of a strip that standard deviations are taken from, 34 MB


def estarfm_scene(
    pairs: Sequence[Pair],
    coarse: xr.DataArray,
    *,
    bounds: tuple[float, float],
    unbiased: bool = False,
    half_px: int = 25,
    classes: int = 4,
    similarity_sd: float | None = None,
) -> xr.DataArray:
    """As `estarfm`, of xarray images that may be backed by dask; nothing is read until computed.

    Each block is fused with a rim of ``half_px`` pixels and the scene's own standard deviations, so
    the values are those of the whole scene at once, bit for bit, however it is cut.

    Parameters
    ----------
    pairs : two pairs of DataArray
        Dimensions (y, x) or (band, y, x), the last two being rows and columns; equal coordinates.
    coarse : DataArray
        Coarse image of the day asked for.
    bounds, unbiased, half_px, classes, similarity_sd
        As in `estarfm`.

    Returns
    -------
    DataArray
        Like ``coarse``, in float64.

    Raises
    ------
    RequestError
        Two pairs are not given, or the images do not lie on one grid.
    """
    import dask.array as da

    if len(pairs) != 2:
        raise RequestError(f"ESTARFM takes two pairs of images, not {len(pairs)}.")
    images = [pairs[0][0], pairs[0][1], pairs[1][0], pairs[1][1], coarse]
    _require_one_grid(images)
    stacked = [da.asarray(image.data).astype("float64") for image in images]
    if coarse.ndim == 2:
        stacked = [image[None] for image in stacked]
    # One band axis of all: every block holds all bands and no block is smaller than its rim.
    chunks = (-1, *(_no_smaller(sizes, half_px) for sizes in stacked[-1].chunks[1:]))
    stacked = [image.rechunk(chunks) for image in stacked]
    share = 2.0 / classes if similarity_sd is None else similarity_sd
    limits = share * da.stack([da.stack([_spread(band) for band in stacked[k]]) for k in (0, 2)])
    fused = da.map_overlap(
        _block,
        *stacked,
        depth=(0, half_px, half_px),
        boundary="none",
        dtype="float64",
        meta=np.empty((0, 0, 0)),
        limits=limits,
        bounds=bounds,
        unbiased=unbiased,
        half_px=half_px,
    )
    return coarse.copy(data=fused[0] if coarse.ndim == 2 else fused)


def _block(
    *images: FloatArray,
    limits: FloatArray,
    bounds: tuple[float, float],
    unbiased: bool,
    half_px: int,
) -> FloatArray:
    valid: BoolArray = np.logical_and.reduce([np.isfinite(image).all(axis=0) for image in images])
    whole = max(valid.shape)
    return fuse_images(images, valid, limits[:, :, None, None], whole, bounds, unbiased, half_px)


def _spread(band: da.Array) -> da.Array:
    """The band's standard deviation, from strips of whole rows: no block is larger than a strip."""
    import dask.array as da

    width = max(1, band.shape[1])
    strips = band.rechunk((max(1, min(band.shape[0], _STRIP_PX // width)), -1))
    by_row = (strips.chunks[0], (2,))
    sums = strips.map_blocks(row_sums, chunks=by_row, dtype="float64", meta=np.empty((0, 0)))
    mean = _of_rows(sums, mean_of_rows)
    squares = da.map_blocks(
        lambda part, middle: row_squares(part, float(middle[0, 0])),
        strips, mean, chunks=by_row, dtype="float64", meta=np.empty((0, 0)),
    )  # fmt: skip
    return _of_rows(squares, spread_of_rows)[0, 0]


def _of_rows(rows: da.Array, one: Callable[[FloatArray], float]) -> da.Array:
    """One number of all rows, as an array of one block that goes with any other."""
    return rows.rechunk(-1).map_blocks(
        lambda all_rows: np.array([[one(all_rows)]]),
        chunks=((1,), (1,)), dtype="float64", meta=np.empty((0, 0)),
    )  # fmt: skip


def _no_smaller(sizes: tuple[int, ...], least: int) -> tuple[int, ...]:
    out: list[int] = []
    for size in sizes:
        if out and (out[-1] < least or size < least):
            out[-1] += size
        else:
            out.append(size)
    return tuple(out)


def _require_one_grid(images: Sequence[xr.DataArray]) -> None:
    last = images[-1]
    for name, image in zip(NAMES, images, strict=True):
        if image.ndim not in (2, 3) or image.dims != last.dims or image.shape != last.shape:
            raise RequestError(
                f"The {name} has {image.dims} of {image.shape}, the day's coarse image {last.dims} "
                f"of {last.shape}. Put all five on one grid, the fine one, before they are fused."
            )
        for axis in last.dims[-2:]:
            if axis in last.coords and axis in image.coords:
                apart = np.abs(image[axis].to_numpy() - last[axis].to_numpy()).max()
                step = abs(float(last[axis][1] - last[axis][0])) if last.sizes[axis] > 1 else 1.0
                if apart > 0.01 * step:
                    raise RequestError(
                        f"The {name} lies {apart:g} away along {axis} from the day's coarse image, "
                        f"whose pixels are {step:g}. Resample it to the same grid."
                    )
