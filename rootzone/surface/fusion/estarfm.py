"""ESTARFM: a fine image of a day that has only a coarse one, from two pairs of both.

Zhu et al. (2010) predict the change of each pixel from the coarse change of similar neighbours,
weighted by how alike the two sensors are there and how near they lie. Where the two sensors differ
by more than noise (surface temperature of Landsat and MODIS: several kelvins), the plain form
carries that difference into the result; the unbiased form of Yu et al. (2023) first shifts the fine
images to the coarse mean of the similar pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.errors import RequestError

Pair = tuple[AnyArray, AnyArray]


def estarfm(
    pairs: Sequence[Pair],
    coarse: AnyArray,
    *,
    bounds: tuple[float, float],
    unbiased: bool = False,
    half_px: int = 25,
    classes: int = 4,
    similarity_sd: float | None = None,
    sd_block_px: int | None = None,
    mask: AnyArray | None = None,
) -> FloatArray:
    r"""Fine image of a day, from two pairs of images and the coarse image of that day.

    Per pixel: similar neighbours are those within ``similarity_sd`` standard deviations on both
    dates in every band; their coarse changes are averaged with weights
    :math:`1 / ((1 - R)\, d + 10^{-7})`, converted by the slope of fine on coarse values where that
    is significant, added to each pair's fine value, and the two answers joined by how little the
    coarse window changed since each pair.

    Parameters
    ----------
    pairs : two pairs of arrays
        ``(fine, coarse)`` of a day before and a day after, each of shape (row, column) or (band,
        row, column), all on the fine grid; NaN where unknown. A masked array's mask counts.
    coarse : array, shape as the others
        Coarse image of the day asked for.
    bounds : tuple of float
        Values that a result lies between, in the images' unit. The upper one is also the measure of
        a change large enough to tell a conversion (2 % of it), so it depends on the unit.
    unbiased : bool
        The unbiased form; use it for temperatures of two sensors. It converts nothing (slope 1).
    half_px : int
        Half-width w of the window; 25 means 51 x 51 pixels.
    classes : int
        Land-cover classes expected in a scene; similarity is ``2 / classes`` standard deviations.
    similarity_sd : float, optional
        Said outright instead.
    sd_block_px : int, optional
        Side of the blocks that standard deviations are taken over; the whole scene by default.
    mask : array of bool, shape (row, column), optional
        Pixels to use.

    Returns
    -------
    array, shape as ``coarse``
        Fine image of the day; NaN where any of the five images is unknown.

    Raises
    ------
    RequestError
        Shapes differ, an image holds no value or one value only, nothing is known in all five.

    References
    ----------
    Zhu, X., et al. (2010), doi:10.1016/j.rse.2010.05.032. Yu, Y., et al. (2023),
    doi:10.1016/j.rse.2023.113784 (unbiased form).

    Examples
    --------
    Where both sensors see the same on all days, the day's fine image is its coarse one:

    >>> rng = np.random.default_rng(0)
    >>> one, two, day = rng.uniform(0.2, 0.8, (3, 8, 8))
    >>> out = estarfm([(one, one), (two, two)], day, bounds=(0.0, 1.0), half_px=3)
    >>> bool(np.allclose(out, day))
    True
    """
    if len(pairs) != 2:
        raise RequestError(f"ESTARFM takes two pairs of images, not {len(pairs)}.")
    if half_px < 1:
        raise RequestError(f"half_px is {half_px}; a window reaches 1 pixel or more.")
    if not bounds[0] < bounds[1]:
        raise RequestError(f"bounds {bounds} are no range.")
    images = _images(pairs, coarse)
    valid = _valid(images, mask)
    fine = np.stack([images[0], images[2]])
    block = sd_block_px or max(valid.shape)
    limits = (2.0 / classes if similarity_sd is None else similarity_sd) * _spreads(fine, block)
    out = fuse_images(images, valid, limits, block, bounds, unbiased, half_px)
    return out[0] if np.ndim(coarse) == 2 else out


def fuse_images(
    images: Sequence[FloatArray],
    valid: BoolArray,
    limits: FloatArray,
    limit_block_px: int,
    bounds: tuple[float, float],
    unbiased: bool,
    half_px: int,
    wanted: BoolArray | None = None,
) -> FloatArray:
    """The day's fine image of five checked images, or of a part of a scene with its rim.

    Parameters
    ----------
    images : five arrays, shape (band, row, column)
        Fine and coarse of the first pair, of the second, coarse of the day.
    valid : array of bool, shape (row, column)
        Pixels to use.
    limits : array, shape (2, band, block row, block column)
        Largest difference of a similar pixel.
    limit_block_px : int
        Side of such a block.
    bounds, unbiased, half_px
        As in `estarfm`.
    wanted : array of bool, shape (row, column), optional
        Pixels to make; all by default. The values are the same.
    """
    from scipy.stats import f as f_distribution

    from rootzone.surface.fusion.similar_kernel import fuse_rows
    from rootzone.surface.fusion.window_sums import window_means

    # Sums run over whole windows: what is not to be used is 0 there, and so is its weight.
    known = [np.where(valid, image, 0.0) for image in images]
    fine, rough, today = np.stack(known[0:3:2]), np.stack(known[1:4:2]), known[4]

    def means(of: AnyArray) -> FloatArray:
        return np.stack([window_means(band, valid, half_px) for band in of])

    rough_means = np.stack([means(today), means(rough[0]), means(rough[1])])
    bias = np.zeros(fine.shape)
    if unbiased:
        bias = rough_means[1:] - np.stack([means(fine[0]), means(fine[1])])
    steps = np.arange(-half_px, half_px + 1)
    distance = 1.0 + np.hypot(steps[:, None], steps[None, :]) / half_px
    critical = np.full(distance.size + 1, np.inf)
    critical[2:] = f_distribution.isf(0.05, 1, 2 * np.arange(2, distance.size + 1) - 2)
    out: FloatArray = fuse_rows(
        fine,
        rough,
        today - rough,
        valid,
        valid if wanted is None else wanted,
        rough_means,
        bias,
        limits,
        limit_block_px,
        distance,
        critical,
        (float(bounds[0]), float(bounds[1])),
        unbiased,
        half_px,
    )
    return out


NOTHING_KNOWN = (
    "No pixel is known in all five images: the pairs do not overlap in place, or clouds cover one "
    "where the other is clear. Choose other days."
)
NAMES = ("fine image 1", "coarse image 1", "fine image 2", "coarse image 2", "coarse image")


def _images(pairs: Sequence[Pair], coarse: AnyArray) -> list[FloatArray]:
    given = [pairs[0][0], pairs[0][1], pairs[1][0], pairs[1][1], coarse]
    out = []
    for name, image in zip(NAMES, given, strict=True):
        filled = np.ma.filled(np.ma.asarray(image, dtype=np.float64), np.nan)
        if filled.ndim not in (2, 3):
            raise RequestError(f"The {name} has {filled.ndim} axes, not (band, row, column).")
        out.append(np.ascontiguousarray(filled if filled.ndim == 3 else filled[None]))
    shape = out[-1].shape
    for name, image in zip(NAMES, out, strict=True):
        if image.shape != shape:
            raise RequestError(
                f"The {name} has the shape {image.shape}, the day's coarse image {shape} (band, "
                "row, column). Put all five on one grid, the fine one, before they are fused."
            )
        for b, band in enumerate(image):
            known = band[np.isfinite(band)]
            if known.size == 0:
                raise RequestError(f"The {name} holds no value in band {b}: clouds everywhere?")
            if name.startswith("fine") and known.min() == known.max():
                raise RequestError(
                    f"The {name} is {known[0]:g} everywhere in band {b}: nothing in it tells "
                    "similar pixels apart. Leave the band out, or another pair."
                )
    return out


def _valid(images: Sequence[FloatArray], mask: AnyArray | None) -> BoolArray:
    valid: BoolArray = np.logical_and.reduce([np.isfinite(image).all(axis=0) for image in images])
    if mask is not None:
        if np.shape(mask) != valid.shape:
            raise RequestError(f"The mask has the shape {np.shape(mask)}, not {valid.shape}.")
        valid &= np.asarray(mask, dtype=bool)
    if not valid.any():
        raise RequestError(NOTHING_KNOWN)
    return valid


def _spreads(fine: FloatArray, block_px: int) -> FloatArray:
    """Standard deviation (n - 1) of known pixels by date, band, block row and block column."""
    rows, cols = fine.shape[2:]
    down, across = -(-rows // block_px), -(-cols // block_px)
    out = np.zeros((*fine.shape[:2], down, across))
    for k, b, i, j in np.ndindex(out.shape):
        here = (slice(i * block_px, (i + 1) * block_px), slice(j * block_px, (j + 1) * block_px))
        out[k, b, i, j] = spread_of(fine[k, b][here])
    return out


def spread_of(band: AnyArray) -> float:
    """Standard deviation (n - 1) of the known pixels of one band, 0 where fewer than two.

    Rows are summed one by one and their sums exactly, so a band read in strips of whole rows gives
    the same bits (`row_sums`, `mean_of_rows`, `row_squares`, `spread_of_rows`).
    """
    mean = mean_of_rows(row_sums(band))
    return spread_of_rows(row_squares(band, mean))


def row_sums(band: AnyArray) -> FloatArray:
    """Number of known pixels of each row and their sum, shape (row, 2)."""
    known = np.isfinite(band)
    return np.stack([known.sum(axis=1), np.where(known, band, 0.0).sum(axis=1)], axis=1)


def mean_of_rows(sums: FloatArray) -> float:
    """Mean of a band from the numbers and sums of its rows; 0 where nothing is known."""
    n = float(sums[:, 0].sum())
    return math.fsum(sums[:, 1]) / n if n else 0.0


def row_squares(band: AnyArray, mean: float) -> FloatArray:
    """Number of known pixels of each row and the sum of their squares about a mean."""
    known = np.isfinite(band)
    squares = np.where(known, (band - mean) ** 2, 0.0).sum(axis=1)
    return np.stack([known.sum(axis=1), squares], axis=1)


def spread_of_rows(squares: FloatArray) -> float:
    """Standard deviation (n - 1) from the squares of rows; 0 of fewer than two pixels."""
    n = float(squares[:, 0].sum())
    return math.sqrt(math.fsum(squares[:, 1]) / (n - 1.0)) if n > 1.0 else 0.0
