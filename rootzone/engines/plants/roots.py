"""Where roots are: the share of all roots in a slice of soil."""

from __future__ import annotations

import itertools

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.jit import kernel
from rootzone._shared.units import cm_from_mm

_SUM_TOLERANCE_PCT = 1.0


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


@kernel
def share_by_layer(
    top_cm: float, bottom_cm: float, layer_bottom_cm: FloatArray, part: FloatArray
) -> float:
    """Share of a profile's roots between two depths where they are given by layer.

    Parameters
    ----------
    top_cm, bottom_cm : float
        The slice [cm].
    layer_bottom_cm : array, shape (layer,)
        Lower ends of the layers [cm], rising; 0 stands for none.
    part : array, shape (layer,)
        Share of all roots in each, spread evenly over it.

    Examples
    --------
    Half of the roots in the upper 10 cm, so a quarter in the upper 5:

    >>> import numpy as np
    >>> share_by_layer(0.0, 5.0, np.array([10.0, 40.0]), np.array([0.5, 0.5]))
    0.25
    """
    share = 0.0
    above = 0.0
    for k in range(layer_bottom_cm.size):
        below = layer_bottom_cm[k]
        if below <= above:
            break
        common = min(bottom_cm, below) - max(top_cm, above)
        if common > 0.0:
            share += part[k] * common / (below - above)
        above = below
    return share


def root_layers(text: str, most: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Roots by layer from text such as ``100:40, 300:35, 1000:25``.

    Parameters
    ----------
    text : str
        Lower end of each layer [mm] and its share of all roots [%].
    most : int
        Layers there may be.

    Returns
    -------
    bottom_cm, part : tuple of float
        Lower ends [cm], and shares that sum to 1.

    Raises
    ------
    RequestError
        It is not of that form, depths do not go down, or shares do not make 100 %.

    Examples
    --------
    >>> root_layers("100:60, 500:40", 8)
    ((10.0, 50.0), (0.6, 0.4))
    """
    try:
        pairs = [tuple(map(float, part.split(":"))) for part in text.split(",")]
        depths, parts = zip(*pairs, strict=True)
    except ValueError as error:
        raise RequestError(
            f"root_layers {text!r} is not of the form 100:40, 300:35, 1000:25: lower end of each "
            "layer [mm] and its share of all roots [%]."
        ) from error
    if len(depths) > most:
        raise RequestError(f"root_layers has {len(depths)} layers; there may be {most}.")
    if depths[0] <= 0.0 or any(b <= a for a, b in itertools.pairwise(depths)):
        raise RequestError(f"root_layers {text!r}: depths must be above 0 and go down.")
    total = sum(parts)
    if min(parts) < 0.0 or abs(total - 100.0) > _SUM_TOLERANCE_PCT:
        raise RequestError(
            f"root_layers {text!r}: shares make {total:g} %; they must be 0 or more and make 100 %."
        )
    return tuple(float(cm_from_mm(depth)) for depth in depths), tuple(p / total for p in parts)
