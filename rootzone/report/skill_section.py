"""How good the maps are where something was measured, and who does it best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rootzone._shared.seal import check
from rootzone._shared.units import cm_from_mm
from rootzone.labels.splits import SEASONS
from rootzone.learning.evaluation import tables
from rootzone.report.document import Block, Plot, Plots, Section, Text, absent
from rootzone.report.points_skill import points_blocks
from rootzone.report.skill_figures import NAMES, places_figure, scatter_figure, season_figure
from rootzone.report.skill_tables import (
    group_tables,
    is_number,
    mean_of_seeds,
    pair_tables,
    skill_table,
    verdict,
)

if TYPE_CHECKING:
    import polars as pl

    from rootzone.report.read_inputs import ReportInputs

_SPLITS = {
    "season_dates": "held-out dates, drawn at random within seasons",
    "blocked_dates": "held-out blocks of dates",
    "stations": "held-out stations",
    "regions": "held-out regions",
}
# What a reader may conclude: dates held out say nothing of places the network never saw.
_HELD_OUT = {
    "season_dates": "held-out dates at {places} that also train",
    "blocked_dates": "held-out blocks of dates at {places} that also train",
    "date_cut": "later dates at {places} that also train",
    "stations": "held-out {places}",
    "regions": "{places} of held-out regions",
}
_CASES_SHOWN = 6
_PANELS = 6


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
        return (
            f"{against} at {cm_from_mm(self.depth_mm):g} cm, {_SPLITS.get(self.split, self.split)}"
        )

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
    points = points_blocks(inputs.workspace.root)
    if skill is None and points:
        return Section(key, title, menu, points)
    if skill is None:
        why = f"Nothing is evaluated yet in run {inputs.run}: rootzone evaluate makes the tables."
        return absent(key, title, menu, why)
    blocks: list[Block] = []
    for case in cases_of(skill, inputs.depth_mm)[:_CASES_SHOWN]:
        blocks += _case_blocks(case, skill, predictions, pairs)
    return Section(key, title, menu, [*blocks, *points])


def read_evaluation(inputs: ReportInputs) -> tuple[pl.DataFrame | None, pl.DataFrame | None]:
    """Skill and predictions of the run; None for what is not there."""
    import polars as pl

    folder = inputs.workspace.evaluation(inputs.run)
    skill, predictions = folder / "skill.parquet", folder / "predictions.parquet"
    if not skill.exists():
        return None, None
    frame = pl.read_parquet(check(skill))
    if "depth_mm" not in frame.columns:
        frame = frame.with_columns(pl.lit(inputs.depth_mm).alias("depth_mm"))
    return frame, pl.read_parquet(check(predictions)) if predictions.exists() else None


def read_pairs(inputs: ReportInputs) -> pl.DataFrame | None:
    """Differences of the network and each baseline, paired by sample; None where not made."""
    import polars as pl

    path = inputs.workspace.evaluation(inputs.run) / "comparison.parquet"
    return pl.read_parquet(check(path)) if path.exists() else None


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
                           *_warnings(case), skill_table(overall)]  # fmt: skip
    if pairs is not None:
        blocks += pair_tables(case.of(pairs))
    plots = []
    seasons = mean_of_seeds(own.filter(pl.col("group_kind") == "season"))
    if any(is_number(row.get("mae")) for row in seasons):
        caption = f"Mean absolute error by season. {case.title}."
        plots.append(Plot(f"skill_season_{case.key}", season_figure(seasons), caption))
    places = mean_of_seeds(own.filter(pl.col("group_kind") == tables.PER_STATION))
    if any(is_number(row.get("mae")) for row in places):
        caption = "Median of the places and its 95 % bootstrap interval over them."
        plots.append(Plot(f"skill_places_{case.key}", places_figure(places), caption))
    plots += _scatters(case, predictions)
    if plots:
        blocks.append(Plots(plots))
    return [*blocks, *group_tables(own)]


def _warnings(case: Case) -> list[Block]:
    """What a split cannot tell."""
    if case.split != "season_dates":
        return []
    return [
        Text("Dates held out at random lie a day or two from dates that trained: persistence shows "
             "how much that alone is worth. Blocks of dates, and stations left out, ask for more.")
    ]  # fmt: skip


def _scatters(case: Case, predictions: pl.DataFrame | None) -> list[Plot]:
    import polars as pl

    if predictions is None:
        return []
    own = case.of(predictions).filter(
        pl.col("part") == "test", pl.col("predicted").is_finite(), pl.col("observed").is_finite()
    )
    if not own.height:
        return []
    models = [m for m in tables.MODELS if m in set(own["model"].unique())][:_PANELS]
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


def coverage_words(inputs: ReportInputs) -> str:
    """One sentence: how many held-out values the network's interval held, beside the claim."""
    import polars as pl

    skill, _ = read_evaluation(inputs)
    cases = [] if skill is None else cases_of(skill, inputs.depth_mm)
    if skill is None or not cases:
        return ""
    one = (pl.col("group_kind") == tables.ALL) & (pl.col("model") == tables.UNET)
    rows = mean_of_seeds(cases[0].of(skill).filter(one))
    if not rows or not is_number(rows[0].get("coverage")):
        return ""
    values = "station values" if cases[0].source == tables.STATION else "simulated labels"
    return (
        f" The interval claims {rows[0]['interval_pct']:g} %; it held "
        f"{100 * rows[0]['coverage']:.0f} % of {round(rows[0]['n']):,} held-out {values} "
        f"({_HELD_OUT.get(cases[0].split, cases[0].split).format(places='places')})."
    )


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
    if unet is None or not is_number(unet.get("mae")):
        return []
    places = "stations" if cases[0].source == tables.STATION else "sites"
    against = "station values" if cases[0].source == tables.STATION else "simulated labels"
    what = _HELD_OUT.get(cases[0].split, "values held out by {split}").format(
        places=places, split=cases[0].split
    )
    return [
        (f"{unet['mae']:.3f}",
         f"m³ m⁻³ mean absolute error of the U-Net against {against}: {what}")
    ]  # fmt: skip
