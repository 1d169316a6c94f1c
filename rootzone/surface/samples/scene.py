"""A region as files show it: SMAP half orbits, land, vegetation, on kilometres of EASE-Grid 2.0.

Land is one GeoTIFF whose bands are named; vegetation is a GeoTIFF a composite. Both lie on the
1 km grid. Brightness comes from SMAP's own cells of 9 or 36 km and is interpolated between their
middles.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.days import calendar_day, day_number
from rootzone._shared.digests import digest_file, digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.covariates.fetch.checksums import check_beside
from rootzone.covariates.grid import MasterGrid
from rootzone.covariates.observe.smap_l2 import SmapL2
from rootzone.covariates.observe.smap_l3 import SmapPass
from rootzone.surface.emission_model.channels import channels_of
from rootzone.surface.grids.aggregate import Weights, spread, weights
from rootzone.surface.grids.cell_grid import ease_grid, piece_of
from rootzone.surface.physics.classes import (
    Prior,
    class_fractions,
    prior_of_fractions,
    stems_kg_m2,
    vegetation_water_kg_m2,
)
from rootzone.surface.samples.footprint import footprint_columns
from rootzone.surface.samples.polarisation import SECOND, miss_of_looks, over_looks
from rootzone.surface.samples.smap_scene import cells_piece, read_look

LAND_BANDS: Final = ("sand_pct", "clay_pct", "bulk_density_g_cm3", "igbp", "ndvi_max", "ndvi_min")
_LOOK = ("tb_v", "tb_h", "teff_k", "incidence_deg")
_GIVEN = ("tb_v_corrected", "tb_h_corrected", "surface_temperature", "boresight_incidence")


@dataclass(frozen=True)
class Scene:
    """What there is to retrieve from.

    Parameters
    ----------
    grid : MasterGrid
        Pixels of 1 km.
    land : dict of arrays, shape (row, col)
        `LAND_BANDS`.
    ndvi_days : array of int, shape (composite,)
        Middle of each composite, days since 1970-01-01, ascending.
    ndvi : array, shape (composite, row, col)
        Vegetation index, NaN where there is none.
    smap_files : tuple of Path
        Half orbits and daily composites in the order of their day.
    smap_overpass : str
        Pass of composites, ``am`` or ``pm``.
    """

    grid: MasterGrid
    land: dict[str, FloatArray]
    ndvi_days: IntArray
    ndvi: FloatArray
    smap_files: tuple[Path, ...]
    smap_overpass: str = "am"

    @cached_property
    def days(self) -> IntArray:
        """Day of each look, since 1970-01-01, by its file name."""
        return np.array([_day(path) for path in self.smap_files], dtype=np.int64)

    @cached_property
    def digest(self) -> str:
        """Digest of everything the scene was read from."""
        rasters = [*self.land.values(), self.ndvi]
        fields = [digest_json([float(np.nansum(v)), list(v.shape)]) for v in rasters]
        looks = [digest_file(path) for path in self.smap_files]
        return digest_json([fields, looks, self.smap_overpass])

    def ndvi_on(self, day: int) -> FloatArray:
        """Vegetation index of a day, linear in time between composites (row, col)."""
        at = float(np.interp(day, self.ndvi_days, np.arange(self.ndvi_days.size)))
        low = min(int(at), self.ndvi_days.size - 1)
        high = min(low + 1, self.ndvi_days.size - 1)
        return np.asarray((1.0 - (at - low)) * self.ndvi[low] + (at - low) * self.ndvi[high])

    def columns(self, number: int) -> dict[str, FloatArray]:
        """Inputs of the retrieval at every pixel under one look; NaN where it saw nothing."""
        half = self._look(number)
        day = int(self.days[number])
        angle = 2.0 * np.pi * (calendar_day(day).timetuple().tm_yday - 1) / 365.25
        return {
            **self._brightness(half),
            **self._land_columns(self._footprint(half.nominal_km), self.ndvi_on(day)),
            "sin_doy": np.array(np.sin(angle)), "cos_doy": np.array(np.cos(angle)),
            **self._second[half.nominal_km],
        }  # fmt: skip

    def _look(self, number: int) -> SmapL2 | SmapPass:
        return read_look(self.smap_files[number], self.smap_overpass, self.grid)

    def _land_columns(
        self, seen: Callable[[FloatArray], FloatArray], ndvi: FloatArray
    ) -> dict[str, FloatArray]:
        names = ("sand_pct", "clay_pct", "bulk_density_g_cm3")
        soil = {name: self.land[name] for name in names}
        return footprint_columns(seen, self._prior, self._vegetation_water(ndvi), ndvi, soil)

    @cached_property
    def _second(self) -> dict[int, dict[str, FloatArray]]:
        """What the second polarisation says of each pixel over all looks, by size of cells."""
        told: dict[int, list[tuple[FloatArray, FloatArray]]] = {}
        for number, day in enumerate(self.days.tolist()):
            half = self._look(number)
            _, fields = cells_over(half, self.grid)
            means = self._weights[half.nominal_km]
            land = self._land_columns(partial(_means, means), self.ndvi_on(day))
            columns = {n: v for n, v in land.items() if not n.startswith("pixel_")}
            columns |= {name: fields[given] for name, given in zip(_LOOK, _GIVEN, strict=True)}
            told.setdefault(half.nominal_km, []).append(miss_of_looks(columns))
        found = {}
        for km, parts in told.items():
            coarse = cells_piece(self.grid, km)[0]
            theta, miss = (np.stack(part) for part in zip(*parts, strict=True))
            found[km] = {
                name: spread(field, coarse, self.grid, "bilinear")
                for name, field in zip(SECOND, over_looks(theta, miss), strict=True)
            }
        return found

    def channels(self, number: int) -> FloatArray:
        """Channels of the network at every pixel, shape (channel, row, col)."""
        return channels_of(self.columns(number))

    @cached_property
    def _prior(self) -> Prior:
        return prior_of_fractions(class_fractions(self.land["igbp"].astype(np.int64)))

    @cached_property
    def _weights(self) -> dict[int, Weights]:
        """Shares of pixels in the cells of SMAP's grids, by their nominal size [km]."""
        return {km: weights(self.grid, cells_piece(self.grid, km)[0]) for km in (9, 36)}

    def _footprint(self, nominal_km: int) -> Callable[[FloatArray], FloatArray]:
        """Means over cells, between whose middles they are interpolated as brightness is."""
        coarse, means = cells_piece(self.grid, nominal_km)[0], self._weights[nominal_km]
        return lambda field: spread(means.mean(field)[0], coarse, self.grid, "bilinear")

    def _vegetation_water(self, ndvi: FloatArray) -> FloatArray:
        vwc = vegetation_water_kg_m2(
            ndvi, stems_kg_m2(self.land["igbp"].astype(np.int64)), self.land["ndvi_max"],
            np.minimum(self.land["ndvi_min"], 0.2),
        )  # fmt: skip
        return np.asarray(np.maximum(vwc, 0.0))

    def _brightness(self, half: SmapL2 | SmapPass) -> dict[str, FloatArray]:
        coarse, fields = cells_over(half, self.grid)
        return {
            name: spread(fields[given], coarse, self.grid, "bilinear")
            for name, given in zip(_LOOK, _GIVEN, strict=True)
        }


def _means(shares: Weights, field: FloatArray) -> FloatArray:
    return shares.mean(field)[0]


def cells_over(
    half: SmapL2 | SmapPass, grid: MasterGrid
) -> tuple[MasterGrid, dict[str, FloatArray]]:
    """The piece of SMAP's grid over a region, and what a look saw there; NaN elsewhere."""
    piece, first_row, first_col = cells_piece(grid, half.nominal_km)
    shape = piece.shape
    row, col = half.row - first_row, half.col - first_col
    inside = (row >= 0) & (row < shape[0]) & (col >= 0) & (col < shape[1])
    fields = {}
    for name in _GIVEN:
        field = np.full(shape, np.nan)
        field[row[inside], col[inside]] = half.values[name][inside]
        fields[name] = field
    return piece, fields


def read_scene(
    land: Path, ndvi: Sequence[Path], smap: Sequence[Path], smap_overpass: str = "am"
) -> Scene:
    """Read a region's files; those of SMAP are read one by one later.

    Parameters
    ----------
    land : Path
        GeoTIFF on EASE-Grid 2.0, 1 km, with bands named as `LAND_BANDS`.
    ndvi : sequence of Path
        GeoTIFFs of vegetation index, each with the middle of its composite in its name.
    smap : sequence of Path
        SMAP L2 half orbits, or L3 composites.
    smap_overpass : str
        Pass of composites, ``am`` or ``pm``.

    Raises
    ------
    RequestError
        A file is missing, lies on another grid, lacks a band, has no date in its name, or is not
        what the ``checksums.json`` of its folder says.
    """
    for name, paths in (("vegetation index", ndvi), ("SMAP", smap)):
        if not paths:
            raise RequestError(f"There are no files of {name}; see surface.ndvi and surface.smap.")
    if not land.is_file():
        raise RequestError(f"{land} does not exist; surface.land names the map of soils and cover.")
    check_beside([land, *ndvi, *smap])
    with open_raster(land) as file:
        grid = ease_piece(land, file)
        bands = {name: number for number, name in enumerate(file.descriptions, 1)}
        lacking = [name for name in LAND_BANDS if name not in bands]
        if lacking:
            raise RequestError(
                f"{land} lacks the bands {', '.join(lacking)}; it has {', '.join(map(str, bands))}."
            )
        fields = {name: physical_band(file, bands[name]) for name in LAND_BANDS}
    order = sorted(ndvi, key=_day)
    return Scene(
        grid, fields, np.array([_day(path) for path in order], dtype=np.int64),
        np.stack([_one_band(path, grid) for path in order]),
        tuple(sorted(smap, key=lambda path: (_day(path), path.name))), smap_overpass,
    )  # fmt: skip


def _day(path: Path) -> int:
    return day_number(day_in_name(path.name))


def ease_piece(path: Path, file: object) -> MasterGrid:
    """The piece of EASE-Grid 2.0, 1 km, that an open raster covers.

    Raises
    ------
    RequestError
        It lies on another grid.
    """
    transform, whole = file.transform, ease_grid(1)  # type: ignore[attr-defined]
    off = whole.lattice_offset_px(transform.c, transform.f)
    same_size = abs(transform.a - whole.resolution_m) < 1e-3
    if not same_size or max(abs(part) for part in off) > 0.01:
        raise RequestError(
            f"{path}: pixels of {transform.a:g} with a corner at {transform.c:.1f}, "
            f"{transform.f:.1f} are not those of EASE-Grid 2.0, 1 km (EPSG:6933, 1000.895 m). "
            "Average the map to that grid first."
        )
    row, col = (int(v) for v in whole.row_col(transform.c + 1.0, transform.f - 1.0))
    return piece_of(whole, row, col, file.height, file.width)  # type: ignore[attr-defined]


def _one_band(path: Path, grid: MasterGrid) -> FloatArray:
    with open_raster(path) as file:
        if ease_piece(path, file) != grid:
            raise RequestError(
                f"{path}: {file.width} x {file.height} pixels do not cover the land map's "
                f"{grid.width} x {grid.height}; it is half a grid or another region."
            )
        return physical_band(file, 1)


def physical_band(file: object, band: int) -> FloatArray:
    """Values with the file's own scale and offset; NaN for nodata."""
    stored = file.read(band, masked=True)  # type: ignore[attr-defined]
    scale, offset = file.scales[band - 1], file.offsets[band - 1]  # type: ignore[attr-defined]
    values: AnyArray = stored.astype(np.float64) * scale + offset
    return np.asarray(np.ma.filled(values, np.nan), dtype=np.float64)
