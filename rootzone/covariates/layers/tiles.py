"""Names of tiles that are cut by whole degrees, as a catalog entry spells them."""

from __future__ import annotations

import math
import re
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from rootzone.covariates.grid import Bounds

_FIELDS = ("south", "north", "west", "east", "lat", "lon", "ns", "NS", "ew", "EW")


class Tiles(BaseModel):
    """Tiles of a product.

    Examples
    --------
    >>> Tiles(name="{ns}{lat:02}{ew}{lon:03}", corner="nw").names((-105.3, 39.2, -105.1, 39.8))
    ['n40w106']
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: str
    """name of {south} {north} {west} {east}, or {lat} {lon} without sign and {ns} {ew} {NS} {EW}"""
    degrees: Annotated[int, Field(ge=1, le=180)] = 1
    """side of a tile"""
    corner: Literal["sw", "nw"] = "sw"
    """corner that lat and lon are those of"""

    @field_validator("name")
    @classmethod
    def _only_known_fields(cls, name: str) -> str:
        parsed = list(Formatter().parse(name))
        fields = [field for _, field, _, _ in parsed if field is not None]
        strange = [field for field in fields if field not in _FIELDS]
        strange += [spec for _, _, spec, _ in parsed if spec and not re.fullmatch(r"0?\d", spec)]
        if strange or not fields:
            raise ValueError(f"{name!r} must be made of {', '.join(_FIELDS)}")
        return name

    def names(self, bounds: Bounds) -> list[str]:
        """Names of the tiles that a box touches, row by row from the south-west."""
        west, south, east, north = bounds
        side = self.degrees
        lons = range(math.floor(west / side) * side, math.ceil(east / side) * side, side)
        lats = range(math.floor(south / side) * side, math.ceil(north / side) * side, side)
        return [self._name(lon, lat) for lat in lats for lon in lons]

    def shape(self) -> str:
        """Regular expression of every name, and of one that a provider ended with a date.

        Examples
        --------
        >>> tiles = Tiles(name="{ns}{lat:02}{ew}{lon:03}")
        >>> [bool(re.fullmatch(tiles.shape(), n)) for n in ("n40w106", "n40w106_20230602", "mine")]
        [True, True, False]
        """
        letters = {"NS": "[NS]", "EW": "[EW]", "ns": "[ns]", "ew": "[ew]"}
        parts = [
            re.escape(text) + ("" if name is None else letters.get(name, r"-?\d+"))
            for text, name, _, _ in Formatter().parse(self.name)
        ]
        return "".join(parts) + r"(?:[_.-][A-Za-z0-9_.-]+)?"

    def _name(self, west: int, south: int) -> str:
        lat = south + self.degrees if self.corner == "nw" else south
        fields: dict[str, Any] = {
            "south": south, "north": south + self.degrees, "west": west,
            "east": west + self.degrees, "lat": abs(lat), "lon": abs(west),
            "NS": "N" if lat >= 0 else "S", "EW": "E" if west >= 0 else "W",
        }  # fmt: skip
        fields |= {"ns": fields["NS"].lower(), "ew": fields["EW"].lower()}
        return self.name.format(**fields)
