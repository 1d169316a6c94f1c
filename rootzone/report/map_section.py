"""The maps: a viewer with a date slider and what is known at a pixel, and a gallery for paper."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.figure_style import (
    SPREAD_STOPS,
    THETA_LABEL,
    THETA_RANGE,
    THETA_STOPS,
    bare,
    new_figure,
    styled,
    theta_colours,
)
from rootzone._shared.units import cm_from_mm
from rootzone._shared.words import plural
from rootzone.report.document import Block, Maps, Plot, Plots, Section, Text, absent
from rootzone.report.map_comparison import comparison_blocks
from rootzone.report.map_layers import (
    THETA_TOP,
    MapFile,
    Raster,
    bit_layer,
    layer,
    map_files,
    picture_bytes,
    read_small,
)
from rootzone.report.map_series import shown_days, sites_of, stations_of, weather_of
from rootzone.report.skill_section import coverage_words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rootzone.covariates.grid import MasterGrid
    from rootzone.report.read_inputs import ReportInputs

_MOST_DATES = 36
_SIZES_PX = (600, 450, 320, 240)  # tried until the pictures fit
_MOST_BYTES = 5_000_000
_GALLERY = 8


def map_section(inputs: ReportInputs) -> Section:
    """The viewer, and the same maps side by side."""
    key, title, menu = "maps", "Maps", "Maps"
    files = map_files(inputs.workspace.maps)
    if not files:
        return absent(key, title, menu, "No maps are made yet: rootzone map makes them.")
    dates = _even(sorted({m.day for m in files}), _MOST_DATES)
    shown = [m for m in files if m.day in dates]
    layers, rasters = _layers(inputs, shown, dates)
    first = next(iter(rasters.values()))
    shape = (first.bands.shape[1], first.bands.shape[2])
    depth = min({m.depth_mm for m in shown}, key=lambda d: abs(d - inputs.depth_mm))
    days = shown_days(inputs.campaign.years, dates)
    data: dict[str, Any] = {
        "height": shape[0], "width": shape[1], "full": list(first.full),
        "pixel_m": inputs.grid.resolution_m, "lattice": _lattice(inputs.grid),
        "depth_cm": depth / 10.0,
        "label_depth_cm": cm_from_mm(inputs.depth_mm), "dates": [day.isoformat() for day in dates],
        "first_day": days[0].isoformat(), "n_day": len(days), "layers": layers,
        "weather": weather_of(inputs, shape, days), "sites": sites_of(inputs, days, dates),
        "stations": stations_of(inputs, days),
    }  # fmt: skip
    gallery = {m.day: rasters[m.path].bands[0] for m in shown if m.depth_mm == depth}
    caption = (
        f"Water content at {depth / 10:g} cm on "
        f"{'some of the' if len(gallery) > _GALLERY else 'the'} mapped dates, one colour scale."
    )
    blocks: list[Block] = [
        Text(_in_words(inputs, files, dates, depth, first, shape) + interval_words(
            [one.bands[1] for one in rasters.values() if len(one.bands) > 1],
            first.tags.get("interval_pct", "80"),
        ) + coverage_words(inputs)), Maps(data),
        Plots([Plot("maps", gallery_figure(gallery), caption)]),
        *comparison_blocks(inputs),
    ]  # fmt: skip
    return Section(key, title, menu, blocks)


def _even(days: list[date], most: int) -> list[date]:
    picks = np.unique(np.linspace(0, len(days) - 1, min(most, len(days))).round().astype(int))
    return [days[int(i)] for i in picks]


def _layers(
    inputs: ReportInputs, files: list[MapFile], dates: list[date]
) -> tuple[list[dict[str, Any]], dict[Any, Raster]]:
    """Layers of the viewer, at the largest size that fits, and the rasters they come from."""
    layers: list[dict[str, Any]] = []
    rasters: dict[Any, Raster] = {}
    for size in _SIZES_PX:
        rasters = {m.path: read_small(m.path, size) for m in files}
        layers = []
        for depth in sorted({m.depth_mm for m in files}, key=lambda d: abs(d - inputs.depth_mm)):
            by_day = {m.day: rasters[m.path] for m in files if m.depth_mm == depth}
            layers += _depth_layers(depth, by_day, dates)
            layers += _flag_layers([m for m in files if m.depth_mm == depth], dates, size)
        layers += trust_layers(inputs, size)
        if picture_bytes(layers) <= _MOST_BYTES:
            break
    return layers, rasters


def _depth_layers(
    depth_mm: float, by_day: dict[date, Raster], dates: list[date]
) -> list[dict[str, Any]]:
    at = f"{cm_from_mm(depth_mm):g} cm"
    theta = [by_day[day].bands[0] if day in by_day else None for day in dates]
    found = [
        layer(f"theta_{depth_mm:g}", f"water content at {at}", "m³ m⁻³", THETA_RANGE,
              (0.0, THETA_TOP), THETA_STOPS, theta)
    ]  # fmt: skip
    half = [by_day[day].bands[1] if day in by_day and len(by_day[day].bands) > 1 else None
            for day in dates]  # fmt: skip
    known = [image for image in half if image is not None and np.isfinite(image).any()]
    if known:
        top = max(0.02, float(np.ceil(100 * max(np.nanmax(image) for image in known)) / 100))
        percent = next(iter(by_day.values())).tags.get("interval_pct", "80")
        found.append(
            layer(f"half_{depth_mm:g}", f"half of the {percent} % interval at {at}", "m³ m⁻³",
                  (0.0, top), (0.0, top), SPREAD_STOPS, half)
        )  # fmt: skip
    return found


def _flag_layers(files: list[MapFile], dates: list[date], size: int) -> list[dict[str, Any]]:
    by_day = {m.day: read_small(m.flags, size, classes=True) for m in files if m.flags.exists()}
    if not by_day:
        return []
    images = [by_day[day].bands[0] if day in by_day else None for day in dates]
    tags = next(iter(by_day.values())).tags
    return [bit_layer(f"flags_{files[0].depth_mm:g}", "flags", tags, images)]


def trust_layers(inputs: ReportInputs, size: int) -> list[dict[str, Any]]:
    """Bands of the trust layer, one image for all dates."""
    path = inputs.workspace.maps / "trust.tif"
    if not path.exists():
        return []
    raster = read_small(path, size)
    found = []
    for i, values in enumerate(raster.bands):
        if not np.isfinite(values).any():
            continue
        low, high = (float(v) for v in np.nanpercentile(values, [0, 98]))
        high = high if high > low else low + 1.0
        name = raster.names[i].replace("_", " ")
        unit = raster.units[i] if raster.units[i] not in ("1", "-") else ""
        found.append(
            layer(f"trust_{i}", f"trust: {name}", unit, (low, high), (low, high), SPREAD_STOPS,
                  [values])
        )  # fmt: skip
    return found


def _in_words(
    inputs: ReportInputs, files: list[MapFile], dates: list[date], depth_mm: float,
    first: Raster, shape: tuple[int, int],
) -> str:  # fmt: skip
    every = sorted({m.day for m in files})
    told = (
        f"{_span(every)} at {cm_from_mm(depth_mm):g} cm, {inputs.grid.resolution_m:g} m pixels. "
        f"{'Move the slider, and click' if len(every) > 1 else 'Click'} on the map to see what is "
        "known there."
    )
    if len(dates) < len(every):
        told += f" {len(dates)} of the dates are shown."
    step = round(max(first.full) / max(shape))
    if step > 1:
        told += (
            f" In this page maps are averaged over {step} x {step} pixels "
            f"({step * inputs.grid.resolution_m:g} m)."
        )
    return (
        told + f" Values in this page are in steps of {THETA_TOP / 250:g}; the files hold 0.0001."
    )


_LATTICE = 17  # points a side; between them degrees are straight to a hundredth of a pixel


def _lattice(grid: MasterGrid) -> list[list[list[float]]]:
    """Longitude and latitude on an even lattice over the grid, corner to corner [degree]."""
    row, col = np.meshgrid(
        np.linspace(-0.5, grid.height - 0.5, _LATTICE),
        np.linspace(-0.5, grid.width - 0.5, _LATTICE),
        indexing="ij",
    )
    return [np.round(values, 6).tolist() for values in grid.lon_lat(row, col)]


def _span(days: list[date]) -> str:
    if len(days) == 1:
        return f"One date, {days[0]},"
    return f"{plural(len(days), 'date')} from {days[0]} to {days[-1]}"


def interval_words(half: list[FloatArray], percent: str) -> str:
    """One sentence where the interval is the same everywhere, because it was fitted so.

    Parameters
    ----------
    half : list of array
        Half-widths of the maps [m3 m-3].
    percent : str
        Which interval.

    Examples
    --------
    >>> interval_words([np.array([[0.0142, np.nan]])], "80")
    ' The half-width of the 80 % interval is one number, 0.014, for every pixel and date.'
    """
    known = [values[np.isfinite(values)] for values in half]
    every = np.concatenate(known) if known else np.zeros(0)
    if not every.size or float(np.ptp(every)) > 2e-4:  # two steps of packing
        return ""
    return (
        f" The half-width of the {percent} % interval is one number, {float(every.mean()):.3f}, "
        "for every pixel and date."
    )


@styled
def gallery_figure(maps: dict[date, FloatArray]) -> Figure:
    """Maps of some dates side by side in one colour scale."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    days = _even(sorted(maps), _GALLERY)
    across = min(4, len(days))
    down = -(-len(days) // across)
    height, width = next(iter(maps.values())).shape
    figure = new_figure(9.4, 0.7 + down * (0.3 + 9.0 / 4 * height / width))
    grid = figure.subplots(down, across, squeeze=False)
    colours = theta_colours().with_extremes(bad=(0, 0, 0, 0))
    norm = Normalize(*THETA_RANGE)
    for axes, day in zip(grid.ravel(), days, strict=False):
        axes.imshow(maps[day], norm=norm, cmap=colours, interpolation="nearest")
        axes.set_title(day.isoformat(), fontsize=9.5)
    for axes in grid.ravel():
        bare(axes)
        axes.set(xticks=[], yticks=[])
    scale = ScalarMappable(norm, colours)
    figure.colorbar(scale, ax=grid, label=THETA_LABEL, orientation="horizontal", shrink=0.5,
                    aspect=40, pad=0.02, extend="max")  # fmt: skip
    return figure
