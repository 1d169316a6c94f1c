"""The search for a station's soil: what a soil costs on the training years, and the cheapest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone.inversion.column_runs import ColumnSetup, Profile, simulated_at_depths
from rootzone.inversion.observations import Observations
from rootzone.inversion.soil_layers import SoilLayers
from rootzone.inversion.triangle import LOAM, SearchPlan, Texture, search_triangle
from rootzone.stations.station_forcing import StationForcing

LEAST_TRAINING = 90  # good values that let a depth take part in the search
OBJECTIVES = ("rmse", "ubrmse")


class Trainer:
    """Costs of soils on the training years of a station.

    Parameters
    ----------
    forcing : StationForcing
        Weather; nothing after the last training year is simulated.
    setup : ColumnSetup
        Engine and layers.
    observed : Observations
        Good values.
    training : sequence of int
        Years.
    objective : str
        ``rmse`` or ``ubrmse``.

    Raises
    ------
    RequestError
        Another objective.
    """

    def __init__(
        self,
        forcing: StationForcing,
        setup: ColumnSetup,
        observed: Observations,
        training: Sequence[int],
        objective: str = "rmse",
    ) -> None:
        if objective not in OBJECTIVES:
            raise RequestError(f"Objective {objective!r} is none of {', '.join(OBJECTIVES)}.")
        self._about_mean = objective == "ubrmse"
        self._setup = setup
        self._observed = observed
        self._forcing = forcing.until(max(training))
        n = len(self._forcing.day)
        theta = np.where(np.isin(self._forcing.year, training)[:, None], observed.theta[:n], np.nan)
        self._counted = np.isfinite(theta).sum(axis=0) >= LEAST_TRAINING
        self._theta = theta

    def costs(self, profiles: Sequence[Profile | SoilLayers]) -> list[float]:
        """Mean over depths of the objective [m3 m-3]; infinite where the engine failed."""
        if not profiles:
            return []
        observed = self._observed
        runs = simulated_at_depths(
            profiles, self._forcing, self._setup, observed.depths_m, observed.day_kind
        )
        return [self._cost(runs[i]) if i in runs else float("inf") for i in range(len(profiles))]

    def _cost(self, simulated: FloatArray) -> float:
        error = simulated - self._theta
        known = np.isfinite(error)
        n = np.maximum(known.sum(axis=0), 1)
        error = np.where(known, error, 0.0)
        square = (error**2).sum(axis=0) / n
        if self._about_mean:
            square = np.maximum(square - (error.sum(axis=0) / n) ** 2, 0.0)
        return float(np.sqrt(square[self._counted]).mean())

    def search(self, plan: SearchPlan) -> tuple[Profile, float, Mapping[Texture, float]]:
        """The best soil: one texture for all zones first, then zone by zone from below.

        Returns
        -------
        best : Profile
            Texture of each zone.
        cost : float
            Its cost [m3 m-3].
        tried : mapping
            Cost of every uniform texture tried.
        """
        n_zone = len(self._setup.zone_bottom_mm)
        uniform = search_triangle(
            lambda textures: self.costs([(texture,) * n_zone for texture in textures]),
            plan,
            [LOAM],
        )
        best: Profile = (uniform.best,) * n_zone
        cost = uniform.cost[uniform.best]
        for zone in reversed(range(n_zone)) if n_zone > 1 else ():
            found = search_triangle(
                lambda textures, zone=zone, best=best: self.costs(  # type: ignore[misc]
                    [(*best[:zone], texture, *best[zone + 1 :]) for texture in textures]
                ),
                plan,
                [best[zone]],
            )
            best = (*best[:zone], found.best, *best[zone + 1 :])
            cost = found.cost[found.best]
        return best, cost, uniform.cost
