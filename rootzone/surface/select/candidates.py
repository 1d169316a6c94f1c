"""Models that may be chosen: one protocol, from a fixed retrieval to boosted trees.

A candidate is fitted on a table of samples (``station``, ``date``, ``theta`` and its features) and
then predicts for any such table. Where it can, it also gives itself as a graph. None tells its own
spread: that of all of them comes from their errors at stations left out (`keep_models.errors_of`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.surface.physics.retrieve import Scene, retrieve_scav
from rootzone.surface.physics.water_cloud import VV, soil_under_cloud
from rootzone.surface.select.graph import Node, classified
from rootzone.surface.select.physics_graphs import (
    SCAV_BANDS,
    linear_graph,
    scav_graph,
    water_cloud_graph,
)
from rootzone.surface.select.trees import texts_of_booster

TREES: Final[Mapping[str, Any]] = {
    "num_leaves": 31, "learning_rate": 0.03, "min_data_in_leaf": 20, "feature_fraction": 0.8,
    "bagging_fraction": 0.8, "bagging_freq": 1, "num_threads": 1, "force_row_wise": True,
    "deterministic": True, "verbose": -1,
}  # fmt: skip

SHY: Final[Mapping[str, Any]] = {"num_leaves": 7, "min_data_in_leaf": 60, "lambda_l2": 10.0}


class Fitted(Protocol):
    """A candidate after it has seen samples."""

    def predict(self, samples: pl.DataFrame) -> FloatArray:
        """Water content of every sample [m3 m-3]; NaN where a feature is missing."""

    def graph(self, bands: Mapping[str, Node]) -> Node | None:
        """The model as an expression of bands, or None where it has no such form."""


class Candidate(Protocol):
    """A model that may be chosen."""

    @property
    def name(self) -> str:
        """How tables and maps call it."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Columns it reads."""

    def fit(self, samples: pl.DataFrame, seed: int) -> Fitted:
        """See samples with ``theta``."""


@dataclass(frozen=True)
class ScaV:
    """NASA's single-channel retrieval; nothing to fit."""

    name: str = "sca_v"
    needs: tuple[str, ...] = SCAV_BANDS

    def fit(self, samples: pl.DataFrame, seed: int) -> ScaV:
        """Nothing to learn."""
        del samples, seed
        return self

    def predict(self, samples: pl.DataFrame) -> FloatArray:
        """Retrieve."""
        tb, *scene = _columns(samples, self.needs).T
        return retrieve_scav(tb, Scene(**dict(zip(SCAV_BANDS[1:], scene, strict=True)))).theta

    def graph(self, bands: Mapping[str, Node]) -> Node:
        """The retrieval, its root by halving."""
        return scav_graph(bands)


@dataclass(frozen=True)
class WaterCloud:
    """Radar: the canopy taken away, then a line from decibels to water content."""

    name: str = "water_cloud"
    needs: tuple[str, ...] = ("vv", "ndvi", "incidence_deg")
    line: tuple[float, float] | None = None

    def fit(self, samples: pl.DataFrame, seed: int) -> WaterCloud:
        """C and D of sigma [dB] = C + D theta, by least squares."""
        del seed
        decibels = self._decibels(samples)
        theta = _columns(samples, ("theta",))[:, 0]
        known = np.isfinite(decibels) & np.isfinite(theta)
        if known.sum() < 3:
            raise RequestError(f"{self.name}: {int(known.sum())} samples are not enough to fit.")
        slope, start = np.polyfit(theta[known], decibels[known], 1)
        if slope == 0.0:
            raise RequestError(f"{self.name}: backscatter does not change with water content.")
        return WaterCloud(line=(float(start), float(slope)))

    def predict(self, samples: pl.DataFrame) -> FloatArray:
        """Invert the line."""
        if self.line is None:
            raise RequestError("The water cloud is to be fitted first.")
        out: FloatArray = (self._decibels(samples) - self.line[0]) / self.line[1]
        return out

    def graph(self, bands: Mapping[str, Node]) -> Node | None:
        """The same inversion."""
        return None if self.line is None else water_cloud_graph(bands, VV, self.line)

    def _decibels(self, samples: pl.DataFrame) -> FloatArray:
        vv, ndvi, angle = _columns(samples, self.needs).T
        soil = soil_under_cloud(vv, ndvi, angle, VV)
        out: FloatArray = 10.0 * np.log10(np.where(soil > 0.0, soil, np.nan))
        return out


@dataclass(frozen=True)
class Ridge:
    """A linear model of standardised features with a penalty on its weights."""

    name: str
    needs: tuple[str, ...]
    penalty: float = 1.0
    weights: tuple[float, ...] = ()
    at_zero: float = 0.0

    def fit(self, samples: pl.DataFrame, seed: int) -> Ridge:
        """Least squares with ``penalty`` times the squared weights, the mean left alone."""
        del seed
        x, theta = _columns(samples, self.needs), _columns(samples, ("theta",))[:, 0]
        whole = np.isfinite(x).all(axis=1) & np.isfinite(theta)
        if whole.sum() < 3:
            raise RequestError(f"{self.name}: {int(whole.sum())} whole samples cannot be fitted.")
        x, theta = x[whole], theta[whole]
        mean, spread = x.mean(axis=0), x.std(axis=0)
        spread = np.where(spread > 0.0, spread, 1.0)
        z = (x - mean) / spread
        square = z.T @ z + self.penalty * np.eye(z.shape[1])
        weights = np.linalg.solve(square, z.T @ (theta - theta.mean())) / spread
        return Ridge(
            self.name, self.needs, self.penalty, tuple(map(float, weights)),
            float(theta.mean() - mean @ weights),
        )  # fmt: skip

    def predict(self, samples: pl.DataFrame) -> FloatArray:
        """The weighted sum."""
        out: FloatArray = _columns(samples, self.needs) @ np.array(self.weights) + self.at_zero
        return out

    def graph(self, bands: Mapping[str, Node]) -> Node:
        """The weighted sum of bands."""
        return linear_graph(bands, self.needs, self.weights, self.at_zero)


@dataclass(frozen=True)
class Trees:
    """Boosted trees (LightGBM, one thread, deterministic).

    Physics may be among the features: a fixed retrieval's water content is a column like others.
    Where stations are few, `SHY` settings (small trees, penalised) carry better to new places.
    """

    name: str
    needs: tuple[str, ...]
    rounds: int = 400
    settings: Mapping[str, Any] = field(default_factory=dict)
    is_by_station: bool = False

    def fit(self, samples: pl.DataFrame, seed: int) -> FittedTrees:
        """Boost; ``is_by_station`` gives every station the same weight, however many its days."""
        import lightgbm

        x, theta = _columns(samples, self.needs), _columns(samples, ("theta",))[:, 0]
        known = np.isfinite(theta)
        weight = None
        if self.is_by_station:
            days = samples.select(pl.len().over("station"))["len"].to_numpy()[known]
            weight = days.mean() / days
        data = lightgbm.Dataset(
            x[known], theta[known], weight=weight, feature_name=list(self.needs)
        )
        booster = lightgbm.train({**TREES, **self.settings, "seed": seed}, data, self.rounds)
        return FittedTrees(self.needs, booster)


@dataclass(frozen=True)
class FittedTrees:
    """Boosted trees that have been fitted."""

    needs: tuple[str, ...]
    booster: Any

    def predict(self, samples: pl.DataFrame) -> FloatArray:
        """Sum of the trees; missing features go the way that LightGBM learnt."""
        told: Any = self.booster.predict(_columns(samples, self.needs))
        out: FloatArray = np.asarray(told, np.float64)
        return out

    def graph(self, bands: Mapping[str, Node]) -> Node:
        """The trees, for images without gaps."""
        stack = None
        for name in self.needs:
            band = bands[name].rename(name)
            stack = band if stack is None else stack.add_bands(band)
        if stack is None:
            raise RequestError("Trees without features have no graph.")
        return classified(stack, texts_of_booster(self.booster.dump_model())).rename("theta")


@dataclass(frozen=True)
class Climatology:
    """What the training stations' mean is in that month: what any model has to beat."""

    name: str = "climatology"
    needs: tuple[str, ...] = ()
    months: tuple[float, ...] = ()

    def fit(self, samples: pl.DataFrame, seed: int) -> Climatology:
        """Mean by month; of the whole where a month has none."""
        del seed
        mean = samples["theta"].mean()
        by_month = dict(
            samples.group_by(pl.col("date").dt.month().alias("month"))
            .agg(pl.col("theta").mean())
            .iter_rows()
        )
        whole = float(mean) if isinstance(mean, float) else float("nan")
        return Climatology(months=tuple(by_month.get(m, whole) for m in range(1, 13)))

    def predict(self, samples: pl.DataFrame) -> FloatArray:
        """That month's mean."""
        month = samples["date"].dt.month().to_numpy()
        out: FloatArray = np.asarray(self.months, np.float64)[month - 1]
        return out

    def graph(self, bands: Mapping[str, Node]) -> Node | None:
        """The month's mean, where a band ``month`` (1 to 12) tells the calendar."""
        if "month" not in bands:
            return None
        month = bands["month"]
        out = month * 0.0 + self.months[0]
        for number, mean in enumerate(self.months[1:], 2):
            out = out.where(month.equals(float(number)), mean)
        return out.rename("theta")


def _columns(samples: pl.DataFrame, names: Sequence[str]) -> FloatArray:
    missing = [name for name in names if name not in samples.columns]
    if missing:
        raise RequestError(f"The samples lack {missing[0]!r}; they have {samples.columns}.")
    told = samples.select(pl.col(list(names)).cast(pl.Float64).fill_null(np.nan))
    out: FloatArray = np.asarray(told.to_numpy(), np.float64)
    return out
