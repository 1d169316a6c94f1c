"""Where the stations of the NRCS are: its list of all stations, in feet and degrees."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rootzone._shared.errors import RequestError
from rootzone.stations.readers.texts import text_of
from rootzone.stations.series import Place, rounding_m

M_PER_FOOT = 0.3048
NETWORKS = {"SNTL": "SNOTEL", "SCAN": "SCAN", "SNTLT": "SNOLITE"}


@dataclass(frozen=True)
class StationList:
    """Positions of NRCS stations by their network and number."""

    places: Mapping[tuple[str, str], Place]

    def of(self, number: str, network: str, *, sure: bool = True) -> Place:
        """Place of a station; without a position where the list does not hold it.

        Parameters
        ----------
        number, network : str
            As the file names it.
        sure : bool
            Whether the file says the network. Where it is a guess, the one network that has the
            number is taken.
        """
        exact = self.places.get((network, number))
        if exact is not None or sure:
            return exact or Place(network, number)
        alike = [place for (_, listed), place in self.places.items() if listed == number]
        return alike[0] if len(alike) == 1 else Place(network, number)


def read_station_list(path: Path) -> StationList:
    """NRCS's list of all stations (columns Name, Site or ID, Network, Elevation_ft, ...).

    A row that is cut short gives no station.

    Raises
    ------
    RequestError
        The file lacks one of the columns, or a station's position cannot be.
    """
    rows = list(csv.DictReader(io.StringIO(text_of(path), newline=None)))
    number_name = "Site" if rows and "Site" in rows[0] else "ID"
    needed = {number_name, "Network", "Elevation_ft", "Latitude", "Longitude"}
    if not rows or not needed <= set(rows[0]):
        raise RequestError(f"{path} is no station list: it needs columns {sorted(needed)}.")
    places: dict[tuple[str, str], Place] = {}
    for line, row in enumerate(rows, 2):
        if any(row[key] is None for key in needed):
            continue
        number, lat, lon = (row[key].strip() for key in (number_name, "Latitude", "Longitude"))
        network = row["Network"].strip()
        place = Place(
            NETWORKS.get(network, network),
            number,
            parsed_number(lat),
            parsed_number(lon),
            parsed_number(row["Elevation_ft"]) * M_PER_FOOT,
            rounding_m(lat, lon),
        )
        if abs(place.lat) > 90 or abs(place.lon) > 180:
            raise RequestError(
                f"{path} row {line}: latitude {lat!r}, longitude {lon!r} is no position. Are the "
                "two swapped?"
            )
        places.setdefault((place.network, number), place)
    return StationList(places)


def parsed_number(text: str) -> float:
    """A number from its text; NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
