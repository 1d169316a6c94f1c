"""Water content at a depth: which nodes count, and by how much.

A profile holds one value per layer, and each value belongs to one depth, its node. Between two
nodes water content is linear in depth (Eq. 13 of the manuscript); beyond the first and the last
node nothing is known, and asking is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError

MID_LAYER = "mid_layer"
SWIM3 = "swim3"
_EDGE_MM = 1e-6  # rounding that a depth may miss a node or a layer boundary by


@dataclass(frozen=True)
class LabelDepth:
    """A depth, or a layer whose mean is wanted.

    Parameters
    ----------
    bottom_mm : float
        The depth of a point, or the lower end of a layer [mm], above 0.
    top_mm : float or None
        Upper end of the layer [mm]; None for a point.
    """

    bottom_mm: float
    top_mm: float | None = None

    def __str__(self) -> str:
        if self.top_mm is None:
            return f"{self.bottom_mm:g} mm"
        return f"{self.top_mm:g}-{self.bottom_mm:g} mm"


def parse_depth(text: str) -> LabelDepth:
    """A label depth from its text: ``200`` for a point, ``0-1000`` for a layer mean [mm].

    Raises
    ------
    RequestError
        The text is neither, or the layer is empty.
    """
    parts = text.strip().removesuffix("mm").split("-")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) == 1 and numbers[0] > 0:
        return LabelDepth(numbers[0])
    if len(numbers) == 2 and 0 <= numbers[0] < numbers[1]:
        return LabelDepth(numbers[1], numbers[0])
    raise RequestError(
        f"Label depth {text!r} is neither a depth such as 200 nor a layer such as 0-1000 [mm]."
    )


def mid_depths_mm(thickness_mm: Sequence[float] | FloatArray) -> FloatArray:
    """Mid-depth of each layer.

    Parameters
    ----------
    thickness_mm : array, shape (layer,)
        Layer thickness from the surface down [mm].

    Returns
    -------
    array, shape (layer,)
        Depth of the middle of each layer [mm].

    Examples
    --------
    >>> mid_depths_mm([50.0, 50.0, 50.0, 50.0, 100.0]).tolist()
    [25.0, 75.0, 125.0, 175.0, 250.0]
    """
    thickness = np.asarray(thickness_mm, dtype=np.float64)
    bottom = np.cumsum(thickness)
    return np.asarray(bottom - 0.5 * thickness)


def node_depths_mm(thickness_mm: Sequence[float] | FloatArray, nodes: str) -> FloatArray:
    """Depth that each value of a profile belongs to.

    Parameters
    ----------
    thickness_mm : array, shape (layer,)
        Layer thickness from the surface down [mm].
    nodes : str
        ``mid_layer``, or ``swim3``, whose first node lies at the surface and whose last lies at
        the bottom of the profile, the others at mid-depth.

    Raises
    ------
    RequestError
        ``nodes`` is neither.
    """
    depth_mm = mid_depths_mm(thickness_mm)
    if nodes == MID_LAYER:
        return depth_mm
    if nodes == SWIM3:
        depth_mm[0] = 0.0
        depth_mm[-1] = float(np.sum(thickness_mm))
        return depth_mm
    raise RequestError(f"Nodes {nodes!r} are neither {MID_LAYER} nor {SWIM3}.")


def nodes_of_engine(physics: str, stepping: str) -> str:
    """Where an engine's values belong: at SWIM3's own nodes, or in the middle of the layers.

    Only van Genuchten physics with converged stepping solves finite volumes, whose values are
    layer means; the other three pairs, APSIM's among them, sit on SWIM3's nodes.
    """
    finite_volumes = (physics, stepping) in {("van_genuchten", "converged"), ("", "")}
    return MID_LAYER if finite_volumes else SWIM3


def point_weights(node_depth_mm: FloatArray, depth_mm: float) -> FloatArray:
    r"""Share of each node in the water content at a depth.

    .. math:: \theta(z) = \theta(z_1) + (\theta(z_2) - \theta(z_1)) \frac{z - z_1}{z_2 - z_1}

    Parameters
    ----------
    node_depth_mm : array, shape (layer,)
        Node depths [mm], rising.
    depth_mm : float
        Depth wanted [mm].

    Returns
    -------
    array, shape (layer,)
        Weights with sum 1, at most two of them not 0; on a node, that node alone.

    Raises
    ------
    RequestError
        The depth lies above the first node or below the last, or nodes do not rise.

    References
    ----------
    DeepSoil manuscript, Eq. 13.
    """
    nodes = np.asarray(node_depth_mm, dtype=np.float64)
    if nodes.size < 2 or not np.all(np.diff(nodes) > 0):
        raise RequestError(f"Node depths {nodes.tolist()} mm do not rise from one to the next.")
    if not nodes[0] - _EDGE_MM <= depth_mm <= nodes[-1] + _EDGE_MM:
        where = "above the first" if depth_mm < nodes[0] else "below the last"
        raise RequestError(
            f"Depth {depth_mm:g} mm lies {where} node of the profile; values are known from "
            f"{nodes[0]:g} to {nodes[-1]:g} mm only. Ask for a depth between them, or for a layer "
            "mean, or simulate thinner or deeper layers."
        )
    below = int(np.clip(np.searchsorted(nodes, depth_mm), 1, nodes.size - 1))
    share = (depth_mm - nodes[below - 1]) / (nodes[below] - nodes[below - 1])
    weights = np.zeros(nodes.size)
    weights[below] = min(max(share, 0.0), 1.0)
    weights[below - 1] = 1.0 - weights[below]
    return weights


def layer_weights(thickness_mm: FloatArray, top_mm: float, bottom_mm: float) -> FloatArray:
    """Share of each layer in the mean over a range of depths.

    A layer's value stands for all of its thickness, as it does in the water balance of every
    engine here, so the mean times the range is the water stored in it.

    Parameters
    ----------
    thickness_mm : array, shape (layer,)
        Layer thickness from the surface down [mm].
    top_mm, bottom_mm : float
        The range [mm].

    Returns
    -------
    array, shape (layer,)
        Weights with sum 1.

    Raises
    ------
    RequestError
        The range reaches below the profile.
    """
    thickness = np.asarray(thickness_mm, dtype=np.float64)
    edges = np.concatenate(([0.0], np.cumsum(thickness)))
    if bottom_mm > edges[-1] + _EDGE_MM:
        raise RequestError(
            f"Layer {top_mm:g}-{bottom_mm:g} mm reaches below the profile, which ends at "
            f"{edges[-1]:g} mm. Choose a layer inside it, or simulate a deeper profile."
        )
    overlap = np.minimum(edges[1:], bottom_mm) - np.maximum(edges[:-1], top_mm)
    weights = np.maximum(overlap, 0.0)
    return np.asarray(weights / weights.sum())


def depth_weights(
    depth: LabelDepth, node_depth_mm: FloatArray, thickness_mm: FloatArray | None
) -> FloatArray:
    """Share of each layer in a label, point or layer mean.

    Raises
    ------
    RequestError
        As `point_weights` and `layer_weights`; or a layer mean is asked of a profile whose
        thicknesses are not known.
    """
    if depth.top_mm is None:
        return point_weights(node_depth_mm, depth.bottom_mm)
    if thickness_mm is None:
        raise RequestError(
            f"The mean over {depth} needs layer thicknesses, which the profiles do not carry. "
            "Give the soils table they were made from."
        )
    return layer_weights(thickness_mm, depth.top_mm, depth.bottom_mm)


def theta_at_depth(
    theta: Sequence[float] | FloatArray, node_depth_mm: Sequence[float], depth_mm: float
) -> FloatArray:
    """Water content at one depth, linear between nodes (Eq. 13).

    Parameters
    ----------
    theta : array, shape (..., layer)
        Water content at the nodes [m3 m-3].
    node_depth_mm : sequence, shape (layer,)
        Node depths [mm], rising.
    depth_mm : float
        Depth wanted [mm].

    Returns
    -------
    array, shape (...)
        Water content [m3 m-3]; NaN where a node that counts is NaN.
    """
    weights = point_weights(np.asarray(node_depth_mm, dtype=np.float64), depth_mm)
    used = np.flatnonzero(weights)
    values = np.asarray(theta, dtype=np.float64)[..., used]
    return np.asarray(values @ weights[used])
