"""Figures of soil-water profiles: the whole column through time, and one depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.figure_style import (
    LINE_COLOURS,
    RAIN_COLOUR,
    THETA_LABEL,
    THETA_RANGE,
    new_figure,
    styled,
    theta_colours,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@styled
def column_figure(
    dates: AnyArray, thickness_mm: FloatArray, theta: FloatArray, rain_mm: FloatArray, title: str
) -> Figure:
    """Water content of a whole column through time, the rain above it.

    Parameters
    ----------
    dates : array of datetime64, shape (day,)
        Days.
    thickness_mm : array, shape (layer,)
        Layer thicknesses [mm].
    theta : array, shape (day, layer)
        Water content [m3 m-3].
    rain_mm : array, shape (day,)
        Daily rain [mm].
    title : str
        What the column is.
    """
    figure = new_figure(9.0, 4.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 3])
    above.bar(dates, rain_mm, width=1.0, color=RAIN_COLOUR)
    above.set_ylabel("rain\n[mm d⁻¹]")
    above.set_title(title, loc="left", fontsize=11)
    edges_cm = np.concatenate([[0.0], np.cumsum(thickness_mm)]) / 10.0
    day_edges = np.append(dates, dates[-1] + np.timedelta64(1, "D"))
    mesh = below.pcolormesh(
        day_edges, edges_cm, theta.T, cmap=theta_colours(), vmin=THETA_RANGE[0],
        vmax=THETA_RANGE[1], shading="flat", rasterized=True,
    )  # fmt: skip
    below.invert_yaxis()
    below.set_ylabel("depth [cm]")
    below.axhline(20.0, color="black", linewidth=0.7, linestyle=":")
    figure.colorbar(mesh, ax=below, label=THETA_LABEL)
    return figure


@styled
def depth_figure(
    dates: AnyArray, theta_by_name: Mapping[str, FloatArray], rain_mm: FloatArray, depth_mm: float
) -> Figure:
    """Water content at one depth for several soils or engines under the same rain.

    Parameters
    ----------
    dates : array of datetime64, shape (day,)
        Days.
    theta_by_name : mapping of str to array, shape (day,)
        Water content [m3 m-3] of each series.
    rain_mm : array, shape (day,)
        Daily rain [mm].
    depth_mm : float
        Depth of the series [mm].
    """
    figure = new_figure(9.0, 4.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 3])
    above.bar(dates, rain_mm, width=1.0, color=RAIN_COLOUR)
    above.set_ylabel("rain\n[mm d⁻¹]")
    for (name, theta), colour in zip(theta_by_name.items(), LINE_COLOURS * 3, strict=False):
        below.plot(dates, theta, label=name, color=colour, linewidth=1.1)
    below.set_ylabel(f"{THETA_LABEL}\nat {depth_mm / 10:g} cm")
    below.legend(ncols=4, fontsize=8, frameon=False)
    return figure
