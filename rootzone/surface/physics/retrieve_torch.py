r"""The retrieval as a layer of a network: a root, and its gradient by the implicit step.

Where :math:`F(\theta, p) = T_B(\theta, p) - T_{seen} = 0`, the implicit function theorem gives

.. math:: d\theta = -\frac{\partial F / \partial p}{\partial F / \partial \theta}\, dp .

The root comes from the compiled search that `retrieve.invert` runs, so that a network whose
offsets are zero gives NASA's answer to the bit. Always in float64.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from rootzone.surface.physics.dielectric import Constants, permittivity
from rootzone.surface.physics.emission import fresnel, rough, tau_omega
from rootzone.surface.physics.retrieve import FLOOR
from rootzone.surface.physics.retrieve_kernels import FOUND, invert_brightness

_DOUBLE = torch.float64


class Emission(NamedTuple):
    """What a brightness depends on besides water content; float64 tensors of one shape.

    Attributes
    ----------
    t_k, h, omega, tau, q : tensor
        Effective temperature [K], roughness, albedo, nadir opacity and mixing [-].
    cos_i : tensor
        Cosine of the incidence angle.
    porosity : tensor
        Upper limit of water content [m3 m-3].
    soil : tensor, shape (..., 7)
        `Constants` of each cell, stacked.
    """

    t_k: Tensor
    h: Tensor
    omega: Tensor
    tau: Tensor
    q: Tensor
    cos_i: Tensor
    porosity: Tensor
    soil: Tensor


def stacked(soil: Constants) -> Tensor:
    """Constants as one tensor, shape (..., 7)."""
    parts = np.broadcast_arrays(*(np.asarray(part, np.float64) for part in soil))
    return torch.from_numpy(np.ascontiguousarray(np.stack(parts, axis=-1)))


def one_brightness(theta: Tensor, seen: Emission, vertical: bool) -> Tensor:
    """Brightness of one polarisation [K]; the formulas are those of `emission`."""
    soil = Constants(*seen.soil.unbind(-1))
    r_h, r_v = fresnel(*permittivity(theta, soil), seen.cos_i)
    own, other = (r_v, r_h) if vertical else (r_h, r_v)
    reflectivity = rough(own, other, seen.h, seen.q, seen.cos_i)
    tb: Tensor = tau_omega(reflectivity, seen.omega, seen.tau, seen.t_k, seen.cos_i)
    return tb


def retrieve(tb_k: Tensor, seen: Emission, vertical: bool = True) -> tuple[Tensor, Tensor]:
    """Water content whose brightness was seen, with gradients.

    Parameters
    ----------
    tb_k : tensor
        Brightness temperature [K], float64.
    seen : Emission
        Temperature, vegetation, soil; gradients reach brightness, t_k, h, omega, tau and q.
    vertical : bool
        Whether the brightness is vertical.

    Returns
    -------
    theta : tensor
        Water content [m3 m-3], 0.02 to porosity; NaN where an input is missing. Where it is a
        limit and not a root, nothing moves it and its gradient is 0.
    at_bound : tensor of bool
        Whether it is a limit, or not known.
    """
    values = torch.broadcast_tensors(tb_k, *seen[:-1])  # type: ignore[no-untyped-call]
    theta, found = _Root.apply(*values, seen.soil, vertical)  # type: ignore[no-untyped-call]
    return theta, ~found


class _Root(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *inputs: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401 - torch's
        *tensors, soil, vertical = inputs
        theta, found = _root(tensors, soil, vertical)
        ctx.save_for_backward(theta, found, soil, *tensors)
        ctx.vertical = vertical
        ctx.mark_non_differentiable(found)
        return theta, found

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Any) -> tuple[Tensor | None, ...]:  # noqa: ANN401
        theta, found, soil, _tb, *parameters = ctx.saved_tensors
        *moving, cos_i, porosity = parameters
        with torch.enable_grad():
            # A stand-in where there is no root: its gradient is put to zero, never NaN.
            root = torch.where(found, theta, 0.2).detach().requires_grad_()
            t, h, omega, tau, q = leaves = [
                torch.where(found, value, stand_in).detach().requires_grad_()
                for value, stand_in in zip(moving, (290.0, 0.1, 0.05, 0.1, 0.0), strict=True)
            ]
            emission = Emission(t, h, omega, tau, q, cos_i, porosity, soil)
            tb = one_brightness(root, emission, ctx.vertical)
            slopes = torch.autograd.grad(tb.sum(), [root, *leaves], materialize_grads=True)
        scale = torch.where(found, grad / slopes[0], 0.0)
        return scale, *(-scale * slope for slope in slopes[1:]), None, None, None, None


def _root(tensors: list[Tensor], soil: Tensor, vertical: bool) -> tuple[Tensor, Tensor]:
    """Roots by the compiled search, whatever device the tensors are on."""
    shape, device = tensors[0].shape, tensors[0].device
    flat = [_flat(value) for value in tensors]
    tb, t, h, omega, tau, q, cos_i, porosity = flat
    constants = np.ascontiguousarray(
        soil.detach().to("cpu", _DOUBLE).expand(*shape, 7).reshape(-1, 7).numpy()
    )
    floor = np.full(tb.size, FLOOR)
    theta, outcome = np.empty(tb.size), np.zeros(tb.size, dtype=np.int64)
    invert_brightness(
        tb, t, h, omega, tau, q, constants, cos_i, floor, np.maximum(porosity, FLOOR),
        vertical, 2.0, theta, outcome,
    )  # fmt: skip
    found = torch.from_numpy(outcome == FOUND).reshape(shape).to(device)
    return torch.from_numpy(theta).reshape(shape).to(device), found


def _flat(value: Tensor) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.ascontiguousarray(value.detach().to("cpu", _DOUBLE).reshape(-1).numpy())
