"""One product of a catalog: where it lies, how it is read, what its numbers mean.

A layer is one addressed part of a source: its placeholders are filled by the parts of the address.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from rootzone._shared.errors import RequestError
from rootzone._shared.inside import leaves_its_folder
from rootzone.covariates.grid import Bounds
from rootzone.covariates.layers.legends import Legend
from rootzone.covariates.layers.tiles import Tiles
from rootzone.covariates.readers.registry import known_reader
from rootzone.covariates.weather.cells import WeatherGrid

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
# Placeholders that readers fill by themselves: tiles, whatever a glob may match, months and days.
_FILLED_BY_READER = frozenset({"tile", "any"})
_FILLED_BY_DAY = frozenset({"month", "day"})
ByDay = Literal["as it is", "mean", "sum", "max", "min", "running total", "total at 0 h"]


class Strict(BaseModel):
    """A mapping of a catalog file: unknown keys are refused, and so are numbers that are none."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True
    )


class Part(Strict):
    """One variable of a source that holds several."""

    unit: str
    """unit of the values once scale and offset are applied"""
    range: tuple[float, float]
    """smallest and largest value that can be true, in that unit"""
    stored_unit: str = ""
    """unit inside files that do not say it, such as K or hPa; converted to unit"""
    log10: bool = False
    """whether the file stores base-10 logarithms; they are resampled and returned as such"""
    names: tuple[str, ...] = ()
    """names the variable goes by inside the files"""
    meaning: str = ""
    """one line for a reader"""
    fills: dict[str, str] = {}
    """placeholders of the path that this variable fills, such as {property: sand}"""
    scale: float | None = None
    """factor from stored to physical values, where it is not that of the source"""
    remainder_of: tuple[str, ...] = ()
    """variables that this one adds up to 100 % with, for a fraction the product leaves out"""
    column: str = ""
    """what it gives the weather table, such as rain_mm, tmax_degc, dewpoint_degc, wind_u_m_s"""
    by_day: ByDay = "as it is"
    """how values of parts of a day become one; a running total starts at 0 h UTC, and its value at
    0 h is the whole day before"""
    height_m: float = 10.0
    """height that wind is measured at"""
    layer_mm: tuple[float, float] | None = None
    """top and bottom of the soil it stands for, for what satellites and models saw"""
    flags: dict[int, str] = {}
    """numbers among the stored values that are no value, and why, such as {251: water}"""
    flag_name: str = ""
    """name of its own raster of flags, where that is not the one of flag_file"""
    good_where: dict[str, tuple[int, ...]] = {}
    """variables of the file beside it, and the values of each that let a value count"""


class FlagRule(Strict):
    """One thing that a flag says against a value."""

    why: str
    """what it is, such as cloud"""
    drop: tuple[int, ...]
    """values of the bits that say so"""
    shift: Annotated[int, Field(ge=0, le=31)] = 0
    """first bit, counted from 0"""
    bits: Annotated[int, Field(ge=1, le=32)] = 32
    """how many bits"""


class FlagFile(Strict):
    """A raster of flags beside that of the values, on its pixels or a whole number of them."""

    name: str
    """what stands in its name where the other has its variable, such as QA_PIXEL"""
    rules: tuple[FlagRule, ...]
    """what speaks against a value, in the order of weight"""
    ending: tuple[str, str] = ("", "")
    """end of the values' name and of its own where they differ, such as [_10m.tif, _20m.tif]"""
    on_missing: Literal["refuse", "accept"] = "refuse"
    """whether values without flags stop the work, or count as they are"""


class Ground(Strict):
    """Heights of the ground that the temperatures of daily weather are of, on the same cells."""

    path: str
    """NetCDF under the data folder"""
    names: tuple[str, ...]
    """names the variable goes by"""
    scale: float = 1.0
    """factor to metres, such as 0.1019716 for a geopotential in m2 s-2"""


class Source(Strict):
    """One product: where it lies, how it is read, what it means."""

    title: str
    """what it is"""
    reader: str
    """reader that knows its layout, a module of rootzone.covariates.readers or an entry point"""
    kind: Literal["class", "continuous", "daily", "table", "observations"]
    """class codes, numbers, daily weather by cell, a table, or what satellites and models saw"""
    path: str
    """path under the data folder, with placeholders such as {year}, {variable}, {depth}, {tile}"""
    url: str | None = None
    """where rootzone fetch gets it, with the same placeholders"""
    order: str | None = None
    """web page, bucket or form where it is had by hand, for what fetch does not bring"""
    keep: bool = False
    """whether what is read of an address stays in .kept of the data folder for the next time"""
    archive_member: str | None = None
    """file inside the archive that the url serves, where it serves one"""
    unit: str = "-"
    """unit once scale and offset are applied"""
    crs: str | None = None
    """coordinate system the files should have, or that files without one are given"""
    pixel: float | None = None
    """pixel size in the unit of the coordinate system"""
    edges_mod_30_m: float | None = None
    """remainder of the pixel edges by 30 m, where the product has such a lattice"""
    tiles: Tiles | None = None
    """names of its tiles, where the path holds {tile}"""
    weather_grid: WeatherGrid | None = None
    """where its cells lie, for daily weather"""
    flag_file: FlagFile | None = None
    """raster of flags beside each file"""
    ground: Ground | None = None
    """heights of its own ground, for weather.lapse_degc_per_km"""
    stamps: Literal["start", "end"] = "start"
    """whether the time of a value that covers an interval is its start or its end"""
    absent_days: Literal["none", "31 December of leap years", "29 February"] = "none"
    """days the product does not have; with weather.gaps: fill they repeat the day before, dry"""
    nodata: tuple[float, ...] = ()
    """stored values that mean nothing is known, declared by the file or not"""
    scale: float = 1.0
    """factor from stored to physical values"""
    offset: float = 0.0
    """term added after the factor"""
    range: tuple[float, float] | None = None
    """smallest and largest value that can be true"""
    legend: str | None = None
    """legend of its class codes"""
    pixel_of_other_legend: dict[str, float] = {}
    """pixel sizes by which a file of another numbering is told, such as {koppen_kottek: 0.02778}"""
    variables: dict[str, Part] = {}
    """variables, for a source that holds several"""
    depths_cm: tuple[tuple[float, float], ...] = ()
    """top and bottom of its layers, for a source by depth"""
    depth_in_path: str = "{top}_{bottom}"
    """how the path spells a layer, such as {top}-{bottom}cm or {top:03}_{bottom:03}"""
    resampling: Literal["nearest", "bilinear", "average"] | None = None
    """how it reaches the master grid; nearest for classes, bilinear otherwise"""
    on_missing_tile: Literal["refuse", "nodata"] = "refuse"
    """whether a tile that is not there stops the work, or becomes counted nodata"""
    on_misaligned: Literal["refuse", "snap"] = "refuse"
    """whether class pixels that are off the lattice stop the work, or are snapped to the nearest"""
    band: Annotated[int, Field(ge=1)] = 1
    """band of the file"""
    variable: str | None = None
    """variable or dataset inside the file, for NetCDF, HDF5 and Zarr"""
    years: tuple[int, ...] = ()
    """years the product exists for; empty for any"""
    licence: str = "unknown"
    """terms of use"""
    doi: str = ""
    """identifier to cite"""
    version: str = ""
    """version of the product"""
    note: str = ""
    """a trap to know"""

    @field_validator("reader")
    @classmethod
    def _known_reader(cls, name: str) -> str:
        return known_reader(name)

    @model_validator(mode="after")
    def _consistent(self) -> Source:
        if "{tile}" in self.path and self.tiles is None:
            raise ValueError("the path holds {tile}, but tiles does not say how they are named")
        if self.kind == "daily" and self.weather_grid is None:
            raise ValueError(
                "daily weather needs a weather_grid: origin, step and size of its cells"
            )
        if self.kind == "class" and self.legend is None:
            raise ValueError("a class layer needs a legend")
        if self.order is not None and not self.order.startswith("https://"):
            raise ValueError(f"order {self.order[:120]!r} is no address that begins with https://")
        if self.range is not None and self.range[0] > self.range[1]:
            raise ValueError(f"range {self.range} has its larger end first")
        if self.kind == "class" and self.resampling in ("bilinear", "average"):
            raise ValueError(f"class codes cannot be resampled by {self.resampling}; use nearest")
        for key, problem in self._strayed():
            raise ValueError(f"{key} {problem}")
        return self

    def _strayed(self) -> Iterator[tuple[str, str]]:
        """Paths that leave their folder; a path may be an address, which others judge."""
        if not is_address(self.path):
            problem = leaves_its_folder(self.path)
            if problem is not None:
                yield "path", f"{self.path[:120]!r} cannot be used: {problem}"
            elif set('"*?[]') & set(self.path):
                yield "path", f'{self.path[:120]!r} holds one of " * ? [ ], which no path may'
        if self.ground is not None and leaves_its_folder(self.ground.path) is not None:
            yield "ground.path", f"{self.ground.path[:120]!r} leaves the data folder"
        if self.archive_member is not None and (
            leaves_its_folder(self.archive_member) is not None or "/" in self.archive_member
        ):
            yield "archive_member", f"{self.archive_member[:120]!r} is no plain file name"
        names = [self.variable or "", *(n for p in self.variables.values() for n in p.names)]
        for name in names:
            if set('":/\\') & set(name.lstrip("/")) - {"/"} or ".." in name:
                yield "variable", f'{name[:120]!r} holds one of : " \\ or .., which no variable may'

    def addresses(self) -> Iterator[tuple[str, str]]:
        """Key and value of what it says about where data are asked for."""
        if self.url is not None:
            yield "url", self.url
        if is_address(self.path):
            yield "path", self.path

    @property
    def keys(self) -> tuple[str, ...]:
        """What an address names after the source: the placeholders in the order of the path.

        A source with several variables in one file has the variable last.
        """
        by_variable = {key for part in self.variables.values() for key in part.fills}
        by_reader = _FILLED_BY_READER
        if self.kind in ("daily", "observations"):
            by_reader |= _FILLED_BY_DAY
        if self.kind == "observations":
            by_reader |= {"year"}
        found: dict[str, None] = {}
        for key in _PLACEHOLDER.findall(self.path):
            if key not in by_reader:
                found["variable" if key in by_variable else key] = None
        if self.variables:
            found["variable"] = None
        if self.depths_cm:
            found["depth"] = None
        return tuple(found)

    @property
    def how(self) -> str:
        """Resampling that is used."""
        return self.resampling or ("nearest" if self.kind == "class" else "bilinear")

    def depth_names(self) -> list[str]:
        """Depth parts of an address, such as ``15_30``."""
        return [f"{top:g}_{bottom:g}" for top, bottom in self.depths_cm]

    def depths_in_path(self) -> list[str]:
        """The same depths as the path spells them."""
        whole = [[int(v) if v == int(v) else v for v in pair] for pair in self.depths_cm]
        return [self.depth_in_path.format(top=top, bottom=bottom) for top, bottom in whole]

    def tile_names(self, bounds: Bounds) -> list[str]:
        """Names of the tiles that a box of degrees touches."""
        return [] if self.tiles is None else self.tiles.names(bounds)

    def depth_at(self, depth_mm: float) -> str:
        """The layer that holds a depth below the surface; a border belongs to the layer above.

        Raises
        ------
        RequestError
            The source has no layer there.
        """
        for name, (top, bottom) in zip(self.depth_names(), self.depths_cm, strict=True):
            if top * 10 < depth_mm <= bottom * 10 or depth_mm == top == 0:
                return name
        raise RequestError(
            f"{self.title} has no layer at {depth_mm:g} mm; its layers are "
            f"{', '.join(self.depth_names()) or 'none'} cm."
        )


@dataclass(frozen=True)
class Layer:
    """One addressed layer: the source, the values of its placeholders, and what its codes mean."""

    address: str
    source_name: str
    source: Source
    values: dict[str, str] = field(default_factory=dict)
    legend: Legend | None = None

    @property
    def part(self) -> Part | None:
        """The variable's own description, where the source has several."""
        return self.source.variables.get(self.values.get("variable", ""))

    @property
    def unit(self) -> str:
        """Unit of the values."""
        return self.part.unit if self.part else self.source.unit

    @property
    def range(self) -> tuple[float, float] | None:
        """Smallest and largest value that can be true."""
        return self.part.range if self.part else self.source.range

    def path_pattern(self) -> str:
        """The path with the caller's placeholders filled."""
        return self.filled(self.source.path)

    def beside(self, variable: str) -> str:
        """Address of another variable of the same source at the same place."""
        values = self.values | {"variable": variable}
        return "/".join([self.source_name, *(values[key] for key in self.source.keys)])

    def filled(self, pattern: str) -> str:
        """A path, address or member name with the caller's placeholders filled."""
        values = dict(self.values)
        if "depth" in values and self.source.depths_cm:
            at = self.source.depth_names().index(values["depth"])
            values["depth"] = self.source.depths_in_path()[at]
        return fill(pattern, values | (self.part.fills if self.part else {}))

    @property
    def is_remote(self) -> bool:
        """Whether the path is an address, read where it lies."""
        return is_address(self.source.path)


def is_address(path: str) -> bool:
    """Whether a path is read where it lies, over the network."""
    return path.startswith(("http://", "https://"))


def fill(pattern: str, values: dict[str, str]) -> str:
    """Fill known placeholders; others stay. A value may not leave the folder."""
    for key, value in values.items():
        if "/" in value or "\\" in value or value.startswith("."):
            raise RequestError(f"{value!r} cannot stand for {{{key}}}: it would leave the folder.")
        pattern = pattern.replace(f"{{{key}}}", value)
    return pattern
