"""Skill in tables and in a sentence: who has the smallest error, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.words import fixed, listed, plural, signed
from rootzone.labels.splits import SEASONS
from rootzone.learning.evaluation import tables
from rootzone.report.document import Table
from rootzone.report.skill_figures import NAMES

if TYPE_CHECKING:
    import polars as pl

_METRICS = ("mae", "rmse", "ubrmse", "bias", "r", "r2", "kge")
_HEADINGS = {
    "mae": "MAE [m³ m⁻³]", "rmse": "RMSE [m³ m⁻³]", "ubrmse": "ubRMSE [m³ m⁻³]",
    "bias": "bias [m³ m⁻³]", "r": "r [-]", "r2": "R² [-]", "kge": "KGE [-]",
}  # fmt: skip


def mean_of_seeds(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows with the metrics averaged over seeds, the models in their usual order."""
    import polars as pl

    if not rows.height:
        return []
    numbers = [
        c for c, t in rows.schema.items() if t.is_numeric() and c not in ("seed", "depth_mm")
    ]
    mean = rows.group_by("model", "group").agg(
        pl.col("seed").n_unique().alias("seeds"),
        *(pl.col(c).fill_nan(None).mean() for c in numbers),
    )
    order = {name: i for i, name in enumerate(tables.MODELS)}
    found = mean.to_dicts()
    return sorted(found, key=lambda row: (order.get(row["model"], 99), row["model"], row["group"]))


def verdict(overall: list[dict[str, Any]]) -> str:
    """Who has the smallest mean absolute error, and where the network stands.

    Models are named best only against others on as many values; those that answered fewer, such as
    persistence without a value before, are named apart.
    """
    known = [row for row in overall if is_number(row.get("mae"))]
    if not known:
        return "No model has a figure here: there are too few values."
    most = max(row["n"] for row in known)
    fair = sorted((row for row in known if row["n"] >= 0.98 * most), key=lambda row: row["mae"])
    best = fair[0]
    digits = _decimals([row["mae"] for row in known])
    said = f"Smallest mean absolute error: {_said(best)}, {fixed(best['mae'], digits)} m³ m⁻³"
    said += f" over {plural(round(best['n']), 'value')}"
    places = best.get("n_place")
    said += f" of {plural(round(places), 'place')}. " if places else ". "
    unet = next((row for row in known if row["model"] == tables.UNET), None)
    others = [row for row in fair if row is not best]
    if unet is None:
        said += "The network is not among them."
    elif unet is best and others:
        said += f"Next is {_said(others[0])} with {_far_off(others[0], best, digits)}."
    elif unet is not best:
        said += f"The U-Net does not win: its error is {_far_off(unet, best, digits)}."
    fewer = [row for row in known if row not in fair]
    if fewer:
        each = [
            f"{_said(row)} ({fixed(row['mae'], digits)} over {round(row['n']):,})" for row in fewer
        ]
        said += f" Not compared, on fewer values: {listed(each)}."
    return said


def _far_off(row: dict[str, Any], best: dict[str, Any], digits: int) -> str:
    ratio = row["mae"] / best["mae"] if best["mae"] > 0 else np.inf
    more = f"{100 * (ratio - 1):.0f} % larger" if ratio < 2 else f"{ratio:.1f} times as large"
    return f"{fixed(row['mae'], digits)}, {more}"


def _said(row: dict[str, Any]) -> str:
    return NAMES.get(row["model"], str(row["model"]))


def is_number(value: Any) -> bool:  # noqa: ANN401 - any cell
    """Whether a cell holds a finite number."""
    return isinstance(value, int | float) and bool(np.isfinite(value))


def skill_table(rows: list[dict[str, Any]], first: str = "model") -> Table:
    """All metrics of every model, the smallest MAE marked."""
    metrics = [m for m in _METRICS if any(is_number(row.get(m)) for row in rows)]
    levels = [row["interval_pct"] for row in rows if is_number(row.get("coverage"))]
    level = f"{levels[0]:g} %" if levels else ""
    cells = []
    places = _decimals([row.get("mae") for row in rows])
    for row in rows:
        name = _said(row) if first == "model" else f"{row['group']}: {_said(row)}"
        line = [name, f"{round(row['n'] or 0):,}", f"{round(row.get('n_place') or 0):,}"]
        line += [_with_interval(row, metric, places) for metric in metrics]
        cells.append([*line, fixed(row.get("coverage"), 2)] if levels else line)
    maes = [float(row["mae"]) if is_number(row.get("mae")) else np.inf for row in rows]
    marked = first == "model" and bool(np.isfinite(min(maes)))
    strong = [int(np.argmin(maes))] if marked else []
    heads = [first, "values", "places", *(_HEADINGS[m] for m in metrics)]
    seeds = max((row.get("seeds") or 1) for row in rows)
    notes = [f"Means over {seeds} seeds."] if seeds > 1 else []
    if any(is_number(row.get("mae_low")) for row in rows):
        notes.append("In brackets the 95 % bootstrap interval over places.")
    if levels:
        notes.append(f"Coverage is the share of values inside the {level} interval.")
    return Table(
        [*heads, f"coverage [{level}]"] if levels else heads, cells, " ".join(notes), strong
    )


def _decimals(errors: Sequence[float | None]) -> int:
    """Decimals of errors [m3 m-3]: of one below 0.01 three would leave a digit at most."""
    known = [error for error in errors if error is not None and is_number(error)]
    return 4 if known and min(known) < 0.01 else 3


def _with_interval(row: dict[str, Any], metric: str, places: int) -> str:
    low, high = row.get(f"{metric}_low"), row.get(f"{metric}_high")
    text = fixed(row.get(metric), 3 if metric in ("r", "r2", "kge") else places)
    known = metric == "mae" and is_number(low) and is_number(high)
    return f"{text} ({fixed(low, places)}–{fixed(high, places)})" if known else text


def pair_tables(pairs: pl.DataFrame) -> list[Table]:
    """The network against each baseline on the samples both have, with who wins."""
    import polars as pl

    overall = pairs.filter(pl.col("group_kind") == tables.ALL).sort("baseline", "seed")
    if not overall.height:
        return []
    several = pairs["seed"].n_unique() > 1
    places = _decimals([*overall["mae_unet"], *overall["mae_baseline"]])
    rows = [
        [NAMES.get(row["baseline"], row["baseline"]) + (f", seed {row['seed']}" if several else ""),
         f"{row['n']:,}", f"{row['n_place']:,}", fixed(row["mae_unet"], places),
         fixed(row["mae_baseline"], places), _difference(row, places), row["verdict"]]
        for row in overall.iter_rows(named=True)
    ]  # fmt: skip
    headings = ("U-Net against", "values", "places", "MAE U-Net [m³ m⁻³]",
                "MAE other [m³ m⁻³]", "difference [m³ m⁻³]", "the U-Net")  # fmt: skip
    caption = "On the samples both have, with the 95 % bootstrap interval over places."
    split = pairs.filter(pl.col("group_kind") == "season", pl.col("seed") == pairs["seed"].min())
    seasons = [
        [row["group"], NAMES.get(row["baseline"], row["baseline"]), f"{row['n']:,}",
         _difference(row, places), row["verdict"]]
        for row in split.iter_rows(named=True)
    ]  # fmt: skip
    ordered = sorted(seasons, key=lambda row: (_season(row[0]), row[1]))
    heads = ("season", "U-Net against", "values", "difference [m³ m⁻³]", "the U-Net")
    folded = [Table(heads, ordered, folded="The same by season")] if ordered else []
    return [Table(headings, rows, caption), *folded]


def _difference(row: dict[str, Any], places: int) -> str:
    text = signed(row["difference"], places)
    if not is_number(row["difference_low"]):
        return text
    low, high = (signed(row[f"difference_{end}"], places) for end in ("low", "high"))
    return f"{text} ({low} to {high})"


def group_tables(own: pl.DataFrame) -> list[Table]:
    """Tables by season, land cover and texture, folded away."""
    import polars as pl

    found: list[Table] = []
    for kind in tables.GROUPINGS:
        rows = mean_of_seeds(own.filter(pl.col("group_kind") == kind))
        if rows:
            ordered = sorted(rows, key=lambda row: (_season(row["group"]), str(row["group"])))
            table = skill_table(ordered, kind.replace("_", " "))
            found.append(Table(table.headings, table.rows, folded=f"By {kind.replace('_', ' ')}"))
    return found


def _season(group: str) -> int:
    return SEASONS.index(group) if group in SEASONS else -1
