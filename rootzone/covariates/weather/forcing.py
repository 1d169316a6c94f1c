"""Daily weather of every cell of a region: one year, checked, with demand and antecedent sums."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from rootzone._shared.arrays import ONE_DAY, AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.fetch.checksums import check_inputs
from rootzone.covariates.layers.catalog import Catalog, Layer
from rootzone.covariates.weather import pet
from rootzone.covariates.weather.antecedent import PAD_DAYS, antecedent_columns
from rootzone.covariates.weather.cells import Cells
from rootzone.covariates.weather.gaps import (
    FLAG_BITS,
    Gap,
    fill_from_neighbours,
    fill_in_time,
    impossible,
    list_gaps,
)
from rootzone.covariates.weather.read_gridmet import read_gridmet

if TYPE_CHECKING:
    import polars as pl

    from rootzone.campaign.model import Campaign

_LOG = logging.getLogger(__name__)

PetForm = Literal["delivered", "fao56", "hargreaves", "apsim"]
PET_FORMS: tuple[str, ...] = get_args(PetForm)
GapPolicy = Literal["refuse", "fill"]
GAP_POLICIES: tuple[str, ...] = get_args(GapPolicy)

_COLUMNS = {
    "pr": "rain_mm", "tmmx": "tmax_degc", "tmmn": "tmin_degc", "srad": "radn_mj_m2",
    "vpd": "vpd_kpa", "pet": "pet_mm", "vs": "wind_m_s",
}  # fmt: skip
_ALWAYS = ("pr", "tmmx", "tmmn", "srad", "vpd")
_WIND_HEIGHT_M = 10.0  # gridMET's vs
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
    """

    source: str = "gridmet"
    pet_form: PetForm = "delivered"
    gap_policy: GapPolicy = "refuse"
    albedo: float = 0.13

    @classmethod
    def of(cls, campaign: Campaign) -> ForcingRequest:
        """What a campaign asks for."""
        weather = campaign.weather
        return cls(campaign.catalog.forcing, weather.pet, weather.gaps, weather.albedo)

    @property
    def variables(self) -> tuple[str, ...]:
        """Files that are needed, by gridMET's short names."""
        extra = {"delivered": ("pet",), "fao56": ("vs",)}.get(self.pet_form, ())
        return _ALWAYS + extra


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
            series = pl.Series(name, np.ascontiguousarray(values.T, dtype=np.float32).ravel())
            data[name] = series.fill_nan(None)
        data["filled"] = self.flags.T.astype(np.int16).ravel()
        return pl.DataFrame(data)


def prepare_year(
    catalog: Catalog,
    request: ForcingRequest,
    year: int,
    cells: Cells,
    elevation_m: AnyArray | None = None,
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

    Raises
    ------
    RequestError
        A file is missing or wrong, or there is a gap and the policy is ``refuse``.
    """
    if request.pet_form == "fao56" and elevation_m is None:
        raise RequestError("PET by fao56 needs the height of the cells; the catalog has no DEM.")
    first, last = date(year, 1, 1), date(year, 12, 31)
    raw, files = _read(catalog, request, first, last, cells)
    there = ~np.all([np.isnan(column).all(axis=0) for column in raw.values()], axis=0)
    if not there.any():
        raise RequestError(f"{request.source} {year}: no cell of the region has any weather.")
    kept = Cells(cells.row[there], cells.col[there])
    heights = None if elevation_m is None else np.asarray(elevation_m)[there]
    raw = {name: column[:, there] for name, column in raw.items()}
    dates = np.arange(np.datetime64(first), np.datetime64(last) + ONE_DAY)
    columns, flags, gaps = _complete(raw, dates, kept, request, f"{request.source} {year}")
    columns |= _demand(columns, dates, kept, request, heights)
    if request.pet_form != "delivered":
        filled = (flags & ~FLAG_BITS["rain_mm"]) > 0
        flags = np.where(filled, flags | FLAG_BITS["pet_mm"], flags)
    before, padded = _year_before(catalog, request, first, kept, heights)
    sums = antecedent_columns(
        np.vstack([before["rain_mm"], columns["rain_mm"]]),
        np.vstack([before["pet_mm"], columns["pet_mm"]]),
    )
    columns |= {name: values[PAD_DAYS:] for name, values in sums.items()}
    return ForcingYear(
        year, kept, dates, columns, flags, gaps, int((~there).sum()), padded, tuple(files)
    )


def _read(
    catalog: Catalog, request: ForcingRequest, first: date, last: date, cells: Cells
) -> tuple[dict[str, AnyArray], list[Path]]:
    """Columns on every day from first to last, NaN on days that no file holds."""
    days = (last - first).days + 1
    columns, files = {}, []
    for short in request.variables:
        layer = _layer(catalog, request, short, last.year)
        address = _address(catalog, layer)
        if isinstance(address, Path):
            check_inputs([address], catalog.data_folder)
        read = read_gridmet(address, short, catalog.source(request.source).variables[short], cells,
                            first, last)  # fmt: skip
        column = np.full((days, len(cells)), np.nan, dtype=np.float32)
        column[(read.dates - np.datetime64(first)).astype(int)] = read.values
        columns[_COLUMNS[short]] = column
        if isinstance(address, Path):
            files.append(address)
    return columns, files


def _layer(catalog: Catalog, request: ForcingRequest, short: str, year: int) -> Layer:
    source = catalog.source(request.source)
    parts = {"variable": short, "year": str(year)}
    return catalog.layer("/".join([request.source, *(parts[key] for key in source.keys)]))


def _address(catalog: Catalog, layer: Layer) -> str | Path:
    pattern = layer.path_pattern()
    if pattern.startswith(("http://", "https://")):
        return pattern
    return catalog.data_folder / pattern


def _complete(
    raw: dict[str, AnyArray], dates: AnyArray, cells: Cells, request: ForcingRequest, where: str
) -> tuple[dict[str, AnyArray], AnyArray, list[Gap]]:
    """Columns without what cannot be true, filled where the policy allows it."""
    wrong = impossible(raw, _top_mj_m2(dates, cells))
    gaps = list_gaps(raw, wrong, dates, cells)
    flags = np.zeros((len(dates), len(cells)), dtype=np.int64)
    if not gaps:
        return dict(raw), flags, gaps
    if request.gap_policy == "refuse":
        raise RequestError(_refusal(gaps, where))
    columns = {}
    for name, column in raw.items():
        holes = np.where(wrong[name], np.nan, column)
        fill = fill_from_neighbours(holes, cells) if name == "rain_mm" else fill_in_time(holes)
        columns[name] = fill[0]
        flags |= fill[1] * FLAG_BITS[name]
    _LOG.warning("%s: %d gaps, see the gap report", where, len(gaps))
    return columns, flags, gaps


def _refusal(gaps: list[Gap], where: str) -> str:
    listed = "\n".join(f"  {gap}" for gap in gaps[:_LISTED])
    more = f"\n  and {len(gaps) - _LISTED} more" if len(gaps) > _LISTED else ""
    return (
        f"FORCING_GAP {where}: {sum(gap.cells for gap in gaps)} cell-days are missing or cannot be "
        f"true:\n{listed}{more}\nLook at the files with rootzone catalog check, fetch them again, "
        "or set weather.gaps: fill, which fills short gaps, flags them and counts what stays empty."
    )


def _top_mj_m2(dates: AnyArray, cells: Cells) -> FloatArray:
    day_of_year = (dates - dates.astype("datetime64[Y]")).astype(int) + 1
    return pet.extraterrestrial_mj_m2(cells.lat[None, :], day_of_year[:, None])


def _demand(
    columns: dict[str, AnyArray],
    dates: AnyArray,
    cells: Cells,
    request: ForcingRequest,
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
    wind = pet.wind_at_2_m(columns["wind_m_s"], _WIND_HEIGHT_M)
    height = np.asarray(elevation_m, dtype=np.float64)[None, :]
    out["pet_mm"] = pet.fao56_mm(columns["radn_mj_m2"], tmax, tmin, vapour, wind, top, height)
    return out


def _year_before(
    catalog: Catalog,
    request: ForcingRequest,
    first: date,
    cells: Cells,
    elevation_m: AnyArray | None,
) -> tuple[dict[str, AnyArray], bool]:
    """Rain and demand of the last days of the year before; NaN where its files are not there."""
    start, end = first - timedelta(days=PAD_DAYS), first - timedelta(days=1)
    unknown = np.full((PAD_DAYS, len(cells)), np.nan)
    for short in request.variables:
        address = _address(catalog, _layer(catalog, request, short, end.year))
        if isinstance(address, Path) and not address.is_file():
            return {"rain_mm": unknown, "pet_mm": unknown}, False
    raw, _ = _read(catalog, request, start, end, cells)
    if all(np.isnan(column).all() for column in raw.values()):  # an aggregate that starts later
        return {"rain_mm": unknown, "pet_mm": unknown}, False
    dates = np.arange(np.datetime64(start), np.datetime64(end) + ONE_DAY)
    columns, _, _ = _complete(
        raw, dates, cells, request, f"{request.source} {end.year}, last {PAD_DAYS} days"
    )
    columns |= _demand(columns, dates, cells, request, elevation_m)
    return columns, True
