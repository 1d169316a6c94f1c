"""What daily weather can be, which codes mean missing, and which unit would explain the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from rootzone._shared.arrays import FloatArray

# Both ends allowed. Rain: the wettest US day brought 1092 mm (Alvin, Texas, 1979).
DAILY_LIMITS: Mapping[str, tuple[float, float, str]] = {
    "rain_mm": (0.0, 1100.0, "mm d-1"),
    "tmax_degc": (-70.0, 60.0, "degC"),
    "tmin_degc": (-70.0, 45.0, "degC"),
    "tmean_degc": (-70.0, 50.0, "degC"),
    "soil_degc": (-50.0, 75.0, "degC"),
    "air_min_degc": (-70.0, 60.0, "degC"),
    "radn_mj_m2": (0.0, 45.0, "MJ m-2 d-1"),
    "rh_avg_pct": (0.0, 105.0, "%"),
    "vpd_kpa": (0.0, 15.0, "kPa"),
    "eo_mm": (0.0, 50.0, "mm d-1"),
    "pet_mm": (0.0, 30.0, "mm d-1"),
    "wind_m_s": (0.0, 60.0, "m s-1"),
}
_LOWEST = -90.0  # no water content, rain, temperature or radiation is lower; codes of missing are
_HIGH_CODES = (999.0, 999.9, 999.99, 9999.0, 9999.9, 32767.0, 65535.0, 99999.0)
_KELVIN_0 = 273.15
_DRIZZLE_MM = 0.3  # twenty wet days and none of them above this: no place on earth
_WET_DAYS = 20

Change = Callable[[FloatArray], FloatArray]
_TEMPERATURES: tuple[tuple[str, Change], ...] = (
    ("kelvin; take 273.15 away", lambda v: v - _KELVIN_0),
    ("degrees Fahrenheit; take 32 away and divide by 1.8", lambda v: (v - 32.0) / 1.8),
    ("tenths of a degree; divide by 10", lambda v: v / 10.0),
    ("hundredths of a kelvin; divide by 100 and take 273.15 away", lambda v: v / 100.0 - _KELVIN_0),
)
_OTHER_UNITS: Mapping[str, tuple[tuple[str, Change], ...]] = {
    "radn_mj_m2": (
        ("W m-2; multiply by 0.0864", lambda v: v * 0.0864),
        ("kJ m-2; divide by 1000", lambda v: v / 1000.0),
        ("J m-2; divide by 1,000,000", lambda v: v / 1e6),
    ),
    "rain_mm": (("micrometres; divide by 1000", lambda v: v / 1000.0),),
    "vpd_kpa": (
        ("hPa; divide by 10", lambda v: v / 10.0),
        ("Pa; divide by 1000", lambda v: v / 1000.0),
    ),
    "rh_avg_pct": (("hundredths of a percent; divide by 100", lambda v: v / 100.0),),
}


def without_codes(values: FloatArray) -> FloatArray:
    """Values with the usual codes of "missing" as NaN.

    Everything at or below -90 is one (-99, -99.9, -999, -6999, -9999 ...), and so are 999, 999.9,
    9999, 32767, 65535 and 99999. Give values as the file has them, before any unit is changed.

    Examples
    --------
    >>> without_codes(np.array([0.2, -9999.0, -99.9, 999.9])).tolist()
    [0.2, nan, nan, nan]
    """
    coded = (values <= _LOWEST) | np.isin(np.round(values, 2), _HIGH_CODES)
    return np.where(coded, np.nan, values)


def outside(name: str, values: FloatArray) -> FloatArray:
    """Mask of the values of a column that cannot be weather; NaN is not outside.

    Parameters
    ----------
    name : str
        Column, such as ``tmax_degc``; one without limits has nothing outside.
    values : array
        In the unit of the name.
    """
    low, high, _ = DAILY_LIMITS.get(name, (-np.inf, np.inf, ""))
    return np.asarray((values < low) | (values > high))


def likely_unit(name: str, values: FloatArray) -> str | None:
    """The unit that would explain a column, in words with the remedy; None where all is well.

    A column is doubted as a whole when more than one value in a hundred, and more than one, is
    outside its limits; when it is rain of many days without any above 0.3 mm (metres); and when it
    is humidity between 0 and 1.

    Examples
    --------
    >>> likely_unit("tmax_degc", np.array([293.1, 295.0, 290.2]))
    'looks like kelvin; take 273.15 away'
    >>> likely_unit("tmax_degc", np.array([20.0, 22.0, 17.0])) is None
    True
    """
    known = values[np.isfinite(values)]
    if not known.size:
        return None
    if name == "rain_mm":
        wet = known[known > 0]
        if wet.size >= _WET_DAYS and float(wet.max()) <= _DRIZZLE_MM:
            return "looks like metres; multiply by 1000"
    if name == "rh_avg_pct" and known.size >= _WET_DAYS and float(known.max()) <= 1.0:
        return "looks like a fraction; multiply by 100"
    wrong = outside(name, known)
    if wrong.sum() < 2 or wrong.mean() <= 0.01:
        return None
    fitting = _TEMPERATURES if name.endswith("_degc") else _OTHER_UNITS.get(name, ())
    for words, change in fitting:
        if not outside(name, change(known)).any():
            return f"looks like {words}"
    return "is in no unit that would explain it"
