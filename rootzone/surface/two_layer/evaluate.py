"""Skill of both layers, before and after, and the product held against simulated water."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json, sealed_json
from rootzone._shared.table_files import read_table
from rootzone.surface.chain.evaluate import figures
from rootzone.surface.chain.evaluate import table_text as lines_of
from rootzone.surface.chain.hold_out import map_split
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.two_layer.open_layers import OpenLayers
from rootzone.surface.two_layer.run_training import MODELS, PREDICTED
from rootzone.surface.two_layer.trained import Trained

MADE = {"both": "both", "network": "network", "trees": "trees", "none": "downscaled"}
"""Which model's values the maps show, by the campaign's corrector."""
LAYER_NAMES = {"surface": "0-10 cm", "root_zone": "0-100 cm"}


def evaluate(opened: OpenSurface) -> dict[str, Any]:
    """Figures by layer, split and model, pooled over seeds, with medians over stations.

    Raises
    ------
    RequestError
        Nothing has been trained yet.
    """
    trained = Trained(OpenLayers(opened))
    if not trained.predictions.is_file():
        raise RequestError(f"{trained.predictions} is missing; run rootzone surface train first.")
    frame = read_table(trained.predictions, PREDICTED)
    table: dict[str, Any] = {}
    half: dict[str, float] = {}
    made = MADE[opened.section.two_layer.corrector]
    for (layer,), of_layer in frame.group_by("layer", maintain_order=True):
        table[str(layer)] = {
            split: {m: figures(part, m) for m in MODELS if part[m].is_not_nan().any()}
            for (split,), part in of_layer.group_by("split", maintain_order=True)
        }
        part = of_layer.filter(pl.col("split") == map_split(opened))
        off = (part[made] - part["observed"]).abs().drop_nans().to_numpy()
        half[str(layer)] = float(np.quantile(off, opened.section.interval_pct / 100.0))
    found = {
        "skill": table, "half_width": half, "interval_pct": opened.section.interval_pct,
        "made_by": made,
    }  # fmt: skip
    write_text(trained.skill, sealed_json(found))
    write_text(trained.folder / "card.md", card(found, opened))
    return found


def table_text(table: dict[str, Any]) -> str:
    """Both layers as lines of text."""
    return "\n\n".join(f"{LAYER_NAMES[layer]}\n{lines_of(of)}" for layer, of in table.items())


def card(found: dict[str, Any], opened: OpenSurface) -> str:
    """What the maps are and how good: a page of Markdown."""
    two = opened.section.two_layer
    return f"""# Soil moisture of two layers, 0-10 cm and 0-100 cm, 1 km

`{two.product}` brought to 1 km by trees and corrected by stations ({found["made_by"]}).

```text
{table_text(found["skill"])}
```

A random split lets a model see the same station on other days; only `stations` tells what it does
at a place without one. The interval of the maps is the {found["interval_pct"]:g} % quantile of
errors at samples held out.
"""


def read_skill(trained: Trained) -> dict[str, Any]:
    """Figures of all layers, splits and models, found whole."""
    return read_sealed_json(trained.skill, "rootzone surface evaluate makes it again.")
