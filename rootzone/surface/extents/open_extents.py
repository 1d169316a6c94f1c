"""A campaign of the system ``deepsoil``, opened: grid, channels of any window and day, stations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import Float32Array
from rootzone._shared.days import day_number
from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.campaign.deepsoil_section import DeepSoil
from rootzone.covariates.fetch.checksums import identity
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.networks.channels import LAND
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.extents.channels import (
    DAILY,
    LATE_NUMBERS,
    REACH_DAYS,
    RETENTION,
    SURFACE_SPEC,
)
from rootzone.surface.extents.extents import Extents, extents
from rootzone.surface.extents.network import SurfaceConfig
from rootzone.surface.extents.read_fields import DayFiles, read_part
from rootzone.surface.samples.places import Places, read_places

_TILE_PX = 64
_CLASSES = ("nlcd", "koppen")
_LAND = tuple(SURFACE_SPEC.channels[k].column for k in SURFACE_SPEC.of_origin(LAND))
_KEPT_PX = 64 * 192**2  # of land, 230 MB: each extent is asked for again every epoch


@dataclass(frozen=True)
class OpenExtents:
    """What the verbs start from.

    Parameters
    ----------
    opened : OpenSurface
        The campaign.
    """

    opened: OpenSurface

    @property
    def section(self) -> DeepSoil:
        """The campaign's ``surface.deepsoil``."""
        return self.opened.section.deepsoil

    @property
    def folder(self) -> Path:
        """Where results go."""
        return self.opened.folder

    @property
    def land_file(self) -> Path:
        """The land on the grid that is mapped.

        Raises
        ------
        RequestError
            It is not there.
        """
        path = self.opened.campaign_file.parent / self.section.land
        if not path.is_file():
            raise RequestError(
                f"{path} does not exist; surface.deepsoil.land names the file of soils, terrain, "
                "classes and composite."
            )
        return path

    @cached_property
    def grid(self) -> MasterGrid:
        """Pixels of the land file, in tiles of 64.

        Raises
        ------
        RequestError
            Its pixels are not square, it is no whole number of tiles, or it lacks the retention
            that the loss or the output needs.
        """
        path = self.land_file
        with open_raster(path) as file:
            missing = [name for name in self._needs() if name not in file.descriptions]
            if missing:
                raise RequestError(
                    f"{path} has no band {', '.join(missing)}, which surface.deepsoil.loss "
                    f"{self.section.loss} or output {self.section.output} reads. "
                    "`rootzone surface inputs` writes them; or set loss: mse and output: sigmoid."
                )
            affine = file.transform
            square = abs(affine.a + affine.e) < 1e-6 * abs(affine.a)
            if file.crs is None or not file.crs.is_projected or not square:
                raise RequestError(
                    f"{path}: pixels of {affine.a:g} x {-affine.e:g} in {file.crs} are not square "
                    "metres. Warp it to the campaign's grid (EPSG:5070, 30 m) first."
                )
            return MasterGrid(
                file.crs.to_string(), affine.a, affine.c, affine.f, file.width, file.height,
                _TILE_PX,
            )  # fmt: skip

    def _needs(self) -> tuple[str, ...]:
        """Bands of the retention curve without which training would be of nothing."""
        if self.section.loss.startswith("psi"):
            return RETENTION
        return RETENTION[:2] if self.section.output == "bounds" else ()

    def files(self, name: str, pattern: str | None) -> DayFiles | None:
        """Files of a quantity by day; None where the campaign names none."""
        if pattern is None:
            return None
        return DayFiles.of(name, pattern, self.opened.found(pattern))

    @cached_property
    def daily(self) -> dict[str, DayFiles]:
        """Weather, and leaf area and coarse moisture where there are any."""
        chosen = self.section
        found = {
            "weather": self.files("weather", chosen.weather),
            "lai": self.files("lai", chosen.lai), "smap": self.files("smap", chosen.smap),
        }  # fmt: skip
        return {name: files for name, files in found.items() if files is not None}

    @cached_property
    def target(self) -> DayFiles:
        """Dense fields to learn from."""
        found = self.files("target", self.section.target)
        assert found is not None  # noqa: S101 - the key takes no null
        return found

    @cached_property
    def days(self) -> list[date]:
        """Days with a target and weather.

        Raises
        ------
        RequestError
            There are none.
        """
        found = [day for day in self.target.by_day if day in self.daily["weather"].by_day]
        if not found:
            raise RequestError(
                f"No day has both weather and a target: targets {min(self.target.by_day)} to "
                f"{max(self.target.by_day)}, weather {min(self.daily['weather'].by_day)} to "
                f"{max(self.daily['weather'].by_day)}."
            )
        return found

    def land(self, window: Window) -> Float32Array:
        """Land channels of a window, scaled, shape (20, row, col)."""
        return self._land(window)[0]

    def soil(self, window: Window) -> Float32Array:
        """theta_r, theta_s, alpha, n of a window, shape (4, row, col)."""
        return self._land(window)[1]

    def _land(self, window: Window) -> tuple[Float32Array, Float32Array]:
        kept = self._kept
        if window not in kept:
            if sum(w.height * w.width for w in kept) + window.height * window.width > _KEPT_PX:
                kept.clear()
            bands = self.physical_land(window, (*_LAND, *RETENTION))
            scaled = SURFACE_SPEC.scaled_land(dict(zip(_LAND, bands, strict=False)))
            kept[window] = scaled, bands[len(_LAND) :]
        return kept[window]

    @cached_property
    def _kept(self) -> dict[Window, tuple[Float32Array, Float32Array]]:
        return {}

    def physical_land(self, window: Window, names: Sequence[str]) -> Float32Array:
        """Bands of the land file in their units; NaN beyond the grid."""
        return read_part(self.land_file, self.grid, window, names)

    def dynamic(self, window: Window, day: date) -> tuple[Float32Array, dict[str, int | None]]:
        """Channels of a day, shape (7, row, col), scaled, and how old each field is [d]."""
        out = np.full((len(DAILY) + 2, *window.shape), np.nan, dtype=np.float32)
        ages: dict[str, int | None] = {}
        first = len(_LAND)
        for name, at in (("weather", slice(0, 5)), ("lai", slice(5, 6)), ("smap", slice(6, 7))):
            near = self.daily[name].nearest(day, REACH_DAYS[name]) if name in self.daily else None
            ages[name] = None if near is None else near.age_days
            if near is not None:
                bands = DAILY if name == "weather" else ()
                out[at] = read_part(near.path, self.grid, window, bands)
        for k in range(len(out)):
            out[k] = SURFACE_SPEC.scaled(first + k, out[k])
        return out, ages

    def x(self, window: Window, day: date) -> Float32Array:
        """All 27 channels of a window and day, scaled."""
        return np.concatenate([self.land(window), self.dynamic(window, day)[0]])

    def y(self, window: Window, day: date) -> Float32Array:
        """Target of a window and day [m3 m-3], NaN where there is none."""
        return np.asarray(read_part(self.target.by_day[day], self.grid, window, ())[0])

    @cached_property
    def places(self) -> Places:
        """Stations with a sensor at 5 cm on the grid."""
        sources = [
            self.opened.campaign_file.parent / source for source in self.opened.section.stations
        ]
        return read_places(sources, self.grid)

    @cached_property
    def extents(self) -> Extents:
        """Extents of the stations."""
        seats = self.places
        return extents(self.grid, seats.name, seats.row, seats.col)

    def station_values(self, day: date) -> Float32Array:
        """What every station says of a day [m3 m-3], NaN where nothing."""
        number = day_number(day)
        told = [daily.get(number, np.nan) for daily in self.places.daily]
        return np.array(told, dtype=np.float32)

    @property
    def config(self) -> SurfaceConfig:
        """The network that the campaign asks for."""
        widths = self.section.widths
        mirror = (*widths[-2::-1], max(1, widths[0] // 2))
        return SurfaceConfig(
            len(SURFACE_SPEC), LATE_NUMBERS, widths, mirror, out=self.section.output
        )

    @cached_property
    def digest(self) -> str:
        """Digest of which files are read: to read them all at each start takes too long."""
        return digest_json([identity(path) for path in self.paths])

    @property
    def paths(self) -> list[Path]:
        """Every raster that is read."""
        found = [self.land_file, *self.target.by_day.values()]
        return found + [path for one in self.daily.values() for path in one.by_day.values()]
