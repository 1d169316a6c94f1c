"""The search about a measured soil: by how much each zone departs from it, with a stated prior."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone.inversion.soil_layers import SoilLayers, corrected

# Lower ends of the zones that are corrected by themselves [mm].
ZONE_BOTTOM_MM = (150.0, 350.0, 1e9)


@dataclass(frozen=True)
class Prior:
    """How far a measured soil is thought to be off, before any sensor is read.

    Parameters
    ----------
    water_sd : float
        Standard deviation of the logarithm of the water factor; 0.15 is what pedotransfer functions
        miss retention by (0.06 of 0.4 m3 m-3, `rootzone validate-soils`).
    alpha_sd : float
        Standard deviation of the shift of log10 alpha; two samples of one field differ by as much.
    error_m3_m3 : float
        Size of what neither explains [m3 m-3]: the objective is in units of it.
    """

    water_sd: float = 0.15
    alpha_sd: float = 0.3
    error_m3_m3: float = 0.03


@dataclass(frozen=True)
class Correction:
    """Departures of each zone from the measured soil.

    Parameters
    ----------
    log_water, log10_alpha : tuple of float
        Logarithm of the water factor, and shift of log10 alpha, from the top zone down.
    """

    log_water: tuple[float, ...]
    log10_alpha: tuple[float, ...]

    def penalty(self, prior: Prior) -> float:
        """Sum of squares in units of the prior.

        >>> Correction((0.15, 0.0), (0.0, 0.3)).penalty(Prior())
        2.0
        """
        water = sum((value / prior.water_sd) ** 2 for value in self.log_water)
        return round(water + sum((value / prior.alpha_sd) ** 2 for value in self.log10_alpha), 12)

    def of(self, soil: SoilLayers, zone: AnyArray) -> SoilLayers:
        """The soil so corrected; ``zone`` numbers the zone of each layer."""
        factor = np.exp(np.asarray(self.log_water))[zone]
        return corrected(soil, np.asarray(factor), np.asarray(self.log10_alpha)[zone])


def zone_of_layers(thickness_mm: Sequence[float]) -> AnyArray:
    """Zone of each layer, by its middle."""
    middle = np.cumsum(thickness_mm) - 0.5 * np.asarray(thickness_mm)
    return np.asarray(np.searchsorted(np.asarray(ZONE_BOTTOM_MM), middle))


def search_corrections(
    soil: SoilLayers,
    thickness_mm: Sequence[float],
    costs: Callable[[Sequence[SoilLayers]], list[float]],
    prior: Prior = Prior(),
) -> tuple[Correction, float, Mapping[Correction, float]]:
    r"""The most probable correction, coordinate by coordinate, coarse steps first.

    Minimises :math:`(c / e)^2 + p`, with the cost c [m3 m-3], the error e and the penalty p of the
    prior. Without data that speak, nothing moves.

    Parameters
    ----------
    soil : SoilLayers
        As measured.
    thickness_mm : sequence of float
        Layers [mm].
    costs : callable
        Costs of some soils on the training years [m3 m-3]; infinite where the engine failed.
    prior : Prior
        Spread of corrections.

    Returns
    -------
    best, cost, tried
        The correction, its cost [m3 m-3], and the objective of every correction tried.
    """
    zone = zone_of_layers(thickness_mm)
    n_zone = int(zone.max()) + 1
    none = Correction((0.0,) * n_zone, (0.0,) * n_zone)
    tried: dict[Correction, float] = {}
    cost_of: dict[Correction, float] = {}

    def judge(candidates: Sequence[Correction]) -> None:
        new = [one for one in dict.fromkeys(candidates) if one not in tried]
        for one, cost in zip(new, costs([one.of(soil, zone) for one in new]), strict=True):
            cost_of[one] = cost
            tried[one] = (cost / prior.error_m3_m3) ** 2 + one.penalty(prior)

    judge([none])
    best = none
    for scale in (1.0, 0.5):
        for kind, step in (("log_water", prior.water_sd), ("log10_alpha", prior.alpha_sd)):
            for at in range(n_zone):
                judge([_moved(best, kind, at, scale * step * count) for count in (-2, -1, 1, 2)])
                best = min(tried, key=lambda one: tried[one])
    return best, cost_of[best], tried


def _moved(start: Correction, kind: str, at: int, by: float) -> Correction:
    values: FloatArray = np.array(getattr(start, kind))
    values[at] = round(float(values[at] + by), 9)
    changed = tuple(values.tolist())
    if kind == "log_water":
        return Correction(changed, start.log10_alpha)
    return Correction(start.log_water, changed)
