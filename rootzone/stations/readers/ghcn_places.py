"""Where USCRN's stations are: the GHCN-Daily station list, with four decimals.

The list (``ghcnd-stations.txt``) has fixed columns: id 1-11, latitude 13-20, longitude 22-30,
elevation 32-37 [m], name 42-71 and, for USCRN's stations, ``CRN`` in 77-79. The id of a USCRN
station is ``USW000`` and its WBAN number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone.stations.readers.nrcs_places import parsed_number
from rootzone.stations.series import Place, rounding_m

FILE_NAME = "ghcnd-stations.txt"
_WBAN_IDS = "USW000"
_NO_ELEVATION = -999.0


@dataclass(frozen=True)
class GhcnList:
    """Positions of US stations by their WBAN number."""

    places: Mapping[str, Place]

    def joined(self, other: GhcnList) -> GhcnList:
        """Both lists; where they differ, the other one."""
        return GhcnList({**self.places, **other.places})


def is_ghcn_list(path: Path) -> bool:
    """Whether a file is the list, by its name: ``ghcnd-stations.txt`` or a cut named so."""
    return path.suffix == ".txt" and path.stem.startswith("ghcnd-stations")


def read_ghcn_list(path: Path) -> GhcnList:
    """The WBAN stations of the list; other stations are passed over.

    Raises
    ------
    RequestError
        A line of a WBAN station holds no position, or there is no such station.
    """
    places = {}
    lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    for number, line in enumerate(lines, 1):
        if not line.startswith(_WBAN_IDS):
            continue
        wban, lat, lon = line[6:11], line[12:20].strip(), line[21:30].strip()
        place = Place(
            "USCRN",
            line[41:71].strip(),
            parsed_number(lat),
            parsed_number(lon),
            parsed_number(line[31:37]),
            rounding_m(lat, lon),
        )
        if not (-90 <= place.lat <= 90 and -180 <= place.lon <= 180):
            raise RequestError(
                f"{path} line {number}: {lat!r}, {lon!r} is no position. The list has latitude in "
                "columns 13-20 and longitude in 22-30."
            )
        places[wban] = place
    if not places:
        raise RequestError(f"{path} holds no line that begins with {_WBAN_IDS} and a WBAN number.")
    return GhcnList(places)


def write_ghcn_list(path: Path, stations: Sequence[tuple[str, Place]]) -> None:
    """Write a list in the same columns from pairs of WBAN number and place."""
    lines = [
        f"{_WBAN_IDS}{wban:>5} {place.lat:8.4f} {place.lon:9.4f} "
        f"{place.elevation_m if place.elevation_m > _NO_ELEVATION else _NO_ELEVATION:6.1f} "
        f"   {place.station.replace('_', ' ').upper()[:30]:<30}     CRN      "
        for wban, place in stations
    ]
    write_text(path, "\n".join(lines) + "\n")
