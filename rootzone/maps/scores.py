r"""How good a map is where the truth is known at every pixel, and whether it has a pattern.

A network may print its own lattice on a map: transposed convolutions of stride 2 in three levels
leave a pattern that repeats every 8 pixels. It is seen by its phase means: the field less its mean
over a box, averaged over all pixels with the same row and column modulo 8. A land without such a
lattice has phase means near 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import uniform_filter

from rootzone._shared.arrays import AnyArray, FloatArray

PERIOD_PX: Final = 8
BOX_PX: Final = 17


@dataclass(frozen=True)
class MapScores:
    """A map against the truth.

    Parameters
    ----------
    n : int
        Pixels that both have.
    bias, rmse, mae : float
        Mean, root mean square and mean absolute difference [m3 m-3].
    r2 : float
        Share of the truth's variance explained; NaN where the truth is flat.
    detail : float
        Standard deviation of the map finer than the box over that of the truth: 1 is right, less
        is too smooth, more has detail of its own.
    detail_r : float
        Correlation of the two details; NaN where one is flat.
    edge_ratio : float
        Mean step between neighbours where the truth's steps are the steepest tenth, over the
        truth's: how sharp the map is at soil boundaries.
    pattern : float
        Standard deviation of the map's phase means less those of the truth [m3 m-3].
    """

    n: int
    bias: float
    rmse: float
    mae: float
    r2: float
    detail: float
    detail_r: float
    edge_ratio: float
    pattern: float


def fine(field: FloatArray, box_px: int = BOX_PX) -> FloatArray:
    """The field less its mean over a box; NaN where either is not known.

    The mean is over the known pixels of the box.

    Examples
    --------
    A plane has no detail: away from its edges it is the mean of any box around it.

    >>> plane = np.add.outer(np.arange(9.0), np.arange(9.0))
    >>> float(abs(fine(plane, 3)[1:-1, 1:-1]).max()) < 1e-12
    True
    """
    known = np.isfinite(field)
    share = uniform_filter(known.astype(np.float64), box_px, mode="constant")
    mean = uniform_filter(np.where(known, field, 0.0), box_px, mode="constant")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(known, field - mean / share, np.nan))


def phase_means(field: FloatArray, period_px: int = PERIOD_PX, box_px: int = BOX_PX) -> FloatArray:
    """Means of the field's detail over all pixels of one phase, shape (period, period).

    Examples
    --------
    >>> stripes = np.tile([1.0, 0.0, 0.0, 0.0], (64, 16))
    >>> phase_means(stripes, 4, 16)[0].round(2).tolist()
    [0.75, -0.25, -0.25, -0.25]
    """
    detail = fine(field, box_px)
    inner = detail[box_px:-box_px, box_px:-box_px]
    row, col = np.mgrid[0 : inner.shape[0], 0 : inner.shape[1]]
    phase = (row % period_px * period_px + col % period_px)[np.isfinite(inner)]
    values = inner[np.isfinite(inner)]
    counts = np.bincount(phase, minlength=period_px**2)
    sums = np.bincount(phase, values, minlength=period_px**2)
    return np.asarray((sums / np.maximum(counts, 1)).reshape(period_px, period_px))


def pattern_of(field: FloatArray, period_px: int = PERIOD_PX) -> float:
    """Spread of the phase means, largest less smallest [m3 m-3]."""
    return float(np.ptp(phase_means(field, period_px)))


def score_map(theta: FloatArray, truth: FloatArray) -> MapScores:
    """A map against the truth of the same pixels.

    Parameters
    ----------
    theta, truth : array, shape (row, col)
        Water content [m3 m-3]; NaN where not known.
    """
    both = np.isfinite(theta) & np.isfinite(truth)
    off = (theta - truth)[both]
    if off.size == 0:
        nothing = (float("nan"),) * 8
        return MapScores(0, *nothing)
    detail, wanted = fine(np.where(both, theta, np.nan)), fine(np.where(both, truth, np.nan))
    mine, theirs = detail[both], wanted[both]
    variance = float(np.var(truth[both]))
    square = float(np.mean(off**2))
    flat = min(float(np.std(mine)), float(np.std(theirs))) <= 0.0
    own = phase_means(theta) - phase_means(truth)
    return MapScores(
        int(off.size),
        float(off.mean()),
        square**0.5,
        float(np.abs(off).mean()),
        1.0 - square / variance if variance > 0 else float("nan"),
        float(np.std(mine) / np.std(theirs)) if np.std(theirs) > 0 else float("nan"),
        float("nan") if flat else float(np.corrcoef(mine, theirs)[0, 1]),
        _edge_ratio(theta, truth),
        float(np.ptp(own)),
    )


def _edge_ratio(theta: FloatArray, truth: FloatArray) -> float:
    """Steps of the map over steps of the truth, where the truth's are the steepest tenth."""
    step, true = np.abs(np.diff(theta, axis=1)), np.abs(np.diff(truth, axis=1))
    both = np.isfinite(step) & np.isfinite(true)
    if not both.any():
        return float("nan")
    steep = both & (true >= np.quantile(true[both], 0.9)) & (true > 0.0)
    total = float(true[steep].mean()) if steep.any() else 0.0
    return float(step[steep].mean()) / total if total > 0 else float("nan")


def spectrum(field: FloatArray, edges_px: AnyArray | None = None) -> tuple[FloatArray, FloatArray]:
    """Variance of a field by wavelength, for the largest square without gaps at its middle.

    Parameters
    ----------
    field : array, shape (row, col)
        Water content [m3 m-3]; gaps are filled with the mean.
    edges_px : array, optional
        Edges of the classes of wavelength [px]; octaves from 2 px by default.

    Returns
    -------
    wavelength_px : array, shape (class,)
        Geometric middle of each class.
    variance : array, shape (class,)
        Variance in it [(m3 m-3)2]; all classes together make the variance of the windowed field.
    """
    mean = np.nanmean(field)
    values = np.where(np.isfinite(field), field, mean) - mean
    height, width = values.shape
    taper = np.outer(np.hanning(height), np.hanning(width))
    values = values * taper / np.sqrt(np.mean(taper**2))
    power = np.abs(np.fft.fft2(values)) ** 2 / values.size**2
    down, right = np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]
    frequency = np.hypot(down, right)
    if edges_px is None:
        longest = max(4.0, min(height, width))
        edges_px = 2.0 ** np.arange(0.5, np.log2(longest) + 0.5)
    with np.errstate(divide="ignore"):
        wavelength = 1.0 / frequency
    which = np.digitize(wavelength.ravel(), edges_px)
    sums = np.bincount(which, power.ravel(), minlength=len(edges_px) + 1)[1 : len(edges_px)]
    return np.asarray(np.sqrt(edges_px[:-1] * edges_px[1:])), np.asarray(sums, dtype=np.float64)
