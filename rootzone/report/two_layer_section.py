"""Two layers of soil moisture in the report: skill of both, maps, and the water of the metre."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootzone._shared.figure_style import THETA_RANGE, bare, new_figure, styled, theta_colours
from rootzone._shared.seal import read_sealed_json
from rootzone._shared.words import fixed, plural, signed
from rootzone.report.document import Block, Code, Plot, Plots, Section, Text, absent
from rootzone.report.map_layers import read_small

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rootzone.report.document import Table
    from rootzone.report.read_inputs import ReportInputs

NAMES: Final = {
    "product": "the coarse product", "downscaled": "brought to 1 km by trees",
    "trees": "corrected by trees on stations", "network": "corrected by the patch network",
    "both": "mean of the two corrections",
}  # fmt: skip
_LAYERS = {"surface": "0-10 cm", "root_zone": "0-100 cm"}
_TITLE, _MENU = "Soil moisture of two layers", "Two layers"
_SHOWN, _LONGEST_PX = 4, 300


def two_layer_section(
    inputs: ReportInputs,
    key: str,
    table: Any,  # noqa: ANN401 - the section's own table of skill
) -> Section:
    """Skill, comparison, card and maps of a campaign of the system ``two_layer``.

    Parameters
    ----------
    inputs : ReportInputs
        The campaign.
    key : str
        Of the section.
    table : callable
        From figures by split and model to a table.
    """
    folder = inputs.workspace.surface / "two_layer"
    skill, maps = folder / "skill.json", sorted((folder / "maps").glob("surface_theta_*[0-9].tif"))
    if not (skill.is_file() or maps):
        return absent(key, _TITLE, _MENU, "Nothing is evaluated or mapped yet: rootzone surface "
                      "train, evaluate, map.")  # fmt: skip
    two = inputs.campaign.surface.two_layer
    blocks: list[Block] = [
        Text(
            f"{two.product}, brought to 1 km by trees that learned on means over its cells, and "
            f"corrected by stations ({two.corrector}). {plural(len(maps), 'day')} mapped; values "
            "are means of 0-10 cm and of 0-100 cm."
        )
    ]
    if skill.is_file():
        found = read_sealed_json(skill, "rootzone surface evaluate makes it again.")["skill"]
        blocks += _skill_blocks(found, table)
    against = folder / "against_simulated.json"
    if against.is_file():
        blocks.append(_against(read_sealed_json(against, "rootzone surface map makes it again.")))
    if maps:
        blocks += _map_blocks(maps)
    card = folder / "card.md"
    if card.is_file():
        blocks.append(Code(card.read_text(encoding="utf-8"), prose=True, folded="The card"))
    return Section(key, _TITLE, _MENU, blocks)


def _skill_blocks(found: Mapping[str, Any], table: Any) -> list[Block]:  # noqa: ANN401
    blocks: list[Block] = []
    for layer, of in found.items():
        if "stations" in of:
            before, best = of["stations"]["downscaled"], min(of["stations"].values(), key=_rmse)
            blocks.append(
                Text(
                    f"{_LAYERS[layer]}, stations left out: RMSE {fixed(before['rmse'], 4)} before "
                    f"stations are asked, {fixed(best['rmse'], 4)} m³ m⁻³ at best after.", "verdict"
                )
            )  # fmt: skip
        made: Table = table(of)
        blocks += [Text(_LAYERS[layer]), made]
    return blocks


def _rmse(figures: Mapping[str, float]) -> float:
    return figures["rmse"]


def _against(facts: Mapping[str, float]) -> Text:
    return Text(
        f"Against simulated water of the upper metre on the same pixels and days "
        f"({plural(round(facts['days']), 'day')}): {fixed(facts['store_product_mm'], 0)} mm here, "
        f"{fixed(facts['store_simulated_mm'], 0)} mm by physics; bias {signed(facts['bias'], 4)}, "
        f"RMSE {fixed(facts['rmse'], 4)} m³ m⁻³, r {fixed(facts['r'], 3)}."
    )


def _map_blocks(maps: Sequence[Path]) -> list[Block]:
    picks = np.unique(np.linspace(0, len(maps) - 1, _SHOWN).round().astype(int))
    plots = []
    for path in (maps[k] for k in picks):
        day = path.stem.removeprefix("surface_theta_")
        told = f"{day[:4]}-{day[4:6]}-{day[6:]}: water content of 0-10 cm and of 0-100 cm"
        plots.append(Plot(f"two_layer_{day}", layers_figure(path), told))
    return [
        Plots(plots),
        Text("Each day is a cloud-optimised GeoTIFF of two layers and their intervals with its "
             "flags and STAC item; all days are one CF file with an axis of depth, "
             "surface/two_layer/maps/two_layer_theta.nc."),
    ]  # fmt: skip


@styled
def layers_figure(path: Path) -> Figure:
    """Both layers of a day side by side."""
    bands = read_small(path, _LONGEST_PX).bands
    figure = new_figure(9.4, 3.4)
    for axes, name, field in zip(figure.subplots(1, 2), _LAYERS.values(), bands, strict=False):
        drawn = axes.imshow(
            field, interpolation="nearest", vmin=THETA_RANGE[0], vmax=THETA_RANGE[1],
            cmap=theta_colours().with_extremes(bad=(0, 0, 0, 0)),
        )  # fmt: skip
        figure.colorbar(drawn, ax=axes, shrink=0.85)
        axes.set_title(f"{name} [m³ m⁻³]", fontsize=9.5)
        bare(axes)
        axes.set(xticks=[], yticks=[])
    return figure
