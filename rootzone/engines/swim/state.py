"""What steers a column's steps and what they sum up, the same whichever grid they run on.

One vector ``control`` goes with a column. Its first entries are these; a grid's own entries (its
boundaries, its surface) follow from ``N_COMMON`` on, see ``cells/state.py`` and ``nodes/state.py``.
Times are in the grid's own unit: days on cells, hours on nodes, as in SWIM3. Numbers here are part
of the machine code that ``_shared.jit`` keeps.
"""

from __future__ import annotations

# Rows of state lie this many numbers apart in one flat array. The distance is a constant on
# purpose: it lets the compiler see that rows do not overlap and turn loops over cells into vector
# instructions, which it cannot with a two-dimensional array whose shape is known at run time only.
MAX_CELLS = 512
STRIDE = MAX_CELLS + 8  # 65 cache lines: rows do not fall on the same cache sets

# Newton's linear system, rows that both grids share so that they share its solution.
RESIDUAL = 0 * STRIDE
LOWER = 1 * STRIDE
DIAGONAL = 2 * STRIDE
UPPER = 3 * STRIDE
N_SHARED_ROW = 4

# Entries of ``control``: what the steps are held to.
TOLERANCE = 0  # error of theta in a step [m3 m-3]
ITERATION_RESIDUAL = 1  # residual that ends the iteration [m3 m-3]
THETA_STEP = 2  # change of theta wanted in a step [m3 m-3]
DT_MAX = 3
DT_NEXT = 4  # in and out: step to try next
SATURATED = 5  # 1 while a cell is saturated, or nearly so on nodes
# The weather of the present period, and the surface.
RAIN = 6  # rates [cm per unit of time]
DEMAND = 7
POND = 8  # in and out: water on the surface [cm]
POND_MAX = 9  # what is above runs off [cm]
UPTAKE_DEMAND = 10  # what roots would take [cm per unit of time]; 0 leaves the sink rows alone
# Sums over the day so far [cm], and counts.
SUM_EVAPORATION = 11
SUM_RUNOFF = 12
SUM_DRAINAGE = 13
SUM_UPTAKE = 14
SUM_INFLOW = 15  # through the surface, infiltration less evaporation
STEPS = 16
EVALUATIONS = 17
FALLBACKS = 18  # bounded explicit steps, over all days
REPAIRS = 19  # bits of ``layout.REPAIR_*``, over all days
# What roots do, see ``plants/stress.py``.
UPTAKE_TODAY = 20  # what they would take in the day [cm]
STRESS_KIND = 21  # layout.STRESS_*
STRESS_1 = 22  # suctions of the function [cm]: h1, h2, h3 of the day and h4, or h50 and p
STRESS_2 = 23
STRESS_3 = 24
STRESS_4 = 25
OMEGA_C = 26  # stress index above which stress of some roots is made up by others
INVERSE_DT = 27  # of the present step [per unit of time]
# A night that goes on over midnight in one step, see ``day.py``.
MORNING = 28  # of the next day, still without rain and demand [h]; 0 where there is none
BEYOND = 29  # how far weather stays as it is after the present period [unit of time]
CARRIED = 30  # part of the last step that lies beyond the period, not yet in theta and sums
CARRIED_SIGMA = 31
N_COMMON = 32
FIRST_SUM = SUM_EVAPORATION
LAST_SUM = EVALUATIONS

# Rows of ``per_layer``, flat, as many numbers apart as the column has layers.
LAYER_THETA = 0  # water content at the end of the day [m3 m-3]
LAYER_DRY = 1  # ends between which the curve number's wetness counts, and the layer's weight
LAYER_WET = 2
LAYER_WEIGHT = 3
N_LAYER_ROW = 4
