"""Van Genuchten retention, its inverse, and Mualem's conductivity.

Scalar kernels (``..._at_...``) for use inside other kernels, and array forms (``..._from_...``)
that broadcast. All use m = 1 - 1/n (Eq. 11) and are arranged so that no digits are lost near
saturation or in very dry soil: sums such as 1 - (1 - x)^m go through ``expm1`` and ``log1p``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import kernel

MUALEM_L = 0.5  # Mualem (1976), his mean over 45 soils; what Eq. 12 calls l


@kernel
def _if_known(value: float, others: float) -> float:
    """A limit such as saturation, or NaN where a parameter it does not depend on is missing.

    A saturated soil without alpha is not a known soil: NaN in any input is NaN in the result.
    ``others`` is the sum of the other parameters.
    """
    return value + 0.0 * others


@kernel
def se_at_psi(psi_cm: float, alpha_per_cm: float, n: float) -> float:
    """Effective saturation [-] at a matric head [cm]; 1 at and above saturation."""
    if psi_cm >= 0.0:
        return _if_known(1.0, alpha_per_cm + n)
    u = (-alpha_per_cm * psi_cm) ** n
    return float(np.exp(-(1.0 - 1.0 / n) * np.log1p(u)))


@kernel
def theta_at_psi(
    psi_cm: float, theta_r: float, theta_s: float, alpha_per_cm: float, n: float
) -> float:
    """Water content [m3 m-3] at a matric head [cm] (Eq. 11)."""
    return theta_r + (theta_s - theta_r) * se_at_psi(psi_cm, alpha_per_cm, n)


@kernel
def psi_at_theta(
    theta: float, theta_r: float, theta_s: float, alpha_per_cm: float, n: float
) -> float:
    """Matric head [cm] at a water content: 0 at theta_s and above, -inf at theta_r and below."""
    if theta >= theta_s:
        return _if_known(0.0, theta_r + alpha_per_cm + n)
    if theta <= theta_r:
        return _if_known(-np.inf, theta_s + alpha_per_cm + n)
    log_se = np.log1p((theta - theta_s) / (theta_s - theta_r))
    return float(-(np.expm1(-log_se / (1.0 - 1.0 / n)) ** (1.0 / n)) / alpha_per_cm)


@kernel
def conductivity_at_psi(
    psi_cm: float, ks: float, alpha_per_cm: float, n: float, pore_l: float
) -> float:
    """Mualem's conductivity at a matric head [cm], in the unit of ``ks``."""
    if psi_cm >= 0.0:
        return _if_known(ks, alpha_per_cm + n + pore_l)
    u = (-alpha_per_cm * psi_cm) ** n
    if u == 0.0:  # a head so small that its power underflows
        return _if_known(ks, pore_l)
    m = 1.0 - 1.0 / n
    inner = -np.expm1(-m * np.log1p(1.0 / u))  # 1 - (1 - Se^(1/m))^m, with Se^(1/m) = 1/(1+u)
    return float(ks * np.exp(-m * pore_l * np.log1p(u)) * inner * inner)


@kernel
def conductivity_at_se(se: float, ks: float, n: float, pore_l: float) -> float:
    """Mualem's conductivity at an effective saturation (Eq. 12), in the unit of ``ks``."""
    if se >= 1.0:
        return _if_known(ks, n + pore_l)
    if se <= 0.0:
        return _if_known(0.0, ks + n + pore_l)
    m = 1.0 - 1.0 / n
    inner = -np.expm1(m * np.log1p(-(se ** (1.0 / m))))
    return float(ks * se**pore_l * inner * inner)


@kernel
def _theta_loop(
    psi: FloatArray,
    tr: FloatArray,
    ts: FloatArray,
    alpha: FloatArray,
    n: FloatArray,
    out: FloatArray,
) -> None:
    for i in range(out.size):
        out[i] = theta_at_psi(psi[i], tr[i], ts[i], alpha[i], n[i])


@kernel
def _psi_loop(
    theta: FloatArray,
    tr: FloatArray,
    ts: FloatArray,
    alpha: FloatArray,
    n: FloatArray,
    out: FloatArray,
) -> None:
    for i in range(out.size):
        out[i] = psi_at_theta(theta[i], tr[i], ts[i], alpha[i], n[i])


@kernel
def _k_psi_loop(
    psi: FloatArray,
    ks: FloatArray,
    alpha: FloatArray,
    n: FloatArray,
    pore_l: FloatArray,
    out: FloatArray,
) -> None:
    for i in range(out.size):
        out[i] = conductivity_at_psi(psi[i], ks[i], alpha[i], n[i], pore_l[i])


@kernel
def _k_se_loop(
    se: FloatArray, ks: FloatArray, n: FloatArray, pore_l: FloatArray, out: FloatArray
) -> None:
    for i in range(out.size):
        out[i] = conductivity_at_se(se[i], ks[i], n[i], pore_l[i])


def _broadcast(loop: Callable[..., None], *values: ArrayLike) -> FloatArray:
    """Run a loop kernel over broadcast, flattened copies of its inputs."""
    arrays = np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values))
    flat: list[Any] = [np.ascontiguousarray(array).ravel() for array in arrays]
    out = np.empty(flat[0].size)
    loop(*flat, out)
    return out.reshape(arrays[0].shape)


def theta_from_psi(
    psi_cm: ArrayLike, theta_r: ArrayLike, theta_s: ArrayLike, alpha_per_cm: ArrayLike, n: ArrayLike
) -> FloatArray:
    """Water content held at a matric head, after van Genuchten with m = 1 - 1/n.

    Parameters
    ----------
    psi_cm : array
        Matric head [cm], 0 at saturation, negative when dry. Positive heads count as saturated.
    theta_r, theta_s : array
        Residual and saturated water content [m3 m-3].
    alpha_per_cm, n : array
        Shape parameters [cm-1] and [-], n > 1; natural values, not Rosetta's logarithms.

    Returns
    -------
    array
        Water content [m3 m-3], broadcast over the inputs; NaN where any input is NaN.

    References
    ----------
    DeepSoil manuscript, Eq. 11; van Genuchten (1980), doi:10.2136/sssaj1980.03615995004400050002x
    """
    return _broadcast(_theta_loop, psi_cm, theta_r, theta_s, alpha_per_cm, n)


def psi_from_theta(
    theta: ArrayLike, theta_r: ArrayLike, theta_s: ArrayLike, alpha_per_cm: ArrayLike, n: ArrayLike
) -> FloatArray:
    r"""Matric head at which a soil holds a water content; the inverse of ``theta_from_psi``.

    .. math:: \psi = -\frac{1}{\alpha}\left(S_e^{-1/m} - 1\right)^{1/n}

    Parameters
    ----------
    theta : array
        Water content [m3 m-3].
    theta_r, theta_s, alpha_per_cm, n : array
        As in ``theta_from_psi``.

    Returns
    -------
    array
        Matric head [cm]: 0 at theta_s and above, -inf at theta_r and below, NaN where any input
        is NaN.

    References
    ----------
    DeepSoil manuscript, Eq. 11, solved for the head.
    """
    return _broadcast(_psi_loop, theta, theta_r, theta_s, alpha_per_cm, n)


def conductivity_from_psi(
    psi_cm: ArrayLike,
    ks: ArrayLike,
    alpha_per_cm: ArrayLike,
    n: ArrayLike,
    pore_l: ArrayLike = MUALEM_L,
) -> FloatArray:
    """Unsaturated conductivity at a matric head, after Mualem and van Genuchten.

    Parameters
    ----------
    psi_cm : array
        Matric head [cm]. Positive heads count as saturated.
    ks : array
        Saturated conductivity, in any unit.
    alpha_per_cm, n : array
        As in ``theta_from_psi``.
    pore_l : array
        Mualem's pore connectivity [-], 0.5 unless measured.

    Returns
    -------
    array
        Conductivity in the unit of ``ks``; NaN where any input is NaN.

    References
    ----------
    DeepSoil manuscript, Eq. 12; Mualem (1976), doi:10.1029/WR012i003p00513
    """
    return _broadcast(_k_psi_loop, psi_cm, ks, alpha_per_cm, n, pore_l)


def conductivity_from_se(
    se: ArrayLike, ks: ArrayLike, n: ArrayLike, pore_l: ArrayLike = MUALEM_L
) -> FloatArray:
    """Unsaturated conductivity at an effective saturation (Eq. 12).

    Parameters
    ----------
    se : array
        Effective saturation [-]; 1 and above gives ``ks``, 0 and below gives 0.
    ks, n, pore_l : array
        As in ``conductivity_from_psi``.

    Returns
    -------
    array
        Conductivity in the unit of ``ks``; NaN where any input is NaN.
    """
    return _broadcast(_k_se_loop, se, ks, n, pore_l)
