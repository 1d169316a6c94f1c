"""How the weight of the data, the step size and their like change over a run.

All take the progress of the run, 0 at its start and 1 at its end, so that they neither know epochs
nor steps and a resumed run needs no more than its step number.
"""

from __future__ import annotations

import math
from typing import Final, Literal

AlphaSchedule = Literal["linear", "step", "step_to_zero", "cosine", "constant"]
LrSchedule = Literal["constant", "cosine", "step", "warm_cosine"]

STEPS: Final = 10  # equal steps of the step schedule of the data weight; section 3.4 names none
LR_STEPS: Final = 10  # the paper's "every 100 epochs" of its 1000 to 1500
LR_FACTOR: Final = 0.8  # section 4.1
WARM_UP: Final = 0.05  # share of the run over which warm_cosine rises
COSINE_FLOOR: Final = 0.01  # share of the step size left at the end of a cosine


def data_weight(schedule: AlphaSchedule, start: float, progress: float) -> float:
    """Weight of the data term, alpha of Eq. 14.

    Parameters
    ----------
    schedule : str
        "linear" start (1 - t) as in section 3.7.4; "step" ten equal steps of which the last is a
        tenth; "step_to_zero" ten steps of which the last is 0; "cosine" from start to 0 with a flat
        start; "constant".
    start : float
        Weight at the start, 0 to 1.
    progress : float
        Share of the run done, 0 to 1; clipped.

    Examples
    --------
    >>> data_weight("linear", 0.8, 0.25)  # 0.8 * 0.75
    0.6000000000000001
    """
    t = min(max(progress, 0.0), 1.0)
    if schedule == "linear":
        return start * (1.0 - t)
    if schedule == "step":
        return start * (1.0 - math.floor(t * STEPS + 1e-9) / STEPS)
    if schedule == "step_to_zero":
        return start * (1.0 - min(math.floor(t * STEPS + 1e-9), STEPS - 1) / (STEPS - 1))
    if schedule == "cosine":
        return start * 0.5 * (1.0 + math.cos(math.pi * t))
    return start


def lr_factor(schedule: LrSchedule, progress: float) -> float:
    """What the first step size is multiplied with.

    Parameters
    ----------
    schedule : str
        "cosine" from 1 to 0.01; "step" times 0.8 every tenth of the run, the paper's 0.8 every 100
        epochs of 1000; "warm_cosine" rises from 0.01 over the first twentieth and is the cosine
        then; "constant".
    progress : float
        Share of the run done, 0 to 1; clipped.
    """
    t = min(max(progress, 0.0), 1.0)
    if schedule == "warm_cosine":
        # Networks of many normalised layers stay at the mean without it.
        return min(1.0, COSINE_FLOOR + t / WARM_UP) * lr_factor("cosine", t)
    if schedule == "cosine":
        return COSINE_FLOOR + (1.0 - COSINE_FLOOR) * 0.5 * (1.0 + math.cos(math.pi * t))
    if schedule == "step":
        return float(LR_FACTOR ** math.floor(t * LR_STEPS + 1e-9))
    return 1.0
