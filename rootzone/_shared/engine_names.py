"""Names of the engines there are, without importing one.

A campaign names its engine before any engine is looked at, so the names come from the folders of
`rootzone.engines`: each package with a module ``kind`` is one.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from rootzone._shared.names import did_you_mean


@cache
def engine_names() -> tuple[str, ...]:
    """What ``engine.name`` and ``--engine`` may say, in the order of the alphabet."""
    spec = find_spec("rootzone.engines")
    places = [] if spec is None else list(spec.submodule_search_locations or ())
    packages = [found.name for found in pkgutil.iter_modules(places) if found.ispkg]
    return tuple(
        sorted(n for n in packages if any((Path(p) / n / "kind.py").is_file() for p in places))
    )


def not_an_engine(name: str) -> str:
    """What is wrong with a name no engine has; empty where one has it."""
    if name in engine_names():
        return ""
    return f"there is no engine {name!r}{did_you_mean(name, engine_names())}"
