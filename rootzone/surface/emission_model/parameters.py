"""The network: bounded offsets of emission parameters round the class table, then the retrieval.

Retrieved is the water of the footprint that the radiometer sees. It is shared out by soil: theta
of a pixel is that of its footprint times (held by its soil / held by the footprint's)^k, with the
water held at 33 kPa, for sand holds less water than the clay beside it under the same rain. k is
one number that stations tell; 1 would be water in proportion to what soils hold. Last layers and k
start at zero, so an untrained network is SCA-V to the bit: each parameter is its prior plus a
difference of two equal sigmoids, and every pixel is like its footprint.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn

from rootzone._shared.errors import RequestError
from rootzone.networks.models import Prediction
from rootzone.surface.emission_model.channels import CHANNELS, COVARIATES, HELD, PHYSICAL
from rootzone.surface.emission_model.config import RetrievalConfig
from rootzone.surface.physics.retrieve_torch import Emission, one_brightness, retrieve

H_MOST: Final = 1.5
OMEGA_MOST: Final = 0.2
B_MOST: Final = 0.5
TEFF_MOST_K: Final = 5.0
Q_MOST: Final = 0.3
_Q_START = -4.0  # sigmoid(-4) = .018: room for mixing to grow from its prior of none
_EDGE = 0.01  # a prior at a bound still gets a slope
SHARE_MOST: Final = 1.0
"""Largest logarithm of a pixel's water over that of its footprint."""
_SHARE_UNIT = 10.0  # k moves a tenth a step of .01, or it would be far from its value at the end
_SOIL = slice(PHYSICAL.index("soil_n_dry"), len(PHYSICAL))
_OWN, _SEEN = (len(PHYSICAL) + len(COVARIATES) + k for k in range(len(HELD)))


class Parameters(NamedTuple):
    """What the network says of each pixel; all but ``z`` in the shape of the pixels.

    Attributes
    ----------
    h, omega, tau, q : tensor
        Roughness, albedo, nadir opacity, mixing [-].
    b : tensor
        Opacity a kg m-2 of vegetation water [m2 kg-1].
    teff_k, teff_shift_k : tensor
        Effective temperature, and its correction [K].
    z : tensor, shape (..., 4 or 5)
        Raw offsets.
    """

    h: Tensor
    omega: Tensor
    tau: Tensor
    q: Tensor
    b: Tensor
    teff_k: Tensor
    teff_shift_k: Tensor
    z: Tensor


class Retrieved(NamedTuple):
    """A retrieval with its parameters.

    Attributes
    ----------
    theta : tensor
        Water content [m3 m-3]; NaN where an input is missing.
    at_bound : tensor of bool
        Whether it is a limit and not a root, or not known.
    parameters : Parameters
        What it was made with.
    tb_h_residual_k : tensor
        Forward TBH of the footprint at its theta minus TBH seen [K].
    theta_seen : tensor
        Water content of the footprint, before the pixel's share of it [m3 m-3].
    """

    theta: Tensor
    at_bound: Tensor
    parameters: Parameters
    tb_h_residual_k: Tensor
    theta_seen: Tensor


class RetrievalNetwork(nn.Module):
    """From channels to water content by way of emission parameters.

    Parameters
    ----------
    config : RetrievalConfig
        What it is made of.

    Attributes
    ----------
    unlabelled : tensor or None, shape (cell, channel, pixel)
        Pixels of coarse cells without stations, for the consistency term.
    """

    def __init__(self, config: RetrievalConfig) -> None:
        super().__init__()
        self.config = config
        sizes = [len(COVARIATES), *[config.width] * config.layers]
        body: list[nn.Module] = []
        for n_in, n_out in pairwise(sizes):
            body += [nn.Linear(n_in, n_out), nn.SiLU()]
        self.body = nn.Sequential(*body)
        self.head = nn.Linear(sizes[-1], 5 if config.with_q else 4)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.share = nn.Parameter(torch.zeros(()))
        self.unlabelled: Tensor | None = None

    @property
    def exponent(self) -> Tensor:
        """k: how much of what soils hold shows in their water, a number."""
        return _SHARE_UNIT * self.share

    def log_share(self, x: Tensor) -> Tensor:
        """Logarithm of a pixel's water over its footprint's, ``x`` of shape (..., channel)."""
        told = self.exponent * (x[..., _OWN] - x[..., _SEEN])
        return SHARE_MOST * torch.tanh(told / SHARE_MOST)

    def parameters_of(self, x: Tensor) -> Parameters:
        """Emission parameters of pixels, ``x`` of shape (..., channel), float64."""
        z = self.head(self.body(x[..., len(PHYSICAL) : _OWN].float())).double()
        prior = {name: x[..., PHYSICAL.index(name)] for name in ("h0", "omega0", "b0")}
        h = _offset(prior["h0"], z[..., 0], H_MOST)
        omega = _offset(prior["omega0"], z[..., 1], OMEGA_MOST)
        b = _offset(prior["b0"], z[..., 2], B_MOST)
        shift = TEFF_MOST_K * torch.tanh(z[..., 3])
        q = torch.zeros_like(h)
        if self.config.with_q:
            start = torch.sigmoid(torch.full_like(h, _Q_START))
            q = (Q_MOST * (torch.sigmoid(z[..., 4] + _Q_START) - start)).clamp(min=0.0)
        teff = x[..., PHYSICAL.index("teff_k")] + shift
        tau = b * x[..., PHYSICAL.index("vwc_kg_m2")]
        return Parameters(h, omega, tau, q, b, teff, shift, z)

    def retrieve(self, x: Tensor) -> Retrieved:
        """Water content of pixels, ``x`` of shape (..., channel), float64."""
        told = self.parameters_of(x)
        seen = emission_of(x, told)
        footprint, at_bound = retrieve(x[..., PHYSICAL.index("tb_v")], seen, vertical=True)
        usable = torch.where(torch.isfinite(footprint), footprint, 0.2)
        residual = one_brightness(usable, seen, False) - x[..., PHYSICAL.index("tb_h")]
        most = torch.maximum(x[..., PHYSICAL.index("porosity")], footprint)
        theta = torch.minimum(footprint * torch.exp(self.log_share(x)), most)
        return Retrieved(theta, at_bound, told, residual, footprint)

    def forward(self, x: Tensor, soil: Tensor | None = None) -> Prediction:
        """Water content of tiles, shape (batch, 1, row, col), and the terms asked for besides.

        Parameters
        ----------
        x : tensor, shape (batch, channel, row, col)
            Channels of `channels.channels_of`, float64.
        soil : tensor, optional
            Not used; the loop hands it to every network.

        Raises
        ------
        RequestError
            The channels are others.
        """
        if x.shape[1] != CHANNELS:
            raise RequestError(f"The retrieval reads {CHANNELS} channels; got {x.shape[1]}.")
        told = self.retrieve(x.movedim(1, -1).double())
        return Prediction(told.theta[:, None], None, self._asked(told) if self.training else None)

    def _asked(self, told: Retrieved) -> Tensor:
        """Prior, second polarisation and consistency, each with its weight."""
        chosen = self.config
        total = chosen.prior_weight * (told.parameters.z**2).mean()
        if chosen.tb_h_weight > 0.0:
            known = torch.isfinite(told.tb_h_residual_k) & ~told.at_bound
            off = torch.where(known, told.tb_h_residual_k / 4.0, 0.0)
            total = total + chosen.tb_h_weight * (off**2).sum() / known.sum().clamp(min=1)
        if chosen.consistency_weight > 0.0 and self.unlabelled is not None:
            total = total + chosen.consistency_weight * self._inconsistency(self.unlabelled)
        return total

    def _inconsistency(self, cells: Tensor) -> Tensor:
        """Forward brightness of a cell's pixels, averaged, against the cell's own [K / 4 K]^2.

        The pixels share the cell's TBV, so their mean forward brightness misses it only where
        some of them are at a limit of water content: the term pushes parameters away from there.
        TBH, which the retrieval does not use, has to be met by the mean of the pixels too.
        """
        told = self.retrieve(cells.movedim(1, -1))
        seen = emission_of(cells.movedim(1, -1), told.parameters)
        usable = torch.where(torch.isfinite(told.theta_seen), told.theta_seen, 0.2)
        off = cells.new_zeros(())
        for vertical, name in ((True, "tb_v"), (False, "tb_h")):
            tb = one_brightness(usable, seen, vertical).mean(dim=-1)
            off = off + (((tb - cells[:, PHYSICAL.index(name)].mean(dim=-1)) / 4.0) ** 2).mean()
        return off


def emission_of(x: Tensor, told: Parameters) -> Emission:
    """What brightness depends on, from channels (..., channel) and the network's parameters."""
    return Emission(
        told.teff_k, told.h, told.omega, told.tau, told.q,
        x[..., PHYSICAL.index("cos_i")], x[..., PHYSICAL.index("porosity")], x[..., _SOIL],
    )  # fmt: skip


def _offset(prior: Tensor, z: Tensor, most: float) -> Tensor:
    """A parameter between 0 and ``most`` that is its prior where z is 0, to the bit."""
    start = torch.logit(prior / most, eps=_EDGE)
    return (prior + most * (torch.sigmoid(start + z) - torch.sigmoid(start))).clamp(0.0, most)
