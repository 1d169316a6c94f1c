"""Graphs give what the models themselves give."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from rootzone._shared.errors import RequestError
from rootzone.surface.physics.retrieve import Scene, retrieve_scav
from rootzone.surface.physics.water_cloud import VV, water_cloud
from rootzone.surface.select.graph import (
    Node,
    as_node,
    classified,
    from_json,
    image,
    nodes_of,
    payload_bytes,
    to_json,
)
from rootzone.surface.select.interpret import interpret
from rootzone.surface.select.physics_graphs import (
    SCAV_BANDS,
    linear_graph,
    scav_graph,
    water_cloud_graph,
)
from rootzone.surface.select.trees import Ensemble, texts_of_booster

EXAMPLE = Path(__file__).resolve().parents[4] / "shared/reference/surface/ee_graph_example.json"


def bands_of(name: str, *bands: str) -> dict[str, Node]:
    return {band: image(name).select(band) for band in bands}


@pytest.mark.shared
@pytest.mark.skipif(not EXAMPLE.is_file(), reason="no reference/surface beside this checkout")
def test_a_graph_that_the_real_client_wrote_gives_its_answer() -> None:
    # earthengine-api 1.7.50 wrote the graph; the answer beside it is by hand (its README).
    told = json.loads(EXAMPLE.read_text())
    bands = {
        name: {band: np.array(values) for band, values in image.items()}
        for name, image in told["bands"].items()
    }
    (out,) = interpret(told["graph"], bands).values()
    assert np.allclose(out, told["answer"], rtol=1e-12)
    # By hand: tau 0.11 is at or below 0.150 (0.20), tau 0.2 above (0.30).
    classes = interpret(told["classify_graph"], bands)["classification"]
    assert classes.tolist() == [[0.2, 0.3]]


@pytest.mark.shared
@pytest.mark.skipif(not EXAMPLE.is_file(), reason="no reference/surface beside this checkout")
def test_we_write_the_trees_call_as_the_real_client_does() -> None:
    told = json.loads(EXAMPLE.read_text())["classify_graph"]
    trees = ["1) root 9999 9999 9999\n 2) tau<=0.150 10 1 0.20 *\n 3) tau>0.150 10 1 0.30 *"]
    ours = to_json(classified(image("demo/smap").select("tau"), trees))
    assert ours["values"][ours["result"]] == told["values"][told["result"]]


def test_what_is_used_twice_is_written_once() -> None:
    tau = image("a").select("tau")
    gone = np.exp(-tau)
    told = to_json(gone * gone + gone)
    text = json.dumps(told)
    assert text.count('"Image.exp"') == 1
    assert text.count('"valueReference"') == 3
    out = interpret(told, {"a": {"tau": np.array([0.0, np.log(2.0)])}})
    assert next(iter(out.values())).tolist() == pytest.approx([2.0, 0.75])


def test_scav_as_a_graph_is_scav() -> None:
    rng, n = np.random.default_rng(5), 4000
    scene = {
        "t_k": rng.uniform(270, 310, n), "clay_pct": rng.uniform(2, 60, n),
        "h": rng.uniform(0, 0.6, n), "omega": rng.uniform(0, 0.1, n),
        "tau": rng.uniform(0, 0.6, n), "incidence_deg": np.full(n, 40.0),
        "porosity": rng.uniform(0.3, 0.6, n),
    }  # fmt: skip
    tb = rng.uniform(180, 290, n)
    tb[0] = np.nan
    told = retrieve_scav(tb, Scene(**scene)).theta
    graph = scav_graph(bands_of("scene", *SCAV_BANDS))
    theta = interpret(graph, {"scene": {"tb_v": tb, **scene}})["theta"]
    assert np.isnan(theta).tolist() == [True] + [False] * (n - 1)
    assert {0.02, *scene["porosity"]} & {*theta}  # both limits are met
    assert np.nanmax(np.abs(theta - told)) < 1e-6


def test_the_scav_graph_fits_a_request() -> None:
    graph = scav_graph(bands_of("scene", *SCAV_BANDS))
    assert payload_bytes(graph) < 1_000_000  # Earth Engine takes about 10 MB
    assert len(nodes_of(graph)) < 2000


def test_scav_without_a_band_is_refused() -> None:
    with pytest.raises(RequestError, match="needs the band 'porosity'"):
        scav_graph(bands_of("scene", *SCAV_BANDS[:-1]))


def test_water_cloud_as_a_graph_inverts_the_water_cloud() -> None:
    theta = np.array([0.05, 0.2, 0.4])
    soil = 10.0 ** ((-18.0 + 30.0 * theta) / 10.0)
    ndvi, angle = np.array([0.1, 0.4, 0.7]), np.full(3, 38.0)
    vv = water_cloud(soil, ndvi, angle, VV)
    vv_dark = np.append(vv, 1e-5)  # less than its canopy alone would scatter
    given_bands = {
        "vv": vv_dark, "ndvi": np.append(ndvi, 0.7), "incidence_deg": np.append(angle, 38.0)
    }  # fmt: skip
    graph = water_cloud_graph(bands_of("s1", *given_bands), VV, (-18.0, 30.0))
    out = interpret(graph, {"s1": given_bands})["theta"]
    assert np.allclose(out[:3], theta, atol=1e-12)
    assert np.isnan(out[3])


def test_a_weighted_sum_by_hand() -> None:
    graph = linear_graph(bands_of("x", "a", "b"), ("a", "b"), (2.0, -1.0), 0.5)
    out = interpret(graph, {"x": {"a": np.array([1.0]), "b": np.array([0.25])}})
    assert out["theta"].tolist() == [2.25]


def test_boosted_trees_as_text_give_what_they_predict() -> None:
    lightgbm = pytest.importorskip("lightgbm")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(600, 3))
    y = x[:, 0] ** 2 + np.where(x[:, 1] > 0, x[:, 2], 0.0)
    settings = {"num_leaves": 15, "verbose": -1, "num_threads": 1, "force_row_wise": True}
    names = ["ndvi", "lst", "clay"]
    booster = lightgbm.train(settings, lightgbm.Dataset(x, y, feature_name=names), 40)
    graph = classified(image("x").select(*names), texts_of_booster(booster.dump_model()))
    bands = {"x": dict(zip(names, x.T.reshape(3, 20, 30), strict=True))}
    out = interpret(graph, bands)["classification"]
    assert np.abs(out.ravel() - booster.predict(x)).max() < 1e-12
    bands["x"]["lst"][2, 3] = np.nan
    assert np.isnan(interpret(graph, bands)["classification"]).sum() == 1


def test_masks_and_bands_follow_the_documented_rules() -> None:
    bands = {"x": {"a": np.array([1.0, np.nan, 3.0]), "b": np.array([10.0, 20.0, np.nan])}}
    both, a = image("x"), image("x").select("a")
    out = interpret(both + a, bands)
    assert list(out) == ["a", "b"]
    assert np.array_equal(out["b"], [11.0, np.nan, np.nan], equal_nan=True)
    kept = interpret(image("x").select("b").where(a > 2.0, 0.0), bands)["b"]
    # The service's own words of where: "If at a given pixel, either test or value is masked, the
    # input value is used. If the input is masked, nothing is done."
    assert np.array_equal(kept, [10.0, 20.0, np.nan], equal_nan=True)
    kept = interpret(image("x").select("b").where(a < 2.0, 0.0), bands)["b"]
    assert np.array_equal(kept, [0.0, 20.0, np.nan], equal_nan=True)
    assert interpret(a.unmask(-1.0), bands)["a"].tolist() == [1.0, -1.0, 3.0]
    divided = interpret(a / (a - 1.0), bands)["a"]
    # Of divide: "returning 0 for division by 0".
    assert np.array_equal(divided, [0.0, np.nan, 1.5], equal_nan=True)
    masked = interpret(a.masked_by(a - 1.0), bands)["a"]
    assert np.array_equal(masked, [np.nan, np.nan, 3.0], equal_nan=True)


@pytest.mark.parametrize(
    ("graph", "said"),
    [
        (image("y"), "no image 'y'; given are ['x']"),
        (image("x").select("c"), "no band 'c'; it has ['a', 'b']"),
        (Node("Image.focalMean", {"image": image("x")}), "does not know Image.focalMean"),
        (image("x").rename("z"), "1 names are given for 2 bands"),
    ],
)
def test_what_is_not_there_is_named(graph: Node, said: str) -> None:
    with pytest.raises(RequestError) as told:
        interpret(graph, {"x": {"a": np.zeros(1), "b": np.zeros(1)}})
    assert said in str(told.value)


def test_arrays_and_nan_are_no_part_of_a_graph() -> None:
    for value in (np.zeros(3), float("nan"), "text"):
        with pytest.raises(RequestError, match="images and finite numbers"):
            as_node(value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1) root 9999 9999 9999\n 2) a<=1 9 9 3 *", "node 1 lacks a child"),
        ("2) a<=1 9 9 3 *", "has no root"),
        ("hello", "is no node of a tree"),
    ],
)
def test_a_broken_tree_is_named(text: str, said: str) -> None:
    with pytest.raises(RequestError, match=said):
        Ensemble.parse([text])


def test_a_categorical_split_is_refused() -> None:
    leaf = {"leaf_value": 1.0}
    root = {
        "split_feature": 0, "decision_type": "==", "threshold": "1||2", "left_child": leaf,
        "right_child": leaf,
    }  # fmt: skip
    model = {"feature_names": ["nlcd"], "tree_info": [{"tree_structure": root}]}
    with pytest.raises(RequestError, match="A split on nlcd is '=='"):
        texts_of_booster(model)


def test_a_graph_read_back_is_the_graph_with_its_images_renamed() -> None:
    bands = {name: image("here").select(name) for name in SCAV_BANDS}
    graph = scav_graph(bands)
    told = json.loads(json.dumps(to_json(graph)))
    assert from_json(told).key == graph.key
    there = scav_graph({name: image("there").select(name) for name in SCAV_BANDS})
    assert from_json(told, {"here": "there"}).key == there.key


def test_a_tree_may_be_thirty_splits_deep_and_no_deeper() -> None:
    def chain(depth: int) -> dict[str, object]:
        node: dict[str, object] = {"leaf_value": 1.0}
        for _ in range(depth):
            node = {"decision_type": "<=", "split_feature": 0, "threshold": 0.5,
                    "left_child": {"leaf_value": 0.0}, "right_child": node}  # fmt: skip
        return {"feature_names": ["a"], "tree_info": [{"tree_structure": node}]}

    # Its last right leaf is node 2^31 - 1, the largest whole number of 32 bits.
    assert texts_of_booster(chain(30))[0].count("*") == 31
    with pytest.raises(RequestError, match="deeper than 30 splits"):
        texts_of_booster(chain(31))
