"""Skill of network and trees under every split, what each sensor is worth, and the card."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json, sealed_json
from rootzone._shared.skill import skill_of
from rootzone._shared.table_files import read_table
from rootzone.surface.chain.evaluate import figures
from rootzone.surface.chain.evaluate import table_text as lines_of
from rootzone.surface.chain.hold_out import map_split
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.multimodal.open_chips import OpenChips
from rootzone.surface.multimodal.run_training import MODELS, PREDICTED
from rootzone.surface.multimodal.trained import Trained

_ALL = "all sensors"


def evaluate(opened: OpenSurface) -> dict[str, Any]:
    """Figures by split and model, the cost of every missing sensor, and the maps' interval.

    Raises
    ------
    RequestError
        Nothing has been trained yet.
    """
    from rootzone.networks.calibration import calibrate

    trained = Trained(OpenChips(opened))
    if not trained.predictions.is_file():
        raise RequestError(f"{trained.predictions} is missing; run rootzone surface train first.")
    frame = read_table(trained.predictions, PREDICTED)
    whole = frame.filter(pl.col("without") == "")
    table = {
        split: {m: figures(part, m) for m in MODELS if part[m].is_not_nan().any()}
        for (split,), part in whole.group_by("split", maintain_order=True)
    }
    best = whole.filter(pl.col("split") == map_split(opened))
    coverage = opened.section.interval_pct / 100.0
    observed, told = best["observed"].to_numpy(), best["convnext"].to_numpy()
    spread = best["convnext_spread"].to_numpy()
    try:
        place = best["station"].to_numpy() if map_split(opened) == "stations" else None
        factor = calibrate(observed, told, spread, coverage=coverage, place=place).factor
        calibrated = True
    except RequestError:  # too few places for a promise: the plain quantile, and it is said
        factor = float(np.nanquantile(np.abs(told - observed) / spread, coverage))
        calibrated = False
    half = factor * spread
    found = {
        "skill": table, "missing": missing(frame), "spreads": factor,
        "half_width": float(np.nanmean(half)), "calibrated": calibrated,
        "interval_pct": opened.section.interval_pct,
        "inside": float(np.mean(np.abs(told - observed) <= half)),
    }  # fmt: skip
    write_text(trained.skill, sealed_json(found))
    write_text(trained.folder / "card.md", card(found, trained))
    return found


def missing(frame: pl.DataFrame) -> dict[str, dict[str, dict[str, float]]]:
    """R2 and RMSE of network and trees by split and by the sensor that was taken away."""
    out: dict[str, dict[str, dict[str, float]]] = {}
    for (split, without), part in frame.group_by(["split", "without"], maintain_order=True):
        row = out.setdefault(str(split), {}).setdefault(str(without) or _ALL, {})
        for model in ("convnext", "lightgbm"):
            told = skill_of(part[model].to_numpy(), part["observed"].to_numpy(), least_pairs=2)
            row |= {f"{model}_r2": told.r2, f"{model}_rmse": told.rmse}
    return out


def table_text(table: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """All splits as lines of text, and which of network and trees wins where."""
    said = []
    for split, models in table.items():
        if {"convnext", "lightgbm"} <= set(models):
            net, trees = models["convnext"]["rmse"], models["lightgbm"]["rmse"]
            if not (np.isfinite(net) and np.isfinite(trees)):
                continue
            said.append(
                f"{split}: {'the network' if net < trees else 'LightGBM'} wins, RMSE {net:.4f} "
                f"against {trees:.4f} m3 m-3"
            )
    return "\n".join([lines_of(table), "", *said])


def missing_text(table: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """What every sensor is worth, as lines of text."""
    lines = [f"{'held out':15}{'without':14}{'R2':>8}{'RMSE':>9}{'R2 trees':>10}{'RMSE':>9}"]
    lines += [
        f"{split:15}{without:14}{f['convnext_r2']:8.3f}{f['convnext_rmse']:9.4f}"
        f"{f['lightgbm_r2']:10.3f}{f['lightgbm_rmse']:9.4f}"
        for split, rows in table.items()
        for without, f in rows.items()
    ]
    return "\n".join(lines)


def card(found: Mapping[str, Any], trained: Trained) -> str:
    """What the maps are, for whom, and how good: a page of Markdown."""
    chips, chosen, grid = trained.chips, trained.chips.chosen, trained.chips.grid
    stages = [
        f"painting hidden patches ({chosen.pretrain_epochs} epochs)"
        if chosen.pretrain_epochs else "",
        f"`{chosen.product}` brought to pixels by their soil" if chosen.product else "",
        "stations at their pixels",
    ]  # fmt: skip
    promise = (
        "split conformal, a station a vote"
        if found["calibrated"]
        else ("the plain quantile: too few stations for a promise at new places")
    )
    size = f"{grid.height} x {grid.width} pixels of {grid.resolution_m:g} m"
    inside = f"{100 * found['inside']:.0f} % of held-out values lie in it"
    return f"""# Surface moisture, 0-50 mm, {size}

ConvNeXt V2 `{chosen.variant}` on {", ".join(chips.inputs.sensors)}\
{", weather, time and place" if chips.inputs.scalars else ""}. Learned from, one after another:
{"; ".join(one for one in stages if one)}.

```text
{table_text(found["skill"])}
```

What a missing sensor costs:

```text
{missing_text(found["missing"])}
```

A random split lets a model see the same station on other days; only `stations` tells what it does
at a place without one. The interval of the maps ({found["interval_pct"]:g} %) is
{found["spreads"]:.2f} times the network's own spread at each pixel ({promise}),
+- {found["half_width"]:.4f} m3 m-3 on average at held-out stations; {inside}.
Response norms look at a whole window, so a value depends on its window: windows of
{chosen.window_px} px, half a window apart, blended by Hann weights.
"""


def read_skill(trained: Trained) -> dict[str, Any]:
    """Figures of all splits and models, found whole."""
    return read_sealed_json(trained.skill, "rootzone surface evaluate makes it again.")
