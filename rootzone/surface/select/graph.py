"""Expression graphs of images, in the JSON form that Earth Engine takes, without its client.

A `Node` stands for an image that is not computed yet. Arithmetic and NumPy's functions on nodes
give nodes, so a formula of `rootzone.surface.physics` handed nodes becomes a graph: there is one
text of the physics for arrays, tensors and the cloud. `rootzone.surface.select.interpret` runs
the graph on arrays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeAlias

import numpy as np

from rootzone._shared.errors import RequestError

Value: TypeAlias = "Node | float | int | str | list[str]"  # truth values are ints
_DEEPEST = 16  # expressions nested deeper are given a name of their own
_BINARY: Final = {
    "add": "Image.add", "subtract": "Image.subtract", "multiply": "Image.multiply",
    "divide": "Image.divide", "true_divide": "Image.divide", "power": "Image.pow",
    "minimum": "Image.min", "maximum": "Image.max", "greater": "Image.gt", "less": "Image.lt",
    "greater_equal": "Image.gte", "less_equal": "Image.lte",
}  # fmt: skip
_UNARY: Final = {
    "sqrt": "Image.sqrt", "exp": "Image.exp", "log10": "Image.log10", "log": "Image.log",
    "cos": "Image.cos", "sin": "Image.sin", "absolute": "Image.abs",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Node:
    """A function of other values, not computed yet; equal nodes are written once.

    Parameters
    ----------
    function : str
        Name as Earth Engine knows it, such as ``Image.add``.
    arguments : mapping
        Nodes, numbers, texts or lists of texts, by the function's own argument names.

    Examples
    --------
    >>> tau = image("demo/smap").select("tau")
    >>> np.exp(-tau / 0.766).function
    'Image.exp'
    """

    function: str
    arguments: Mapping[str, Value] = field(default_factory=dict)

    @cached_property
    def key(self) -> str:
        """Digest of the whole expression."""
        told = [
            (name, value.key if isinstance(value, Node) else json.dumps(value))
            for name, value in self.arguments.items()
        ]
        text = json.dumps([self.function, told])
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()

    @property
    def inputs(self) -> Iterator[Node]:
        """The nodes this one is made of."""
        return (value for value in self.arguments.values() if isinstance(value, Node))

    def select(self, *names: str) -> Node:
        """Bands of an image."""
        return Node("Image.select", {"input": self, "bandSelectors": list(names)})

    def rename(self, *names: str) -> Node:
        """The same bands by other names."""
        return Node("Image.rename", {"input": self, "names": list(names)})

    def add_bands(self, other: Node) -> Node:
        """Bands of both images."""
        return Node("Image.addBands", {"dstImg": self, "srcImg": other})

    def where(self, test: Node, value: Node | float) -> Node:
        """``value`` where the test is not 0, this image elsewhere and where the test is masked.

        What is masked here stays so.
        """
        return Node("Image.where", {"input": self, "test": test, "value": as_node(value)})

    def masked_by(self, mask: Node) -> Node:
        """The same, masked where ``mask`` is 0 or masked."""
        return Node("Image.updateMask", {"image": self, "mask": mask})

    def equals(self, value: Node | float) -> Node:
        """1 where the values are equal, 0 elsewhere."""
        return _binary("Image.eq", self, value)

    def unmask(self, value: float) -> Node:
        """A number in place of what is masked."""
        return Node("Image.unmask", {"input": self, "value": as_node(value)})

    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: object, **options: object
    ) -> Node:
        """What NumPy's own functions, and NumPy's numbers beside a node, give."""
        name = ufunc.__name__
        if method == "__call__" and not options:
            if name in _UNARY:
                return Node(_UNARY[name], {"value": as_node(inputs[0])})
            if name in _BINARY:
                return _binary(_BINARY[name], inputs[0], inputs[1])
        raise RequestError(f"A graph has no function for NumPy's {name} ({method}).")

    def __add__(self, other: object) -> Node:
        return _binary("Image.add", self, other)

    def __radd__(self, other: object) -> Node:
        return _binary("Image.add", other, self)

    def __sub__(self, other: object) -> Node:
        return _binary("Image.subtract", self, other)

    def __rsub__(self, other: object) -> Node:
        return _binary("Image.subtract", other, self)

    def __mul__(self, other: object) -> Node:
        return _binary("Image.multiply", self, other)

    def __rmul__(self, other: object) -> Node:
        return _binary("Image.multiply", other, self)

    def __truediv__(self, other: object) -> Node:
        return _binary("Image.divide", self, other)

    def __rtruediv__(self, other: object) -> Node:
        return _binary("Image.divide", other, self)

    def __pow__(self, other: object) -> Node:
        return _binary("Image.pow", self, other)

    def __neg__(self) -> Node:
        return _binary("Image.subtract", 0.0, self)

    def __lt__(self, other: object) -> Node:
        return _binary("Image.lt", self, other)

    def __le__(self, other: object) -> Node:
        return _binary("Image.lte", self, other)

    def __gt__(self, other: object) -> Node:
        return _binary("Image.gt", self, other)

    def __ge__(self, other: object) -> Node:
        return _binary("Image.gte", self, other)


def image(name: str) -> Node:
    """A stored image by its name."""
    return Node("Image.load", {"id": name})


def as_node(value: object) -> Node:
    """A node, or a number as an image of that number everywhere.

    Raises
    ------
    RequestError
        The value is an array, or not a finite number: a graph holds single numbers only.
    """
    if isinstance(value, Node):
        return value
    if isinstance(value, int | float | np.generic | np.ndarray) and np.ndim(value) == 0:
        number = float(value)
        if np.isfinite(number):
            return Node("Image.constant", {"value": number})
    raise RequestError(f"A graph takes images and finite numbers, not {value!r}.")


def _binary(function: str, one: object, other: object) -> Node:
    return Node(function, {"image1": as_node(one), "image2": as_node(other)})


def nodes_of(root: Node) -> list[Node]:
    """Every different node once, inputs before those that use them."""
    order: dict[str, Node] = {}
    waiting: list[tuple[Node, bool]] = [(root, False)]
    while waiting:
        node, is_ready = waiting.pop()
        if node.key in order:
            continue
        if is_ready:
            order[node.key] = node
            continue
        waiting.append((node, True))
        waiting += [(part, False) for part in node.inputs if part.key not in order]
    return list(order.values())


def to_json(root: Node) -> dict[str, Any]:
    """The graph as Earth Engine's expression: ``{"result": id, "values": {id: value}}``.

    What is used more than once stands once and is referred to.

    Examples
    --------
    >>> to_json(as_node(2.0))["values"]["0"]["functionInvocationValue"]["functionName"]
    'Image.constant'
    """
    nodes = nodes_of(root)
    used: dict[str, int] = {}
    for node in nodes:
        for part in node.inputs:
            used[part.key] = used.get(part.key, 0) + 1
    values: dict[str, Any] = {}
    written: dict[str, tuple[Any, int]] = {}
    for node in nodes:
        parts, depth = {}, 0
        for name, value in node.arguments.items():
            if isinstance(value, Node):
                parts[name], below = written[value.key]
                depth = max(depth, below + 1)
            else:
                parts[name] = {"constantValue": value}
        told: Any = {"functionInvocationValue": {"functionName": node.function, "arguments": parts}}
        is_cheap = node.function in ("Image.constant",)
        if node is root or depth >= _DEEPEST or (used.get(node.key, 0) > 1 and not is_cheap):
            name = str(len(values))
            values[name] = told
            told, depth = {"valueReference": name}, 0
        written[node.key] = (told, depth)
    return {"result": written[root.key][0]["valueReference"], "values": values}


def payload_bytes(root: Node) -> int:
    """Size of the graph as it is sent [bytes]."""
    return len(json.dumps(to_json(root), separators=(",", ":")).encode())


def classified(features: Node, trees: Sequence[str]) -> Node:
    """Value of an ensemble of regression trees (`rootzone.surface.select.trees`) at every pixel."""
    ensemble = Node("Classifier.decisionTreeEnsemble", {"treeStrings": list(trees)})
    regression = Node("Classifier.setOutputMode", {"classifier": ensemble, "mode": "REGRESSION"})
    return Node("Image.classify", {"image": features, "classifier": regression})


def from_json(told: Mapping[str, Any], images: Mapping[str, str] | None = None) -> Node:
    """The nodes that `to_json` wrote.

    Parameters
    ----------
    told : mapping
        A graph in Earth Engine's form.
    images : mapping of str to str, optional
        Other names for stored images.

    Raises
    ------
    RequestError
        The graph holds something that is no function of images.

    Examples
    --------
    >>> from_json(to_json(image("a").select("b")), {"a": "c"}).arguments["input"].arguments["id"]
    'c'
    """
    renamed = images or {}
    formed: dict[str, Value] = {}

    def value(one: Mapping[str, Any]) -> Value:
        if "constantValue" in one:
            found: Value = one["constantValue"]
            return found
        if "valueReference" in one:
            return reference(str(one["valueReference"]))
        if "functionInvocationValue" not in one:
            raise RequestError(f"A graph's value is {sorted(one)}, none of the kinds known here.")
        call = one["functionInvocationValue"]
        arguments = {name: value(part) for name, part in call["arguments"].items()}
        if call["functionName"] == "Image.load":
            name = str(arguments["id"])
            arguments["id"] = renamed.get(name, name)
        return Node(call["functionName"], arguments)

    def reference(name: str) -> Value:
        if name not in formed:
            formed[name] = value(told["values"][name])
        return formed[name]

    # Names stand in the order of their making, so each finds its parts formed.
    for name in told["values"]:
        reference(name)
    root = reference(str(told["result"]))
    if not isinstance(root, Node):
        raise RequestError(f"The graph's result is {type(root).__name__}, not an image.")
    return root
