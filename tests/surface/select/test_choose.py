"""Choosing by environment: planted worlds, and none planted."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest

from rootzone._shared.errors import RequestError
from rootzone.surface.select.candidates import Climatology, Ridge, ScaV, Trees, WaterCloud
from rootzone.surface.select.choose import select, skill_table, soft_weights
from rootzone.surface.select.environments import texture_group, told_environments
from rootzone.surface.select.graph import image
from rootzone.surface.select.interpret import interpret
from rootzone.surface.select.physics_graphs import SCAV_BANDS

N_STATIONS, N_DAYS = 40, 40


def planted(seed: int, is_planted: bool = True) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Stations of two environments; feature a tells moisture in the first, b in the second.

    Without a plant, a tells it everywhere and b little.
    """
    rng = np.random.default_rng(seed)
    station = np.repeat([f"s{i:02d}" for i in range(N_STATIONS)], N_DAYS)
    is_first = np.repeat(np.arange(N_STATIONS) % 2 == 0, N_DAYS)
    n = station.size
    theta = 0.2 + 0.05 * rng.standard_normal(n)
    clear, dim = theta + 0.01 * rng.standard_normal(n), theta + 0.05 * rng.standard_normal(n)
    first = dt.date(2020, 1, 1)
    frame = pl.DataFrame(
        {
            "station": station, "theta": theta,
            "date": [first + dt.timedelta(days=9 * d) for d in range(N_DAYS)] * N_STATIONS,
            "a": np.where(is_first | (not is_planted), clear, dim),
            "b": np.where(is_first | (not is_planted), dim, clear),
            "noise": rng.standard_normal(n),
        }
    )  # fmt: skip
    environments = pl.DataFrame(
        {
            "station": [f"s{i:02d}" for i in range(N_STATIONS)],
            "environment": ["first", "second"] * (N_STATIONS // 2),
        }
    )
    return frame, environments


CANDIDATES = (
    Ridge("by_a", ("a",)),
    Ridge("by_b", ("b",)),
    Ridge("noise", ("noise",)),
    Climatology(),
)


def test_a_planted_world_is_found_and_beats_the_global_winner() -> None:
    samples, environments = planted(0)
    found = select(samples, environments, CANDIDATES)
    assert {c.environment: c.model for c in found.choices} == {"first": "by_a", "second": "by_b"}
    other = "second" if found.winner == "by_a" else "first"
    there = found.predicted.filter(pl.col("environment") == other)
    off = {name: (there[name] - there["observed"]).std() for name in ("chosen", found.winner)}
    # The issue asks for more than 20 % in ubRMSE; planted noises are 0.01 and 0.05.
    assert off["chosen"] < 0.8 * off[found.winner]
    assert found.beats_climatology


def test_where_nothing_is_planted_the_global_winner_stays_and_noise_never_wins() -> None:
    samples, environments = planted(1, is_planted=False)
    found = select(samples, environments, CANDIDATES)
    assert found.winner == "by_a"
    assert {choice.model for choice in found.choices} == {"by_a"}
    assert "noise" not in found.predicted["model"].to_list()
    table = skill_table(found, [c.name for c in CANDIDATES])
    assert table["model"].to_list() == ["chosen", "by_a", "by_b", "noise", "climatology"]
    assert table["rmse"][0] == table["rmse"][1]


def test_noise_alone_does_not_beat_climatology() -> None:
    samples, environments = planted(2)
    found = select(samples, environments, (Ridge("noise", ("noise",)), Climatology()))
    assert not found.beats_climatology


def test_nothing_is_chosen_on_what_is_reported() -> None:
    # A candidate that knows its training stations by heart and nothing else: in the fold that
    # reports it, and in the folds that choose, it must look as bad as it is.
    class ByHeart:
        name, needs = "by_heart", ()

        def __init__(self, seen: pl.DataFrame | None = None) -> None:
            self.seen = seen

        def fit(self, samples: pl.DataFrame, seed: int) -> ByHeart:
            return ByHeart(samples.select("station", "date", "theta"))

        def predict(self, samples: pl.DataFrame) -> np.ndarray:
            assert self.seen is not None
            known = samples.select("station", "date").join(
                self.seen, on=["station", "date"], how="left", maintain_order="left"
            )["theta"]
            assert known.null_count() == samples.height  # no station was in both
            return np.random.default_rng(0).uniform(0.0, 1.0, samples.height)

        def graph(self, bands: object) -> None:
            return None

    samples, environments = planted(3)
    found = select(samples, environments, (ByHeart(), Ridge("by_a", ("a",))))
    assert found.winner == "by_a"


def test_rare_environments_fall_back_and_the_level_is_told() -> None:
    places = pl.DataFrame(
        {
            "station": [f"s{i}" for i in range(13)],
            "koppen": ["B"] * 12 + ["D"],
            "cover": ["grass"] * 5 + ["crop"] * 7 + ["crop"],
            "texture": ["fine"] * 2 + ["medium"] * 3 + ["fine"] * 5 + ["coarse"] * 2 + ["fine"],
        }
    )
    told = told_environments(places, ["koppen", "cover", "texture"])
    # By hand: B/crop/fine has 5; B/grass has 5 together; what is left of B is 2, D is 1: all.
    assert told["environment"].to_list() == (
        ["B / grass"] * 5 + ["B / crop / fine"] * 5 + ["all"] * 3
    )
    assert told["level"].to_list() == [2] * 5 + [3] * 5 + [0] * 3


def test_texture_groups_of_fao() -> None:
    frame = pl.DataFrame(
        {"clay": [10.0, 40.0, 20.0, 10.0, None], "sand": [80.0, 20.0, 70.0, 50.0, 1.0]}
    )
    told = frame.select(texture_group(pl.col("clay"), pl.col("sand"))).to_series()
    assert told.to_list() == ["coarse", "fine", "medium", "medium", None]


def test_exportable_candidates_are_their_graphs() -> None:
    rng = np.random.default_rng(4)
    n = 300
    frame = pl.DataFrame(
        {
            "station": ["s"] * n, "theta": rng.uniform(0.05, 0.45, n),
            "tb_v": rng.uniform(200, 280, n), "t_k": rng.uniform(275, 305, n),
            "clay_pct": rng.uniform(5, 50, n), "h": rng.uniform(0.05, 0.4, n),
            "omega": rng.uniform(0.0, 0.08, n), "tau": rng.uniform(0.0, 0.4, n),
            "incidence_deg": np.full(n, 40.0), "porosity": rng.uniform(0.35, 0.55, n),
            "ndvi": rng.uniform(0.1, 0.8, n), "vv": rng.uniform(0.02, 0.3, n),
        }
    ).with_columns(date=pl.lit(dt.date(2020, 5, 1)))  # fmt: skip
    arrays = {
        name: frame[name].to_numpy() for name in frame.columns if name not in ("station", "date")
    }
    bands = {name: image("x").select(name) for name in arrays}
    features = ("tb_v", "ndvi", "clay_pct")
    for candidate in (ScaV(), WaterCloud(), Ridge("ridge", features), Trees("trees", features, 30)):
        fitted = candidate.fit(frame, 0)
        graph = fitted.graph(bands)
        assert graph is not None
        told = interpret(graph, {"x": arrays})["theta"]
        # The issue asks for 1e-6.
        assert np.allclose(told, fitted.predict(frame), atol=1e-6, equal_nan=True), candidate.name
    assert set(SCAV_BANDS) <= set(arrays)


def test_soft_weights_by_hand() -> None:
    # exp(-(0.02^2 - 0.01^2) / (2 x 0.01^2)) = exp(-1.5) of the first.
    weights = soft_weights(np.array([0.01, 0.02]), 0.01)
    assert weights[1] / weights[0] == pytest.approx(np.exp(-1.5))


def test_soft_weights_blend_where_models_are_alike_and_choose_where_they_are_not() -> None:
    samples, environments = planted(0)
    hard = select(samples, environments, CANDIDATES, outer=2)
    soft = select(samples, environments, CANDIDATES, outer=2, soft=0.005)
    # ubRMSE about .01 and .035: exp(-(.035^2 - .01^2) / (2 x .005^2)) is 2e-10.
    assert soft.weights["first"]["by_a"] == pytest.approx(1.0, abs=1e-4)
    np.testing.assert_allclose(soft.predicted["chosen"], hard.predicted["chosen"], atol=1e-4)
    even = select(samples, environments, CANDIDATES, outer=2, soft=10.0)
    assert all(w == pytest.approx(0.25, abs=0.01) for w in even.weights["first"].values())
    assert hard.weights["first"] == {"by_a": 1.0}


def test_climatology_is_its_graph_where_a_band_tells_the_month() -> None:
    samples, _ = planted(6)
    fitted = Climatology().fit(samples, 0)
    assert fitted.graph({}) is None
    graph = fitted.graph({"month": image("x").select("month")})
    assert graph is not None
    month = samples["date"].dt.month().to_numpy().astype(float)
    told = interpret(graph, {"x": {"month": month}})["theta"]
    np.testing.assert_allclose(told, fitted.predict(samples), atol=1e-12)


def test_bad_requests_are_named() -> None:
    samples, environments = planted(5)
    with pytest.raises(RequestError, match="names of their own"):
        select(samples, environments, (Climatology(), Climatology()))
    with pytest.raises(RequestError, match="have no environment, such as 's39'"):
        select(samples, environments.head(39), CANDIDATES)
    with pytest.raises(RequestError, match="cannot be left out in 5 folds"):
        select(samples.filter(pl.col("station") < "s03"), environments, CANDIDATES)
    with pytest.raises(RequestError, match="lack 'vv'"):
        WaterCloud().fit(samples, 0)
