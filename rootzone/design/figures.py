"""The pictures of the balance report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.figure_style import (
    LAND_COLOUR,
    SITES_COLOUR,
    bare,
    figure_bytes,
    new_figure,
    styled,
)
from rootzone.design.features import STORED

if TYPE_CHECKING:
    from rootzone.design.run_design import YearDesign

_SHOWN_STRATA = 20
_SITES_PER_SQUARE = 10


@styled
def map_of_sites(design: YearDesign) -> bytes:
    """Sites, and candidate pixels per site, on a map of weather cells or squares of them."""
    weather = design.weather
    side = _cells_to_a_square(design)
    sites = np.zeros(design.cell_pixels.shape, dtype=np.int64)
    np.add.at(sites, (design.sites["weather_row"], design.sites["weather_col"]), 1)
    row, col = np.nonzero(design.cell_pixels)
    top, left = int(row.min()), int(col.min())
    bottom = _whole_squares(top, int(row.max()) + 1, side)
    right = _whole_squares(left, int(col.max()) + 1, side)
    pixels = _squares(design.cell_pixels, top, bottom, left, right, side)
    count = _squares(sites, top, bottom, left, right, side)
    shown = np.where(pixels > 0, count, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        thinning = np.where(count > 0, pixels / count, np.nan)
    (west, north), (across, down) = weather.corner, weather.step
    extent = (
        west + left * across,
        west + right * across,
        north - bottom * down,
        north - top * down,
    )
    square = "weather cell" if side == 1 else f"{side} x {side} weather cells"
    figure = new_figure(11, 4.2)
    for axes, values, title in zip(
        figure.subplots(1, 2),
        (shown, thinning),
        (f"sites per {square}", f"candidate pixels per site, {square}"),
        strict=True,
    ):
        image = axes.imshow(values, cmap="viridis", interpolation="nearest", extent=extent)
        axes.set(title=title, xlabel="longitude [degree]", ylabel="latitude [degree]")
        axes.locator_params(nbins=5)
        bare(axes)
        figure.colorbar(image, ax=axes, shrink=0.8)
    return figure_bytes(figure, "png", dpi=110)


def _cells_to_a_square(design: YearDesign) -> int:
    """Side of the squares of cells that hold about ten sites each."""
    cells = np.count_nonzero(design.cell_pixels)
    return int(np.ceil(np.sqrt(_SITES_PER_SQUARE * cells / len(design.sites))))


def _whole_squares(first: int, end: int, side: int) -> int:
    """The end of a range of cells, moved out to a whole number of squares."""
    return first + -(-(end - first) // side) * side


def _squares(values: AnyArray, top: int, bottom: int, left: int, right: int, side: int) -> AnyArray:
    """Sums over squares of cells; cells beyond the weather grid count nothing."""
    part = values[top:bottom, left:right]
    missing = (bottom - top - part.shape[0], right - left - part.shape[1])
    part = np.pad(part, [(0, missing[0]), (0, missing[1])])
    tall, wide = (size // side for size in part.shape)
    return np.asarray(part.reshape(tall, side, wide, side).sum(axis=(1, 3)))


@styled
def chart_of_strata(design: YearDesign) -> bytes:
    """Share of pixels and of sites in the largest strata."""
    top = design.strata.head(_SHOWN_STRATA)
    y = np.arange(len(top))
    figure = new_figure(9, 1.2 + 0.28 * len(top))
    axes = figure.subplots()
    pixels = top["pixels"].to_numpy() / design.candidates * 100
    sites = top["sites"].to_numpy() / len(design.sites) * 100
    axes.barh(y - 0.2, pixels, 0.4, color=LAND_COLOUR, label="candidate pixels")
    axes.barh(y + 0.2, sites, 0.4, color=SITES_COLOUR, label="sites")
    axes.set_yticks(y, top["stratum"].to_list())
    axes.invert_yaxis()
    axes.set(xlabel="share [%]", title=f"the {len(top)} largest of {len(design.strata)} strata")
    axes.legend()
    return figure_bytes(figure, "png", dpi=110)


@styled
def chart_of_covariates(design: YearDesign) -> bytes:
    """Cumulative distributions of every covariate: land, and sites as often as their weights."""
    figure = new_figure(11, 5.6)
    weight = design.sites["weight"].to_numpy()
    for i, (axes, feature) in enumerate(zip(figure.subplots(2, 3).ravel(), STORED, strict=True)):
        seen = np.flatnonzero(design.histograms[i])
        land = np.cumsum(design.histograms[i][seen]) / design.candidates
        axes.step(feature.unpack(seen), land, where="post", color=LAND_COLOUR, lw=3, label="land")
        values = design.sites[feature.name].to_numpy()
        order = np.argsort(values, kind="stable")
        share = np.cumsum(weight[order]) / weight.sum()
        axes.step(
            values[order], share, where="post", color=SITES_COLOUR, lw=1, label="sites, weighted"
        )
        axes.set(xlabel=f"{feature.name} [{feature.unit}]", ylim=(0, 1))
    figure.axes[0].legend()
    return figure_bytes(figure, "png", dpi=110)
