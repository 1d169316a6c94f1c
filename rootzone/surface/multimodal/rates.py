"""Learning rates that fall towards the image, for the second stage of a training."""

from __future__ import annotations

from typing import Any

from torch import nn

from rootzone._shared.errors import RequestError
from rootzone.surface.multimodal.convnext import layer_numbers
from rootzone.surface.multimodal.network import MultimodalNetwork


def decayed_groups(network: MultimodalNetwork, decay: float) -> list[dict[str, Any]]:
    """Parameters in groups for an optimiser, each with the ``scale`` of its learning rate.

    First layers of the sensors count as depth 0; the way up, the scalars and the head have the full
    rate, and the scale of depth i of n is ``decay ** (n - i)``. Parameters of one axis (norms,
    biases, tokens) are not decayed in weight, as published.

    Parameters
    ----------
    network : MultimodalNetwork
        The network to be tuned.
    decay : float
        Ratio of the rates of two neighbouring depths, above 0 and up to 1 (1: one rate).

    Returns
    -------
    list of dict
        ``params``, ``scale`` and, for parameters without decay, ``weight_decay`` 0.
    """
    if not 0.0 < decay <= 1.0:
        raise RequestError(f"Layer decay {decay:g} must lie above 0 and be at most 1.")
    depth = {f"encoder.{name}": n for name, n in layer_numbers(network.encoder).items()}
    deepest = max(depth.values()) + 1
    groups: dict[tuple[int, bool], list[nn.Parameter]] = {}
    for name, values in network.named_parameters():
        number = 0 if name.startswith("stems.") else depth.get(name, deepest)
        plain = values.ndim <= 1 or ".grn." in name or name.endswith("tokens")
        groups.setdefault((number, plain), []).append(values)
    return [
        {
            "params": values,
            "scale": decay ** (deepest - number),
            **({"weight_decay": 0.0} if plain else {}),
        }
        for (number, plain), values in sorted(groups.items(), key=lambda item: item[0])
    ]
