"""Figures of the inversion: one a station, one for all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rootzone._shared.arrays import FloatArray
from rootzone._shared.atomic import atomic_path
from rootzone._shared.days import years_of
from rootzone._shared.figure_style import plain, styled
from rootzone._shared.provenance import Provenance, write_sidecar
from rootzone._shared.units import cm_from_m
from rootzone.inversion.invert_station import Inversion
from rootzone.inversion.summary import SOILS

_COLOURS = {
    "observed": "#222222",
    "loam": "#b9770e",
    "measured": "#6b8e23",
    "inverted": "#1f6f8b",
    "climatology": "#888888",
}
_UNIT = "[m$^3$ m$^{-3}$]"
_PANELS = {
    "r": "R [-]",
    "ubrmse": f"ubRMSE {_UNIT}",
    "abs_bias": f"|bias| {_UNIT}",
    "mae": f"MAE {_UNIT}",
}


@styled
def station_figure(found: Inversion, path: Path, record: Provenance) -> None:
    """Write the figure of ``draw_station``."""
    _save(draw_station(found), path, record)


@styled
def draw_station(found: Inversion) -> Figure:
    """Series at every depth, held-out years shaded, and what each texture tried cost."""
    n = len(found.depths_m)
    figure = Figure(figsize=(12, 1.7 * n + 0.9), layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(3, 1), squeeze=False)[0]
    dates = found.day.astype("datetime64[D]")
    shown = np.isin(years_of(dates), found.years)
    for i, depth_m in enumerate(found.depths_m):
        axes = left.add_subplot(n, 1, i + 1)
        for name, values in (
            ("observed", found.observed),
            ("loam", found.loam),
            ("measured", found.measured),
            ("inverted", found.inverted),
        ):
            if not np.isfinite(values).any():
                continue
            line = np.where(shown, values[:, i], np.nan)
            axes.plot(dates, line, lw=0.7, color=_COLOURS[name], label=name)
        for year in found.held_out_years:
            axes.axvspan(
                np.datetime64(f"{year}-01-01"),
                np.datetime64(f"{year + 1}-01-01"),
                color="#dfe8ee",
                lw=0,
                zorder=0,
            )
        axes.set_ylabel(f"{cm_from_m(depth_m):g} cm")
        axes.set_ylim(bottom=0)
    handles, labels = left.axes[0].get_legend_handles_labels()
    left.legend(handles, labels, loc="outside lower center", ncols=4, fontsize=8)
    _triangle(right.add_subplot(), found)
    figure.suptitle(
        plain(f"{found.network} {found.station}")
        + ": water content [m$^3$ m$^{-3}$], held-out years shaded"
    )
    return figure


def _triangle(axes: Axes, found: Inversion) -> None:
    """Costs on the texture triangle as the report draws it: sand left, silt right, clay upwards."""
    axes.set_aspect("equal")
    axes.axis("off")
    if not found.tried:
        axes.text(0.5, 0.5, "too few years to train", ha="center", transform=axes.transAxes)
        return
    textures = np.array(list(found.tried), dtype=float)
    cost = np.array(list(found.tried.values()))
    known = np.isfinite(cost)
    x, y = _on_triangle(textures[:, 0], textures[:, 1])
    dots = axes.scatter(x[known], y[known], c=cost[known], s=14, cmap="viridis_r")
    axes.plot(*_on_triangle(*np.array(found.best, dtype=float).reshape(-1, 2).T), "r*", ms=12)
    colours = axes.figure.colorbar(dots, ax=axes, orientation="horizontal", fraction=0.06)
    colours.set_label("cost in the training years [m$^3$ m$^{-3}$]", fontsize=8)
    axes.set_title("sand corner left, silt right, clay top", fontsize=8)


def _on_triangle(sand_pct: FloatArray, silt_pct: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where textures lie: pure sand at (0, 0), silt at (100, 0), clay at (50, 87).

    Examples
    --------
    >>> x, y = _on_triangle(np.array([100.0, 0.0, 0.0]), np.array([0.0, 100.0, 0.0]))
    >>> x.tolist(), y.round().tolist()
    ([0.0, 100.0, 50.0], [0.0, 0.0, 87.0])
    """
    clay_pct = 100.0 - sand_pct - silt_pct
    return silt_pct + clay_pct / 2.0, clay_pct * np.sqrt(0.75)


@styled
def summary_figure(summary: pl.DataFrame, path: Path, record: Provenance) -> None:
    """Medians over stations with their intervals by depth, on held-out years."""
    held_out = summary.filter(pl.col("years") == "held_out", pl.col("season") == "all")
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    for number, (metric, label) in enumerate(_PANELS.items(), 1):
        axes = figure.add_subplot(1, len(_PANELS), number)
        for offset, soil in enumerate(SOILS):
            part = held_out.filter(pl.col("soil") == soil).sort("nominal_depth_m")
            if part.height == 0:
                continue
            depth = np.arange(part.height) + 0.18 * (offset - 1)
            middle, low, high = (part[metric + end].to_numpy() for end in ("", "_low", "_high"))
            axes.errorbar(
                middle,
                depth,
                xerr=np.abs(np.vstack((middle - low, high - middle))),
                fmt="o",
                ms=4,
                lw=1.2,
                color=_COLOURS[soil],
                label=soil,
            )
            axes.set_yticks(
                np.arange(part.height), [f"{100 * d:g} cm" for d in part["nominal_depth_m"]]
            )
        axes.invert_yaxis()
        axes.set_xlabel(label)
        if metric != "r":
            axes.set_xlim(left=0)
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=3, fontsize=8)
    _save(figure, path, record)


def _save(figure: Figure, path: Path, record: Provenance) -> None:
    FigureCanvasAgg(figure)
    with atomic_path(path) as temporary:
        # No clock in the file: the same figure is the same bytes.
        figure.savefig(temporary, dpi=110, metadata={"Software": None})
    write_sidecar(path, record)
