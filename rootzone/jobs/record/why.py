"""One page about one site: its place, its soil before and after, its weather, what was tried."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SOIL_COLUMNS = (
    "layer", "thickness_mm", "bd_g_cm3", "airdry", "ll15", "dul", "sat", "ks_mm_d", "theta_initial",
    "theta_r", "theta_s", "alpha_per_cm", "n", "cover",
)  # fmt: skip
_TEXTURE_COLUMNS = ("layer", "top_mm", "bottom_mm", "sand_pct", "silt_pct", "clay_pct", "bd_g_cm3")
_PLACE = (
    "site_id",
    "year",
    "lon",
    "lat",
    "row",
    "col",
    "x_m",
    "y_m",
    "stratum",
    "weight",
    "cell_id",
)


def why_page(facts: Mapping[str, Any]) -> str:
    """The page as text.

    Parameters
    ----------
    facts : mapping
        As ``rootzone.jobs.record.read_why.why_facts`` gathers them; the same as ``--json`` prints.
    """
    return "\n".join(_lines(facts)) + "\n"


def _lines(facts: Mapping[str, Any]) -> Iterator[str]:
    site = facts["site"]
    yield f"site {site['site_id']} of {facts['campaign']}: {_verdict(facts['outcomes'])}"
    yield ""
    yield (
        f"place       {_number(site['lat'])} N, {_number(site['lon'])} E; row {site['row']}, "
        f"col {site['col']} of the grid"
    )
    yield (
        f"design      stratum {site['stratum']}, year {site['year']}, weight "
        f"{_number(site['weight'])} pixels"
    )
    others = {k: v for k, v in site.items() if k not in _PLACE and v is not None}
    if others:
        text = ", ".join(f"{name} {_number(value)}" for name, value in others.items())
        yield f"covariates  {text}"
    yield from _block("texture", facts["textures"], _TEXTURE_COLUMNS, "no texture table")
    yield from _guards(facts["adjustments"])
    for row in facts["refused_layers"]:
        yield f"refused     layer {row.get('layer')}: {row.get('message') or row.get('reason')}"
    yield from _block("soil", facts["soils"], _SOIL_COLUMNS, "no row in the soils table")
    yield from _forcing(facts["forcing"])
    yield from _balance(facts["balance"])
    yield from _attempts(facts["outcomes"])
    yield ""
    yield "run it again:"
    yield f"  {facts['reproduce']}"


def _verdict(outcomes: Sequence[Mapping[str, Any]]) -> str:
    if not outcomes:
        return "not run yet"
    last = outcomes[-1]
    if last["outcome"] == "done":
        return f"done on rung {last['rung']} ({last['rung_name']}), {last['attempts']} attempt(s)"
    return f"failed, {last['failure_class']} after {last['attempts']} attempt(s)"


def _guards(adjustments: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield ""
    if not adjustments:
        yield "guards      changed nothing (or the soils table carries no adjustments)"
        return
    yield f"guards      {len(adjustments)} adjustment(s), before -> after"
    for row in adjustments:
        unit = row.get("unit") or "-"
        yield (
            f"  layer {row.get('layer')}: {row.get('quantity')} {_number(row.get('before'))} -> "
            f"{_number(row.get('after'))} [{unit}], {row.get('rule')}"
        )


def _forcing(forcing: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    needed = forcing["days_needed"]
    yield f"forcing     cell {forcing['cell_id']}: {forcing['days_found']} of {needed} days"
    if "problem" in forcing:
        yield f"  {forcing['problem']}"
    if "first_day" in forcing:
        files = ", ".join(forcing["files"])
        yield f"  {forcing['first_day']} to {forcing['last_day']} ({files})"
        sums = {k: v for k, v in forcing.items() if "_of_" in k}
        yield "  " + ", ".join(f"{name} {_number(value)}" for name, value in sums.items())


def _balance(balance: Mapping[str, float]) -> Iterator[str]:
    if not balance:
        return
    yield ""
    yield "balance     of all days but the first [mm]"
    width = max(len(name) for name in balance)
    for name, mm in balance.items():
        text = f"{mm:.3f}" if name == "closing error" else f"{mm:.1f}"
        yield f"  {name:<{width}} {text:>9}"


def _attempts(outcomes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for outcome in outcomes:
        yield ""
        kind = "drawn site" if outcome["round"] == 0 else f"round {outcome['round']}"
        yield f"attempts    shard {outcome['shard']}, {kind}"
        for tried in outcome["tried"]:
            yield f"  rung {tried['rung']} ({tried['name']}): {tried['text']}"
        if outcome["outcome"] == "done":
            yield f"  rung {outcome['rung']} ({outcome['rung_name']}): done"
        elif not outcome["tried"]:
            yield f"  not run: {outcome['text']}"
        if outcome["repairs"]:
            yield f"  repaired on the way: {outcome['repairs']}"


def _block(
    title: str, rows: Sequence[Mapping[str, Any]], wanted: Sequence[str], nothing: str
) -> Iterator[str]:
    """A small table with the columns that are there."""
    yield ""
    if not rows:
        yield f"{title:<11} {nothing}"
        return
    names = [name for name in wanted if any(row.get(name) is not None for row in rows)]
    cells = [names, *([_number(row.get(name)) for name in names] for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(names))]
    yield title
    for line in cells:
        yield "  " + "  ".join(text.rjust(width) for text, width in zip(line, widths, strict=True))


def _number(value: Any) -> str:  # noqa: ANN401 - any cell
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
