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
_SHALLOWEST_M = 0.01
_UNITS = {"depth_cm": 0.01, "depth_mm": 0.001, "depth_in": M_PER_INCH, "depth_m": 1.0}


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


def believable(depth_m: FloatArray, name: str, where: str) -> FloatArray:
    """The same depths, unless no sensor lies so deep or so shallow.

    Raises
    ------
    RequestError
        A depth is below 3 m, or above 1 cm without being 0, with the factor that would mend it.
    """
    known = depth_m[np.isfinite(depth_m)]
    shallow = known[(known > 0) & (known < _SHALLOWEST_M)]
    deep = known[known > _DEEPEST_M]
    if not (shallow.size or deep.size):
        return depth_m
    seen = float(shallow[0] if shallow.size else deep[0])
    better = next(
        (
            unit
            for unit, metres in _UNITS.items()
            if unit != name
            and ((known == 0) | (known / _UNITS[name] * metres >= _SHALLOWEST_M)).all()
            and (known / _UNITS[name] * metres <= _DEEPEST_M).all()
        ),
        "",
    )
    raise RequestError(
        f"{where}: {name} {seen / _UNITS[name]:g} is a sensor at {seen:g} m, and none lies there. "
        + (f"Are these {better}? Name the column so." if better else "Mend the depths.")
    )


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
        return believable(np.abs(values), "depth_m", where), None
    inches, centimetres = distinct <= _INCHES, distinct <= _CENTIMETRES
    if inches and not centimetres:
        return np.round(np.abs(values) * M_PER_INCH, 3), DEPTH_IN_INCHES
    if centimetres and not inches:
        return np.abs(values) / 100.0, DEPTH_IN_CM
    raise RequestError(
        f"{where}: depths {sorted(distinct)} are not metres, and it cannot be told whether they "
        "are inches or centimetres. Name the column depth_m, depth_cm or depth_in."
    )
