"""Whether the sites represent the land, and whether failures bent the sample."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.figure_style import (
    INK,
    LAND_COLOUR,
    LOST_COLOUR,
    SITES_COLOUR,
    new_figure,
    styled,
)
from rootzone._shared.words import fixed, number, plural
from rootzone.report.document import Block, Plot, Plots, Section, Table, Text, absent

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from rootzone.report.read_inputs import ReportInputs

_SHOWN_STRATA = 14
_NAMES = {
    "sand_pct": "sand", "silt_pct": "silt", "clay_pct": "clay", "elevation_m": "elevation",
    "weather_row": "weather cell, north-south", "weather_col": "weather cell, west-east",
}  # fmt: skip


def sites_section(inputs: ReportInputs) -> Section:
    """Strata, balance against the land, and losses."""
    key, title, menu = "sites", "Sites that represent the land", "Sites"
    sites = inputs.sites
    if sites is None or not sites.height:
        return absent(key, title, menu, "No sites are drawn yet: rootzone sites draws them.")
    losses = inputs.state.losses if inputs.state is not None else None
    blocks: list[Block] = [Text(_in_words(inputs, sites))]
    plots = []
    if inputs.balance:
        plots.append(
            Plot("strata", strata_figure(inputs.balance, losses, _colours(inputs)), "Share of the "
                 "candidate pixels and of the sites in each stratum, squares in the colours of the "
                 "land cover's legend" + (
                     "; red marks weight lost to failed sites." if _any_lost(losses) else "."))
        )  # fmt: skip
        plots.append(
            Plot("balance", balance_figure(inputs.balance), "Standardised mean difference of sites "
                 "and land, sites weighted by the pixels they stand for. Inside ±0.1 is close.")
        )  # fmt: skip
        blocks += [Plots(plots), _strata_table(inputs.balance)]
    blocks += _losses(losses)
    return Section(key, title, menu, blocks)


def _in_words(inputs: ReportInputs, sites: pl.DataFrame) -> str:
    strata = sites["stratum"].n_unique()
    text = (
        f"Strata are land cover by climate class; within each, sites spread over texture, height "
        f"and weather ({inputs.campaign.sites.design}, {inputs.campaign.sites.allocation} "
        f"allocation). {plural(sites.height, 'site')} in {plural(strata, 'stratum', 'strata')} "
        f"stand for {sites['weight'].sum():,.0f} pixels."
    )
    smd = [abs(item["smd"]) for year in inputs.balance for item in year["balance"] if item["smd"]]
    return text + (f" The worst standardised mean difference is {max(smd):.3f}." if smd else "")


def _colours(inputs: ReportInputs) -> dict[int, str]:
    """Colour of each land-cover class that has one, as its legend says."""
    legend = inputs.catalog.legend_of_layer(inputs.campaign.catalog.land_cover)
    return {code: item.colour for code, item in legend.classes.items() if item.colour}


@styled
def strata_figure(
    balance: list[dict[str, Any]],
    losses: pl.DataFrame | None,
    colours: Mapping[int, str] = MappingProxyType({}),
) -> Figure:
    """Share of pixels and sites in the largest strata of all years, and what failed of them.

    Parameters
    ----------
    balance : list of dict
        What the design says of each year.
    losses : DataFrame, optional
        What failed.
    colours : mapping of int to str
        Colour of each land-cover class, drawn as a square beside its strata.
    """
    strata = _largest_strata(balance)
    figure = new_figure(4.6, 1.2 + 0.36 * len(strata))
    axes = figure.subplots()
    y = np.arange(len(strata))
    pixels = np.array([row["pixels"] for row in strata], dtype=float)
    sites = np.array([row["sites"] for row in strata], dtype=float)
    all_pixels = sum(row["pixels"] for year in balance for row in year["by_stratum"])
    all_sites = sum(row["sites"] for year in balance for row in year["by_stratum"])
    axes.barh(y - 0.19, 100 * pixels / all_pixels, 0.36, color=LAND_COLOUR, label="land")
    share = 100 * sites / all_sites
    axes.barh(y + 0.19, share, 0.36, color=SITES_COLOUR, label="sites")
    lost = np.array([_lost_pct(row["stratum"], losses) for row in strata])
    if lost.any():
        axes.barh(y + 0.19, share * lost / 100, 0.36, color=LOST_COLOUR, label="failed")
    axes.set_yticks(y, [in_title(row["title"]) for row in strata], fontsize=8.5)
    for at, row in zip(y, strata, strict=True):
        if row.get("land_cover") in colours:
            axes.plot(
                -0.02, at, "s", color=colours[row["land_cover"]], markersize=7, clip_on=False,
                markeredgecolor=INK, markeredgewidth=0.4, transform=axes.get_yaxis_transform(),
            )  # fmt: skip
    axes.tick_params(axis="y", length=0, pad=12 if colours else 4)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.set_xlabel("share [%]")
    axes.legend(loc="lower right")
    return figure


def in_title(title: str) -> str:
    r"""Names of a stratum's land cover and climate on two lines.

    Examples
    --------
    >>> in_title("evergreen forest | cold, no dry season, warm summer")
    'evergreen forest\ncold, no dry season, warm summer'
    """
    return "\n".join(part.strip() for part in title.split("|"))


def _any_lost(losses: pl.DataFrame | None) -> bool:
    return losses is not None and bool((losses["weight_lost_pct"] > 0).any())


def _largest_strata(balance: list[dict[str, Any]]) -> list[dict[str, Any]]:
    total: dict[str, dict[str, Any]] = {}
    for year in balance:
        for row in year["by_stratum"]:
            seen = total.setdefault(row["stratum"], {**row, "pixels": 0, "sites": 0, "reserves": 0})
            for name in ("pixels", "sites", "reserves"):
                seen[name] += row[name]
    return sorted(total.values(), key=lambda row: -row["pixels"])[:_SHOWN_STRATA]


def _lost_pct(stratum: str, losses: pl.DataFrame | None) -> float:
    import polars as pl

    if losses is None:
        return 0.0
    lost = losses.filter(pl.col("stratum") == stratum)["weight_lost_pct"].max()
    return float(lost) if isinstance(lost, int | float) else 0.0


@styled
def balance_figure(balance: list[dict[str, Any]]) -> Figure:
    """Standardised mean differences of every covariate and year, before and after weighting."""
    names = [item["name"] for item in balance[0]["balance"]]
    figure = new_figure(4.6, 1.5 + 0.34 * len(names))
    axes = figure.subplots()
    axes.axvspan(-0.1, 0.1, color=SITES_COLOUR, alpha=0.1, linewidth=0)
    axes.axvline(0.0, color=INK, linewidth=0.8)
    for i, year in enumerate(balance):
        y = np.arange(len(names))
        for key, marker, colour, label in (
            ("smd_unweighted", "o", LAND_COLOUR, "as drawn"),
            ("smd", "D", SITES_COLOUR, "weighted"),
        ):
            values = [np.nan if item[key] is None else item[key] for item in year["balance"]]
            axes.plot(values, y, marker, color=colour, label=label if i == 0 else None)
    axes.set_yticks(np.arange(len(names)), [_NAMES.get(name, name) for name in names])
    axes.invert_yaxis()
    limit = max(0.2, 1.1 * max(abs(value) for value in axes.get_xlim()))
    axes.set(xlim=(-limit, limit), xlabel="standardised mean difference [sd of the land]")
    axes.legend(loc="upper center", bbox_to_anchor=(0.4, -0.16), ncols=2)
    return figure


def _strata_table(balance: list[dict[str, Any]]) -> Table:
    rows = [
        [row["stratum"], row["title"], f"{row['pixels']:,}", f"{row['sites']:,}",
         f"{row['reserves']:,}", number(row["pixels"] / row["sites"]) if row["sites"] else "–"]
        for row in _largest_strata(balance)
    ]  # fmt: skip
    headings = ("stratum", "land cover | climate", "pixels", "sites", "reserves", "pixels per site")
    return Table(headings, rows, folded=f"The {len(rows)} largest strata as a table")


def _losses(losses: pl.DataFrame | None) -> list[Block]:
    import polars as pl

    if losses is None:
        return [Text("Nothing is simulated yet, so nothing is lost: rootzone simulate.", "note")]
    open_ = int(losses["open"].sum())
    waiting = f" Without an outcome yet: {plural(open_, 'site')}." if open_ else ""
    failed = losses.filter(pl.col("failed") > 0)
    if not failed.height:
        return [Text(f"No stratum lost a site.{waiting}")]
    rows = [
        [row["stratum"], str(row["year"]), str(row["sites"]), str(row["failed"]),
         fixed(row["weight_lost_pct"], 2), row["most_often"] or "–"]
        for row in failed.head(_SHOWN_STRATA).iter_rows(named=True)
    ]  # fmt: skip
    headings = ("stratum", "year", "sites", "failed", "weight lost [%]", "most often")
    told = (
        f"{plural(int(failed['failed'].sum()), 'site')} failed in "
        f"{plural(failed.height, 'stratum', 'strata')}; their weight goes to stand-ins or to the "
        f"rest of their stratum.{waiting}"
    )
    return [Text(told), Table(headings, rows)]
