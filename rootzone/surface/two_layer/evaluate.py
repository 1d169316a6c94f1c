"""Skill of both layers, before and after, and the product held against simulated water."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone._shared.atomic import write_text
from rootzone._shared.day_in_name import day_in_name
from rootzone._shared.errors import RequestError
from rootzone._shared.seal import read_sealed_json, sealed_json
from rootzone._shared.skill import Skill, skill_of
from rootzone._shared.table_files import read_table
from rootzone.surface.chain.evaluate import figures
from rootzone.surface.chain.evaluate import table_text as lines_of
from rootzone.surface.chain.open_surface import OpenSurface
from rootzone.surface.chain.run_training import map_split
from rootzone.surface.two_layer.open_layers import LAYERS_MM, OpenLayers, read_on
from rootzone.surface.two_layer.run_training import MODELS, PREDICTED, Trained

MADE = {"network": "network", "trees": "trees", "none": "downscaled"}
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


def against_simulated(opened: OpenSurface) -> dict[str, Any]:
    """The mapped root zone against simulated water of 0-100 cm, on the same pixels and days.

    Returns
    -------
    dict
        Days and pixels compared; correlation, bias and RMSE of the water content [m3 m-3]; means
        and bias of the store of 1 m [mm]; correlation of each pixel's own course, its median.

    Raises
    ------
    RequestError
        The campaign names no simulated files, or no mapped day is among them.
    """
    from rootzone.surface.two_layer.run_maps import mapped_layer

    pattern = opened.section.two_layer.simulated
    if pattern is None:
        raise RequestError("surface.two_layer.simulated names no files to compare with.")
    trained = Trained(OpenLayers(opened))
    simulated = {day_in_name(path.name): path for path in opened.found(pattern)}
    mapped = mapped_layer(trained, "root_zone")
    days = sorted(set(simulated) & set(mapped))
    if not days:
        raise RequestError(
            f"No day is both mapped ({len(mapped)}) and simulated ({len(simulated)}, {pattern})."
        )
    ours = np.stack([read_on(simulated[day], trained.layers.grid) for day in days])
    product = np.stack([mapped[day]() for day in days])
    return {"days": len(days), **compared(product, ours)}


def compared(product: FloatArray, simulated: FloatArray) -> dict[str, float]:
    """A product's root zone against simulated water, shape (day, row, col).

    Examples
    --------
    A product 0.02 m3 m-3 wetter everywhere holds 20 mm more in the upper metre.

    >>> ours = np.linspace(0.1, 0.3, 12).reshape(3, 2, 2)
    >>> round(compared(ours + 0.02, ours)["store_bias_mm"], 6)
    20.0
    """
    top, bottom = LAYERS_MM["root_zone"]
    both = np.isfinite(product) & np.isfinite(simulated)
    a, b = np.where(both, product, np.nan), np.where(both, simulated, np.nan)
    whole: Skill = skill_of(a.ravel(), b.ravel())
    flat = a.reshape(len(a), -1), b.reshape(len(b), -1)
    seen = [p for p in range(flat[0].shape[1]) if np.isfinite(flat[0][:, p]).sum() >= 3]
    each = [skill_of(flat[0][:, p], flat[1][:, p]).r for p in seen]
    thick = bottom - top
    return {
        "pixels": float(both.any(axis=0).sum()),
        "r": whole.r, "bias": whole.bias, "rmse": whole.rmse, "ubrmse": whole.ubrmse,
        "store_product_mm": float(np.nanmean(a)) * thick,
        "store_simulated_mm": float(np.nanmean(b)) * thick,
        "store_bias_mm": whole.bias * thick,
        "pixel_r_median": float(np.nanmedian(each)) if each else float("nan"),
    }  # fmt: skip
