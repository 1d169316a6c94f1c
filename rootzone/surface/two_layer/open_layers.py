"""What the system of two layers reads: fields of every day on 1 km, and the product's cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np

from rootzone._shared.arrays import Float32Array, FloatArray, IntArray
from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.days import calendar_day, day_number, day_of_year
from rootzone._shared.digests import digest_file, digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.fetch.checksums import check_beside
from rootzone.covariates.grid import MasterGrid
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.fusion.daily import Series
from rootzone.surface.samples.scene import ease_piece, physical_band
from rootzone.surface.two_layer.product_cells import ProductCells, read_product

LAYERS_MM: Final = {"surface": (0.0, 100.0), "root_zone": (0.0, 1000.0)}
NOT_READ: Final = ("igbp", "ndvi_max", "ndvi_min")  # bands of a land map that the radiometer needs
RAIN_DAYS: Final = 30
_NDVI_REACH_DAYS, _LST_REACH_DAYS = 17, 1


@dataclass(frozen=True)
class OpenLayers:
    """A campaign of the system ``two_layer``, its files found.

    Parameters
    ----------
    opened : OpenSurface
        The campaign.
    """

    opened: OpenSurface

    @cached_property
    def grid(self) -> MasterGrid:
        """Pixels of 1 km, those of the land map."""
        with open_raster(self._land) as file:
            return ease_piece(self._land, file)

    @cached_property
    def land(self) -> dict[str, FloatArray]:
        """Fields that no day changes: every band of the land map but classes and NDVI's range.

        Raises
        ------
        RequestError
            There is none.
        """
        with open_raster(self._land) as file:
            bands = {name: number for number, name in enumerate(file.descriptions, 1) if name}
            names = [name for name in bands if name not in NOT_READ]
            if not names:
                raise RequestError(f"{self._land}: no band has a name, such as sand_pct.")
            fields = {name: physical_band(file, bands[name]) for name in names}
        # A field that is the same everywhere tells nothing, and trees refuse it.
        return {n: v for n, v in fields.items() if np.nanmin(v) < np.nanmax(v)}

    @property
    def _land(self) -> Path:
        path = self.opened.campaign_file.parent / self.opened.section.land
        if not path.is_file():
            raise RequestError(f"{path} does not exist; surface.land names the map of soils.")
        return path

    @cached_property
    def _series(self) -> dict[str, Series]:
        section = self.opened.section
        two = section.two_layer
        patterns = {"ndvi": section.ndvi, "lst": two.lst, "rain": two.rain, "pet": two.pet}
        if two.air is not None:
            patterns["air"] = two.air
        return {name: self._rasters(name, pattern) for name, pattern in patterns.items()}

    def _rasters(self, name: str, pattern: str) -> Series:
        paths = [p for p in self.opened.found(pattern) if not p.name.endswith(".origin.tif")]
        if not paths:
            raise RequestError(f"There are no files of {name}: nothing is called {pattern}.")
        check_beside(paths)
        by_day = {day_in_name(path.name): path for path in paths}
        if len(by_day) < len(paths):
            raise RequestError(f"{pattern}: two files of {name} are of one day.")
        return Series(list(by_day), lambda day: read_on(by_day[day], self.grid))

    @cached_property
    def days(self) -> IntArray:
        """Days since 1970-01-01 that have every field, rain of 30 days before, and the product."""
        series = self._series
        there = {
            name: {day_number(d) for d in one.days}
            for name, one in series.items()
            if name != "ndvi"
        }
        product = set.intersection(*(set(p.by_day) for p in self.product.values()))
        found = []
        for day in sorted(product):
            past = range(day - RAIN_DAYS + 1, day + 1)
            week = range(day - 6, day + 1)
            whole = all(d in there["rain"] for d in past) and all(d in there["pet"] for d in week)
            if whole and day in there["lst"] and ("air" not in there or day in there["air"]):
                found.append(day)
        if not found:
            spans = [f"{name} {min(one.days)} to {max(one.days)}" for name, one in series.items()]
            raise RequestError(
                f"No day has all fields, rain of the {RAIN_DAYS} days before, and the product: "
                f"{'; '.join(spans)}; product {calendar_day(min(product))} to "
                f"{calendar_day(max(product))}."
            )
        return np.array(found, dtype=np.int64)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the fields in order."""
        return (
            "ndvi", "lst_k", *self.land, "rain_1d_mm", "rain_7d_mm", "rain_30d_mm", "pet_7d_mm",
            "sin_day", "cos_day",
        )  # fmt: skip

    def fields(self, number: int) -> Float32Array:
        """All fields of the day with a number in `days`, shape (field, row, col)."""
        kept = self._kept
        if number not in kept:
            if len(kept) > 40:
                kept.clear()
            kept[number] = self._fields(int(self.days[number]))
        return kept[number]

    @cached_property
    def _kept(self) -> dict[int, Float32Array]:
        return {}

    def _fields(self, day: int) -> Float32Array:
        date, series = calendar_day(day), self._series
        ndvi = series["ndvi"].on(date, _NDVI_REACH_DAYS)
        lst = series["lst"].read(date)
        if "air" in series:
            lst = lst - series["air"].read(date)
        if ndvi is None:
            ndvi = np.full(self.grid.shape, np.nan)
        rain = [self._day("rain", day - k) for k in range(RAIN_DAYS)]
        pet = [self._day("pet", day - k) for k in range(7)]
        angle = 2.0 * np.pi * float(day_of_year(np.array([day]))[0]) / 365.25
        flat = np.ones(self.grid.shape)
        return np.stack(
            [
                ndvi, lst, *self.land.values(), rain[0], np.sum(rain[:7], axis=0),
                np.sum(rain, axis=0), np.sum(pet, axis=0), np.sin(angle) * flat,
                np.cos(angle) * flat,
            ]
        ).astype(np.float32)  # fmt: skip

    def _day(self, name: str, day: int) -> FloatArray:
        """One day of rain or demand; the last ones are kept, as sums of days ask again."""
        kept = self._kept_days
        if (name, day) not in kept:
            if len(kept) > 4 * RAIN_DAYS:
                kept.clear()
            kept[name, day] = self._series[name].read(calendar_day(day))
        return kept[name, day]

    @cached_property
    def _kept_days(self) -> dict[tuple[str, int], FloatArray]:
        return {}

    @cached_property
    def product(self) -> Mapping[str, ProductCells]:
        """The product's cells by layer."""
        two = self.opened.section.two_layer
        wanted = {"surface": two.surface, "root_zone": two.root_zone}
        return self._cells(two.product, two.product_as, wanted)

    @cached_property
    def model(self) -> Mapping[str, ProductCells]:
        """The other model's cells by layer; empty where the campaign names none."""
        two = self.opened.section.two_layer
        if two.model is None:
            return {}
        wanted = {"surface": two.model_surface, "root_zone": two.model_root_zone}
        return self._cells(two.model, two.model_as, wanted)

    def _cells(
        self, pattern: str, source: str | None, wanted: Mapping[str, tuple[str, ...]]
    ) -> dict[str, ProductCells]:
        from rootzone.covariates.layers.catalog import load_catalog

        paths = self.opened.found(pattern)
        if not paths:
            raise RequestError(f"There are no files of the product: nothing is called {pattern}.")
        check_beside(paths)
        catalog = load_catalog([], Path())
        grid = self.grid
        edge_row = np.r_[np.zeros(50), np.full(50, grid.height - 1)]
        lon, lat = grid.lon_lat(edge_row, np.r_[[np.linspace(0, grid.width - 1, 50)] * 2].ravel())
        margin = 0.3  # degree: the cells at the rim stick out
        box = (lon.min() - margin, lat.min() - margin, lon.max() + margin, lat.max() + margin)
        told = tuple(float(v) for v in box)
        return {
            name: read_product(paths, catalog, source, quantities, told)  # type: ignore[arg-type]
            for name, quantities in wanted.items()
        }

    @cached_property
    def digest(self) -> str:
        """Digest of every file that is read."""
        section = self.opened.section
        two = section.two_layer
        patterns = [
            section.land, section.ndvi, two.lst, two.rain, two.pet, two.product, two.air, two.model
        ]  # fmt: skip
        paths = [path for pattern in patterns if pattern for path in self.opened.found(pattern)]
        return digest_json([digest_file(path) for path in paths])


def read_on(path: Path, grid: MasterGrid) -> FloatArray:
    """Band 1 of a file on a grid: as it is where it lies on it, else interpolated.

    Parameters
    ----------
    path : Path
        GeoTIFF with a coordinate system.
    grid : MasterGrid
        The grid.

    Returns
    -------
    array, shape (row, col)
        In the file's unit; NaN where unknown.
    """
    from rasterio.enums import Resampling
    from rasterio.transform import from_origin
    from rasterio.vrt import WarpedVRT

    with open_raster(path) as file:
        size = grid.resolution_m
        transform = from_origin(grid.left, grid.top, size, size)
        same = file.shape == grid.shape and file.transform.almost_equals(transform, 0.01 * size)
        if same and file.crs == grid.crs:
            return physical_band(file, 1)
        if file.crs is None:
            raise RequestError(f"{path} has no coordinate system, so it cannot be put on a grid.")
        with WarpedVRT(
            file, crs=grid.crs, transform=transform, width=grid.width, height=grid.height,
            resampling=Resampling.bilinear,
        ) as moved:  # fmt: skip
            values: FloatArray = np.ma.filled(moved.read(1, masked=True).astype(np.float64), np.nan)
            return np.asarray(values * file.scales[0] + file.offsets[0])
