"""Soils: the textures of the sites, their hydraulic curves, and what the guards changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from rootzone._shared.figure_style import SOFT, new_figure, styled
from rootzone._shared.seal import check
from rootzone._shared.table_files import read_table
from rootzone._shared.words import number, plural
from rootzone.hydraulics.texture_spread import SPREAD
from rootzone.hydraulics.van_genuchten import conductivity_from_psi, theta_from_psi
from rootzone.hydraulics.write_soils import SoilFiles
from rootzone.report.document import Block, Plot, Plots, Section, Table, Text, absent
from rootzone.report.references import PTF_TITLES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rootzone.report.read_inputs import ReportInputs

_CURVES = 7
_MOST_DOTS = 4000
_LL15_SUCTION_CM = 15_000.0
_LIMIT_COLOURS = ("#d17a22", "#1b7f8e", "#1c64a0")
_LIMITS = {"ll15": "LL15", "dul": "DUL", "sat": "SAT"}
_VAN_GENUCHTEN = ("theta_r", "theta_s", "alpha_per_cm", "n")


def soils_section(inputs: ReportInputs) -> Section:
    """Textures, curves and guards of the sites' soils."""
    key, title, menu = "soils", "Soils: from texture to guarded parameters", "Soils"
    top = inputs.top_soils
    if top is None or not top.height:
        return absent(key, title, menu, "No soils are made yet: rootzone soils makes them.")
    plots = []
    if {"sand_pct", "clay_pct"} <= set(top.columns):
        caption = "Texture of the sites' top layers, coloured by saturated conductivity."
        plots.append(Plot("texture", texture_figure(top), caption))
    if set(_VAN_GENUCHTEN) <= set(top.columns):
        shown = spread_soils(top, _CURVES)
        caption = (
            "Retention of soils spread from the most to the least conductive; dots mark DUL, "
            "squares LL15."
        )
        plots.append(Plot("retention", retention_figure(shown), caption))
        plots.append(
            Plot("conductivity", conductivity_figure(shown), "Hydraulic conductivity of the same "
                 "soils after Mualem.")
        )  # fmt: skip
    limits = limits_by_depth(inputs)
    if "dul_0.5" in limits.columns:
        plots.append(
            Plot("soil_limits", limits_figure(limits), "Limits of all sites by depth: median as a "
                 "line, 10 to 90 % of the sites as a band.")
        )  # fmt: skip
    blocks: list[Block] = [Text(_in_words(inputs, top)), *_left_open(inputs), Plots(plots)]
    blocks += _guards(inputs)
    return Section(key, title, menu, blocks)


def _in_words(inputs: ReportInputs, top: pl.DataFrame) -> str:
    soil = inputs.campaign.soil
    source = (
        "given POLARIS's own parameters"
        if soil.ptf == "polaris_van_genuchten"
        else f"put through the pedotransfer function {PTF_TITLES[soil.ptf]}"
    )
    low, mid, high = (float(top["ks_mm_d"].quantile(q) or np.nan) for q in (0.05, 0.5, 0.95))
    return (
        f"Each site's texture by depth is averaged to {len(inputs.campaign.profile.thickness_mm)} "
        f"layers, {source}, and held to the guardrails. Saturated conductivity of the top layer: "
        f"median {number(mid)} mm d⁻¹, 5 to 95 % of the sites from {number(low)} to "
        f"{number(high)} mm d⁻¹."
    )


def _left_open(inputs: ReportInputs) -> list[Block]:
    """What the quantiles of the soil product leave open, where it has them."""
    path = inputs.workspace.soils_spread
    if not path.exists():
        return []
    spread = read_table(path, SPREAD).filter(pl.col("top_mm") == pl.col("top_mm").min())
    names = ("sand_sd_pct", "clay_sd_pct", "dul_sd", "log10_ks_sd")
    sand, clay, dul, ks = (float(np.nanmedian(spread[name].to_numpy())) for name in names)
    return [Text(
        f"The product's 5 and 95 % quantiles give sand of the top layer a standard deviation of "
        f"{number(sand)} % and clay of {number(clay)} % (medians of the sites). To first order "
        f"that leaves {number(dul)} m³ m⁻³ of DUL open and a factor of {number(10**ks)} of "
        "saturated conductivity; the pedotransfer function's own error comes on top."
    )]  # fmt: skip


def spread_soils(top: pl.DataFrame, n: int) -> pl.DataFrame:
    """Rows spread evenly from the most to the least conductive soil."""
    ordered = top.sort("ks_mm_d", "site_id", descending=[True, False])
    picks = np.unique(np.linspace(0, ordered.height - 1, n).round().astype(int))
    rows: pl.DataFrame = ordered[picks.tolist()]
    return rows


@styled
def texture_figure(top: pl.DataFrame) -> Figure:
    """Sites on the texture triangle: sand along the bottom, clay upwards."""
    figure = new_figure(4.6, 3.7)
    axes = figure.subplots()
    dots = top if top.height <= _MOST_DOTS else top.sample(_MOST_DOTS, seed=0)
    sand, clay = dots["sand_pct"].to_numpy(), dots["clay_pct"].to_numpy()
    shown = axes.scatter(
        100.0 - sand - clay / 2, clay * np.sqrt(0.75), c=np.log10(dots["ks_mm_d"].to_numpy()),
        s=14, cmap="YlOrBr", edgecolors=SOFT, linewidths=0.3, rasterized=dots.height > 500,
    )  # fmt: skip
    _triangle(axes)
    bar = figure.colorbar(shown, ax=axes, shrink=0.7, pad=0.01)
    bar.set_label("log₁₀ Ks [mm d⁻¹]")
    return figure


def _triangle(axes: Any) -> None:  # noqa: ANN401 - matplotlib axes
    """Frame of the triangle with lines every 20 %."""
    high = 100 * np.sqrt(0.75)
    axes.plot([0, 100, 50, 0], [0, 0, high, 0], color=SOFT, linewidth=1.0)
    for part in (20, 40, 60, 80):
        up = part * np.sqrt(0.75)
        axes.plot([part / 2, 100 - part / 2], [up, up], color=SOFT, alpha=0.25, linewidth=0.6)
        axes.plot([part, 50 + part / 2], [0, high - up], color=SOFT, alpha=0.25, linewidth=0.6)
        axes.plot([part, part / 2], [0, up], color=SOFT, alpha=0.25, linewidth=0.6)
        axes.text(part / 2 - 3, up, f"{part}", ha="right", va="center", fontsize=8, color=SOFT)
        axes.text(100 - part, -4, f"{part}", ha="center", va="top", fontsize=8, color=SOFT)
    axes.text(17, 52, "clay [%]", rotation=60, ha="center", va="center", fontsize=9.5)
    axes.text(50, -15, "sand [%]", ha="center", va="center", fontsize=9.5)
    axes.text(84, 50, "silt [%]", rotation=-60, ha="center", va="center", fontsize=9.5)
    axes.set(xlim=(-8, 108), ylim=(-19, high + 3), aspect="equal")
    axes.axis("off")


def _colours(n: int) -> Any:  # noqa: ANN401
    """Coarse soils in sandy yellow, fine ones in dark brown."""
    from matplotlib import colormaps

    return colormaps["YlOrBr"](np.linspace(0.35, 0.95, n))


@styled
def retention_figure(soils: pl.DataFrame) -> Figure:
    """Water content against suction of some soils."""
    figure = new_figure(4.6, 3.4)
    axes = figure.subplots()
    suction = np.logspace(0.0, 6.0, 200)
    for row, colour in zip(soils.iter_rows(named=True), _colours(soils.height), strict=True):
        theta = theta_from_psi(-suction, *(row[name] for name in _VAN_GENUCHTEN))
        axes.plot(suction, theta, color=colour, label=f"{number(row['ks_mm_d'])}")
        if row.get("psidul_cm"):
            axes.plot(-row["psidul_cm"], row["dul"], "o", color=colour, markersize=4)
        if row.get("ll15"):
            axes.plot(_LL15_SUCTION_CM, row["ll15"], "s", color=colour, markersize=4)
    axes.set(xscale="log", xlabel="suction [cm]", ylabel="water content [m³ m⁻³]", ylim=(0, None))
    axes.legend(title="Ks [mm d⁻¹]", title_fontsize=9, fontsize=8, loc="upper right")
    return figure


@styled
def conductivity_figure(soils: pl.DataFrame) -> Figure:
    """Conductivity against suction of the same soils."""
    figure = new_figure(4.6, 3.4)
    axes = figure.subplots()
    suction = np.logspace(0.0, 5.0, 200)
    for row, colour in zip(soils.iter_rows(named=True), _colours(soils.height), strict=True):
        k = conductivity_from_psi(-suction, row["ks_mm_d"], row["alpha_per_cm"], row["n"])
        axes.plot(suction, k, color=colour)
    axes.set(xscale="log", yscale="log", xlabel="suction [cm]", ylabel="conductivity [mm d⁻¹]")
    axes.set_ylim(bottom=1e-7)
    return figure


def limits_by_depth(inputs: ReportInputs) -> pl.DataFrame:
    """Median and 10 to 90 % of LL15, DUL and SAT in every layer, with the layer's mid-depth."""
    import polars as pl

    scan = pl.scan_parquet(check(inputs.workspace.soils))
    known = [name for name in _LIMITS if name in scan.collect_schema().names()]
    return (
        scan.group_by("layer")
        .agg(
            pl.col("thickness_mm").median(),
            *(pl.col(c).quantile(q).alias(f"{c}_{q}") for c in known for q in (0.1, 0.5, 0.9)),
        )
        .sort("layer")
        .with_columns((pl.col("thickness_mm").cum_sum() - pl.col("thickness_mm") / 2).alias("mid"))
        .collect()
    )


@styled
def limits_figure(layers: pl.DataFrame) -> Figure:
    """Lower limit, drained upper limit and saturation by depth."""
    figure = new_figure(4.6, 3.4)
    axes = figure.subplots()
    depth = layers["mid"].to_numpy() / 10.0
    for (name, label), colour in zip(_LIMITS.items(), _LIMIT_COLOURS, strict=True):
        if f"{name}_0.5" not in layers.columns:
            continue
        low, mid, high = (layers[f"{name}_{q}"].to_numpy() for q in (0.1, 0.5, 0.9))
        axes.fill_betweenx(depth, low, high, color=colour, alpha=0.18, linewidth=0)
        axes.plot(mid, depth, color=colour, label=label)
    axes.invert_yaxis()
    axes.set(xlabel="water content [m³ m⁻³]", ylabel="depth [cm]", xlim=(0, None))
    axes.legend(loc="lower left", fontsize=8)
    return figure


def _guards(inputs: ReportInputs) -> list[Block]:
    import polars as pl

    files = SoilFiles.beside(inputs.workspace.soils)
    if not files.adjustments.exists():
        return [Text("The soils table carries no list of adjustments.", "note")]
    adjusted = pl.read_parquet(check(files.adjustments))
    refused = pl.read_parquet(check(files.refused)).height if files.refused.exists() else 0
    told = f"{plural(refused, 'layer')} refused. "
    if not adjusted.height:
        return [Text(told + "No guard changed a value.")]
    by_rule = adjusted.group_by("rule").agg(
        pl.len().alias("layers"), pl.col("site_id").n_unique().alias("sites")
    ).sort("layers", descending=True)  # fmt: skip
    rows = [[rule, f"{layers:,}", f"{sites:,}"] for rule, layers, sites in by_rule.iter_rows()]
    headings = ("guard", "layers", "sites")
    return [Text(told + "Every value a guard changed or noted is a row of soils.adjustments:"),
            Table(headings, rows)]  # fmt: skip
