"""Fitted models of a choice as graphs, with their errors at stations left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.errors import RequestError
from rootzone.surface.select.candidates import Fitted
from rootzone.surface.select.choose import Selected
from rootzone.surface.select.chosen_graph import ChosenModels
from rootzone.surface.select.environments import ALL
from rootzone.surface.select.graph import Node, to_json

_LEAST = 30  # samples of an environment for an error of its own


def models_of(
    found: Selected, fitted: Mapping[str, Fitted], bands: Mapping[str, Node], interval_pct: float
) -> ChosenModels:
    """The models that have a part in some environment, as graphs.

    Parameters
    ----------
    found : Selected
        The choice.
    fitted : mapping
        Every candidate fitted on all samples.
    bands : mapping of str to Node
        Bands of `chosen_graph.SCENE`, and what is made of them.
    interval_pct : float
        Central interval of the errors [%].

    Raises
    ------
    RequestError
        One that was chosen has no graph.
    """
    used = {m for share in found.weights.values() for m, w in share.items() if w > 0.0}
    graphs: dict[str, Any] = {}
    for name, model in fitted.items():
        if name not in used:
            continue
        graph = model.graph(bands)
        if graph is None:
            raise RequestError(f"{name} was chosen and has no graph; take it out of candidates.")
        graphs[name] = to_json(graph.rename("theta"))
    return ChosenModels(graphs, found.weights, *errors_of(found, interval_pct))


def errors_of(found: Selected, interval_pct: float) -> tuple[dict[str, dict[str, float]], float]:
    """Errors at stations left out by environment and model, and the interval's factor.

    Parameters
    ----------
    found : Selected
        The choice.
    interval_pct : float
        Central interval [%] whose half width is the factor times the error.
    """
    frame = found.predicted
    spread: dict[str, dict[str, float]] = {}
    for environment, share in found.weights.items():
        own = frame.filter(pl.col("environment") == environment)
        part = own if own.height >= _LEAST else frame
        spread[environment] = {
            name: float(np.sqrt(((part[name] - part["observed"]) ** 2).drop_nans().mean()))  # type: ignore[arg-type]
            for name in share
        }
    usual = np.array([
        spread.get(e, spread[ALL]).get(m, np.nan)
        for e, m in frame.select("environment", "model").iter_rows()
    ])  # fmt: skip
    off = np.abs((frame["chosen"] - frame["observed"]).to_numpy()) / usual
    off = off[np.isfinite(off)]
    return spread, float(np.quantile(off, interval_pct / 100.0)) if off.size else float("nan")
