"""Where the maps can be trusted: how unlike each pixel is to what the network has seen."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.figure_style import (
    SOFT,
    SPREAD_STOPS,
    bare,
    new_figure,
    spread_colours,
    styled,
)
from rootzone._shared.words import fixed, number
from rootzone.report.document import Block, Plot, Plots, Section, Table, Text, absent
from rootzone.report.map_layers import Raster, map_files, read_small

if TYPE_CHECKING:
    from matplotlib.axes import Axes
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
        raster = mapped_part(inputs, read_small(path, _SIZE_PX))
        known = [i for i, band in enumerate(raster.bands) if np.isfinite(band).any()]
        drawn = [i for i in known if float(np.ptp(_finite(raster.bands[i]))) > 0]
        blocks.append(
            Text("Each band of the trust layer, by pixel of the region. It is a layer of the "
                 "viewer above as well, so a click tells the value.")
        )  # fmt: skip
        blocks.append(_band_table(raster, known))
        blocks.append(
            Plots([Plot(f"trust_{_slug(raster.names[i])}", trust_figure(raster, i),
                        _caption(raster, i)) for i in drawn])
        )  # fmt: skip
        blocks += [
            Text(f"{_caption(raster, i)[:-1]}: {number(float(_finite(raster.bands[i])[0]))} at "
                 "every pixel, so it is not drawn.")
            for i in known if i not in drawn
        ]  # fmt: skip
    if flags is not None:
        blocks += [Text("Flags of the maps", "head"), flags]
    return Section(key, title, menu, blocks)


def mapped_part(inputs: ReportInputs, raster: Raster) -> Raster:
    """A raster without the pixels that lie outside the region, as the newest flags say."""
    files = [m for m in map_files(inputs.workspace.maps) if m.flags.exists()]
    if not files:
        return raster
    flags = read_small(files[-1].flags, _SIZE_PX, classes=True)
    outside = [
        int(name.removeprefix("bit_"))
        for name, text in flags.tags.items()
        if name.startswith("bit_") and text.startswith("outside_region")
    ]
    if not outside or flags.bands[0].shape != raster.bands.shape[1:]:
        return raster
    bits = np.nan_to_num(flags.bands[0], nan=0.0).astype(np.uint16)
    cut = np.where(bits & outside[0] > 0, np.nan, raster.bands)
    return replace(raster, bands=cut)


def _finite(values: FloatArray) -> FloatArray:
    return values[np.isfinite(values)]


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
    name = raster.names[i].replace("_", " ")
    axes.set_title(name)
    known = _finite(values)
    if set(np.unique(known)) <= {0.0, 1.0}:
        _yes_or_no(axes, values, name)
        return figure
    low, high = np.nanpercentile(values, [0, 98])
    image = axes.imshow(
        values, cmap=spread_colours().with_extremes(bad=(0, 0, 0, 0)), interpolation="nearest",
        vmin=low, vmax=high if high > low else low + 1.0,
    )  # fmt: skip
    bare(axes)
    axes.set(xticks=[], yticks=[])
    figure.colorbar(image, ax=axes, label=f"{name} [{_unit(raster, i)}]", shrink=0.8, extend="max")
    return figure


def _yes_or_no(axes: Axes, values: FloatArray, name: str) -> None:
    """A map of two classes with a key rather than a scale."""
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    colours = (SPREAD_STOPS[0], SPREAD_STOPS[-2])
    two = ListedColormap(colours).with_extremes(bad=(0, 0, 0, 0))
    axes.imshow(values, cmap=two, interpolation="nearest", vmin=0, vmax=1)
    bare(axes)
    axes.set(xticks=[], yticks=[])
    share = 100 * float((_finite(values) > 0.5).mean())
    said = (f"not {name} ({100 - share:.1f} %)", f"{name} ({share:.1f} %)")
    keys = [Patch(facecolor=c, edgecolor=SOFT, label=t) for c, t in zip(colours, said, strict=True)]
    axes.legend(handles=keys, loc="upper center", bbox_to_anchor=(0.5, -0.02), ncols=1)


def _flag_table(inputs: ReportInputs) -> Table | None:
    """Share of pixels with each flag on the last mapped date, counted in the small map."""
    files = [m for m in map_files(inputs.workspace.maps) if m.flags.exists()]
    if not files:
        return None
    raster = read_small(files[-1].flags, _SIZE_PX, classes=True)
    bits = np.nan_to_num(raster.bands[0], nan=0.0).astype(np.uint16)
    rows = []
    for name, text in sorted(raster.tags.items()):
        if name.startswith("bit_"):
            share = float((bits & int(name.removeprefix("bit_")) > 0).mean())
            word, _, meaning = text.partition(": ")
            rows.append([word.replace("_", " "), meaning, fixed(100 * share, 2)])
    note = f"On {files[-1].day}, of all pixels of the grid."
    return Table(("flag", "meaning", "pixels [%]"), rows, note)
