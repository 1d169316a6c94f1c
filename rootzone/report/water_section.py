"""Where the water went, and whether all of it is accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.figure_style import RAIN_COLOUR, new_figure, styled
from rootzone._shared.profile_depths import mid_depths_mm, point_weights
from rootzone._shared.units import cm_from_mm
from rootzone._shared.words import number, plural
from rootzone.jobs.record.year_balance import (
    balance_lines,
    fluxes_out,
    is_planted,
    went,
    year_balances,
)
from rootzone.report.document import Block, Plot, Plots, Section, Table, Text, absent
from rootzone.report.profile_figures import column_figure, depth_figure

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.figure import Figure

    from rootzone.report.read_inputs import ReportInputs

_MOST_FILES = 40  # profile files the balance is taken over
_SITES_AT_ONCE = 400
_SERIES = 4
_COLOURS = {
    "interception_mm": "#4f9d8f", "transpiration_mm": "#3f7d3a", "es_mm": "#d17a22",
    "drainage_mm": "#1c64a0", "runoff_mm": "#8a9a1f",
}  # fmt: skip
_STORE = "#7f4909"
_BARE = {"es_mm": ("evaporated", "evaporation")}  # where nothing else evaporates


@dataclass(frozen=True)
class Closure:
    """What is left over of each budget of one site-year, over all its days but the first.

    Parameters
    ----------
    sites : polars.DataFrame
        A row a site with ``rain_mm``, every flux that leaves (``rootzone._shared.daily``),
        ``gain_mm`` (more water in the soil at the end), ``pond_mm`` (more outside it),
        ``surface_mm`` and ``soil_mm`` (what does not add up at the surface and in the soil), and
        ``closing_mm`` (of both together).
    worst_daily_mm : float
        Largest daily error the solver itself reports [mm].
    """

    sites: pl.DataFrame
    worst_daily_mm: float


def water_section(inputs: ReportInputs) -> Section:
    """Water-balance check, where the rain went, and some columns through the year."""
    key, title, menu = "water", "Soil water, and where the rain went", "Water"
    if not inputs.profiles:
        return absent(key, title, menu, "Nothing is simulated yet: rootzone simulate runs it.")
    blocks: list[Block] = []
    plots: list[Plot] = []
    closure = read_closure(inputs)
    if closure is not None:
        blocks.append(Text(_in_words(closure)))
        if is_planted(closure.sites):
            blocks.append(balance_table(balance_lines(closure.sites), "Mean of the sites."))
        blocks.append(_closure_table(closure))
        caption = (
            "Mean of the sites by quartile of saturated conductivity. What left the column and "
            "what the soil gained add up to the rain; where it lost water, more left than fell, "
            "and the hatched part says how much."
        )
        plots.append(Plot("water_budget", budget_figure(closure.sites), caption))
    shown = inputs.shown_sites(_SERIES)
    if shown:
        plots += _columns(inputs, shown)
    return Section(key, title, menu, [*blocks, Plots(plots)])


def read_closure(inputs: ReportInputs) -> Closure | None:
    """Budgets of every site of the first profile files; None without weather or soils."""
    import polars as pl

    if not inputs.weather_files or inputs.top_soils is None:
        return None
    thickness = np.array(inputs.campaign.profile.thickness_mm)
    cells = inputs.top_soils.select("site_id", "cell_id", "ks_mm_d")
    rain = inputs.weather(["cell_id", "date", "rain_mm"]).collect()
    # A site's days lie in one file, so one file after the other is all that memory has to hold.
    parts = [
        _budgets_of(file, cells, rain, thickness) for file in inputs.some_profiles(_MOST_FILES)
    ]
    tables = [table for table, _ in parts if table.height]
    if not tables:
        return None
    return Closure(pl.concat(tables).sort("site_id"), max(worst for _, worst in parts))


def _budgets_of(
    file: Path, cells: pl.DataFrame, rain: pl.DataFrame, thickness: FloatArray
) -> tuple[pl.DataFrame, float]:
    """Budgets of the sites of one profile file, and its largest daily error [mm]."""
    import polars as pl

    scan = pl.scan_parquet(file)
    worst = scan.select(pl.col("balance_error_mm").abs().max()).collect().item()
    parts = [year_balances(scan.slice(first, n), cells, rain, thickness)
             for first, n in _pieces(scan)]  # fmt: skip
    return pl.concat(parts), float(worst or 0.0)


def _pieces(scan: pl.LazyFrame) -> Iterator[tuple[int, int]]:
    """First row and number of rows of some hundred whole sites after another."""
    runs = scan.select("site_id").collect()["site_id"].rle().struct.unnest()
    if runs["value"].n_unique() < runs.height:  # the days of a site do not lie together
        yield 0, int(runs["len"].sum())
        return
    first = 0
    for start in range(0, runs.height, _SITES_AT_ONCE):
        n = int(runs["len"].slice(start, _SITES_AT_ONCE).sum())
        yield first, n
        first += n


def _called(sites: pl.DataFrame, name: str) -> tuple[str, str]:
    """Words and label of a flux; bare soil need not say what evaporates."""
    return went(name) if is_planted(sites) else _BARE.get(name, went(name))


def _in_words(closure: Closure) -> str:
    sites = closure.sites
    means = {name: float(sites[name].to_numpy().mean()) for name in (*fluxes_out(sites), "rain_mm",
             "gain_mm")}  # fmt: skip
    went = []
    for name in fluxes_out(sites):
        words = _called(sites, name)[0]
        digits = 0 if name == "es_mm" else 1
        went.append(f"{means[name]:.{digits}f} mm {words}")
    gain = means["gain_mm"]
    held = f"{abs(gain):.1f} mm {'more' if gain >= 0 else 'less'}"
    source = "" if gain >= 0 else ", which is where the rest came from"
    return (
        f"Of {means['rain_mm']:.0f} mm of rain a year (plain mean of "
        f"{plural(sites.height, 'site')}, not weighted by the land they stand for; the first day "
        f"left out), {', '.join(went)}; at the end the soil holds {held} than at the start{source}."
    )


def balance_table(lines: Iterable[tuple[str, float]], caption: str) -> Table:
    """The year's balance, a line a part."""
    rows = [[name, f"{mm:.3f}" if name == "closing error" else f"{mm:.1f}"] for name, mm in lines]
    return Table(("balance of the year", "water [mm]"), rows, caption)


def _closure_table(closure: Closure) -> Table:
    sites = closure.sites
    planted = is_planted(sites)
    out = "drainage − transpiration" if planted else "drainage"
    above = "pond, snow, leaves" if planted else "pond, snow"
    lost = "runoff − interception − evaporation" if planted else "runoff − evaporation"
    rows = [
        ["solver's own error, worst day", number(closure.worst_daily_mm, 2), "reported each day"],
        [
            f"soil: gain − (infiltration − {out}), worst site-year",
            number(_worst(sites, "soil_mm"), 2),
            "from the stored profiles",
        ],
        [
            f"surface: rain − {lost} − infiltration − Δ({above}), worst site-year",
            number(_worst(sites, "surface_mm"), 2),
            "from the stored fluxes and the weather table",
        ],
    ]
    note = "Stored values are single precision, which alone leaves about 0.001 mm over a year."
    return Table(("water-balance check", "error [mm]", "from"), rows, note)


def _worst(sites: pl.DataFrame, name: str) -> float:
    values = sites[name].to_numpy()
    return float(np.abs(values).max()) if np.isfinite(values).all() else float("nan")


@styled
def budget_figure(sites: pl.DataFrame) -> Figure:
    """Mean yearly water budget by quartile of conductivity."""
    figure = new_figure(9.4, 2.5)
    axes = figure.subplots()
    order = np.argsort(-sites["ks_mm_d"].to_numpy(), kind="stable")
    lots = np.array_split(order, min(4, sites.height))
    parts = [
        (name, _called(sites, name)[1], _COLOURS.get(name, "#6d7c7a")) for name in fluxes_out(sites)
    ]
    names: list[str] = []
    gained = [float(sites["gain_mm"].to_numpy()[lot].mean()) for lot in lots]
    more = next((y for y, gain in enumerate(gained) if gain >= 0), None)
    less = next((y for y, gain in enumerate(gained) if gain < 0), None)
    for y, lot in enumerate(lots):
        left = 0.0
        for column, label, colour in parts:
            value = float(sites[column].to_numpy()[lot].mean())
            axes.barh(y, value, 0.62, left=left, color=colour, label=label if y == 0 else None)
            left += value
        gain = gained[y]
        if gain >= 0:
            axes.barh(y, gain, 0.62, left=left, color=_STORE,
                      label="more in the soil" if y == more else None)  # fmt: skip
        else:
            axes.barh(y, -gain, 0.62, left=left + gain, facecolor="none", edgecolor=_STORE,
                      hatch="////", linewidth=1.0,
                      label="out of the soil's store" if y == less else None)  # fmt: skip
        rain = float(sites["rain_mm"].to_numpy()[lot].mean())
        axes.plot([rain, rain], [y - 0.4, y + 0.4], color=RAIN_COLOUR, linewidth=3,
                  label="rain" if y == 0 else None)  # fmt: skip
        names.append(f"Ks {number(float(np.median(sites['ks_mm_d'].to_numpy()[lot])))} mm d⁻¹")
    axes.set_yticks(range(len(lots)), names)
    axes.invert_yaxis()
    axes.grid(visible=False, axis="y")
    axes.axvline(0.0, color="#6d7c7a", linewidth=0.8)
    axes.set_xlabel("water [mm per year]")
    figure.legend(loc="outside upper center", ncols=min(len(parts) + 2, 5))
    return figure


def _columns(inputs: ReportInputs, shown: list[Any]) -> list[Plot]:
    """The least conductive soil shown as a whole column, and all of them at the label depth."""
    import polars as pl

    thickness = np.array(inputs.campaign.profile.thickness_mm)
    frame = inputs.days_of(shown).sort("date")
    frame = frame.filter(pl.col("theta").list.len() == thickness.size)
    if not frame.height:
        return []
    weights = point_weights(mid_depths_mm(thickness), inputs.depth_mm)
    series: dict[str, FloatArray] = {}
    for site in shown:
        own = frame.filter(pl.col("site_id") == site)
        theta = np.array(own["theta"].to_list())
        soil = _soil_of(inputs, site)
        series[f"Ks {number(soil['ks_mm_d'])} mm d⁻¹"] = theta @ weights
    dates = own["date"].to_numpy()
    rain = rain_of(inputs, soil["cell_id"], dates)
    depth = f"{cm_from_mm(inputs.depth_mm):g} cm"
    even = all(len(values) == len(dates) for values in series.values())
    plots = [
        Plot("column", column_figure(dates, thickness, theta, rain, f"site {site}",
             inputs.depth_mm), f"Daily water content of a whole column, the least conductive soil "
             f"of those below; the dotted line is {depth}.")
    ]  # fmt: skip
    if even:
        plots.append(
            Plot("depth_series", depth_figure(dates, series, rain, inputs.depth_mm), f"Water "
                 f"content at {depth} of soils from the most to the least "
                 "conductive. Rain is that of the last soil's weather cell.")
        )  # fmt: skip
    return plots


def _soil_of(inputs: ReportInputs, site: Any) -> dict[str, Any]:  # noqa: ANN401 - int or text
    import polars as pl

    assert inputs.top_soils is not None  # noqa: S101 - shown sites come from it
    return inputs.top_soils.filter(pl.col("site_id") == site).row(0, named=True)


def rain_of(inputs: ReportInputs, cell: Any, dates: AnyArray) -> FloatArray:  # noqa: ANN401
    """Daily rain of a weather cell on some days [mm], NaN where there is none."""
    import polars as pl

    own = inputs.weather(["cell_id", "date", "rain_mm"]).filter(pl.col("cell_id") == cell)
    asked = pl.DataFrame({"date": dates}).with_columns(pl.col("date").cast(pl.Date))
    joined = asked.join(own.select("date", "rain_mm").collect(), on="date", how="left")
    return joined["rain_mm"].cast(pl.Float64).fill_null(float("nan")).to_numpy()
