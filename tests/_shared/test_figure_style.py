from __future__ import annotations

import matplotlib as mpl
from matplotlib.figure import Figure

from rootzone._shared.figure_style import (
    INK,
    THETA_RANGE,
    figure_bytes,
    new_figure,
    styled,
    svg_text,
    theta_colours,
)


@styled
def _line() -> Figure:
    figure = new_figure(3.0, 2.0)
    figure.subplots().plot([0, 1], [0, 1])
    return figure


def test_drawing_leaves_the_users_settings_alone() -> None:
    before = dict(mpl.rcParams)
    svg_text(_line())
    assert dict(mpl.rcParams) == before


def test_the_same_figure_gives_the_same_bytes() -> None:
    assert svg_text(_line()) == svg_text(_line())
    assert figure_bytes(_line(), "svg") == figure_bytes(_line(), "svg")
    assert figure_bytes(_line(), "png") == figure_bytes(_line(), "png")


def test_ink_in_a_page_takes_the_pages_colour() -> None:
    text = svg_text(_line())
    assert INK not in text
    assert "currentColor" in text
    # A file for a paper keeps its own ink, since nothing around it has a colour.
    assert INK.encode() in figure_bytes(_line(), "svg")


def test_water_content_runs_from_brown_to_blue() -> None:
    dry, wet = theta_colours()(0.0), theta_colours()(1.0)
    assert dry[0] > dry[2]  # more red than blue
    assert wet[2] > wet[0]
    assert THETA_RANGE == (0.0, 0.45)  # fixed by the issue: maps of different dates compare
