"""The twelve fixed soils that run first everywhere, so that a drifting engine is seen at once."""

from __future__ import annotations

from dataclasses import dataclass

from rootzone._shared.resources import resource_path
from rootzone._shared.safe_yaml import read_yaml


@dataclass(frozen=True)
class Canary:
    """One fixed soil, the same at every depth.

    Parameters
    ----------
    site_id : str
        Its name, such as ``canary-01``.
    texture_class : str
        USDA texture class.
    sand_pct, silt_pct, clay_pct : float
        Texture [%], sum 100.
    bd_g_cm3 : float
        Bulk density [g cm-3].
    """

    site_id: str
    texture_class: str
    sand_pct: float
    silt_pct: float
    clay_pct: float
    bd_g_cm3: float


def load_canaries() -> tuple[Canary, ...]:
    """The packed canary soils, always in the same order."""
    data = read_yaml(resource_path("sampling/canaries/soils.yaml")).data
    return tuple(Canary(**soil) for soil in data["soils"])
