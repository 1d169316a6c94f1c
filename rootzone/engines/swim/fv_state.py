"""Where the solver keeps what it knows of each cell and of the boundaries.

One flat array ``cells`` holds a row for each quantity, ``STRIDE`` numbers apart, so
``cells[U + i]`` is u of cell i. The distance is a constant on purpose: it lets the compiler see
that rows do not overlap and turn loops over cells into vector instructions, which it cannot with
a two-dimensional array whose shape is known at run time only. A small vector ``edge`` holds the
boundary. Plain arrays and no objects, so a GPU kernel can use the same functions on its own memory.
"""

from __future__ import annotations

MAX_CELLS = 512
STRIDE = MAX_CELLS + 8  # 65 cache lines: rows do not fall on the same cache sets

# Rows of ``cells``: the grid.
DZ = 0 * STRIDE  # size [cm]
INVERSE_DZ = 1 * STRIDE
INVERSE_GAP = 2 * STRIDE  # face i: 1 over the distance of the centres of cells i - 1 and i [cm-1]
FACE_U = 3 * STRIDE  # u at the faces between two soils
TABLE = 4 * STRIDE  # where the soil's table begins
LAYER = 5 * STRIDE  # number of the user's layer
# State. ``THETA`` is what the fluxes have left there; theta(u) may differ from it by the residual.
U = 6 * STRIDE
THETA = 7 * STRIDE
U_START = 8 * STRIDE
THETA_R_CELL = 9 * STRIDE
THETA_S_CELL = 10 * STRIDE
# Read from the tables at U.
THETA_U = 11 * STRIDE  # theta(u)
CAPACITY = 12 * STRIDE  # d theta / d u
PHI = 13 * STRIDE
PHI_SLOPE = 14 * STRIDE  # d Phi / d u
HEAD = 15 * STRIDE
HEAD_SLOPE = 16 * STRIDE
# Faces: flux downward through the upper face of the cell [cm d-1] and its slopes.
Q = 17 * STRIDE
Q_ABOVE = 18 * STRIDE  # d Q / d u of the cell above
Q_BELOW = 19 * STRIDE  # d Q / d u of the cell below
# Rates of change of theta [d-1] at the start and at the end of the step.
RATE_START = 20 * STRIDE
RATE = 21 * STRIDE
Q_START = 22 * STRIDE
# Linear system.
RESIDUAL = 23 * STRIDE
LOWER = 24 * STRIDE
DIAGONAL = 25 * STRIDE
UPPER = 26 * STRIDE
# What leads from the table to the head: distance from the expansion point, stored exponential.
STEP_D = 27 * STRIDE
CURVED = 28 * STRIDE  # 0 in straight rows of the table
SCALE = 29 * STRIDE
INTERFACE = 30 * STRIDE  # the faces between two soils
N_ROW = 31
CELLS_SIZE = N_ROW * STRIDE

# Positions in ``edge``.
NET_SUPPLY = 0  # rain and pond less evaporative demand [cm d-1]
PHI_WET = 1  # potential and head of a flooded surface
HEAD_WET = 2
PHI_DRY = 3  # of the driest surface that still evaporates
HEAD_DRY = 4
BOTTOM_KIND = 5  # layout.BOTTOM_*
PHI_BOTTOM = 6
HEAD_BOTTOM = 7
GRAVITY = 8  # 1 downwards, 0 in a horizontal column
SURFACE_HELD = 9  # 1: the surface stays at HEAD_WET whatever the weather
PHI_FLOODED = 10  # potential and conductivity of the top soil when saturated
KS_FLOODED = 11
N_INTERFACE = 12  # number of faces between two soils
N_EDGE = 13
