"""Where the solver on cells keeps what it knows of each cell and of the boundaries.

One flat array ``cells`` holds a row for each quantity, ``STRIDE`` numbers apart: ``cells[U + i]``
is u of cell i; why so, says ``swim/state.py``. A column's own boundaries follow the common entries
of ``control``. Plain arrays and no objects, as a GPU would need; none has run them yet. Numbers
here are part of the machine code that ``_shared.jit`` keeps.
"""

from __future__ import annotations

from rootzone.engines.swim.state import (
    DIAGONAL,
    LOWER,
    MAX_CELLS,
    N_COMMON,
    N_SHARED_ROW,
    RESIDUAL,
    STRIDE,
    UPPER,
)

__all__ = ["DIAGONAL", "LOWER", "MAX_CELLS", "RESIDUAL", "STRIDE", "UPPER"]

_FIRST = N_SHARED_ROW * STRIDE
# Rows of ``cells``: the grid.
DZ = _FIRST + 0 * STRIDE  # size [cm]
INVERSE_DZ = _FIRST + 1 * STRIDE
INVERSE_GAP = _FIRST + 2 * STRIDE  # face i: 1 over the distance of centres i - 1 and i [cm-1]
FACE_U = _FIRST + 3 * STRIDE  # u at the faces between two soils
TABLE = _FIRST + 4 * STRIDE  # where the soil's table begins
LAYER = _FIRST + 5 * STRIDE  # number of the user's layer
# State. ``THETA`` is what the fluxes have left there; theta(u) may differ from it by the residual.
U = _FIRST + 6 * STRIDE
THETA = _FIRST + 7 * STRIDE
U_START = _FIRST + 8 * STRIDE
THETA_R_CELL = _FIRST + 9 * STRIDE
THETA_S_CELL = _FIRST + 10 * STRIDE
# Read from the tables at U.
THETA_U = _FIRST + 11 * STRIDE  # theta(u)
CAPACITY = _FIRST + 12 * STRIDE  # d theta / d u
PHI = _FIRST + 13 * STRIDE
PHI_SLOPE = _FIRST + 14 * STRIDE  # d Phi / d u
HEAD = _FIRST + 15 * STRIDE
HEAD_SLOPE = _FIRST + 16 * STRIDE
# Faces: flux downward through the upper face of the cell [cm d-1] and its slopes.
Q = _FIRST + 17 * STRIDE
Q_ABOVE = _FIRST + 18 * STRIDE  # d Q / d u of the cell above
Q_BELOW = _FIRST + 19 * STRIDE  # d Q / d u of the cell below
# Rates of change of theta [d-1] at the start and at the end of the step.
RATE_START = _FIRST + 20 * STRIDE
RATE = _FIRST + 21 * STRIDE
Q_START = _FIRST + 22 * STRIDE
# What leads from the table to the head: distance from the expansion point, stored exponential.
STEP_D = _FIRST + 23 * STRIDE
CURVED = _FIRST + 24 * STRIDE  # 0 in straight rows of the table
SCALE = _FIRST + 25 * STRIDE
INTERFACE = _FIRST + 26 * STRIDE  # the faces between two soils
# Water that roots take, see ``sink.py``.
SINK = _FIRST + 27 * STRIDE  # [d-1], part of RATE
SINK_SLOPE = _FIRST + 28 * STRIDE  # d SINK / d u
SINK_START = _FIRST + 29 * STRIDE
ROOT_SHARE = _FIRST + 30 * STRIDE  # share of the demand a cell would meet, per cm of cell [cm-1]
ROOT_DRY = _FIRST + 31 * STRIDE  # water content that roots leave [m3 m-3]
ROOT_FULL = _FIRST + 32 * STRIDE  # and below which they are stressed
# Conductivity [cm d-1], the flux potential's slope in the head, and its slope in u.
K = _FIRST + 33 * STRIDE
K_SLOPE = _FIRST + 34 * STRIDE
CELLS_SIZE = _FIRST + 35 * STRIDE
# The same rows by the names that ``swim/roots.py`` uses on both grids.
THETA_NOW = THETA_U
SIZE = DZ
INVERSE_SIZE = INVERSE_DZ

# Entries of ``control`` after the common ones: the boundaries.
NET_SUPPLY = N_COMMON + 0  # rain and pond less evaporative demand [cm d-1]
PHI_WET = N_COMMON + 1  # potential and head of a flooded surface
HEAD_WET = N_COMMON + 2
PHI_DRY = N_COMMON + 3  # of the driest surface that still evaporates
HEAD_DRY = N_COMMON + 4
BOTTOM_KIND = N_COMMON + 5  # layout.BOTTOM_*
PHI_BOTTOM = N_COMMON + 6
HEAD_BOTTOM = N_COMMON + 7
GRAVITY = N_COMMON + 8  # 1 downwards, 0 in a horizontal column
SURFACE_HELD = N_COMMON + 9  # 1: the surface stays at HEAD_WET whatever the weather
PHI_FLOODED = N_COMMON + 10  # potential and conductivity of the top soil when saturated
KS_FLOODED = N_COMMON + 11
N_INTERFACE = N_COMMON + 12  # number of faces between two soils
SINKS_ON = N_COMMON + 13  # 1 while roots take water
SURFACE_NEXT = N_COMMON + 14  # d (flux through the surface) / d u of the second cell
THETA_DRY = N_COMMON + 15  # water content of the driest surface that still evaporates
N_CONTROL = N_COMMON + 16
