"""Boxes of places by name: countries, their first-level units, states and counties of the US."""

from __future__ import annotations

import csv
import gzip
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.resources import resource_path
from rootzone.covariates.grid import Bounds

PLACES = "data/regions/places.csv"
UNITS = "data/regions/units.csv.gz"
_SHOWN = 6


@dataclass(frozen=True)
class Place:
    """One place of the packed tables.

    Parameters
    ----------
    name : str
        What it is called.
    kind : str
        ``state`` or ``county`` (of the US), ``country``, or ``unit`` (of another country).
    inside : str
        The state or country it is a part of; empty where it is none.
    bounds : tuple of float
        West, south, east, north [degree]; west is larger than east across the 180th meridian.
    """

    name: str
    kind: str
    inside: str
    bounds: Bounds

    @property
    def title(self) -> str:
        """Its name as it can be asked for without doubt."""
        return f"{self.name}, {self.inside}" if self.inside else self.name


@lru_cache(maxsize=1)
def all_places() -> tuple[Place, ...]:
    """Every place of the packed tables."""
    with resource_path(PLACES).open(encoding="utf-8", newline="") as handle:
        found = [Place(r["name"], r["kind"], r["state"], _box(r)) for r in csv.DictReader(handle)]
    text = gzip.decompress(resource_path(UNITS).read_bytes()).decode("utf-8")
    units = csv.DictReader(io.StringIO(text))
    found.extend(Place(row["name"], "unit", row["country"], _box(row)) for row in units)
    return tuple(found)


def find_place(name: str) -> Place:
    """A place by its name, with or without the state or country it lies in.

    Accents and capitals do not count. A name of several places is the country or the state of the
    US where one of them is, and has to be said with its country otherwise.

    Raises
    ------
    RequestError
        There is none, there are several, or it lies across the 180th meridian.

    Examples
    --------
    >>> find_place("Loiret, France").bounds
    (1.5, 47.45, 3.15, 48.35)
    """
    found = list(_called(name))
    weighty = [place for place in found if place.kind != "unit"]
    found = weighty or found
    if not found:
        titles = [p.name for p in all_places()] + [p.title for p in all_places()]
        raise RequestError(
            f"region.place {name!r} is not in the packed table of {len(all_places())} countries, "
            f"their first-level units, and counties{did_you_mean(name, titles)}. Give "
            "bounds_lonlat_deg or polygon_file instead."
        )
    if len(found) > 1:
        titles = [place.title for place in found]
        listed = "; ".join(titles[:_SHOWN]) + ("; ..." if len(titles) > _SHOWN else "")
        raise RequestError(
            f"region.place {name!r} is {len(titles)} places: {listed}. Write the name with its "
            "country."
        )
    return _one_side(found[0])


def _called(name: str) -> Iterator[Place]:
    """Places that a name can mean."""
    whole = _plain(name)
    wanted, _, inside = (part.strip() for part in whole.rpartition(","))
    for place in all_places():
        short = _plain(place.name)
        names = {short, short.removesuffix(" county")}
        asked = {whole, wanted} if wanted and inside == _plain(place.inside) else {whole}
        if names & {one.removesuffix(" county") for one in asked}:
            yield place


def _one_side(place: Place) -> Place:
    west, south, east, north = place.bounds
    if west <= east:
        return place
    raise RequestError(
        f"{place.title} lies across the 180th meridian, from {west:g} E to {-east:g} W; a grid is "
        "on one side of it. Make two campaigns of it, bounds_lonlat_deg: "
        f"[{west:g}, {south:g}, 180, {north:g}] and [-180, {south:g}, {east:g}, {north:g}], or "
        "take a part of it."
    )


def _plain(name: str) -> str:
    """Without capitals and accents."""
    apart = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(letter for letter in apart if not unicodedata.combining(letter))


def _box(row: dict[str, str]) -> Bounds:
    west, south, east, north = (float(row[key]) for key in ("west", "south", "east", "north"))
    return west, south, east, north
