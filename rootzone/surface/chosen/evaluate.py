"""Skill of the choice and of every candidate, all splits side by side."""

from __future__ import annotations

from typing import Any

import polars as pl

from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import sealed_json
from rootzone._shared.table_files import read_table
from rootzone.surface.chain.evaluate import figures, table_text
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chosen.open_choice import OpenChoice
from rootzone.surface.chosen.run_training import PREDICTED
from rootzone.surface.select.run_select import SELECTION

__all__ = ["card", "evaluate", "table_text"]


def evaluate(opened: OpenSurface) -> dict[str, Any]:
    """Figures by split and model, pooled, and medians over stations with intervals.

    Raises
    ------
    RequestError
        Nothing has been trained yet.
    """
    choice = OpenChoice(opened)
    if not choice.predictions.is_file():
        raise RequestError(f"{choice.predictions} is missing; run rootzone surface train first.")
    frame = read_table(choice.predictions, PREDICTED)
    table: dict[str, dict[str, dict[str, float]]] = {}
    for (split, model), part in frame.group_by("split", "model", maintain_order=True):
        named = part.rename({"theta": str(model)})
        table.setdefault(str(split), {})[str(model)] = figures(named, str(model))
    chosen = read_table(choice.choices, SELECTION)
    found = {"skill": table, "choices": chosen.to_dicts()}
    write_text(opened.skill, sealed_json(found))
    write_text(opened.folder / "card.md", card(table, chosen, opened))
    return found


def card(
    table: dict[str, dict[str, dict[str, float]]], chosen: pl.DataFrame, opened: OpenSurface
) -> str:
    """What the maps are, for whom, and how good: a page of Markdown."""
    grid = opened.scene.grid
    lines = "\n".join(
        f"- {row['environment']}: {row['model']} ({row['n_station']} stations; {row['reason']})"
        for row in chosen.iter_rows(named=True)
    )
    return f"""# Surface moisture, 0-50 mm, {grid.height} x {grid.width} km

A model for each environment, chosen at stations left out of its fit and reported at stations left
out of the choice too:

{lines}

```text
{table_text(table)}
```

A random split lets a model see the same station on other days; only `stations` tells what it does
at a place without one, and `region` what it does in a region without any.
"""
