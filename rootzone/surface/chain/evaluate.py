"""Skill of every model under every split, and the card that says what it means."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import polars as pl

from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json, sealed_json
from rootzone._shared.seeds import stream
from rootzone._shared.skill import median_interval, skill_of
from rootzone._shared.table_files import read_table
from rootzone.surface.chain.hold_out import PREDICTED, best_split
from rootzone.surface.chain.open_surface import OpenSurface

MODELS: Final = ("sca_v", "differentiable", "lightgbm")
_POOLED: Final = ("r", "rmse", "ubrmse", "bias", "r2")


def evaluate(opened: OpenSurface) -> dict[str, Any]:
    """Figures by split and model, pooled over seeds, and medians over stations with intervals.

    Raises
    ------
    RequestError
        Nothing has been trained yet.
    """
    if not opened.predictions.is_file():
        raise RequestError(f"{opened.predictions} is missing; run rootzone surface train first.")
    frame = read_table(opened.predictions, PREDICTED)
    table = {
        split: {model: figures(part, model) for model in MODELS}
        for (split,), part in frame.group_by("split", maintain_order=True)
    }
    half = half_width(frame.filter(pl.col("split") == best_split(list(table))), opened)
    found = {"skill": table, "half_width": half, "interval_pct": opened.section.interval_pct}
    write_text(opened.skill, sealed_json(found))
    write_text(opened.folder / "card.md", card(table, opened))
    return found


def figures(frame: pl.DataFrame, model: str) -> dict[str, float]:
    """Pooled figures, and the median over stations of R and ubRMSE with its 95 % interval."""
    told, seen = frame[model].to_numpy(), frame["observed"].to_numpy()
    pooled = skill_of(told, seen)
    station = frame["station"].to_numpy()
    each = [skill_of(told[station == s], seen[station == s], 10) for s in np.unique(station)]
    out = {"n": float(pooled.n), **{name: getattr(pooled, name) for name in _POOLED}}
    rng = stream(0)
    for name in ("r", "ubrmse"):
        middle, low, high = median_interval([getattr(s, name) for s in each], rng)
        out |= {f"station_{name}": middle, f"station_{name}_low": low, f"station_{name}_high": high}
    return out


def half_width(frame: pl.DataFrame, opened: OpenSurface) -> float:
    """Half of the width of the interval: the quantile of absolute errors at held-out samples."""
    model = "sca_v" if opened.section.system == "sca_v" else "differentiable"
    off = (frame[model] - frame["observed"]).abs().drop_nans().drop_nulls().to_numpy()
    return float(np.quantile(off, opened.section.interval_pct / 100.0)) if off.size else np.nan


def table_text(table: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """The figures as lines of text, all splits side by side; the better of two is plain to see."""
    lines = [
        f"{'held out':15}{'model':16}{'n':>7}{'R':>7}{'RMSE':>8}{'ubRMSE':>8}{'bias':>9}"
        f"{'R2':>7}   median of stations: R, ubRMSE (95 %)"
    ]
    for split, models in table.items():
        for model, f in models.items():
            ends = f"{f['station_ubrmse_low']:.4f} to {f['station_ubrmse_high']:.4f}"
            lines.append(
                f"{split:15}{model:16}{f['n']:7.0f}{f['r']:7.3f}{f['rmse']:8.4f}{f['ubrmse']:8.4f}"
                f"{f['bias']:+9.4f}{f['r2']:7.3f}   {f['station_r']:.3f}, "
                f"{f['station_ubrmse']:.4f} ({ends})"
            )
    return "\n".join(lines)


def card(table: Mapping[str, Mapping[str, Mapping[str, float]]], opened: OpenSurface) -> str:
    """What the maps are, for whom, and how good: a page of Markdown."""
    chosen, grid = opened.section, opened.scene.grid
    return f"""# Surface moisture, 0-50 mm, {grid.height} x {grid.width} km

SMAP brightness by `{chosen.system}`, on EASE-Grid 2.0 of 1 km. Brightness is that of cells of 9 or
36 km, so what differs inside a cell comes from soils and vegetation, not from the radiometer.

```text
{table_text(table)}
```

A random split lets a model see the same station on other days; only `stations` tells what it does
at a place without one, and `region` what it does in a region without any. Frozen ground and open
water get no value; dense vegetation is flagged.
The interval of the maps is the {chosen.interval_pct:g} % quantile of errors at samples held out.
"""


def read_half_width(path: Path) -> float:
    """Half width of the interval from the skill file; NaN where there is none yet."""
    if not path.is_file():
        return float("nan")
    return float(read_skill(path)["half_width"])


def read_skill(path: Path) -> dict[str, Any]:
    """Figures of all splits and models, found whole.

    Raises
    ------
    Damaged
        The file is not what was written.
    """
    return read_sealed_json(path, "rootzone surface evaluate makes it again.")
