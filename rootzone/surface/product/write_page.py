"""One page about a campaign's surface maps: skill, the maps, and why they are as they are."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.atomic import write_text
from rootzone._shared.open_files import open_raster
from rootzone.maps.style import COLOURS
from rootzone.surface.product.write_day import SurfaceMapFiles

_SHOWN = 4
_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "pre{overflow-x:auto;background:#f4f4f4;padding:1rem;font-size:.8rem}img{max-width:100%}"
)


class Panel(NamedTuple):
    """One picture of a day: its title, which of the day's files, band, and colours."""

    title: str
    file: str
    band: int
    colours: str


def write_page(
    path: Path, name: str, table: str, files: Sequence[SurfaceMapFiles], facts: Mapping[str, Any],
    panels: Sequence[Panel], what: str,
) -> None:  # fmt: skip
    """Write the page, whole in itself: no script, no file beside it.

    Parameters
    ----------
    path : Path
        The page.
    name : str
        Name of the campaign.
    table : str
        Skill of all splits, as text.
    files : sequence of SurfaceMapFiles
        Maps; some evenly spaced ones are drawn.
    facts : mapping
        What else a reader should know, a line each.
    panels : sequence of Panel
        What is drawn of a day, side by side.
    what : str
        What the maps show.
    """
    chosen = [
        files[k] for k in np.unique(np.linspace(0, len(files) - 1, _SHOWN).round().astype(int))
    ]
    alt = html.escape(", ".join(panel.title for panel in panels))
    figures = "".join(
        f'<h3>{one.day.isoformat()}</h3><img alt="{alt} on {one.day.isoformat()}" '
        f'src="data:image/png;base64,{_drawn(one, panels)}">'
        for one in chosen
    )
    heading = f"{html.escape(name)}: {html.escape(what)}"
    listed = "".join(f"<li>{html.escape(k)}: {html.escape(str(v))}</li>" for k, v in facts.items())
    write_text(
        path,
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{heading}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{heading}</h1><ul>{listed}</ul>"
        "<h2>Skill at samples held out</h2>"
        f"<pre>{html.escape(table)}</pre><p>A random split lets a model see the same station on "
        "other days; only the split by stations tells what it does at a place without one.</p>"
        f"<h2>Maps</h2>{figures}</body></html>\n",
    )


def _drawn(files: SurfaceMapFiles, panels: Sequence[Panel]) -> str:
    """The day's pictures side by side, as PNG in base64."""
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

    most = COLOURS[-1][0]
    scale = LinearSegmentedColormap.from_list("water", [(t / most, c) for t, c in COLOURS])
    figure = Figure(figsize=(10, 3.2), layout="constrained", dpi=90)
    axes = figure.subplots(1, len(panels))
    for axis, panel in zip(axes, panels, strict=True):
        options: dict[str, Any] = {"cmap": panel.colours}
        if panel.colours == "water":
            options = {"cmap": scale, "vmin": 0.0, "vmax": most}
        field = _band(getattr(files, panel.file), panel.band)
        figure.colorbar(axis.imshow(field, **options), ax=axis, shrink=0.85)
        axis.set_title(panel.title, fontsize=10)
        axis.set_xticks([])
        axis.set_yticks([])
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return base64.b64encode(buffer.getvalue()).decode()


def _band(path: Path, number: int) -> FloatArray:
    with open_raster(path) as file:
        values = file.read(number, masked=True).astype(np.float64) * file.scales[number - 1]
    return np.asarray(np.ma.filled(values, np.nan), dtype=np.float64)
