"""Why a pixel has the value that it has: its environment, the choice there, and what others say."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np

from rootzone._shared.table_files import read_table
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chain.run_maps import looks_to_map
from rootzone.surface.chosen.engines import scene_image
from rootzone.surface.chosen.open_choice import OpenChoice
from rootzone.surface.chosen.run_maps import of_pixel
from rootzone.surface.select.chosen_graph import SCENE
from rootzone.surface.select.interpret import interpret
from rootzone.surface.select.run_select import SELECTION


def why_pixel(opened: OpenSurface, row: int, col: int, day: dt.date | None) -> dict[str, Any]:
    """Facts of a pixel of the maps on a day, the first of the campaign's where none is given.

    Raises
    ------
    RequestError
        The pixel lies outside, the day was not seen, or nothing is trained.
    """
    choice, scale = OpenChoice(opened), opened.section.select.map_scale_km
    when = day or next(iter(looks_to_map(opened)))
    facts = of_pixel(choice, row, col, when)
    classes = choice.classes(scale)
    models = choice.models
    name = facts["environment"]
    chosen = read_table(choice.choices, SELECTION).rows_by_key("environment", named=True)
    look = looks_to_map(opened, (when,))[when]
    here = {n: np.asarray(v[row, col]) for n, v in scene_image(choice, look, scale).items()}
    values = {
        model: float(next(iter(interpret(graph, {SCENE: here}).values())))
        for model, graph in models.graphs.items()
    }
    own = chosen.get(name, [])
    return {
        **facts,
        "classes": {n: str(v[row, col]) for n, v in classes.items()},
        "reason": own[0]["reason"] if own else "no environment of its own: the global winner",
        "n_station": own[0]["n_station"] if own else 0,
        "weights": dict(models.weights[name]) if name is not None else {},
        "models": values,
        "error_at_stations": dict(models.spread[name]) if name is not None else {},
        "bands": {n: float(v) for n, v in here.items()},
    }


def why_text(facts: dict[str, Any]) -> str:
    """The facts as lines."""
    classes = ", ".join(f"{n} {v or 'not known'}" for n, v in facts["classes"].items())
    lines = [
        f"row {facts['row']}, column {facts['col']}, {facts['date']}",
        f"moisture      {facts['theta']:.4f} m3 m-3",
        f"half interval {facts['half_width']:.4f} m3 m-3",
        f"classes       {classes}",
        f"environment   {facts['environment']} ({facts['n_station']} stations)",
        f"model         {facts['model']}: {facts['reason']}",
        "",
        f"{'model':18}{'says':>8}{'share':>8}{'error at stations left out':>28}",
    ]
    lines += [
        f"{model:18}{value:8.4f}{facts['weights'].get(model, 0.0):8.2f}"
        f"{facts['error_at_stations'].get(model, float('nan')):28.4f}"
        for model, value in facts["models"].items()
    ]
    lines += ["", *(f"{name:26}{value:12.4f}" for name, value in facts["bands"].items())]
    return "\n".join(lines)
