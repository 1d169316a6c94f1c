"""Where the converged stepping of SWIM3's nodes keeps its state, all in one flat array.

``cells[ROW + i]`` is a quantity of node i, rows a constant distance apart. Face i is the interface
between nodes i - 1 and i; face 0 is the surface and face n the bottom. The surface and the held
bottom follow the common entries of ``control``. Times are hours. Numbers here are part of the
machine code that ``_shared.jit`` keeps.
"""

from __future__ import annotations

from rootzone.engines.swim.state import (
    DEMAND,
    DIAGONAL,
    DT_MAX,
    DT_NEXT,
    EVALUATIONS,
    FALLBACKS,
    ITERATION_RESIDUAL,
    LOWER,
    MAX_CELLS,
    N_COMMON,
    N_SHARED_ROW,
    POND,
    POND_MAX,
    RAIN,
    RESIDUAL,
    SATURATED,
    STEPS,
    STRIDE,
    SUM_DRAINAGE,
    SUM_EVAPORATION,
    SUM_INFLOW,
    SUM_RUNOFF,
    THETA_STEP,
    TOLERANCE,
    UPPER,
)

MAX_NODES = MAX_CELLS
__all__ = [
    "DEMAND",
    "DIAGONAL",
    "DT_MAX",
    "DT_NEXT",
    "EVALUATIONS",
    "FALLBACKS",
    "ITERATION_RESIDUAL",
    "LOWER",
    "POND",
    "POND_MAX",
    "RAIN",
    "RESIDUAL",
    "SATURATED",
    "STEPS",
    "STRIDE",
    "SUM_DRAINAGE",
    "SUM_EVAPORATION",
    "SUM_INFLOW",
    "SUM_RUNOFF",
    "THETA_STEP",
    "TOLERANCE",
    "UPPER",
]

_FIRST = N_SHARED_ROW * STRIDE
# Rows: geometry.
DX = _FIRST + 0 * STRIDE  # water a node holds per unit of theta [cm]
INV_DX = _FIRST + 1 * STRIDE
INV_DISTANCE = _FIRST + 2 * STRIDE  # face: 1 over the distance of its nodes [cm-1]
TABLE = _FIRST + 3 * STRIDE  # where the table of the node's soil begins
SAT = _FIRST + 4 * STRIDE
# State; THETA is what the fluxes left there, THETA_P is theta(p).
P = _FIRST + 5 * STRIDE
THETA = _FIRST + 6 * STRIDE
P_START = _FIRST + 7 * STRIDE
THETA_P = _FIRST + 8 * STRIDE
CAPACITY = _FIRST + 9 * STRIDE  # d theta / d p
K = _FIRST + 10 * STRIDE  # conductivity [cm h-1]
K_SLOPE = _FIRST + 11 * STRIDE
G = _FIRST + 12 * STRIDE  # K d psi / d p [cm2 h-1]
G_SLOPE = _FIRST + 13 * STRIDE
# Faces: flux [cm h-1], its slopes by the p above and below, weight of the upper node in gravity.
Q = _FIRST + 14 * STRIDE
Q_ABOVE = _FIRST + 15 * STRIDE
Q_BELOW = _FIRST + 16 * STRIDE
Q_START = _FIRST + 17 * STRIDE
WEIGHT = _FIRST + 18 * STRIDE
Q_MEAN = _FIRST + 19 * STRIDE  # flux over the step
# Water that roots take, see ``swim/roots.py`` and ``cells/state.py``; per hour.
SINK = _FIRST + 20 * STRIDE
SINK_SLOPE = _FIRST + 21 * STRIDE
SINK_START = _FIRST + 22 * STRIDE
ROOT_SHARE = _FIRST + 23 * STRIDE
ROOT_DRY = _FIRST + 24 * STRIDE
ROOT_FULL = _FIRST + 25 * STRIDE
N_CELLS = _FIRST + 26 * STRIDE
THETA_NOW = THETA_P
SIZE = DX
INVERSE_SIZE = INV_DX

# Entries of ``control`` after the common ones.
PONDS = N_COMMON + 0  # 1 where the surface ponds instead of shedding
BOTTOM_KIND = N_COMMON + 1
BOTTOM_P = N_COMMON + 2  # p of the bottom head
SPACE_WEIGHTING = N_COMMON + 3
EVAPORATION = N_COMMON + 4  # at the present evaluation [cm h-1], and at the start of the step
EVAPORATION_START = N_COMMON + 5
EVAPORATION_SLOPE = N_COMMON + 6  # by p of the surface node
TOP_HELD = N_COMMON + 7  # 1 while the surface node is held at saturation
BOTTOM_HELD = N_COMMON + 8
POND_NEW = N_COMMON + 9
SINKS_ON = N_COMMON + 10  # 1 while roots take water
N_CONTROL = N_COMMON + 11
