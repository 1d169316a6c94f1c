"""What every engine takes and gives: a batch of sites in, daily profiles and failures out.

The embedded engine and APSIM both follow :class:`Engine`, so the runner, the table mode and the
labels do not care which one made a profile. Arrays are flat, because sites differ in layers and
weather cells differ in days.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
from rootzone.engines.failures import Failure


@dataclass(frozen=True)
class WeatherBatch:
    """Daily weather of some cells, every cell without gaps.

    Parameters
    ----------
    cell_ids : array, shape (cell,)
        Identifiers, integers or texts.
    day_start : array of int, shape (cell + 1,)
        Where each cell's days begin in the flat columns; the last entry is their length.
    first_day : array of int, shape (cell,)
        First day of each cell, days since 1970-01-01.
    columns : mapping of str to array, shape (day,)
        Columns named as in the weather table; ``rain_mm`` and ``eo_mm`` [mm d-1] are always there.
    """

    cell_ids: AnyArray
    day_start: IntArray
    first_day: IntArray
    columns: Mapping[str, FloatArray]

    @property
    def n_day(self) -> IntArray:
        """Number of days of each cell."""
        return np.diff(self.day_start)


@dataclass(frozen=True)
class SiteBatch:
    """Soils of some sites and the weather they share.

    Parameters
    ----------
    site_ids : array, shape (site,)
        Identifiers, integers or texts, kept as given.
    layer_start : array of int, shape (site + 1,)
        Where each site's layers begin in the flat columns.
    soil : mapping of str to array, shape (layer,)
        Columns named as in the soils table, layers from the top down.
    cell : array of int, shape (site,)
        Position of each site's cell in ``weather``.
    weather : WeatherBatch
        The cells.
    """

    site_ids: AnyArray
    layer_start: IntArray
    soil: Mapping[str, FloatArray]
    cell: IntArray
    weather: WeatherBatch

    @property
    def n_site(self) -> int:
        """Number of sites."""
        return len(self.site_ids)

    @property
    def n_layer(self) -> IntArray:
        """Number of layers of each site."""
        return np.diff(self.layer_start)

    @property
    def n_day(self) -> IntArray:
        """Number of days of each site."""
        return self.weather.n_day[self.cell]

    @property
    def site_years(self) -> float:
        """Work in the batch, in years of 365.25 days."""
        return float(self.n_day.sum()) / 365.25

    def take(self, sites: IntArray) -> SiteBatch:
        """The same batch with only some sites, in the order given."""
        lengths = self.n_layer[sites]
        start = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
        shift = self.layer_start[:-1][sites] - start[:-1]
        rows = np.arange(start[-1]) + np.repeat(shift, lengths)
        soil = {name: values[rows] for name, values in self.soil.items()}
        return SiteBatch(self.site_ids[sites], start, soil, self.cell[sites], self.weather)

    def between(self, first: int, last: int) -> SiteBatch:
        """Sites ``first`` to ``last - 1`` as views, nothing copied but the offsets."""
        low, high = int(self.layer_start[first]), int(self.layer_start[last])
        soil = {name: values[low:high] for name, values in self.soil.items()}
        start = self.layer_start[first : last + 1] - low
        return SiteBatch(
            self.site_ids[first:last], start, soil, self.cell[first:last], self.weather
        )


@dataclass(frozen=True)
class Profiles:
    """Daily profiles of the sites that finished, flat, site after site and day after day.

    Parameters
    ----------
    site_ids : array, shape (site,)
        The finished sites.
    row_start : array of int, shape (site + 1,)
        Where each site's days begin among the rows.
    theta_start : array of int, shape (site + 1,)
        Where each site's values begin in ``theta``.
    n_layer : array of int, shape (site,)
        Layers of each site.
    first_day : array of int, shape (site,)
        First day, days since 1970-01-01.
    theta : array, shape (sum of days times layers,)
        Water content [m3 m-3], a row's layers together, top first.
    daily : mapping of str to array, shape (row,)
        Columns named as in the profiles table, such as ``runoff_mm``.
    """

    site_ids: AnyArray
    row_start: IntArray
    theta_start: IntArray
    n_layer: IntArray
    first_day: IntArray
    theta: FloatArray
    daily: Mapping[str, AnyArray]

    @property
    def n_row(self) -> int:
        """Number of rows, one a site and day."""
        return int(self.row_start[-1])

    def theta_of(self, site: int) -> FloatArray:
        """Water content of the site at a position, shape (day, layer)."""
        values = self.theta[self.theta_start[site] : self.theta_start[site + 1]]
        return values.reshape(-1, int(self.n_layer[site]))


@dataclass(frozen=True)
class EngineRun:
    """What a batch came to.

    Parameters
    ----------
    profiles : Profiles
        Sites that passed the verification, in the order of the batch.
    failures : sequence of Failure
        The others.
    repairs : mapping of site to sequence of str
        Traps of the original model that were met and mended, by name.
    computed : int
        Columns really computed; identical ones are computed once.
    """

    profiles: Profiles
    failures: Sequence[Failure] = ()
    repairs: Mapping[int | str, Sequence[str]] = field(default_factory=dict)
    computed: int = 0


class Engine(Protocol):
    """A model of soil water in a column.

    An engine checks nothing about its input that the table readers check already, and it hands
    out only profiles that passed ``rootzone.engines.verify``.
    """

    @property
    def name(self) -> str:
        """Short name, such as ``swim``."""

    @property
    def label(self) -> str:
        """Engine, physics and stepping as they stand on a label, such as ``swim/swim3/apsim``."""

    def identity(self) -> Mapping[str, Any]:
        """Everything that has a say in its numbers, as JSON values, for the provenance."""

    def run(self, batch: SiteBatch) -> EngineRun:
        """Run every site of the batch; a site that fails never stops the others."""

    def stream(self, batch: SiteBatch) -> Iterator[EngineRun]:
        """Run the batch in chunks of sites, in order, so that memory stays bounded."""
