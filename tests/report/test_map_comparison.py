"""Kinds of maps beside each other, and what the table says of them."""

from __future__ import annotations

import numpy as np

from rootzone.maps.scores import score_map
from rootzone.report.map_comparison import _Shown, _table, _words, comparison_figure


def _fields() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    row, col = np.mgrid[0:64, 0:64]
    truth = 0.25 + 0.05 * np.sin(row / 9.0) * np.cos(col / 7.0)
    return truth, truth + 0.01, truth - 0.03


def test_each_row_has_one_colour_scale_for_all_its_pictures() -> None:
    truth, near, far = _fields()
    half, none = np.full_like(truth, 0.02), np.full_like(truth, np.nan)
    shown = {"network": _Shown(near, half), "physics": _Shown(far, none)}
    figure = comparison_figure(shown, truth)
    pictures = [axes.images[0] for axes in figure.axes if axes.images]
    # Water content of truth, network and physics; two differences; one band, as one has none.
    assert len(pictures) == 6
    assert {image.get_clim() for image in pictures[:3]} == {pictures[0].get_clim()}
    assert len({image.get_clim() for image in pictures[3:5]}) == 1
    assert [axes.get_title(loc="left") for axes in figure.axes[:3]] == [
        "truth",
        "network",
        "physics",
    ]


def test_a_truth_is_shown_where_a_map_has_a_value_and_is_as_wide_as_other_figures() -> None:
    truth, near, _ = _fields()
    near[:10] = np.nan  # outside the region
    figure = comparison_figure({"network": _Shown(near, np.full_like(truth, 0.02))}, truth)
    drawn = np.ma.getmaskarray(figure.axes[0].images[0].get_array())
    assert drawn[:10].all()
    assert not drawn[10:].any()
    assert np.isfinite(truth).all()  # scores are of the whole truth
    assert figure.get_size_inches()[0] == 9.4  # scatter panels, balance: also 9.4 inches


def test_without_a_truth_the_network_is_held_against_physics() -> None:
    truth, near, _ = _fields()
    half = np.full_like(truth, 0.02)
    figure = comparison_figure(
        {"network": _Shown(near, half), "physics": _Shown(truth, half)}, None
    )
    differences = [axes.images[0] for axes in figure.axes if axes.images][2]
    assert np.nanmax(np.abs(differences.get_array() - 0.01)) < 1e-9  # near is truth + 0.01


def test_the_table_marks_the_kind_with_the_smallest_error() -> None:
    truth, near, far = _fields()
    scores = {"network": [score_map(near, truth)], "physics": [score_map(far, truth)]}
    table = _table(scores)
    assert list(table.strong) == [0]
    # By hand: a constant offset is the bias and the mean absolute error.
    assert table.rows[0][:4] == ["network", "+0.0100", "0.0100", "0.0100"]
    assert table.rows[1][1] == "-0.0300"
    assert "smallest for network, 0.0100" in _words(scores, 1)
