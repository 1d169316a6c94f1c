"""The differentiable retrieval as a candidate: its network as trees, then SCA-V written out.

A graph of Earth Engine has no network, so what the network says of parameters and of the soil's
share is learnt by boosted trees on many of its own answers. The trees are what predicts, here as in
the cloud: the skill that is reported is that of what is mapped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone._shared.seeds import stream
from rootzone.surface.chosen.network_fits import alone, stations_to_stop_by
from rootzone.surface.emission_model.channels import COVARIATES, channels_of, ln_held, scaled
from rootzone.surface.samples.polarisation import SECOND
from rootzone.surface.select.candidates import TREES
from rootzone.surface.select.graph import Node, classified, image
from rootzone.surface.select.interpret import interpret
from rootzone.surface.select.physics_graphs import SCAV_BANDS, scav_graph
from rootzone.surface.select.trees import texts_of_booster

if TYPE_CHECKING:
    from rootzone.surface.emission_model.parameters import RetrievalNetwork

# What many looks say of a place is no band of one scene; it counts as average here.
_SCALED: Final = tuple(item for item in COVARIATES if item.name not in SECOND)
_COVARIATES: Final = tuple(item.name for item in _SCALED)
_SOIL: Final = ("sand_pct", "clay_pct")
_GIVEN: Final = {"teff_k": "t_k", "h0": "h", "omega0": "omega", "b0": "b"}
"""Columns of the retrieval by the names that they have among bands."""
NEEDS: Final = tuple(dict.fromkeys([
    *SCAV_BANDS, "tb_h", "b", "vwc_kg_m2", "bulk_density_g_cm3", *_COVARIATES, *_SOIL,
    *(f"pixel_{n}" for n in _SOIL),
]))  # fmt: skip
_DRAWS = 6000
_ROUNDS = 80
_FAST: Final = {**TREES, "learning_rate": 0.1, "feature_fraction": 1.0, "bagging_freq": 0}


@dataclass(frozen=True)
class Differentiable:
    """SCA-V whose parameters a network gives, trained on stations.

    Parameters
    ----------
    epochs : int
        Steps of training; a quarter of the stations tells when to stop.
    """

    epochs: int = 150
    name: str = "differentiable"
    needs: tuple[str, ...] = NEEDS

    def fit(self, samples: pl.DataFrame, seed: int) -> Distilled:
        """Train the network and learn its answers.

        Raises
        ------
        RequestError
            There are fewer than four stations.
        """
        return distilled(self.network(samples, seed), samples, seed)

    def network(self, samples: pl.DataFrame, seed: int) -> RetrievalNetwork:
        """The network itself."""
        from rootzone.surface.emission_model.train import PointSamples, train_retrieval

        station, stop = stations_to_stop_by(samples, seed, self.name)
        day = samples["date"].cast(pl.Int32).to_numpy().astype(np.int64)
        theta = samples["theta"].cast(pl.Float64).to_numpy()
        whole = PointSamples(channels_of_bands(samples), theta, day, station)
        with alone() as folder:
            network, _ = train_retrieval(
                whole.of(~stop), whole.of(stop), folder, epochs=self.epochs, seed=seed
            )
        return network


@dataclass(frozen=True)
class Distilled:
    """Trees of four raw offsets by covariates, and of the soil's share by soil.

    Parameters
    ----------
    offsets : sequence
        Trees' texts of each offset: h, omega, b, effective temperature.
    share : sequence of str
        Trees' texts of the logarithm of a soil's share.
    """

    offsets: Sequence[Sequence[str]]
    share: Sequence[str]

    def predict(self, samples: pl.DataFrame) -> FloatArray:
        """The graph's water content of every sample [m3 m-3]."""
        arrays = {name: samples[name].cast(pl.Float64).to_numpy() for name in NEEDS}
        graph = self.graph({name: image("samples").select(name) for name in NEEDS})
        return np.asarray(interpret(graph, {"samples": arrays})["theta"], np.float64)

    def graph(self, bands: Mapping[str, Node]) -> Node:
        """The retrieval with the trees' parameters, shared out by the soil of the pixel."""
        from rootzone.surface.emission_model.parameters import (
            B_MOST,
            H_MOST,
            OMEGA_MOST,
            SHARE_MOST,
            TEFF_MOST_K,
        )

        covariates = _stack({name: bands[name] for name in _COVARIATES})
        z = [classified(covariates, texts).rename("z") for texts in self.offsets]
        b = _offset(bands["b"], z[2], B_MOST)
        seen = {
            **{name: bands[name] for name in SCAV_BANDS},
            "h": _offset(bands["h"], z[0], H_MOST),
            "omega": _offset(bands["omega"], z[1], OMEGA_MOST),
            "tau": b * bands["vwc_kg_m2"],
            "t_k": bands["t_k"] + TEFF_MOST_K * _tanh(z[3]),
        }
        footprint = scav_graph(seen)
        own = _stack({name: bands[f"pixel_{name}"] for name in _SOIL})
        around = _stack({name: bands[name] for name in _SOIL})
        apart = classified(own, self.share).rename("s") - classified(around, self.share).rename("s")
        share = SHARE_MOST * _tanh(apart * (1.0 / SHARE_MOST))
        most = np.maximum(bands["porosity"], footprint)  # type: ignore[call-overload]
        theta: Node = np.minimum(footprint * np.exp(share), most)
        return theta.rename("theta")


def channels_of_bands(samples: pl.DataFrame) -> FloatArray:
    """Channels of the network from the columns of samples, shape (channel, sample)."""
    given = {new: old for old, new in _GIVEN.items()}
    columns = {
        given.get(name, name): samples[name].cast(pl.Float64).to_numpy()
        for name in NEEDS
        if name not in ("tau", "porosity")
    }
    return channels_of(columns)


def distilled(network: RetrievalNetwork, samples: pl.DataFrame, seed: int) -> Distilled:
    """Trees that give the network's offsets and shares.

    They learn from the samples and from draws between the least and the largest of each covariate
    there, a fifth of the range wider on both sides; beyond that trees are flat.
    """
    import torch

    rng = stream(seed, 1)
    columns = {n: samples[n].cast(pl.Float64).to_numpy() for n in NEEDS}
    x = _drawn([columns[name] for name in _COVARIATES], rng)
    soil = _drawn([np.concatenate([columns[n], columns[f"pixel_{n}"]]) for n in _SOIL], rng)
    with torch.no_grad():
        z = network.head(network.body(_scaled(x))).double().numpy()
        s = float(network.exponent) * ln_held(soil[:, 0], soil[:, 1])
    learnt = [_learnt(x, z[:, k], _COVARIATES, seed) for k in range(4)]
    return Distilled(learnt, _learnt(soil, s, _SOIL, seed))


def _drawn(columns: Sequence[FloatArray], rng: np.random.Generator) -> FloatArray:
    seen = np.stack(columns, axis=1)
    low, high = seen.min(axis=0), seen.max(axis=0)
    wider = 0.2 * (high - low)
    return np.concatenate([seen, rng.uniform(low - wider, high + wider, (_DRAWS, seen.shape[1]))])


def _scaled(x: FloatArray) -> Any:  # noqa: ANN401 - a tensor
    import torch

    known = {item.name: scaled(x[:, k], item) for k, item in enumerate(_SCALED)}
    columns = [known.get(item.name, np.zeros(len(x))) for item in COVARIATES]
    return torch.from_numpy(np.stack(columns, axis=1)).float()


def _learnt(x: FloatArray, y: FloatArray, names: Sequence[str], seed: int) -> list[str]:
    import lightgbm

    data = lightgbm.Dataset(x, y, feature_name=list(names))
    booster = lightgbm.train({**_FAST, "seed": seed}, data, _ROUNDS)
    return texts_of_booster(booster.dump_model())


def _stack(bands: Mapping[str, Node]) -> Node:
    """One image of bands by their names."""
    found = [band.rename(name) for name, band in bands.items()]
    out = found[0]
    for band in found[1:]:
        out = out.add_bands(band)
    return out


def _sigmoid(x: Node) -> Node:
    out: Node = 1.0 / (1.0 + np.exp(0.0 - x))
    return out


def _tanh(x: Node) -> Node:
    e: Node = np.exp(x * 2.0)
    return (e - 1.0) / (e + 1.0)


def _offset(prior: Node, z: Node, most: float) -> Node:
    """As `rootzone.surface.emission_model.parameters` moves a parameter from its prior."""
    edge = 0.01
    share: Node = np.minimum(np.maximum(prior * (1.0 / most), edge), 1.0 - edge)  # type: ignore[call-overload]
    start: Node = np.log(share / (1.0 - share))
    moved = prior + most * (_sigmoid(start + z) - _sigmoid(start))
    out: Node = np.minimum(np.maximum(moved, 0.0), most)  # type: ignore[call-overload]
    return out
