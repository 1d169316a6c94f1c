"""A complete campaign file with a comment at every key, written from the models themselves."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rootzone.campaign.describe import fields_of, limits_in_words, plain
from rootzone.campaign.model import Campaign

_WIDTH = 98


@dataclass(frozen=True)
class SettingLine:
    """One engine setting for the file: key, default and meaning with its unit."""

    key: str
    default: bool | float | str
    meaning: str


# What stands at the keys that have no default; a user changes these first.
_EXAMPLES: dict[str, Any] = {
    "name": "my-campaign",
    "description": "What this campaign is for",
    "years": [2023],
    "region.place": "Colorado",
    "learning.model": "auto",  # no model is the best on every land; the default is the paper's
}


def campaign_text(
    engine_settings: Iterable[SettingLine] = (), choices: Mapping[str, Any] | None = None
) -> str:
    """Text of a campaign file that holds every key, its default and its meaning.

    Parameters
    ----------
    engine_settings : iterable of SettingLine
        Settings of the engine, which belong to a later stage; they are written as comments, so
        that the engine's own default counts until a user removes the ``#``.
    choices : mapping of str to value, optional
        Values by dotted key, such as ``catalog.texture``, that stand in place of defaults.
    """
    chosen = {**_EXAMPLES, **(choices or {})}
    lines = [
        "# A rootzone campaign. Every key stands here with its default; change what you need.",
        "# Only learning.model is another: the best of several in place of the paper's network.",
        "# Check it with: rootzone check campaign.yaml",
        "",
    ]
    lines += _section(Campaign, "", 0, list(engine_settings), chosen)
    return "\n".join(lines) + "\n"


def _section(
    model: type[BaseModel],
    prefix: str,
    depth: int,
    settings: list[SettingLine],
    chosen: Mapping[str, Any],
) -> Iterator[str]:
    after_section = False
    for name, field in fields_of(model).items():
        dotted = f"{prefix}.{name}" if prefix else name
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            if depth == 0:
                yield ""
            yield from _comment((inner.__doc__ or "").strip().splitlines()[0], depth)
            yield _indent(depth) + f"{name}:"
            yield from _section(inner, dotted, depth + 1, settings, chosen)
            after_section = True
        else:
            if depth == 0 and after_section:
                yield ""
            after_section = False
            yield from _comment(_meaning(field), depth)
            yield _indent(depth) + _key_line(dotted, name, field, chosen)
            if dotted == "engine.settings":
                yield from _settings(settings, depth + 1)


def _key_line(dotted: str, name: str, field: FieldInfo, chosen: Mapping[str, Any]) -> str:
    value = chosen.get(dotted, None if field.is_required() else field.default)
    return f"{name}: {_yaml(value)}"


def _settings(settings: list[SettingLine], depth: int) -> Iterator[str]:
    if settings:
        yield from _comment("to change one, remove the {} above and the # before its name", depth)
    for setting in settings:
        yield f"{_indent(depth)}# {setting.key}: {_yaml(setting.default)}  # {setting.meaning}"


def _meaning(field: FieldInfo) -> str:
    limits = limits_in_words(field)
    text = field.description or ""
    return f"{text} ({limits})" if limits else text


def _comment(text: str, depth: int) -> Iterator[str]:
    margin = _indent(depth) + "# "
    for line in textwrap.wrap(text, _WIDTH - len(margin)):
        yield margin + line


def _indent(depth: int) -> str:
    return "  " * depth


def _yaml(value: Any) -> str:  # noqa: ANN401 - any default
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_yaml(item) for item in value) + "]"
    if isinstance(value, str):
        return (
            value if value and value.replace("_", "").replace("-", "").isalnum() else f'"{value}"'
        )
    if isinstance(value, dict):
        return "{}"
    if isinstance(value, float) and math.isinf(value):
        return ".inf"
    return plain(value)
