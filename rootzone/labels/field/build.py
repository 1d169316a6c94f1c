"""Make the physics of a region's pixels for whole years, one weather cell after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.digests import digest_json
from rootzone._shared.parts import Parts
from rootzone._shared.seeds import stream
from rootzone.covariates.open_campaign import CampaignFiles
from rootzone.jobs.shard.counted_days import Span
from rootzone.labels.field.anchors import Asked
from rootzone.labels.field.cell import cell_piece, column_soils
from rootzone.labels.field.columns import CellColumns, unique_columns, weather_cell_windows
from rootzone.labels.field.region_soils import RegionSoils
from rootzone.labels.simulate_columns import guarded_soils, simulate_columns

if TYPE_CHECKING:
    import polars as pl

    from rootzone._shared.arrays import AnyArray, FloatArray, IntArray
    from rootzone.covariates.grid import Window
    from rootzone.covariates.layers.stack import CovariateStack

_FORM = 1  # of the pieces; a change makes them again
Tell = Callable[[int, int], None]


@dataclass
class FieldCounts:
    """What a field is made of.

    Parameters
    ----------
    pixels : int
        Pixels of the region, a year each.
    columns : int
        Different soils in a weather cell, a year each.
    simulated : int
        Those that were simulated; the others lie between them.
    simulated_now : int
        Those simulated by this call.
    worst_error : float
        Largest of the cells' 95th percentiles of the error at held-out soils [m3 m-3].
    failed : Counter
        Columns without a value, by failure class.
    """

    pixels: int = 0
    columns: int = 0
    simulated: int = 0
    simulated_now: int = 0
    worst_error: float = 0.0
    failed: Counter[str] = field(default_factory=Counter)


def field_parts(files: CampaignFiles, year: int) -> Parts:
    """Where the pieces of a year lie; other inputs or settings have another folder."""
    campaign = files.campaign
    decides = [
        RegionSoils(files).inputs([year]),
        [float(depth) for depth in campaign.labels.depths_mm],
        campaign.region.model_dump(mode="json"),
        campaign.grid.model_dump(mode="json"),
        campaign.maps.physics_error,
        campaign.cover,
        _FORM,
    ]
    return Parts(files.workspace.physics / f"{year}-{digest_json(decides)}")


@dataclass(frozen=True)
class FieldBuilder:
    """Makes the pieces of a campaign's field; it travels to other processes.

    Parameters
    ----------
    files : CampaignFiles
        The campaign; ``maps.physics_error`` says how good the field must be.
    years : tuple of int
        Calendar years whose weather is there.
    threads : int
        Threads of the engine.
    """

    files: CampaignFiles
    years: tuple[int, ...]
    threads: int = 1

    @cached_property
    def soils(self) -> RegionSoils:
        """Soils of the region's pixels."""
        return RegionSoils(self.files)

    @cached_property
    def parts(self) -> dict[int, Parts]:
        """Where the pieces of each year lie."""
        return {year: field_parts(self.files, year) for year in self.years}

    @cached_property
    def windows(self) -> dict[int, Window]:
        """Weather cells, and the pixels that hold each."""
        return weather_cell_windows(self.files.grid, self.files.weather_grid)

    def missing(self) -> list[int]:
        """Cells that some year lacks."""
        return [cell for cell in self.windows if self._years_of(cell)]

    def _years_of(self, cell: int) -> list[int]:
        return [year for year in self.years if not self.parts[year].has(f"cell_{cell}")]

    def make(self, cell: int) -> None:
        """Simulate the anchors of a cell in every year that lacks them."""
        with self.files.stack() as stack:
            columns = _Columns.of(self.soils, stack, cell, self.windows[cell])
        for year in self._years_of(cell):
            self.parts[year].put(f"cell_{cell}", columns.piece(year, self.threads))

    def counts(self, made: Collection[int]) -> FieldCounts:
        """What all pieces hold; ``made`` are the cells that were made now."""
        counts = FieldCounts()
        for year in self.years:
            for cell in self.windows:
                piece = self.parts[year].get(f"cell_{cell}")
                _count(counts, piece)
                counts.simulated_now += int(piece["counts"][0]) * (cell in made)
        return counts


def build_field(
    files: CampaignFiles,
    years: Iterable[int],
    *,
    threads: int = 1,
    tell: Tell = lambda done, of: None,
) -> FieldCounts:
    """Simulate the anchors of every weather cell and year that are not there yet.

    A killed run goes on where it was. Memory is that of one cell and year.

    Parameters
    ----------
    files, years, threads
        As in `FieldBuilder`.
    tell : callable
        Called after each cell with the number done and the number in all.
    """
    builder = FieldBuilder(files, tuple(sorted(set(years))), threads)
    missing = builder.missing()
    for number, cell in enumerate(missing, 1):
        builder.make(cell)
        tell(number, len(missing))
    return builder.counts(missing)


def _count(counts: FieldCounts, piece: Mapping[str, AnyArray]) -> None:
    counts.pixels += int((piece["column"] >= 0).sum())
    counts.columns += piece["failure"].size
    counts.simulated += int(piece["counts"][0])
    counts.worst_error = max(counts.worst_error, float(piece["counts"][1]))
    counts.failed.update(piece["failure"][piece["failure"] != ""].tolist())


@dataclass(frozen=True)
class _Columns:
    """Columns of one cell, the same in every year."""

    soils: RegionSoils
    cell: int
    layers: pl.DataFrame
    found: CellColumns

    @classmethod
    def of(cls, soils: RegionSoils, stack: CovariateStack, cell: int, window: Window) -> _Columns:
        inside = soils.files.weather_grid.ids(soils.files.grid, window) == cell
        layers = soils.layers(stack, cell, window, inside)
        return cls(soils, cell, layers, unique_columns(window, inside, layers))

    def piece(self, year: int, threads: int) -> dict[str, AnyArray]:
        campaign = self.soils.files.campaign
        span = Span.of_year(year, campaign.engine.spin_up_days)
        n_day, n_depth = span.last - span.first + 1, len(campaign.labels.depths_mm)

        def simulate(which: IntArray) -> tuple[FloatArray, Mapping[int, str]]:
            table = guarded_soils(campaign, self._rows(which))
            if table is None:
                nothing = np.full((which.size, n_day, n_depth), np.nan)
                return nothing, dict.fromkeys(range(which.size), "INPUT_MISSING")
            cells = np.full(which.size, self.cell)
            days = np.arange(n_day)
            files = self.soils.files
            run = simulate_columns(files, table, cells, year, span, days, threads=threads)
            return run.theta, run.failures

        columns = column_soils(self.layers, self.found, campaign.soil.texture_tolerance_pct)
        asked = Asked(error=campaign.maps.physics_error)
        rng = stream(campaign.seeds.pilot, self.cell, year)
        return cell_piece(self.found, columns, simulate, (n_day, n_depth), asked, rng)

    def _rows(self, which: IntArray) -> pl.DataFrame:
        """Layers of some columns, ``site_id`` counting them."""
        import polars as pl

        n_layer = self.layers.height // int((self.found.column >= 0).sum())
        first = self.found.representative[which] * n_layer
        rows = (first[:, None] + np.arange(n_layer)).ravel()
        number = np.repeat(np.arange(which.size), n_layer)
        return self.layers[rows].with_columns(pl.Series("site_id", number))
