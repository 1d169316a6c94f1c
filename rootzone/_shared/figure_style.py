"""One look for all figures: soil moisture runs from dry brown to wet blue, units on every axis.

Every stage draws with these, so a colour means the same on the coverage page, in the report and in
a paper. Nothing here needs matplotlib until a figure is made.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import LinearSegmentedColormap
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")

THETA_LABEL = "water content [m³ m⁻³]"
THETA_RANGE = (0.0, 0.45)  # [m3 m-3], the same in every map and column, so colours compare
# Evenly spaced over THETA_RANGE: ColorBrewer's BrBG, ended in a deep blue.
THETA_STOPS = (
    "#543005", "#8c510a", "#bf812d", "#dfc27d", "#f6e8c3", "#c7eae5", "#80cdc1", "#35978f",
    "#01665e", "#08306b",
)  # fmt: skip
SPREAD_STOPS = ("#f5f1e6", "#f0c27b", "#d9772b", "#8f2d56", "#3d1143")
INK = "#1d2b2a"  # text and axes; becomes the page's own colour where a figure stands in a page
SOFT = "#6d7c7a"
RAIN_COLOUR = "#4a86c0"
LAND_COLOUR = "#9aa5a3"
SITES_COLOUR = "#1b7f8e"
LOST_COLOUR = "#c2403a"
LINE_COLOURS = ("#1b7f8e", "#d17a22", "#7b5fb0", "#8a9a1f", "#b8406a", "#5d6b69")
_RC: dict[str, Any] = {
    "font.size": 10.0,
    "font.family": "sans-serif",
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9.5,
    "axes.edgecolor": SOFT,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": SOFT,
    "grid.alpha": 0.22,
    "grid.linewidth": 0.6,
    "text.color": INK,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.frameon": False,
    "legend.fontsize": 9.0,
    "lines.linewidth": 1.4,
    "savefig.facecolor": "white",
    "svg.hashsalt": "rootzone",  # the same figure gives the same bytes
    "date.converter": "concise",
}


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Let a function draw in the house style without touching anybody's settings."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        import matplotlib as mpl

        with mpl.rc_context(_RC):
            return draw(*args, **kwargs)

    return drawn


def theta_colours() -> LinearSegmentedColormap:
    """Colour map of water content, the same in every figure; grey where nothing is known."""
    return _colour_map("theta", THETA_STOPS)


def spread_colours() -> LinearSegmentedColormap:
    """Colour map of uncertainties and distances: pale is little."""
    return _colour_map("spread", SPREAD_STOPS)


def _colour_map(name: str, stops: tuple[str, ...]) -> LinearSegmentedColormap:
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list(name, list(stops))


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure that belongs to no window; draw on it inside a `styled` function."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def plain(name: str) -> str:
    r"""A name from data as text of a figure: its dollar signs begin no formula.

    Examples
    --------
    >>> print(plain("Creek $x_$ 5%"))
    Creek \$x_\$ 5%
    """
    return name.replace("$", r"\$")


def bare(axes: Axes) -> None:
    """Take away what carries no information on a map: grid and frame."""
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


@styled
def svg_text(figure: Figure) -> str:
    """The figure as SVG to stand inside a page, the same bytes for the same content.

    Text stays text, and ink takes the colour of the page, so a dark page shows light letters.
    """
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none"}):
        figure.savefig(
            buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None}
        )
    text = buffer.getvalue()
    return text[text.index("<svg") :].replace(INK, "currentColor")


@styled
def figure_bytes(figure: Figure, kind: str, dpi: int = 160) -> bytes:
    """The figure as a file for a paper: ``svg`` with letters as outlines, or ``png``."""
    buffer = io.BytesIO()
    dated = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    figure.savefig(buffer, format=kind, dpi=dpi, metadata=dated)
    return buffer.getvalue()


def page_css() -> str:
    """Style sheet of every page, to stand inside it: light, dark, phone and print."""
    return (Path(__file__).parent / "page.css").read_text(encoding="utf-8")


def png_uri(data: bytes) -> str:
    """A picture as an address that needs no file."""
    return "data:image/png;base64," + base64.b64encode(data).decode()
