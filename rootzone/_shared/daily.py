"""The daily columns of a profile, declared once: name, unit, meaning, role in the water balance.

The layout of the embedded engine's kernels (``_shared.jit`` keeps the positions), what engines hand
out, the writers, the schema of the profiles table and the verification all read this list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["leaves", "stays", "derived", "check", "count"]


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
        the balance does not close by; ``count``: of the solver's work, a whole number.
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


def required_names() -> tuple[str, ...]:
    """Columns that every profiles table has, in their order."""
    return tuple(column.name for column in DAILY if column.required)


PLANT_COLUMNS = ("transpiration_mm", "interception_mm", "canopy_mm")  # there where something grows


def names_of_role(role: Role) -> tuple[str, ...]:
    """Columns of one role in the balance.

    Examples
    --------
    >>> names_of_role("leaves")
    ('runoff_mm', 'drainage_mm', 'es_mm', 'transpiration_mm', 'interception_mm')
    """
    return tuple(column.name for column in DAILY if column.role == role)
