"""One soil by several pedotransfer functions: members of a site, told apart by its name.

A texture does not tell a retention curve; functions that were all fitted to measured soils differ
by 0.02 to 0.05 m3 m-3. Members carry that through: each is a site of its own, ``SITE@FUNCTION``,
under the same weather, and what they differ by in a label is its uncertainty from the soil
(``labels/spread.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone.hydraulics.read_layers import SourceLayers
from rootzone.hydraulics.soil_columns import Adjustments, SoilColumns
from rootzone.hydraulics.table_soils import LayerNotes, TableSoils

BETWEEN: Final = "@"


def joined_members(results: Mapping[str, TableSoils]) -> TableSoils:
    """The soils of some functions one after another, each site named after its function.

    Parameters
    ----------
    results : mapping of str to TableSoils
        The same table by each function, by the function's name; all on the same layers.

    Returns
    -------
    TableSoils
        ``site_ids`` are texts such as ``12@wosten1999``; ``cell_ids`` stay. A site that one
        function refuses has no member by it. Inputs that only some functions know are left out.
    """
    parts = [_named(result, name) for name, result in results.items()]
    common = [n for n in parts[0].layers.names if all(n in part.layers.names for part in parts)]
    layers = [_with_names(part.layers, tuple(common)) for part in parts]
    return TableSoils(
        _joined_layers(layers),
        _joined_soils([part.soils for part in parts]),
        [note for part in parts for note in part.notes],
        [refusal for part in parts for refusal in part.refusals],
        sum(part.n_site for part in parts),
        sum(part.n_normalised for part in parts),
    )


def _named(result: TableSoils, function: str) -> TableSoils:
    def of(layers: SourceLayers) -> SourceLayers:
        names = [f"{site}{BETWEEN}{function}" for site in layers.site_ids.tolist()]
        return replace(layers, site_ids=np.array(names, dtype=object))

    return replace(
        result,
        layers=of(result.layers),
        notes=[LayerNotes(of(part.layers), part.adjustments) for part in result.notes],
        refusals=[replace(part, layers=of(part.layers)) for part in result.refusals],
    )


def _with_names(layers: SourceLayers, names: tuple[str, ...]) -> SourceLayers:
    at = [layers.names.index(name) for name in names]
    return replace(layers, names=names, values=layers.values[at])


def _first_rows(parts: list[AnyArray]) -> AnyArray:
    counts = np.concatenate([np.diff(part) for part in parts])
    return np.concatenate(([0], np.cumsum(counts))).astype(np.int64)


def _joined_layers(parts: list[SourceLayers]) -> SourceLayers:
    def column(name: str) -> AnyArray:
        return np.concatenate([getattr(part, name) for part in parts])

    density = all(part.bd_g_cm3 is not None for part in parts)
    return replace(
        parts[0],
        site_ids=column("site_ids"),
        cell_ids=column("cell_ids"),
        layer=column("layer"),
        top_mm=column("top_mm"),
        bottom_mm=column("bottom_mm"),
        file_row=column("file_row"),
        first_row=_first_rows([part.first_row for part in parts]),
        values=np.concatenate([part.values for part in parts], axis=1),
        bd_g_cm3=column("bd_g_cm3") if density else None,
        cover_codes=None if parts[0].cover_codes is None else column("cover_codes"),
    )


def _joined_soils(parts: list[SoilColumns]) -> SoilColumns:
    return replace(
        parts[0],
        first_row=_first_rows([part.first_row for part in parts]),
        values=np.concatenate([part.values for part in parts], axis=1),
        refusal=np.concatenate([part.refusal for part in parts]),
        adjustments=Adjustments.joined([]),  # told in the notes of each member
        n_normalised=sum(part.n_normalised for part in parts),
    )
