"""How the network learned: losses, validation, and the way from data to physics."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.errors import RequestError
from rootzone._shared.figure_style import INK, LINE_COLOURS, SOFT, new_figure, styled
from rootzone._shared.seal import check
from rootzone._shared.words import in_hours, number, plural
from rootzone.report.document import Block, Code, Facts, Plot, Plots, Section, Text, absent

if TYPE_CHECKING:
    import polars as pl
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from rootzone.report.read_inputs import ReportInputs

_TERMS = {
    "loss": "all terms", "mse": "data (MSE)", "psi": "matric potential", "bound": "bounds",
    "coherence": "coherence", "spread": "spread",
}  # fmt: skip
_WEIGHTS = {"data_weight": "weight of the data", "simulated_share": "share of simulated batches"}
_NEEDED = ("epoch", "loss", "validation_rmse")


def learning_section(inputs: ReportInputs) -> Section:
    """Learning curves of every network of the run."""
    key, title, menu = "learning", "How the network learned", "Learning"
    log = read_training_log(inputs)
    if log is None:
        why = f"No network is trained yet in run {inputs.run}: rootzone train trains one."
        return absent(key, title, menu, why)
    plots = [
        Plot("learning_loss", loss_figure(log), "Training loss and its terms as they enter it, "
             "mean of each epoch" + (
                 "; thin lines are the other networks of the ensemble."
                 if inputs.campaign.learning.members > 1 else "."
             )),
        Plot("learning_validation", validation_figure(log), "Error on the validation samples; the "
             "dot marks the epoch that was kept."),
    ]  # fmt: skip
    if any(name in log.columns for name in _WEIGHTS):
        plots.append(
            Plot("learning_weights", weights_figure(log), "How the weight moves from data to "
                 "physics, and which share of the batches held simulated labels.")
        )  # fmt: skip
    blocks: list[Block] = [Text(_in_words(inputs, log)), Facts(_facts(log)), Plots(plots)]
    card = inputs.workspace.bundle(inputs.run) / "card.md"
    if card.is_file():
        blocks.append(Code(card.read_text(encoding="utf-8").strip(), folded="The model's card"))
    return Section(key, title, menu, blocks)


def read_training_log(inputs: ReportInputs) -> pl.DataFrame | None:
    """The log of the run, a row an epoch and network; None where there is none.

    Raises
    ------
    RequestError
        The log lacks a column.
    """
    import polars as pl

    path = inputs.workspace.learning(inputs.run) / "log.csv"
    if not path.exists():
        return None
    log = pl.read_csv(check(path), infer_schema_length=None)
    lacking = [name for name in _NEEDED if name not in log.columns]
    if lacking:
        raise RequestError(f"{path} is no training log: it lacks {', '.join(lacking)}.")
    if "member" not in log.columns:
        log = log.with_columns(pl.lit(0).alias("member"))
    if {"simulated_batches", "station_batches"} <= set(log.columns):
        both = pl.col("simulated_batches") + pl.col("station_batches")
        log = log.with_columns((pl.col("simulated_batches") / both).alias("simulated_share"))
    return log.sort("member", "epoch")


def _in_words(inputs: ReportInputs, log: pl.DataFrame) -> str:
    settings = inputs.campaign.learning
    members = log["member"].n_unique()
    chosen = ""
    if "validation_source" in log.columns:
        named = {"simulated": "simulated labels", "station": "station values"}
        source = str(log["validation_source"][0])
        chosen = f" The epoch that was kept is the best on held-out {named.get(source, source)}."
    return (
        f"{plural(members, 'network')} of type {settings.model}, {settings.output} output, "
        f"{settings.head} head; batches of {settings.batch_size} tiles, "
        f"{settings.optimiser} with a {settings.lr_schedule} step size from "
        f"{settings.learning_rate:g}, physics loss {settings.physics}, data weight "
        f"{settings.alpha_schedule} from {settings.alpha_start:g}.{chosen}"
    )


def _facts(log: pl.DataFrame) -> list[tuple[str, str]]:
    best = log.sort("validation_rmse", nulls_last=True).row(0, named=True)
    facts = [
        (str(log["epoch"].n_unique()), "epochs"),
        (f"{best['validation_rmse']:.4f}", "best validation RMSE [m³ m⁻³]"),
        (str(best["epoch"]), "epoch kept (the first is 0)"),
    ]
    if "train_s" in log.columns:
        facts.append((in_hours(float(log["train_s"].sum())), "training time"))
    if "samples_per_s" in log.columns:
        facts.append((number(float(log["samples_per_s"].median() or np.nan)), "tiles a second"))  # type: ignore[arg-type]
    return facts


def _lines(axes: Axes, log: pl.DataFrame, column: str, colour: str, label: str) -> None:
    """The first network as a line with its name, the others thin."""
    import polars as pl

    axes.locator_params(axis="x", integer=True)
    dots = "o" if log["epoch"].n_unique() == 1 else None  # one point makes no line
    for i, member in enumerate(log["member"].unique().sort()):
        own = log.filter(pl.col("member") == member)
        axes.plot(own["epoch"], own[column], color=colour, linewidth=1.5 if i == 0 else 0.7,
                  alpha=1.0 if i == 0 else 0.6, label=label if i == 0 else None,
                  marker=dots, markersize=4)  # fmt: skip


@styled
def loss_figure(log: pl.DataFrame) -> Figure:
    """Loss and its terms by epoch."""
    figure = new_figure(4.6, 3.1)
    axes = figure.subplots()
    colours = (INK, *LINE_COLOURS)
    shown = [name for name in _TERMS if name in log.columns and _positive(log[name])]
    for name, colour in zip(shown, colours, strict=False):
        _lines(axes, log, name, colour, _TERMS[name])
    if shown and log["epoch"].n_unique() > 1:
        axes.set_yscale("log")
    axes.set(xlabel="epoch", ylabel="loss [-]")
    axes.legend()
    return figure


def _positive(values: pl.Series) -> bool:
    finite = values.drop_nulls().drop_nans()
    return bool(len(finite) and (finite > 0).any())


@styled
def validation_figure(log: pl.DataFrame) -> Figure:
    """Validation figures by epoch, the best epoch marked."""
    figure = new_figure(4.6, 3.1)
    axes = figure.subplots()
    names = [c for c in ("validation_rmse", "validation_mae", "validation_ubrmse")
             if c in log.columns]  # fmt: skip
    for name, colour in zip(names, LINE_COLOURS, strict=False):
        label = {"rmse": "RMSE", "mae": "MAE", "ubrmse": "ubRMSE"}[name.removeprefix("validation_")]
        _lines(axes, log, name, colour, label)
    best = log.sort("validation_rmse", nulls_last=True).row(0, named=True)
    axes.plot(best["epoch"], best["validation_rmse"], "o", color=LINE_COLOURS[0], markersize=7)
    axes.set(xlabel="epoch", ylabel="validation error [m³ m⁻³]", ylim=(0, None))
    axes.legend()
    return figure


@styled
def weights_figure(log: pl.DataFrame) -> Figure:
    """Weight of the data and share of simulated batches by epoch."""
    figure = new_figure(9.4, 2.2)
    axes = figure.subplots()
    for (name, label), colour in zip(_WEIGHTS.items(), (LINE_COLOURS[0], SOFT), strict=True):
        if name in log.columns:
            _lines(axes, log, name, colour, label)
    axes.set(xlabel="epoch", ylabel="share [-]", ylim=(-0.03, 1.03))
    axes.legend()
    return figure
