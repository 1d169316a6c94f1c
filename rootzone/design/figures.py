"""The pictures of the balance report."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone.design.features import STORED

if TYPE_CHECKING:
    from rootzone.design.run_design import YearDesign

_LAND, _SITES = "#9a9a9a", "#1f5fa8"
_SHOWN_STRATA = 20


def png(figure: Any) -> bytes:  # noqa: ANN401 - matplotlib is untyped
    """The figure as PNG, the same bytes for the same figure."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": None})
    return buffer.getvalue()


def _figure(width_in: float, height_in: float) -> Any:  # noqa: ANN401
    from matplotlib.figure import Figure

    return Figure(figsize=(width_in, height_in), layout="constrained")


def map_of_sites(design: YearDesign) -> bytes:
    """Sites and pixels per site in each weather cell, north up."""
    rows, cols = np.nonzero(design.cell_pixels)
    part = slice(rows.min(), rows.max() + 1), slice(cols.min(), cols.max() + 1)
    pixels = design.cell_pixels[part].astype(float)
    sites = np.zeros(design.cell_pixels.shape)
    np.add.at(sites, (design.sites["weather_row"], design.sites["weather_col"]), 1)
    count = np.where(pixels > 0, sites[part], np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        thinning = np.where(count > 0, pixels / count, np.nan)
    figure = _figure(11, 4.2)
    for axes, values, title in zip(
        figure.subplots(1, 2),
        (count, thinning),
        ("sites in each weather cell", "candidate pixels per site"),
        strict=True,
    ):
        image = axes.imshow(values, cmap="viridis", interpolation="nearest")
        axes.set(title=title, xlabel="weather column", ylabel="weather row")
        figure.colorbar(image, ax=axes, shrink=0.8)
    return png(figure)


def chart_of_strata(design: YearDesign) -> bytes:
    """Share of pixels and of sites in the largest strata."""
    top = design.strata.head(_SHOWN_STRATA)
    y = np.arange(len(top))
    figure = _figure(9, 1.2 + 0.28 * len(top))
    axes = figure.subplots()
    pixels = top["pixels"].to_numpy() / design.candidates * 100
    sites = top["sites"].to_numpy() / len(design.sites) * 100
    axes.barh(y - 0.2, pixels, 0.4, color=_LAND, label="candidate pixels")
    axes.barh(y + 0.2, sites, 0.4, color=_SITES, label="sites")
    axes.set_yticks(y, top["stratum"].to_list())
    axes.invert_yaxis()
    axes.set(xlabel="share [%]", title=f"the {len(top)} largest of {len(design.strata)} strata")
    axes.legend()
    return png(figure)


def chart_of_covariates(design: YearDesign) -> bytes:
    """Cumulative distributions of every covariate: land, and sites as often as their weights."""
    figure = _figure(11, 5.6)
    weight = design.sites["weight"].to_numpy()
    for i, (axes, feature) in enumerate(zip(figure.subplots(2, 3).ravel(), STORED, strict=True)):
        seen = np.flatnonzero(design.histograms[i])
        land = np.cumsum(design.histograms[i][seen]) / design.candidates
        axes.step(feature.unpack(seen), land, where="post", color=_LAND, lw=3, label="land")
        values = design.sites[feature.name].to_numpy()
        order = np.argsort(values, kind="stable")
        share = np.cumsum(weight[order]) / weight.sum()
        axes.step(values[order], share, where="post", color=_SITES, lw=1, label="sites, weighted")
        axes.set(xlabel=f"{feature.name} [{feature.unit}]", ylim=(0, 1))
    figure.axes[0].legend()
    return png(figure)
