"""The daily columns of a profile, declared once: name, unit, meaning, role in the water balance.

The layout of the embedded engine's kernels (``_shared.jit`` keeps the positions), what engines hand
out, the writers, the schema of the profiles table and the verification all read this list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Role = Literal["leaves", "stays", "derived", "check", "count", "state"]


@dataclass(frozen=True)
class DailyColumn:
    """One number a day of a profile.

    Parameters
    ----------
    name, unit, meaning : str
        As in the profiles table.
    role : str
        ``leaves``: water that left the column, subtracted in the balance; ``stays``: water held
        outside the soil at the end of the day; ``derived``: follows from others; ``check``: what
        the balance does not close by; ``count``: of the solver's work, a whole number; ``state``:
        water content at a depth, held in the layers and no part of the balance itself.
    required : bool
        Whether every engine's profiles carry it.
    stored : bool
        Whether it can stand in a profiles table; the others are for whoever calls the kernels.
    """

    name: str
    unit: str
    meaning: str
    role: Role
    required: bool = True
    stored: bool = True


DAILY: tuple[DailyColumn, ...] = (
    DailyColumn("runoff_mm", "mm d-1", "curve-number runoff and saturation excess", "leaves"),
    DailyColumn(
        "drainage_mm", "mm d-1", "flux through the bottom of the profile, down positive", "leaves"
    ),
    DailyColumn("es_mm", "mm d-1", "soil evaporation", "leaves"),
    DailyColumn(
        "infiltration_mm", "mm d-1", "flux through the surface, net of evaporation", "derived"
    ),
    DailyColumn("pond_mm", "mm", "water standing on the surface at the end of the day", "stays"),
    DailyColumn("balance_error_mm", "mm d-1", "water gained by the solver out of nothing", "check"),
    DailyColumn("steps", "-", "time steps taken in the day", "count"),
    DailyColumn(
        "snow_mm", "mm", "water in the snow store at the end of the day", "stays", required=False
    ),
    DailyColumn(
        "transpiration_mm", "mm d-1", "water taken from the soil by roots", "leaves", required=False
    ),
    DailyColumn(
        "interception_mm",
        "mm d-1",
        "rain that evaporated from leaves and litter before it reached the soil",
        "leaves",
        required=False,
    ),
    DailyColumn(
        "canopy_mm",
        "mm",
        "rain on leaves and litter at the end of the day",
        "stays",
        required=False,
    ),
    DailyColumn("evaluations", "-", "evaluations of the fluxes", "count", False, stored=False),
)


_AT_DEPTH = re.compile(r"theta_(\d+(?:\.\d+)?)mm")


def column_at(depth_mm: float) -> DailyColumn:
    """The column of the water content that the solver itself has at a depth.

    It stands beside the layers where the solver has cells finer than them.

    Examples
    --------
    >>> column_at(200.0).name
    'theta_200mm'
    """
    return DailyColumn(
        f"theta_{depth_mm:.12g}mm",
        "m3 m-3",
        f"water content at {depth_mm:.12g} mm at the end of the day, from the solver's cells",
        "state",
        required=False,
    )


def depth_of(name: str) -> float | None:
    """Depth of a column of :func:`column_at` [mm]; None for any other."""
    found = _AT_DEPTH.fullmatch(name)
    return None if found is None else float(found[1])


def required_names() -> tuple[str, ...]:
    """Columns that every profiles table has, in their order."""
    return tuple(column.name for column in DAILY if column.required)


def daily_order(further: Iterable[str]) -> tuple[str, ...]:
    """Daily columns as they stand in a table: at depths beside the layers, required ones, others.

    Examples
    --------
    >>> daily_order(["snow_mm", "theta_200mm"])[:2]
    ('theta_200mm', 'runoff_mm')
    """
    others = [name for name in further if name not in required_names()]
    at_depths = [name for name in others if depth_of(name) is not None]
    return tuple(dict.fromkeys((*at_depths, *required_names(), *others)))


PLANT_COLUMNS = ("transpiration_mm", "interception_mm", "canopy_mm")  # there where something grows


def names_of_role(role: Role) -> tuple[str, ...]:
    """Columns of one role in the balance.

    Examples
    --------
    >>> names_of_role("leaves")
    ('runoff_mm', 'drainage_mm', 'es_mm', 'transpiration_mm', 'interception_mm')
    """
    return tuple(column.name for column in DAILY if column.role == role)
