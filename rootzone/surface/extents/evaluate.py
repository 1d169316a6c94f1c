"""Skill at stations left out and against the target, and the card that says what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import sealed_json
from rootzone._shared.table_files import read_table
from rootzone.surface.chain.evaluate import figures
from rootzone.surface.chain.evaluate import table_text as skill_text
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.extents.open_extents import OpenExtents
from rootzone.surface.extents.write_scores import PREDICTED, TARGETS

MODELS: Final = ("smap", "target", "deepsoil")
_FIGURES: Final = ("mae", "psnr", "ssim")


def evaluate(opened: OpenSurface) -> dict[str, Any]:
    """Figures at stations by model, as MAE with its spread too, and against the target.

    Raises
    ------
    RequestError
        Nothing has been trained yet.
    """
    if not opened.predictions.is_file():
        raise RequestError(f"{opened.predictions} is missing; run rootzone surface train first.")
    land = OpenExtents(opened)
    frame = read_table(opened.predictions, PREDICTED)
    targets = read_table(land.folder / "targets.parquet", TARGETS)
    # Without a coarse product there is none to compare with.
    known = [model for model in MODELS if frame[model].is_finite().any() or model == MODELS[-1]]
    skill = {"stations": {model: figures_of(frame, model) for model in known}}
    off = (frame["deepsoil"] - frame["observed"]).abs().drop_nans().to_numpy()
    half = float(np.quantile(off, opened.section.interval_pct / 100.0)) if off.size else np.nan
    found = {
        "skill": skill, "half_width": half, "interval_pct": opened.section.interval_pct,
        "target": {name: _mean(targets, name) for name in _FIGURES},
        "like_training": float(frame["like_training"].to_numpy().mean()),
    }  # fmt: skip
    write_text(opened.skill, sealed_json(found))
    write_text(opened.folder / "card.md", card(found, land))
    return found


def figures_of(frame: pl.DataFrame, model: str) -> dict[str, float]:
    """Pooled figures with MAE and its standard deviation, and medians over stations."""
    whole = frame.filter(pl.col(model).is_finite())
    if not whole.height:
        raise RequestError(f"{model} has no value at any station left out.")
    off = (whole[model] - whole["observed"]).abs().to_numpy()
    return {**figures(whole, model), "mae": float(off.mean()), "mae_sd": float(off.std())}


def _mean(frame: pl.DataFrame, name: str) -> float:
    values = frame[name].to_numpy()
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else float("nan")


def table_text(skill: Mapping[str, Mapping[str, Mapping[str, float]]]) -> str:
    """The figures as lines of text, with MAE and its spread below."""
    lines = [skill_text(skill)]
    for split, models in skill.items():
        lines += [
            f"{split}: MAE of {model} {f['mae']:.4f} +- {f['mae_sd']:.4f} m3 m-3"
            for model, f in models.items()
        ]
    return "\n".join(lines)


def card(found: Mapping[str, Any], land: OpenExtents) -> str:
    """What the maps are, for whom, and how good: a page of Markdown."""
    chosen, target = land.section, found["target"]
    return f"""# Surface moisture, 0-50 mm, pixels of {land.grid.resolution_m:g} m

DeepSoil's surface network on 27 channels (widths {", ".join(map(str, chosen.widths))}), loss
`{chosen.loss}`, clusters `{chosen.clusters}`.

```text
{table_text(found["skill"])}
against the target, at extents left out: MAE {target["mae"]:.4f} m3 m-3, PSNR {target["psnr"]:.2f} \
dB, SSIM {target["ssim"]:.4f}
```

Every figure is of stations that no network was trained on. The target is a model, not the truth:
to be near it is to be as good as it. {100.0 * found["like_training"]:.0f} % of the station days lie
in places like those trained on. Open water {
        "has a value and a flag" if chosen.fill_water else "gets no value"
    }.
"""
