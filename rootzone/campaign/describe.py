"""What the campaign models say of themselves: fields by key, allowed values in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rootzone._shared.safe_yaml import KeyPath


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Fields by the keys they have in the file; ``from`` is a word of Python and no name there."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def model_at(root: type[BaseModel], key: KeyPath) -> type[BaseModel] | None:
    """Model of the section a key path names, or None where it names no section."""
    model = root
    for part in key:
        field = fields_of(model).get(str(part))
        if field is None or not _is_section(field.annotation):
            return None
        model = field.annotation  # type: ignore[assignment]
    return model


def field_at(root: type[BaseModel], key: KeyPath) -> FieldInfo | None:
    """Field a key path names, or None; list positions name the field they stand in."""
    names = [part for part in key if not isinstance(part, int)]
    if not names:
        return None
    model = model_at(root, tuple(names[:-1]))
    return None if model is None else fields_of(model).get(str(names[-1]))


def sections_with(root: type[BaseModel], name: str) -> list[str]:
    """Sections that have a key of this name, dotted, the root left out."""
    return [dotted for dotted, model in sections(root) if dotted and name in fields_of(model)]


def sections(root: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, type[BaseModel]]]:
    """Every section with its dotted name, parents first; the root has the empty name."""
    yield prefix, root
    for name, field in fields_of(root).items():
        if _is_section(field.annotation):
            inner = f"{prefix}.{name}" if prefix else name
            yield from sections(field.annotation, inner)  # type: ignore[arg-type]


def allowed(root: type[BaseModel], key: KeyPath) -> str:
    """What may stand at a key, in words: choices or bounds, the default, and the meaning."""
    field = field_at(root, key)
    if field is None:
        return "a value"
    if _is_section(field.annotation):
        return f"a section with {', '.join(fields_of(field.annotation))}"  # type: ignore[arg-type]
    words = limits_in_words(field) or "a value"
    default = "" if field.is_required() else f" (default {plain(field.default)})"
    return f"use {words}{default}; the key means: {field.description or field.title}"


def _is_section(annotation: Any) -> bool:  # noqa: ANN401 - any annotation
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def limits_in_words(field: FieldInfo) -> str:
    """Choices or bounds of a field, such as ``at least 1, at most 9``; empty where none."""
    choices = _choices(field.annotation)
    if choices:
        return "one of " + ", ".join(map(str, choices))
    words = [_bound(item) for item in (*field.metadata, *_item_metadata(field.annotation))]
    return ", ".join(word for word in words if word)


def _choices(annotation: Any) -> tuple[Any, ...]:  # noqa: ANN401
    return get_args(annotation) if get_origin(annotation) is Literal else ()


def _item_metadata(annotation: Any) -> Iterator[Any]:  # noqa: ANN401
    """Bounds of a list's items, from the annotation nested in its type."""
    for item in get_args(annotation)[:1]:
        for extra in getattr(item, "__metadata__", ()):
            yield from getattr(extra, "metadata", [extra])


def _bound(item: Any) -> str:  # noqa: ANN401 - any annotation metadata
    words = {
        Gt: ("above", "gt"),
        Ge: ("at least", "ge"),
        Lt: ("below", "lt"),
        Le: ("at most", "le"),
        MinLen: ("no fewer entries than", "min_length"),
        MaxLen: ("no more entries than", "max_length"),
    }
    for kind, (word, attribute) in words.items():
        if isinstance(item, kind):
            return f"{word} {getattr(item, attribute)}"
    return ""


def plain(value: Any) -> str:  # noqa: ANN401 - any default
    """A default as it stands in YAML."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | list):
        return "[" + ", ".join(map(str, value)) + "]"
    return repr(value) if value == "" else str(value)
