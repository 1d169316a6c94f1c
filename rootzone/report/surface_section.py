"""Surface moisture from satellites: skill of all splits side by side, maps, and why they are so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.figure_style import THETA_RANGE, bare, new_figure, styled, theta_colours
from rootzone._shared.open_files import open_raster
from rootzone._shared.seal import read_sealed_json
from rootzone._shared.words import fixed, plural, signed
from rootzone.report.document import Block, Code, Plot, Plots, Section, Table, Text, absent
from rootzone.report.map_layers import read_small
from rootzone.report.multimodal_section import multimodal_section
from rootzone.report.two_layer_section import NAMES as TWO_LAYERS
from rootzone.report.two_layer_section import two_layer_section

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rootzone.report.read_inputs import ReportInputs

Skill = Mapping[str, Mapping[str, Mapping[str, float]]]
Spans = Mapping[str, tuple[float, float]]
_KEY, _TITLE, _MENU = "surface", "Surface moisture, 0-5 cm", "Surface"
_NAMES = {
    "sca_v": "SCA-V, class table", "differentiable": "SCA-V, parameters of a network",
    "lightgbm": "trees on the same inputs", "deepsoil": "DeepSoil's network",
    "smap": "the coarse product", "target": "the model it learned from",
    "chosen": "the choice by environment",
    "select": "a model chosen for each environment", "climatology": "monthly mean of stations",
    "convnext": "ConvNeXt V2", "stations_alone": "ConvNeXt V2, stations alone",
    "ridge": "ridge", "ridge_physics": "ridge, SCA-V beside", "trees": "trees",
    "trees_shy": "small trees", "trees_physics": "small trees, SCA-V beside", **TWO_LAYERS,
}  # fmt: skip
_HELD_OUT = {
    "random": "random samples", "blocked_dates": "blocks of 15 days", "stations": "stations",
    "region": "another region",
}  # fmt: skip
_SHOWN = 4
_LONGEST_PX = 300


def has_surface(inputs: ReportInputs) -> bool:
    """Whether anything of surface moisture has been made."""
    return inputs.workspace.surface.is_dir()


def surface_section(inputs: ReportInputs) -> Section:
    """Skill, card and maps of the campaign's surface moisture."""
    if inputs.campaign.surface.system == "two_layer":
        return two_layer_section(inputs, _KEY, skill_table)
    if inputs.campaign.surface.system == "multimodal":
        return multimodal_section(inputs, _KEY, skill_table, verdict)
    folder = inputs.workspace.surface
    skill, maps = folder / "skill.json", sorted((folder / "maps").glob("surface_theta_*[0-9].tif"))
    if not (skill.is_file() or maps):
        return absent(_KEY, _TITLE, _MENU, "Nothing is evaluated or mapped yet: rootzone surface "
                      "train, evaluate, map.")  # fmt: skip
    chosen = inputs.campaign.surface
    blocks: list[Block] = [
        Text(
            f"{_made_by(chosen.system)} "
            f"{plural(len(maps), 'day')} mapped. A value is the mean of the layer 0-50 mm; what "
            "differs inside a cell of the radiometer comes from the soil of each pixel."
        )
    ]
    if skill.is_file():
        table = read_sealed_json(skill, "rootzone surface evaluate makes it again.")["skill"]
        blocks += [Text(verdict(table), "verdict"), skill_table(table)]
    else:
        blocks.append(Text("Not evaluated yet: rootzone surface evaluate.", "note"))
    if maps:
        blocks += _map_blocks(maps)
    card = folder / "card.md"
    if card.is_file():
        blocks.append(Code(card.read_text(encoding="utf-8"), prose=True, folded="The card"))
    return Section(_KEY, _TITLE, _MENU, blocks)


def _made_by(system: str) -> str:
    if system == "deepsoil":
        return "DeepSoil's networks of soils, weather, vegetation and SMAP, a group of places each."
    return f"Brightness of SMAP, read by {_NAMES[system]}, on kilometres of EASE-Grid 2.0."


def verdict(skill: Skill) -> str:
    """Who is best where nothing was known, split by split, in words.

    Parameters
    ----------
    skill : mapping
        Figures by split and model, of ``rootzone surface evaluate``.

    Examples
    --------
    >>> one = {"n": 9, "ubrmse": 0.02, "rmse": 0.02}
    >>> verdict({"stations": {"sca_v": one, "lightgbm": one | {"rmse": 0.03, "ubrmse": 0.03}}})
    'At stations left out, the smallest RMSE is that of SCA-V, class table (0.0200 m³ m⁻³).'
    """
    said = []
    where = {"stations": "At stations left out", "region": "In a region never seen"}
    for split, words in where.items():
        if split in skill:
            best = _best(skill[split])
            if best is None:
                said.append(f"{words}, there are too few values for figures.")
                continue
            error = fixed(skill[split][best]["rmse"], 4)
            said.append(
                f"{words}, the smallest RMSE is that of {_NAMES.get(best, best)} ({error} m³ m⁻³)."
            )
    return " ".join(said) or "No station or region was left out: nothing is known of new places."


def _best(models: Mapping[str, Mapping[str, float]]) -> str | None:
    """The model of the smallest RMSE; None where values were too few for one."""
    # JSON has null for what is no number.
    known = {name: of["rmse"] for name, of in models.items() if np.isfinite(of["rmse"] or np.nan)}
    return min(known, key=known.__getitem__) if known else None


def skill_table(skill: Skill) -> Table:
    """All splits and models; the smallest RMSE of each split stands out."""
    rows: list[list[str]] = []
    strong = []
    for split, models in skill.items():
        best = _best(models)
        for model, f in models.items():
            if model == best:
                strong.append(len(rows))
            ends = f"{fixed(f['station_ubrmse_low'], 4)}–{fixed(f['station_ubrmse_high'], 4)}"
            rows.append([
                _HELD_OUT.get(split, split), _NAMES.get(model, model), f"{round(f['n']):,}",
                fixed(f["r"], 3), fixed(f["rmse"], 4), fixed(f["ubrmse"], 4), signed(f["bias"], 4),
                fixed(f["r2"], 3), fixed(f["station_r"], 3),
                f"{fixed(f['station_ubrmse'], 4)} ({ends})",
            ])  # fmt: skip
    heads = (
        "held out", "model", "values", "r [-]", "RMSE [m³ m⁻³]", "ubRMSE [m³ m⁻³]",
        "bias [m³ m⁻³]", "R² [-]", "median station r [-]", "median station ubRMSE [m³ m⁻³]",
    )  # fmt: skip
    caption = (
        "Pooled over seeds; in brackets the 95 % bootstrap interval over stations. Random samples "
        "and dates let a model see the same station on other days: they say nothing of a new place."
    )
    return Table(heads, rows, caption, strong)


def _map_blocks(maps: Sequence[Path]) -> list[Block]:
    picks = np.unique(np.linspace(0, len(maps) - 1, _SHOWN).round().astype(int))
    plots = []
    shown = [(maps[k], _parameters_of(maps[k])) for k in picks]
    spans = _spans([file for _, file in shown if file.is_file()])
    for path, parameters in shown:
        day = path.stem.removeprefix("surface_theta_")
        caption = f"{day[:4]}-{day[4:6]}-{day[6:]}: water content of 0-5 cm"
        caption += ", and the roughness and opacity it was made with." * parameters.is_file()
        chosen = path.with_name(f"surface_chosen_{day}.tif")
        if chosen.is_file():
            caption += f", and the model that made it ({legend_of(chosen)})."
        plots.append(Plot(f"surface_{day}", day_figure(path, parameters, chosen, spans), caption))
    return [
        Plots(plots),
        Text("Each day is a cloud-optimised GeoTIFF with its flags, parameters and STAC item; all "
             "days are one CF series, surface/maps/surface_theta.nc."),
    ]  # fmt: skip


def _parameters_of(theta: Path) -> Path:
    day = theta.stem.removeprefix("surface_theta_")
    return theta.with_name(f"surface_parameters_{day}.tif")


def _spans(files: Sequence[Path]) -> Spans:
    """Least and largest roughness and opacity of all days shown, so that colours compare."""
    read = [read_small(path, _LONGEST_PX).bands for path in files]
    told = {}
    for name, band in (("h", 0), ("tau", 2)):
        fields = np.array([bands[band] for bands in read])
        if np.isfinite(fields).any():
            told[name] = (float(np.nanmin(fields)), float(np.nanmax(fields)))
    return told


def legend_of(chosen: Path) -> str:
    """What the numbers of a map of models mean, as the file says."""
    with open_raster(chosen) as file:
        meaning = file.tags(1).get("long_name") or file.descriptions[0]
    return str(meaning)


@styled
def day_figure(
    theta: Path, parameters: Path, chosen: Path | None = None, spans: Spans | None = None
) -> Figure:
    """Moisture of a day, beside it what made it: roughness and opacity, or the model chosen.

    ``spans`` has the least and largest ``h`` and ``tau`` that colours reach over; those of the day
    where they are not told.
    """
    panels: list[tuple[str, Any, dict[str, Any]]] = [
        ("water content [m³ m⁻³]", read_small(theta, _LONGEST_PX).bands[0],
         {"cmap": theta_colours().with_extremes(bad=(0, 0, 0, 0)), "vmin": THETA_RANGE[0],
          "vmax": THETA_RANGE[1]})
    ]  # fmt: skip
    if parameters.is_file():
        bands = read_small(parameters, _LONGEST_PX).bands
        for title, field, name, colours in (
            ("roughness h [-]", bands[0], "h", "cividis"),
            ("opacity τ [-]", bands[2], "tau", "YlGn"),
        ):
            low, high = (spans or {}).get(name, (None, None))
            panels.append((title, field, {"cmap": colours, "vmin": low, "vmax": high}))
    if chosen is not None and chosen.is_file():
        numbers = read_small(chosen, _LONGEST_PX).bands[0]
        panels.append(("model [number]", numbers, {"cmap": "tab10", "vmin": -0.5, "vmax": 9.5}))
    figure = new_figure(9.4, 3.1)
    apart = {"wspace": 0.1}  # so that no title stands at the numbers of the bar before it
    row = figure.subplots(1, len(panels), squeeze=False, gridspec_kw=apart)[0]
    for axes, (title, field, options) in zip(row, panels, strict=True):
        drawn = axes.imshow(field, interpolation="nearest", **options)
        figure.colorbar(drawn, ax=axes, shrink=0.85)
        axes.set_title(title, fontsize=9.5)
        bare(axes)
        axes.set(xticks=[], yticks=[])
    return figure
