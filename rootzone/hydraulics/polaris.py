"""POLARIS's van Genuchten layers in the units used here.

POLARIS stores log10 alpha [kPa-1] and log10 Ks [cm h-1]; n and the water contents are plain.
"""

from __future__ import annotations

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.units import (
    cm_d_from_cm_h,
    mm_from_cm,
    natural_from_log10,
    per_cm_from_per_kpa,
)

NO_DATA = -9999.0


def parameters_from_polaris(
    theta_r: FloatArray,
    theta_s: FloatArray,
    log10_alpha_per_kpa: FloatArray,
    n: FloatArray,
    log10_ks_cm_h: FloatArray,
) -> FloatArray:
    """Van Genuchten parameters as ``soils_from_parameters`` takes them, from POLARIS layers.

    Average or resample POLARIS before this step, while alpha and Ks are logarithms: the mean of
    logarithms is not the logarithm of the mean.

    Parameters
    ----------
    theta_r, theta_s : array, shape (row,)
        Water contents [m3 m-3].
    log10_alpha_per_kpa : array, shape (row,)
        Base-10 logarithm of alpha [kPa-1], as in the file.
    n : array, shape (row,)
        Shape parameter [-], not a logarithm.
    log10_ks_cm_h : array, shape (row,)
        Base-10 logarithm of Ks [cm h-1], as in the file.

    Returns
    -------
    array, shape (5, row)
        theta_r, theta_s [m3 m-3], alpha [cm-1], n [-], Ks [mm d-1]. POLARIS's no-data value
        -9999 becomes NaN, so that the layer is refused as missing.
    """
    given = (theta_r, theta_s, log10_alpha_per_kpa, n, log10_ks_cm_h)
    clean = [np.where(np.asarray(v) <= NO_DATA, np.nan, v).astype(np.float64) for v in given]
    alpha = per_cm_from_per_kpa(natural_from_log10(clean[2]))
    ks = mm_from_cm(cm_d_from_cm_h(natural_from_log10(clean[4])))
    return np.stack([clean[0], clean[1], alpha, clean[3], ks])
