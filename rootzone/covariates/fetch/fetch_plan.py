"""Which files a campaign needs, where each comes from, and which are there already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from rootzone.covariates.grid import Bounds
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Layer, fill, is_address
from rootzone.covariates.weather.forcing import ForcingRequest

if TYPE_CHECKING:
    from rootzone.campaign.model import Campaign

_TEXTURE = ("sand", "silt", "clay")
_MEASURED = ("bd", "theta_33kpa", "theta_1500kpa")
_BESIDE_TEXTURE = {
    "polaris_van_genuchten": ("theta_r", "theta_s", "alpha", "n", "ksat"),
    "rosetta3_h3": _MEASURED[:1],
    "rosetta3_h4": _MEASURED[:2],
    "rosetta3_h5": _MEASURED,
    "wosten1999": ("bd", "om"),
    "weynants2009": ("bd", "om"),
    "saxton_rawls2006": ("bd", "om"),
    "toth2015": ("bd", "om"),
}


@dataclass(frozen=True)
class WantedFile:
    """One file a campaign needs.

    Parameters
    ----------
    source : str
        Catalog entry.
    path : str
        Where it belongs, relative to the data folder; ``*`` stands for what its maker may write
        there, such as a version.
    url : str or None
        Where it comes from; None where the catalog knows no address.
    member : str or None
        File inside the archive that the address serves.
    may_be_absent : bool
        Whether the server may not have it: a tile without land.
    licence : str
        Terms of use.
    order : str or None
        Where it is had by hand.
    """

    source: str
    path: str
    url: str | None
    member: str | None = None
    may_be_absent: bool = False
    licence: str = ""
    order: str | None = None

    def found(self, data_folder: Path) -> list[str]:
        """Files that lie where it belongs, by their paths in the data folder."""
        if "*" in self.path:
            return sorted(str(p.relative_to(data_folder)) for p in data_folder.glob(self.path))
        return [self.path] if (data_folder / self.path).exists() else []

    def is_there(self, data_folder: Path) -> bool:
        """Whether the file lies where it belongs."""
        return bool(self.found(data_folder))

    def by_hand(self) -> str:
        """Why it is not fetched, and where it is had."""
        where = "" if self.order is None else f"; it is had at {self.order}"
        return f"no address in the catalog{where}"


def wanted_files(
    campaign: Campaign, catalog: Catalog, bounds: Bounds, request: ForcingRequest
) -> list[WantedFile]:
    """Every file the campaign reads, each once, in the order of the pipeline.

    Weather is wanted for the years that spin-up and antecedent sums reach back into, too.

    Parameters
    ----------
    campaign : Campaign
        What is asked for.
    catalog : Catalog
        Where things are.
    bounds : tuple of float
        West, south, east, north [degree] of the region.
    request : ForcingRequest
        Which weather is prepared.

    Raises
    ------
    RequestError
        The campaign names a source that the catalog does not have.
    """
    found: dict[str, WantedFile] = {}
    for layer in _layers(campaign, catalog, request):
        for wanted in _files_of(layer, bounds):
            found.setdefault(wanted.path, wanted)
    return list(found.values())


def _layers(campaign: Campaign, catalog: Catalog, request: ForcingRequest) -> Iterator[Layer]:
    names, years = campaign.catalog, sorted(campaign.years)
    for name in (names.land_cover, names.climate_class, names.elevation):
        yield from _by_year(catalog, name, years)
    yield from _soil_layers(campaign, catalog)
    weather = catalog.source(names.forcing)
    before = {year - 1 for year in years}  # the first 29 days' sums reach into it
    for year in sorted(before | set(campaign.weather_years)):
        for short in request.variables(catalog):
            values = {"variable": short, "year": str(year)}
            yield catalog.layer("/".join([names.forcing, *(values[key] for key in weather.keys)]))


def _by_year(catalog: Catalog, name: str, years: Sequence[int]) -> Iterator[Layer]:
    if "year" not in catalog.source(name).keys:
        yield catalog.layer(name)
        return
    for year in years:
        yield catalog.layer(name, year)


def _soil_layers(campaign: Campaign, catalog: Catalog) -> Iterator[Layer]:
    name = campaign.catalog.texture
    source = catalog.source(name)
    if "variable" not in source.keys:
        yield catalog.layer(name)
        return
    functions = (campaign.soil.ptf, *campaign.soil.members)
    extra = [variable for name in functions for variable in _BESIDE_TEXTURE.get(name, ())]
    if campaign.soil.texture_spread:
        extra += [f"{one}_{end}" for one in ("sand", "clay") for end in ("q05", "q95")]
    for variable in dict.fromkeys((*_TEXTURE, *extra)):
        for depth in _depths(campaign, catalog):
            values = {"variable": variable, "depth": depth}
            yield catalog.layer("/".join([name, *(values[key] for key in source.keys)]))


def _depths(campaign: Campaign, catalog: Catalog) -> list[str]:
    """Layers of the soil source that the profile reaches into."""
    source = catalog.source(campaign.catalog.texture)
    bottom_cm = sum(campaign.profile.thickness_mm) / 10.0
    pairs = zip(source.depth_names(), source.depths_cm, strict=True)
    return [name for name, (top, _) in pairs if top < bottom_cm] or [""]


def _files_of(layer: Layer, bounds: Bounds) -> Iterator[WantedFile]:
    source = layer.source
    pattern = layer.path_pattern()
    if layer.part is not None and layer.part.remainder_of:
        return
    if is_address(pattern):  # read where it lies, by OPeNDAP
        return
    url = None if source.url is None else layer.filled(source.url)
    tiles = source.tile_names(bounds) if "{tile}" in pattern else [""]
    for tile, (month, day) in product(tiles, _days(pattern, layer.values.get("year", ""))):
        values = {"tile": tile, "month": month, "day": day}
        yield WantedFile(
            source=layer.source_name,
            path=fill(pattern, values).replace("{any}", "*"),
            url=None if url is None else fill(url, values),
            member=None
            if source.archive_member is None
            else fill(layer.filled(source.archive_member), values),
            may_be_absent=bool(tile) and source.on_missing_tile == "nodata",
            licence=source.licence,
            order=source.order,
        )


def _days(pattern: str, year: str) -> list[tuple[str, str]]:
    """Months and days that a path is filled with; empty texts where it has no such part."""
    if "{day}" in pattern:
        days = (date(int(year), 1, 1) + timedelta(n) for n in range(366))
        return [(f"{d:%m}", f"{d:%d}") for d in days if d.year == int(year)]
    if "{month}" in pattern:
        return [(f"{month:02d}", "") for month in range(1, 13)]
    return [("", "")]
