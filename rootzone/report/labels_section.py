"""How the labels are distributed, and how far that is from the stations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.figure_style import INK, SITES_COLOUR, THETA_LABEL, new_figure, styled
from rootzone._shared.units import cm_from_mm
from rootzone._shared.words import fixed, plural
from rootzone.labels.distribution import L1_BIN_WIDTH, Distribution, histogram_l1
from rootzone.labels.read_labels import read_distribution
from rootzone.labels.write_labels import label_files
from rootzone.report.document import Block, Plot, Plots, Section, Table, Text, absent

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from rootzone.report.read_inputs import ReportInputs

_COLUMNS = ("mean", "sd", "p1", "p25", "p50", "p75", "p99")
_MOST_LABELS = 4_000_000  # of more in a month, those of a fixed choice of sites
_BAND = (0.1, 0.5, 0.9)


def labels_section(inputs: ReportInputs) -> Section:
    """Distribution of the labels by value and by month, beside that of the stations."""
    key, title, menu = "labels", "Labels against stations", "Labels"
    if inputs.labels is None:
        return absent(key, title, menu, "There are no labels yet: rootzone labels makes them.")
    simulated = read_distribution(inputs.workspace.labels, inputs.depth_mm, workers=2)
    stations = _station_distribution(inputs)
    months = {"simulated": _months_of_labels(inputs)}
    if inputs.station_values is not None and inputs.station_values.height:
        months["stations"] = monthly(inputs.station_values.lazy())
    depth = f"{cm_from_mm(inputs.depth_mm):g} cm"
    plots = [
        Plot("label_distribution", histogram_figure(simulated, stations), f"Water content at "
             f"{depth}: labels weighted by the pixels their sites stand for"
             f"{', stations as they are' if stations else ''}; bins of 0.01 m³ m⁻³."),
        Plot("label_months", months_figure(months), "Median and 10 to 90 % of all values by "
             "month."),
    ]  # fmt: skip
    blocks: list[Block] = [
        Text(_in_words(inputs, simulated, stations)), _table(simulated, stations), Plots(plots)
    ]  # fmt: skip
    return Section(key, title, menu, blocks)


def _station_distribution(inputs: ReportInputs) -> Distribution | None:
    values = inputs.station_values
    if values is None or not values.height:
        return None
    out = Distribution()
    out.add(values["theta"].to_numpy())
    return out


def _months_of_labels(inputs: ReportInputs) -> pl.DataFrame:
    """Quantiles of each calendar month, from its own part files: a month in memory at a time."""
    import polars as pl

    of_month: dict[str, list[Path]] = {}
    for path in label_files(inputs.workspace.labels):
        of_month.setdefault(path.parent.name, []).append(path)
    near = (pl.col("depth_mm") - inputs.depth_mm).abs() < 1e-3
    parts = []
    for _, paths in sorted(of_month.items()):
        rows = sum(pl.scan_parquet(path).select(pl.len()).collect().item() for path in paths)
        stride = -(-rows // _MOST_LABELS)
        kept = near & (pl.col("site_id").hash(0) % stride == 0) if stride > 1 else near
        values = [
            pl.scan_parquet(path, hive_partitioning=False)
            .filter(kept)
            .select("date", pl.col("theta").cast(pl.Float32))
            .collect()
            for path in paths
        ]
        parts.append(monthly(pl.concat(values).lazy()))
    return pl.concat(parts).sort("month")


def _in_words(inputs: ReportInputs, simulated: Distribution, stations: Distribution | None) -> str:
    told = (
        f"{simulated.n:,} labels at {cm_from_mm(inputs.depth_mm):g} cm, each with its engine, rung "
        "of the convergence ladder, stratum, weight and the digest of the run that made it. "
    )
    if stations is None:
        if inputs.station_values is None:
            return told + "There is no station table to hold them against: rootzone stations."
        return told + "No station on the grid has good values at that depth in these years."
    assert inputs.station_values is not None  # noqa: S101 - the distribution comes from it
    n_place = inputs.station_values.select("network", "station").n_unique()
    distance = histogram_l1(simulated, stations, L1_BIN_WIDTH, weighted=False)
    weighted = _weighted_l1(simulated, stations)
    return told + (
        f"{stations.n:,} good values of {plural(n_place, 'station')} stand beside them: the L1 "
        f"distance of the two histograms is {weighted:.2f} with weights and {distance:.2f} "
        "without (0 is the same, 2 no overlap)."
    )


def _weighted_l1(simulated: Distribution, stations: Distribution) -> float:
    """Distance of the weighted labels from the stations, which have no weights."""
    gap = simulated.histogram(L1_BIN_WIDTH, weighted=True) - stations.histogram(L1_BIN_WIDTH)
    return float(np.abs(gap).sum())


def _table(simulated: Distribution, stations: Distribution | None) -> Table:
    lines = {"labels, weighted by pixels": simulated.summary(weighted=True),
             "labels, as simulated": simulated.summary()}  # fmt: skip
    if stations is not None:
        lines["stations"] = stations.summary()
    rows = [
        [name, f"{int(line['rows']):,}", *(fixed(line[column]) for column in _COLUMNS)]
        for name, line in lines.items()
    ]
    return Table(("water content [m³ m⁻³]", "values", *_COLUMNS), rows)


@styled
def histogram_figure(simulated: Distribution, stations: Distribution | None) -> Figure:
    """Share of the values in bins of 0.01 m3 m-3."""
    figure = new_figure(4.6, 3.1)
    axes = figure.subplots()
    shares = simulated.histogram(weighted=True)
    edges = L1_BIN_WIDTH * np.arange(shares.size + 1)
    axes.stairs(100 * shares, edges, fill=True, color=SITES_COLOUR, alpha=0.45, label="simulated")
    shown = shares > 0
    if stations is not None:
        own = stations.histogram()
        axes.stairs(100 * own, edges, color=INK, linewidth=1.3, label="stations")
        shown |= own > 0
    axes.set_xlim(0.0, max(0.45, float(edges[1:][shown].max()) + 0.01))
    axes.set(xlabel=THETA_LABEL, ylabel="share of values [%]")
    axes.legend()
    return figure


def monthly(values: pl.LazyFrame) -> pl.DataFrame:
    """10 %, median and 90 % of ``theta`` in every calendar month of ``date``."""
    import polars as pl

    return (
        values.group_by(pl.col("date").dt.month().alias("month"))
        .agg(pl.col("theta").quantile(q).alias(f"q{100 * q:.0f}") for q in _BAND)
        .sort("month")
        .collect()
    )


@styled
def months_figure(months: dict[str, pl.DataFrame]) -> Figure:
    """Median and band of each source by month."""
    figure = new_figure(4.6, 3.1)
    axes = figure.subplots()
    for (name, frame), colour in zip(months.items(), (SITES_COLOUR, INK), strict=False):
        month = frame["month"].to_numpy()
        axes.fill_between(month, frame["q10"], frame["q90"], color=colour, alpha=0.18, linewidth=0)
        axes.plot(month, frame["q50"], "o-", color=colour, markersize=3.5, label=name)
    axes.set_xticks(range(1, 13), list("JFMAMJJASOND"))
    axes.set(xlim=(0.6, 12.4), ylim=(0, None), xlabel="month", ylabel=THETA_LABEL)
    axes.legend()
    return figure
