"""What a trained retrieval says of pixels: water content, its parameters, its flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray
from rootzone._shared.units import FREEZING_K
from rootzone.surface.emission_model.channels import PHYSICAL
from rootzone.surface.physics.classes import DENSE_VWC_KG_M2

if TYPE_CHECKING:
    from rootzone.surface.emission_model.parameters import RetrievalNetwork

WATER_SHARE: Final = 0.05
_AT_ONCE = 500_000  # pixels; about 200 MB of float64 channels


@dataclass(frozen=True)
class RetrievedPixels:
    """A retrieval and what it was made with; arrays of one shape.

    Parameters
    ----------
    theta : array
        Water content at 0-5 cm [m3 m-3]; NaN where an input is missing.
    h, omega, b, tau : array
        Roughness, albedo, opacity a kg m-2, nadir opacity [-].
    teff_shift_k : array
        Correction of the effective temperature [K].
    residual_tbh_k : array
        Forward TBH minus TBH seen [K].
    at_bound : array of bool
        Whether theta is a limit.
    theta_seen : array
        Water content of the footprint that the radiometer saw around the pixel [m3 m-3].
    """

    theta: FloatArray
    h: FloatArray
    omega: FloatArray
    b: FloatArray
    tau: FloatArray
    teff_shift_k: FloatArray
    residual_tbh_k: FloatArray
    at_bound: BoolArray
    theta_seen: FloatArray


def retrieve_pixels(network: RetrievalNetwork, channels: FloatArray) -> RetrievedPixels:
    """Retrieve pixels.

    Parameters
    ----------
    network : RetrievalNetwork
        Trained, or new: then it is SCA-V.
    channels : array, shape (channel, ...)
        Of `channels.channels_of`.
    """
    import torch

    shape = channels.shape[1:]
    flat = channels.reshape(channels.shape[0], -1)
    parts: list[list[AnyArray]] = []
    with torch.no_grad():
        for start in range(0, max(flat.shape[1], 1), _AT_ONCE):
            x = torch.from_numpy(np.ascontiguousarray(flat[:, start : start + _AT_ONCE].T))
            told = network.retrieve(x)
            p = told.parameters
            columns = (
                told.theta, p.h, p.omega, p.b, p.tau, p.teff_shift_k, told.tb_h_residual_k,
                told.at_bound, told.theta_seen,
            )  # fmt: skip
            parts.append([column.numpy() for column in columns])
    return RetrievedPixels(*(np.concatenate(c).reshape(shape) for c in zip(*parts, strict=True)))


def usable(channels: FloatArray, water_share: FloatArray | float = 0.0) -> BoolArray:
    """Where SMAP itself would recommend a retrieval: thawed, thin canopy, hardly any water."""
    teff = channels[PHYSICAL.index("teff_k")]
    vwc = channels[PHYSICAL.index("vwc_kg_m2")]
    return np.asarray(
        (teff >= FREEZING_K) & (vwc <= DENSE_VWC_KG_M2) & (np.asarray(water_share) <= WATER_SHARE)
    )
