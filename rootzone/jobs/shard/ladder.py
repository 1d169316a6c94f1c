"""Which failures a further rung of an engine's convergence ladder can mend."""

from __future__ import annotations

from rootzone.engines.failures import FailureClass

# What another rung can mend. A wrong input stays wrong, and a site that hung or killed its process
# is not asked again by itself.
CLIMBABLE = frozenset(
    {
        FailureClass.NO_CONVERGENCE,
        FailureClass.ZERO_TIME_STEP,
        FailureClass.BAD_STATE,
        FailureClass.DATES_INCOMPLETE,
        FailureClass.NOT_FINITE,
        FailureClass.OUT_OF_BOUNDS,
        FailureClass.BALANCE,
        FailureClass.ENGINE_ERROR,
    }
)
