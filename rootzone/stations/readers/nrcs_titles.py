"""What a column of an NRCS report is: whose, of what, how deep, in which unit, at which moment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rootzone.stations.sensor_depth import metres_from_inches
from rootzone.stations.series import END_LST, MEAN_LST, START_LST

MOISTURE, SOIL, RAIN = "moisture", "soil_degc", "rain_mm"
AIR = {"Maximum": "tmax_degc", "Minimum": "tmin_degc", "Average": "tmean_degc"}

# Titles as `_plain` writes them: one space between words, no brackets or points.
_OWNER = r"^(?:(?P<owner>.*? )?(?P<number>\d{2,5}) )?"
_DEPTH = r"-?(?P<depth>\d+(?:\.\d+)?) ?(?P<length>in|cm)\b"
_UNIT, _WHEN = r"(?: (?P<unit>pct|percent|%|degF|degC|in|mm|cm))?", r"(?: (?P<when>[A-Za-z ]*?))?"
_REST = rf"{_UNIT}{_WHEN}(?: (?P<copy>\d))?$"
_KINDS = (
    (MOISTURE, re.compile(rf"{_OWNER}Soil Moisture Percent {_DEPTH}{_REST}", re.IGNORECASE)),
    (SOIL, re.compile(rf"{_OWNER}Soil Temperature(?: Observed)? {_DEPTH}{_REST}", re.IGNORECASE)),
    (RAIN, re.compile(rf"{_OWNER}Precipitation Increment{_REST}", re.IGNORECASE)),
    ("air", re.compile(rf"{_OWNER}Air Temperature (?P<extreme>\w+){_REST}", re.IGNORECASE)),
)
_MOMENTS = {
    "": MEAN_LST,
    "start of day values": START_LST,
    "end of day values": END_LST,
    "start of hour values": MEAN_LST,
    "mean of hourly values": MEAN_LST,
    "observed": MEAN_LST,
}
_SPEAKS_OF_MOISTURE = re.compile(r"Soil[ .]Moisture", re.IGNORECASE)


@dataclass(frozen=True)
class Title:
    """A column of a report.

    Parameters
    ----------
    quantity : str
        ``moisture``, ``soil_degc``, ``rain_mm``, ``tmax_degc``, ``tmin_degc`` or ``tmean_degc``.
    number : str
        Station named in the title; empty where none is.
    depth_m : float
        Depth of a sensor [m]; 0 for what has none.
    unit : str
        As the title says, in lower case; empty where it does not.
    day_kind : str
        What a daily value of the column is.
    """

    quantity: str
    number: str
    depth_m: float
    unit: str
    day_kind: str


def title_of(name: str) -> Title | None:
    """The column that a title names; None where it is no reading of its day.

    A change, last year's value, a normal or a median is none, though it speaks of soil moisture.

    Examples
    --------
    >>> title_of("Soil Moisture Percent -8in (pct) Start of Day Values").depth_m
    0.203
    >>> title_of("Change In Soil Moisture Percent -8in (pct)") is None
    True
    """
    plain = re.sub(r"[\s.()\[\]]+", " ", re.sub(r"(\d)\.(\d+ ?(?:in|cm))", r"\1_\2", name)).strip()
    plain = plain.replace("_", ".") if re.search(r"\d_\d", plain) else plain
    for quantity, pattern in _KINDS:
        match = pattern.match(plain)
        if match is None:
            continue
        found = match.groupdict()
        when = (found["when"] or "").strip().lower()
        if when not in _MOMENTS:
            return None
        if quantity == "air":
            quantity = AIR.get(found["extreme"].capitalize(), "")
            if not quantity:
                return None
        depth = float(found.get("depth") or 0.0)
        depth_m = metres_from_inches(depth) if found.get("length") == "in" else depth / 100.0
        unit = (found["unit"] or "").lower()
        return Title(quantity, found["number"] or "", depth_m, unit, _MOMENTS[when])
    return None


def speaks_of_moisture(name: str) -> bool:
    """Whether a title has soil moisture in it, a reading or not."""
    return bool(_SPEAKS_OF_MOISTURE.search(name))
