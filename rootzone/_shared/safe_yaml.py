"""YAML files from others: plain data within limits, every value with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rootzone._shared.errors import RequestError

MAX_BYTES = 256 << 10
MAX_VALUES = 20_000
MAX_ALIASES = 20
MAX_DEPTH = 32

_LONGEST_SEEN = 60

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """A spot in a file, both numbers counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Document:
    """A parsed file.

    Parameters
    ----------
    path : Path
        The file.
    data : object
        Plain Python values: mappings, lists, texts, numbers, booleans, dates, None.
    places : mapping of key path to Place
        Where each key (or list item) stands, such as ``("soil", "ptf")``.
    repeated : list of key path and Place
        Keys written twice in one mapping; the last value counts in ``data``.
    """

    path: Path
    data: Any
    places: dict[KeyPath, Place] = field(default_factory=dict)
    repeated: list[tuple[KeyPath, Place]] = field(default_factory=list)

    def place(self, path: KeyPath) -> Place:
        """Place of a key, or of the nearest parent that stands in the file."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.places:
                return self.places[path[:length]]
        return Place(1, 1)


def read_yaml(path: Path) -> Document:
    """Read a YAML file as plain data; nothing in it can run or grow without bound.

    Raises
    ------
    RequestError
        The file is missing, larger than 256 KiB, not UTF-8, not YAML (line and column are named),
        uses a tag that is not plain data, holds a number or date that is none, an alias to what it
        stands in, more than 20 aliases, more than 20,000 values or more than 32 levels.
    """
    return parse_yaml(_text(path), path)


def _text(path: Path) -> str:
    if not _is_file(path):
        raise RequestError(f"{str(path)[:200]} does not exist. Make one with: rootzone init DIR")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise RequestError(f"{path} has {size} bytes; at most {MAX_BYTES} are read as YAML.")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise RequestError(
            f"{path} is not UTF-8 text (byte {error.start}): save it as UTF-8."
        ) from error


def parse_yaml(text: str, path: Path) -> Document:
    """Parse YAML text; ``path`` is named in messages. Limits and errors as in `read_yaml`."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    yaml = YAML(typ="safe", pure=True)
    yaml.allow_duplicate_keys = True
    try:
        _stay_within_limits(yaml, text, path)
        constructor, _ = yaml.get_constructor_parser(text)
        root = constructor.composer.get_single_node()
        data = None if root is None else constructor.construct_document(root)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise RequestError(
            f"{where}: not valid YAML: {error.problem or error.context}. Check indentation, "
            "quotes and brackets at that line and the one before it."
        ) from error
    except YAMLError as error:
        raise RequestError(f"{path}: not valid YAML: {error}") from error
    except (ValueError, TypeError, LookupError, AttributeError, ArithmeticError) as error:
        raise RequestError(_bad_value(root, path, error)) from error
    except RecursionError as error:
        raise RequestError(f"{path} is nested too deep to be read.") from error
    document = Document(path, data)
    if root is not None:
        _walk(root, (), document)
    return document


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name no disk can hold
        return False


def _bad_value(root: Any, path: Path, error: Exception) -> str:  # noqa: ANN401 - untyped library
    """Where the value stands that looks like a number or a date and is none."""
    reason = str(error)[:120] or type(error).__name__
    node = next(_odd_scalars(root), None)
    if node is None:
        return f"{path}: not valid YAML: {reason}"
    place, seen = _place(node), str(node.value)
    shown = seen if len(seen) <= _LONGEST_SEEN else seen[: _LONGEST_SEEN - 3] + "..."
    kind = str(node.tag).rpartition(":")[2]
    return (
        f"{path}:{place.line}:{place.column}: {shown} looks like a {kind} and is none ({reason}). "
        "Correct it, or put it in quotes if it is a text."
    )


def _odd_scalars(node: Any) -> Iterator[Any]:  # noqa: ANN401
    """Single values that cannot be made, in the order of the file."""
    from ruamel.yaml import YAML
    from ruamel.yaml.nodes import ScalarNode

    if isinstance(node, ScalarNode):
        try:
            YAML(typ="safe", pure=True).constructor.construct_document(node)
        except Exception:
            yield node
        return
    for _, key_node, child in _children(node):
        if key_node is not child:
            yield from _odd_scalars(key_node)
        yield from _odd_scalars(child)


def _stay_within_limits(yaml: Any, text: str, path: Path) -> None:  # noqa: ANN401 - untyped library
    """Refuse too many aliases and too deep a nesting while the file is only a stream of events."""
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    aliases = 0
    around: list[str | None] = []  # anchors of the collections that are open
    for values, event in enumerate(yaml.parse(text)):
        if isinstance(event, AliasEvent):
            aliases += 1
            if event.anchor in around:
                line = event.start_mark.line + 1
                raise RequestError(f"{path}:{line}: *{event.anchor} stands inside &{event.anchor}.")
        elif isinstance(event, CollectionStartEvent):
            around.append(event.anchor)
        elif isinstance(event, CollectionEndEvent):
            around.pop()
        if len(around) > MAX_DEPTH:
            raise RequestError(f"{path} is nested deeper than {MAX_DEPTH} levels.")
        if values > MAX_VALUES:
            raise RequestError(f"{path} holds more than {MAX_VALUES} values.")
    if aliases > MAX_ALIASES:
        raise RequestError(f"{path} uses {aliases} aliases; at most {MAX_ALIASES} are followed.")


def _walk(node: Any, path: KeyPath, document: Document) -> None:  # noqa: ANN401
    if not path:
        document.places[path] = _place(node)
    for key, mark_node, child in _children(node):
        here = (*path, key)
        if here in document.places:
            document.repeated.append((here, _place(mark_node)))
        document.places[here] = _place(mark_node)
        _walk(child, here, document)


def _children(node: Any) -> Iterator[tuple[str | int, Any, Any]]:  # noqa: ANN401
    from ruamel.yaml.nodes import MappingNode, SequenceNode

    if isinstance(node, MappingNode):
        for key_node, value_node in node.value:
            yield str(key_node.value), key_node, value_node
    elif isinstance(node, SequenceNode):
        for index, child in enumerate(node.value):
            yield index, child, child


def _place(node: Any) -> Place:  # noqa: ANN401
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
