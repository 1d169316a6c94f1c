"""How wide a model's interval is, and what that rests on in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.labels.splits import seasons_of
from rootzone.learning.samples.label_index import SIMULATED
from rootzone.networks.calibration import Calibration, calibrate

if TYPE_CHECKING:
    from rootzone.learning.race import HeldOut
    from rootzone.learning.samples.batches import SampleSet
    from rootzone.networks.validate import LabelValues

_SHARED = "; simulated values share the simulation's errors, so sensors will lie outside more often"
_PHYSICS = "; the error of physics between simulated soils is in it pixel by pixel"


def places_of(values: LabelValues, samples: SampleSet) -> IntArray:
    """Place of each value, by its number among the places of its labels."""
    labels = samples.patches.labels
    tile_px = labels.grid.tile_px
    pixel = labels.tile.astype(np.int64) * tile_px**2 + labels.row * tile_px + labels.col
    known, first = np.unique(pixel, return_index=True)
    tile = samples.patches.tile[values.sample].astype(np.int64)
    asked = tile * tile_px**2 + values.row * tile_px + values.col
    return np.asarray(labels.place[first[np.searchsorted(known, asked)]], dtype=np.int64)


def calibrated(
    values: LabelValues,
    place: AnyArray,
    coverage: float,
    source: str,
    *,
    places_train: bool = False,
    season: AnyArray | None = None,
    error: FloatArray | None = None,
) -> tuple[Calibration | None, str]:
    """Interval of a model from its held-out errors, and what it rests on in words.

    Whole places count, so that the interval holds at a place the model has not seen, and seasons
    with enough of them each by itself. With too few for that, days count each by itself; such an
    interval is too narrow at new places, and so is one from places that train on other dates
    (``places_train``). The words say so. The ``error`` of physics between simulated soils is given
    where the model reads physics [m3 m-3].
    """
    on = f"{len(np.unique(place))} {source} places, {values.observed.size} values held out"
    spread: FloatArray | None = values.spread
    try:
        fitted = calibrate(
            values.observed, values.predicted, spread, coverage, place, season, error
        )
    except RequestError:
        pass
    else:
        if places_train:
            on += "; these places train on other dates, so it is too narrow at new places"
        return fitted, on + _in_it(fitted, source)
    try:
        fitted = calibrate(values.observed, values.predicted, spread, coverage, error=error)
    except RequestError as none:
        return None, f"not calibrated: {none}"
    return fitted, f"{on}; too few places to count by place, so it is too narrow at new places"


def with_soil(fitted: Calibration, said: str, soil: dict[str, float]) -> tuple[Calibration, str]:
    """An interval from simulated labels, wider by what is not known of their soils.

    Simulated labels share the errors of their soils, so errors at held-out ones do not tell them.

    Parameters
    ----------
    fitted : Calibration
        From errors at simulated labels.
    said : str
        What it rests on.
    soil : dict of str to float
        Half-width for soils alone, by season [m3 m-3]; empty where labels have no spread.
    """
    if not soil:
        return fitted, said
    told = said.removesuffix(_SHARED) + "; the spread of labels among soils is added"
    return replace(fitted, soil=soil), told


def calibrated_apart(
    held: HeldOut, coverage: float, source: str, *, physics: bool = False
) -> tuple[Calibration, str] | None:
    """Interval from places that a choice of models put aside, where there are enough of them.

    Where the model reads ``physics``, its error between simulated soils is in every width.
    """
    error = held.error if physics and held.error.size else None
    try:
        season = seasons_of(held.date)
        fitted = calibrate(held.observed, held.predicted, None, coverage, held.place, season, error)
    except RequestError:
        return None
    said = f"{fitted.n_place} {source} places that auto put aside, {fitted.n} values held out"
    return fitted, said + _in_it(fitted, source)


def _in_it(fitted: Calibration, source: str) -> str:
    """What the errors of an interval hold besides the model's own."""
    said = _PHYSICS if fitted.physics else ""
    return said + (_SHARED if source == SIMULATED else "")
