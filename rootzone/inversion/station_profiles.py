"""Measured soils of the stations of a table, made ready for the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from rootzone._shared.errors import RequestError
from rootzone.inversion.soil_layers import SoilLayers, soil_of_station
from rootzone.stations.readers.read_soils import read_soils
from rootzone.stations.station_soils import soils_path, usable_soils
from rootzone.stations.station_table import read_stations

Place = tuple[str, str]


def measured_profiles(
    stations: Path,
    soils: Path | None,
    thickness_mm: Sequence[float],
    ptf: str,
    *,
    with_mapped: bool = False,
    on_problem: Callable[[str], None] | None = None,
) -> dict[Place, SoilLayers]:
    """Soils by network and station; stations whose soil is not measured have none.

    Parameters
    ----------
    stations : Path
        The station table; its own soils lie beside it.
    soils : Path, optional
        Another table of soils: of ``rootzone stations --soils``, or any that it reads.
    thickness_mm : sequence of float
        Layers of the profile [mm].
    ptf : str
        As ``rootzone soils --ptf``.
    with_mapped : bool
        Take classes of a soil map as well.
    on_problem : callable, optional
        Told in words of every station of the table whose soil cannot be used; the rest goes on.

    Returns
    -------
    dict
        Empty where there is no table of soils.

    Raises
    ------
    RequestError
        The table that was named is missing, or none.
    """
    path = soils or soils_path(stations)
    if soils is None and not path.exists():
        return {}
    places = read_stations(stations).select("network", "station").unique()
    own = read_soils(path).join(places, on=["network", "station"], how="semi")
    return profiles_of(own, thickness_mm, ptf, with_mapped=with_mapped, on_problem=on_problem)


def profiles_of(
    soils: pl.DataFrame,
    thickness_mm: Sequence[float],
    ptf: str,
    *,
    with_mapped: bool = False,
    on_problem: Callable[[str], None] | None = None,
) -> dict[Place, SoilLayers]:
    """As `measured_profiles`, from rows in the schema ``STATION_SOILS``."""
    out: dict[Place, SoilLayers] = {}
    usable = usable_soils(soils, with_mapped=with_mapped)
    for (network, station), rows in usable.group_by("network", "station", maintain_order=True):
        try:
            out[str(network), str(station)] = soil_of_station(rows, thickness_mm, ptf)
        except RequestError as error:
            if on_problem is not None:
                on_problem(f"{network} {station}: {error}")
    return out
