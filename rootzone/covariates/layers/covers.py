"""Covers as data: what grows on a soil, each number with its source, and which class is which."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.resources import resource_path
from rootzone._shared.safe_yaml import parse_yaml

BY_LAND_COVER = "by_land_cover"


@dataclass(frozen=True)
class Cover:
    """Parameters of one cover; ``data/covers/covers.yaml`` says where each comes from.

    Parameters
    ----------
    name : str
        Such as ``grass``.
    cover_fraction : float
        Ground under green leaves in the full season [-]; 0 is bare.
    kc : float
        What a full cover of it could transpire over potential evaporation [-].
    root_beta : float
        Share of roots below a depth z in cm is ``root_beta ** z`` [-].
    root_depth_mm : float
        Depth of the deepest roots [mm].
    stress_depletion : float
        Share of the water between field capacity and wilting that is taken without stress [-].
    feddes_cm : tuple of float
        Suctions of Feddes's function [cm]: no uptake wetter than the first, full from the second to
        the third (at 5 mm d-1) or fourth (at 1 mm d-1), none drier than the fifth.
    compensation : float
        Critical stress index of Jarvis [-]: 1 makes nothing up, 0.6 makes up stress of 40 %.
    grow_from_degc, grow_full_degc : float
        Means of 30 days between which leaves come and go [degC].
    leaf_storage_mm : float
        Rain that leaves hold [mm per unit of leaf area].
    litter_storage_mm : float
        Rain that litter holds [mm].
    litter_cover : float
        Ground under litter, which slows evaporation [-].
    """

    name: str
    cover_fraction: float = 0.0
    kc: float = 1.0
    root_beta: float = 0.943
    root_depth_mm: float = 1000.0
    stress_depletion: float = 0.5
    feddes_cm: tuple[float, ...] = (10.0, 25.0, 200.0, 800.0, 8000.0)
    compensation: float = 1.0
    grow_from_degc: float = 3.0
    grow_full_degc: float = 12.0
    leaf_storage_mm: float = 0.0
    litter_storage_mm: float = 0.0
    litter_cover: float = 0.0

    @property
    def is_bare(self) -> bool:
        """Whether nothing grows."""
        return self.cover_fraction == 0.0


@cache
def _document() -> dict[str, Any]:
    path = resource_path("data/covers/covers.yaml")
    data: dict[str, Any] = parse_yaml(path.read_text(encoding="utf-8"), path).data
    return data


def cover_names() -> tuple[str, ...]:
    """Covers there are data for."""
    return tuple(_document()["covers"])


@cache
def cover(name: str) -> Cover:
    """One cover by its name.

    Raises
    ------
    RequestError
        There is none of this name; the nearest is named.

    Examples
    --------
    >>> cover("grass").root_beta
    0.943
    """
    known = _document()["covers"]
    if name not in known:
        raise RequestError(
            f"There is no cover {name!r}{did_you_mean(name, known)}; known: {', '.join(known)}."
        )
    given: dict[str, Any] = {}
    for field in fields(Cover):
        entry = known[name].get(field.name)
        if isinstance(entry, Mapping):
            value = entry["value"]
            given[field.name] = (
                tuple(map(float, value)) if isinstance(value, list) else float(value)
            )
    return Cover(name, **given)


def cover_sources(name: str) -> dict[str, str]:
    """Source of each number of a cover, in words.

    Raises
    ------
    RequestError
        As ``cover``.
    """
    cover(name)
    document = _document()
    told = {}
    for key, entry in document["covers"][name].items():
        if isinstance(entry, Mapping):
            source = document["sources"][entry["source"]]
            told[key] = f"{source}; {entry['note']}" if "note" in entry else str(source)
    return told


def cover_of_class(name: str, group: str, title: str = "") -> str:
    """Cover of a land-cover class, whatever its legend.

    Parameters
    ----------
    name, group : str
        What the class is called, and its group in ``data/catalogs/legends.yaml``.
    title : str
        The same in plain words, for products that call their classes by a number.

    Raises
    ------
    RequestError
        Neither tells what grows.

    Examples
    --------
    >>> cover_of_class("Evergreen Forest", "forest"), cover_of_class("Barren Land", "bare")
    ('evergreen_forest', 'bare')
    >>> cover_of_class("312", "forest", "coniferous forest")  # CORINE
    'evergreen_forest'
    """
    rules = _document()["land_cover"]
    for rule in rules["names"]:
        if re.search(rule["pattern"], f"{name} {title}", re.IGNORECASE):
            return str(rule["cover"])
    if group not in rules["groups"]:
        raise RequestError(
            f"What grows on land-cover class {name!r} is not known: its legend gives it no group. "
            "Add one to the catalog, or name one cover for all sites, such as cover: grass."
        )
    return str(rules["groups"][group])
