"""Models, their weights by environment and their errors as one graph of four bands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from rootzone._shared.errors import RequestError
from rootzone.surface.select.graph import Node, as_node, from_json, image

SCENE: Final = "scene"
"""Stands for the image of bands in stored graphs."""
OUTPUTS: Final = ("theta", "spread", "model", "environment")


@dataclass(frozen=True)
class ChosenModels:
    """Fitted models with their part in each environment.

    Parameters
    ----------
    graphs : mapping
        Graph of each model in Earth Engine's JSON, over the image `SCENE`.
    weights : mapping
        Share of each model by environment; `environments.ALL` among them.
    spread : mapping
        Root mean square error at stations left out, by environment and model [m3 m-3].
    factor : float
        Half of the interval's width over the spread, from errors at stations left out.
    """

    graphs: Mapping[str, Mapping[str, Any]]
    weights: Mapping[str, Mapping[str, float]]
    spread: Mapping[str, Mapping[str, float]]
    factor: float

    @property
    def environments(self) -> list[str]:
        """Names in the order of their numbers."""
        return list(self.weights)

    @property
    def models(self) -> list[str]:
        """Names in the order of their numbers."""
        return list(self.graphs)

    def to_dict(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "graphs": self.graphs, "weights": self.weights, "spread": self.spread,
            "factor": self.factor,
        }  # fmt: skip

    @classmethod
    def of_dict(cls, told: Mapping[str, Any]) -> ChosenModels:
        """From the values of `to_dict`."""
        return cls(told["graphs"], told["weights"], told["spread"], float(told["factor"]))

    def graph(self, name: str, environment: str) -> Node:
        r"""`OUTPUTS` as bands of one image.

        Moisture is the weighted mean of the models that have a value at a pixel, and its variance
        that of the mixture, :math:`\sum_m w_m (s_m^2 + (\theta_m - \theta)^2)`. The model is the
        one of the largest weight.

        Parameters
        ----------
        name : str
            The image of bands.
        environment : str
            Its band of environment numbers.
        """
        place = image(name).select(environment)
        told = {m: from_json(graph, {SCENE: name}) for m, graph in self.graphs.items()}
        share, parts = as_node(0.0), as_node(0.0)
        weight_of = {}
        for model, theta in told.items():
            weight = self._by_environment(place, {
                e: w.get(model, 0.0) for e, w in self.weights.items()
            })  # fmt: skip
            weight_of[model] = weight * (theta * 0.0 + 1.0).unmask(0.0)
            share = share + weight_of[model]
            parts = parts + weight_of[model] * theta.unmask(0.0)
        theta = (parts / share).masked_by(share > 0.0)
        variance = as_node(0.0)
        for model, value in told.items():
            s = self._by_environment(place, {
                e: s.get(model, 0.0) ** 2 for e, s in self.spread.items()
            })  # fmt: skip
            apart = value.unmask(0.0) - theta
            variance = variance + weight_of[model] * (s + apart * apart)
        first = {
            e: float(self.models.index(max(w, key=lambda m: w[m]))) for e, w in self.weights.items()
        }
        spread: Node = np.sqrt(variance / share)
        out = theta.rename("theta").add_bands(spread.rename("spread"))
        model_band = self._by_environment(place, first).masked_by(share > 0.0)
        return out.add_bands(model_band.rename("model")).add_bands(place.rename("environment"))

    def _by_environment(self, place: Node, values: Mapping[str, float]) -> Node:
        """A number by environment; where most have the same, one comparison for each other."""
        usual = max(values.values(), key=list(values.values()).count)
        out = place * 0.0 + usual
        for number, name in enumerate(self.environments):
            if values[name] != usual:
                out = out.where(place.equals(float(number)), values[name])
        return out


def needed_bands(graphs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Bands that stored graphs select of `SCENE`, in order of names."""
    found: set[str] = set()
    waiting: list[Any] = list(graphs)
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            if one.get("functionName") == "Image.select":
                found |= set(one["arguments"]["bandSelectors"]["constantValue"])
            waiting += list(one.values())
    if not found:
        raise RequestError("The chosen models read no band at all.")
    return sorted(found)
