"""Pedotransfer functions that are published as equations, from Wosten's to Toth's.

Each takes arrays of one shape and gives theta_r, theta_s [m3 m-3], alpha [cm-1], n [-] and Ks
[mm d-1], stacked, as `rootzone.hydraulics.simplex.parameters_from_texture` does. NaN goes through.
"""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.units import mm_from_cm
from rootzone.hydraulics.limits import PARTICLE_DENSITY_G_CM3

OM_PER_OC = 1.724  # van Bemmelen: organic matter holds 58 % of carbon
TOPSOIL_MM = 300.0  # a layer whose middle lies above this is topsoil for Wosten et al.
_TOTH_SANDLESS_PCT = 2.0  # below it Toth et al. have a theta_r of their own
_WOSTEN_THETA_R = 0.01  # fixed in the fits that the equations were made from
_SMALLEST_PCT = 1.0  # Wosten's reciprocals of silt and clay run away below it
_SMALLEST_OM_PCT = 0.1
_SUCTION_33KPA_CM = 336.5  # 33 kPa and 1500 kPa as heads of water, 10.197 cm per kPa
_SUCTION_1500KPA_CM = 15_296.0
_MM_D_PER_MM_H = 24.0
_LARGEST_ALPHA_PER_CM = 0.5  # of the guards; a sand that loses all at once keeps its 33 kPa


def wosten1999(
    silt_pct: FloatArray,
    clay_pct: FloatArray,
    bd_g_cm3: FloatArray,
    om_pct: FloatArray,
    topsoil: FloatArray,
) -> FloatArray:
    """Continuous functions of HYPRES.

    Parameters
    ----------
    silt_pct, clay_pct : array
        Fractions [%], 2 to 50 and below 2 micrometres; below 1 % they count as 1 %.
    bd_g_cm3 : array
        Dry bulk density of the fine earth [g cm-3].
    om_pct : array
        Organic matter [% of mass], 1.724 times organic carbon; below 0.1 % it counts as 0.1 %.
    topsoil : array
        1 in the topsoil and 0 below, see ``TOPSOIL_MM``.

    Returns
    -------
    array, shape (5, ...)
        theta_r is 0.01, as in the fits behind the equations.

    References
    ----------
    Wosten, Lilly, Nemes and Le Bas (1999), doi:10.1016/S0016-7061(98)00132-3, Table 5. Its pore
    connectivity is not used: the engines take Mualem's 0.5.
    """
    silt, clay = np.maximum(silt_pct, _SMALLEST_PCT), np.maximum(clay_pct, _SMALLEST_PCT)
    om, bd, top = np.maximum(om_pct, _SMALLEST_OM_PCT), bd_g_cm3, topsoil
    ln_silt, ln_om = np.log(silt), np.log(om)
    theta_s = (
        0.7919 + 0.001691 * clay - 0.29619 * bd - 1.491e-6 * silt**2 + 8.21e-5 * om**2
        + 0.02427 / clay + 0.01113 / silt + 0.01472 * ln_silt - 7.33e-5 * om * clay
        - 0.000619 * bd * clay - 0.001183 * bd * om - 0.0001664 * top * silt
    )  # fmt: skip
    ln_alpha = (
        -14.96 + 0.03135 * clay + 0.0351 * silt + 0.646 * om + 15.29 * bd - 0.192 * top
        - 4.671 * bd**2 - 0.000781 * clay**2 - 0.00687 * om**2 + 0.0449 / om + 0.0663 * ln_silt
        + 0.1482 * ln_om - 0.04546 * bd * silt - 0.4852 * bd * om + 0.00673 * top * clay
    )  # fmt: skip
    ln_n_less_1 = (
        -25.23 - 0.02195 * clay + 0.0074 * silt - 0.1940 * om + 45.5 * bd - 7.24 * bd**2
        + 0.0003658 * clay**2 + 0.002885 * om**2 - 12.81 / bd - 0.1524 / silt - 0.01958 / om
        - 0.2876 * ln_silt - 0.0709 * ln_om - 44.6 * np.log(bd) - 0.02264 * bd * clay
        + 0.0896 * bd * om + 0.00718 * top * clay
    )  # fmt: skip
    ln_ks_cm_d = (
        7.755 + 0.0352 * silt + 0.93 * top - 0.967 * bd**2 - 0.000484 * clay**2
        - 0.000322 * silt**2 + 0.001 / silt - 0.0748 / om - 0.643 * ln_silt - 0.01398 * bd * clay
        - 0.1673 * bd * om + 0.02986 * top * clay - 0.03305 * top * silt
    )  # fmt: skip
    theta_r = np.where(np.isfinite(theta_s), _WOSTEN_THETA_R, np.nan)
    n = 1.0 + np.exp(ln_n_less_1)
    return np.stack([theta_r, theta_s, np.exp(ln_alpha), n, mm_from_cm(np.exp(ln_ks_cm_d))])


def weynants2009(
    sand_pct: FloatArray, clay_pct: FloatArray, bd_g_cm3: FloatArray, om_pct: FloatArray
) -> FloatArray:
    """Vereecken's functions, revisited.

    Parameters
    ----------
    sand_pct, clay_pct : array
        Fractions [%].
    bd_g_cm3 : array
        Dry bulk density of the fine earth [g cm-3].
    om_pct : array
        Organic matter [% of mass]; the equations take carbon, ``om_pct / 1.724``.

    Returns
    -------
    array, shape (5, ...)
        theta_r is 0. Ks is the paper's K0, which leaves macropores out and so is low.

    References
    ----------
    Weynants, Vereecken and Javaux (2009), doi:10.2136/vzj2008.0062, Table 5.
    """
    oc = om_pct / OM_PER_OC
    theta_s = 0.6355 + 0.0013 * clay_pct - 0.1631 * bd_g_cm3
    ln_alpha = -4.3003 - 0.0097 * clay_pct + 0.0138 * sand_pct - 0.0992 * oc
    ln_n_less_1 = -1.0846 - 0.0236 * clay_pct - 0.0085 * sand_pct + 0.0001 * sand_pct**2
    ln_k0_cm_d = 1.9582 + 0.0308 * sand_pct - 0.6142 * bd_g_cm3 - 0.1566 * oc
    n = 1.0 + np.exp(ln_n_less_1)
    return np.stack([0.0 * theta_s, theta_s, np.exp(ln_alpha), n, mm_from_cm(np.exp(ln_k0_cm_d))])


def toth2015(
    sand_pct: FloatArray,
    clay_pct: FloatArray,
    bd_g_cm3: FloatArray,
    om_pct: FloatArray,
    topsoil: FloatArray,
) -> FloatArray:
    """Retention after Toth et al. from European soils (EU-HYDI), with Ks of Wosten et al.

    Parameters
    ----------
    sand_pct, clay_pct : array
        Fractions [%], 50 to 2000 and below 2 micrometres; silt is the rest.
    bd_g_cm3 : array
        Dry bulk density of the fine earth [g cm-3].
    om_pct : array
        Organic matter [% of mass]; the equations take carbon, ``om_pct / 1.724``.
    topsoil : array
        1 in the topsoil and 0 below, see ``TOPSOIL_MM``.

    Returns
    -------
    array, shape (5, ...)
        theta_r is 0.041, or 0.179 below 2 % sand. Their own Ks asks for pH and cation exchange
        capacity, which tables of soils seldom hold, so Ks is that of ``wosten1999``.

    References
    ----------
    Toth, Weynants, Nemes, Mako, Bilas and Toth (2015), doi:10.1111/ejss.12192, function 21 of
    Table S1 (open access).
    """
    silt_pct, oc = 100.0 - sand_pct - clay_pct, om_pct / OM_PER_OC
    theta_s = 0.83080 - 0.28217 * bd_g_cm3 + 0.0002728 * clay_pct + 0.000187 * silt_pct
    log10_alpha = (
        -0.43348 - 0.41729 * bd_g_cm3 - 0.04762 * oc + 0.21810 * topsoil - 0.01581 * clay_pct
        - 0.01207 * silt_pct
    )  # fmt: skip
    log10_n_less_1 = (
        0.22236 - 0.30189 * bd_g_cm3 - 0.05558 * topsoil - 0.005306 * clay_pct
        - 0.003084 * silt_pct - 0.01072 * oc
    )  # fmt: skip
    theta_r = np.where(sand_pct < _TOTH_SANDLESS_PCT, 0.179, 0.041) + 0.0 * theta_s
    ks_mm_d = wosten1999(silt_pct, clay_pct, bd_g_cm3, om_pct, topsoil)[4]
    return np.stack([theta_r, theta_s, 10.0**log10_alpha, 1.0 + 10.0**log10_n_less_1, ks_mm_d])


def saxton_rawls_points(
    sand_pct: FloatArray, clay_pct: FloatArray, om_pct: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Water content at 1500 kPa, 33 kPa and saturation [m3 m-3] at normal density.

    Parameters
    ----------
    sand_pct, clay_pct, om_pct : array
        Sand, clay and organic matter [% of mass].

    References
    ----------
    Saxton and Rawls (2006), doi:10.2136/sssaj2005.0117, Eq. 1 to 5.
    """
    sand, clay, om = sand_pct / 100.0, clay_pct / 100.0, om_pct
    dry = (
        -0.024 * sand + 0.487 * clay + 0.006 * om + 0.005 * sand * om - 0.013 * clay * om
        + 0.068 * sand * clay + 0.031
    )  # fmt: skip
    theta_1500 = dry + 0.14 * dry - 0.02
    wet = (
        -0.251 * sand + 0.195 * clay + 0.011 * om + 0.006 * sand * om - 0.027 * clay * om
        + 0.452 * sand * clay + 0.299
    )  # fmt: skip
    theta_33 = wet + 1.283 * wet**2 - 0.374 * wet - 0.015
    span = (
        0.278 * sand + 0.034 * clay + 0.022 * om - 0.018 * sand * om - 0.027 * clay * om
        - 0.584 * sand * clay + 0.078
    )  # fmt: skip
    theta_s = theta_33 + (span + 0.636 * span - 0.107) - 0.097 * sand + 0.043
    return theta_1500, theta_33, theta_s


def normal_density_g_cm3(
    sand_pct: FloatArray, clay_pct: FloatArray, om_pct: FloatArray
) -> FloatArray:
    """Dry bulk density that Saxton and Rawls take as normal, Eq. 6 [g cm-3].

    >>> round(float(normal_density_g_cm3(40.0, 20.0, 2.5)), 2)
    1.43
    """
    theta_s = saxton_rawls_points(sand_pct, clay_pct, om_pct)[2]
    return np.asarray((1.0 - theta_s) * PARTICLE_DENSITY_G_CM3)


def saxton_rawls2006(
    sand_pct: FloatArray, clay_pct: FloatArray, om_pct: FloatArray, bd_g_cm3: FloatArray
) -> FloatArray:
    """Three points of the curve, and a van Genuchten curve through them.

    Parameters
    ----------
    sand_pct, clay_pct, om_pct : array
        Sand, clay and organic matter [% of mass].
    bd_g_cm3 : array
        Dry bulk density [g cm-3]; NaN stands for the normal one (Eq. 6).

    Returns
    -------
    array, shape (5, ...)
        theta_r is 0; alpha and n make the curve pass through the water contents at 33 and
        1500 kPa, where the paper has a power law and a line. Where that asks for an alpha above
        0.5 cm-1, the curve keeps the point at 33 kPa alone. NaN where the points do not fall.

    References
    ----------
    Saxton and Rawls (2006), doi:10.2136/sssaj2005.0117, Eq. 1 to 10, 15, 16 and 18.
    """
    theta_1500, theta_33, normal = saxton_rawls_points(sand_pct, clay_pct, om_pct)
    theta_s = np.where(np.isfinite(bd_g_cm3), 1.0 - bd_g_cm3 / PARTICLE_DENSITY_G_CM3, normal)
    theta_33 = theta_33 - 0.2 * (normal - theta_s)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = np.log(1500.0 / 33.0) / np.log(theta_33 / theta_1500)  # B of Eq. 15
        ks_mm_h = 1930.0 * np.maximum(theta_s - theta_33, 0.0) ** (3.0 - 1.0 / slope)
        alpha, n = _curve_through(theta_33 / theta_s, theta_1500 / theta_s)
    return np.stack([0.0 * theta_s, theta_s, alpha, n, _MM_D_PER_MM_H * ks_mm_h])


def _curve_through(se_33: FloatArray, se_1500: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Shape (alpha [cm-1], n) of the curve through two degrees of saturation, by bisection."""

    def alpha_of(n: FloatArray) -> FloatArray:
        scaled: FloatArray = (se_33 ** (-n / (n - 1.0)) - 1.0) ** (1.0 / n) / _SUCTION_33KPA_CM
        return scaled

    low, high = np.full(np.shape(se_33), 1.001), np.full(np.shape(se_33), 8.0)
    for _ in range(60):  # halves 7 to 6e-18
        n = 0.5 * (low + high)
        dry = (1.0 + (alpha_of(n) * _SUCTION_1500KPA_CM) ** n) ** (1.0 / n - 1.0)
        low, high = np.where(dry > se_1500, n, low), np.where(dry > se_1500, high, n)
    n = 0.5 * (low + high)
    steep = alpha_of(n) > _LARGEST_ALPHA_PER_CM
    low, high = np.full(np.shape(se_33), 1.001), np.full(np.shape(se_33), 8.0)
    for _ in range(60):
        middle = 0.5 * (low + high)
        scaled = (_LARGEST_ALPHA_PER_CM * _SUCTION_33KPA_CM) ** middle
        wet = (1.0 + scaled) ** (1.0 / middle - 1.0)
        low, high = np.where(wet > se_33, middle, low), np.where(wet > se_33, high, middle)
    n = np.where(steep, 0.5 * (low + high), n)
    alpha = np.where(steep, _LARGEST_ALPHA_PER_CM, alpha_of(n))
    good = (se_1500 > 0.0) & (se_1500 < se_33) & (se_33 < 1.0)
    return np.where(good, alpha, np.nan), np.where(good, n, np.nan)
