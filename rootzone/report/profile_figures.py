"""Figures of soil-water profiles: the whole column through time, and one depth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.figure_style import (
    INK,
    LINE_COLOURS,
    RAIN_COLOUR,
    THETA_LABEL,
    THETA_RANGE,
    new_figure,
    plain,
    styled,
    theta_colours,
)
from rootzone._shared.units import cm_from_mm

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@styled
def column_figure(
    dates: AnyArray,
    thickness_mm: FloatArray,
    theta: FloatArray,
    rain_mm: FloatArray,
    title: str,
    depth_mm: float = 200.0,
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
    depth_mm : float
        Depth that is marked [mm].
    """
    figure = new_figure(9.4, 3.9)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 3])
    _rain(above, dates, rain_mm)
    above.set_title(plain(title))
    edges_cm = np.concatenate([[0.0], np.cumsum(thickness_mm)]) / 10.0
    day_edges = np.append(dates, dates[-1] + np.timedelta64(1, "D"))
    mesh = below.pcolormesh(
        day_edges, edges_cm, theta.T, cmap=theta_colours(), vmin=THETA_RANGE[0],
        vmax=THETA_RANGE[1], shading="flat", rasterized=True,
    )  # fmt: skip
    below.invert_yaxis()
    below.set_ylabel("depth [cm]")
    below.grid(visible=False)
    below.set_xlim(day_edges[0], day_edges[-1])
    below.axhline(cm_from_mm(depth_mm), color="black", linewidth=0.7, linestyle=":")
    figure.colorbar(mesh, ax=[above, below], label=THETA_LABEL, pad=0.01, extend="max")
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
    figure = new_figure(9.4, 3.7)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[1, 3])
    _rain(above, dates, rain_mm)
    for (name, theta), colour in zip(theta_by_name.items(), LINE_COLOURS * 3, strict=False):
        below.plot(dates, theta, label=plain(name), color=INK if name == "station" else colour)
    below.set_xlim(dates[0], dates[-1])
    below.set_ylabel(f"{THETA_LABEL}\nat {cm_from_mm(depth_mm):g} cm")
    figure.legend(loc="outside lower center", ncols=4)
    return figure


def _rain(axes: Axes, dates: AnyArray, rain_mm: FloatArray) -> None:
    axes.bar(dates, rain_mm, width=1.0, color=RAIN_COLOUR)
    axes.set_ylabel("rain\n[mm d⁻¹]")
    axes.grid(visible=False, axis="x")
