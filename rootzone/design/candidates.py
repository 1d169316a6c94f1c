"""Which pixels of a window are candidates, and which were left out for what reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.grid import MasterGrid, Window
from rootzone.covariates.weather.cells import WeatherGrid
from rootzone.design.classes import ClassTable, stratum_code
from rootzone.design.features import MISSING_CELL, STORED, record_dtype

LAYERS = ("land_cover", "climate_class", "sand_pct", "silt_pct", "clay_pct", "elevation_m")
INSIDE = "inside"  # optional layer: false outside the region's outline

# Every reason for leaving a pixel out, in the order they are looked at: a pixel counts once.
REASONS = {
    "outside_region": "outside the region's outline",
    "no_land_cover": "no land-cover class",
    "excluded_land_cover": "land cover that the campaign excludes",
    "no_climate_class": "no climate class",
    "no_texture": "sand, silt or clay missing",
    "bad_texture": "sand, silt or clay negative, or their sum too far from 100 %",
    "no_elevation": "elevation missing or beyond -500 to 12,607 m",
    "no_weather_cell": "outside the weather grid",
}


@dataclass(frozen=True)
class Rules:
    """What makes a pixel a candidate.

    Parameters
    ----------
    land_cover, climate : ClassTable
        What the codes of the two class layers mean.
    weather : WeatherGrid
        Cells of the forcing.
    exclude_land_cover : tuple of int
        Land-cover codes that are no candidates.
    texture_sum_tolerance_pct : float
        How far sand + silt + clay may be from 100 %.
    """

    land_cover: ClassTable
    climate: ClassTable
    weather: WeatherGrid
    exclude_land_cover: tuple[int, ...] = ()
    texture_sum_tolerance_pct: float = 20.0

    def __post_init__(self) -> None:
        strange = sorted(set(self.exclude_land_cover) - set(self.land_cover.labels))
        if strange:
            raise RequestError(
                f"sites.exclude_land_cover names {', '.join(map(str, strange))}, but the classes "
                f"of {self.land_cover.name} are {', '.join(map(str, self.land_cover.labels))}. "
                "Write the codes of the land-cover source this campaign uses."
            )


@dataclass(frozen=True)
class Found:
    """The candidates of a window, row by row.

    Parameters
    ----------
    records : array of records, shape (candidate,)
        Pixel number and packed features.
    stratum : array of uint16, shape (candidate,)
        Land cover * 256 + climate class.
    left_out : mapping of str to int
        Pixels left out, by reason.
    """

    records: AnyArray
    stratum: AnyArray
    left_out: dict[str, int]


def find_candidates(
    layers: Mapping[str, AnyArray], grid: MasterGrid, window: Window, rules: Rules
) -> Found:
    """Candidates of a window and the pixels left out, each counted under one reason.

    Textures are scaled to add up to 100 %, as the soils of the sites will be (paper, Eq. 6).

    Parameters
    ----------
    layers : mapping of str to array, shape of the window
        Class codes (integers) and values (NaN where missing), by the names in `LAYERS`; ``inside``
        may be there too.
    grid : MasterGrid
        Grid the window belongs to.
    window : Window
        The pixels.
    rules : Rules
        What a candidate is.

    Raises
    ------
    RequestError
        A layer holds codes that its class table does not know.
    """
    cover = _codes(layers["land_cover"], rules.land_cover, "land_cover", window)
    climate = _codes(layers["climate_class"], rules.climate, "climate_class", window)
    keep = np.ones(cover.size, dtype=bool)
    left_out: dict[str, int] = {}

    def leave_out(reason: str, wrong: BoolArray) -> None:
        left_out[reason] = int(np.count_nonzero(keep & wrong))
        keep[wrong] = False

    if INSIDE in layers:
        leave_out("outside_region", ~np.asarray(layers[INSIDE], dtype=bool).ravel())
    excluded = np.zeros(256, dtype=bool)
    excluded[list(rules.exclude_land_cover)] = True
    leave_out("no_land_cover", rules.land_cover.is_missing[cover] & ~excluded[cover])
    leave_out("excluded_land_cover", excluded[cover])
    leave_out("no_climate_class", rules.climate.is_missing[climate])
    sand, silt, clay = (_values(layers[name]) for name in ("sand_pct", "silt_pct", "clay_pct"))
    total = sand + silt + clay
    leave_out("no_texture", ~np.isfinite(total))
    leave_out("bad_texture", _bad_texture(sand, silt, clay, total, rules))
    height = _values(layers["elevation_m"])
    leave_out("no_elevation", ~_fits(height))
    rows, cols = (part.ravel() for part in rules.weather.window(grid, window))
    leave_out("no_weather_cell", (rows == MISSING_CELL) | (cols == MISSING_CELL))

    chosen = np.flatnonzero(keep)
    scale = 100.0 / total[chosen].astype(np.float64)
    records = np.empty(chosen.size, dtype=record_dtype(grid.width * grid.height))
    records["pixel"] = _pixel_numbers(chosen, grid, window)
    for i, values in enumerate((sand, silt, clay)):
        records["q"][:, i] = STORED[i].pack(values[chosen] * scale)
    records["q"][:, 3] = STORED[3].pack(height[chosen].astype(np.float64))
    records["q"][:, 4], records["q"][:, 5] = rows[chosen], cols[chosen]
    return Found(records, stratum_code(cover[chosen], climate[chosen]), left_out)


def _values(layer: AnyArray) -> AnyArray:
    return np.asarray(layer, dtype=np.float32).ravel()


def _codes(layer: AnyArray, table: ClassTable, name: str, window: Window) -> AnyArray:
    codes = np.asarray(layer).ravel()
    if not np.issubdtype(codes.dtype, np.integer) or codes.min() < 0 or codes.max() > 255:
        raise RequestError(
            f"Layer {name} holds {codes.dtype} from {codes.min()} to {codes.max()}; class codes "
            "are whole numbers 0 to 255. Check the catalog entry."
        )
    codes = codes.astype(np.uint8, copy=False)
    strange = table.unknown_codes(codes)
    if strange:
        listed = ", ".join(f"{code} ({count} pixels)" for code, count in strange.items())
        raise RequestError(
            f"Layer {name} holds codes that {table.name} does not know: {listed}, in rows "
            f"{window.row} to {window.row + window.height - 1} of the grid. Is this raster of "
            "another classification or version? Name the right class table in the catalog entry, "
            "or declare the code as missing data."
        )
    return codes


def _bad_texture(
    sand: AnyArray, silt: AnyArray, clay: AnyArray, total: AnyArray, rules: Rules
) -> BoolArray:
    negative = (sand < 0) | (silt < 0) | (clay < 0)
    off = np.abs(total - 100.0) > rules.texture_sum_tolerance_pct
    return np.asarray(negative | off | (total <= 0))


def _fits(height: AnyArray) -> BoolArray:
    with np.errstate(invalid="ignore"):
        return np.asarray((height >= STORED[3].offset) & (height <= STORED[3].highest))


def _pixel_numbers(chosen: AnyArray, grid: MasterGrid, window: Window) -> AnyArray:
    row, col = np.divmod(chosen, window.width)
    return np.asarray((row + window.row) * grid.width + (col + window.col))
