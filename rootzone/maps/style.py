"""Colours of soil moisture: brown for dry, blue for wet, the same on every map."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Final
from xml.sax.saxutils import quoteattr

from rootzone._shared.atomic import write_text

_LOG = logging.getLogger(__name__)

# Water content [m3 m-3] and colour. Steps of brown to blue-green from ColorBrewer's BrBG, ended in
# a deep blue; fixed limits, so that two maps can be compared by eye.
COLOURS: Final = (
    (0.00, "#543005"),
    (0.05, "#8c510a"),
    (0.10, "#bf812d"),
    (0.15, "#dfc27d"),
    (0.20, "#f6e8c3"),
    (0.25, "#c7eae5"),
    (0.30, "#80cdc1"),
    (0.35, "#35978f"),
    (0.40, "#01665e"),
    (0.45, "#08306b"),
)


def put_style(path: Path) -> None:
    """Write the colours where they are not there, or are other ones, which is told."""
    colours = qgis_style()
    if path.is_file():
        if path.read_bytes() == colours.encode():
            return
        _LOG.warning(
            "%s holds other colours than rootzone writes and is written again. For your own, "
            "keep a copy under another name.",
            path,
        )
    write_text(path, colours)


def qgis_style() -> str:
    """A QGIS layer style for band 1, in physical values: QGIS applies the file's scale itself."""
    items = "\n".join(
        f'          <item value="{theta:g}" label={quoteattr(f"{theta:.2f}")} color="{colour}" '
        'alpha="255"/>'
        for theta, colour in COLOURS
    )
    low, high = COLOURS[0][0], COLOURS[-1][0]
    return f"""<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>
<qgis version="3.28" styleCategories="Symbology">
  <pipe>
    <rasterrenderer type="singlebandpseudocolor" band="1" opacity="1" alphaBand="-1" \
classificationMin="{low:g}" classificationMax="{high:g}">
      <rastershader>
        <colorrampshader colorRampType="INTERPOLATED" classificationMode="1" clip="0" \
minimumValue="{low:g}" maximumValue="{high:g}" labelPrecision="2">
{items}
        </colorrampshader>
      </rastershader>
    </rasterrenderer>
  </pipe>
</qgis>
"""
