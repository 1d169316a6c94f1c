"""What became of a column, in words: the failure a site carries, the repairs it is marked with."""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import IntArray
from rootzone._shared.days import iso_day
from rootzone.engines import verify
from rootzone.engines.failures import Failure, FailureClass
from rootzone.engines.protocol import SiteBatch
from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.settings import SwimSettings
from rootzone.engines.swim.twins import ColumnResult

_CLASS_OF_STATUS = {
    layout.NO_CONVERGENCE: FailureClass.NO_CONVERGENCE,
    layout.ZERO_TIME_STEP: FailureClass.ZERO_TIME_STEP,
    layout.BAD_STATE: FailureClass.BAD_STATE,
}
_REPAIR_NAMES = {
    layout.REPAIR_ZERO_TIME_STEP: "zero_time_step",
    layout.REPAIR_K_ABOVE_KS: "k_above_ks",
    layout.REPAIR_SUCTION_INVERSE: "suction_inverse",
    layout.REPAIR_RETENTION: "retention",
    layout.REPAIR_EXTRA_RETRIES: "extra_retries",
    layout.REPAIR_RAIN_BRANCH: "rain_branch",
    layout.REPAIR_EXPLICIT_STEP: "explicit_step",
}


def finished(report: IntArray) -> bool:
    """Whether a column ran to its end and passed the verification."""
    return bool(
        report[batch_kernels.STATUS] == layout.OK and report[batch_kernels.VERDICT] == verify.GOOD
    )


def repair_names(report: IntArray) -> tuple[str, ...]:
    """Names of APSIM's traps that were met and mended on a column."""
    bits = int(report[batch_kernels.REPAIRS])
    return tuple(name for bit, name in _REPAIR_NAMES.items() if bits & bit)


def failure_of(
    batch: SiteBatch, site: int, result: ColumnResult, settings: SwimSettings
) -> Failure:
    """The failure of one site of a batch, from its report."""
    report = result.report
    status, verdict = int(report[batch_kernels.STATUS]), int(report[batch_kernels.VERDICT])
    day, layer = int(report[batch_kernels.DAY]), int(report[batch_kernels.LAYER])
    if status != layout.OK:
        failure_class = _CLASS_OF_STATUS[status]
    else:
        failure_class = verify.CLASS_OF_VERDICT[verdict]
    first_day = int(batch.weather.first_day[batch.cell[site]])
    date = iso_day(first_day + max(day, 0))
    number = layer + 1 if layer >= 0 else None
    where = f"site {batch.site_ids[site]} on {date}"
    if number is not None:
        where += f", layer {number}"
    text = (
        f"{failure_class} at {where}: {_reason(failure_class, result.value, settings)} "
        "The site is quarantined."
    )
    value = f"{result.value:.6g}" if np.isfinite(result.value) else None
    return Failure(
        batch.site_ids[site],
        failure_class,
        text,
        layer=number,
        value=value,
        date=date,
        attempts=1,
    )


def _reason(failure_class: FailureClass, value: float, settings: SwimSettings) -> str:
    pair = f"{settings.physics} + {settings.stepping}"
    shorter = (
        "Try --stepping converged."
        if settings.stepping == "apsim"
        else "Try a smaller tolerance or theta_step."
    )
    if failure_class is FailureClass.NO_CONVERGENCE:
        return f"{pair} found no solution at the shortest step it may take. {shorter}"
    if failure_class is FailureClass.ZERO_TIME_STEP:
        return f"{pair} came to a time step of zero, as APSIM does. Drop reproduce_traps."
    if failure_class is FailureClass.BAD_STATE:
        return f"{pair} met a number that is not finite. Check the soil of this site. {shorter}"
    if failure_class is FailureClass.OUT_OF_BOUNDS:
        return f"theta {value:.6g} [m3 m-3] is beyond the limits of its layer. {shorter}"
    if failure_class is FailureClass.BALANCE:
        limit = settings.balance_tolerance_mm
        return (
            f"{value:.3g} mm of water came from nowhere that day, above balance_tolerance_mm "
            f"{limit:g}. {shorter}"
        )
    return f"the result of {pair} holds a number that is not finite. {shorter}"
