"""How near a field comes to its target and to stations: MAE, PSNR, SSIM."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone.surface.extents.channels import SURFACE_SPEC
from rootzone.surface.extents.extents import window_of
from rootzone.surface.extents.open_extents import OpenExtents

if TYPE_CHECKING:
    from rootzone.surface.extents.predict import Predictor

_SIGMA, _RADIUS = 1.5, 5  # a window of 11 x 11 (Wang and others 2004, doi:10.1109/TIP.2003.819861)
_C1, _C2 = 0.01**2, 0.03**2  # of a range of 1
_SMAP: Final = SURFACE_SPEC.names.index("smap")


def psnr_db(told: AnyArray, target: AnyArray) -> float:
    """Peak signal to noise [dB] with a peak of 1; over pixels known in both.

    Examples
    --------
    An error of 0.1 everywhere is 20 dB:

    >>> round(psnr_db(np.full((2, 2), 0.3), np.full((2, 2), 0.2)), 6)
    20.0
    """
    known = np.isfinite(told) & np.isfinite(target)
    error = float(np.mean((told[known] - target[known]) ** 2)) if known.any() else np.nan
    return float(-10.0 * np.log10(error)) if error > 0.0 else np.inf


def ssim(told: AnyArray, target: AnyArray) -> float:
    r"""Structural similarity, mean over whole windows of pixels known in both; range 1.

    .. math::
        \frac{(2 \mu_x \mu_y + c_1)(2 \sigma_{xy} + c_2)}
             {(\mu_x^2 + \mu_y^2 + c_1)(\sigma_x^2 + \sigma_y^2 + c_2)}

    Examples
    --------
    >>> field = np.random.default_rng(0).random((20, 20))
    >>> round(ssim(field, field), 6)
    1.0
    """
    known = np.isfinite(told) & np.isfinite(target)
    x, y = (np.where(known, v, 0.0).astype(np.float64) for v in (told, target))
    mean_x, mean_y = _blurred(x), _blurred(y)
    var_x, var_y = _blurred(x * x) - mean_x**2, _blurred(y * y) - mean_y**2
    both = _blurred(x * y) - mean_x * mean_y
    local = (2 * mean_x * mean_y + _C1) * (2 * both + _C2)
    local /= (mean_x**2 + mean_y**2 + _C1) * (var_x + var_y + _C2)
    whole = _blurred(known.astype(np.float64)) > 1.0 - 1e-9
    whole[:_RADIUS] = whole[-_RADIUS:] = False
    whole[:, :_RADIUS] = whole[:, -_RADIUS:] = False
    return float(local[whole].mean()) if whole.any() else float("nan")


def _blurred(values: FloatArray) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    out: FloatArray = gaussian_filter(values, _SIGMA, truncate=_RADIUS / _SIGMA)
    return out


def against_target(
    land: OpenExtents, seed: int, extent: int, day: date, told: AnyArray
) -> dict[str, Any]:
    """Figures of an extent and day against the target."""
    target = land.y(window_of(land.grid, int(land.extents.tile[extent])), day)
    off = np.abs(told - target)
    return {
        "seed": seed, "extent": extent, "date": day,
        "mae": float(np.nanmean(off)) if np.isfinite(off).any() else float("nan"),
        "psnr": psnr_db(told, target), "ssim": ssim(told, target),
    }  # fmt: skip


def at_stations(
    land: OpenExtents,
    seed: int,
    extent: int,
    day: date,
    told: AnyArray,
    test: BoolArray,
    predictor: Predictor,
) -> list[dict[str, Any]]:
    """What networks, target and coarse product say at the left-out stations of an extent."""
    window = window_of(land.grid, int(land.extents.tile[extent]))
    target, smap = land.y(window, day), land.dynamic(window, day)[0][-1]
    channel, seats = SURFACE_SPEC.channels[_SMAP], land.places
    values, rows = land.station_values(day), []
    mine = test & (land.extents.of_station == extent) & np.isfinite(values)
    for k in np.flatnonzero(mine).tolist():
        at = int(seats.row[k]) - window.row, int(seats.col[k]) - window.col
        tile = int(land.extents.tile[extent])
        place = divmod(tile, land.grid.tiles_across)
        rows.append(
            {"split": "stations", "seed": seed, "station": seats.name[k], "date": day,
             "observed": float(values[k]),
             "smap": float(smap[at]) * (channel.high - channel.low) + channel.low,
             "target": float(target[at]), "deepsoil": float(told[at]),
             "cluster": int(predictor.nearest[place]),
             "like_training": bool(predictor.like_training[place])}
        )  # fmt: skip
    return rows
