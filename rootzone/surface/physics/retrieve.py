"""Soil moisture from brightness temperature, as NASA runs it: SCA-V, SCA-H and DCA.

The single-channel algorithms find the water content of one polarisation with roughness, albedo and
opacity given. The dual-channel algorithm fits water content and opacity to both polarisations and
stays near an opacity from climate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone.surface.physics.dielectric import Constants, mironov2009_constants
from rootzone.surface.physics.emission import Q_PER_H, brightness, cosine
from rootzone.surface.physics.retrieve_kernels import AT_CEILING, AT_FLOOR, invert_brightness

FLOOR: Final = 0.02
"""Smallest water content SMAP retrieves [m3 m-3]."""

QUARTZ_G_CM3: Final = 2.65


@dataclass(frozen=True)
class Scene:
    """What a retrieval is told besides brightness; arrays of one shape, or numbers.

    Parameters
    ----------
    t_k : array
        Effective temperature of soil and canopy [K].
    clay_pct : array
        Clay [% by weight].
    h, omega, tau : array
        Roughness, albedo and nadir opacity [-].
    incidence_deg : array
        Incidence angle [degree].
    porosity : array
        Upper limit of water content [m3 m-3].
    q : array
        Polarisation mixing [-].
    """

    t_k: AnyArray | float
    clay_pct: AnyArray | float
    h: AnyArray | float
    omega: AnyArray | float
    tau: AnyArray | float
    incidence_deg: AnyArray | float = 40.0
    porosity: AnyArray | float = 0.6
    q: AnyArray | float = 0.0


@dataclass(frozen=True)
class Retrieved:
    """Water content and how it was met.

    Parameters
    ----------
    theta : array
        Water content [m3 m-3]; NaN where an input is missing.
    outcome : array of int
        ``FOUND``, ``AT_FLOOR``, ``AT_CEILING`` or ``NOT_KNOWN`` of `retrieve_kernels`.
    """

    theta: FloatArray
    outcome: IntArray

    @property
    def at_bound(self) -> BoolArray:
        """Whether the value is a limit and not a root."""
        return np.asarray((self.outcome == AT_FLOOR) | (self.outcome == AT_CEILING))


def porosity_from_bulk_density(bulk_density_g_cm3: AnyArray) -> FloatArray:
    """Porosity [m3 m-3] as SMAP caps with it, 1 - bulk density / 2.65.

    >>> float(porosity_from_bulk_density(np.array(1.325)))
    0.5
    """
    return np.asarray(1.0 - np.asarray(bulk_density_g_cm3, np.float64) / QUARTZ_G_CM3)


def nadir_from_slant_opacity(slant: AnyArray, incidence_deg: AnyArray | float) -> FloatArray:
    """Nadir opacity from the slant opacity tau / cos(i) that SMAP files hold [-].

    Taken for nadir opacity, the slant one makes retrievals 0.03 to 0.04 m3 m-3 too wet.
    """
    cos_i = cosine(np.asarray(incidence_deg, np.float64))
    return np.asarray(np.asarray(slant, np.float64) * cos_i)


def retrieve_scav(tb_v: AnyArray, scene: Scene) -> Retrieved:
    """Single-channel retrieval from vertical brightness, SMAP's option 2.

    Parameters
    ----------
    tb_v : array
        Vertical brightness temperature [K], water bodies corrected for.
    scene : Scene
        Temperature, soil, vegetation.

    Returns
    -------
    Retrieved
        Water content between 0.02 and porosity.

    Notes
    -----
    Equal to NASA's R18 values to 1.3e-4 m3 m-3 in 2,022 real cells.
    """
    return invert(tb_v, scene, "v")


def retrieve_scah(tb_h: AnyArray, scene: Scene) -> Retrieved:
    """Single-channel retrieval from horizontal brightness, SMAP's option 1."""
    return invert(tb_h, scene, "h")


def invert(
    tb_k: AnyArray,
    scene: Scene,
    polarisation: Literal["h", "v"],
    soil: Constants | None = None,
    angle_exponent: float = 2.0,
) -> Retrieved:
    """Water content whose brightness in one polarisation was seen.

    Parameters
    ----------
    tb_k : array
        Brightness temperature [K].
    scene : Scene
        Temperature, soil, vegetation.
    polarisation : str
        ``h`` or ``v``.
    soil : Constants, optional
        Permittivity constants; those of Mironov 2009 for the scene's clay otherwise.
    angle_exponent : float
        N of the roughness.
    """
    soil = soil or mironov2009_constants(np.asarray(scene.clay_pct, np.float64))
    floor = np.float64(FLOOR)
    named = (
        tb_k, scene.t_k, scene.h, scene.omega, scene.tau, scene.q,
        cosine(np.asarray(scene.incidence_deg, np.float64)),
        floor, np.maximum(np.asarray(scene.porosity, np.float64), floor), *soil,
    )  # fmt: skip
    whole = np.broadcast_arrays(*(np.asarray(value, np.float64) for value in named))
    shape = whole[0].shape
    flat = [np.ascontiguousarray(value).ravel() for value in whole]
    constants = np.ascontiguousarray(np.stack(flat[9:], axis=-1))
    theta, outcome = np.empty(flat[0].size), np.zeros(flat[0].size, dtype=np.int64)
    tb, t, h, omega, tau, q, cos_i, low, high = flat[:9]
    invert_brightness(
        tb, t, h, omega, tau, q, constants, cos_i, low, high,
        polarisation == "v", angle_exponent, theta, outcome,
    )  # fmt: skip
    return Retrieved(theta.reshape(shape), outcome.reshape(shape))


@dataclass(frozen=True)
class DualRetrieved:
    """Water content and opacity fitted to both polarisations.

    Parameters
    ----------
    theta, tau : array
        Water content [m3 m-3] and nadir opacity [-].
    residual_k : array
        Root mean square of the two residuals [K].
    """

    theta: FloatArray
    tau: FloatArray
    residual_k: FloatArray


def retrieve_dca(
    tb_h: AnyArray,
    tb_v: AnyArray,
    scene: Scene,
    *,
    weight_k: float = 20.0,
    steps: int = 40,
) -> DualRetrieved:
    r"""Dual-channel retrieval, SMAP's option 3, with ``scene.tau`` as the opacity to stay near.

    Minimises :math:`\sum_p (T_{B,p} - T_B(\theta, \tau))^2 + w^2 (\tau - \tau_0)^2` with mixing
    Q = 0.1771 h, by damped Gauss-Newton steps inside 0.02..porosity and 0..3.

    Parameters
    ----------
    tb_h, tb_v : array
        Brightness temperatures [K].
    scene : Scene
        h and omega of the dual-channel algorithm, and the prior opacity. ``q`` is not used.
    weight_k : float
        w [K]: how far an opacity of 1 from its prior counts; 20 is commonly quoted for SMAP.
    steps : int
        Steps taken; they stop mattering after about 15.

    References
    ----------
    Chaubell et al. (2020), doi:10.1109/TGRS.2020.2970905
    """
    names = ("t_k", "h", "omega", "tau", "porosity")
    t, h, omega, prior, porosity = (np.asarray(getattr(scene, n), np.float64) for n in names)
    cos_i = cosine(np.asarray(scene.incidence_deg, np.float64))
    soil = mironov2009_constants(np.asarray(scene.clay_pct, np.float64))
    seen_h, seen_v = np.asarray(tb_h, np.float64), np.asarray(tb_v, np.float64)
    shape = np.broadcast_shapes(seen_h.shape, seen_v.shape, *(np.shape(v) for v in (t, prior)))

    def off(theta: FloatArray, tau: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        h_k, v_k = brightness(theta, soil, t, h, omega, tau, cos_i, Q_PER_H * h)
        return h_k - seen_h, v_k - seen_v, weight_k * (tau - prior)

    def cost(parts: tuple[FloatArray, ...]) -> FloatArray:
        return np.asarray(sum(part**2 for part in parts))

    theta = np.clip(np.full(shape, 0.2), FLOOR, porosity)
    tau = np.broadcast_to(prior, shape).copy()
    damp = np.full(shape, 1e-2)
    now = off(theta, tau)
    eps = 1e-6
    for _ in range(steps):
        by_theta = [(a - b) / eps for a, b in zip(off(theta + eps, tau), now, strict=True)]
        by_tau = [(a - b) / eps for a, b in zip(off(theta, tau + eps), now, strict=True)]
        a11 = sum(a * a for a in by_theta) * (1.0 + damp)
        a22 = sum(b * b for b in by_tau) * (1.0 + damp)
        a12 = sum(a * b for a, b in zip(by_theta, by_tau, strict=True))
        g1 = sum(a * f for a, f in zip(by_theta, now, strict=True))
        g2 = sum(b * f for b, f in zip(by_tau, now, strict=True))
        det = a11 * a22 - a12 * a12
        new_theta = np.clip(theta - (a22 * g1 - a12 * g2) / det, FLOOR, porosity)
        new_tau = np.clip(tau - (a11 * g2 - a12 * g1) / det, 0.0, 3.0)
        then = off(new_theta, new_tau)
        better = cost(then) < cost(now)
        theta, tau = np.where(better, new_theta, theta), np.where(better, new_tau, tau)
        now = off(theta, tau)
        damp = np.where(better, damp * 0.3, damp * 5.0)
    residual = np.sqrt((now[0] ** 2 + now[1] ** 2) / 2.0)
    return DualRetrieved(theta, tau, residual)
