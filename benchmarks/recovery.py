"""Recovery of a field from 0.17 % of its pixels, and what the physics loss adds, on a made-up land.

Three parts. `field`: a network and LightGBM learn from the labelled pixels and are scored at pixels
without a label on dates neither has seen, with the network's learning curve. `physics`: labels on
medium soils only; predictions outside theta_r to theta_s are counted with and without the physics
loss. `blocked`: as `field`, with blocks of 15 days held out in place of single dates.
"""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import asdict, replace
from pathlib import Path

import torch
from _figures import Figures, parser
from worlds.held_out_soils import compare_losses, contrasting_world
from worlds.landscape import WorldSettings
from worlds.recovery import (
    RecoverySettings,
    Scores,
    prepare,
    train_boosted,
    train_network,
)

from rootzone._shared.figure_style import LINE_COLOURS, SOFT, figure_bytes, new_figure, styled
from rootzone.campaign.learning_section import Learning

LOSSES = {
    "MSE alone": Learning(physics="none"),
    "with physics": Learning(psi_space="log", lambda_bound=10.0),
}


def add_scores(figures: Figures, who: str, scores: Scores, *, targets: bool = False) -> None:
    figures.add(f"{who}: R2", scores.r2, "-", "> 0.88" if targets else "")
    figures.add(f"{who}: MAE", scores.mae, "m3 m-3", "< 0.012" if targets else "")
    figures.add(f"{who}: RMSE", scores.rmse, "m3 m-3")
    figures.add(f"{who}: bias", scores.bias, "m3 m-3")


def field(settings: RecoverySettings, figures: Figures, plot: Path | None) -> None:
    setup = prepare(settings)
    figures.add("labelled pixels", setup.labels.row.size, "pixels")
    with tempfile.TemporaryDirectory() as name:
        run = train_network(setup, settings, Path(name))
    print(json.dumps(asdict(run.scores)), file=sys.stderr, flush=True)
    figures.add("network: parameters", run.n_parameters, "-")
    figures.add("network: training", run.seconds, "s")
    add_scores(figures, "network", run.scores, targets=True)
    for point in run.curve:
        figures.add(f"network after {point['step']} steps: R2", point["r2"], "-")
        figures.add(f"network after {point['step']} steps: MAE", point["mae"], "m3 m-3")
    boosted = train_boosted(setup)
    add_scores(figures, "LightGBM", boosted.scores)
    figures.add("LightGBM: trees", boosted.trees, "-")
    if plot is not None:
        plot.write_bytes(drawn(run.curve, boosted.scores))


@styled
def drawn(curve: list[dict[str, float]], boosted: Scores) -> bytes:
    """Error at hidden pixels against steps, beside LightGBM and the paper's figure."""
    figure = new_figure(5.2, 3.0)
    axes = figure.subplots()
    steps = [point["step"] for point in curve]
    axes.plot(steps, [point["mae"] for point in curve], marker="o", markersize=3, label="network")
    axes.axhline(boosted.mae, color=LINE_COLOURS[1], label="LightGBM, same features")
    axes.axhline(0.012, color=SOFT, linestyle=":", label="the paper, on its own truth")
    axes.set(xlabel="steps of 8 tiles", ylabel="MAE at unlabelled pixels [m³ m⁻³]", ylim=(0, None))
    axes.legend()
    return figure_bytes(figure, "svg")


def physics(settings: RecoverySettings, figures: Figures, seed: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        found = compare_losses(settings, LOSSES, Path(name), seed)
    for loss, groups in found.items():
        for group, counted in groups.items():
            figures.add(f"{loss}, {group}: outside", 1e2 * counted.share, "%")
            figures.add(f"{loss}, {group}: farthest outside", counted.worst, "m3 m-3")
            figures.add(f"{loss}, {group}: MAE", counted.scores.mae, "m3 m-3")
    for group in found["MSE alone"]:
        without = found["MSE alone"][group].share
        for loss in list(LOSSES)[1:]:
            within = found[loss][group].share
            ratio = without / within if within > 0 else float("inf")
            figures.add(f"{loss}, {group}: outside falls by the factor", ratio, "-", ">= 10")


def main() -> None:
    base = RecoverySettings()
    parsed = parser(__doc__)
    parsed.add_argument("part", choices=["field", "blocked", "physics"], nargs="?", default="field")
    parsed.add_argument("--map-error", type=float, default=0.0, help="error of mapped texture [-]")
    parsed.add_argument("--tiles", type=int, default=12)
    parsed.add_argument("--steps", type=int, default=base.steps)
    parsed.add_argument("--widths", type=int, nargs="+", default=list(base.widths))
    parsed.add_argument("--seed", type=int, default=7)
    parsed.add_argument("--mse-alone", action="store_true", help="field, blocked: no physics loss")
    parsed.add_argument("--training-seed", type=int, default=3)
    parsed.add_argument("--plot", type=Path, help="learning curve as SVG")
    parsed.add_argument("--threads", type=int, default=1)
    arguments = parsed.parse_args()
    torch.set_num_threads(arguments.threads)
    world = WorldSettings(arguments.seed, arguments.tiles, map_error=arguments.map_error)
    settings = replace(base, world=world, steps=arguments.steps, widths=tuple(arguments.widths))
    if arguments.mse_alone:
        settings = replace(settings, loss=LOSSES["MSE alone"])
    figures = Figures()
    if arguments.part == "physics":
        physics(
            replace(settings, world=contrasting_world(arguments.seed, arguments.tiles)), figures
        )
    elif arguments.part == "blocked":
        field(replace(settings, split="blocked_dates"), figures, arguments.plot)
    else:
        field(settings, figures, arguments.plot)
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
