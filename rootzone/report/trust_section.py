"""Where the maps can be trusted: how unlike each pixel is to what the network has seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.figure_style import bare, new_figure, spread_colours, styled
from rootzone._shared.words import fixed, number
from rootzone.report.document import Block, Plot, Plots, Section, Table, Text, absent
from rootzone.report.map_layers import Raster, map_files, read_small

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rootzone.report.read_inputs import ReportInputs

_SIZE_PX = 600


def trust_section(inputs: ReportInputs) -> Section:
    """The trust layer's bands as maps and numbers, and how many pixels carry which flag."""
    key, title, menu = "trust", "Where to trust the maps", "Trust"
    path = inputs.workspace.maps / "trust.tif"
    flags = _flag_table(inputs)
    if not path.exists() and flags is None:
        return absent(key, title, menu, "There is no trust layer yet: rootzone map makes it.")
    blocks: list[Block] = []
    if path.exists():
        raster = read_small(path, _SIZE_PX)
        known = [i for i, band in enumerate(raster.bands) if np.isfinite(band).any()]
        blocks.append(
            Text("Each band of the trust layer, by pixel. It is a layer of the viewer above as "
                 "well, so a click tells the value.")
        )  # fmt: skip
        blocks.append(_band_table(raster, known))
        blocks.append(
            Plots([Plot(f"trust_{_slug(raster.names[i])}", trust_figure(raster, i),
                        _caption(raster, i)) for i in known])
        )  # fmt: skip
    if flags is not None:
        blocks += [Text("Flags of the maps", "head"), flags]
    return Section(key, title, menu, blocks)


def _slug(name: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in name.lower())


def _caption(raster: Raster, i: int) -> str:
    meaning = raster.meanings[i] or raster.names[i].replace("_", " ")
    return meaning[:1].upper() + meaning[1:] + "."


def _unit(raster: Raster, i: int) -> str:
    return raster.units[i] if raster.units[i] not in ("", "1") else "-"


def _band_table(raster: Raster, known: list[int]) -> Table:
    rows = []
    for i in known:
        values = raster.bands[i]
        low, mid, high = np.nanpercentile(values, [5, 50, 95])
        name = raster.names[i].replace("_", " ")
        rows.append([name, _unit(raster, i), number(float(low)), number(float(mid)),
                     number(float(high))])  # fmt: skip
    return Table(("band", "unit", "5 % of pixels below", "median", "95 % below"), rows)


@styled
def trust_figure(raster: Raster, i: int) -> Figure:
    """One band of the trust layer as a map."""
    values = raster.bands[i]
    height, width = values.shape
    figure = new_figure(4.6, min(4.6, 0.3 + 3.5 * height / width))
    axes = figure.subplots()
    low, high = np.nanpercentile(values, [0, 98])
    image = axes.imshow(
        values, cmap=spread_colours().with_extremes(bad=(0, 0, 0, 0)), interpolation="nearest",
        vmin=low, vmax=high if high > low else low + 1.0,
    )  # fmt: skip
    bare(axes)
    axes.set(xticks=[], yticks=[])
    name = raster.names[i].replace("_", " ")
    figure.colorbar(image, ax=axes, label=f"{name} [{_unit(raster, i)}]", shrink=0.8)
    return figure


def _flag_table(inputs: ReportInputs) -> Table | None:
    """Share of pixels with each flag on the last mapped date, counted in the small map."""
    files = [m for m in map_files(inputs.workspace.maps) if m.flags.exists()]
    if not files:
        return None
    raster = read_small(files[-1].flags, _SIZE_PX, classes=True)
    bits = np.nan_to_num(raster.bands[0], nan=0.0).astype(np.uint8)
    rows = []
    for name, text in sorted(raster.tags.items()):
        if name.startswith("bit_"):
            share = float((bits & int(name.removeprefix("bit_")) > 0).mean())
            word, _, meaning = text.partition(": ")
            rows.append([word.replace("_", " "), meaning, fixed(100 * share, 2)])
    note = f"On {files[-1].day}, of all pixels of the grid."
    return Table(("flag", "meaning", "pixels [%]"), rows, note)
