"""Write ``.apsimx`` files: one fallow SWIM3 simulation a site, many sites a file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from rootzone._shared.arrays import FloatArray
from rootzone._shared.resources import resource_path
from rootzone.engines.apsim.settings import ApsimSettings

# What SWIM3 does not look at in fallow but APSIM insists on: a soil with little organic matter
# and no residue, so that nothing immobilises nitrogen.
_FILLERS = {
    "zeros": 0.0,
    "ones": 1.0,
    "hundreds": 100.0,
    "carbon_pct": 0.8,
    "cn_ratio": 12.0,
    "fbiom": 0.02,
    "finert": 0.6,
    "fom": 10.0,
    "no3": 1.0,
    "nh4": 0.1,
    "ph": 7.0,
}
_HOLE = re.compile(r'"\{(\w+)\}"')
SOIL_ARRAYS = (
    "thickness_mm",
    "bd_g_cm3",
    "airdry",
    "ll15",
    "dul",
    "sat",
    "ks_mm_d",
    "theta_initial",
)


@dataclass(frozen=True)
class Simulation:
    """One site for APSIM.

    Parameters
    ----------
    name : str
        Name in the file; must be unique in it, since APSIM merges equal names.
    soil : mapping of str to array, shape (layer,)
        Columns of the soils table; of ``kdul_mm_d`` and ``psidul_cm`` the top layer counts.
    met_file : str
        Weather file, an absolute path or one relative to the ``.apsimx``.
    start, end : date
        First and last day.
    """

    name: str
    soil: Mapping[str, FloatArray]
    met_file: str
    start: date
    end: date


@cache
def _template(version: str) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """File frame, and the simulation as literal texts around its named holes."""
    data = json.loads(resource_path(f"apsim_templates/fallow_swim3_{version}.json").read_text())
    frame = json.dumps(data["file"], separators=(",", ":"))
    pieces = _HOLE.split(json.dumps(data["simulation"], separators=(",", ":")))
    return frame, tuple(pieces[0::2]), tuple(pieces[1::2])


def template_versions() -> tuple[str, ...]:
    """Formats there is a template for, oldest first."""
    folder = resource_path("apsim_templates")
    found = (path.stem.rsplit("_", 1)[1] for path in folder.glob("fallow_swim3_*.json"))
    return tuple(sorted(found, key=int))


def apsimx_text(simulations: Sequence[Simulation], settings: ApsimSettings, version: str) -> str:
    """Text of one ``.apsimx`` file.

    Parameters
    ----------
    simulations : sequence of Simulation
        Sites of this file.
    settings : ApsimSettings
        SWIM3's keys.
    version : str
        Format, one of `template_versions`; APSIM upgrades older ones and refuses newer ones.

    Raises
    ------
    ValueError
        Two simulations have the same name, which APSIM would merge without a word.
    """
    names = [simulation.name for simulation in simulations]
    if len(set(names)) != len(names):
        raise ValueError("simulation names in one .apsimx must differ: APSIM merges equal names")
    frame, _, _ = _template(version)
    shared = _shared_values(settings)
    filled = ",".join(_filled(simulation, shared, version) for simulation in simulations)
    return frame.replace('"{simulations}"', filled)


def _filled(simulation: Simulation, shared: Mapping[str, str], version: str) -> str:
    _, literals, holes = _template(version)
    own = _own_values(simulation)
    parts = [literals[0]]
    for hole, literal in zip(holes, literals[1:], strict=True):
        parts += (own[hole] if hole in own else shared[hole], literal)
    return "".join(parts)


def _shared_values(settings: ApsimSettings) -> dict[str, str]:
    return {key: json.dumps(value) for key, value in settings.model_dump().items()}


def _own_values(simulation: Simulation) -> dict[str, str]:
    soil = simulation.soil
    values = {name: _numbers(soil[name]) for name in SOIL_ARRAYS}
    count = len(soil["thickness_mm"])
    values |= {name: "[" + ",".join([repr(v)] * count) + "]" for name, v in _FILLERS.items()}
    values["kdul_mm_d"] = repr(float(soil["kdul_mm_d"][0]))
    values["psidul_cm"] = repr(float(soil["psidul_cm"][0]))
    values["name"] = json.dumps(simulation.name)
    values["met_file"] = json.dumps(simulation.met_file)
    values["start"] = json.dumps(f"{simulation.start.isoformat()}T00:00:00")
    values["end"] = json.dumps(f"{simulation.end.isoformat()}T00:00:00")
    return values


def _numbers(values: FloatArray) -> str:
    return "[" + ",".join(map(repr, values.tolist())) + "]"


def write_apsimx(
    path: Path, simulations: Sequence[Simulation], settings: ApsimSettings, version: str
) -> None:
    """Write one ``.apsimx`` file; it goes to scratch and lives as long as one run."""
    path.write_text(apsimx_text(simulations, settings, version), encoding="utf-8")


def nodes_by_path(tree: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every node of an ``.apsimx`` tree with its path of type names, for comparing files."""
    kind = str(tree["$type"]).split(",")[0].rsplit(".", 1)[-1]
    path = f"{above}/{kind}"
    yield path, {key: value for key, value in tree.items() if key != "Children"}
    for child in tree["Children"]:
        yield from nodes_by_path(child, path)
