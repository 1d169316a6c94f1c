"""Where the solver keeps what it knows of each cell and of the boundaries.

One two-dimensional array ``cells`` holds a row for each quantity and a column for each cell (and
one more, for the faces of fluxes), one small vector ``edge`` the boundary. Plain arrays, so that a
GPU kernel can use the same functions on its own memory.
"""

from __future__ import annotations

# Rows of ``cells``: the grid.
DZ = 0  # size [cm]
INVERSE_DZ = 1
INVERSE_GAP = 2  # face i: 1 over the distance of the centres of cells i - 1 and i [cm-1]
SHARE = 3  # face i: share of that distance that lies in cell i - 1
SOIL = 4  # number of the soil's table
LAYER = 5  # number of the user's layer
# State. ``THETA`` is what the fluxes have left there; theta(u) may differ from it by the residual.
U = 6
THETA = 7
U_START = 8
THETA_R_CELL = 9
THETA_S_CELL = 10
# Read from the tables at U.
THETA_U = 11  # theta(u)
CAPACITY = 12  # d theta / d u
PHI = 13
PHI_SLOPE = 14  # d Phi / d u
HEAD = 15
HEAD_SLOPE = 16
# Faces: flux downward through the upper face of the cell [cm d-1] and its slopes.
Q = 17
Q_ABOVE = 18  # d Q / d u of the cell above
Q_BELOW = 19  # d Q / d u of the cell below
# Rates of change of theta [d-1] at the start and at the end of the step.
RATE_START = 20
RATE = 21
Q_START = 22
# Linear system.
RESIDUAL = 23
LOWER = 24
DIAGONAL = 25
UPPER = 26
N_ROW = 27

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
N_EDGE = 12
