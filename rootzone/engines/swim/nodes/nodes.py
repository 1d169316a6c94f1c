"""SWIM3's discretisation of the Richards equation: nodes, fluxes, residual and its Jacobian.

One node per layer. The first node sits at the surface and the last at the bottom of the profile,
the others at mid-depth, and each holds the water of its whole layer. The unknown is p, a sinh
transform of the matric head that is linear when wet and logarithmic when dry (Ross 1990,
doi:10.1029/WR026i002p00279). Fluxes are positive downward, in cm h-1.

The state of all nodes is one array ``node`` of shape (N_NODE, layer + 1), a row per quantity. Rows
of fluxes use every column: flux i enters node i from above, the last leaves the profile.
"""

from __future__ import annotations

import math

from rootzone._shared.arrays import FloatArray
from rootzone._shared.jit import exact_inner_kernel, kernel
from rootzone.engines.swim import layout, state
from rootzone.engines.swim.nodes import curves
from rootzone.engines.swim.nodes import van_genuchten as swim3_van_genuchten
from rootzone.engines.swim.nodes.curves import DX_CM, POROSITY, VAPOUR_K_CM_H, VAPOUR_PER_CM

KIND_SWIM3 = 0
KIND_VAN_GENUCHTEN = 1

# Rows of ``node``.
P = 0
PSI = 1
PSI_P = 2  # d psi / dp
PSI_PP = 3
THETA = 4
THETA_P = 5
K = 6
K_P = 7
QS = 8  # rate of storage [cm h-1]
Q = 9
Q_ABOVE = 10  # dq_i / dp of the node above
Q_BELOW = 11  # dq_i / dp of the node below
GRAVITY_ABOVE = 12  # weight of the upper node in the gravity term, 0 to 2
DISTANCE = 13  # to the node above [cm]
P_OLD = 14
THETA_OLD = 15
PIVOT = 16
UPDATE = 17
N_NODE = 18

# Entries of ``surface``, which is the column's ``control``.
RAIN_RATE = state.RAIN
EP_RATE = state.DEMAND
POND = state.POND
POND_OLD = state.N_COMMON + 0
EVAPORATION = state.N_COMMON + 1
RUNOFF = state.N_COMMON + 2
N_SURFACE = state.N_COMMON + 3

PSI_KNEE_CM = -50.0
PSI_SCALE_CM = 5.0
P_SATURATED = 10.0  # psi = -50 + 5 p = 0
HUMIDITY_PER_CM = 7.0e-7
HUMIDITY_OF_AIR = 0.5


@kernel
def p_of_psi(psi_cm: float) -> float:
    """Transform of a matric head [cm]: linear above -50 cm, inverse sinh below."""
    v = (psi_cm - PSI_KNEE_CM) / PSI_SCALE_CM
    return v if v >= 0.0 else -math.asinh(-v)


@exact_inner_kernel
def small_exp(z: float) -> float:
    """exp(z), by its series where that is exact to rounding; heads above -2,000 cm need no more."""
    if abs(z) < 1.5e-3:
        return 1.0 + z * (1.0 + z * (0.5 + z * (1.0 / 6.0 + z * (1.0 / 24.0 + z / 120.0))))
    return math.exp(z)


@exact_inner_kernel
def evaluate_curves(kind: int, coef: FloatArray, node: FloatArray, vapour: bool) -> None:
    """Fill head, water content, conductivity and their derivatives by p from the rows of p.

    Vapour adds ``Kv = vcon1 (SAT / 0.93 - theta) exp(vcon2 psi)`` to the liquid conductivity.
    """
    for i in range(coef.shape[0]):
        p = node[P, i]
        if p >= 0.0:
            psi = PSI_KNEE_CM + PSI_SCALE_CM * p
            psi_p = PSI_SCALE_CM
            node[PSI_PP, i] = 0.0
        else:
            grow = math.exp(p)
            shrink = 1.0 / grow
            node[PSI_PP, i] = 0.5 * PSI_SCALE_CM * (grow - shrink)
            psi = PSI_KNEE_CM + node[PSI_PP, i]
            psi_p = 0.5 * PSI_SCALE_CM * (grow + shrink)
        if kind == KIND_SWIM3:
            if psi < -1.0:
                theta, theta_x = curves.theta_of_suction(coef[i], math.log(-psi))
                theta_p = theta_x * psi_p / psi
            else:
                theta, theta_p = coef[i, curves.SAT], 0.0
            k, k_theta = curves.conductivity(coef[i], theta)
            k_p = k_theta * theta_p
        else:
            theta, theta_psi, k, k_psi = swim3_van_genuchten.theta_and_k(coef[i], psi)
            theta_p = theta_psi * psi_p
            k_p = k_psi * psi_p
        if vapour:
            air = coef[i, POROSITY] - theta
            kv = VAPOUR_K_CM_H * small_exp(VAPOUR_PER_CM * psi)
            k += kv * air
            k_p += kv * (air * VAPOUR_PER_CM * psi_p - theta_p)
        node[PSI, i] = psi
        node[PSI_P, i] = psi_p
        node[THETA, i] = theta
        node[THETA_P, i] = theta_p
        node[K, i] = k
        node[K_P, i] = k_p


@kernel
def fill_distances(coef: FloatArray, node: FloatArray) -> None:
    """Write the distance of each node to the one above; node 0 is the surface, the last the bottom.

    The first spacing is the top layer and half the next; the last is half a layer and the last.
    """
    n = coef.shape[0]
    depth = 0.0
    above = 0.0
    node[DISTANCE, 0] = 0.0
    for i in range(n):
        top = depth
        depth += coef[i, DX_CM]
        if i > 0:
            here = depth if i == n - 1 else 0.5 * (top + depth)
            node[DISTANCE, i] = here - above
            above = here


@exact_inner_kernel
def fill_gravity_weights(node: FloatArray, n: int, space_weighting: float) -> None:
    """Write the weight of the upper node in the gravity flux of each interface, 0 to 2.

    A factor of 0.5 to 1 is taken as it is (0.5 central, 1 upstream). Otherwise the weight is
    central while the capillary term can hold an oscillation back, and leans upstream beyond:
    ``1 + sign(max(0, 1 - a Sg / (|K'| dX)), K')`` with ``a = max(1, -factor)``.
    """
    if space_weighting >= 0.5:
        for i in range(1, n):
            node[GRAVITY_ABOVE, i] = 2.0 * space_weighting
        return
    a = max(1.0, -space_weighting)
    for i in range(1, n):
        sum_k = node[K, i - 1] * node[PSI_P, i - 1] + node[K, i] * node[PSI_P, i]
        steep = abs(node[K_P, i]) * node[DISTANCE, i]
        lean = 0.0
        if steep > a * sum_k:
            lean = 1.0 - a * sum_k / steep
        node[GRAVITY_ABOVE, i] = 1.0 + (lean if node[K_P, i] >= 0.0 else -lean)


@exact_inner_kernel
def fill_fluxes(node: FloatArray, n: int) -> None:
    """Write the flux through each inner interface and its derivatives by the two p."""
    for i in range(1, n):
        u = i - 1
        inv_dx = 1.0 / node[DISTANCE, i]
        dp = node[P, i] - node[P, u]
        w_u = node[GRAVITY_ABOVE, i]
        w_l = 2.0 - w_u
        k_u, k_l = node[K, u], node[K, i]
        sum_k = k_u * node[PSI_P, u] + k_l * node[PSI_P, i]
        node[Q, i] = -0.5 * (sum_k * dp * inv_dx - (w_u * k_u + w_l * k_l))
        slope_u = k_u * node[PSI_PP, u] + node[K_P, u] * node[PSI_P, u]
        slope_l = k_l * node[PSI_PP, i] + node[K_P, i] * node[PSI_P, i]
        node[Q_ABOVE, i] = -0.5 * ((slope_u * dp - sum_k) * inv_dx - w_u * node[K_P, u])
        node[Q_BELOW, i] = -0.5 * ((slope_l * dp + sum_k) * inv_dx - w_l * node[K_P, i])


@exact_inner_kernel
def evaporation_rate(ep_rate: float, psi_cm: float) -> tuple[float, float]:
    """Evaporation [cm h-1] from a surface at a head, and its derivative by the head.

    The relative humidity of the soil surface, exp(7e-7 psi), against air at one half: potential
    when wet, 86 % at -1e5 cm, nothing below -9.9e5 cm.
    """
    if psi_cm >= 0.0:
        return ep_rate, 0.0
    humidity = max(HUMIDITY_OF_AIR, small_exp(HUMIDITY_PER_CM * psi_cm))
    scale = ep_rate / (1.0 - HUMIDITY_OF_AIR)
    return scale * (humidity - HUMIDITY_OF_AIR), scale * HUMIDITY_PER_CM * humidity


@exact_inner_kernel
def apply_top(node: FloatArray, surface: FloatArray, dt: float, ponds: bool) -> bool:
    """Write the flux into the top node; return whether that node is held at saturation.

    Without ponding the surface takes rain less evaporation until its head reaches zero; then it
    is held there and the excess runs off. With ponding a positive head is a depth of water on the
    surface, without limit and without runoff.
    """
    psi = node[PSI, 0]
    evaporation, slope = evaporation_rate(surface[EP_RATE], psi)
    surface[EVAPORATION] = evaporation
    surface[RUNOFF] = 0.0
    surface[POND] = 0.0
    supply = surface[RAIN_RATE] - evaporation + surface[POND_OLD] / dt
    node[Q_BELOW, 0] = -slope * node[PSI_P, 0]
    node[Q, 0] = supply
    if psi < 0.0:
        return False
    if ponds:
        surface[POND] = psi
        node[Q, 0] = supply - psi / dt
        node[Q_BELOW, 0] = -(slope + 1.0 / dt) * node[PSI_P, 0]
        return False
    capacity = node[QS, 0] + node[Q, 1]
    if supply < capacity:
        return False
    node[Q, 0] = capacity
    surface[RUNOFF] = supply - capacity
    return True


@exact_inner_kernel
def apply_bottom(node: FloatArray, n: int, kind: int, psi_cm: float) -> bool:
    """Write the flux out of the last node; return whether that node is held at a head.

    Free drainage under a unit gradient, a fixed head (``psi_cm``), no flux, or seepage: closed
    until the last node reaches ``psi_cm``, then held there while water flows out.
    """
    last = n - 1
    node[Q_ABOVE, n] = 0.0
    if kind == layout.BOTTOM_FREE_DRAINAGE:
        node[Q, n] = node[K, last]
        node[Q_ABOVE, n] = node[K_P, last]
        return False
    node[Q, n] = 0.0
    if kind == layout.BOTTOM_ZERO_FLUX:
        return False
    capacity = node[Q, last] - node[QS, last]
    if kind == layout.BOTTOM_SEEPAGE and (node[PSI, last] < psi_cm or capacity < 0.0):
        return False
    node[Q, n] = capacity
    return True


@exact_inner_kernel
def solve_update(
    coef: FloatArray, node: FloatArray, dt: float, top_held: bool, bottom_held: bool
) -> float:
    """Solve the linear system for the update of p; return the largest residual [cm h-1].

    Residual i is storage less inflow plus outflow. A held node has no equation: its update is 0.
    """
    n = coef.shape[0]
    worst = 0.0
    for i in range(n):
        residual = node[QS, i] - node[Q, i] + node[Q, i + 1]
        diagonal = node[Q_BELOW, i] - node[Q_ABOVE, i + 1] - node[THETA_P, i] * coef[i, DX_CM] / dt
        if (i == 0 and top_held) or (i == n - 1 and bottom_held):
            node[PIVOT, i] = 0.0
            node[UPDATE, i] = 0.0
            continue
        size = abs(residual)
        if not size <= worst:  # a NaN must show
            worst = size
        if i > 0:
            pull = node[Q_ABOVE, i]
            diagonal -= pull * node[PIVOT, i - 1]
            residual -= pull * node[UPDATE, i - 1]
        node[PIVOT, i] = -node[Q_BELOW, i + 1] / diagonal
        node[UPDATE, i] = residual / diagonal
    for i in range(n - 2, -1, -1):
        node[UPDATE, i] -= node[PIVOT, i] * node[UPDATE, i + 1]
    return worst
