"""Soils from textures, run by an engine under one station's weather, read at sensor depths."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import node_depths_mm, point_weights
from rootzone.engines.protocol import Engine, SiteBatch, WeatherBatch
from rootzone.hydraulics.soil_columns import SOIL_VALUES, uniform_first_rows
from rootzone.hydraulics.soils import soils_from_textures
from rootzone.inversion.soil_layers import SoilLayers
from rootzone.inversion.triangle import Texture
from rootzone.stations.series import END_LST, START_LST
from rootzone.stations.station_forcing import StationForcing

# The campaign's own layers: 1.6 m, 20 cm between two mid-depths.
THICKNESS_MM = (50.0,) * 4 + (100.0,) * 3 + (200.0,) * 5

Profile = tuple[Texture, ...]  # texture of each zone, from the top


@dataclass(frozen=True)
class ColumnSetup:
    """What all columns of a station have in common.

    Parameters
    ----------
    engine : Engine
        Runs them.
    nodes : str
        Where its values belong: ``mid_layer`` or ``swim3``.
    thickness_mm : tuple of float
        Layers [mm].
    zone_bottom_mm : tuple of float
        Lower ends of the zones that have a texture of their own [mm]; one zone by default.
    """

    engine: Engine
    nodes: str = "mid_layer"
    thickness_mm: tuple[float, ...] = THICKNESS_MM
    zone_bottom_mm: tuple[float, ...] = field(default=(1e9,))

    def zone_of_layer(self) -> AnyArray:
        """Zone of each layer, by its mid-depth."""
        middle = np.cumsum(self.thickness_mm) - 0.5 * np.asarray(self.thickness_mm)
        zone = np.searchsorted(np.asarray(self.zone_bottom_mm), middle)
        return np.asarray(np.minimum(zone, len(self.zone_bottom_mm) - 1))


def batch_of(
    profiles: Sequence[Profile | SoilLayers], forcing: StationForcing, setup: ColumnSetup
) -> SiteBatch:
    """One site per profile of textures or soil, all under the same weather.

    Raises
    ------
    RequestError
        A texture makes no soil.
    """
    parts = [one if isinstance(one, SoilLayers) else _of_textures(one, setup) for one in profiles]
    values = {
        name: np.concatenate([part.values[name] for part in parts]) for name in parts[0].values
    }
    n_day = len(forcing.columns["rain_mm"])
    weather = WeatherBatch(
        np.zeros(1, dtype=np.int64),
        np.array([0, n_day], dtype=np.int64),
        np.array([forcing.first_day], dtype=np.int64),
        forcing.columns,
    )
    ids = np.arange(len(profiles), dtype=np.int64)
    first_row = uniform_first_rows(len(profiles), len(setup.thickness_mm))
    return SiteBatch(ids, first_row, values, np.zeros(len(profiles), dtype=np.int64), weather)


def _of_textures(profile: Profile, setup: ColumnSetup) -> SoilLayers:
    zone = setup.zone_of_layer()
    textures = np.array([profile[z] for z in zone], dtype=np.float64)
    sand, silt = textures[:, 0].copy(), textures[:, 1].copy()
    soils = soils_from_textures(sand, silt, 100.0 - sand - silt, uniform_first_rows(1, len(zone)))
    if not soils.usable.all():
        raise RequestError(f"Textures {profile} (sand, silt %) make no soil.")
    values = {name: np.ascontiguousarray(soils[name]) for name in SOIL_VALUES}
    values["thickness_mm"] = np.asarray(setup.thickness_mm)
    values["psidul_cm"] = np.full(len(sand), soils.psidul_cm)
    return SoilLayers(values, "rosetta3")


def simulated_at_depths(
    profiles: Sequence[Profile | SoilLayers],
    forcing: StationForcing,
    setup: ColumnSetup,
    depths_m: Sequence[float],
    day_kind: str,
) -> dict[int, FloatArray]:
    """Water content at the sensors' depths, as the station would report it.

    Parameters
    ----------
    profiles : sequence of Profile or SoilLayers
        Textures or soils to run.
    forcing : StationForcing
        The station's weather.
    setup : ColumnSetup
        Engine and layers.
    depths_m : sequence of float
        Sensor depths [m].
    day_kind : str
        What a day's observed value is: for the reading at its first moment, the simulated state at
        the end of the day before; for a mean, the mean of that and the state at its own end.

    Returns
    -------
    dict
        By position in ``profiles``, water content, shape (day, depth) [m3 m-3]; NaN on the very
        first day. Profiles the engine failed on are missing.
    """
    batch = batch_of(profiles, forcing, setup)
    nodes = node_depths_mm(setup.thickness_mm, setup.nodes)
    weights = np.vstack([point_weights(nodes, 1000.0 * depth) for depth in depths_m])
    run = setup.engine.run(batch)
    out = {}
    for position, site in enumerate(run.profiles.site_ids):
        ends = run.profiles.theta_of(position) @ weights.T
        out[int(site)] = as_observed(ends, day_kind)
    return out


def as_observed(ends: FloatArray, day_kind: str) -> FloatArray:
    """Daily values as a network reports them, from states at the ends of days.

    Parameters
    ----------
    ends : array, shape (day, depth)
        State at the end of each day.
    day_kind : str
        ``start_lst`` for readings at 00:00, ``end_lst`` for those at 24:00; anything else counts
        as a daily mean.

    Examples
    --------
    >>> as_observed(np.array([[0.2], [0.4]]), "mean_lst")[1].round(12).tolist()
    [0.3]
    >>> as_observed(np.array([[0.2], [0.4]]), "start_lst")[1].tolist()
    [0.2]
    """
    before = np.full_like(ends, np.nan)
    before[1:] = ends[:-1]
    if day_kind == END_LST:
        return ends
    return before if day_kind == START_LST else 0.5 * (before + ends)
