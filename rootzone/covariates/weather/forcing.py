"""Daily weather of every cell of a region: one year, checked, with demand and antecedent sums."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from rootzone._shared.arrays import ONE_DAY, AnyArray, BoolArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import Bounds
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.layers.source import Source
from rootzone.covariates.readers.registry import daily_reader
from rootzone.covariates.weather import pet
from rootzone.covariates.weather.antecedent import PAD_DAYS, antecedent_columns
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.daily_entry import column_layer, hours_from_utc
from rootzone.covariates.weather.derive import Recipe, moved, recipe
from rootzone.covariates.weather.gaps import (
    FLAG_BITS,
    Gap,
    absent_days,
    fill_from_neighbours,
    fill_in_time,
    impossible,
    list_gaps,
    repeat_day_before,
)
from rootzone.covariates.weather.rim_cells import as_whole_as_the_region

if TYPE_CHECKING:
    import polars as pl

    from rootzone.campaign.model import Campaign

_LOG = logging.getLogger(__name__)

PetForm = Literal["delivered", "fao56", "hargreaves", "apsim"]
GapPolicy = Literal["refuse", "fill"]

_ALWAYS = ("rain_mm", "tmax_degc", "tmin_degc", "radn_mj_m2", "vpd_kpa")
_LISTED = 12


@dataclass(frozen=True)
class ForcingRequest:
    """What weather is wanted.

    Parameters
    ----------
    source : str
        Catalog entry of daily weather.
    pet_form : str
        ``delivered``, ``fao56``, ``hargreaves`` or ``apsim``.
    gap_policy : str
        ``refuse`` stops at the first year with a gap; ``fill`` fills what can be and counts the
        rest.
    albedo : float
        Albedo of the ground, for the ``apsim`` form.
    utc_offset_h : float
        Local time less UTC [h], for weather that comes by hours.
    lapse_degc_per_km : float, optional
        Cooling with height [degC km-1] by which temperatures are brought from the product's ground
        to the region's; None leaves them.
    leaf_area : str, optional
        Catalog entry of leaf area by date; None gives no column ``lai``.
    """

    source: str = "gridmet"
    pet_form: PetForm = "delivered"
    gap_policy: GapPolicy = "refuse"
    albedo: float = 0.13
    utc_offset_h: float = 0.0
    lapse_degc_per_km: float | None = None
    leaf_area: str | None = None

    @classmethod
    def of(cls, campaign: Campaign, catalog: Catalog, bounds: Bounds) -> ForcingRequest:
        """What a campaign asks for in a box of degrees.

        Local time counts only where weather comes by hours: that of the campaign, or the whole hour
        nearest to the middle of the region.
        """
        weather, name = campaign.weather, campaign.catalog.forcing
        middle = (bounds[0] + bounds[2]) / 2.0
        offset = hours_from_utc(catalog, name, middle, weather.utc_offset_h)
        return cls(
            name, weather.pet, weather.gaps, weather.albedo, offset,
            weather.lapse_degc_per_km, weather.leaf_area,
        )  # fmt: skip

    @property
    def needs_heights(self) -> bool:
        """Whether the mean height of the region in each cell is needed."""
        return self.pet_form == "fao56" or self.lapse_degc_per_km is not None

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that are needed before demand is worked out."""
        extra = {"delivered": ("pet_mm",), "fao56": ("wind_m_s",)}.get(self.pet_form, ())
        return _ALWAYS + extra

    def recipe(self, catalog: Catalog) -> Recipe:
        """What is read of the source, and what is worked out from it."""
        source = catalog.source(self.source)
        delivered = {part.column for part in source.variables.values()} - {""}
        return recipe(self.columns, delivered, self.source)

    def variables(self, catalog: Catalog) -> tuple[str, ...]:
        """Variables of the source that are read, by their names in the catalog."""
        parts = catalog.source(self.source).variables
        wanted = self.recipe(catalog).read
        return tuple(next(n for n, p in parts.items() if p.column == column) for column in wanted)


@dataclass(frozen=True)
class ForcingYear:
    """Weather of one year.

    Parameters
    ----------
    year : int
        Calendar year.
    cells : Cells
        Cells that have weather.
    dates : array of datetime64[D], shape (day,)
        Every day of the year.
    columns : mapping of str to array, shape (day, cell)
        Values by the names of the weather table; NaN where nothing is known.
    flags : array of int, shape (day, cell)
        Bits of the columns that were filled in.
    gaps : list of Gap
        What was missing or impossible.
    empty_cells : int
        Cells of the region without any weather: sea, or beyond the border.
    padded : bool
        Whether the sums of the first days reach into the year before.
    files : tuple of Path
        Files it was read from.
    """

    year: int
    cells: Cells
    dates: AnyArray
    columns: dict[str, AnyArray]
    flags: AnyArray
    gaps: list[Gap] = field(default_factory=list)
    empty_cells: int = 0
    padded: bool = False
    files: tuple[Path, ...] = ()

    @property
    def left_empty(self) -> dict[str, int]:
        """Cell-days without a value, by column; the sums of the first days are not counted."""
        return {name: int(np.isnan(self.columns[name]).sum()) for name in FLAG_BITS
                if name in self.columns}  # fmt: skip

    def to_frame(self) -> pl.DataFrame:
        """The weather table: one row a cell and day, cell by cell, missing values null."""
        import polars as pl

        days, count = len(self.dates), len(self.cells)
        data: dict[str, AnyArray | pl.Series] = {
            "cell_id": np.repeat(self.cells.cell_id, days),
            "date": np.tile(self.dates, count),
        }
        for name, values in self.columns.items():
            # The simulation follows pet_mm: its labels shall be those of the formula to the bit.
            kept = np.float64 if name == "pet_mm" else np.float32
            series = pl.Series(name, np.ascontiguousarray(values.T, dtype=kept).ravel())
            data[name] = series.fill_nan(None)
        data["filled"] = self.flags.T.astype(np.int16).ravel()
        return pl.DataFrame(data)


def prepare_year(
    catalog: Catalog,
    request: ForcingRequest,
    year: int,
    cells: Cells,
    elevation_m: AnyArray | None = None,
    warmer_degc: AnyArray | None = None,
    rim: BoolArray | None = None,
) -> ForcingYear:
    """Read, check and complete the weather of one year.

    Parameters
    ----------
    catalog : Catalog
        Where the files are.
    request : ForcingRequest
        What is wanted.
    year : int
        Calendar year.
    cells : Cells
        Cells of the region.
    elevation_m : array, shape (cell,), optional
        Height of the cells [m], for ``fao56``.
    warmer_degc : array, shape (cell,), optional
        What is added to temperatures [degC], for ``lapse_degc_per_km``.
    rim : array of bool, shape (cell,), optional
        Cells beyond the region, which are left out where they lack what it has.

    Raises
    ------
    RequestError
        A file is missing or wrong, or there is a gap and the policy is ``refuse``.
    """
    if request.pet_form == "fao56" and elevation_m is None:
        raise RequestError("PET by fao56 needs the height of the cells; the catalog has no DEM.")
    first, last = date(year, 1, 1), date(year, 12, 31)
    raw, files = _read(catalog, request, first, last, cells, warmer_degc)
    dates = np.arange(np.datetime64(first), np.datetime64(last) + ONE_DAY)
    there = ~np.all([np.isnan(column).all(axis=0) for column in raw.values()], axis=0)
    core = np.ones(len(cells), dtype=np.bool_) if rim is None else ~rim
    if not there[core].any():
        raise RequestError(f"{request.source} {year}: no cell of the region has any weather.")
    empty = int((~there & core).sum())
    there &= as_whole_as_the_region(raw, impossible(raw, _top_mj_m2(dates, cells)), ~core)
    kept = cells.those(there)
    heights = None if elevation_m is None else np.asarray(elevation_m)[there]
    raw = {name: column[:, there] for name, column in raw.items()}
    source = catalog.source(request.source)
    columns, flags, gaps = _complete(raw, dates, kept, request, source, f"{request.source} {year}")
    columns |= _demand(columns, dates, kept, request, source, heights)
    if request.pet_form != "delivered":
        filled = (flags & ~FLAG_BITS["rain_mm"]) > 0
        flags = np.where(filled, flags | FLAG_BITS["pet_mm"], flags)
    warmer = None if warmer_degc is None else np.asarray(warmer_degc)[there]
    before, padded = _year_before(catalog, request, first, kept, heights, warmer)
    sums = antecedent_columns(
        np.vstack([before["rain_mm"], columns["rain_mm"]]),
        np.vstack([before["pet_mm"], columns["pet_mm"]]),
    )
    columns |= {name: values[PAD_DAYS:] for name, values in sums.items()}
    return ForcingYear(year, kept, dates, columns, flags, gaps, empty, padded, tuple(files))


def _read(
    catalog: Catalog,
    request: ForcingRequest,
    first: date,
    last: date,
    cells: Cells,
    warmer_degc: AnyArray | None = None,
) -> tuple[dict[str, AnyArray], list[Path]]:
    """Columns on every day from first to last, NaN on days that no file holds."""
    days = (last - first).days + 1
    how = request.recipe(catalog)
    columns: dict[str, AnyArray] = {}
    files: dict[Path, None] = {}
    for column in how.read:
        layer = column_layer(catalog, request.source, column, last.year)
        reader = daily_reader(layer)
        read = reader.read(layer, catalog.data_folder, cells, first, last, request.utc_offset_h)
        values = np.full((days, len(cells)), np.nan, dtype=np.float32)
        values[(read.dates - np.datetime64(first)).astype(int)] = read.values
        columns[column] = values
        found = reader.paths(layer, catalog.data_folder, first, last)
        files.update({path: None for path in found if isinstance(path, Path)})
    dates = np.arange(np.datetime64(first), np.datetime64(last) + ONE_DAY)
    whole = how.apply(columns, _top_mj_m2(dates, cells)) if how.steps else columns
    if warmer_degc is not None:
        whole = moved(whole, warmer_degc)
    wanted = request.columns
    return {name: whole[name] for name in wanted}, list(files)


def _complete(
    raw: dict[str, AnyArray],
    dates: AnyArray,
    cells: Cells,
    request: ForcingRequest,
    source: Source,
    where: str,
) -> tuple[dict[str, AnyArray], AnyArray, list[Gap]]:
    """Columns without what cannot be true, filled where the policy allows it."""
    wrong = impossible(raw, _top_mj_m2(dates, cells))
    gaps = list_gaps(raw, wrong, dates, cells)
    flags = np.zeros((len(dates), len(cells)), dtype=np.int64)
    if not gaps:
        return dict(raw), flags, gaps
    if request.gap_policy == "refuse":
        raise RequestError(_refusal(gaps, where, source))
    columns = {}
    absent = absent_days(dates, source.absent_days)
    for name, column in raw.items():
        holes = np.where(wrong[name], np.nan, column)
        holes, repeated = repeat_day_before(holes, absent, 0.0 if name == "rain_mm" else None)
        flags |= repeated * FLAG_BITS[name]
        fill = fill_from_neighbours(holes, cells) if name == "rain_mm" else fill_in_time(holes)
        columns[name] = fill[0]
        flags |= fill[1] * FLAG_BITS[name]
    _LOG.warning("%s: %d gaps, see the gap report", where, len(gaps))
    return columns, flags, gaps


def _refusal(gaps: list[Gap], where: str, source: Source) -> str:
    listed = "\n".join(f"  {gap}" for gap in gaps[:_LISTED])
    more = f"\n  and {len(gaps) - _LISTED} more" if len(gaps) > _LISTED else ""
    return (
        f"FORCING_GAP {where}: {sum(gap.cells for gap in gaps)} cell-days are missing or cannot be "
        f"true:\n{listed}{more}\nLook at the files with rootzone catalog check, fetch them again, "
        "or set weather.gaps: fill, which fills short gaps, flags them and counts what stays empty."
        + (f" {source.title} has no {source.absent_days}." if source.absent_days != "none" else "")
    )


def _top_mj_m2(dates: AnyArray, cells: Cells) -> FloatArray:
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(int) + 1
    return pet.extraterrestrial_mj_m2(cells.lat[None, :], day_of_year[:, None])


def _demand(
    columns: dict[str, AnyArray],
    dates: AnyArray,
    cells: Cells,
    request: ForcingRequest,
    source: Source,
    elevation_m: AnyArray | None,
) -> dict[str, AnyArray]:
    """Mean temperature, and potential evapotranspiration by the form that is wanted."""
    tmax, tmin = columns["tmax_degc"].astype(float), columns["tmin_degc"].astype(float)
    out: dict[str, AnyArray] = {"tmean_degc": (tmax + tmin) / 2.0}
    if request.pet_form == "delivered":
        return out
    if request.pet_form == "apsim":
        from rootzone.covariates.weather.apsim_eo import apsim_mm

        out["pet_mm"] = apsim_mm(columns["radn_mj_m2"], tmax, tmin, request.albedo)
        return out
    top = _top_mj_m2(dates, cells)
    if request.pet_form == "hargreaves":
        out["pet_mm"] = pet.hargreaves_mm(tmax, tmin, top)
        return out
    vapour = np.maximum(pet.mean_saturation_kpa(tmax, tmin) - columns["vpd_kpa"], 0.0)
    wind = pet.wind_at_2_m(columns["wind_m_s"], _wind_height_m(source))
    height = np.asarray(elevation_m, dtype=np.float64)[None, :]
    out["pet_mm"] = pet.fao56_mm(columns["radn_mj_m2"], tmax, tmin, vapour, wind, top, height)
    return out


def _wind_height_m(source: Source) -> float:
    wind = ("wind_m_s", "wind_u_m_s")
    return next(part.height_m for part in source.variables.values() if part.column in wind)


def _year_before(
    catalog: Catalog,
    request: ForcingRequest,
    first: date,
    cells: Cells,
    elevation_m: AnyArray | None,
    warmer_degc: AnyArray | None = None,
) -> tuple[dict[str, AnyArray], bool]:
    """Rain and demand of the last days of the year before; NaN where its files are not there."""
    start, end = first - timedelta(days=PAD_DAYS), first - timedelta(days=1)
    unknown = np.full((PAD_DAYS, len(cells)), np.nan)
    if not _is_there(catalog, request, start, end):
        return {"rain_mm": unknown, "pet_mm": unknown}, False
    raw, _ = _read(catalog, request, start, end, cells, warmer_degc)
    if all(np.isnan(column).all() for column in raw.values()):  # an aggregate that starts later
        return {"rain_mm": unknown, "pet_mm": unknown}, False
    dates = np.arange(np.datetime64(start), np.datetime64(end) + ONE_DAY)
    source = catalog.source(request.source)
    columns, _, _ = _complete(
        raw, dates, cells, request, source, f"{request.source} {end.year}, last {PAD_DAYS} days"
    )
    columns |= _demand(columns, dates, cells, request, source, elevation_m)
    return columns, True


def _is_there(catalog: Catalog, request: ForcingRequest, start: date, end: date) -> bool:
    """Whether every file of a span of days is there; addresses count as there."""
    for column in request.recipe(catalog).read:
        layer = column_layer(catalog, request.source, column, end.year)
        try:
            paths = daily_reader(layer).paths(layer, catalog.data_folder, start, end)
        except RequestError:  # a pattern that no file fits
            return False
        if any(isinstance(path, Path) and not path.is_file() for path in paths):
            return False
    return True
