"""One site's biography as a page: the facts of ``rootzone why`` with the report's own figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.provenance import Provenance
from rootzone._shared.seal import check
from rootzone._shared.words import number
from rootzone.report.document import (
    Block,
    Code,
    Document,
    Facts,
    Plot,
    Plots,
    Section,
    Table,
    Text,
    write_document,
)
from rootzone.report.profile_figures import column_figure
from rootzone.report.soils_section import conductivity_figure, retention_figure
from rootzone.report.water_section import balance_table, rain_of

if TYPE_CHECKING:
    import polars as pl

    from rootzone.report.read_inputs import ReportInputs

_CURVE = ("ks_mm_d", "theta_r", "theta_s", "alpha_per_cm", "n")
_SOIL = ("layer", "thickness_mm", "bd_g_cm3", "ll15", "dul", "sat", "ks_mm_d", "theta_r",
         "theta_s", "alpha_per_cm", "n")  # fmt: skip
_TEXTURE = ("top_mm", "bottom_mm", "sand_pct", "silt_pct", "clay_pct")
_UNITS = {
    "thickness_mm": "thickness [mm]", "bd_g_cm3": "bulk density [g cm⁻³]", "ll15": "LL15 [m³ m⁻³]",
    "dul": "DUL [m³ m⁻³]", "sat": "SAT [m³ m⁻³]", "ks_mm_d": "Ks [mm d⁻¹]",
    "theta_r": "θr [m³ m⁻³]", "theta_s": "θs [m³ m⁻³]", "alpha_per_cm": "α [cm⁻¹]", "n": "n [-]",
    "top_mm": "top [mm]", "bottom_mm": "bottom [mm]", "sand_pct": "sand [%]",
    "silt_pct": "silt [%]", "clay_pct": "clay [%]",
}  # fmt: skip


def write_why(inputs: ReportInputs, facts: Mapping[str, Any], out: Path) -> None:
    """Write the page of a site.

    Parameters
    ----------
    inputs : ReportInputs
        The campaign.
    facts : mapping
        As ``rootzone.jobs.record.read_why.why_facts`` gathers them.
    out : Path
        The page.
    """
    site = facts["site"]
    record = Provenance(
        "rootzone why --html", {"campaign": inputs.digest}, {"site": str(site["site_id"])}
    )
    document = Document(
        f"Site {site['site_id']}",
        f"Campaign {facts['campaign']}, stratum {site['stratum']}, year {site['year']}",
        [_place(facts), _soil(inputs, facts), _water(inputs, facts), _attempts(facts)],
    )
    write_document(out, document, record)


def _place(facts: Mapping[str, Any]) -> Section:
    site, outcomes = facts["site"], facts["outcomes"]
    shown = [
        (f"{abs(site['lat']):.4f}°\u00a0{'N' if site['lat'] >= 0 else 'S'}", "latitude"),
        (f"{abs(site['lon']):.4f}°\u00a0{'E' if site['lon'] >= 0 else 'W'}", "longitude"),
        (f"{site['row']}, {site['col']}", "row and column of the grid"),
        (number(site["weight"]), "pixels it stands for"),
        (str(site["cell_id"]), "weather cell"),
    ]  # fmt: skip
    for name, unit in (("elevation_m", "m"), ("land_cover", ""), ("climate_class", "")):
        if site.get(name) is not None:
            value = site[name]
            text = number(value) if isinstance(value, float) else str(value)
            shown.append((f"{text} {unit}".strip(), name.removesuffix("_m").replace("_", " ")))
    return Section("place", "What and where", "Place", (Text(_verdict(outcomes), "verdict"),
                                                        Facts(shown)))  # fmt: skip


def _verdict(outcomes: Sequence[Mapping[str, Any]]) -> str:
    if not outcomes:
        return "Not run yet."
    last = outcomes[-1]
    if last["outcome"] == "done":
        return f"Done on rung {last['rung']} ({last['rung_name']}) at attempt {last['attempts']}."
    return f"Failed: {last['failure_class']} after {last['attempts']} attempts."


def _soil(inputs: ReportInputs, facts: Mapping[str, Any]) -> Section:
    import polars as pl

    blocks: list[Block] = []
    layers = facts["soils"]
    if layers and all(layers[0].get(name) is not None for name in _CURVE):
        frame = pl.DataFrame(layers)
        top = frame.filter(pl.col("layer").is_in(_shown_layers(frame.height)))
        blocks.append(
            Plots([
                Plot("retention", retention_figure(top), "Retention of the layers, by their Ks."),
                Plot("conductivity", conductivity_figure(top), "Conductivity after Mualem."),
            ])
        )  # fmt: skip
    blocks += _table(layers, _SOIL, "The soils table has no row for this site.", "Layers")
    blocks += _table(facts["textures"], _TEXTURE, "There is no texture table.", "Texture as read")
    guards = [
        [str(row.get("layer")), str(row.get("quantity")), number(row.get("before")),
         number(row.get("after")), str(row.get("unit") or "-"), str(row.get("rule"))]
        for row in facts["adjustments"]
    ]  # fmt: skip
    if guards:
        heads = ("layer", "what", "before", "after", "unit", "guard")
        blocks.append(Table(heads, guards, "What the guards changed or noted"))
    else:
        blocks.append(Text("No guard changed a value."))
    return Section("soil", "Soil", "Soil", blocks)


def _shown_layers(n: int) -> list[int]:
    return [int(i) for i in np.unique(np.linspace(1, n, min(n, 5)).round())]


def _table(
    rows: Sequence[Mapping[str, Any]], wanted: Sequence[str], nothing: str, caption: str
) -> list[Block]:
    if not rows:
        return [Text(nothing, "note")]
    names = [name for name in wanted if any(row.get(name) is not None for row in rows)]
    cells = [[number(row.get(n)) if isinstance(row.get(n), float) else str(row.get(n))
              for n in names] for row in rows]  # fmt: skip
    return [Table([_UNITS.get(name, name) for name in names], cells, caption)]


def _water(inputs: ReportInputs, facts: Mapping[str, Any]) -> Section:
    forcing = facts["forcing"]
    blocks: list[Block] = [
        Text(f"Weather of cell {forcing['cell_id']}: {forcing['days_found']} of "
             f"{forcing['days_needed']} days. {forcing.get('problem', '')}".strip())
    ]  # fmt: skip
    profile = _profile(inputs, facts)
    if profile is None:
        blocks.append(Text("No profile is stored of this site.", "note"))
    else:
        dates = profile["date"].to_numpy()
        theta = np.array(profile["theta"].to_list())
        rain = (
            rain_of(inputs, forcing["cell_id"], dates)
            if inputs.weather_files
            else np.full(len(dates), np.nan)
        )
        thickness = np.array([row["thickness_mm"] for row in facts["soils"]], dtype=float)
        figure = column_figure(dates, thickness, theta, rain, "", inputs.depth_mm)
        caption = "Water content of the column and the rain of its weather cell."
        blocks.append(Plots([Plot("column", figure, caption)]))
    if facts["balance"]:
        caption = "All days but the first: rain less all that left and stayed is the error."
        blocks.append(balance_table(facts["balance"].items(), caption))
    return Section("water", "Weather and water", "Water", blocks)


def _profile(inputs: ReportInputs, facts: Mapping[str, Any]) -> pl.DataFrame | None:
    """Days of the site from the shard that finished it."""
    import polars as pl

    done = [one for one in facts["outcomes"] if one["outcome"] == "done"]
    path = inputs.workspace.profiles(int(done[-1]["shard"])) if done else None
    if path is None or not path.exists():
        return None
    own = pl.col("site_id").cast(pl.String) == str(facts["site"]["site_id"])
    frame = pl.scan_parquet(check(path)).filter(own).select(pl.col("date").cast(pl.Date), "theta")
    rows = frame.collect().sort("date")
    fits = rows.height and len(rows["theta"][0]) == len(facts["soils"])
    return rows if fits else None


def _attempts(facts: Mapping[str, Any]) -> Section:
    rows = []
    for outcome in facts["outcomes"]:
        where = f"shard {outcome['shard']}, round {outcome['round']}"
        rows += [
            [where, f"{tried['rung']} ({tried['name']})", tried["text"]]
            for tried in outcome["tried"]
        ]
        if outcome["outcome"] == "done":
            rows.append([where, f"{outcome['rung']} ({outcome['rung_name']})", "done"])
    blocks: list[Block] = [
        Table(("where", "rung", "what the engine said"), rows)
        if rows
        else Text("Nothing was tried yet.", "note"),
        Text("To run it again by itself:"),
        Code(facts["reproduce"]),
    ]
    return Section("attempts", "Attempts", "Attempts", blocks)
