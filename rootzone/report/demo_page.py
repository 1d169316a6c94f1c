"""The page a demo ends with: what was run, the land, the soils, the water and the labels."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.figure_style import svg_text
from rootzone._shared.provenance import Provenance, inputs_of
from rootzone._shared.tables import SITES, SOILS, read_table
from rootzone.campaign.read_campaign import LoadedCampaign
from rootzone.campaign.workspace import Workspace
from rootzone.engines.read_profiles import read_profiles
from rootzone.hydraulics.figures import soils_figure
from rootzone.labels.depths import mid_depths_mm, point_weights
from rootzone.report.page import Page, Section, Table, write_page
from rootzone.report.profile_figures import column_figure, depth_figure

if TYPE_CHECKING:
    import polars as pl

_SERIES = 4
_DEPTH_MM = 200.0


def write_demo_page(
    loaded: LoadedCampaign, commands: Sequence[str], seconds: float, made_up: str
) -> Path:
    """Write the report of a finished demo.

    Parameters
    ----------
    loaded : LoadedCampaign
        The demo's campaign; its sites, soils, profiles and labels must be there.
    commands : sequence of str
        What was run, as typed.
    seconds : float
        Wall time of all of it [s].
    made_up : str
        What in it is not real, in words.

    Returns
    -------
    Path
        The page.
    """
    place = Workspace.beside(loaded.document.path)
    sites = read_table(place.sites, SITES)
    soils = read_table(place.soils, SOILS)
    profiles = _all_profiles(place)
    shown = _spread(soils, profiles)
    sections = [
        Section("What is real here", made_up),
        Section(
            "What was run",
            f"Everything below came from these commands in {seconds:.0f} s on this machine.",
            code="\n".join(commands),
        ),
        _sites_section(place, sites),
        Section(
            "Soils: texture to a guarded parameter set",
            "Each site's texture by depth is averaged to the layers of the profile, looked up with "
            "Rosetta 3, and held to the guardrails; every value a guard changed is a row of the "
            "adjustments table.",
            svg=svg_text(soils_figure(soils)),
            caption="Retention and conductivity of sites spread over the table.",
        ),
        *_water_sections(place, loaded, soils, profiles, shown),
        _labels_section(place, profiles, soils),
    ]
    page = Page(
        "Root-zone soil moisture, from texture and weather",
        f"Campaign {loaded.campaign.name}: {sites.height} sites, "
        f"{profiles.height:,} simulated days, engine {loaded.campaign.engine.name}, "
        f"{loaded.campaign.engine.physics} physics, {loaded.campaign.engine.stepping} stepping.",
        sections,
    )
    record = Provenance(
        "rootzone demo",
        {"campaign": loaded.digest, **inputs_of({"sites": place.sites, "soils": place.soils})},
    )
    write_page(place.report, page, record)
    return place.report


def _all_profiles(place: Workspace) -> pl.DataFrame:
    import polars as pl

    return pl.concat(read_profiles(path) for path in sorted(place.runs.rglob("profiles.parquet")))


def _spread(soils: pl.DataFrame, profiles: pl.DataFrame) -> list[Any]:
    """A few finished sites from the sandiest to the finest, by saturation less LL15."""
    import polars as pl

    top = soils.filter(
        (pl.col("layer") == 1) & pl.col("site_id").is_in(profiles["site_id"].unique().implode())
    ).sort("ks_mm_d", descending=True)
    picks = np.unique(np.linspace(0, top.height - 1, _SERIES).round().astype(int))
    return [top["site_id"][int(i)] for i in picks]


def _sites_section(place: Workspace, sites: pl.DataFrame) -> Section:
    facts = json.loads((place.sites.parent / "balance.json").read_text())
    rows = [
        [
            str(year["year"]),
            f"{year['candidates']:,}",
            str(year["strata"]),
            str(year["sites"]),
            str(year["reserves"]),
            f"{max(abs(item['smd']) for item in year['balance']):.3f}",
        ]
        for year in facts
    ]
    return Section(
        "Sites that represent the land",
        "Strata are land cover by climate class; within each, sites spread over texture, height "
        "and weather. Weights say how many pixels a site stands for. The full balance report is "
        "sites/balance.html beside this page's folder.",
        table=Table(
            ["year", "candidate pixels", "strata", "sites", "reserves", "worst SMD [sd]"], rows
        ),
    )


def _water_sections(
    place: Workspace,
    loaded: LoadedCampaign,
    soils: pl.DataFrame,
    profiles: pl.DataFrame,
    shown: list[Any],
) -> list[Section]:
    import polars as pl

    thickness = np.array(loaded.campaign.profile.thickness_mm)
    weights = point_weights(mid_depths_mm(thickness), _DEPTH_MM)
    series = {}
    for site in shown:
        rows = profiles.filter(pl.col("site_id") == site).sort("date")
        layers = soils.filter(pl.col("site_id") == site).sort("layer")
        theta = np.array(rows["theta"].to_list())
        name = f"Ks {layers['ks_mm_d'][0]:.0f} mm d⁻¹"
        series[name] = theta @ weights
    dates = rows["date"].to_numpy()
    rain = _rain(place, layers["cell_id"][0], dates)
    daily = rows.select(pl.col("balance_error_mm").abs().max()).item()
    totals = rows.select("runoff_mm", "drainage_mm", "es_mm").sum().row(0)
    return [
        Section(
            "Soil water, day by day",
            f"The finest of the soils below: {rain.sum():.0f} mm of rain, {totals[2]:.0f} mm "
            f"evaporated, {totals[1]:.1f} mm drained, {totals[0]:.1f} mm ran off. The largest "
            f"daily balance error is {daily:.1e} mm.",
            svg=svg_text(column_figure(dates, thickness, theta, rain, f"site {site}")),
            caption="Water content of the whole column; the dotted line is 20 cm.",
        ),
        Section(
            "20 cm under the same sky",
            "Water content at 20 cm of soils from coarse to fine, by linear interpolation between "
            "the mid-depths of the layers.",
            svg=svg_text(depth_figure(dates, series, rain, _DEPTH_MM)),
            caption="Rain is that of the last site's weather cell.",
        ),
    ]


def _rain(place: Workspace, cell: Any, dates: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:  # noqa: ANN401
    import polars as pl

    years = sorted({int(str(day)[:4]) for day in dates})
    weather = pl.concat(
        pl.read_parquet(place.weather(year), columns=["cell_id", "date", "rain_mm"])
        for year in years
    )
    own = weather.filter(pl.col("cell_id") == cell).select("date", "rain_mm")
    asked = pl.DataFrame({"date": dates}).with_columns(pl.col("date").cast(pl.Date))
    joined = asked.join(own.with_columns(pl.col("date").cast(pl.Date)), on="date", how="left")
    return joined["rain_mm"].to_numpy()


def _labels_section(place: Workspace, profiles: pl.DataFrame, soils: pl.DataFrame) -> Section:
    import polars as pl

    labels = pl.scan_parquet(place.labels / "**" / "*.parquet")
    quantiles = (0.01, 0.25, 0.5, 0.75, 0.99)
    row = labels.select(
        pl.len().alias("rows"),
        pl.col("theta").mean().alias("mean"),
        pl.col("theta").std().alias("sd"),
        *(pl.col("theta").quantile(q).alias(f"P{100 * q:.0f}") for q in quantiles),
    ).collect()
    shown = [f"{value:,}" if isinstance(value, int) else f"{value:.3f}" for value in row.row(0)]
    return Section(
        "Labels",
        "One row a site and day, with engine, rung of the convergence ladder, stratum, weight and "
        "the digest of the run that made it.",
        table=Table(
            [name if name == "rows" else f"{name} [m³ m⁻³]" for name in row.columns], [shown]
        ),
    )
