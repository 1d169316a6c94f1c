"""Physics at every pixel: each different column of the land simulated once and painted back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.days import day_number
from rootzone._shared.parts import Parts
from rootzone.covariates.grid import Window
from rootzone.jobs.shard.counted_days import Span
from rootzone.labels.field.columns import (
    CellColumns,
    rounded_texture,
    unique_columns,
    weather_cell_windows,
)
from rootzone.labels.field.region_soils import RegionSoils
from rootzone.labels.simulate_columns import guarded_soils, simulate_columns
from rootzone.maps.encoding import MISSING_LAND, MISSING_WEATHER, flags_of

if TYPE_CHECKING:
    import polars as pl

    from rootzone.covariates.layers.stack import CovariateStack
    from rootzone.covariates.open_campaign import CampaignFiles

_CELLS_KEPT = 64  # finished cells in memory while maps are painted: two rows across a county


@dataclass
class SimulationCounts:
    """What became of the columns.

    Parameters
    ----------
    pixels : int
        Pixels of the region.
    columns : int
        Different columns, a soil in a weather cell each.
    simulated_now : int
        Columns simulated by this call; the others were finished before.
    failed : dict of str to int
        Columns without a value, by failure class.
    """

    pixels: int = 0
    columns: int = 0
    simulated_now: int = 0
    failed: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class SimulationJob:
    """A region to fill with physics.

    Parameters
    ----------
    files : CampaignFiles
        The campaign.
    days : sequence of date
        Days wanted, ascending, all in years whose weather is there.
    texture_step_pct : float or None
        Round textures to this step [%]; None takes them as the soils stage does, unrounded.
    threads : int
        Threads of the engine.
    """

    files: CampaignFiles
    days: Sequence[date]
    texture_step_pct: float | None = None
    threads: int = 1

    @cached_property
    def soils(self) -> RegionSoils:
        """Soils of the region's pixels."""
        return RegionSoils(self.files)

    def inputs(self) -> dict[str, str]:
        """Digest of everything that has a say in the numbers."""
        return self.soils.inputs({day.year for day in self.days})


def simulate_region(
    job: SimulationJob, parts: Parts, tell: Callable[[int, int], None] = lambda done, of: None
) -> SimulationCounts:
    """Simulate what is not simulated yet, one weather cell after the other.

    Memory is that of one cell: no more than some 18,000 pixels of 30 m, whatever the region.

    Parameters
    ----------
    job : SimulationJob
        The region.
    parts : Parts
        Where finished cells are kept.
    tell : callable
        Called after each cell with the number done and the number in all.
    """
    counts = SimulationCounts()
    windows = weather_cell_windows(job.files.grid, job.files.weather_grid)
    with job.files.stack() as stack:
        for number, (cell, window) in enumerate(windows.items(), 1):
            name = f"cell_{cell}"
            if not parts.has(name):
                arrays = _simulate_cell(job, stack, cell, window)
                parts.put(name, arrays)
                counts.simulated_now += len(arrays["theta"])
            _count(counts, parts.get(name))
            tell(number, len(windows))
    return counts


def _count(counts: SimulationCounts, arrays: Mapping[str, AnyArray]) -> None:
    counts.pixels += int((arrays["column"] >= 0).sum())
    counts.columns += len(arrays["theta"])
    names = arrays["failure"][arrays["failure"] != ""].tolist()
    counts.failed.update(str(name) for name in names)


def _simulate_cell(
    job: SimulationJob, stack: CovariateStack, cell: int, window: Window
) -> dict[str, AnyArray]:
    """Columns of one cell, which pixel has which, and their water content on the days wanted."""
    inside = job.files.weather_grid.ids(job.files.grid, window) == cell
    layers = _pixel_layers(job, stack, cell, window, inside)
    found = unique_columns(window, inside, layers)
    n_column = found.representative.size
    n_depth = len(job.files.campaign.labels.depths_mm)
    theta = np.full((n_column, len(job.days), n_depth), np.nan, dtype=np.float32)
    failure = np.full(n_column, "", dtype="U32")
    soils = _soils_of_columns(job, layers, found)
    for year in sorted({day.year for day in job.days}):
        _run_year(job, soils, cell, year, theta, failure)
    place = np.array([window.row, window.col, window.height, window.width])
    return {"window": place, "column": found.column, "theta": theta, "failure": failure}


def _pixel_layers(
    job: SimulationJob, stack: CovariateStack, cell: int, window: Window, inside: AnyArray
) -> pl.DataFrame:
    """Soil layers of a cell's pixels, sampled the way those of sites are."""
    layers = job.soils.layers(stack, cell, window, inside)
    if job.texture_step_pct is None:
        return layers
    return rounded_texture(layers, job.texture_step_pct)


def _soils_of_columns(
    job: SimulationJob, layers: pl.DataFrame, found: CellColumns
) -> pl.DataFrame | None:
    """Guarded soils of one pixel a column, by the campaign's own soils stage; None if none is."""
    import polars as pl

    position = pl.Series("site_id", found.representative)
    number = pl.DataFrame({"site_id": position, "column": np.arange(position.len())})
    rows = layers.join(number, on="site_id", how="inner", maintain_order="left")
    rows = rows.with_columns(pl.col("column").alias("site_id")).drop("column")
    return guarded_soils(job.files.campaign, rows)


def _run_year(
    job: SimulationJob,
    soils: pl.DataFrame | None,
    cell: int,
    year: int,
    theta: AnyArray,
    failure: AnyArray,
) -> None:
    """Simulate all columns in one year, and keep the days and depths wanted."""
    if soils is None:
        failure[:] = "INPUT_MISSING"
        return
    span = _span(job.days, year, job.files.campaign.engine.spin_up_days)
    at = [i for i, day in enumerate(job.days) if day.year == year]
    rows = np.array([day_number(job.days[i]) - span.first for i in at])
    cell_ids = np.full(len(theta), cell)
    run = simulate_columns(job.files, soils, cell_ids, year, span, rows, threads=job.threads)
    theta[:, at] = run.theta
    for column, name in run.failures.items():
        failure[column] = name


def _span(days: Sequence[date], year: int, spin_up_days: int) -> Span:
    """From the start of a site's run to the last map day: days to come have no say."""
    whole = Span.of_year(year, spin_up_days)
    wanted = [day_number(day) for day in days if day.year == year]
    return Span(whole.start, min(wanted), max(wanted))


WEATHER_FAILURES = ("FORCING_MISSING", "FORCING_GAP", "FORCING_VALUE")
LAND_FAILURES = ("INPUT_MISSING",)


class SimulationPainter:
    """Water content of any window from the finished cells.

    Parameters
    ----------
    job : SimulationJob
        The region.
    parts : Parts
        Its finished cells.
    """

    def __init__(self, job: SimulationJob, parts: Parts) -> None:
        self._grid, self._weather = job.files.grid, job.files.weather_grid
        self._n_depth = len(job.files.campaign.labels.depths_mm)
        self._cell = lru_cache(_CELLS_KEPT)(lambda cell: parts.get(f"cell_{cell}"))

    def theta(self, day: int, window: Window) -> AnyArray:
        """Water content on the day at a position, float32, shape (depth, row, col).

        NaN where no column could be simulated.
        """
        out = np.full((self._n_depth, *window.shape), np.nan, dtype=np.float32)
        cell = self._weather.ids(self._grid, window)
        for number in np.unique(cell[cell >= 0]).tolist():
            piece = self._cell(number)
            row, col = np.nonzero(cell == number)
            top, left = (int(v) for v in piece["window"][:2])
            column = piece["column"][row + window.row - top, col + window.col - left]
            out[:, row, col] = piece["theta"][column, day].T
        return out

    def lacking(self, window: Window) -> AnyArray:
        """Flags of the pixels whose weather or soil is not known, shape (row, col)."""
        cell = self._weather.ids(self._grid, window)
        no_weather, no_land = cell < 0, np.zeros(window.shape, dtype=bool)
        for number in np.unique(cell[cell >= 0]).tolist():
            piece = self._cell(number)
            row, col = np.nonzero(cell == number)
            top, left = (int(v) for v in piece["window"][:2])
            failure = piece["failure"][piece["column"][row + window.row - top,
                                                       col + window.col - left]]  # fmt: skip
            no_weather[row, col] = np.isin(failure, WEATHER_FAILURES)
            no_land[row, col] = np.isin(failure, LAND_FAILURES)
        return flags_of([(MISSING_WEATHER, no_weather), (MISSING_LAND, no_land)])
