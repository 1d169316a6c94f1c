"""A campaign of the system ``multimodal``, opened: its files found, its channels for any window."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, Float32Array, FloatArray
from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.days import calendar_day, day_number, day_of_year
from rootzone._shared.digests import digest_file, digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.open_files import open_raster
from rootzone.campaign.multimodal_section import Multimodal
from rootzone.campaign.read_campaign import load_campaign
from rootzone.covariates.fetch.checksums import check_beside
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.layers.catalog import Catalog, load_catalog
from rootzone.covariates.layers.terrain import gradient, slope_deg
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.fusion.daily import Series
from rootzone.surface.multimodal.modalities import MODALITIES, Inputs, scaled
from rootzone.surface.multimodal.network import MultimodalConfig
from rootzone.surface.multimodal.product_label import TextureLabel, read_coarse
from rootzone.surface.multimodal.scenes import SceneSet
from rootzone.surface.multimodal.weather import CatalogWeather
from rootzone.surface.samples.places import Places, read_places
from rootzone.surface.samples.scene import physical_band
from rootzone.surface.two_layer.open_layers import read_on

if TYPE_CHECKING:
    import torch

_RADAR: Final = {"vv_db": "VV", "vh_db": "VH"}
_L_BAND: Final = {"hh_db": "HH", "hv_db": "HV"}
_S2: Final = ("B02", "B03", "B04", "B8A", "B11", "B12")
_S2_FINE: Final = ("B02", "B03", "B04", "B08")
_FINE: Final = "s2_10m"  # scenes that are no sensor of their own
_L8: Final = ("SR_B2", "SR_B3", "SR_B4", "SR_B5", "SR_B6", "SR_B7")
_LEAF_REACH_DAYS: Final = 17
_WEEK: Final = 7
LAND_BANDS: Final = ("height_m", "slope_deg", "theta_r", "theta_s")


@dataclass(frozen=True)
class OpenChips:
    """A campaign of the system ``multimodal``.

    Parameters
    ----------
    opened : OpenSurface
        The campaign.
    """

    opened: OpenSurface

    @property
    def chosen(self) -> Multimodal:
        """Its part of the campaign."""
        return self.opened.section.multimodal

    @property
    def folder(self) -> Path:
        """Where results go."""
        return self.opened.folder / "multimodal"

    @cached_property
    def catalog(self) -> Catalog:
        """The packed catalog and the campaign's own, paths from the data folder."""
        here = self.opened.campaign_file.parent
        files = load_campaign(self.opened.campaign_file).campaign.catalog.files
        return load_catalog([here / name for name in files], here / self.chosen.data)

    @property
    def _land_file(self) -> Path:
        path = self.opened.campaign_file.parent / self.opened.section.land
        if not path.is_file():
            raise RequestError(
                f"{path} does not exist; surface.land names the map of heights whose pixels the "
                "maps have."
            )
        return path

    @cached_property
    def grid(self) -> MasterGrid:
        """Pixels of the land map.

        Raises
        ------
        RequestError
            They are no squares in metres, or fewer than a window.
        """
        side = self.chosen.window_px
        with open_raster(self._land_file) as file:
            step = file.transform
            is_square = file.crs is not None and abs(step.a + step.e) < 1e-6 * step.a
            if not is_square or not file.crs.is_projected or step.b or step.d:
                raise RequestError(
                    f"{self._land_file}: pixels must be squares in metres with north up, as in a "
                    f"UTM zone; these are {step.a:g} x {-step.e:g} in {file.crs}."
                )
            if min(file.shape) < side:
                raise RequestError(
                    f"{self._land_file} has {file.height} x {file.width} pixels, fewer than a "
                    f"window of surface.multimodal.window_px {side}."
                )
            return MasterGrid(
                file.crs.to_string(), step.a, step.c, step.f, file.width, file.height, side
            )

    @cached_property
    def land(self) -> dict[str, Float32Array]:
        """Bands of the land map; the slope is worked out from heights where it is not there.

        Raises
        ------
        RequestError
            There are no heights.
        """
        check_beside([self._land_file])
        with open_raster(self._land_file) as file:
            bands = {name: number for number, name in enumerate(file.descriptions, 1) if name}
            if "height_m" not in bands:
                raise RequestError(
                    f"{self._land_file} has the bands {', '.join(bands) or 'without names'}; "
                    "height_m is needed."
                )
            found = {
                name: physical_band(file, bands[name]).astype(np.float32)
                for name in LAND_BANDS
                if name in bands
            }
        if "slope_deg" not in found:
            around = np.pad(found["height_m"], 1, mode="edge")
            found["slope_deg"] = slope_deg(*gradient(around, self.grid.resolution_m)).astype(
                np.float32
            )
        return found

    @cached_property
    def scenes(self) -> dict[str, SceneSet]:
        """Scenes of each sensor that the campaign names and that are there.

        Raises
        ------
        RequestError
            There is no scene of the radar.
        """
        chosen = self.chosen
        asked = {
            "s1": (chosen.radar, _RADAR), "l_band": (chosen.l_band, _L_BAND),
            "s2": (chosen.optics, _of("s2", _S2)), _FINE: (chosen.optics_10m, _of("s2", _S2_FINE)),
            "landsat": (chosen.landsat, _of("landsat", _L8)),
        }  # fmt: skip
        found = {
            name: SceneSet(self.catalog, entry, channels, self.grid)
            for name, (entry, channels) in asked.items()
            if entry is not None
        }
        there = {name: one for name, one in found.items() if one.by_day}
        if "s1" not in there:
            where = self.catalog.data_folder / self.catalog.source(chosen.radar).path
            raise RequestError(f"There is no scene of {chosen.radar}: nothing is called {where}.")
        return there

    @cached_property
    def series(self) -> dict[str, Series]:
        """Daily rasters of weather and leaves."""
        named, found = self.daily_files, {}
        if self.weather is not None:
            found = self.weather.series
        return found | {name: self._series(name, one) for name, one in named.items()}

    @property
    def daily_files(self) -> dict[str, str]:
        """Patterns of daily rasters by what they hold."""
        chosen = self.chosen
        named = {"lai": chosen.lai, "fpar": chosen.fpar}
        if chosen.weather is None:
            named |= {"air": chosen.air, "rain": chosen.rain}
        return {name: one for name, one in named.items() if one is not None}

    @cached_property
    def weather(self) -> CatalogWeather | None:
        """Weather of the catalog, where the campaign names an entry."""
        entry, days = self.chosen.weather, list(self.scenes["s1"].by_day)
        if entry is None:
            return None
        week = dt.timedelta(days=_WEEK - 1)
        last = max(days) + dt.timedelta(days=self.chosen.radar_reach_days)
        return CatalogWeather(self.catalog, entry, self.grid, min(days) - week, last)

    def _series(self, name: str, pattern: str) -> Series:
        paths = self.opened.found(pattern)
        if not paths:
            raise RequestError(
                f"There are no files of {name}: nothing is called {pattern}. Write null into "
                f"surface.multimodal.{name} where there are none."
            )
        check_beside(paths)
        by_day = {day_in_name(path.name): path for path in paths}
        kept: dict[dt.date, FloatArray] = {}

        def read(day: dt.date) -> FloatArray:
            if day not in kept:
                if len(kept) > 2 * _WEEK:
                    kept.clear()
                kept[day] = read_on(by_day[day], self.grid)
            return kept[day]

        return Series(list(by_day), read)

    @cached_property
    def inputs(self) -> Inputs:
        """What the network sees."""
        fine = ["s2"] if _FINE in self.scenes else []
        there = [*self.scenes, *fine, "terrain", *(["leaves"] if "lai" in self.series else [])]
        return Inputs.of(self.chosen.inputs, there)

    @cached_property
    def days(self) -> list[int]:
        """Days since 1970-01-01 with a radar scene."""
        return [day_number(day) for day in self.scenes["s1"].by_day]

    @cached_property
    def places(self) -> Places:
        """Stations inside the region."""
        sources = [self.opened.campaign_file.parent / s for s in self.opened.section.stations]
        return read_places(sources, self.grid)

    @cached_property
    def device(self) -> torch.device:
        """Where networks are trained and asked."""
        from rootzone.networks.ranks import device_named

        return device_named(self.chosen.device)

    @property
    def config(self) -> MultimodalConfig:
        """The network that the campaign asks for."""
        chosen = self.chosen
        return MultimodalConfig(
            modalities=self.inputs.widths, n_scalars=len(self.inputs.scalars),
            variant=chosen.variant, out=chosen.output, modality_dropout=chosen.modality_dropout,
            grn_over=chosen.grn_over, window_px=chosen.window_px,
        )  # fmt: skip

    def stacks(self, day: int, windows: Sequence[Window]) -> list[Float32Array]:
        """Scaled channels of some windows on a day, shape (channel, row, col) each; NaN is missing.

        Parameters
        ----------
        day : int
            Days since 1970-01-01.
        windows : sequence of Window
            Inside the grid.
        """
        date, chosen, sensors = calendar_day(day), self.chosen, self.inputs.sensors
        fields: list[dict[str, AnyArray]] = [{} for _ in windows]
        for name, scenes in self.scenes.items():
            if ("s2" if name == _FINE else name) not in sensors:
                continue
            reach = chosen.radar_reach_days if name == "s1" else chosen.optics_reach_days
            for found, one in zip(
                fields, scenes.on_windows(date, reach, list(windows)), strict=True
            ):
                for channel, values in one.items():
                    under = found.get(channel, np.nan)
                    found[channel] = np.where(np.isfinite(values), values, under)
        angle, rising = self.scenes["s1"].look(date, chosen.radar_reach_days)
        whole = self._whole(day)
        out = []
        for window, found in zip(windows, fields, strict=True):
            cut = np.s_[window.row : window.row + window.height,
                        window.col : window.col + window.width]  # fmt: skip
            found |= {name: values[cut] for name, values in whole.items()}
            seen = np.isfinite(found["vv_db"])
            found["incidence_deg"] = np.where(seen, angle, np.nan)
            found["ascending"] = np.where(seen, rising, np.nan)
            out.append(scaled(found, self.inputs.ranges))
        return out

    def _whole(self, day: int) -> dict[str, AnyArray]:
        """Fields of the whole grid that are no scenes."""
        date, series = calendar_day(day), self.series
        found: dict[str, AnyArray] = {}
        if "terrain" in self.inputs.sensors:
            found |= {name: self.land[name] for name in MODALITIES["terrain"].channels}
        if "leaves" in self.inputs.sensors:
            for name in ("lai", "fpar"):
                field = series[name].on(date, _LEAF_REACH_DAYS) if name in series else None
                if field is not None:
                    found[name] = field
        if self.inputs.scalars:
            found |= self._weather(date) | self._place_and_time(day)
        return found

    def air_k(self, day: int) -> FloatArray | None:
        """Air temperature of a day, shape (row, col) [K]; None where it is not known."""
        date, air = calendar_day(day), self.series.get("air")
        return None if air is None or date not in air.days else air.read(date)

    def _weather(self, date: dt.date) -> dict[str, AnyArray]:
        series, found = self.series, {}
        if "air" in series and date in series["air"].days:
            found["air_k"] = series["air"].read(date)
        if "rain" in series:
            rain = series["rain"]
            week = [date - dt.timedelta(days=k) for k in range(_WEEK)]
            if date in rain.days:
                found["rain_1d_mm"] = rain.read(date)
            if all(day in rain.days for day in week):
                found["rain_7d_mm"] = np.sum([rain.read(day) for day in week], axis=0)
        return found

    def _place_and_time(self, day: int) -> dict[str, AnyArray]:
        angle = 2.0 * np.pi * float(day_of_year(np.array([day]))[0]) / 365.25
        lon, lat = (np.radians(v) for v in self._middle)
        told = {
            "sin_day": np.sin(angle), "cos_day": np.cos(angle), "sin_lon": np.sin(lon),
            "cos_lon": np.cos(lon), "sin_lat": np.sin(lat),
        }  # fmt: skip
        return {
            name: np.broadcast_to(np.float32((value + 1.0) / 2.0), self.grid.shape)
            for name, value in told.items()
        }

    @cached_property
    def _middle(self) -> tuple[float, float]:
        lon, lat = self.grid.lon_lat(self.grid.height // 2, self.grid.width // 2)
        return float(lon), float(lat)

    @cached_property
    def label(self) -> TextureLabel:
        """Labels from the coarse product that the campaign names.

        Raises
        ------
        RequestError
            It names none, there are no files, or the land map lacks the soil's limits.
        """
        chosen = self.chosen
        if chosen.product is None:
            raise RequestError("surface.multimodal.product names no product to learn from.")
        paths = self.opened.found(chosen.product)
        if not paths:
            raise RequestError(f"There is no product: nothing is called {chosen.product}.")
        check_beside(paths)
        if not {"theta_r", "theta_s"} <= set(self.land):
            raise RequestError(
                f"{self._land_file} lacks the bands theta_r and theta_s, which bring the product "
                "to pixels. Make them from a texture with rootzone soils, or leave "
                "surface.multimodal.product out."
            )
        coarse = read_coarse(
            paths, self.catalog, chosen.product_as, chosen.product_quantity, self.grid
        )
        low, high = (self.land[name].astype(np.float64) for name in ("theta_r", "theta_s"))
        return TextureLabel(coarse, self.grid, low, high)

    @cached_property
    def digest(self) -> str:
        """Digest of every file that is read."""
        chosen, section = self.chosen, self.opened.section
        patterns = [*self.daily_files.values(), chosen.product]
        paths = [self._land_file, *(p for one in self.scenes.values() for p in one.files)]
        paths += [p for one in patterns if one is not None for p in self.opened.found(one)]
        paths += self.weather.files if self.weather is not None else []
        paths += [p for s in section.stations for p in self.opened.found(s) if p.is_file()]
        return digest_json([digest_file(path) for path in paths])


def _of(sensor: str, variables: tuple[str, ...]) -> dict[str, str]:
    """An entry's variable by the network's channel; later channels may have none."""
    return dict(zip(MODALITIES[sensor].channels, variables, strict=False))
