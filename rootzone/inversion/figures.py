"""Figures of the inversion: one a station, one for all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from rootzone._shared.atomic import atomic_path
from rootzone._shared.days import years_of
from rootzone._shared.figure_style import plain
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


def station_figure(found: Inversion, path: Path, record: Provenance) -> None:
    """Write the figure of ``draw_station``."""
    _save(draw_station(found), path, record)


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
        if i == 0:
            axes.legend(ncols=3, fontsize=8, loc="upper left")
    _triangle(right.add_subplot(), found)
    figure.suptitle(
        plain(f"{found.network} {found.station}")
        + ": water content [m$^3$ m$^{-3}$], held-out years shaded"
    )
    return figure


def _triangle(axes: Axes, found: Inversion) -> None:
    """Costs on the texture triangle: sand along the bottom, clay upwards."""
    axes.set_aspect("equal")
    axes.axis("off")
    if not found.tried:
        axes.text(0.5, 0.5, "too few years to train", ha="center", transform=axes.transAxes)
        return
    textures = np.array(list(found.tried), dtype=float)
    cost = np.array(list(found.tried.values()))
    known = np.isfinite(cost)
    sand, clay = textures[:, 0], 100.0 - textures.sum(axis=1)
    dots = axes.scatter(
        (sand + clay / 2)[known], clay[known] * np.sqrt(0.75), c=cost[known], s=14, cmap="viridis_r"
    )
    for best_sand, best_silt in found.best:
        best_clay = 100 - best_sand - best_silt
        axes.plot(best_sand + best_clay / 2, best_clay * np.sqrt(0.75), "r*", ms=12)
    colours = axes.figure.colorbar(dots, ax=axes, orientation="horizontal", fraction=0.06)
    colours.set_label("cost in the training years [m$^3$ m$^{-3}$]", fontsize=8)
    axes.set_title("silt corner left, sand right, clay top", fontsize=8)


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
