"""The differentiable retrieval as trees and a graph."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.surface.chosen.differentiable import (
    NEEDS,
    Differentiable,
    channels_of_bands,
    distilled,
)
from rootzone.surface.emission_model.predict import retrieve_pixels
from rootzone.surface.emission_model.train import new_network
from rootzone.surface.physics.retrieve import porosity_from_bulk_density
from rootzone.surface.select.graph import image
from rootzone.surface.select.interpret import interpret
from rootzone.surface.select.physics_graphs import SCAV_BANDS, scav_graph

RANGES = {
    "tb_v": (230, 270), "tb_h": (190, 225), "t_k": (285, 300), "ndvi": (0.2, 0.8),
    "vwc_kg_m2": (0.2, 3.0), "sand_pct": (20, 70), "clay_pct": (10, 35), "h": (0.1, 0.16),
    "omega": (0.04, 0.08), "b": (0.1, 0.13), "bulk_density_g_cm3": (1.3, 1.5),
    "sin_doy": (-1, 1), "cos_doy": (-1, 1), "incidence_deg": (40, 40),
    "pixel_sand_pct": (20, 70), "pixel_clay_pct": (10, 35), "pixel_bulk_density_g_cm3": (1.3, 1.5),
}  # fmt: skip


def samples(n: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    columns = {name: rng.uniform(*ends, n) for name, ends in RANGES.items()}
    columns["tau"] = columns["b"] * columns["vwc_kg_m2"]
    columns["porosity"] = porosity_from_bulk_density(columns["bulk_density_g_cm3"])
    return pl.DataFrame(columns).with_columns(
        station=pl.Series([f"s{k % 8}" for k in range(n)]),
        date=pl.lit(dt.date(2022, 6, 1)),
        theta=pl.Series(rng.uniform(0.05, 0.4, n)),
    )


def test_an_untrained_network_is_scav_in_the_graph_too() -> None:
    frame = samples()
    told = distilled(new_network_of(), frame, 0).predict(frame)
    bands = {n: image("x").select(n) for n in SCAV_BANDS}
    arrays = {n: frame[n].to_numpy() for n in SCAV_BANDS}
    scav = interpret(scav_graph(bands), {"x": arrays})["theta"]
    # Raw offsets are 0, so trees of them are 0 and every parameter its prior.
    np.testing.assert_allclose(told, scav, atol=1e-9)


def new_network_of() -> object:
    from rootzone.surface.emission_model.config import RetrievalConfig

    return new_network(RetrievalConfig(), 0)


def test_trees_say_what_a_trained_network_says() -> None:
    frame = samples()
    candidate = Differentiable(epochs=15)
    network = candidate.network(frame, 0)
    told = distilled(network, frame, 0).predict(frame)
    own = retrieve_pixels(network, channels_of_bands(frame)).theta
    untrained = retrieve_pixels(new_network_of(), channels_of_bands(frame)).theta
    moved = float(np.sqrt(np.mean((own - untrained) ** 2)))
    off = float(np.sqrt(np.mean((told - own) ** 2)))
    assert moved > 0.01  # training moved it
    assert off < 0.1 * moved


def test_too_few_stations_are_told() -> None:
    frame = samples(40).with_columns(station=pl.lit("one"))
    with pytest.raises(RequestError, match="1 stations are too few"):
        Differentiable().fit(frame, 0)
    assert set(NEEDS) <= set(frame.columns)
