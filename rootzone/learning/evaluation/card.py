"""The model card: what a model was made from, what it is worth, and where it loses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from rootzone.learning.evaluation.compare import EVEN, LOSES, UNCERTAIN, WINS
from rootzone.learning.evaluation.tables import ALL, MODELS, PER_STATION, SIMULATED, STATION, UNET

NAMES = {
    "unet": "U-Net",
    "lightgbm": "LightGBM, same features",
    "climatology": "climatology",
    "persistence": "persistence",
    "surface": "surface product",
    "raw_simulation": "raw simulation",
}
SPLITS = {
    "season_dates": "random dates: places train too, and the days around as well",
    "blocked_dates": "blocks of dates: places train too, and the days that border on a block",
    "stations": "left-out stations: places the model has not seen",
    "regions": "left-out regions: places the model has not seen, nor their neighbourhood",
}
_METRICS = ("mae", "rmse", "ubrmse", "bias", "r", "r2", "kge")


def card_of(
    info: Mapping[str, Any],
    skill: pl.DataFrame,
    comparison: pl.DataFrame,
    notes: Sequence[str] = (),
) -> str:
    """The card as Markdown.

    Parameters
    ----------
    info : mapping
        What ``bundle.json`` holds.
    skill, comparison : polars.DataFrame
        In the schemas ``SKILL`` and ``COMPARISON``.
    notes : sequence of str
        Of the evaluation.
    """
    parts = [f"# {info.get('campaign', 'model')}, run {info.get('run', 'main')}", ""]
    parts += [*_made_from(info), ""]
    for (source, depth_mm), part in skill.group_by(["source", "depth_mm"], maintain_order=True):
        own = comparison.filter(
            pl.col("source") == source, (pl.col("depth_mm") - depth_mm).abs() < 1e-3
        )
        parts += [f"## Against {_against(str(source))} at {float(str(depth_mm)) / 10:g} cm", ""]
        parts += [*_skill_lines(part), "", "### Where it loses", ""]
        parts += [*(f"- {line}" for line in where_it_loses(own)), "", *_coverage_lines(part), ""]
    parts += ["## Notes", ""]
    parts += [f"- {note}" for note in [*info.get("notes", []), *notes]]
    parts += ["", "## Limits", "", *_limits(info, skill), ""]
    return "\n".join(parts)


def _against(source: str) -> str:
    return "stations" if source == STATION else "simulated labels"


def _made_from(info: Mapping[str, Any]) -> list[str]:
    network, settings = info.get("network", {}), info.get("settings", {})
    split = info.get("split", {})
    lines = [
        "## What it is",
        "",
        f"- Network: {info.get('members', 1)} x U-Net, widths "
        f"{', '.join(str(w) for w in network.get('widths', ()))}, output "
        f"{network.get('output', '?')}, head {network.get('head', '?')}, "
        f"{network.get('n_channels', '?')} channels.",
        f"- Depths: {', '.join(f'{float(d):g}' for d in info.get('depths_mm', ()))} mm.",
        f"- Held out: {SPLITS.get(split.get('kind', ''), split.get('kind', '?'))}.",
        f"- Training: {info.get('epochs_run', '?')} epochs, batches of "
        f"{settings.get('batch_size', '?')}, simulated with probability "
        f"{settings.get('simulated_batch_probability', '?')}, seed {settings.get('seed', '?')}.",
        f"- Samples: {_listed(info.get('samples', {}))}.",
        f"- Interval: {info.get('calibration_on', 'none')}.",
        f"- bfloat16 against float32: {_bf16(info.get('bf16_error'))}.",
        f"- Weights {str(info.get('weights_digest', '?'))[:16]}, features "
        f"{str(info.get('features_digest', '?'))[:16]}, campaign "
        f"{str(info.get('campaign_digest', '?'))[:16]}, code {info.get('code', '?')}.",
    ]
    digests = info.get("digests", {})
    return [*lines, *(f"- Input {name}: {str(value)[:16]}" for name, value in digests.items())]


def _listed(counts: Mapping[str, Any]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "not told"


def _bf16(error: Mapping[str, float] | None) -> str:
    if not error:
        return "not measured"
    return f"rms {error['rms']:.1e}, at most {error['max']:.1e} m3 m-3"


def _skill_lines(skill: pl.DataFrame) -> list[str]:
    """Pooled figures and medians over places of every model and seed."""
    lines = []
    for kind, title in (
        (ALL, "All samples pooled; in brackets 95 % of a bootstrap over places."),
        (PER_STATION, "Medians of the places' own figures (30 samples a place at least)."),
    ):
        rows = skill.filter(pl.col("group_kind") == kind)
        lines += [title, "", "| model | samples | places | " + " | ".join(_METRICS) + " |"]
        lines += ["|" + "---|" * (len(_METRICS) + 3)]
        for row in sorted(rows.iter_rows(named=True), key=_by_model):
            figures = [_figure(row, metric) for metric in _METRICS]
            who = NAMES.get(row["model"], row["model"])
            lines.append(f"| {who} | {row['n']} | {row['n_place']} | " + " | ".join(figures) + " |")
        lines.append("")
    return lines[:-1]


def _by_model(row: Mapping[str, Any]) -> tuple[int, int]:
    model = row["model"]
    return (MODELS.index(model) if model in MODELS else len(MODELS), row["seed"])


def _figure(row: Mapping[str, Any], metric: str) -> str:
    if row[metric] is None:
        return "-"
    text = f"{row[metric]:.3f}"
    low, high = row.get(f"{metric}_low"), row.get(f"{metric}_high")
    return text if low is None or high is None else f"{text} ({low:.3f} to {high:.3f})"


def where_it_loses(comparison: pl.DataFrame) -> list[str]:
    """How the network stands against each baseline, and in which classes it loses, in words.

    Parameters
    ----------
    comparison : polars.DataFrame
        In the schema ``COMPARISON``, of one source and depth.
    """
    lines = []
    for row in comparison.filter(pl.col("group_kind") == ALL).iter_rows(named=True):
        own = comparison.filter(
            pl.col("baseline") == row["baseline"],
            pl.col("seed") == row["seed"],
            pl.col("split") == row["split"],
            pl.col("group_kind") != ALL,
        )
        lines.append(f"{_sentence(row)} {_groups(own)}")
    return lines or ["No baseline has a value for the same samples, so nothing is compared."]


def _sentence(row: Mapping[str, Any]) -> str:
    base = NAMES.get(row["baseline"], row["baseline"])
    figures = f"MAE {row['mae_unet']:.4f} against {row['mae_baseline']:.4f} m3 m-3"
    on = f"{row['n']} samples, {row['n_place']} places"
    said = {
        WINS: f"It beats {base}",
        LOSES: f"**It loses to {base}**",
        EVEN: f"It cannot be told from {base}",
        UNCERTAIN: f"Against {base} there are too few places for a verdict",
    }[row["verdict"]]
    return f"{said}: {figures} ({on})."


def _groups(comparison: pl.DataFrame) -> str:
    """The classes in which a baseline is clearly better, the worst first."""
    lost = comparison.filter(pl.col("verdict") == LOSES).sort("difference", descending=True)
    if not lost.height:
        return "In no season, land cover, climate or texture class does it lose clearly."
    each = [f"{row['group']} (+{row['difference']:.4f})" for row in lost.iter_rows(named=True)]
    return f"It loses in {', '.join(each)}."


def _coverage_lines(skill: pl.DataFrame) -> list[str]:
    rows = skill.filter(
        pl.col("model") == UNET,
        pl.col("group_kind").is_in([ALL, "season"]),
        pl.col("coverage").is_not_null(),
    )
    if not rows.height:
        return ["The model has no interval."]
    shares = [
        f"{row['group']} {row['coverage']:.2f} ({row['n_interval']})"
        for row in rows.iter_rows(named=True)
    ]
    level = f"{rows['interval_pct'][0]:g} %"
    return [f"Share of observations in the {level} interval (samples): {', '.join(shares)}."]


def _limits(info: Mapping[str, Any], skill: pl.DataFrame) -> list[str]:
    kind = info.get("split", {}).get("kind", "")
    lines = []
    if kind in ("season_dates", "blocked_dates"):
        lines.append(
            "- Places of the test train too. At a place without a station errors are larger; only "
            "a split by stations or regions tells by how much."
        )
    if kind == "season_dates":
        lines.append(
            "- Test dates have training dates beside them, which flatters every model that knows "
            "them, persistence most of all."
        )
    sources = set(skill["source"].unique().to_list())
    if STATION not in sources:
        lines.append("- Nothing was held against sensors: skill there is unknown.")
    if SIMULATED in sources:
        lines.append("- Skill against simulated labels says nothing on the simulation's own error.")
    lines.append("- The simulation has no roots, no snow unless set, and no lateral flow.")
    return lines
