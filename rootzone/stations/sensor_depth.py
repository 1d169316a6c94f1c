"""Depths of sensors: their units, and which of them count as a label depth."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import BoolArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.stations.series import DEPTH_IN_CM, DEPTH_IN_INCHES

M_PER_INCH = 0.0254
_INCHES = frozenset({2.0, 4.0, 8.0, 20.0, 40.0})  # NRCS probes
_CENTIMETRES = frozenset({5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0})
_DEEPEST_M = 3.0  # no station probe lies deeper; a larger number is not in metres
TOLERANCE_M = 0.01


def metres_from_inches(depth_in: float) -> float:
    """Depth in metres, to the millimetre as networks record it: 8 inches are 0.203 m."""
    return round(abs(depth_in) * M_PER_INCH, 3)


def matches(depth_m: FloatArray | float, wanted_m: float, tolerance_m: float) -> BoolArray:
    """Whether sensor depths count as a label depth.

    Parameters
    ----------
    depth_m : array or float
        Sensor depths [m].
    wanted_m : float
        Label depth [m].
    tolerance_m : float
        Largest distance that still counts [m]; a sensor exactly that far away counts.

    Examples
    --------
    >>> bool(matches(0.203, 0.20, 0.01))
    True
    """
    return np.asarray(np.abs(np.asarray(depth_m) - wanted_m) <= tolerance_m + 1e-9)


def depths_in_metres(values: FloatArray, where: str) -> tuple[FloatArray, str | None]:
    """Depths of a column that says metres, brought to metres where it cannot be.

    Parameters
    ----------
    values : array, shape (row,)
        Depths as given.
    where : str
        File and column, for the error.

    Returns
    -------
    depth_m : array, shape (row,)
        Depths [m].
    finding : str or None
        ``DEPTH_IN_INCHES`` or ``DEPTH_IN_CM`` where that is what they were.

    Raises
    ------
    RequestError
        The numbers are too large for metres, but fit inches and centimetres alike, or neither.
    """
    distinct = {round(abs(float(v)), 4) for v in np.unique(values[np.isfinite(values)])}
    if all(v <= _DEEPEST_M for v in distinct) and not distinct <= {2.0}:
        return np.asarray(np.abs(values)), None
    inches, centimetres = distinct <= _INCHES, distinct <= _CENTIMETRES
    if inches and not centimetres:
        return np.round(np.abs(values) * M_PER_INCH, 3), DEPTH_IN_INCHES
    if centimetres and not inches:
        return np.abs(values) / 100.0, DEPTH_IN_CM
    raise RequestError(
        f"{where}: depths {sorted(distinct)} are not metres, and it cannot be told whether they "
        "are inches or centimetres. Name the column depth_m, depth_cm or depth_in."
    )
