"""Potential evapotranspiration of a day by FAO-56 and Hargreaves; APSIM's form is `apsim_eo`.

All functions take arrays that broadcast, and give NaN where an input is NaN.
"""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray

SOLAR_CONSTANT_MJ_M2_MIN = 0.0820  # FAO-56 Eq. 21
STEFAN_BOLTZMANN_MJ = 4.903e-9  # MJ K-4 m-2 d-1, FAO-56 Eq. 39
LATENT_HEAT_MJ_KG = 2.45  # FAO-56 Annex 3
REFERENCE_ALBEDO = 0.23  # hypothetical grass, FAO-56 Eq. 38
_KELVIN = 273.16  # as in FAO-56 Eq. 39
# FAO-56 bounds relative shortwave radiation above; ASCE-EWRI (2005) Eq. 45 bounds the cloud term.
_CLOUD_TERM = (0.05, 1.0)
# Where the sun stays down relative radiation says nothing of clouds: the middle of FAO-56's advice
# for nights without a sunset to go by, 0.4 to 0.6 (chapter 3, hourly net longwave radiation).
_NO_SUN_MJ, _SHARE_WITHOUT_SUN = 0.01, 0.5


def extraterrestrial_mj_m2(lat_deg: AnyArray | float, day_of_year: AnyArray | int) -> FloatArray:
    r"""Radiation that reaches the top of the atmosphere in a day [MJ m-2 d-1].

    .. math::
        R_a = \frac{24 \cdot 60}{\pi} G_{sc} d_r
              (\omega_s \sin\phi \sin\delta + \cos\phi \cos\delta \sin\omega_s)

    Parameters
    ----------
    lat_deg : array
        Latitude [degree], south negative. Beyond the polar circles the sun may stay up or down.
    day_of_year : array
        Day, 1 to 366.

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 21 to 25
    """
    angle = 2.0 * np.pi * np.asarray(day_of_year) / 365.0
    distance = 1.0 + 0.033 * np.cos(angle)
    declination = 0.409 * np.sin(angle - 1.39)
    phi = np.radians(lat_deg)
    sunset = np.arccos(np.clip(-np.tan(phi) * np.tan(declination), -1.0, 1.0))
    height = sunset * np.sin(phi) * np.sin(declination)
    height = height + np.cos(phi) * np.cos(declination) * np.sin(sunset)
    return np.asarray(24.0 * 60.0 / np.pi * SOLAR_CONSTANT_MJ_M2_MIN * distance * height)


def saturation_kpa(temperature_degc: AnyArray | float) -> FloatArray:
    """Saturation vapour pressure [kPa] at a temperature [degC]; FAO-56 Eq. 11."""
    t = np.asarray(temperature_degc)
    return np.asarray(0.6108 * np.exp(17.27 * t / (t + 237.3)))


def mean_saturation_kpa(tmax_degc: AnyArray | float, tmin_degc: AnyArray | float) -> FloatArray:
    """Mean of the saturation vapour pressures at the day's extremes [kPa]; FAO-56 Eq. 12."""
    return np.asarray((saturation_kpa(tmax_degc) + saturation_kpa(tmin_degc)) / 2.0)


def wind_at_2_m(wind_m_s: AnyArray | float, height_m: float) -> FloatArray:
    """Wind speed at 2 m [m s-1] from that at another height; FAO-56 Eq. 47.

    gridMET's wind is at 10 m, where the factor is 0.748.
    """
    return np.asarray(np.asarray(wind_m_s) * 4.87 / np.log(67.8 * height_m - 5.42))


def net_radiation_mj_m2(
    radn_mj_m2: AnyArray | float,
    tmax_degc: AnyArray | float,
    tmin_degc: AnyArray | float,
    vapour_kpa: AnyArray | float,
    top_mj_m2: AnyArray | float,
    elevation_m: AnyArray | float,
) -> FloatArray:
    """Net radiation of the grass reference [MJ m-2 d-1].

    Parameters
    ----------
    radn_mj_m2, top_mj_m2 : array
        Solar radiation at the ground and at the top of the atmosphere [MJ m-2 d-1].
    tmax_degc, tmin_degc : array
        Extremes of air temperature [degC].
    vapour_kpa : array
        Actual vapour pressure [kPa].
    elevation_m : array
        Height above the sea [m].

    References
    ----------
    FAO-56 Eq. 37 to 40; the cloud term is held to 0.05 to 1 as in ASCE-EWRI (2005) Eq. 45.
    """
    clear = np.asarray((0.75 + 2e-5 * np.asarray(elevation_m)) * top_mj_m2)
    share = np.asarray(radn_mj_m2) / np.where(clear > _NO_SUN_MJ, clear, np.nan)
    share = np.where(clear > _NO_SUN_MJ, np.minimum(share, 1.0), _SHARE_WITHOUT_SUN)
    cloud = np.clip(1.35 * share - 0.35, *_CLOUD_TERM)
    warm = (np.asarray(tmax_degc) + _KELVIN) ** 4 + (np.asarray(tmin_degc) + _KELVIN) ** 4
    moist = 0.34 - 0.14 * np.sqrt(vapour_kpa)
    longwave = STEFAN_BOLTZMANN_MJ * warm / 2.0 * moist * cloud
    return np.asarray((1.0 - REFERENCE_ALBEDO) * np.asarray(radn_mj_m2) - longwave)


def fao56_mm(
    radn_mj_m2: AnyArray | float,
    tmax_degc: AnyArray | float,
    tmin_degc: AnyArray | float,
    vapour_kpa: AnyArray | float,
    wind_2m_m_s: AnyArray | float,
    top_mj_m2: AnyArray | float,
    elevation_m: AnyArray | float,
) -> FloatArray:
    r"""Reference evapotranspiration of grass after Penman and Monteith [mm d-1].

    .. math::
        ET_0 = \frac{0.408 \Delta R_n + \gamma \frac{900}{T+273} u_2 (e_s - e_a)}
                    {\Delta + \gamma (1 + 0.34 u_2)}

    The soil heat flux of a day is taken as nothing (FAO-56 Eq. 42).

    Parameters
    ----------
    radn_mj_m2, tmax_degc, tmin_degc, vapour_kpa, top_mj_m2, elevation_m : array
        As in `net_radiation_mj_m2`.
    wind_2m_m_s : array
        Wind speed at 2 m [m s-1].

    Returns
    -------
    pet_mm : array
        Never negative: dew is no demand.

    References
    ----------
    Allen et al. (1998), FAO-56, Eq. 6, 7, 8, 13
    """
    tmean = (np.asarray(tmax_degc) + np.asarray(tmin_degc)) / 2.0
    slope = 4098.0 * saturation_kpa(tmean) / (tmean + 237.3) ** 2
    pressure = 101.3 * ((293.0 - 0.0065 * np.asarray(elevation_m)) / 293.0) ** 5.26
    gamma = 0.665e-3 * pressure
    net = net_radiation_mj_m2(radn_mj_m2, tmax_degc, tmin_degc, vapour_kpa, top_mj_m2, elevation_m)
    deficit = mean_saturation_kpa(tmax_degc, tmin_degc) - vapour_kpa
    wind = np.asarray(wind_2m_m_s)
    top = 0.408 * slope * net + gamma * 900.0 / (tmean + 273.0) * wind * deficit
    return np.asarray(np.maximum(top / (slope + gamma * (1.0 + 0.34 * wind)), 0.0))


def hargreaves_mm(
    tmax_degc: AnyArray | float, tmin_degc: AnyArray | float, top_mj_m2: AnyArray | float
) -> FloatArray:
    r"""Reference evapotranspiration from temperature alone [mm d-1].

    :math:`ET_0 = 0.0023 (T + 17.8) \sqrt{T_{max} - T_{min}} R_a`, with the radiation at the top of
    the atmosphere in millimetres of evaporation.

    Returns
    -------
    pet_mm : array
        Never negative; NaN where tmax is below tmin.

    References
    ----------
    Hargreaves and Samani (1985); FAO-56 Eq. 52
    """
    spread = np.asarray(tmax_degc) - np.asarray(tmin_degc)
    root = np.sqrt(np.where(spread >= 0.0, spread, np.nan))
    tmean = (np.asarray(tmax_degc) + np.asarray(tmin_degc)) / 2.0
    top_mm = np.asarray(top_mj_m2) / LATENT_HEAT_MJ_KG
    return np.asarray(np.maximum(0.0023 * (tmean + 17.8) * root * top_mm, 0.0))
