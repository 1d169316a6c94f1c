"""The layers of the design, read from the catalog of a campaign."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone._shared.digests import digest_json
from rootzone.covariates.fetch.checksums import identity
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.stack import CovariateStack
from rootzone.covariates.readers.registry import raster_reader
from rootzone.covariates.region import Region
from rootzone.design.box_mask import BoxMask
from rootzone.design.candidates import INSIDE

_CACHE_MB = 256


@dataclass(frozen=True)
class CatalogLand:
    """Aligned layers of a campaign, and which pixels lie in its region.

    Parameters
    ----------
    stack : CovariateStack
        Layers on the master grid.
    addresses : mapping of str to str
        Catalog address of each layer of the design.
    region : Region
        Its outline decides which pixels are inside.
    """

    stack: CovariateStack
    addresses: Mapping[str, str]
    region: Region = field(repr=False)

    @property
    def grid(self) -> MasterGrid:
        """The master grid."""
        return self.stack.grid

    def read_window(self, names: Sequence[str], window: Window) -> Mapping[str, AnyArray]:
        """The layers of those names in a window, and ``inside``."""
        import rasterio

        # GDAL would take 5 % of the machine's memory in every worker.
        with rasterio.Env(GDAL_CACHEMAX=_CACHE_MB):
            layers = {name: self.stack.read(self.addresses[name], window) for name in names}
        layers[INSIDE] = self._inside(window)
        return layers

    def _inside(self, window: Window) -> BoolArray:
        if self.region.outline is None:
            return BoxMask(self.region.bounds).window(self.grid, window)
        return np.asarray(self.region.mask(self.grid, window))

    def legend_of(self, name: str) -> str:
        """Name of the class table of a class layer."""
        return str(self.stack.layer(self.addresses[name]).source.legend)

    def input_digests(self) -> dict[str, str]:
        """Digest of each layer: its catalog entry, and the names and sizes of its files."""
        return {name: digest_json(self._facts(name, which=False)) for name in self.addresses}

    def digest(self) -> str:
        """Digest of everything that decides what is read, which files they are included.

        It names unfinished work, so that a file that was put in place of another is seen.
        """
        outline = None if self.region.outline is None else self.region.outline.wkt
        facts = [self._facts(name, which=True) for name in sorted(self.addresses)]
        return digest_json([facts, self.region.bounds, outline])

    def _facts(self, name: str, *, which: bool) -> list[Any]:
        layer = self.stack.layer(self.addresses[name])
        bounds = self.stack.bounds or self.region.bounds
        data = self.stack.catalog.data_folder
        files = [
            identity(path, data) if which else [path.name, path.stat().st_size, None]
            for path in raster_reader(layer).files(layer, data, bounds)
            if path.is_file()
        ]
        return [name, layer.source.model_dump(mode="json"), layer.values, files]


def land_addresses(
    land_cover: str, climate: str, texture: str, elevation: str, depth: str
) -> dict[str, str]:
    """Catalog addresses of the design's layers.

    Parameters
    ----------
    land_cover, climate, texture, elevation : str
        Catalog entries.
    depth : str
        Depth part of the texture's addresses, such as ``15_30``; empty where it has no depths.
    """
    tail = f"/{depth}" if depth else ""
    return {
        "land_cover": land_cover,
        "climate_class": climate,
        **{f"{name}_pct": f"{texture}/{name}{tail}" for name in ("sand", "silt", "clay")},
        "elevation_m": elevation,
    }
