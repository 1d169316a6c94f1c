"""A cut of a made-up province at 10 m, as files in the layouts that the catalog's readers know.

Sentinel-1 of 10 m, Sentinel-2 of 20 m, Landsat 8 of 30 m, leaves of 500 m, weather of 9 km, SMAP
half orbits of 9 km, heights with the soil's limits, and stations. Every file says that it is made
up.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray
from rootzone._shared.atomic import atomic_path, write_text
from rootzone._shared.provenance import Provenance
from rootzone._shared.seeds import stream
from rootzone.covariates.fetch.checksums import NAME as CHECKSUMS
from rootzone.covariates.fetch.checksums import record_files
from rootzone.covariates.grid import MasterGrid
from rootzone.maps.write_cog import Band, CogSpec, write_cog
from rootzone.surface.grids.cell_grid import ease_grid
from rootzone.surface.physics.classes import class_fractions, prior_of_fractions
from rootzone.surface.physics.dielectric import mironov2009_constants
from rootzone.surface.physics.emission import brightness, cosine
from rootzone.surface.worlds.fine_land import FineLand, Ground, fine_grid, places_of
from rootzone.surface.worlds.look import INCIDENCE_DEG, TB_NOISE_K
from rootzone.surface.worlds.look_fine import (
    cloudy,
    incidence_deg,
    leaves,
    radar_db,
    reflectances,
)
from rootzone.surface.worlds.province import CELL_PX, province_grid
from rootzone.surface.worlds.write_optical import LANDSAT8, SENTINEL2, SensorFiles
from rootzone.surface.worlds.write_smap import NOTE, SmapCells, write_smap_l2

_POINTS_A_CELL: Final = 400
_GRASS: Final = 10


@dataclass(frozen=True)
class Cut:
    """Which part of a province, and how much of it.

    Parameters
    ----------
    row_km, col_km : int
        First kilometre down and across.
    side_km : float
        Side [km].
    n_stations : int
        Stations.
    seed : int
        Of noise and places.
    radar_days, s2_days, landsat_days : int
        Days between looks.
    """

    row_km: int = 3
    col_km: int = 3
    side_km: float = 3.0
    n_stations: int = 12
    seed: int = 0
    radar_days: int = 6
    s2_days: int = 5
    landsat_days: int = 16


def write_fine(folder: Path, land: FineLand, cut: Cut) -> MasterGrid:
    """Write everything that satellites and stations saw of a cut.

    Parameters
    ----------
    folder : Path
        Gets ``sentinel1/``, ``sentinel2/``, ``landsat/``, ``lai/``, ``fpar/``, ``air/``,
        ``rain/``, ``smap/``, ``land.tif``, ``stations.csv`` and the checksums of all.
    land : FineLand
        The province.
    cut : Cut
        Which part.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "MADE_UP.txt", f"{NOTE}. Settings: {land.settings.to_dict()}, {cut}\n")
    grid = fine_grid(land.settings, cut.row_km, cut.col_km, cut.side_km)
    maker = _Maker(folder, land, grid, stream(land.settings.seed, 22, cut.seed))
    maker.land_map()
    n = land.dates.size
    for day in range(n):
        maker.weather(day)
        if day % cut.radar_days == 1 % cut.radar_days:
            maker.sentinel1(day)
            maker.smap(day)
        if day % cut.s2_days == 0:
            maker.sentinel2(day)
        if day % cut.landsat_days == 0:
            maker.landsat(day)
        if day % 8 == 0:
            maker.leaves(day)
    maker.rain_before()
    maker.stations(cut.n_stations)
    (folder / CHECKSUMS).unlink(missing_ok=True)
    files = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]
    record_files(folder, files, "made up")
    return grid


class _Maker:
    """Writes the files of one cut, with one generator for all noise."""

    def __init__(
        self, folder: Path, land: FineLand, grid: MasterGrid, rng: np.random.Generator
    ) -> None:
        self.folder, self.land, self.grid, self.rng = folder, land, grid, rng
        self.ground = {step: self._ground(step) for step in (1, 2, 3, 50, 100)}

    def _grid(self, step: int) -> MasterGrid:
        """Pixels of some fine ones a side, over all of the cut."""
        g = self.grid
        n = -(-g.width // step)
        return MasterGrid(g.crs, g.resolution_m * step, g.left, g.top, n, n, g.tile_px)

    def _ground(self, step: int) -> Ground:
        grid = self._grid(step)
        row, col = np.mgrid[0 : grid.height, 0 : grid.width]
        return self.land.at(*places_of(self.land.settings, grid, row, col))

    def _day(self, day: int) -> str:
        return str(self.land.dates[day]).replace("-", "")

    def _write(
        self,
        name: str,
        step: int,
        fields: dict[str, AnyArray],
        unit: str = "-",
        dtype: str = "float32",
        nodata: float = float("nan"),
        how: str = "average",
        **tags: str,
    ) -> None:
        bands = [Band(one, unit, f"{one}, made up") for one in fields]
        spec = CogSpec(
            self._grid(step),
            bands,
            dtype,
            nodata,
            how,
            {"note": NOTE, **tags},
        )
        stored = np.stack(list(fields.values())).astype(dtype)
        write_cog(self.folder / name, spec, stored, Provenance("made-up province"))

    def land_map(self) -> None:
        """Heights, and the limits of the soil as a soil map has them."""
        ground, grid = self.ground[1], self.grid
        row, col = np.mgrid[0 : grid.height, 0 : grid.width]
        place = places_of(self.land.settings, grid, row, col)
        low, high = self.land.soil_map(ground, *place)
        fields = {"height_m": ground.height_m, "theta_r": low, "theta_s": high}
        self._write("land.tif", 1, fields)

    def weather(self, day: int) -> None:
        """Air temperature and rain of a day."""
        told = self.land.weather(day, self.ground[100].cell)
        self._write(f"air/air_{self._day(day)}.tif", 100, {"air": told["air_k"]}, "K")
        self._write(f"rain/rain_{self._day(day)}.tif", 100, {"rain": told["rain_1d_mm"]}, "mm")

    def rain_before(self) -> None:
        """Rain of the six days before the first."""
        for k in range(6):
            date = str(self.land.dates[0] - np.timedelta64(6 - k, "D")).replace("-", "")
            field = self.land.rain_before_mm[k][self.ground[100].cell]
            self._write(f"rain/rain_{date}.tif", 100, {"rain": field}, "mm")

    def sentinel1(self, day: int) -> None:
        """VV and VH [dB] as pyroSAR names them."""
        seen = radar_db(self.land, day, self.ground[1], self.rng)
        orbit = "A" if incidence_deg(day) < 40.0 else "D"
        for name, db in seen.items():
            path = f"sentinel1/S1A__IW___{orbit}_{self._day(day)}T120000_{name}_grd_mli_geo_norm_db"
            self._write(
                f"{path}.tif", 1, {name: db}, "dB", nodata=-99.0,
                incidence_deg=f"{incidence_deg(day):g}",
            )  # fmt: skip

    def _cloud(self, day: int, ground: Ground) -> AnyArray:
        return cloudy(self.land, day, self.rng)[ground.cell] > 0.5

    def sentinel2(self, day: int) -> None:
        """Bands of 20 m of processing baseline 04.00, and scene classes."""
        self._scene(day, 2, "sentinel2", SENTINEL2)

    def landsat(self, day: int) -> None:
        """Collection 2 Level 2 bands of 30 m and QA_PIXEL."""
        self._scene(day, 3, "landsat", LANDSAT8)

    def _scene(self, day: int, step: int, folder: str, sensor: SensorFiles) -> None:
        ground = self.ground[step]
        seen, cloud = reflectances(self.land, day, ground, self.rng), self._cloud(day, ground)
        date = self._day(day)
        for band, name in sensor.bands.items():
            stored = sensor.packed(np.where(cloud, 0.6, seen[band]))
            path = f"{folder}/{sensor.file.format(date=date, band=name)}"
            self._write(path, step, {name: stored}, dtype="uint16", nodata=0)
        path = f"{folder}/{sensor.file.format(date=date, band=sensor.flags)}"
        flags = {sensor.flags: sensor.flagged(cloud)}
        self._write(path, step, flags, "-", sensor.flags_type, sensor.flags_fill, "mode")

    def leaves(self, day: int) -> None:
        """Leaf area and the light it takes, 500 m."""
        for name, field in leaves(self.land, day, self.ground[50]).items():
            self._write(f"{name}/{name}_{self._day(day)}.tif", 50, {name: field})

    def smap(self, day: int) -> None:
        """A half orbit of 9 km cells over all of the province."""
        settings, n = self.land.settings, self.land.cells
        km = CELL_PX * self.rng.random((2, n * n, _POINTS_A_CELL))
        row, col = np.divmod(np.arange(n * n), n)
        ground = self.land.at(km[0] + CELL_PX * col[:, None], km[1] + CELL_PX * row[:, None])
        theta = self.land.theta("0_5cm", day, ground).mean(axis=1)
        clay = ground.clay_pct.mean(axis=1)
        cover = np.full(n * n, _GRASS)
        prior = prior_of_fractions(class_fractions(cover))
        tau = prior.b * 1.5 * np.ones(n * n)
        teff = self.land.tmean_k[day]
        tb_h, tb_v = brightness(
            theta, mironov2009_constants(clay), teff, prior.h + 0.08, prior.omega, tau,
            float(cosine(INCIDENCE_DEG)),
        )  # fmt: skip
        noise = TB_NOISE_K * self.rng.standard_normal((2, n * n))
        whole, nine = province_grid(settings), ease_grid(9)
        first_row, first_col = (int(v) for v in nine.row_col(whole.left + 1.0, whole.top - 1.0))
        date = self.land.dates[day].astype("datetime64[s]") + np.timedelta64(12, "h")
        ones = np.ones(n * n)
        cells = SmapCells(
            first_row + row, first_col + col, np.full(n * n, date), tb_h + noise[0],
            tb_v + noise[1], INCIDENCE_DEG * ones, teff, clay, 1.45 * ones, prior.h * ones,
            prior.omega * ones, tau, cover, prior.b * ones, nominal_km=9,
        )  # fmt: skip
        name = f"SMAP_L2_SM_P_E_{day:05d}_D_{self._day(day)}T120000_R18290_001.h5"
        write_smap_l2(self.folder / "smap" / name, cells)

    def stations(self, n: int) -> None:
        """Sensors at 5 cm: an offset of sd .015 each, .01 from day to day; none on frozen days."""
        rng, grid, dates = self.rng, self.grid, self.land.dates
        pixel = rng.choice(grid.width * grid.height, n, replace=False)
        row, col = np.divmod(np.sort(pixel), grid.width)
        ground = self.land.at(*places_of(self.land.settings, grid, row, col))
        truth = np.stack([self.land.theta("0_5cm", d, ground) for d in range(dates.size)])
        told = truth + 0.015 * rng.standard_normal(n) + 0.01 * rng.standard_normal(truth.shape)
        told = np.where(self.land.tmean_k[:, ground.cell] < 273.15, np.nan, np.maximum(told, 0.0))
        lon, lat = grid.lon_lat(row, col)
        frame = pl.DataFrame(
            {
                "network": ["made-up"] * told.size,
                "station": np.repeat([f"S{k:02d}" for k in range(n)], dates.size),
                "date": np.tile(dates.astype(str), n),
                "lat": np.repeat(lat.round(6), dates.size),
                "lon": np.repeat(lon.round(6), dates.size),
                "depth_m": np.full(told.size, 0.05),
                "theta": told.T.ravel().round(4),
            }
        ).filter(pl.col("theta").is_not_nan())
        with atomic_path(self.folder / "stations.csv") as temporary:
            frame.write_csv(temporary)
