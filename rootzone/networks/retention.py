"""Van Genuchten retention in torch: the twins of ``hydraulics.van_genuchten``.

Both functions work in float32 or float64, never in half precision, also under autocast. Suction is
formed as a logarithm: a clay of n = 1.09 at theta_r + 1e-4 has a suction of 8e40 cm, which float32
cannot hold and whose gradient is NaN.
"""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import torch
from torch import Tensor

THETA_EPS: Final = 1e-4  # [m3 m-3], section 3.7.3: the clamp below theta_s and above theta_r
PSI_MAX_CM: Final = 15_296.0  # [cm], 1500 kPa; the paper names no figure


class Retention(NamedTuple):
    """Van Genuchten parameters, tensors of one shape: m3 m-3, m3 m-3, cm-1 and 1."""

    theta_r: Tensor
    theta_s: Tensor
    alpha_per_cm: Tensor
    n: Tensor


def retention_of(soil: Tensor) -> Retention:
    """The four parameters along axis 2 of a batch's soil (batch, depth, 4, row, column)."""
    theta_r, theta_s, alpha_per_cm, n = soil.unbind(dim=2)
    return Retention(theta_r, theta_s, alpha_per_cm, n)


def _full(values: Tensor) -> Tensor:
    """At least float32."""
    return values.float() if values.dtype in (torch.float16, torch.bfloat16) else values


def theta_from_psi(psi_cm: Tensor, soil: Retention) -> Tensor:
    r"""Water content held at a matric head (Eq. 11).

    .. math:: \theta = \theta_r + (\theta_s - \theta_r)\,[1 + (\alpha |\psi|)^n]^{-m}

    The power stays a logarithm and the sum is formed from it, so that no head overflows.

    Parameters
    ----------
    psi_cm : tensor
        Matric head [cm]; 0 and above count as saturated, with a gradient of zero.
    soil : Retention
        Parameters, broadcast against the head.

    Returns
    -------
    tensor
        Water content [m3 m-3]; NaN where an input is NaN.
    """
    with torch.autocast(psi_cm.device.type, enabled=False):
        psi, (tr, ts, alpha, n) = _full(psi_cm), Retention(*map(_full, soil))
        dry = psi < 0.0
        ln_u = n * torch.log(alpha * torch.where(dry, -psi, 1.0 + 0.0 * psi))
        se = torch.exp(-(1.0 - 1.0 / n) * torch.logaddexp(ln_u, torch.zeros_like(ln_u)))
        return tr + (ts - tr) * torch.where(dry, se, 1.0 + 0.0 * ln_u)


def ln_suction_from_theta(
    theta: Tensor, soil: Retention, psi_max_cm: float = PSI_MAX_CM, eps: float = THETA_EPS
) -> Tensor:
    r"""Natural logarithm of the suction [cm] at a water content, clipped at ``psi_max_cm``.

    .. math:: \ln\psi = \tfrac{1}{n}\ln\left(S_e^{-1/m} - 1\right) - \ln\alpha

    With x = -ln(Se)/m the inner logarithm is ln(exp(x) - 1) = x + ln(1 - exp(-x)), which neither
    overflows for dry clay nor loses digits near saturation.

    Parameters
    ----------
    theta : tensor
        Water content [m3 m-3]; clamped to [theta_r + eps, theta_s - eps] (section 3.7.3).
    soil : Retention
        Parameters, broadcast against the water content.
    psi_max_cm : float
        Largest suction [cm]; the gradient is zero beyond.
    eps : float
        The clamp [m3 m-3].

    Returns
    -------
    tensor
        ln of the suction in cm; NaN where an input is NaN.
    """
    with torch.autocast(theta.device.type, enabled=False):
        water, (tr, ts, alpha, n) = _full(theta), Retention(*map(_full, soil))
        clamped = torch.clamp(water, tr + eps, ts - eps)
        x = -torch.log1p((clamped - ts) / (ts - tr)) / (1.0 - 1.0 / n)
        ln_suction = (x + torch.log(-torch.expm1(-x))) / n - torch.log(alpha)
        return ln_suction.clamp(max=math.log(psi_max_cm))


def effective_saturation(theta: Tensor, soil: Retention) -> Tensor:
    """Effective saturation [-] at a water content; not clamped, so it passes 0 and 1 outside."""
    with torch.autocast(theta.device.type, enabled=False):
        tr, ts = _full(soil.theta_r), _full(soil.theta_s)
        return (_full(theta) - tr) / (ts - tr)
