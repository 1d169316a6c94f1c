"""One look for all figures: soil moisture runs from dry ochre to wet blue, units on every axis."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

THETA_LABEL = "water content [m³ m⁻³]"
THETA_RANGE = (0.0, 0.5)
RAIN_COLOUR = "#3a6ea5"
LINE_COLOURS = ("#0b6e69", "#c1661c", "#5b4b8a", "#8a8d00", "#a83254", "#4a4a4a")


def theta_colours() -> LinearSegmentedColormap:
    """Colour map of water content, the same in every figure: dry ochre, moist green, wet blue."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = ["#8c510a", "#d8b365", "#f3ecd2", "#7fc8bd", "#1f8a94", "#0b3c6f"]
    return LinearSegmentedColormap.from_list("theta", stops)


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure in the house style that belongs to no window."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "rootzone"  # the same figure gives the same bytes
    return Figure(figsize=(width_in, height_in), layout="constrained")


def tidy(axes: object) -> None:
    """Take away what carries no information."""
    spines = axes.spines  # type: ignore[attr-defined]
    spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25, linewidth=0.6)  # type: ignore[attr-defined]


def svg_text(figure: Figure) -> str:
    """The figure as SVG to stand inside a page, the same bytes for the same content."""
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
