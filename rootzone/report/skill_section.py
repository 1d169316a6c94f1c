"""How good the maps are where something was measured, and who does it best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone.labels.splits import SEASONS
from rootzone.learning import tables
from rootzone.report.document import Block, Plot, Plots, Section, Table, Text, absent
from rootzone.report.skill_figures import NAMES, places_figure, scatter_figure, season_figure
from rootzone.report.words import fixed, listed, plural, signed

if TYPE_CHECKING:
    import polars as pl

    from rootzone.report.read_inputs import ReportInputs

_METRICS = ("mae", "rmse", "ubrmse", "bias", "r", "r2", "kge")
_HEADINGS = {
    "mae": "MAE [m³ m⁻³]", "rmse": "RMSE [m³ m⁻³]", "ubrmse": "ubRMSE [m³ m⁻³]",
    "bias": "bias [m³ m⁻³]", "r": "r [-]", "r2": "R² [-]", "kge": "KGE [-]",
}  # fmt: skip
_SPLITS = {
    "season_dates": "held-out dates, drawn at random within seasons",
    "blocked_dates": "held-out blocks of dates",
    "stations": "held-out stations",
    "regions": "held-out regions",
}
_CASES_SHOWN = 6


@dataclass(frozen=True)
class Case:
    """What is compared with what.

    Parameters
    ----------
    source : str
        Whose values the models are held against: ``station`` or ``simulated``.
    split : str
        What was held out.
    depth_mm : float
        Depth [mm].
    """

    source: str
    split: str
    depth_mm: float

    @property
    def title(self) -> str:
        """In words."""
        against = "Stations" if self.source == tables.STATION else "Simulated labels"
        return f"{against} at {self.depth_mm / 10:g} cm, {_SPLITS.get(self.split, self.split)}"

    @property
    def key(self) -> str:
        """For file names."""
        return f"{self.source}_{self.split}_{self.depth_mm:.0f}mm"

    def of(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Its rows of a table."""
        import polars as pl

        here = (pl.col("source") == self.source) & (pl.col("split") == self.split)
        if "depth_mm" in frame.columns:
            here &= (pl.col("depth_mm") - self.depth_mm).abs() < 1e-3
        return frame.filter(here)


def skill_section(inputs: ReportInputs) -> Section:
    """Tables and figures of every source and split, the winner of each said plainly."""
    key, title, menu = "skill", "How good it is, and who does it best", "Skill"
    skill, predictions = read_evaluation(inputs)
    pairs = read_pairs(inputs)
    if skill is None:
        why = f"Nothing is evaluated yet in run {inputs.run}: rootzone evaluate makes the tables."
        return absent(key, title, menu, why)
    blocks: list[Block] = []
    for case in cases_of(skill, inputs.depth_mm)[:_CASES_SHOWN]:
        blocks += _case_blocks(case, skill, predictions, pairs)
    return Section(key, title, menu, blocks)


def read_evaluation(inputs: ReportInputs) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Skill and predictions of the run; None for what is not there."""
    import polars as pl

    folder = inputs.place.evaluation(inputs.run)
    skill, predictions = folder / "skill.parquet", folder / "predictions.parquet"
    if not skill.exists():
        return None, None
    frame = pl.read_parquet(skill)
    if "depth_mm" not in frame.columns:
        frame = frame.with_columns(pl.lit(inputs.depth_mm).alias("depth_mm"))
    return frame, pl.read_parquet(predictions) if predictions.exists() else None


def read_pairs(inputs: ReportInputs) -> pl.DataFrame | None:
    """Differences of the network and each baseline, paired by sample; None where not made."""
    import polars as pl

    path = inputs.place.evaluation(inputs.run) / "comparison.parquet"
    return pl.read_parquet(path) if path.exists() else None


def cases_of(skill: pl.DataFrame, depth_mm: float) -> list[Case]:
    """What the table compares: stations first, the report's own depth first."""
    import polars as pl

    found = skill.filter(pl.col("group_kind") == tables.ALL)
    keys = found.select("source", "split", "depth_mm").unique().rows()
    cases = [Case(source, split, float(depth)) for source, split, depth in keys]
    return sorted(
        cases,
        key=lambda c: (c.source != tables.STATION, abs(c.depth_mm - depth_mm), c.split, c.depth_mm),
    )


def _case_blocks(
    case: Case,
    skill: pl.DataFrame,
    predictions: pl.DataFrame | None,
    pairs: pl.DataFrame | None,
) -> list[Block]:
    import polars as pl

    own = case.of(skill)
    overall = mean_of_seeds(own.filter(pl.col("group_kind") == tables.ALL))
    blocks: list[Block] = [Text(case.title, "head"), Text(verdict(overall), "verdict"),
                           skill_table(overall)]  # fmt: skip
    if pairs is not None:
        blocks += _pair_blocks(case.of(pairs))
    plots = []
    seasons = mean_of_seeds(own.filter(pl.col("group_kind") == "season"))
    if seasons:
        caption = f"Mean absolute error by season. {case.title}."
        plots.append(Plot(f"skill_season_{case.key}", season_figure(seasons), caption))
    places = mean_of_seeds(own.filter(pl.col("group_kind") == tables.PER_STATION))
    if any(_is_number(row.get("mae")) for row in places):
        caption = "Median of the places and its 95 % bootstrap interval over them."
        plots.append(Plot(f"skill_places_{case.key}", places_figure(places), caption))
    plots += _scatters(case, predictions)
    if plots:
        blocks.append(Plots(plots))
    return [*blocks, *_group_tables(own)]


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
    known = [row for row in overall if _is_number(row.get("mae"))]
    if not known:
        return "No model has a figure here: there are too few values."
    most = max(row["n"] for row in known)
    fair = sorted((row for row in known if row["n"] >= 0.98 * most), key=lambda row: row["mae"])
    best = fair[0]
    said = f"Smallest mean absolute error: {_said(best)}, {best['mae']:.3f} m³ m⁻³"
    said += f" over {plural(round(best['n']), 'value')}"
    places = best.get("n_place")
    said += f" of {plural(round(places), 'place')}. " if places else ". "
    unet = next((row for row in known if row["model"] == tables.UNET), None)
    others = [row for row in fair if row is not best]
    if unet is None:
        said += "The network is not among them."
    elif unet is best and others:
        said += (
            f"Next is {_said(others[0])} with {others[0]['mae']:.3f}, {_larger(others[0], best)}."
        )
    elif unet is not best:
        said += f"The U-Net does not win: its error is {unet['mae']:.3f}, {_larger(unet, best)}."
    fewer = [row for row in known if row not in fair]
    if fewer:
        each = [f"{_said(row)} ({row['mae']:.3f} over {round(row['n']):,})" for row in fewer]
        said += f" Not compared, on fewer values: {listed(each)}."
    return said


def _larger(row: dict[str, Any], best: dict[str, Any]) -> str:
    ratio = row["mae"] / best["mae"] if best["mae"] > 0 else np.inf
    return f"{100 * (ratio - 1):.0f} % larger" if ratio < 2 else f"{ratio:.1f} times as large"


def _said(row: dict[str, Any]) -> str:
    return NAMES.get(row["model"], str(row["model"]))


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any cell
    return isinstance(value, int | float) and bool(np.isfinite(value))


def skill_table(rows: list[dict[str, Any]], first: str = "model") -> Table:
    """All metrics of every model, the smallest MAE marked."""
    metrics = [m for m in _METRICS if any(_is_number(row.get(m)) for row in rows)]
    covered = any(_is_number(row.get("coverage_80")) for row in rows)
    cells = []
    known = [row["mae"] for row in rows if _is_number(row.get("mae"))]
    places = 4 if known and min(known) < 0.01 else 3  # a third of the digits would be lost
    for row in rows:
        name = _said(row) if first == "model" else f"{row['group']}: {_said(row)}"
        line = [name, f"{round(row['n'] or 0):,}", f"{round(row.get('n_place') or 0):,}"]
        line += [_with_interval(row, metric, places) for metric in metrics]
        cells.append([*line, fixed(row.get("coverage_80"), 2)] if covered else line)
    maes = [float(row["mae"]) if _is_number(row.get("mae")) else np.inf for row in rows]
    marked = first == "model" and bool(np.isfinite(min(maes)))
    strong = [int(np.argmin(maes))] if marked else []
    heads = [first, "values", "places", *(_HEADINGS[m] for m in metrics)]
    seeds = max((row.get("seeds") or 1) for row in rows)
    note = f"Means over {seeds} seeds." if seeds > 1 else ""
    return Table([*heads, "in 80 % interval"] if covered else heads, cells, note, strong)


def _with_interval(row: dict[str, Any], metric: str, places: int) -> str:
    low, high = row.get(f"{metric}_low"), row.get(f"{metric}_high")
    text = fixed(row.get(metric), 3 if metric in ("r", "r2", "kge") else places)
    known = metric == "mae" and _is_number(low) and _is_number(high)
    return f"{text} ({fixed(low, places)} to {fixed(high, places)})" if known else text


def _pair_blocks(pairs: pl.DataFrame) -> list[Block]:
    """The network against each baseline on the samples both have, with who wins."""
    import polars as pl

    overall = pairs.filter(pl.col("group_kind") == tables.ALL).sort("baseline", "seed")
    if not overall.height:
        return []
    several = pairs["seed"].n_unique() > 1
    rows = [
        [NAMES.get(row["baseline"], row["baseline"]) + (f", seed {row['seed']}" if several else ""),
         f"{row['n']:,}", f"{row['n_place']:,}", fixed(row["mae_unet"]),
         fixed(row["mae_baseline"]), _difference(row), row["verdict"]]
        for row in overall.iter_rows(named=True)
    ]  # fmt: skip
    headings = ("U-Net against", "values", "places", "MAE U-Net [m³ m⁻³]",
                "MAE other [m³ m⁻³]", "difference [m³ m⁻³]", "the U-Net")  # fmt: skip
    caption = "On the samples both have, with the 95 % bootstrap interval over places."
    split = pairs.filter(pl.col("group_kind") == "season", pl.col("seed") == pairs["seed"].min())
    seasons = [
        [row["group"], NAMES.get(row["baseline"], row["baseline"]), f"{row['n']:,}",
         _difference(row), row["verdict"]]
        for row in split.iter_rows(named=True)
    ]  # fmt: skip
    ordered = sorted(seasons, key=lambda row: (_season(row[0]), row[1]))
    heads = ("season", "U-Net against", "values", "difference [m³ m⁻³]", "the U-Net")
    folded = [Table(heads, ordered, folded="The same by season")] if ordered else []
    return [Table(headings, rows, caption), *folded]


def _difference(row: dict[str, Any]) -> str:
    text = signed(row["difference"])
    if not _is_number(row["difference_low"]):
        return text
    return f"{text} ({signed(row['difference_low'])} to {signed(row['difference_high'])})"


def _scatters(case: Case, predictions: pl.DataFrame | None) -> list[Plot]:
    import polars as pl

    if predictions is None:
        return []
    own = case.of(predictions).filter(
        pl.col("part") == "test", pl.col("predicted").is_finite(), pl.col("observed").is_finite()
    )
    if not own.height:
        return []
    models = [m for m in tables.MODELS if m in set(own["model"].unique())][:4]
    panels = {NAMES.get(m, m): own.filter(pl.col("model") == m) for m in models}
    plots = [
        Plot(f"scatter_models_{case.key}", scatter_figure(panels), f"Predicted against observed, "
             f"test part. {case.title}. Darker is more values.")
    ]  # fmt: skip
    shown = tables.UNET if tables.UNET in models else models[0]
    unet = own.filter(pl.col("model") == shown)
    seasons = {s: part for s in SEASONS if (part := unet.filter(pl.col("season") == s)).height}
    if seasons:
        caption = f"{NAMES.get(shown, shown)} by season, test part. {case.title}."
        plots.append(Plot(f"scatter_seasons_{case.key}", scatter_figure(seasons), caption))
    return plots


def _group_tables(own: pl.DataFrame) -> list[Block]:
    """Tables by season, land cover and texture, folded away."""
    import polars as pl

    blocks: list[Block] = []
    for kind in tables.GROUPINGS:
        rows = mean_of_seeds(own.filter(pl.col("group_kind") == kind))
        if rows:
            ordered = sorted(rows, key=lambda row: (_season(row["group"]), str(row["group"])))
            table = skill_table(ordered, kind.replace("_", " "))
            blocks.append(Table(table.headings, table.rows, folded=f"By {kind.replace('_', ' ')}"))
    return blocks


def _season(group: str) -> int:
    return SEASONS.index(group) if group in SEASONS else -1


def headline(inputs: ReportInputs) -> list[tuple[str, str]]:
    """The figure worth a place at the top: the best error against stations, or labels."""
    import polars as pl

    skill, _ = read_evaluation(inputs)
    if skill is None:
        return []
    cases = cases_of(skill, inputs.depth_mm)
    if not cases:
        return []
    rows = mean_of_seeds(cases[0].of(skill).filter(pl.col("group_kind") == tables.ALL))
    unet = next((row for row in rows if row["model"] == tables.UNET), None)
    if unet is None or not _is_number(unet.get("mae")):
        return []
    against = "stations" if cases[0].source == tables.STATION else "simulated labels"
    return [(f"{unet['mae']:.3f}", f"m³ m⁻³ mean absolute error of the U-Net, held-out {against}")]
