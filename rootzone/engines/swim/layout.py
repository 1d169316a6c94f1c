"""How arrays are laid out between the batch runner and the column kernels.

Every column kernel takes the same flat arrays, so the runner does not care which physics it drives
and a later GPU kernel can share the arrays as they are::

    status, fail_day, repairs = run_column(
        layers, theta_initial, weather, settings, theta_out, daily_out, work
    )

==============  ===================  =====================================================
array           shape                meaning
==============  ===================  =====================================================
layers          (n_layer, n_column)  soil parameters, columns below
theta_initial   (n_layer,)           water content [m3 m-3] at the start of the first day
weather         (n_day, 2)           rain and potential evaporation [mm d-1]
settings        (n_setting,)         engine settings, positions below; then the depths [cm]
theta_out       (n_day, n_layer)     water content at the end of each day [m3 m-3]
daily_out       (n_day, n_daily)     daily sums and states, columns below; then theta at depths
work            (work_size,)         scratch; its content on entry does not matter
==============  ===================  =====================================================

Days after a failure are left as the caller filled them (NaN). Numbers here are part of the machine
code that ``_shared.jit`` keeps.
"""

from __future__ import annotations

from rootzone._shared.daily import DAILY, names_of_role

# Columns of ``layers``, physics "swim3".
SWIM3_THICKNESS_MM = 0
SWIM3_LL15 = 1
SWIM3_DUL = 2
SWIM3_SAT = 3
SWIM3_KS_MM_D = 4
SWIM3_KDUL_MM_D = 5  # one value for the profile, repeated
SWIM3_PSIDUL_CM = 6  # one value for the profile, repeated; negative
N_SWIM3 = 7

# Columns of ``layers``, physics "van_genuchten".
VG_THICKNESS_MM = 0
VG_THETA_R = 1
VG_THETA_S = 2
VG_ALPHA_PER_CM = 3
VG_N = 4
VG_KS_MM_D = 5
VG_L = 6  # Mualem's pore connectivity, 0.5 unless measured
N_VG = 7

# Columns of ``weather``.
RAIN_MM = 0
EO_MM = 1
N_WEATHER = 2
TRANSPIRATION_MM = 2  # what roots would take, under a canopy; a column that bare runs do not have

# Columns of ``daily_out``: those of the one declaration that the kernels fill, in its order.
_OUTSIDE = ("snow_mm", "interception_mm", "canopy_mm")  # settled before the soil's day begins
KERNEL_COLUMNS = tuple(column.name for column in DAILY if column.name not in _OUTSIDE)
RUNOFF_MM = KERNEL_COLUMNS.index("runoff_mm")
DRAINAGE_MM = KERNEL_COLUMNS.index("drainage_mm")
ES_MM = KERNEL_COLUMNS.index("es_mm")
INFILTRATION_MM = KERNEL_COLUMNS.index("infiltration_mm")
POND_MM = KERNEL_COLUMNS.index("pond_mm")
BALANCE_ERROR_MM = KERNEL_COLUMNS.index("balance_error_mm")
STEPS = KERNEL_COLUMNS.index("steps")
UPTAKE_MM = KERNEL_COLUMNS.index("transpiration_mm")
EVALUATIONS = KERNEL_COLUMNS.index("evaluations")
N_DAILY = len(KERNEL_COLUMNS)  # theta at the depths asked for follows, a column a depth
# Those that left the column, for the balance.
LEAVING = tuple(
    KERNEL_COLUMNS.index(name) for name in names_of_role("leaves") if name not in _OUTSIDE
)

# Positions in ``settings``.
SET_CN2_BARE = 0  # 0 keeps a pond instead of a curve number
SET_CN_RED = 1
SET_CN_COV = 2
SET_RESIDUE_COVER = 3  # fraction of the surface covered
SET_VAPOUR = 4  # 0 or 1
SET_DT_MIN_H = 5
SET_DT_MAX_H = 6
SET_MAX_WATER_INCREMENT_CM = 7
SET_RAIN_START_H = 8
SET_RAIN_HOURS = 9
SET_EO_START_H = 10
SET_EO_HOURS = 11
SET_BOTTOM_KIND = 12  # one of BOTTOM_*
SET_BOTTOM_PSI_CM = 13  # head at the profile bottom, or the seepage threshold
SET_SPACE_WEIGHTING = 14  # SWIM3's SpaceWeightingFactor
SET_POND_MAX_MM = 15  # pond kept when cn2_bare is 0; the rest runs off; inf in SWIM3
SET_SURFACE_DRY_PSI_CM = 16  # driest surface that still evaporates, van_genuchten
SET_CN_DEPTH_MM = 17  # depth over which wetness weighs the curve number
SET_CN_EXPONENT = 18
SET_REPRODUCE_TRAPS = 19  # 1 keeps APSIM's faults (zero step, K above KS, ...) as they are
SET_TOLERANCE = 20  # converged: error of theta per step [m3 m-3]
SET_ITERATION_RESIDUAL = 21  # converged: residual accepted by Newton [m3 m-3]
SET_THETA_STEP = 22  # converged: largest change of theta in a step [m3 m-3]
SET_FIRST_CELL_CM = 23  # van_genuchten: cell wanted at the surface; 0 default, below 0 no split
SET_CELL_GROWTH = 24  # van_genuchten: ratio of neighbouring cells; 0 default
SET_ROOT_BETA = 25  # roots by Jackson et al.; a depth of 0 is no roots
SET_ROOT_DEPTH_CM = 26
SET_STRESS_KIND = 27  # one of STRESS_*
SET_STRESS_1 = 28  # Feddes's h1, h2, h3 at high and at low demand, h4 [cm]; h50 [cm] and p; or
SET_STRESS_2 = 29  # the depletion without stress [-]
SET_STRESS_3_HIGH = 30
SET_STRESS_3_LOW = 31
SET_STRESS_4 = 32
SET_OMEGA_C = 33  # Jarvis's critical stress index; 1 makes nothing up
MOST_ROOT_LAYERS = 8
SET_ROOT_BOTTOM_CM = 34  # lower ends of root layers; the first 0 where roots follow beta
SET_ROOT_PART = SET_ROOT_BOTTOM_CM + MOST_ROOT_LAYERS  # and the share of all roots in each
N_SETTINGS = (
    SET_ROOT_PART + MOST_ROOT_LAYERS
)  # depths [cm] at which theta is asked for follow, as many as there are

# Functions of water stress.
STRESS_AVAILABLE = 0
STRESS_FEDDES = 1
STRESS_S_SHAPE = 2

# Bottom boundaries.
BOTTOM_FREE_DRAINAGE = 0
BOTTOM_FIXED_HEAD = 1
BOTTOM_ZERO_FLUX = 2
BOTTOM_SEEPAGE = 3

# Status of a finished column.
OK = 0
NO_CONVERGENCE = 1
ZERO_TIME_STEP = 2
BAD_STATE = 3  # NaN, or water content out of its bounds

# Bits of ``repairs``: APSIM traps that were met and mended on this column.
REPAIR_ZERO_TIME_STEP = 1
REPAIR_K_ABOVE_KS = 2
REPAIR_SUCTION_INVERSE = 4
REPAIR_EXPLICIT_STEP = 64  # van_genuchten: Newton's method gave way to bounded explicit steps
REPAIR_RETENTION = 8  # a retention cubic that turned was made monotone
REPAIR_EXTRA_RETRIES = 16  # a step was cut further than APSIM would before giving up
REPAIR_RAIN_BRANCH = 32  # rain of a step stood on the edge of a step rule (1.1 mm at default)
