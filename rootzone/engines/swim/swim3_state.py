"""Where the converged stepping of SWIM3's nodes keeps its state, all in one flat array.

``cells[ROW + i]`` is a quantity of node i. Rows lie a constant distance apart, which lets the
compiler see that they do not overlap and vectorise the loops over nodes. Face i is the interface
between nodes i - 1 and i; face 0 is the surface and face n the bottom.
"""

from __future__ import annotations

from rootzone.engines.swim.fv_state import DIAGONAL, LOWER, MAX_CELLS, RESIDUAL, STRIDE, UPPER

MAX_NODES = MAX_CELLS
__all__ = ["DIAGONAL", "LOWER", "MAX_NODES", "RESIDUAL", "STRIDE", "UPPER"]

# Rows: geometry.
DX = 0 * STRIDE  # water a node holds per unit of theta [cm]
INV_DX = 1 * STRIDE
INV_DISTANCE = 2 * STRIDE  # face: 1 over the distance of its nodes [cm-1]
TABLE = 3 * STRIDE  # where the table of the node's soil begins
SAT = 4 * STRIDE
# State; THETA is what the fluxes left there, THETA_P is theta(p).
P = 5 * STRIDE
THETA = 6 * STRIDE
P_START = 7 * STRIDE
THETA_P = 8 * STRIDE
CAPACITY = 9 * STRIDE  # d theta / d p
K = 10 * STRIDE  # conductivity [cm h-1]
K_SLOPE = 11 * STRIDE
G = 12 * STRIDE  # K d psi / d p [cm2 h-1]
G_SLOPE = 13 * STRIDE
# Faces: flux [cm h-1], its slopes by the p above and below, weight of the upper node in gravity.
Q = 14 * STRIDE
Q_ABOVE = 15 * STRIDE
Q_BELOW = 16 * STRIDE
Q_START = 17 * STRIDE
WEIGHT = 18 * STRIDE
Q_MEAN = 19 * STRIDE  # flux over the step
# Newton's system keeps the rows of ``fv_state``, so that both physics share its solution.
_N_ROW = max(20, 1 + max(LOWER, DIAGONAL, UPPER, RESIDUAL) // STRIDE)
N_CELLS = _N_ROW * STRIDE

# Entries of ``control``.
TOLERANCE = 0  # error of theta in a step [m3 m-3]
ITERATION_RESIDUAL = 1  # residual that ends the iteration [m3 m-3]
THETA_STEP = 2  # change of theta wanted in a step [m3 m-3]
DT_MAX = 3  # [h]
DT_NEXT = 4  # [h]
PONDS = 5  # 1 where the surface ponds instead of shedding
POND_MAX = 6  # [cm]
BOTTOM_KIND = 7
BOTTOM_P = 8  # p of the bottom head
SPACE_WEIGHTING = 9
RAIN = 10  # rates of the present period [cm h-1]
DEMAND = 11
EVAPORATION = 12  # at the present evaluation [cm h-1], and at the start of the step
EVAPORATION_START = 13
EVAPORATION_SLOPE = 14  # by p of the surface node
TOP_HELD = 15  # 1 while the surface node is held at saturation
BOTTOM_HELD = 16
POND = 17  # [cm]
POND_NEW = 18
SATURATED = 19  # 1 while a node is saturated
# Sums [cm] and counts.
SUM_EVAPORATION = 20
SUM_RUNOFF = 21
SUM_DRAINAGE = 22
SUM_INFLOW = 23
STEPS = 24
EVALUATIONS = 25
FALLBACKS = 26
FAILED = 27  # 1 when not even the explicit steps get on
N_CONTROL = 28
