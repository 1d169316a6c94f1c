"""Where the stations of the NRCS are: its list of all stations, in feet and degrees."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone.stations.series import Place, rounding_m

M_PER_FOOT = 0.3048
NETWORKS = {"SNTL": "SNOTEL", "SCAN": "SCAN", "SNTLT": "SNOLITE"}


@dataclass(frozen=True)
class StationList:
    """Positions of NRCS stations by their number."""

    places: Mapping[str, Place]

    def of(self, number: str, network: str) -> Place:
        """Place of a station; without a position where the list does not hold it."""
        return self.places.get(number, Place(network, number))


def read_station_list(path: Path) -> StationList:
    """NRCS's list of all stations (columns Name, Site or ID, Network, Elevation_ft, ...).

    Raises
    ------
    RequestError
        The file lacks one of the columns.
    """
    with path.open(encoding="utf-8", errors="replace", newline=None) as handle:
        rows = list(csv.DictReader(handle))
    number_name = "Site" if rows and "Site" in rows[0] else "ID"
    needed = {number_name, "Network", "Elevation_ft", "Latitude", "Longitude"}
    if not rows or not needed <= set(rows[0]):
        raise RequestError(f"{path} is no station list: it needs columns {sorted(needed)}.")
    places = {}
    for row in rows:
        number, lat, lon = (row[key].strip() for key in (number_name, "Latitude", "Longitude"))
        feet = parsed_number(row["Elevation_ft"])
        places[number] = Place(
            NETWORKS.get(row["Network"], row["Network"]),
            number,
            parsed_number(lat),
            parsed_number(lon),
            feet * M_PER_FOOT,
            rounding_m(lat, lon),
        )
    return StationList(places)


def parsed_number(text: str) -> float:
    """A number from its text; NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
