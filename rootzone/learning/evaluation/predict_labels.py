"""What a trained model says at labelled pixels, with all the neighbours that have a say."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone.covariates.grid import Window
from rootzone.labels.splits import seasons_of
from rootzone.learning.fallback import fallback_of
from rootzone.learning.fallback_inputs import land_features, physics_at, physics_error_at
from rootzone.learning.scene.expand import expand
from rootzone.learning.scene.land import inside_of
from rootzone.networks.channels import SURFACE

if TYPE_CHECKING:
    from rootzone.learning.samples.label_index import GridLabels
    from rootzone.learning.scene.scene import Scene
    from rootzone.networks.bundle import Bundle

_BATCH_PX = 160_000  # pixels the network takes at a time, halo included; bounds memory


@dataclass(frozen=True)
class LabelPrediction:
    """Predictions in the order of the labels.

    Parameters
    ----------
    theta : array, shape (label,)
        Water content [m3 m-3].
    low, high : array, shape (label,)
        Ends of the calibrated interval [m3 m-3]; NaN without a calibration.
    interval_pct : float
        Its level: the share of new places it was made to hold [%].
    """

    theta: FloatArray
    low: FloatArray
    high: FloatArray
    interval_pct: float = math.nan


def predict_labels(bundle: Bundle, scene: Scene, labels: GridLabels) -> LabelPrediction:
    """Predict the pixel and day of every label.

    In each tile only the window round its labelled pixels is predicted, with the network's whole
    halo: a value is that of a map without seams, physics as it is where the model falls back to
    it. As in a map, the halo ends where the land ends, and only there the network's padding has a
    say.

    Parameters
    ----------
    bundle : Bundle
        The model.
    scene : Scene
        Covariates, with the model's features.
    labels : GridLabels
        Where and when; their water content is not looked at.
    """
    theta, spread = np.full((2, len(labels)), np.nan)
    for tile in np.unique(labels.tile):
        rows = np.flatnonzero(labels.tile == tile)
        for some, told, at in _of_tile(bundle, scene, labels, rows):
            theta[some] = told.theta.double().cpu().numpy()[at]
            if told.spread is not None:
                spread[some] = told.spread.double().cpu().numpy()[at]
    rule, instead = fallback_of(bundle.info), np.zeros(len(labels), dtype=bool)
    if rule is not None and len(labels):
        sites, place = land_features(scene, labels)
        instead = rule.instead(sites.numbers)[place]
        theta = np.where(instead, physics_at(scene, labels), theta)
    if bundle.calibration is None:
        none = np.full(len(labels), np.nan)
        return LabelPrediction(theta, none, none)
    scaled = spread if bundle.calibration.scaled else None
    season = seasons_of(labels.date)
    error = None
    if bundle.calibration.physics or (rule is not None and rule.physics.physics):
        error = physics_error_at(scene, labels, bundle.calibration.coverage)
    low, high = bundle.calibration.interval(theta, scaled, season, error)
    if rule is not None:
        own = rule.physics.interval(theta, None, season, error)
        low, high = (np.where(instead, a, b) for a, b in zip(own, (low, high), strict=True))
    return LabelPrediction(theta, low, high, 100.0 * bundle.calibration.coverage)


@dataclass(frozen=True)
class _Told:
    theta: Tensor
    spread: Tensor | None


def _of_tile(
    bundle: Bundle, scene: Scene, labels: GridLabels, rows: IntArray
) -> Iterator[tuple[IntArray, _Told, tuple[AnyArray, ...]]]:
    """Labels of some days of a tile, the fields predicted, and where in them each label lies."""
    row, col = labels.pixel_row[rows], labels.pixel_col[rows]
    round_them = window_round(row, col, bundle.config.stride_px, bundle.config.halo_px)
    window = inside_of(round_them, scene.grid)
    assert window is not None  # noqa: S101 - labels lie on the grid
    parts = _WindowParts(bundle, scene, window)
    dates, of_date = np.unique(labels.date[rows], return_inverse=True)
    size = max(1, _BATCH_PX // (window.height * window.width))
    for start in range(0, len(dates), size):
        told = parts.predict(dates[start : start + size])
        here = (of_date >= start) & (of_date < start + size)
        some = rows[here]
        at = (
            of_date[here] - start,
            labels.depth[some].astype(np.int64),
            row[here] - window.row,
            col[here] - window.col,
        )
        yield some, told, at


def window_round(row: IntArray, col: IntArray, stride: int, halo: int) -> Window:
    """The smallest window round some pixels that starts and ends on the stride, halo added.

    Examples
    --------
    >>> window_round(np.array([9, 17]), np.array([3, 3]), stride=8, halo=16)
    Window(row=-8, col=-16, height=48, width=40)
    """
    top, left = int(row.min()) // stride * stride, int(col.min()) // stride * stride
    bottom = (int(row.max()) // stride + 1) * stride
    right = (int(col.max()) // stride + 1) * stride
    return Window(top, left, bottom - top, right - left).padded(halo)


class _WindowParts:
    """A window's land and weather cells, read once for all its days."""

    def __init__(self, bundle: Bundle, scene: Scene, window: Window) -> None:
        self._bundle, self._scene, self._window = bundle, scene, window
        where = scene.cells(window)
        self._cells, local = np.unique(where.index, return_inverse=True)
        device = bundle.device
        self._static = torch.from_numpy(scene.static(window)).to(device)
        index = local.reshape(where.index.shape).astype(np.int32)
        self._index = torch.from_numpy(index).to(device)
        self._weight = None
        if len(where.index) > 1:
            self._weight = torch.from_numpy(where.weight).to(device)
        self._soil = torch.from_numpy(scene.soil(window, bundle.depths_mm)).to(device)

    def predict(self, dates: AnyArray) -> _Told:
        """Fields of some days, shape (day, depth, row, col)."""
        scene, n = self._scene, len(dates)
        weather = scene.weather
        day = weather.day_index(dates)
        table = weather.values[day[:, None], np.minimum(self._cells, weather.n_cell - 1)]
        table[:, self._cells == weather.n_cell] = np.nan
        x = expand(
            _repeated(self._static, n),
            _repeated(self._index, n),
            None if self._weight is None else _repeated(self._weight, n),
            torch.from_numpy(table).to(self._static.device),
            self._surface(dates),
            scene.spec,
        )
        told = self._bundle.predict(x, _repeated(self._soil, n))
        return _Told(told.theta, told.spread)

    def _surface(self, dates: AnyArray) -> Tensor | None:
        if not self._scene.spec.of_origin(SURFACE):
            return None
        fields = [self._scene.surface(date, self._window) for date in dates]
        return torch.from_numpy(np.stack(fields)).to(self._static.device)


def _repeated(values: Tensor, n: int) -> Tensor:
    return values[None].expand(n, *values.shape)
