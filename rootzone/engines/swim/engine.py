"""The embedded engine behind the protocol all engines share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from pydantic import ValidationError

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone._shared.daily import column_at, required_names
from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.covers import cover_names
from rootzone.engines.failures import Failure
from rootzone.engines.plants.canopy import canopy_of_cells, filled_lai
from rootzone.engines.protocol import EngineRun, Profiles, SiteBatch, WeatherBatch
from rootzone.engines.swim import batch as columns_batch
from rootzone.engines.swim import batch_kernels, layout
from rootzone.engines.swim.initial import initial_theta
from rootzone.engines.swim.outcome import failure_of, finished, repair_names
from rootzone.engines.swim.settings import SwimSettings
from rootzone.engines.swim.snow import SoilForcing, winter_forcing
from rootzone.engines.swim.twins import (
    ColumnResult,
    TwinStore,
    column_keys,
    result_at,
    twin_cells,
)

# Numbers of theta in a chunk: 32 MB, large enough to keep threads busy, small enough to hold a few.
CHUNK_VALUES = 4_000_000
# On a GPU: 1.6 GB, for one runs some 30,000 columns at a time.
GPU_CHUNK_VALUES = 200_000_000

# What the kernels give that every profile carries.
_DAILY_COLUMNS = {
    name: layout.KERNEL_COLUMNS.index(name) for name in required_names() if name != "steps"
}


class SwimEngine:
    """Richards' equation in a column, run on threads.

    Parameters
    ----------
    settings : SwimSettings
        Physics, stepping and all keys.
    threads : int, optional
        Threads to use; all this process may use when not given. They never change a number.
    chunk_values : int, optional
        Numbers of theta held at a time; bounds the memory and never changes a number.
    """

    def __init__(
        self,
        settings: SwimSettings,
        *,
        threads: int | None = None,
        chunk_values: int | None = None,
    ) -> None:
        self.settings = settings
        self.threads = columns_batch.checked_threads(threads)
        usual = GPU_CHUNK_VALUES if settings.device == "cuda" else CHUNK_VALUES
        self.chunk_values = usual if chunk_values is None else chunk_values

    @property
    def name(self) -> str:
        """``swim``."""
        return "swim"

    @property
    def label(self) -> str:
        """Engine, physics and stepping, such as ``swim/van_genuchten/converged``."""
        return f"swim/{self.settings.physics}/{self.settings.stepping}"

    @property
    def compiled_loop(self) -> str:
        """Which compiled loop it runs: loading it takes seconds, once a process."""
        return self.label

    @property
    def device(self) -> str:
        """``cpu`` or ``cuda``."""
        return self.settings.device

    def identity(self) -> Mapping[str, Any]:
        """Name and settings; numbers that JSON lacks are given as text.

        Threads and the device are left out: where a column is computed is no part of what is
        asked. A campaign may go on elsewhere, and its canaries hold the device to the answers of
        where it began.
        """
        return self.settings.identity()

    def run(self, batch: SiteBatch) -> EngineRun:
        """Run every site of the batch at once."""
        return next(self._stream(batch, [batch.n_site]))

    def stream(self, batch: SiteBatch) -> Iterator[EngineRun]:
        """Run the batch chunk by chunk, sites in order, in bounded memory.

        Identical columns are computed once, also when they lie in different chunks, as long as
        the store of results that are still to be painted back has room.
        """
        return self._stream(batch, self._chunk_ends(batch))

    def _chunk_ends(self, batch: SiteBatch) -> list[int]:
        values = np.cumsum(batch.n_layer * batch.n_day)
        if batch.n_site == 0:
            return []
        chunk = values // self.chunk_values
        ends = np.flatnonzero(np.diff(chunk)) + 1
        return [*ends.tolist(), batch.n_site]

    def _stream(self, batch: SiteBatch, ends: list[int]) -> Iterator[EngineRun]:
        stands = _stands(batch, self.settings)
        layers = columns_batch.pack_layers(batch.soil, self.settings.physics)
        theta = initial_theta(layers, batch.layer_start, batch.soil, self.settings)
        columns, keys = [], [b""] * batch.n_site
        for number, stand in enumerate(stands.kinds):
            twins = twin_cells(stand.forcing.weather, batch.weather.day_start)
            own = columns_batch.Columns(
                layers,
                batch.layer_start,
                theta,
                stand.forcing.weather,
                batch.weather.day_start,
                twins[batch.cell],
            )
            columns.append(own)
            mine = stands.of_site == number
            prefix = stand.settings.cover.encode() if len(stands.kinds) > 1 else b""
            for site, key in enumerate(column_keys(own)):
                if mine[site]:
                    keys[site] = prefix + key
        store = TwinStore(keys)
        first = 0
        for last in ends:
            sites = np.arange(first, last)
            missing = store.missing(sites)
            found = store.collect(sites, missing, self._computed(stands, columns, missing))
            yield self._engine_run(batch, stands, sites, found, len(missing))
            first = last

    def _computed(
        self, stands: Stands, columns: list[columns_batch.Columns], sites: IntArray
    ) -> list[ColumnResult]:
        """Results of some sites, each under its own cover, in their order."""
        found: dict[int, ColumnResult] = {}
        for number, stand in enumerate(stands.kinds):
            mine = sites[stands.of_site[sites] == number]
            if mine.size:
                part = columns_batch.take_columns(columns[number], mine)
                results = columns_batch.run_columns(part, stand.settings, threads=self.threads)
                found |= {site: result_at(results, i) for i, site in enumerate(mine.tolist())}
        return [found[site] for site in sites.tolist()]

    def _engine_run(
        self,
        batch: SiteBatch,
        stands: Stands,
        sites: IntArray,
        found: list[ColumnResult],
        computed: int,
    ) -> EngineRun:
        good = [i for i, result in enumerate(found) if finished(result.report)]
        failures: list[Failure] = []
        if len(good) < len(found):
            failures = [
                failure_of(batch, int(sites[i]), result, self.settings)
                for i, result in enumerate(found)
                if not finished(result.report)
            ]
        repairs = {
            batch.site_ids[sites[i]]: repair_names(found[i].report)
            for i in good
            if found[i].report[batch_kernels.REPAIRS]
        }
        chosen = sites[good]
        profiles = self._profiles(batch, stands, chosen, [found[i] for i in good])
        return EngineRun(profiles, failures, repairs, computed)

    def _profiles(
        self, batch: SiteBatch, stands: Stands, sites: IntArray, found: list[ColumnResult]
    ) -> Profiles:
        n_day, n_layer = batch.n_day[sites], batch.n_layer[sites]
        theta = _joined([result.theta for result in found], (0,))
        depths_mm = self.settings.label_depths_mm
        table = _joined([result.daily for result in found], (0, layout.N_DAILY + len(depths_mm)))
        daily: dict[str, AnyArray] = {
            name: np.ascontiguousarray(table[:, position])
            for name, position in _DAILY_COLUMNS.items()
        }
        daily["steps"] = table[:, layout.STEPS].astype(np.int32)
        # A column of covers has its columns even where all of this batch is bare, so that files of
        # one campaign, or chunks of one file, have the same.
        planted = "cover_code" in batch.soil or not self.settings.plants.is_bare
        if self.settings.has_winter:
            daily["runoff_mm"] += stands.series(batch, sites, "blocked_mm")
            daily["snow_mm"] = stands.series(batch, sites, "snow_mm")
        if planted:
            daily["transpiration_mm"] = np.ascontiguousarray(table[:, layout.UPTAKE_MM])
            daily["interception_mm"] = stands.series(batch, sites, "interception_mm")
            daily["canopy_mm"] = stands.series(batch, sites, "canopy_mm")
        for position, depth_mm in enumerate(depths_mm, layout.N_DAILY):
            daily[column_at(depth_mm).name] = np.ascontiguousarray(table[:, position])
        return Profiles(
            batch.site_ids[sites],
            np.concatenate(([0], np.cumsum(n_day))).astype(np.int64),
            np.concatenate(([0], np.cumsum(n_day * n_layer))).astype(np.int64),
            n_layer,
            batch.weather.first_day[batch.cell[sites]],
            theta,
            daily,
        )


def _joined(parts: list[AnyArray], empty: tuple[int, ...]) -> AnyArray:
    """Arrays one after the other, without a copy where they already lie so in memory."""
    if not parts:
        return np.zeros(empty)
    base = parts[0].base
    if base is not None and all(part.base is base for part in parts):
        address = parts[0].__array_interface__["data"][0]
        for part in parts:
            if part.__array_interface__["data"][0] != address:
                return np.concatenate(parts)
            address += part.nbytes
        if sum(part.shape[0] for part in parts) == base.shape[0]:
            return base
    return np.concatenate(parts)


@dataclass(frozen=True)
class Stand:
    """One cover and what the weather is under it."""

    settings: SwimSettings
    forcing: SoilForcing


@dataclass(frozen=True)
class Stands:
    """The covers of a batch: one for all its sites, or by its column ``cover_code``.

    Parameters
    ----------
    kinds : list of Stand
        Each cover that occurs.
    of_site : array of int, shape (site,)
        Position of each site's cover among them.
    """

    kinds: list[Stand]
    of_site: IntArray

    def series(self, batch: SiteBatch, sites: IntArray, name: str) -> FloatArray:
        """A daily series of the forcing on the days of some sites, one after the other."""
        start = batch.weather.day_start
        parts = []
        for site in sites.tolist():
            days = slice(int(start[batch.cell[site]]), int(start[batch.cell[site] + 1]))
            values: FloatArray = getattr(self.kinds[self.of_site[site]].forcing, name)
            parts.append(values[days] if values.size else np.zeros(days.stop - days.start))
        return np.concatenate(parts) if parts else np.zeros(0)


def _stands(batch: SiteBatch, settings: SwimSettings) -> Stands:
    """Settings and forcing of each cover of a batch."""
    codes = batch.soil.get("cover_code")
    if codes is None or settings.cover != "bare":
        one = Stand(settings, soil_forcing(batch.weather, settings))
        return Stands([one], np.zeros(batch.n_site, dtype=np.int64))
    names = cover_names()
    # Rounded, as layers made one carry the mean of their codes.
    used, of_site = np.unique(np.rint(codes[batch.layer_start[:-1]]), return_inverse=True)
    kinds = []
    for code in used.astype(int).tolist():
        values = settings.model_dump() | {"cover": names[code]}
        try:
            own = SwimSettings.model_validate(values)
        except ValidationError as error:
            reasons = "; ".join(str(one["msg"]) for one in error.errors())
            raise RequestError(f"The soils' column cover: {reasons}.") from error
        kinds.append(Stand(own, soil_forcing(batch.weather, own)))
    return Stands(kinds, of_site.astype(np.int64))


def soil_forcing(weather: WeatherBatch, settings: SwimSettings) -> SoilForcing:
    """Rain and potential evaporation as the soil sees them, and what roots would take."""
    below_sky = _winter(weather, settings)
    plants = settings.plants
    if plants.is_bare:
        return below_sky
    rain_mm, eo_mm = below_sky.weather[:, layout.RAIN_MM], below_sky.weather[:, layout.EO_MM]
    fresh_mm = rain_mm.copy()
    if settings.snow:  # melt comes from the ground, and snow falls through
        mean = 0.5 * (weather.columns["tmax_degc"] + weather.columns["tmin_degc"])
        wet = (below_sky.snow_mm <= 0.0) & (mean > settings.snow_below_degc)
        fresh_mm = np.where(wet, np.minimum(rain_mm, weather.columns["rain_mm"]), 0.0)
    series: dict[str, FloatArray] = {}
    if settings.lai:
        if "lai" not in weather.columns:
            raise RequestError(
                "The setting lai=true takes leaf area from the weather's column lai, which is not "
                "there. Add it [m2 m-2], or leave the setting out: leaves then follow temperature."
            )
        series["lai"] = np.concatenate(
            [
                filled_lai(weather.columns["lai"][first:last], f"weather of cell {cell}")
                for cell, first, last in zip(
                    weather.cell_ids, weather.day_start[:-1], weather.day_start[1:], strict=True
                )
            ]
        )
    elif settings.growing_season:
        series["mean_degc"] = 0.5 * (weather.columns["tmax_degc"] + weather.columns["tmin_degc"])
    canopy = canopy_of_cells(fresh_mm, eo_mm, weather.day_start, plants, **series)
    below = np.column_stack(
        (
            canopy.rain_mm + (rain_mm - fresh_mm),
            canopy.es_demand_mm,
            canopy.transpiration_demand_mm,
        )
    )
    return replace(
        below_sky,
        weather=below,
        interception_mm=canopy.interception_mm,
        canopy_mm=canopy.held_mm,
    )


def _winter(weather: WeatherBatch, settings: SwimSettings) -> SoilForcing:
    """Rain and potential evaporation below snow, if there is a winter."""
    rain_mm, eo_mm = weather.columns["rain_mm"], weather.columns["eo_mm"]
    if settings.has_winter:
        return winter_forcing(
            rain_mm,
            eo_mm,
            weather.columns["tmax_degc"],
            weather.columns["tmin_degc"],
            weather.day_start,
            settings,
        )
    none = np.zeros(0)
    return SoilForcing(np.column_stack((rain_mm, eo_mm)), none, none)
