"""JSON that every reader of JSON reads: NaN and infinities, which JSON has not, become null."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def json_text(value: Any, *, indent: int | None = 1) -> str:  # noqa: ANN401 - whatever JSON holds
    """A value as JSON text.

    Parameters
    ----------
    value : object
        Mappings, sequences, numbers (NumPy's too), texts, dates.
    indent : int, optional
        Spaces a level.

    Examples
    --------
    >>> json_text({"min": float("nan")}, indent=None)
    '{"min": null}'
    """
    return json.dumps(_plain(value), indent=indent, allow_nan=False, default=str)


def _plain(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if hasattr(value, "item") and not isinstance(value, (str, bytes)):
        return _plain(value.item()) if getattr(value, "size", 1) == 1 else _plain(value.tolist())
    return value
