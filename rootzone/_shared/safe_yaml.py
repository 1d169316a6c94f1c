"""YAML files from others: plain data within limits, every value with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rootzone._shared.errors import RequestError

MAX_BYTES = 4 << 20
MAX_ALIASES = 20
MAX_DEPTH = 32

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
        The file is missing, larger than 4 MiB, not UTF-8, not YAML (line and column are named),
        uses a tag that is not plain data, more than 20 aliases or more than 32 levels.
    """
    return parse_yaml(_text(path), path)


def _text(path: Path) -> str:
    if not path.is_file():
        raise RequestError(f"{path} does not exist. Make one with: rootzone init DIR")
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
        root = yaml.compose(text)
        data = yaml.load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise RequestError(
            f"{where}: not valid YAML: {error.problem or error.context}. Check indentation, "
            "quotes and brackets at that line and the one before it."
        ) from error
    except YAMLError as error:
        raise RequestError(f"{path}: not valid YAML: {error}") from error
    document = Document(path, data)
    if root is not None:
        _walk(root, (), document)
    return document


def _stay_within_limits(yaml: Any, text: str, path: Path) -> None:  # noqa: ANN401 - untyped library
    """Refuse too many aliases and too deep a nesting while the file is only a stream of events."""
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    aliases = depth = 0
    for event in yaml.parse(text):
        aliases += isinstance(event, AliasEvent)
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise RequestError(f"{path} is nested deeper than {MAX_DEPTH} levels.")
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
