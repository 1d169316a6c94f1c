"""Pictures of results in the house style: colours of water, units on every axis."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from rootzone._shared.figure_style import (
    LINE_COLOURS,
    THETA_LABEL,
    THETA_RANGE,
    styled,
    theta_colours,
)

if TYPE_CHECKING:
    import polars as pl
    import xarray as xr
    from matplotlib.axes import Axes

    from rootzone.labels.layering import Layering

P = ParamSpec("P")
R = TypeVar("R")
_MOST_LINES = 12


def pictured(draw: Callable[P, R]) -> Callable[P, R]:
    """Let a function draw in the house style, in a figure that a notebook shows."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        # Before the style is on: what the backend of a notebook sets up when it starts must stay.
        import matplotlib.pyplot as plt

        plt.draw_if_interactive()
        return styled(draw)(*args, **kwargs)

    return drawn


def _new_axes(width_in: float = 8.0, height_in: float = 3.4) -> Axes:
    """Axes that a notebook shows."""
    import matplotlib.pyplot as plt

    axes: Axes = plt.subplots(figsize=(width_in, height_in), layout="constrained")[1]
    return axes


@pictured
def draw_profile(frame: pl.DataFrame, layering: Layering | None) -> Axes:
    """Water content of one site by day and depth, with the rain it could not hold left out."""
    theta = np.stack(frame["theta"].to_list()).astype(float)
    thickness = None if layering is None else layering.thickness_mm
    edges = np.arange(theta.shape[1] + 1.0)
    if thickness is not None:
        edges = np.concatenate(([0.0], np.cumsum(thickness)))
    first = frame["date"].to_numpy().astype("datetime64[D]")
    days = np.append(first, first[-1] + np.timedelta64(1, "D"))
    axes = _new_axes()
    mesh = axes.pcolormesh(
        days, edges, theta.T, cmap=theta_colours(), vmin=THETA_RANGE[0], vmax=THETA_RANGE[1]
    )
    axes.invert_yaxis()
    axes.grid(visible=False)
    axes.set(ylabel="layer" if thickness is None else "depth [mm]")
    axes.set_title(f"site {frame['site_id'][0]}")
    _figure(axes).colorbar(mesh, ax=axes, label=THETA_LABEL, pad=0.02)
    return axes


@pictured
def draw_labels(frame: pl.DataFrame) -> Axes:
    """Water content by day, a line a site and depth."""
    axes = _new_axes()
    keys = ["site_id", "depth_mm"]
    for i, (key, part) in enumerate(frame.group_by(keys, maintain_order=True)):
        if i == _MOST_LINES:
            break
        colour = LINE_COLOURS[i % len(LINE_COLOURS)]
        name = f"site {key[0]}, {key[1]:g} mm"
        axes.plot(part["date"].to_numpy(), part["theta"].to_numpy(), color=colour, label=name)
    return _finish(axes)


@pictured
def draw_stations(frame: pl.DataFrame) -> Axes:
    """Good station values by day, a line a depth."""
    axes = _new_axes()
    good = frame.filter(frame["flag"] == "")
    depths = good["depth_m"].unique().sort().to_list()
    for i, depth_m in enumerate(depths):
        part = good.filter(good["depth_m"] == depth_m).sort("date")
        days = part["date"].to_numpy().astype("datetime64[D]")
        gaps = np.flatnonzero(np.diff(days) > np.timedelta64(3, "D")) + 1
        theta = np.insert(part["theta"].to_numpy().astype(float), gaps, np.nan)
        colour = LINE_COLOURS[i % len(LINE_COLOURS)]
        axes.plot(np.insert(days, gaps, days[gaps]), theta, color=colour, label=f"{depth_m:g} m")
    axes.set_title(f"{frame['network'][0]} {frame['station'][0]}")
    return _finish(axes)


@pictured
def draw_map(theta: xr.DataArray) -> Axes:
    """Water content on its grid; of several days the first."""
    first = theta.isel(time=0) if "time" in theta.dims else theta
    axes = _new_axes(6.4, 5.2)
    mesh = axes.pcolormesh(
        first["x"] / 1000.0,
        first["y"] / 1000.0,
        first,
        cmap=theta_colours(),
        vmin=THETA_RANGE[0],
        vmax=THETA_RANGE[1],
        shading="nearest",
    )
    axes.set(xlabel="easting [km]", ylabel="northing [km]", aspect="equal")
    axes.grid(visible=False)
    _figure(axes).colorbar(mesh, ax=axes, label=THETA_LABEL, pad=0.02)
    return axes


def _finish(axes: Axes) -> Axes:
    axes.set(ylabel=THETA_LABEL)
    axes.legend(ncols=3, loc="best")
    return axes


def _figure(axes: Axes) -> Any:  # noqa: ANN401 - Figure or SubFigure
    return axes.figure
