"""Write soils, and beside them what was changed and what was refused."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.atomic import refuse_overwrite
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import write_table
from rootzone._shared.tables import SOILS, Column, Schema
from rootzone.covariates.layers.covers import cover_names
from rootzone.hydraulics.outcomes import RULE_QUANTITY, Refusal, Rule
from rootzone.hydraulics.read_layers import SourceLayers
from rootzone.hydraulics.table_soils import LayerNotes, LayerRefusals, TableSoils
from rootzone.hydraulics.van_genuchten import MUALEM_L

if TYPE_CHECKING:
    import polars as pl

_SITE = Column("site_id", "id", "-", "site as named in the source table")
_LAYER = Column("layer", "int", "-", "layer, 1 at the top, of the source or of the profile")
_TOP = Column("top_mm", "float", "mm", "top of the layer")
_BOTTOM = Column("bottom_mm", "float", "mm", "bottom of the layer")

ADJUSTMENTS: Final = Schema(
    "soil adjustments",
    (
        _SITE,
        _LAYER,
        _TOP,
        _BOTTOM,
        Column("rule", "text", "-", "guard that changed the value"),
        Column("quantity", "text", "-", "what was changed"),
        Column("unit", "text", "-", "unit of before and after"),
        Column("before", "float", "see unit", "value as it was; empty where it was missing"),
        Column("after", "float", "see unit", "value as it is"),
    ),
)
REFUSED: Final = Schema(
    "refused soil layers",
    (
        _SITE,
        _LAYER,
        _TOP,
        _BOTTOM,
        Column("reason", "text", "-", "why the layer cannot be used"),
        Column("message", "text", "-", "the reason in a sentence, with the values seen"),
        Column("file_row", "int", "-", "row of the source table, 1 below its header"),
    ),
)


@dataclass(frozen=True)
class SoilFiles:
    """The three tables of one run of ``rootzone soils``."""

    soils: Path
    adjustments: Path
    refused: Path

    @classmethod
    def beside(cls, out: Path) -> SoilFiles:
        """``NAME.parquet``, ``NAME.adjustments.parquet`` and ``NAME.refused.parquet``."""
        return cls(
            out,
            out.with_name(f"{out.stem}.adjustments{out.suffix}"),
            out.with_name(f"{out.stem}.refused{out.suffix}"),
        )

    def refuse_overwrite(self, *, force: bool) -> None:
        """Stop before any of the three is lost; see ``refuse_overwrite``."""
        refuse_overwrite(self.soils, force=force, beside=(self.adjustments, self.refused))


def write_soils(files: SoilFiles, result: TableSoils, record: Provenance) -> None:
    """Write the three tables, each whole or not at all; the last two may have no rows."""
    write_table(files.adjustments, adjustments_frame(result.notes), ADJUSTMENTS, record)
    write_table(files.refused, refused_frame(result.refusals), REFUSED, record)
    write_table(files.soils, soils_frame(result), SOILS, record)


def soils_frame(result: TableSoils) -> pl.DataFrame:
    """One row per usable site and layer, with the columns of both engines' physics."""
    import polars as pl

    layers, soils = result.layers, result.soils
    site = layers.site_of_row
    columns = {
        "site_id": layers.site_ids[site],
        "cell_id": layers.cell_ids[site],
        "layer": layers.layer.astype(np.int32),
        "thickness_mm": layers.bottom_mm - layers.top_mm,
    }
    names = [c.name for c in SOILS.columns if c.name not in (*columns, "cover")]
    for name in names:
        columns[name] = np.full(site.size, soils.psidul_cm) if name == "psidul_cm" else soils[name]
    if soils.limits.mualem_l != MUALEM_L:
        columns["l"] = np.full(site.size, soils.limits.mualem_l)
    if "sand_pct" in layers.names:
        columns |= dict(zip(layers.names, layers.values, strict=True))
    if layers.cover_codes is not None:
        covers = np.array(cover_names())[layers.cover_codes.astype(int)]
        columns["cover"] = covers[site]
    return pl.DataFrame(columns)


def adjustments_frame(notes: list[LayerNotes]) -> pl.DataFrame:
    """One row per adjustment; NaN before becomes empty."""
    import polars as pl

    names = {int(rule): rule.name for rule in Rule}
    quantities = {int(rule): RULE_QUANTITY[rule][0] for rule in Rule}
    units = {int(rule): RULE_QUANTITY[rule][1] for rule in Rule}
    parts = [_empty(ADJUSTMENTS)]
    for part in notes:
        found = part.adjustments
        if len(found) == 0:
            continue
        rules = pl.Series(found.rule)
        parts.append(
            pl.DataFrame(
                {
                    **_where(part.layers, found.row),
                    "rule": rules.replace_strict(names, return_dtype=pl.String),
                    "quantity": rules.replace_strict(quantities, return_dtype=pl.String),
                    "unit": rules.replace_strict(units, return_dtype=pl.String),
                    "before": pl.Series(found.before).fill_nan(None),
                    "after": found.after,
                }
            )
        )
    return _stacked(parts)


def refused_frame(refusals: list[LayerRefusals]) -> pl.DataFrame:
    """One row per refused layer, with its reason by name and in words."""
    import polars as pl

    filled = [
        pl.DataFrame(
            {
                **_where(part.layers, part.row),
                "reason": [Refusal(int(reason)).name for reason in part.refusal],
                "message": part.messages(),
                "file_row": part.layers.file_row[part.row],
            }
        )
        for part in refusals
    ]
    return _stacked([_empty(REFUSED), *filled])


def _where(layers: SourceLayers, row: IntArray) -> dict[str, AnyArray]:
    """Site, layer and depths of some rows."""
    return {
        "site_id": layers.site_ids[layers.site_of_row[row]],
        "layer": layers.layer[row].astype(np.int32),
        "top_mm": layers.top_mm[row],
        "bottom_mm": layers.bottom_mm[row],
    }


def _empty(schema: Schema) -> pl.DataFrame:
    import polars as pl

    kinds = {"id": pl.String, "int": pl.Int64, "float": pl.Float64, "text": pl.String}
    return pl.DataFrame(schema={column.name: kinds[column.kind] for column in schema.columns})


def _stacked(parts: list[pl.DataFrame]) -> pl.DataFrame:
    import polars as pl

    filled = [part for part in parts if part.height]
    return pl.concat(filled, how="vertical_relaxed") if filled else parts[0]
