"""Stations as samples for point models: weather before the day, assumed soils, what a sensor read.

No map, no neighbour and no other sensor of the station takes part, so a model trained on these
columns can be asked at a place without a station. What a column means, and from what it is made,
stands in `columns_of`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl

from rootzone._shared.arrays import BoolArray, FloatArray, IntArray
from rootzone._shared.days import day_of_year, years_of
from rootzone._shared.errors import RequestError
from rootzone._shared.units import mm_from_cm
from rootzone.covariates.weather.antecedent import antecedent_sum
from rootzone.hydraulics.van_genuchten import theta_from_psi
from rootzone.inversion.column_runs import ColumnSetup, Profile, simulated_at_depths
from rootzone.inversion.soil_layers import SoilLayers
from rootzone.inversion.triangle import LOAM, Texture
from rootzone.labels.splits import season_of
from rootzone.stations.series import MEAN_LST
from rootzone.stations.station_forcing import StationForcing, station_forcing
from rootzone.stations.station_table import at_depth

# Textures every station is simulated with, whatever its own; sand and silt [%]. They span what one
# weather can do to soils, and hold no label.
ASSUMED: Mapping[str, Texture] = {"loam": LOAM, "sand": (90, 5), "clay": (20, 20)}
MEASURED_SOIL = "measured_soil"
LEVEL_ONLY = "level_"  # what the level of a place is guessed from, not its ups and downs
SUM_DAYS = (3, 7, 14, 30, 90, 365)
MEMORY_DAYS = (5.0, 20.0, 60.0)
SNOW_BELOW_DEGC = 0.0


@dataclass(frozen=True)
class PointStation:
    """One station, day by day over its record.

    Parameters
    ----------
    network, station : str
        Which.
    day : array of int, shape (day,)
        Days since 1970-01-01, none left out.
    theta : array, shape (day,)
        Water content read at the depth [m3 m-3]; NaN where none is good or the year's weather was
        not measured well enough.
    columns : mapping of str to array, shape (day,)
        What a model may see; see `columns_of`.
    simulated : mapping of str to array, shape (day,)
        Water content by the engine for assumed soils, and for ``inverted`` where one is given
        [m3 m-3].
    climate : str
        Climate class; empty where not known.
    training_years : tuple of int
        Years an inverted soil was found on; empty without one.
    soil : mapping of str to float
        What was measured of its soil; see `soil_traits`. Empty where it was not.
    """

    network: str
    station: str
    day: IntArray
    theta: FloatArray
    columns: Mapping[str, FloatArray]
    simulated: Mapping[str, FloatArray]
    climate: str = ""
    training_years: tuple[int, ...] = ()
    soil: Mapping[str, float] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """Network and station in one text."""
        return f"{self.network}:{self.station}"

    @property
    def year(self) -> IntArray:
        """Calendar year of every day."""
        return years_of(self.day)

    @property
    def known(self) -> BoolArray:
        """Days with a good value."""
        return np.isfinite(self.theta)


@dataclass(frozen=True)
class InvertedSoil:
    """A soil found at a station, and the years it was found on."""

    profile: Profile
    training_years: tuple[int, ...]


@dataclass(frozen=True)
class PointSettings:
    """What the samples are made with.

    Parameters
    ----------
    depth_m : float
        Depth of the sensors that count [m].
    assumed : mapping of str to (int, int)
        Sand and silt [%] of the soils simulated everywhere; ``loam`` must be one.
    """

    depth_m: float = 0.20
    assumed: Mapping[str, Texture] = field(default_factory=lambda: dict(ASSUMED))


def point_station(
    values: pl.DataFrame,
    weather: pl.DataFrame,
    setup: ColumnSetup,
    settings: PointSettings = PointSettings(),
    *,
    climate: str = "",
    inverted: InvertedSoil | None = None,
    soil: SoilLayers | None = None,
) -> PointStation:
    """Samples of one station.

    Parameters
    ----------
    values, weather : polars.DataFrame
        Rows of one station of a station table and of its weather table.
    setup : ColumnSetup
        Engine and layers.
    settings : PointSettings
        Depth and assumed soils.
    climate : str
        Climate class of the place.
    inverted : InvertedSoil, optional
        A soil found on the station's own values, simulated as well. It knows labels: use it only
        where the station's training years may be known.
    soil : SoilLayers, optional
        The soil measured at the station: no label, so it may be used at left-out stations.

    Raises
    ------
    RequestError
        The weather cannot drive a simulation, or the engine failed.
    """
    network, station = str(values["network"][0]), str(values["station"][0])
    forcing = station_forcing(weather)
    good = at_depth(values, settings.depth_m)
    kind = str(good["day_kind"][0]) if good.height else MEAN_LST
    profiles: dict[str, Profile | SoilLayers] = {
        name: (texture,) * len(setup.zone_bottom_mm) for name, texture in settings.assumed.items()
    }
    if inverted is not None:
        profiles["inverted"] = inverted.profile
    if soil is not None:
        profiles[MEASURED_SOIL] = soil
    runs = simulated_at_depths(list(profiles.values()), forcing, setup, (settings.depth_m,), kind)
    if len(runs) < len(profiles):
        raise RequestError(f"{network} {station}: the engine failed on an assumed soil.")
    record = slice(forcing.spin_up_d, None)
    simulated = {name: runs[i][record, 0] for i, name in enumerate(profiles)}
    return PointStation(
        network,
        station,
        forcing.day[record],
        _observed(good, forcing)[record],
        {name: column[record] for name, column in columns_of(forcing).items()},
        simulated,
        climate,
        inverted.training_years if inverted is not None else (),
        soil_traits(soil) if soil is not None else {},
    )


def soil_traits(soil: SoilLayers) -> dict[str, float]:
    """What a measured soil says of the level of a place, from its layers at 5, 20 and 100 cm.

    Water held at 33 and 1500 kPa and at saturation [m3 m-3] by its pedotransfer function, and under
    names that begin with ``LEVEL_ONLY`` the measured sand, clay [%] and bulk density [g cm-3].
    """
    bottom = np.cumsum(soil.values["thickness_mm"])
    out = {}
    for depth_cm in (5, 20, 100):
        at = int(np.searchsorted(bottom, mm_from_cm(float(depth_cm)) - 1e-6))
        at = min(at, len(bottom) - 1)
        curve = [
            soil.values[name][at : at + 1] for name in ("theta_r", "theta_s", "alpha_per_cm", "n")
        ]
        for name, values in soil.texture.items():
            out[f"{LEVEL_ONLY}{name}_{depth_cm}cm"] = float(values[at])
        for name, suction_cm in (("sat", 0.0), ("33kpa", 336.5), ("1500kpa", 15_296.0)):
            out[f"soil_{name}_{depth_cm}cm"] = float(
                theta_from_psi(np.array([-suction_cm]), *curve)[0]
            )
    return out


def _observed(good: pl.DataFrame, forcing: StationForcing) -> FloatArray:
    theta = np.full(len(forcing.day), np.nan)
    position = good["date"].to_physical().to_numpy().astype(np.int64) - forcing.first_day
    inside = (position >= forcing.spin_up_d) & (position < len(theta))
    theta[position[inside]] = good["theta"].to_numpy()[inside]
    return np.where(np.isin(forcing.year, forcing.usable_years), theta, np.nan)


def columns_of(forcing: StationForcing) -> dict[str, FloatArray]:
    """What the weather up to a day says, spin-up included.

    Of the day: ``rain_mm``, ``pet_mm``, ``tmean_degc``, ``radn_mj_m2``. Over 3 to 365 days that
    end on it: sums of rain and of rain minus pet, of pet over 30, of precipitation below freezing
    over 90, mean temperature over 7 and 30. Fading memories of 5, 20 and 60 days of rain and of
    rain minus pet. The place's climate: yearly rain and pet [mm], mean temperature, standard
    deviation of the month's, share of rain in the warm half. Season: sine and cosine of the day.

    Returns
    -------
    dict
        Columns by name, shape (day,).
    """
    rain, pet = forcing.columns["rain_mm"], forcing.columns["eo_mm"]
    tmean = 0.5 * (forcing.columns["tmax_degc"] + forcing.columns["tmin_degc"])
    net = rain - pet
    out = {
        "rain_mm": rain,
        "pet_mm": pet,
        "tmean_degc": tmean,
        "radn_mj_m2": forcing.columns["radn_mj_m2"],
        "pet_30d_mm": antecedent_sum(pet, 30),
        "cold_rain_90d_mm": antecedent_sum(np.where(tmean < SNOW_BELOW_DEGC, rain, 0.0), 90),
        "tmean_7d_degc": antecedent_sum(tmean, 7) / 7,
        "tmean_30d_degc": antecedent_sum(tmean, 30) / 30,
    }
    for days in SUM_DAYS:
        out[f"rain_{days}d_mm"] = antecedent_sum(rain, days)
        out[f"net_{days}d_mm"] = antecedent_sum(net, days)
    for tau in MEMORY_DAYS:
        out[f"rain_memory_{tau:g}d_mm"] = fading_memory(rain, tau)
        out[f"net_memory_{tau:g}d_mm"] = fading_memory(net, tau)
    angle = 2.0 * np.pi * (day_of_year(forcing.day) + 1) / 365.25
    out["season_sin"], out["season_cos"] = np.sin(angle), np.cos(angle)
    constants = _climate_of(forcing, rain, pet, tmean)
    return out | {name: np.full(len(rain), value) for name, value in constants.items()}


def _climate_of(
    forcing: StationForcing, rain: FloatArray, pet: FloatArray, tmean: FloatArray
) -> dict[str, float]:
    """Climate of the place from its own whole weather record, which needs no sensor in the soil."""
    record = slice(forcing.spin_up_d, None)
    dates = forcing.day[record].astype("datetime64[D]")
    month = dates.astype("datetime64[M]").astype(np.int64) % 12
    by_month = [tmean[record][month == m].mean() for m in np.unique(month)]
    warm = np.isin(month, range(3, 9))
    total = max(float(rain[record].sum()), 1e-9)
    return {
        "rain_per_year_mm": 365.25 * float(rain[record].mean()),
        "pet_per_year_mm": 365.25 * float(pet[record].mean()),
        "tmean_year_degc": float(tmean[record].mean()),
        "tmean_seasonality_degc": float(np.std(by_month)),
        "warm_rain_share": float(rain[record][warm].sum()) / total,
    }


def fading_memory(values: FloatArray, days: float) -> FloatArray:
    r"""Exponentially weighted mean of a day and those before it.

    .. math:: m_t = m_{t-1} + (x_t - m_{t-1}) (1 - e^{-1/\tau})

    Parameters
    ----------
    values : array, shape (day,)
        Without gaps.
    days : float
        Time constant [d]; the weight of a day falls to 1/e in that time.

    Examples
    --------
    >>> fading_memory(np.array([1.0, 1.0, 1.0]), 5.0).tolist()
    [1.0, 1.0, 1.0]
    """
    from scipy.signal import lfilter

    gain = -np.expm1(-1.0 / days)
    start = np.array([(1.0 - gain) * values[0]])  # as if the first day had lasted for ever
    return np.asarray(lfilter([gain], [1.0, gain - 1.0], values, zi=start)[0])


@dataclass(frozen=True)
class PointTable:
    """Days with a good value of all stations, one under the other.

    Parameters
    ----------
    x : array of float32, shape (sample, column)
        What a model may see.
    names : tuple of str
        Its columns.
    y : array, shape (sample,)
        Observed water content [m3 m-3].
    station : array of int, shape (sample,)
        Position of the station.
    day : array of int, shape (sample,)
        Days since 1970-01-01.
    """

    x: np.ndarray[tuple[int, ...], np.dtype[np.float32]]
    names: tuple[str, ...]
    y: FloatArray
    station: IntArray
    day: IntArray


def point_table(stations: Sequence[PointStation], *, with_inverted: bool = False) -> PointTable:
    """All samples of some stations.

    Parameters
    ----------
    stations : sequence of PointStation
        In order.
    with_inverted : bool
        Whether the water content of the inverted soil is a column; NaN where a station has none.
        It was found on labels: never with left-out stations.
    """
    rows = [np.flatnonzero(one.known) for one in stations]
    if not sum(len(some) for some in rows):
        raise RequestError("No station has a good value at the depth in a year of usable weather.")
    named = {name for one in stations for name in one.soil}
    names = sorted(name for name in named if not name.startswith(LEVEL_ONLY))
    with_soil = any(MEASURED_SOIL in one.simulated for one in stations)
    classes = sorted({one.climate for one in stations if one.climate})
    parts = []
    for one, chosen in zip(stations, rows, strict=True):
        columns = dict(one.columns)
        for name, theta in one.simulated.items():
            if name not in ("inverted", MEASURED_SOIL):
                columns[f"theta_{name}"] = theta
        if with_inverted:
            none = np.full(len(one.day), np.nan)
            columns["theta_inverted"] = one.simulated.get("inverted", none)
        none = np.full(len(one.day), np.nan)
        if with_soil:
            columns["theta_measured_soil"] = one.simulated.get(MEASURED_SOIL, none)
        for name in names:
            columns[name] = np.full(len(one.day), one.soil.get(name, np.nan))
        for name in classes:
            columns[f"climate_{name}"] = np.full(len(one.day), float(one.climate == name))
        parts.append(
            (np.column_stack([c[chosen] for c in columns.values()]).astype(np.float32), columns)
        )
    return PointTable(
        np.concatenate([part for part, _ in parts]),
        tuple(parts[0][1]),
        np.concatenate([one.theta[chosen] for one, chosen in zip(stations, rows, strict=True)]),
        np.repeat(np.arange(len(stations)), [len(some) for some in rows]),
        np.concatenate([one.day[chosen] for one, chosen in zip(stations, rows, strict=True)]),
    )


def seasons_of(day: IntArray) -> list[str]:
    """Season of each day since 1970-01-01."""
    names = np.array([season_of(month) for month in range(1, 13)])
    month = day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12
    return [str(name) for name in names[month]]
