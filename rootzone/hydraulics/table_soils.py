"""From a table of soil layers to guarded soils, refusals and adjustments, in memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rootzone._shared.arrays import AnyArray, BoolArray, FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone.campaign.model import Soil
from rootzone.hydraulics.depths import (
    average_over_layers,
    depth_refusals,
    extended_bottoms,
    uncovered_layers,
)
from rootzone.hydraulics.layer_properties import filled, with_stones
from rootzone.hydraulics.limits import PARTICLE_DENSITY_G_CM3
from rootzone.hydraulics.outcomes import REFUSAL_TEXT, Refusal, Rule
from rootzone.hydraulics.pedotransfer import PEDOTRANSFERS
from rootzone.hydraulics.polaris import parameters_from_polaris
from rootzone.hydraulics.read_layers import SourceLayers
from rootzone.hydraulics.soil_columns import (
    Adjustments,
    SoilColumns,
    mark_incomplete_sites,
    uniform_first_rows,
)
from rootzone.hydraulics.soils import (
    closure_adjustments,
    parameter_refusals,
    soils_from_parameters,
)
from rootzone.hydraulics.texture import close_textures

# Quantities averaged over depth as logarithms, unless a table holds logarithms already.
_AS_LOGARITHM = ("alpha_per_cm", "n", "ks_mm_d")


@dataclass(frozen=True)
class LayerNotes:
    """Adjustments with the layers they belong to.

    Parameters
    ----------
    layers : SourceLayers
        Layers that ``adjustments.row`` counts.
    adjustments : Adjustments
        Rules, values before and after.
    """

    layers: SourceLayers
    adjustments: Adjustments


@dataclass(frozen=True)
class LayerRefusals:
    """Refused layers: rows of ``layers`` and the ``Refusal`` number of each."""

    layers: SourceLayers
    row: IntArray
    refusal: AnyArray

    def first_fault(self) -> str:
        """Sentence of the first layer that is at fault itself."""
        at = int(np.argmax(self.refusal != Refusal.SITE_INCOMPLETE))
        return replace(
            self, row=self.row[at : at + 1], refusal=self.refusal[at : at + 1]
        ).messages()[0]

    def messages(self) -> list[str]:
        """One sentence per refused layer: what is wrong, where, and the values seen."""
        site = self.layers.site_of_row
        return [
            _message(self.layers, int(row), Refusal(int(reason)), self.layers.site_ids[site[row]])
            for row, reason in zip(self.row, self.refusal, strict=True)
        ]


@dataclass(frozen=True)
class TableSoils:
    """What a table of layers became.

    Parameters
    ----------
    layers : SourceLayers
        The layers of the usable sites that ``soils`` describes: textures after closure, or
        parameters as given, on the source's or the campaign's depths.
    soils : SoilColumns
        Guarded columns, every one usable.
    notes : list of LayerNotes
        Adjustments, first those of source layers, then those of ``layers``.
    refusals : list of LayerRefusals
        Layers that were refused, first source layers, then campaign layers.
    n_site : int
        Sites in the input.
    n_normalised : int
        Textures scaled to 100 %.
    """

    layers: SourceLayers
    soils: SoilColumns
    notes: list[LayerNotes]
    refusals: list[LayerRefusals]
    n_site: int
    n_normalised: int

    @property
    def n_refused_sites(self) -> int:
        """Sites of the input that have no soil."""
        return self.n_site - int(self.layers.site_ids.size)


def soils_from_layers(
    layers: SourceLayers,
    *,
    limits: Soil | None = None,
    thickness_mm: Sequence[float] | None = None,
    extend: bool = False,
    tolerance_pct: float = 10.0,
    note_pct: float = 1.0,
    ptf: str = "rosetta3",
    fill_inputs: bool = False,
) -> TableSoils:
    """Guarded soils of a table of layers, on its own depths or on those of a profile.

    Texture is closed, and bad rows are refused, on the source layers, so that messages name what
    the user knows. Where a profile is given, textures (or parameters, alpha, n and Ks as
    logarithms) are then averaged over its layers, and only after that looked up and guarded.

    Parameters
    ----------
    layers : SourceLayers
        As read.
    limits : Soil, optional
        Heads, gaps and bounds.
    thickness_mm : sequence of float, optional
        Layers of the profile from the surface down [mm]; the source's own otherwise.
    extend : bool
        Take the deepest source layer down to the end of the profile, with a note; otherwise a
        profile deeper than its source is refused.
    tolerance_pct, note_pct : float
        As in ``soils_from_textures``.
    ptf : str
        Pedotransfer function of textures, of `rootzone.hydraulics.pedotransfer`.
    fill_inputs : bool
        Fill organic matter and bulk density that it needs and that are missing, each with a note;
        otherwise such layers are refused.

    Raises
    ------
    RequestError
        No site is usable.
    """
    n_site = int(layers.site_ids.size)
    layers, filled_notes = _with_inputs(layers, ptf, fill=fill_inputs)
    values, faults, notes, n_normalised = _checked(layers, tolerance_pct, note_pct, ptf)
    notes = Adjustments.joined([notes, filled_notes])
    good, refusals = _without_refused(layers, faults)
    values = values[:, faults == 0]
    all_notes = [LayerNotes(good, notes.left_after(faults == 0))]
    good = _with_values(good, values)
    if thickness_mm is not None and good.site_ids.size:
        good, more_notes, more_refusals = _on_profile(good, np.asarray(thickness_mm, float), extend)
        all_notes.append(more_notes)
        refusals += more_refusals
    parameters, bd, noted = _parameters(good, ptf)
    soils = soils_from_parameters(parameters, good.first_row, bd_g_cm3=bd, limits=limits)
    final, last_refusals = _without_refused(good, soils.refusal)
    if last_refusals:
        refusals += last_refusals
        noted = noted.left_after(soils.usable)
        soils = soils.of_usable_sites(final.first_row)
    if final.site_ids.size == 0:
        raise RequestError(
            f"{layers.file_name}: none of the {n_site} sites is usable. The first fault: "
            f"{refusals[0].first_fault()}"
        )
    all_notes.append(LayerNotes(final, noted))
    all_notes.append(LayerNotes(final, soils.adjustments))
    return TableSoils(final, soils, all_notes, refusals, n_site, n_normalised)


def _checked(
    layers: SourceLayers, tolerance_pct: float, note_pct: float, ptf: str
) -> tuple[FloatArray, AnyArray, Adjustments, int]:
    """Values with textures closed, refusals of source layers, and the notes of closing."""
    faults = depth_refusals(layers.first_row, layers.top_mm, layers.bottom_mm)
    values, none = layers.values, Adjustments.joined([])
    if layers.names[0] != "sand_pct":
        refused = parameter_refusals(_parameters(layers, ptf)[0])
        faults = np.where(refused > 0, refused, faults)
        mark_incomplete_sites(layers.first_row, faults)
        return values, faults, none, 0
    closed = close_textures(*values[:3], tolerance_pct=tolerance_pct)
    faults = np.where(faults > 0, faults, PEDOTRANSFERS[ptf].refusals(_properties(layers)))
    faults = np.where(closed.refusal > 0, closed.refusal, faults)
    mark_incomplete_sites(layers.first_row, faults)
    notes, n_normalised = closure_adjustments(values[:3].sum(axis=0), faults == 0, note_pct)
    notes = Adjustments.joined([_differences(layers, faults == 0), notes])
    return np.vstack([*closed[:3], values[3:]]), faults, notes, n_normalised


def _differences(layers: SourceLayers, usable: BoolArray) -> Adjustments:
    """Notes of the fractions that closed the sum because nobody gave them."""
    if layers.by_difference is None:
        return Adjustments.joined([])
    rows = np.flatnonzero(usable & (layers.by_difference >= 0))
    after = layers.values[layers.by_difference[rows], rows]
    rule = np.full(rows.size, int(Rule.TEXTURE_BY_DIFFERENCE), np.uint8)
    return Adjustments(rows, rule, np.full(rows.size, np.nan), after)


def _properties(layers: SourceLayers) -> dict[str, FloatArray]:
    """All that is known of the layers, by name."""
    known = dict(zip(layers.names, layers.values, strict=True))
    known |= {"top_mm": layers.top_mm, "bottom_mm": layers.bottom_mm}
    if layers.bd_g_cm3 is not None:
        known["bd_g_cm3"] = layers.bd_g_cm3
    return known


def _with_inputs(layers: SourceLayers, ptf: str, *, fill: bool) -> tuple[SourceLayers, Adjustments]:
    """The layers with what the function needs and lacks filled, if asked, and the notes of it."""
    needs = PEDOTRANSFERS[ptf].needs
    if layers.names[0] != "sand_pct" or not fill or not {"om_pct", "bd_g_cm3"} & set(needs):
        return layers, Adjustments.joined([])
    known = _properties(layers)
    missing = np.full(layers.top_mm.size, np.nan)
    total = np.sum(layers.values[:3], axis=0)
    om, bd, notes = filled(
        known.get("om_pct", missing),
        known.get("bd_g_cm3", missing),
        100.0 * known["sand_pct"] / total,
        100.0 * known["clay_pct"] / total,
        0.5 * (layers.top_mm + layers.bottom_mm),
    )
    names, values = layers.names, layers.values.copy()
    if "om_pct" in names:
        values[names.index("om_pct")] = om
    else:
        names, values = (*names, "om_pct"), np.vstack([values, om])
    return replace(layers, names=names, values=values, bd_g_cm3=bd), notes


def _without_refused(
    layers: SourceLayers, refusal: AnyArray
) -> tuple[SourceLayers, list[LayerRefusals]]:
    """The usable sites, and the refused rows of the others."""
    row = np.flatnonzero(refusal)
    if row.size == 0:
        return layers, []
    usable = np.add.reduceat(refusal != 0, layers.first_row[:-1]) == 0
    return layers.of_sites(usable), [LayerRefusals(layers, row, refusal[row])]


def _with_values(layers: SourceLayers, values: FloatArray) -> SourceLayers:
    return replace(layers, values=np.ascontiguousarray(values))


def _on_profile(
    layers: SourceLayers, thickness_mm: FloatArray, extend: bool
) -> tuple[SourceLayers, LayerNotes, list[LayerRefusals]]:
    """Layers averaged over a profile; the notes of what was extended, or the refusals."""
    bottom = layers.bottom_mm
    n_layer, n_site = thickness_mm.size, int(layers.site_ids.size)
    uncovered = uncovered_layers(layers.first_row, bottom, thickness_mm)
    if extend:
        bottom = extended_bottoms(layers.first_row, bottom, thickness_mm)
    extended = np.flatnonzero(bottom != layers.bottom_mm)
    rule = np.full(extended.size, int(Rule.DEPTH_EXTENDED), np.uint8)
    notes = LayerNotes(
        layers, Adjustments(extended, rule, layers.bottom_mm[extended], bottom[extended])
    )
    values = layers.values
    if layers.bd_g_cm3 is not None:
        values = np.vstack([values, layers.bd_g_cm3])
    averaged = _averaged(layers, values, bottom, thickness_mm)
    edges = np.concatenate(([0.0], np.cumsum(thickness_mm)))
    profile = SourceLayers(
        site_ids=layers.site_ids,
        cell_ids=layers.cell_ids,
        first_row=uniform_first_rows(n_site, n_layer),
        layer=np.tile(np.arange(1, n_layer + 1), n_site),
        top_mm=np.tile(edges[:-1], n_site),
        bottom_mm=np.tile(edges[1:], n_site),
        values=averaged[: len(layers.names)],
        names=layers.names,
        bd_g_cm3=None if layers.bd_g_cm3 is None else averaged[-1],
        file_row=np.repeat(layers.file_row[layers.first_row[:-1]], n_layer),
        file_name=layers.file_name,
        cover_codes=layers.cover_codes,
    )
    if extend or not uncovered.any():
        return profile, notes, []
    refusal = np.where(uncovered, int(Refusal.DEPTH_NOT_COVERED), 0).astype(np.uint8)
    mark_incomplete_sites(profile.first_row, refusal)
    good, refusals = _without_refused(profile, refusal)
    return good, notes, refusals


def _averaged(
    layers: SourceLayers, values: FloatArray, bottom_mm: FloatArray, thickness_mm: FloatArray
) -> FloatArray:
    """Depth means; alpha, n and Ks as logarithms unless they are logarithms already."""
    plain = "log10_ks_cm_h" in layers.names
    logs = [name in _AS_LOGARITHM and not plain for name in layers.names]
    logs += [False] * (values.shape[0] - len(logs))
    scaled = values.copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        scaled[logs] = np.log10(scaled[logs])
    averaged = average_over_layers(layers.first_row, layers.top_mm, bottom_mm, scaled, thickness_mm)
    averaged[logs] = 10.0 ** averaged[logs]
    return averaged


def _parameters(
    layers: SourceLayers, ptf: str
) -> tuple[FloatArray, FloatArray | None, Adjustments]:
    """Van Genuchten parameters, bulk density and notes of layers, whatever they are given by."""
    none = Adjustments.joined([])
    if "sand_pct" in layers.names:
        known = _properties(layers)
        function = PEDOTRANSFERS[ptf]
        unknown = np.full(layers.values.shape[1], np.nan)  # of a table without such a column
        needed = {name: known.get(name, unknown) for name in function.needs}
        parameters = function.predict({**known, **needed})
        if "stones_vol_pct" in known:
            fine_bd = layers.bd_g_cm3
            if fine_bd is not None:  # the fine earth's own pores, before stones take their share
                porosity = 1.0 - fine_bd / PARTICLE_DENSITY_G_CM3
                parameters[1] = np.fmin(parameters[1], porosity)
            return with_stones(parameters, fine_bd, known["stones_vol_pct"])
        return parameters, layers.bd_g_cm3, none
    if "log10_ks_cm_h" in layers.names:
        return parameters_from_polaris(*layers.values), layers.bd_g_cm3, none
    return layers.values, layers.bd_g_cm3, none


def _message(layers: SourceLayers, row: int, reason: Refusal, site_id: object) -> str:
    pairs = zip(layers.names, layers.values[:, row], strict=True)
    seen = ", ".join(f"{name} {value:g}" for name, value in pairs)
    return (
        f"{reason.name} at site {site_id}, layer {layers.layer[row]} "
        f"({layers.top_mm[row]:g}-{layers.bottom_mm[row]:g} mm): {REFUSAL_TEXT[reason]} "
        f"Read: {seen} ({layers.file_name} row {layers.file_row[row]})."
    )
