"""Settings from what a user writes, refused in words, and the help that lists every key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from pydantic import ValidationError

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone.engines.swim.settings import (
    PHYSICS,
    STEPPINGS,
    SwimSettings,
    default_settings,
    setting_keys,
)


def settings_from_mapping(physics: str, stepping: str, values: Mapping[str, Any]) -> SwimSettings:
    """Settings from changed keys alone; the rest are the defaults of that physics and stepping.

    Raises
    ------
    RequestError
        With every unknown key (and the nearest known name) and every value out of its range.
    """
    known = setting_keys()
    problems = [
        f"{key} is not a setting{did_you_mean(key, known)}" for key in values if key not in known
    ]
    accepted = {key: value for key, value in values.items() if key in known}
    base = default_settings(physics, stepping).model_dump()
    try:
        settings = SwimSettings.model_validate({**base, **accepted})
    except ValidationError as error:
        problems += [_in_words(item) for item in error.errors()]
        raise RequestError(_together(problems)) from error
    if problems:
        raise RequestError(_together(problems))
    return settings


def settings_from_pairs(physics: str, stepping: str, pairs: Iterable[str]) -> SwimSettings:
    """Settings from ``key=value`` texts, as the command line gives them.

    Raises
    ------
    RequestError
        As ``settings_from_mapping``, and for a text that is not ``key=value``.
    """
    return settings_from_mapping(physics, stepping, pairs_as_mapping(pairs))


def pairs_as_mapping(pairs: Iterable[str]) -> dict[str, str]:
    """Keys and values of ``key=value`` texts.

    Raises
    ------
    RequestError
        A text is not ``key=value``.
    """
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise RequestError(f"--set {pair!r} is not of the form key=value.")
        values[key.strip()] = value.strip()
    return values


def _in_words(item: Any) -> str:  # noqa: ANN401 - pydantic's error record
    key = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ").removesuffix(".")
    if not key:
        return str(message)
    unit = (SwimSettings.model_fields[key].json_schema_extra or {}).get("unit", "-")  # type: ignore[union-attr]
    return f"{key} = {item['input']!r} [{unit}]: {message}"


def _together(problems: list[str]) -> str:
    return (
        "Settings: " + "; ".join(problems) + ". `rootzone simulate-tables --help` lists all keys."
    )


def settings_help() -> str:
    """All keys with unit, default and meaning, one line each, for the help page."""
    cases = {pair: default_settings(*pair) for pair in product(PHYSICS, STEPPINGS)}
    lines = []
    for name in setting_keys():
        field = SwimSettings.model_fields[name]
        unit = (field.json_schema_extra or {}).get("unit", "-")  # type: ignore[union-attr]
        values = {pair: _plain(getattr(case, name)) for pair, case in cases.items()}
        lines.append(f"{name} [{unit}] = {_default_text(values)}: {field.description}")
    return "\n".join(lines)


def _plain(value: Any) -> str:  # noqa: ANN401 - any setting
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return " ".join(f"{part:g}" for part in value) or "none"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _default_text(values: Mapping[tuple[str, str], str]) -> str:
    distinct = set(values.values())
    if len(distinct) == 1:
        return distinct.pop()
    for position, names in enumerate((PHYSICS, STEPPINGS)):
        by_name = {n: {v for pair, v in values.items() if pair[position] == n} for n in names}
        if all(len(found) == 1 for found in by_name.values()):
            return ", ".join(f"{found.pop()} for {name}" for name, found in by_name.items())
    return ", ".join(f"{value} for {pair[0]}+{pair[1]}" for pair, value in values.items())
