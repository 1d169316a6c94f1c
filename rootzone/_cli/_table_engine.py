"""The engine that ``rootzone simulate-tables`` runs, by what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rootzone.engines.protocol import Engine


@dataclass(frozen=True)
class TableEngine:
    """An engine and what it needs of the tables.

    Parameters
    ----------
    engine : Engine
        Ready to run.
    physics, initial : str
        Soil columns it reads, and which of them sets the first day's water.
    salb : float
        Albedo of bare soil, for the demand where the weather has none.
    needs_temperature, needs_radiation : bool
        Weather columns it needs besides rain and demand.
    notes : tuple of str
        What a user should know before it runs.
    extra_columns : tuple of str
        Daily columns beside those that every profile has.
    needs_leaves : bool
        Whether leaves follow the weather's column ``lai``.
    """

    engine: Engine
    physics: str
    initial: str
    salb: float
    needs_temperature: bool
    needs_radiation: bool = False
    notes: tuple[str, ...] = ()
    extra_columns: tuple[str, ...] = ()
    needs_leaves: bool = False


def table_engine(
    name: str,
    soils: Path,
    physics: str | None,
    stepping: str,
    pairs: Sequence[str],
    threads: int | None,
) -> TableEngine:
    """The engine of that name with changed settings.

    Raises
    ------
    RequestError
        A setting is wrong, the soils table has the columns of no physics, or APSIM is not there.
    """
    if name == "apsim":
        return _apsim(physics, stepping, pairs, threads)
    from rootzone.engines.swim.batch import is_compiled
    from rootzone.engines.swim.engine import SwimEngine
    from rootzone.engines.swim.read_settings import settings_from_pairs
    from rootzone.engines.tables.read_soils import choose_physics

    # The pairs are checked against either physics before the soils table is opened.
    asked = settings_from_pairs(physics or "van_genuchten", stepping, pairs)
    chosen = physics or choose_physics(soils, asked.initial)
    settings = settings_from_pairs(chosen, stepping, pairs)
    notes = [] if physics else [f"physics {chosen}, by the columns of {soils}"]
    if settings.device == "cuda":
        from rootzone.engines.swim.gpu.run_device import open_device

        notes.append(f"on {open_device().name}; compiled once for this version and card")
    elif not is_compiled(settings):
        notes.append("compiling the engine, once for this version: up to a minute")
    return TableEngine(
        SwimEngine(settings, threads=threads),
        chosen,
        settings.initial,
        settings.salb,
        settings.needs_temperature,
        notes=tuple(notes),
        extra_columns=settings.extra_columns,
        needs_leaves=settings.lai,
    )


def _apsim(
    physics: str | None, stepping: str, pairs: Sequence[str], threads: int | None
) -> TableEngine:
    from rootzone._shared.errors import RequestError
    from rootzone.engines.apsim.engine import ApsimEngine
    from rootzone.engines.apsim.settings import apsim_settings

    if physics == "van_genuchten":
        raise RequestError("APSIM's engine is SWIM3: leave out --physics van_genuchten.")
    del stepping  # APSIM has its own
    values = dict(pair.partition("=")[::2] for pair in pairs)
    engine = ApsimEngine(apsim_settings(values, threads))
    told = engine.identity()
    note = (
        f"APSIM {told['apsim_version']} ({engine.program.command[0]}), file format "
        f"{told['file_format']}, rain over {told['rain_hours']} hours"
    )
    return TableEngine(
        engine,
        "swim3",
        "theta",
        engine.settings.salb,
        needs_temperature=True,
        needs_radiation=True,
        notes=(note,),
    )
