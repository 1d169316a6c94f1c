"""Run the soils stage on files: a table of layers in, three tables out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.digests import digest_file
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import read_frame
from rootzone.campaign.model import Soil
from rootzone.hydraulics.limits import Bounds, limits_of, soil_with
from rootzone.hydraulics.members import joined_members
from rootzone.hydraulics.outcomes import Refusal, Rule
from rootzone.hydraulics.pedotransfer import PEDOTRANSFERS
from rootzone.hydraulics.read_layers import Source, layers_of_frame
from rootzone.hydraulics.read_rosetta import read_rosetta_table
from rootzone.hydraulics.table_soils import TableSoils, soils_from_layers
from rootzone.hydraulics.write_soils import SoilFiles, write_soils

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class SoilsRun:
    """What one run did; ``facts`` is what the command reports."""

    files: SoilFiles
    result: TableSoils

    @property
    def n_sites(self) -> int:
        """Sites with a soil."""
        return int(self.result.layers.site_ids.size)

    @property
    def n_layers(self) -> int:
        """Their layers."""
        return int(self.result.soils.refusal.size)

    @property
    def refused_by_reason(self) -> dict[str, int]:
        """Refused layers by reason, most frequent first."""
        return _counts([part.refusal for part in self.result.refusals], Refusal)

    @property
    def adjusted_by_rule(self) -> dict[str, int]:
        """Adjustments by rule, most frequent first."""
        return _counts([part.adjustments.rule for part in self.result.notes], Rule)

    def facts(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "soils": str(self.files.soils),
            "adjustments": str(self.files.adjustments),
            "refused": str(self.files.refused),
            "sites": self.n_sites,
            "layers": self.n_layers,
            "sites_refused": self.result.n_refused_sites,
            "layers_refused_by_reason": self.refused_by_reason,
            "adjustments_by_rule": self.adjusted_by_rule,
            "textures_normalised": self.result.n_normalised,
        }


def _counts(parts: list[AnyArray], kind: type[Refusal] | type[Rule]) -> dict[str, int]:
    """How often each member occurs, by name, most frequent first."""
    total = sum((np.bincount(part, minlength=len(kind) + 1) for part in parts), np.zeros(1, int))
    order = np.argsort(-total, kind="stable")
    return {kind(int(number)).name: int(total[number]) for number in order if total[number]}


def run_soils(
    table: Path,
    out: Path,
    *,
    source: Source = "texture",
    limits: Soil | None = None,
    thickness_mm: Sequence[float] | None = None,
    extend: bool = False,
    tolerance_pct: float = 10.0,
    ptf: str = "rosetta3",
    members: Sequence[str] = (),
    fill_inputs: bool = False,
    force: bool = False,
) -> SoilsRun:
    """Read a table of layers, derive guarded soils, and write them with their notes.

    Parameters
    ----------
    table, out : Path
        ``.parquet`` or ``.csv`` each; beside ``out`` go the adjustments and the refused layers.
    source, limits, thickness_mm, extend, tolerance_pct, ptf, fill_inputs
        As in ``read_layers`` and ``soils_from_layers``.
    members : sequence of str
        More pedotransfer functions; each site then has a soil by each, ``SITE@FUNCTION``.
    force : bool
        Replace files that exist.

    Raises
    ------
    RequestError
        The table cannot be used, an output exists already, or no site is usable.
    """
    files = SoilFiles.beside(out)
    files.refuse_overwrite(force=force)
    result, record = derive_soils(
        table,
        read_frame(table),
        digest_file(table),
        source=source,
        limits=limits or Soil(),
        thickness_mm=thickness_mm,
        extend=extend,
        tolerance_pct=tolerance_pct,
        ptf=ptf,
        members=members,
        fill_inputs=fill_inputs,
    )
    write_soils(files, result, record)
    return SoilsRun(files, result)


def derive_soils(
    path: Path,
    frame: pl.DataFrame,
    digest: str,
    *,
    source: Source,
    limits: Soil,
    thickness_mm: Sequence[float] | None = None,
    extend: bool = False,
    tolerance_pct: float = 10.0,
    ptf: str = "rosetta3",
    members: Sequence[str] = (),
    fill_inputs: bool = False,
) -> tuple[TableSoils, Provenance]:
    """Guarded soils of a table in memory, and the record of how they were made.

    Parameters
    ----------
    path : Path
        Named in messages.
    frame : DataFrame
        Layers, as ``read_layers`` describes them.
    digest : str
        Digest of the layers' content.
    source, limits, thickness_mm, extend, tolerance_pct, ptf, members, fill_inputs
        As in ``run_soils``.

    Raises
    ------
    RequestError
        The table cannot be used, or no site is usable.
    """
    if members and source != "texture":
        raise RequestError(
            f"Members are soils of one texture by several functions; --from {source} has none."
        )
    functions = tuple(dict.fromkeys((ptf, *members)))
    for name in functions:
        if name not in PEDOTRANSFERS:
            raise RequestError(
                f"{name!r} is no pedotransfer function{did_you_mean(name, PEDOTRANSFERS)}"
            )
    read = layers_of_frame(path, frame, source)
    made = {
        name: soils_from_layers(
            read,
            limits=limits,
            thickness_mm=thickness_mm,
            extend=extend,
            tolerance_pct=tolerance_pct,
            ptf=name,
            fill_inputs=fill_inputs,
        )
        for name in functions
    }
    result = made[ptf] if len(functions) == 1 else joined_members(made)
    settings: dict[str, Any] = {
        "source": source,
        "layers_mm": None if thickness_mm is None else [float(value) for value in thickness_mm],
        "extend": extend,
        "tolerance_pct": tolerance_pct,
        "limits": limits_of(limits),
    }
    inputs = {"layers": digest}
    if source == "texture":
        settings["ptf"] = PEDOTRANSFERS[ptf].source
        if members:
            settings["members"] = [PEDOTRANSFERS[name].source for name in functions]
        settings["fill_inputs"] = fill_inputs
        if ptf == "rosetta3":
            rosetta = read_rosetta_table()
            settings["ptf"] = rosetta.source
            inputs["rosetta table"] = rosetta.sha256[:16]
    return result, Provenance("rootzone soils", inputs, settings)


def limits_from_pairs(pairs: Sequence[str]) -> Soil:
    """Soil limits with some values changed, from ``KEY=VALUE`` texts.

    Raises
    ------
    RequestError
        With every text that is no pair, every unknown key and every value that is no number.
    """
    known = Bounds._fields
    chosen: dict[str, Any] = {}
    mistakes = []
    for pair in pairs:
        key, sign, text = pair.partition("=")
        if not sign:
            mistakes.append(f"{pair!r} is not KEY=VALUE")
        elif key not in known:
            mistakes.append(f"there is no limit {key!r}{did_you_mean(key, known)}")
        elif key == "on_k_above_ks":
            chosen[key] = text
        else:
            try:
                chosen[key] = float(text)
            except ValueError:
                mistakes.append(f"{key} is {text!r}, not a number")
    if mistakes:
        raise RequestError("Soil limits: " + "; ".join(mistakes) + ".")
    return soil_with(**chosen)
