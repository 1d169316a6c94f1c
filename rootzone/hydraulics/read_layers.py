"""Read a table of soil layers: textures, measured parameters, or POLARIS's own curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.table_files import read_frame
from rootzone._shared.units import mm_from_cm
from rootzone.hydraulics.by_difference import (
    FRACTIONS,
    closed_by_difference,
    position_of_difference,
)
from rootzone.hydraulics.closed_forms import OM_PER_OC
from rootzone.hydraulics.layer_properties import stone_volume

if TYPE_CHECKING:
    import polars as pl

Source = Literal["texture", "parameters", "polaris"]

# Our name first, then other names that mean the same quantity in the same unit.
SYNONYMS: Final[dict[str, tuple[str, ...]]] = {
    "site_id": ("site", "station", "code"),
    "cell_id": ("cell",),
    "layer": (),
    "cover_code": (),
    "top_mm": (),
    "bottom_mm": (),
    "thickness_mm": (),
    "top_cm": ("depth_upper_cm", "hzdept_r"),
    "bottom_cm": ("depth_lower_cm", "hzdepb_r"),
    "thickness_cm": (),
    "depth_cm": ("depth",),
    "sand_pct": ("sand", "sandtotal_r"),
    "silt_pct": ("silt", "silttotal_r"),
    "clay_pct": ("clay", "claytotal_r"),
    "bd_g_cm3": ("bd", "bulk_density", "bulk_density_g_cm3", "dbovendry_r"),
    "om_pct": ("om", "organic_matter_pct", "om_r"),
    "oc_pct": ("oc", "soc_pct"),
    "log10_om_pct": (),
    "theta_33kpa": ("th33",),
    "theta_1500kpa": ("th1500",),
    "stones_vol_pct": ("coarse_frag_vol_pct",),
    "stones_mass_pct": ("coarse_frag_pct",),
    "theta_r": (),
    "theta_s": (),
    "alpha_per_cm": (),
    "n": (),
    "ks_mm_d": (),
    "ks_cm_d": ("ksat_cm_d",),
    "log10_alpha_per_kpa": ("alpha",),
    "log10_ks_cm_h": ("ksat", "log10_ksat_cm_h"),
}

_VALUES: Final[dict[Source, tuple[str, ...]]] = {
    "texture": FRACTIONS,
    "parameters": ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d"),
    "polaris": ("theta_r", "theta_s", "log10_alpha_per_kpa", "n", "log10_ks_cm_h"),
}
# Beside texture, where the table has them; see rootzone.hydraulics.layer_properties.
_PROPERTIES: Final = ("om_pct", "theta_33kpa", "theta_1500kpa", "stones_vol_pct")
_ALIKE = 0.8  # slit_pct and Silt are silt, slope_pct is not
_DEPTHS_SAY = (
    "its depths: top_mm and bottom_mm, top_cm and bottom_cm, depth_cm as text such as 5-15, or "
    "thickness_mm or thickness_cm"
)


@dataclass(frozen=True)
class SourceLayers:
    """Soil layers as they were given, site after site and from the top down.

    Parameters
    ----------
    site_ids, cell_ids : array, shape (site,)
        Identifiers as in the file; ``cell_ids`` repeats ``site_ids`` where the file has none.
    first_row : array of int, shape (site + 1,)
        Row at which each site starts.
    layer : array of int, shape (row,)
        Layer number within the site, 1 at the top.
    top_mm, bottom_mm : array, shape (row,)
        Depths [mm]; NaN where missing.
    values : array, shape (quantity, row)
        The quantities of ``names``, NaN where missing or not a number.
    names : tuple of str
        Names of ``values``, in our units.
    bd_g_cm3 : array, shape (row,), or None
        Bulk density [g cm-3], None where the file has no such column.
    file_row : array of int, shape (row,)
        Row of the file, 1 for the first below the header.
    file_name : str
        Name of the file, for messages.
    cover_codes : array, shape (site,), or None
        Position of each site's cover among all covers, None where the file has no such column.
    by_difference : array of int, shape (row,), or None
        Which of sand, silt and clay is what the others leave of 100 %, -1 for none; None where all
        were given.
    """

    site_ids: AnyArray
    cell_ids: AnyArray
    first_row: IntArray
    layer: IntArray
    top_mm: FloatArray
    bottom_mm: FloatArray
    values: FloatArray
    names: tuple[str, ...]
    bd_g_cm3: FloatArray | None
    file_row: IntArray
    file_name: str
    cover_codes: FloatArray | None = None
    by_difference: AnyArray | None = None

    @property
    def site_of_row(self) -> IntArray:
        """Position of each row's site, shape (row,)."""
        return np.repeat(np.arange(self.site_ids.size), np.diff(self.first_row))

    def of_sites(self, keep: BoolArray) -> SourceLayers:
        """The same table with the sites marked in ``keep`` only."""
        rows = np.repeat(keep, np.diff(self.first_row))
        counts = np.diff(self.first_row)[keep]
        return replace(
            self,
            site_ids=self.site_ids[keep],
            cell_ids=self.cell_ids[keep],
            first_row=np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
            layer=self.layer[rows],
            top_mm=self.top_mm[rows],
            bottom_mm=self.bottom_mm[rows],
            values=np.ascontiguousarray(self.values[:, rows]),
            bd_g_cm3=None if self.bd_g_cm3 is None else self.bd_g_cm3[rows],
            file_row=self.file_row[rows],
            cover_codes=None if self.cover_codes is None else self.cover_codes[keep],
            by_difference=None if self.by_difference is None else self.by_difference[rows],
        )


def read_layers(path: Path, source: Source) -> SourceLayers:
    """Read and sort a table of soil layers.

    Parameters
    ----------
    path : Path
        ``.parquet`` or ``.csv``, one row per site and layer in any order. Columns: ``site_id``,
        optionally ``cell_id``; depths in one of the ways of ``SYNONYMS``; and the quantities of
        ``source``: sand_pct, silt_pct, clay_pct (one may be left out: it closes the sum, and
        ``by_difference`` says so); or theta_r, theta_s, alpha_per_cm, n, ks_mm_d (or
        ks_cm_d); or POLARIS's theta_r, theta_s, alpha, n, ksat with its logarithms and units.
        Optionally ``bd_g_cm3``; with textures also ``om_pct`` (or ``oc_pct``), ``theta_33kpa``,
        ``theta_1500kpa`` and ``stones_vol_pct`` (or ``stones_mass_pct``, with a bulk density).
    source : {"texture", "parameters", "polaris"}
        What the table holds.

    Returns
    -------
    SourceLayers
        A cell that is empty or no number is NaN; it is for the caller to refuse it.

    Raises
    ------
    RequestError
        The file cannot be read, has no rows, or lacks a column, or names one twice.
    """
    return layers_of_frame(path, read_frame(path), source)


def layers_of_frame(path: Path, frame: pl.DataFrame, source: Source) -> SourceLayers:
    """As ``read_layers``, of a table in memory; ``path`` is named in messages."""
    frame = _with_our_names(path, frame, source)
    if frame.height == 0:
        raise RequestError(f"{path} has no rows.")
    codes, site_ids = _codes_in_order(path, frame)
    top, bottom = _depths(path, frame, codes)
    order = np.lexsort((top, codes))
    first_row = np.searchsorted(codes[order], np.arange(site_ids.size + 1)).astype(np.int64)
    names = _VALUES[source]
    if source == "texture":
        names += tuple(name for name in _PROPERTIES if name in frame.columns)
    values = np.stack([_numbers(frame, name) for name in names])[:, order]
    bd = _numbers(frame, "bd_g_cm3")[order] if "bd_g_cm3" in frame.columns else None
    cell_ids = site_ids
    if "cell_id" in frame.columns:
        cell_ids = frame["cell_id"].gather(order[first_row[:-1]]).to_numpy()
    closing = position_of_difference(frame) if source == "texture" else None
    return SourceLayers(
        site_ids,
        cell_ids,
        first_row,
        np.arange(codes.size) - np.repeat(first_row[:-1], np.diff(first_row)) + 1,
        top[order],
        bottom[order],
        np.ascontiguousarray(values),
        names,
        bd,
        order + 1,
        path.name,
        _numbers(frame, "cover_code")[order[first_row[:-1]]]
        if "cover_code" in frame.columns
        else None,
        None if closing is None else closing[order],
    )


def _with_our_names(path: Path, frame: pl.DataFrame, source: Source) -> pl.DataFrame:
    """The frame with its columns renamed to ours, and all that are needed."""
    problems, renamed = [], {}
    for name, others in SYNONYMS.items():
        if name.startswith("log10_") and source != "polaris":
            continue
        present = [other for other in (name, *others) if other in frame.columns]
        if len(present) > 1:
            problems.append(f"columns {' and '.join(present)} both mean {name}; keep one")
        if present:
            renamed[present[0]] = name
    frame = frame.rename(renamed, strict=False) if not problems else frame
    if "ks_mm_d" not in frame.columns and "ks_cm_d" in frame.columns:
        ks = _numbers(frame, "ks_cm_d")
        frame = frame.with_columns(_series("ks_mm_d", mm_from_cm(ks)))
    frame = _with_derived_properties(frame)
    unknown = [column for column in frame.columns if column not in SYNONYMS]
    if source == "texture" and not any(map(_spells_a_fraction, unknown)):
        frame = closed_by_difference(frame, str(path))
    for name in ("site_id", *_VALUES[source]):
        if name not in frame.columns:
            meant = [c for c in unknown if name in FRACTIONS and _spells_a_fraction(c)]
            hint = f"; did you mean {meant[0]}?" if meant else did_you_mean(name, unknown)
            problems.append(f"column {name} is missing{hint}")
    if problems:
        raise RequestError(f"{path} is not a table of soil layers ({source}): {_joined(problems)}.")
    return frame


def _spells_a_fraction(column: str) -> bool:
    """Whether a column that is not known may be sand, silt or clay, misspelt."""
    names = [other for name in FRACTIONS for other in (name, *SYNONYMS[name])]
    return bool(get_close_matches(column.strip().lower(), names, n=1, cutoff=_ALIKE))


def _with_derived_properties(frame: pl.DataFrame) -> pl.DataFrame:
    """Organic matter from carbon or its logarithm, and stones by volume from stones by mass."""
    has = set(frame.columns)
    if "om_pct" not in has and "oc_pct" in has:
        frame = frame.with_columns(_series("om_pct", OM_PER_OC * _numbers(frame, "oc_pct")))
    elif "om_pct" not in has and "log10_om_pct" in has:
        frame = frame.with_columns(_series("om_pct", 10.0 ** _numbers(frame, "log10_om_pct")))
    if "stones_vol_pct" not in has and {"stones_mass_pct", "bd_g_cm3"} <= has:
        share = stone_volume(_numbers(frame, "stones_mass_pct"), _numbers(frame, "bd_g_cm3"))
        frame = frame.with_columns(_series("stones_vol_pct", share))
    return frame


def _joined(problems: Sequence[str]) -> str:
    return "; ".join(problems)


def _series(name: str, values: FloatArray) -> pl.Series:
    import polars as pl

    return pl.Series(name, values)


def _numbers(frame: pl.DataFrame, name: str) -> FloatArray:
    """A column as floats, NaN where a cell is empty or no number."""
    import polars as pl

    column = frame[name].cast(pl.Float64, strict=False).fill_null(float("nan"))
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _codes_in_order(path: Path, frame: pl.DataFrame) -> tuple[IntArray, AnyArray]:
    """Number of each row's site, in the order of first appearance, and the sites' names."""
    column = frame["site_id"]
    if column.null_count():
        row = int(column.is_null().arg_max() or 0) + 1
        raise RequestError(
            f"{path} row {row} has no site_id ({column.null_count()} rows in all); give each row "
            "its site."
        )
    import polars as pl

    numbered = column.to_frame().with_row_index("row")
    first = numbered.select(pl.col("row").min().over("site_id")).to_series().to_numpy()
    starts, codes = np.unique(first, return_inverse=True)  # starts rise: order of appearance
    return codes.astype(np.int64), column.gather(starts).to_numpy()


def _depths(path: Path, frame: pl.DataFrame, codes: IntArray) -> tuple[FloatArray, FloatArray]:
    """Top and bottom of every row [mm]."""
    columns = set(frame.columns)
    if {"top_mm", "bottom_mm"} <= columns:
        return _numbers(frame, "top_mm"), _numbers(frame, "bottom_mm")
    if {"top_cm", "bottom_cm"} <= columns:
        return mm_from_cm(_numbers(frame, "top_cm")), mm_from_cm(_numbers(frame, "bottom_cm"))
    if "depth_cm" in columns:
        return _depths_from_text(frame["depth_cm"])
    if "thickness_mm" in columns:
        return _stacked(_numbers(frame, "thickness_mm"), codes, frame)
    if "thickness_cm" in columns:
        return _stacked(mm_from_cm(_numbers(frame, "thickness_cm")), codes, frame)
    raise RequestError(f"{path} does not give {_DEPTHS_SAY}.")


def _depths_from_text(column: pl.Series) -> tuple[FloatArray, FloatArray]:
    """Depths from text such as ``5-15``, ``5_15`` or ``5-15 cm``; NaN where it is none."""
    import polars as pl

    parts = column.cast(pl.String).str.extract_groups(
        r"^\s*(?<top>\d+(?:\.\d+)?)\s*[-_–]\s*(?<bottom>\d+(?:\.\d+)?)\s*(?:cm)?\s*$"
    )
    frame = parts.struct.unnest()
    return mm_from_cm(_numbers(frame, "top")), mm_from_cm(_numbers(frame, "bottom"))


def _stacked(
    thickness_mm: FloatArray, codes: IntArray, frame: pl.DataFrame
) -> tuple[FloatArray, FloatArray]:
    """Depths of layers stacked in the order of ``layer``, or of the file where it has none."""
    layer = _numbers(frame, "layer") if "layer" in frame.columns else np.arange(codes.size)
    order = np.lexsort((layer, codes))
    total = np.cumsum(np.nan_to_num(thickness_mm[order]))
    start = np.searchsorted(codes[order], codes[order])
    before_site = np.where(start > 0, total[start - 1], 0.0)
    bottom, top = np.empty_like(total), np.empty_like(total)
    bottom[order] = total - before_site
    top[order] = bottom[order] - np.nan_to_num(thickness_mm[order])
    bottom[np.isnan(thickness_mm)] = np.nan
    return top, bottom
