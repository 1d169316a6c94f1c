"""Run an expression graph on arrays: the engine that needs no account.

Semantics are those that Earth Engine documents: bands of two images are paired by place, an image
of one band goes with every band of the other, a pixel masked in any input is masked, except in
``where`` (a masked test or value changes nothing, and what is masked stays so) and ``unmask``. What
is divided by 0 is 0. Masked pixels are NaN here, and so are values that are no number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone.surface.select.graph import Node, to_json
from rootzone.surface.select.trees import Ensemble

Image: TypeAlias = dict[str, AnyArray]
Bands: TypeAlias = Mapping[str, Mapping[str, AnyArray]]
"""Arrays of one shape by the name of an image and of its band; NaN where masked."""

_PAIRWISE: Final[Mapping[str, Callable[[AnyArray, AnyArray], AnyArray]]] = {
    "Image.add": np.add, "Image.subtract": np.subtract, "Image.multiply": np.multiply,
    "Image.divide": lambda a, b: np.where(b == 0.0, 0.0, a / np.where(b == 0.0, 1.0, b)),
    "Image.pow": np.power, "Image.min": np.minimum, "Image.max": np.maximum,
    "Image.gt": np.greater, "Image.lt": np.less, "Image.gte": np.greater_equal,
    "Image.lte": np.less_equal, "Image.eq": np.equal, "Image.neq": np.not_equal,
    "Image.and": lambda a, b: (a != 0) & (b != 0), "Image.or": lambda a, b: (a != 0) | (b != 0),
}  # fmt: skip
_ELEMENTARY: Final[Mapping[str, Callable[[AnyArray], AnyArray]]] = {
    "Image.sqrt": np.sqrt, "Image.exp": np.exp, "Image.log10": np.log10, "Image.log": np.log,
    "Image.cos": np.cos, "Image.sin": np.sin, "Image.abs": np.abs,
    "Image.not": lambda a: a == 0,
}  # fmt: skip


def interpret(graph: Node | Mapping[str, Any], bands: Bands) -> Image:
    """Arrays by band of what a graph says.

    Parameters
    ----------
    graph : Node or mapping
        The graph, or its JSON form.
    bands : mapping
        What its images hold.

    Raises
    ------
    RequestError
        The graph names an image, band or function that is not there, or pairs images whose numbers
        of bands do not go together.

    Examples
    --------
    >>> from rootzone.surface.select.graph import image
    >>> tau = image("smap").select("tau")
    >>> interpret(2.0 * tau + 1.0, {"smap": {"tau": np.array([0.5])}})["tau"]
    array([2.])
    """
    told = to_json(graph) if isinstance(graph, Node) else graph
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        found = _Run(told, bands).reference(str(told["result"]))
    if not isinstance(found, dict):
        raise RequestError(f"The graph's result is {type(found).__name__}, not an image.")
    return found


class _Run:
    """One pass over a graph; every named value is formed once."""

    def __init__(self, graph: Mapping[str, Any], bands: Bands) -> None:
        self.values, self.bands = graph["values"], bands
        self.formed: dict[str, Any] = {}

    def reference(self, name: str) -> Any:  # noqa: ANN401 - images, texts, classifiers
        if name not in self.formed:
            if name not in self.values:
                raise RequestError(f"The graph refers to {name!r}, which it does not hold.")
            self.formed[name] = self.value(self.values[name])
        return self.formed[name]

    def value(self, told: Mapping[str, Any]) -> Any:  # noqa: ANN401
        if "constantValue" in told:
            return told["constantValue"]
        if "valueReference" in told:
            return self.reference(told["valueReference"])
        if "functionInvocationValue" not in told:
            raise RequestError(f"A graph's value is {sorted(told)}, none of the kinds known here.")
        call = told["functionInvocationValue"]
        arguments = {name: self.value(value) for name, value in call["arguments"].items()}
        return self.function(call["functionName"], arguments)

    def function(self, name: str, given: Mapping[str, Any]) -> Any:  # noqa: ANN401
        if name in _PAIRWISE:
            return _paired(name, given["image1"], given["image2"])
        if name in _ELEMENTARY:
            return {
                band: np.where(np.isnan(v), np.nan, _ELEMENTARY[name](v))
                for band, v in given["value"].items()
            }
        method = _OTHERS.get(name)
        if method is None:
            raise RequestError(
                f"This engine does not know {name}; it runs "
                f"{', '.join(sorted([*_PAIRWISE, *_ELEMENTARY, *_OTHERS]))}."
            )
        return method(self, given)

    def load(self, given: Mapping[str, Any]) -> Image:
        name = given["id"]
        if name not in self.bands:
            raise RequestError(f"There is no image {name!r}; given are {sorted(self.bands)}.")
        return {band: np.asarray(values, np.float64) for band, values in self.bands[name].items()}

    def constant(self, given: Mapping[str, Any]) -> Image:
        return {"constant": np.asarray(given["value"], np.float64)}

    def select(self, given: Mapping[str, Any]) -> Image:
        image, wanted = given["input"], given["bandSelectors"]
        missing = [band for band in wanted if band not in image]
        if missing:
            raise RequestError(f"An image has no band {missing[0]!r}; it has {sorted(image)}.")
        return {band: image[band] for band in wanted}

    def rename(self, given: Mapping[str, Any]) -> Image:
        image, names = given["input"], given["names"]
        if len(names) != len(image):
            raise RequestError(f"{len(names)} names are given for {len(image)} bands.")
        return dict(zip(names, image.values(), strict=True))

    def add_bands(self, given: Mapping[str, Any]) -> Image:
        return {**given["dstImg"], **given["srcImg"]}

    def where(self, given: Mapping[str, Any]) -> Image:
        test = _only(given["test"])
        value = _only(given["value"])
        is_there = np.isfinite(test) & (test != 0.0) & np.isfinite(value)
        return {
            band: np.where(is_there & ~np.isnan(kept), value, kept)
            for band, kept in given["input"].items()
        }

    def update_mask(self, given: Mapping[str, Any]) -> Image:
        mask = _only(given["mask"])
        is_there = np.isfinite(mask) & (mask != 0.0)
        return {band: np.where(is_there, v, np.nan) for band, v in given["image"].items()}

    def unmask(self, given: Mapping[str, Any]) -> Image:
        value = _only(given["value"])
        return {band: np.where(np.isnan(v), value, v) for band, v in given["input"].items()}

    def ensemble(self, given: Mapping[str, Any]) -> Ensemble:
        return Ensemble.parse(given["treeStrings"])

    def output_mode(self, given: Mapping[str, Any]) -> Ensemble:
        if given["mode"] != "REGRESSION":
            raise RequestError(f"Output mode {given['mode']} is not known here; use REGRESSION.")
        found: Ensemble = given["classifier"]
        return found

    def classify(self, given: Mapping[str, Any]) -> Image:
        return {"classification": given["classifier"].predict(given["image"])}


_OTHERS: Final[Mapping[str, Callable[[_Run, Mapping[str, Any]], Any]]] = {
    "Image.load": _Run.load, "Image.constant": _Run.constant, "Image.select": _Run.select,
    "Image.rename": _Run.rename, "Image.addBands": _Run.add_bands, "Image.where": _Run.where,
    "Image.unmask": _Run.unmask, "Image.updateMask": _Run.update_mask,
    "Image.classify": _Run.classify,
    "Classifier.decisionTreeEnsemble": _Run.ensemble,
    "Classifier.setOutputMode": _Run.output_mode,
}  # fmt: skip


def _paired(name: str, one: Image, other: Image) -> Image:
    if len(one) == len(other):
        pairs = zip(one.items(), other.values(), strict=True)
        return {band: _masked(name, a, b) for (band, a), b in pairs}
    if len(other) == 1:
        return {band: _masked(name, a, _only(other)) for band, a in one.items()}
    if len(one) == 1:
        return {band: _masked(name, _only(one), b) for band, b in other.items()}
    raise RequestError(f"{name} pairs images of {len(one)} and {len(other)} bands.")


def _masked(name: str, a: AnyArray, b: AnyArray) -> AnyArray:
    out = np.asarray(_PAIRWISE[name](a, b), np.float64)
    return np.where(np.isnan(a) | np.isnan(b), np.nan, out)


def _only(image: Image) -> AnyArray:
    if len(image) != 1:
        raise RequestError(f"An image of one band is needed here, not of {sorted(image)}.")
    return next(iter(image.values()))
