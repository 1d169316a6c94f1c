"""Water content before the first day: as given, from heads, or at rest above the bottom."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.jit import kernel
from rootzone._shared.units import cm_from_mm
from rootzone.engines.swim import layout
from rootzone.engines.swim.nodes import curves
from rootzone.engines.swim.settings import SwimSettings
from rootzone.hydraulics.van_genuchten import theta_from_psi


def initial_theta(
    layers: FloatArray,
    layer_start: IntArray,
    soil: Mapping[str, FloatArray],
    settings: SwimSettings,
) -> FloatArray:
    """Water content of every layer at the start, by ``settings.initial``.

    Parameters
    ----------
    layers : array, shape (layer, N_SWIM3 or N_VG)
        Soil parameters as the kernels take them.
    layer_start : array of int, shape (site + 1,)
        Where each site's layers begin.
    soil : mapping of str to array, shape (layer,)
        Soil columns; ``theta_initial`` or ``psi_initial_cm`` is read where it is asked for.
    settings : SwimSettings
        ``theta`` takes the water content, ``psi`` the matric head [cm], ``equilibrium`` a
        profile at rest with the head at its bottom.

    Returns
    -------
    theta : array, shape (layer,)
        Water content [m3 m-3]; a head of 0 or above is saturation.

    Raises
    ------
    RequestError
        The column that is asked for is not there, or the bottom has no head to be at rest with.
    """
    if settings.initial == "theta":
        return _column(soil, "theta_initial", settings)
    if settings.initial == "psi":
        return theta_of_heads(layers, _column(soil, "psi_initial_cm", settings), settings)
    return theta_of_heads(layers, resting_heads_cm(layers, layer_start, settings), settings)


def _column(soil: Mapping[str, FloatArray], name: str, settings: SwimSettings) -> FloatArray:
    if name not in soil:
        raise RequestError(
            f"initial={settings.initial} needs the soil column {name}, which is not there."
        )
    return soil[name]


def resting_heads_cm(
    layers: FloatArray, layer_start: IntArray, settings: SwimSettings
) -> FloatArray:
    """Heads of a profile in which no water moves: lower by 1 cm for each cm above the bottom.

    A layer's head is that of its middle; ``swim3`` has its first node at the surface and its last
    at the bottom instead.

    Raises
    ------
    RequestError
        The bottom boundary holds no head (free drainage, zero flux).
    """
    bottom = settings.bottom_boundary
    if bottom.name not in {"head", "water_table", "seepage"}:
        raise RequestError(
            f"initial=equilibrium needs a head at the bottom, but bottom is {settings.bottom}; "
            "set bottom=water_table:depth_mm, head:psi_cm or seepage."
        )
    thickness_mm = layers[:, 0]
    sizes = np.diff(layer_start)
    depth_mm = np.cumsum(thickness_mm)
    above_site_mm = np.repeat(depth_mm[layer_start[:-1]] - thickness_mm[layer_start[:-1]], sizes)
    middle_mm = depth_mm - above_site_mm - 0.5 * thickness_mm
    profile_mm = np.add.reduceat(thickness_mm, layer_start[:-1])
    if settings.physics == "swim3":
        middle_mm[layer_start[:-1]] = 0.0
        middle_mm[layer_start[1:] - 1] = profile_mm
    height_cm = cm_from_mm(np.repeat(profile_mm, sizes) - middle_mm)
    return np.repeat(bottom.psi_cm(profile_mm), sizes) - height_cm


def theta_of_heads(layers: FloatArray, psi_cm: FloatArray, settings: SwimSettings) -> FloatArray:
    """Water content at matric heads [cm], by the curves of the physics."""
    if settings.physics == "swim3":
        theta = np.empty(len(layers))
        _fill_swim3(layers, psi_cm, settings.reproduce_traps, theta)
        return theta
    return theta_from_psi(
        np.minimum(psi_cm, 0.0),
        layers[:, layout.VG_THETA_R],
        layers[:, layout.VG_THETA_S],
        layers[:, layout.VG_ALPHA_PER_CM],
        layers[:, layout.VG_N],
    )


@kernel
def _fill_swim3(
    layers: FloatArray, psi_cm: FloatArray, reproduce_traps: bool, theta: FloatArray
) -> None:
    coef = np.zeros(curves.N_COEF)
    for i in range(layers.shape[0]):
        curves.fill_layer_curves(layers[i], reproduce_traps, coef)
        theta[i] = coef[curves.SAT]
        if psi_cm[i] < -1.0:
            theta[i], _ = curves.theta_of_suction(coef, math.log(-psi_cm[i]))
