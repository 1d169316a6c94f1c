"""Surface moisture at 10 m in the report: skill, what every sensor is worth, and maps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rootzone._shared.figure_style import THETA_RANGE, bare, new_figure, styled, theta_colours
from rootzone._shared.seal import read_sealed_json
from rootzone._shared.words import fixed, plural
from rootzone.report.document import Block, Code, Plot, Plots, Section, Table, Text, absent
from rootzone.report.map_layers import read_small

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rootzone.report.read_inputs import ReportInputs

_TITLE, _MENU = "Surface moisture, 0-5 cm at 10 m", "Surface"
_SHOWN, _LONGEST_PX = 4, 400
_AGAIN: Final = "rootzone surface evaluate makes it again."


def multimodal_section(
    inputs: ReportInputs,
    key: str,
    table: Callable[[Any], Table],
    verdict: Callable[[Any], str],
) -> Section:
    """Skill, sensors, card and maps of a campaign of the system ``multimodal``.

    Parameters
    ----------
    inputs : ReportInputs
        The campaign.
    key : str
        Of the section.
    table, verdict : callable
        From figures by split and model to a table, and to words.
    """
    folder = inputs.workspace.surface / "multimodal"
    skill, maps = folder / "skill.json", sorted((folder / "maps").glob("surface_theta_*[0-9].tif"))
    if not (skill.is_file() or maps):
        return absent(key, _TITLE, _MENU, "Nothing is evaluated or mapped yet: rootzone surface "
                      "train, evaluate, map.")  # fmt: skip
    chosen = inputs.campaign.surface.multimodal
    blocks: list[Block] = [
        Text(
            f"Radar, optics, terrain and weather (inputs: {chosen.inputs}) through a ConvNeXt V2 "
            f"({chosen.variant}), on the pixels of the land map. {plural(len(maps), 'day')} "
            "mapped. A value is the mean of the layer 0-50 mm."
        )
    ]
    if skill.is_file():
        found = read_sealed_json(skill, _AGAIN)
        blocks += [Text(verdict(found["skill"]), "verdict"), table(found["skill"])]
        blocks.append(sensor_table(found["missing"]))
    if maps:
        picks = np.unique(np.linspace(0, len(maps) - 1, _SHOWN).round().astype(int))
        blocks.append(Plots([_plot(maps[k]) for k in picks]))
    card = folder / "card.md"
    if card.is_file():
        blocks.append(Code(card.read_text(encoding="utf-8"), prose=True, folded="The card"))
    return Section(key, _TITLE, _MENU, blocks)


def sensor_table(missing: Mapping[str, Mapping[str, Mapping[str, float]]]) -> Table:
    """R2 and RMSE of network and trees with all sensors, and without each."""
    rows: list[Sequence[str]] = [
        [
            split, without if without == "all sensors" else f"without {without}",
            fixed(f["convnext_r2"], 3), fixed(f["convnext_rmse"], 4), fixed(f["lightgbm_r2"], 3),
            fixed(f["lightgbm_rmse"], 4),
        ]
        for split, of in missing.items()
        for without, f in of.items()
    ]  # fmt: skip
    heads = ("held out", "sensors", "R² [-]", "RMSE [m³ m⁻³]", "R², trees [-]",
             "RMSE, trees [m³ m⁻³]")  # fmt: skip
    return Table(heads, rows, "The same networks and trees, a sensor taken away at a time.", [])


def _plot(path: Path) -> Plot:
    day = path.stem.removeprefix("surface_theta_")
    told = f"{day[:4]}-{day[4:6]}-{day[6:]}: water content of 0-5 cm"
    return Plot(f"multimodal_{day}", day_figure(path), told)


@styled
def day_figure(path: Path) -> Figure:
    """A day's map."""
    field = read_small(path, _LONGEST_PX).bands[0]
    figure = new_figure(4.8, 3.8)
    axes = figure.subplots()
    drawn = axes.imshow(
        field, interpolation="nearest", vmin=THETA_RANGE[0], vmax=THETA_RANGE[1],
        cmap=theta_colours().with_extremes(bad=(0, 0, 0, 0)),
    )  # fmt: skip
    figure.colorbar(drawn, ax=axes, shrink=0.85)
    axes.set_title("theta, 0-5 cm [m³ m⁻³]", fontsize=9.5)
    bare(axes)
    axes.set(xticks=[], yticks=[])
    return figure
