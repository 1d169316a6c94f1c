"""What every station reader hands out: sensors with their readings, and the station's weather."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray

# What the date of a value means, by name; `docs/stations.md` says which network has which.
MEAN_LST = "mean_lst"  # mean of the calendar day in local standard time
MEAN_UTC = "mean_utc"  # mean of the calendar day in UTC
START_LST = "start_lst"  # reading at 00:00 local standard time, the first moment of its date
END_LST = "end_lst"  # reading at 24:00 local standard time, the last moment of its date
AS_GIVEN = "as_given"  # the table does not say

COARSE_M = 15.0  # half a 30 m pixel


@dataclass(frozen=True)
class Place:
    """A station and how well its position is known.

    Parameters
    ----------
    network, station : str
        Names as in the source.
    lat, lon : float
        WGS 84 [degree]; NaN where the source does not say.
    elevation_m : float
        Above sea level [m]; NaN where the source does not say.
    position_m : float
        Half the last digit of the coordinates, on the ground [m]; how far off they may be by
        rounding alone.
    """

    network: str
    station: str
    lat: float = float("nan")
    lon: float = float("nan")
    elevation_m: float = float("nan")
    position_m: float = float("nan")


@dataclass(frozen=True)
class SensorSeries:
    """Readings of one sensor.

    Parameters
    ----------
    place : Place
        Its station.
    depth_m : float
        Depth below the surface, or lower end of the layer it integrates [m].
    time : array of datetime64[m], shape (reading,)
        When, rising, in the clock of ``day_kind``.
    theta : array, shape (reading,)
        Water content as read [m3 m-3]; NaN where the source blanked a value it flagged.
    day_kind : str
        What a date means; one of the names above.
    step_h : float
        Usual time between readings [h].
    depth_top_m : float or None
        Upper end of the layer it integrates [m]; None for a point.
    sensor : str
        Which of several sensors at one depth; empty where there is one.
    source_flag : array of str, shape (reading,), or None
        The network's own flags, as given.
    upstream : array of int, shape (reading,), or None
        Rule bits that someone earlier set on values, which are then NaN here.
    companions : mapping of str to array, shape (reading,)
        Other readings at the same times that rules look at: ``soil_degc`` at this depth,
        ``rain_mm`` since the reading before, ``air_min_degc``.
    """

    place: Place
    depth_m: float
    time: AnyArray
    theta: FloatArray
    day_kind: str
    step_h: float = 24.0
    depth_top_m: float | None = None
    sensor: str = ""
    source_flag: AnyArray | None = None
    upstream: IntArray | None = None
    companions: Mapping[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class StationWeather:
    """Daily weather measured at one station, gaps as NaN.

    Parameters
    ----------
    place : Place
        The station.
    day : array of int, shape (day,)
        Days since 1970-01-01, rising.
    columns : mapping of str to array, shape (day,)
        rain_mm, tmax_degc, tmin_degc, radn_mj_m2, rh_avg_pct where measured.
    """

    place: Place
    day: IntArray
    columns: Mapping[str, FloatArray]


@dataclass
class Findings:
    """What was wrong with the input, named and counted, with the first place of each.

    Parameters
    ----------
    counts : Counter
        How often each was met.
    first : dict
        Where each was met first, in words.
    """

    counts: Counter[str] = field(default_factory=Counter)
    first: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, where: str, count: int = 1) -> None:
        """Count a finding."""
        if count:
            self.counts[name] += count
            self.first.setdefault(name, where)

    def merge(self, other: Findings) -> None:
        """Add those of another file."""
        for name, count in other.counts.items():
            self.add(name, other.first[name], count)

    def lines(self) -> list[str]:
        """One line each: name, count, meaning, first place."""
        return [
            f"{name}: {count} ({MEANING[name]}; first: {self.first[name]})"
            for name, count in sorted(self.counts.items())
        ]


# Names of findings and what was done about them.
TRUNCATED_LINE = "TRUNCATED_LINE"
BAD_VALUE = "BAD_VALUE"
DUPLICATE_DATE = "DUPLICATE_DATE"
BROKEN_MEMBER = "BROKEN_MEMBER"
UNSAFE_MEMBER = "UNSAFE_MEMBER"
PERCENT = "PERCENT"
DEPTH_IN_INCHES = "DEPTH_IN_INCHES"
DEPTH_IN_CM = "DEPTH_IN_CM"
NO_SOIL_MOISTURE = "NO_SOIL_MOISTURE"
NO_POSITION = "NO_POSITION"
COARSE_POSITION = "COARSE_POSITION"
POSITION_DISAGREES = "POSITION_DISAGREES"
SECOND_SENSOR = "SECOND_SENSOR"
CONFLICT = "CONFLICT"
EMPTY_SENSOR = "EMPTY_SENSOR"
OTHER_COLUMN = "OTHER_COLUMN"
BAD_POSITION = "BAD_POSITION"
POSITION_CHANGED = "POSITION_CHANGED"
POSITION_DOUBTFUL = "POSITION_DOUBTFUL"
OUT_OF_LIMITS = "OUT_OF_LIMITS"
UNIT_DOUBTFUL = "UNIT_DOUBTFUL"
UNREADABLE_FILE = "UNREADABLE_FILE"
MEANING: Mapping[str, str] = {
    TRUNCATED_LINE: "a line that is cut short; left out",
    BAD_VALUE: "text where a number or date should be; the value is left out",
    DUPLICATE_DATE: "a second value for a sensor and time; the first is kept",
    BROKEN_MEMBER: "a file of an archive that cannot be unpacked or read; left out",
    UNSAFE_MEMBER: "a file of an archive whose path leaves the archive; never unpacked",
    PERCENT: "a sensor in percent; divided by 100",
    DEPTH_IN_INCHES: "a sensor depth in inches; converted",
    DEPTH_IN_CM: "a sensor depth in centimetres; converted",
    NO_SOIL_MOISTURE: "a file without soil moisture",
    NO_POSITION: "a station whose position is not known",
    COARSE_POSITION: "a station whose position is coarser than a pixel",
    POSITION_DISAGREES: "the list has the station elsewhere; the file's own position is kept",
    SECOND_SENSOR: "a further sensor at the same depth; kept as its own series",
    CONFLICT: "two values for one sensor and time that differ; the first is kept, with that flag",
    EMPTY_SENSOR: "a sensor without a single reading; left out",
    OTHER_COLUMN: "a column that is no reading of its day (a change, a normal, another year)",
    BAD_POSITION: "a latitude or longitude that cannot be; the station has no position",
    POSITION_CHANGED: "a station at more than one position; the first is kept",
    POSITION_DOUBTFUL: "a position east of Greenwich whose mirror lies in the US: a minus lost?",
    OUT_OF_LIMITS: "weather or soil temperature that cannot be; the value is left out",
    UNIT_DOUBTFUL: "weather that looks like another unit; the column is left out",
    UNREADABLE_FILE: "a file that is no station file or cannot be read; passed over",
}


@dataclass
class StationData:
    """Everything read from some files."""

    series: list[SensorSeries] = field(default_factory=list)
    weather: list[StationWeather] = field(default_factory=list)
    findings: Findings = field(default_factory=Findings)
    units_read: int = 0

    def merge(self, other: StationData) -> None:
        """Add what another file held."""
        self.series += other.series
        self.weather += other.weather
        self.findings.merge(other.findings)
        self.units_read += other.units_read


def rounding_m(lat_text: str, lon_text: str) -> float:
    """Distance on the ground that half the last digit of a position stands for [m].

    A degree of latitude is 111.2 km (a sphere of 6371 km). The finer of the two counts, because
    readers of numbers drop trailing zeros: 34.783, -86.55 was written with three decimals.

    Examples
    --------
    >>> round(rounding_m("40.81", "-104.76"))
    556
    """
    digits = max(len(text.partition(".")[2]) for text in (lat_text.strip(), lon_text.strip()))
    return 0.5 * 10.0**-digits * 111_194.93
