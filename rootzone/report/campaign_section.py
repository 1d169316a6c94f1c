"""The campaign in a glance: what was asked, what came of it, what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootzone._shared.words import in_hours, plural, sentence
from rootzone.report.document import Block, Facts, Section, Table, Text
from rootzone.report.map_layers import map_files

if TYPE_CHECKING:
    from rootzone.report.read_inputs import ReportInputs


def campaign_section(inputs: ReportInputs, headline: list[tuple[str, str]]) -> Section:
    """What was asked, the figures that matter, and the cost.

    Parameters
    ----------
    inputs : ReportInputs
        The campaign.
    headline : list of (value, meaning)
        Figures that other sections found worth a place at the top.
    """
    blocks: list[Block] = []
    if inputs.made_up:
        blocks.append(Text(f"What is not real here: {inputs.made_up}", "note"))
    blocks.append(Text(_asked(inputs)))
    blocks.append(Facts([*_sizes(inputs), *headline]))
    blocks.append(_cost(inputs))
    if inputs.state is not None and inputs.state.status.stale:
        status = inputs.state.status
        blocks.append(
            Text(f"{status.stale} of {plural(status.shards, 'shard')} were made from other inputs "
                 f"than are there now ({', '.join(status.stale_because)}); what follows shows them "
                 "as they are. rootzone simulate makes them again.", "note")
        )  # fmt: skip
    return Section("campaign", "The campaign", "Campaign", blocks)


def _asked(inputs: ReportInputs) -> str:
    campaign, grid = inputs.campaign, inputs.grid
    years = ", ".join(map(str, campaign.years))
    depths = ", ".join(f"{depth / 10:g}" for depth in campaign.labels.depths_mm)
    about = sentence(campaign.description) + " " if campaign.description else ""
    return (
        f"{about}Years {years}; {grid.width} x {grid.height} pixels of {grid.resolution_m:g} m "
        f"({grid.crs}); labels at {depths} cm; engine {campaign.engine.name} with "
        f"{campaign.engine.physics} physics and {campaign.engine.stepping} steps."
    )


def _sizes(inputs: ReportInputs) -> list[tuple[str, str]]:
    import polars as pl

    found = []
    if inputs.sites is not None:
        found.append((f"{inputs.sites.height:,}", "sites drawn"))
    if inputs.runs is not None:
        found.append((f"{inputs.runs.done:,}", "sites simulated"))
        found.append((f"{inputs.runs.failed_pct:.3g} %", "of tried sites failed"))
    if inputs.labels is not None:
        n = inputs.labels.select(pl.len()).collect().item()
        found.append((f"{n:,}", "labels"))
    if inputs.station_values is not None and inputs.station_values.height:
        n = inputs.station_values.select("network", "station").n_unique()
        found.append((f"{n:,}", "station on the grid" if n == 1 else "stations on the grid"))
    dates = {m.day for m in map_files(inputs.workspace.maps)}
    if dates:
        found.append((f"{len(dates):,}", "dates mapped"))
    return found


def _cost(inputs: ReportInputs) -> Block:
    rows = []
    if inputs.plan:
        hours, wall = inputs.plan["core_hours"], inputs.plan["wall_hours"]
        rows.append(
            ["simulation, as planned from a pilot", _span(hours), _span(wall),
             f"{inputs.plan['disk_gb']:.3g}", f"{inputs.plan['memory_mb_per_worker']:.0f}"]
        )  # fmt: skip
    runs = inputs.runs
    if runs is not None and runs.seconds:
        size_gb = sum(path.stat().st_size for path in inputs.profiles) / 1e9
        rows.append(
            ["simulation, as run", in_hours(runs.core_seconds or runs.seconds), "–",
             f"{size_gb:.3g}", f"{runs.peak_mb:.0f}"]
        )  # fmt: skip
    if not rows:
        return Text(
            "Nothing was planned or run yet: rootzone plan, then rootzone simulate.", "note"
        )
    note = ""
    if runs is not None and runs.done:
        each = 1e3 * runs.engine_seconds / runs.done
        note = (
            f"The engine itself took {each:.3g} ms a site; all shards together "
            f"{in_hours(runs.seconds)} of a worker's time"
        )
        loading = runs.loading_seconds
        note += f", {in_hours(loading)} of it to load compiled kernels." if loading else "."
    headings = (
        "cost",
        "time of one core",
        "time by the clock",
        "disk [GB]",
        "memory [MiB a worker]",
    )
    return Table(headings, rows, note)


def _span(interval: dict[str, float]) -> str:
    value, low, high = (in_hours(3600.0 * interval[key]) for key in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
