"""Maps of several kinds side by side, and against the truth where the land is made up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.figure_style import (
    THETA_LABEL,
    THETA_RANGE,
    bare,
    new_figure,
    spread_colours,
    styled,
    theta_colours,
)
from rootzone._shared.open_files import open_raster
from rootzone.made_up.truth import read_truth
from rootzone.made_up.write_campaign import TRUTH
from rootzone.maps.encoding import unpack_theta
from rootzone.maps.scores import MapScores, pattern_of, score_map
from rootzone.report.document import Block, Plot, Plots, Table, Text
from rootzone.report.map_layers import MapFile, map_files

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rootzone.report.read_inputs import ReportInputs

_MOST_PX = 260  # along a side of a small picture
_MOST_DAYS = 12  # scored
_SAID = {"lightgbm": "LightGBM"}
_KINDS = ("network", "physics", "lightgbm", "simulation")


@dataclass(frozen=True)
class _Shown:
    """A kind of map on the day shown: water content and the half-width of its band."""

    theta: FloatArray
    half: FloatArray


def comparison_blocks(inputs: ReportInputs) -> list[Block]:
    """A figure and a table; nothing where there is one kind of maps and no truth."""
    kinds = _kinds(inputs)
    depth = inputs.depth_mm
    common = _common_days(list(kinds.values()), depth)
    folder = inputs.data / TRUTH
    truths = {day: truth for day in common[:_MOST_DAYS]
              if (truth := read_truth(folder, depth, day)) is not None}  # fmt: skip
    if not common or (len(kinds) < 2 and not truths):
        return []
    day = sorted(truths or common)[len(truths or common) // 2]
    shown = {name: _read(_of_day(files, depth, day)) for name, files in kinds.items()}
    truth = truths.get(day)
    against = "truth" if truth is not None else "physics" if "physics" in shown else ""
    figure = comparison_figure(shown, truth)
    caption = (
        f"Water content at {depth / 10:g} cm on {day}"
        + (f", its difference from {against}" if against else "")
        + " and the band each map gives with it, one colour scale a row. The band of a network is "
        "half of its interval, that of physics the error of going between simulated soils."
    )
    blocks: list[Block] = [Plots([Plot("maps_compared", figure, caption)])]
    if truths:
        scores = {
            name: [score_map(_read(_of_day(files, depth, d)).theta, t) for d, t in truths.items()]
            for name, files in kinds.items()
        }
        blocks += [Text(_words(scores, len(truths))), _table(scores)]
    else:
        rows = [[name, f"{pattern_of(one.theta):.4f}"] for name, one in shown.items()]
        blocks.append(Table(["map", "pattern of period 8 px [m³ m⁻³]"], rows))
    return blocks


def _kinds(inputs: ReportInputs) -> dict[str, list[MapFile]]:
    own = inputs.campaign.maps.source
    folders = {
        kind: inputs.workspace.maps if kind == own else inputs.workspace.maps / kind
        for kind in _KINDS
    }
    found = {kind: map_files(folder) for kind, folder in folders.items()}
    return {_SAID.get(kind, kind): files for kind, files in found.items() if files}


def _common_days(kinds: list[list[MapFile]], depth: float) -> list[date]:
    days = [{m.day for m in files if m.depth_mm == depth} for files in kinds]
    return sorted(set.intersection(*days)) if days else []


def _of_day(files: list[MapFile], depth: float, day: date) -> MapFile:
    return next(m for m in files if m.depth_mm == depth and m.day == day)


def _read(file: MapFile) -> _Shown:
    with open_raster(file.path) as source:
        theta, half = (unpack_theta(source.read(band)) for band in (1, 2))
    return _Shown(theta, half)


def _small(field: FloatArray) -> FloatArray:
    step = max(1, -(-max(field.shape) // _MOST_PX))
    return field[::step, ::step]


@styled
def comparison_figure(shown: dict[str, _Shown], truth: FloatArray | None) -> Figure:
    """Kinds in columns; water content, difference and band in rows, a colour scale each."""
    columns = (["truth"] if truth is not None else []) + list(shown)
    base = truth if truth is not None else None
    if base is None and "physics" in shown:
        base = shown["physics"].theta
    off = {} if base is None else {name: one.theta - base for name, one in shown.items()}
    if truth is None:
        off.pop("physics", None)
    most = max((float(np.nanquantile(np.abs(one), 0.98)) for one in off.values()), default=0.05)
    if truth is not None:  # a truth knows every pixel; shown is what some map has a value of
        truth = np.where(np.any([np.isfinite(o.theta) for o in shown.values()], 0), truth, np.nan)
    width = max((float(np.nanquantile(one.half, 0.98)) for one in shown.values()
                 if np.isfinite(one.half).any()), default=0.05)  # fmt: skip
    rows = [
        ({**({} if truth is None else {"truth": truth}),
          **{name: one.theta for name, one in shown.items()}},
         theta_colours(), THETA_RANGE, THETA_LABEL),
        (off, "RdBu", (-most, most), "difference [m³ m⁻³]"),
        ({name: one.half for name, one in shown.items() if np.isfinite(one.half).any()},
         spread_colours(), (0.0, width), "band [m³ m⁻³]"),
    ]  # fmt: skip
    rows = [row for row in rows if row[0]]
    across = 9.4  # as the page's other wide figures, so that their letters are of one size
    figure = new_figure(across, 0.3 + (across - 1.4) / max(3, len(columns)) * 0.9 * len(rows))
    axes = figure.subplots(len(rows), len(columns), squeeze=False)
    for number, (fields, colours, (low, high), label) in enumerate(rows):
        line = axes[number]
        images = []
        for one, name in zip(line, columns, strict=True):
            bare(one)
            one.set_xticks([])
            one.set_yticks([])
            if name not in fields:
                one.set_visible(False)
                continue
            image = one.imshow(_small(fields[name]), cmap=colours, vmin=low, vmax=high,
                               interpolation="nearest")  # fmt: skip
            images.append(image)
            if number == 0:
                one.set_title(name)
        figure.colorbar(images[0], ax=list(line), label=label, fraction=0.03, pad=0.02)
    return figure


def _mean(scores: list[MapScores], name: str) -> float:
    return float(np.mean([getattr(one, name) for one in scores]))


def _table(scores: dict[str, list[MapScores]]) -> Table:
    heads = [
        "map", "bias [m³ m⁻³]", "RMSE [m³ m⁻³]", "MAE [m³ m⁻³]", "R2", "detail", "edges",
        "pattern of period 8 px [m³ m⁻³]",
    ]  # fmt: skip
    rows = [
        [
            name, f"{_mean(found, 'bias'):+.4f}", f"{_mean(found, 'rmse'):.4f}",
            f"{_mean(found, 'mae'):.4f}", f"{_mean(found, 'r2'):.3f}",
            f"{_mean(found, 'detail'):.2f}", f"{_mean(found, 'edge_ratio'):.2f}",
            f"{_mean(found, 'pattern'):.4f}",
        ]
        for name, found in scores.items()
    ]  # fmt: skip
    caption = (
        "Means over the days. Detail: what is finer than 17 pixels, over the truth's. Edges: steps "
        "where the truth's are steepest, over the truth's. 1 is right."
    )
    best = min(range(len(rows)), key=lambda i: _mean(scores[rows[i][0]], "mae"))
    return Table(heads, rows, caption, strong=[best])


def _words(scores: dict[str, list[MapScores]], n_day: int) -> str:
    best = min(scores, key=lambda name: _mean(scores[name], "mae"))
    n = int(_mean(scores[best], "n"))
    return (
        f"The land is made up, so the truth of every pixel is known: maps are held against it at "
        f"{n:,} pixels on {n_day} days. The mean absolute error is smallest for {best}, "
        f"{_mean(scores[best], 'mae'):.4f} m³ m⁻³."
    )
