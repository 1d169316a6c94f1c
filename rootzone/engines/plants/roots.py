"""Where roots are: the share of all roots in a slice of soil."""

from __future__ import annotations

from rootzone._shared.jit import kernel

_CM_PER_MM = 0.1


@kernel
def root_share(top_cm: float, bottom_cm: float, beta: float, depth_cm: float) -> float:
    r"""Share of a profile's roots between two depths.

    .. math:: \frac{\beta^{z_1} - \beta^{z_2}}{1 - \beta^{z_r}}

    with depths in cm, cut at the deepest roots :math:`z_r`; beta 1 spreads roots evenly.

    Parameters
    ----------
    top_cm, bottom_cm : float
        The slice [cm], ``top_cm <= bottom_cm``.
    beta : float
        Extinction of roots with depth, above 0 and up to 1.
    depth_cm : float
        Deepest roots [cm]; 0 is no roots.

    Returns
    -------
    float
        0 to 1; over slices that cover the root zone the shares sum to 1.

    References
    ----------
    Jackson et al. (1996), doi:10.1007/BF00333714; Gale and Grigal (1987)

    Examples
    --------
    Half of the roots of beta 0.5 to 1 cm lie above z with 1 - 0.5**z = 0.25:

    >>> round(root_share(0.0, 0.41503749927884376, 0.5, 1.0), 12)
    0.5
    """
    if depth_cm <= 0.0 or top_cm >= depth_cm:
        return 0.0
    end = min(bottom_cm, depth_cm)
    if beta >= 1.0:
        return (end - top_cm) / depth_cm
    share: float = (beta**top_cm - beta**end) / (1.0 - beta**depth_cm)
    return share
