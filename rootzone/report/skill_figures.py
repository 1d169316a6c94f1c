"""Figures of skill: by season, by place, and predicted against observed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.figure_style import INK, SOFT, new_figure, styled
from rootzone.labels.splits import SEASONS

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

NAMES = {
    "unet": "U-Net", "lightgbm": "LightGBM", "climatology": "climatology",
    "persistence": "persistence", "surface": "surface product", "raw_simulation": "raw simulation",
}  # fmt: skip
COLOURS = {
    "unet": "#1b7f8e", "lightgbm": "#d17a22", "climatology": "#8d9997", "persistence": "#7b5fb0",
    "surface": "#8a9a1f", "raw_simulation": "#a5672a",
}  # fmt: skip
_MARKERS = {"unet": "o", "lightgbm": "D", "climatology": "s", "persistence": "^", "surface": "v",
            "raw_simulation": "P"}  # fmt: skip


@styled
def season_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Mean absolute error of every model by season."""
    figure = new_figure(4.6, 3.1)
    axes = figure.subplots()
    models = list(dict.fromkeys(row["model"] for row in rows))
    for i, model in enumerate(models):
        found = {row["group"]: row["mae"] for row in rows if row["model"] == model}
        y = [np.nan if found.get(s) is None else found[s] for s in SEASONS]
        shift = (i - (len(models) - 1) / 2) * 0.11
        axes.plot(np.arange(4) + shift, y, _MARKERS.get(model, "o"), markersize=6,
                  color=COLOURS.get(model, SOFT), label=NAMES.get(model, model))  # fmt: skip
    axes.set_xticks(range(4), ["DJF", "MAM", "JJA", "SON"])
    axes.set(xlabel="season", ylabel="MAE [m³ m⁻³]", ylim=(0, None))
    figure.legend(loc="outside lower center", ncols=3)
    return figure


@styled
def places_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Median MAE of the places with its interval, a line a model."""
    figure = new_figure(4.6, 3.1)
    axes = figure.subplots()
    shown = [row for row in rows if row.get("mae") is not None and np.isfinite(row["mae"])]
    for y, row in enumerate(shown):
        colour = COLOURS.get(row["model"], SOFT)
        low, high = row.get("mae_low"), row.get("mae_high")
        if low is not None and high is not None:
            axes.plot([low, high], [y, y], color=colour, linewidth=3, alpha=0.45)
        axes.plot(row["mae"], y, _MARKERS.get(row["model"], "o"), color=colour, markersize=7)
    axes.set_yticks(range(len(shown)), [NAMES.get(row["model"], row["model"]) for row in shown])
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set(xlim=(0, None), xlabel="median MAE of the places [m³ m⁻³]")
    return figure


@styled
def scatter_figure(panels: Mapping[str, pl.DataFrame]) -> Figure:
    """Predicted against observed, a panel a model, as a density where dots would hide."""
    from matplotlib import colormaps

    across = max(4, len(panels))
    figure = new_figure(9.4, 0.7 + 8.8 / across)
    axes = figure.subplots(1, across, sharex=True, sharey=True)
    top = max(0.45, *(float(np.nanmax(_both(frame))) for frame in panels.values()))
    colours = colormaps["YlGnBu"].with_extremes(under=(0, 0, 0, 0))
    for ax, (name, frame) in zip(axes, panels.items(), strict=False):
        observed, predicted = frame["observed"].to_numpy(), frame["predicted"].to_numpy()
        ax.plot([0, top], [0, top], color=INK, linewidth=0.8, linestyle=":")
        if frame.height > 400:
            bins = np.linspace(0, top, 61)
            count, _, _ = np.histogram2d(observed, predicted, bins)
            shown = np.log10(np.maximum(count, 0.1)).T
            most = max(1.0, float(shown.max()))
            ax.imshow(shown, origin="lower", extent=(0, top, 0, top), cmap=colours, vmin=-0.4,
                      vmax=most, interpolation="nearest")  # fmt: skip
        else:
            ax.plot(observed, predicted, "o", markersize=2.5, alpha=0.6, color=COLOURS["unet"])
        mae = float(np.mean(np.abs(predicted - observed)))
        ax.set_title(
            f"{name}\nMAE {mae:.3f}, n {frame.height:,}", fontsize=9.5 if across == 4 else 8.5
        )
        ax.set(xlim=(0, top), ylim=(0, top), xlabel="observed [m³ m⁻³]", aspect="equal")
    axes[0].set_ylabel("predicted [m³ m⁻³]")
    for ax in axes[len(panels) :]:
        ax.set_visible(False)
    return figure


def _both(frame: pl.DataFrame) -> Any:  # noqa: ANN401 - numpy
    return np.concatenate([frame["observed"].to_numpy(), frame["predicted"].to_numpy()])
