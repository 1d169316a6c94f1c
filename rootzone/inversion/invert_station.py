"""One station: find the soil on training years, simulate it and a fixed loam over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.days import day_of_year
from rootzone._shared.errors import RequestError
from rootzone.inversion.column_runs import ColumnSetup, Profile, simulated_at_depths
from rootzone.inversion.corrections import Correction, search_corrections, zone_of_layers
from rootzone.inversion.observations import (
    DECIDING_DEPTH_M,
    DEFAULT_RULES,
    LEAST_DAYS,
    InversionRules,
    divide_years,
    observations_of,
)
from rootzone.inversion.soil_layers import SoilLayers
from rootzone.inversion.trainer import Trainer
from rootzone.inversion.triangle import LOAM, Texture
from rootzone.stations.station_forcing import climatology, station_forcing


@dataclass(frozen=True)
class Inversion:
    """What came out for one station.

    Parameters
    ----------
    network, station : str
        Which.
    years, training_years, held_out_years : tuple of int
        Station-years, and their parts.
    depths_m : tuple of float
        Sensor depths [m].
    best : Profile
        Sand and silt [%] of each zone of the best soil; the loam where nothing could be trained.
    cost, loam_cost : float
        Mean of the objective over depths in the training years [m3 m-3]; NaN without training.
    tried : Mapping
        Cost of every uniform texture tried.
    day : array of int
        Days since 1970-01-01, spin-up left out.
    correction : Correction or None
        What the inverted soil departs from the measured one by, where there is one.
    observed, loam, inverted, climatology, measured : array, shape (day, depth)
        Water content [m3 m-3]; ``measured`` is of the measured soil, NaN without one. The
        climatology is the smoothed mean of each day of the year over the training years: what a
        station's own past says without any physics.
    """

    network: str
    station: str
    years: tuple[int, ...]
    training_years: tuple[int, ...]
    held_out_years: tuple[int, ...]
    depths_m: tuple[float, ...]
    best: Profile
    cost: float
    loam_cost: float
    tried: Mapping[Texture, float]
    day: IntArray
    observed: FloatArray
    loam: FloatArray
    inverted: FloatArray
    climatology: FloatArray
    measured: FloatArray
    correction: Correction | None = None


def invert_station(
    stations: pl.DataFrame,
    weather: pl.DataFrame,
    setup: ColumnSetup,
    rules: InversionRules = DEFAULT_RULES,
    soil: SoilLayers | None = None,
) -> Inversion:
    """Invert the soil of one station.

    With a measured soil its layered corrections are sought, otherwise one texture a zone.

    Parameters
    ----------
    stations : polars.DataFrame
        Rows of one station of a station table.
    weather : polars.DataFrame
        Rows of the same station of its weather table.
    setup : ColumnSetup
        Engine and layers.
    rules : InversionRules
        Depths and years.
    soil : SoilLayers, optional
        The soil measured at the station.

    Raises
    ------
    RequestError
        No station-year has usable weather and enough values, or the engine failed on the loam.
    """
    network, station = str(stations["network"][0]), str(stations["station"][0])
    forcing = station_forcing(weather, rules.forcing)
    observed = observations_of(stations, forcing, rules)
    if not observed.years:
        raise RequestError(
            f"{network} {station}: no year has usable weather and {LEAST_DAYS} good values at "
            f"{DECIDING_DEPTH_M:g} m."
        )
    training, held_out = divide_years(observed.years, rules.training_years)
    loam: Profile = (LOAM,) * len(setup.zone_bottom_mm)
    best, cost, loam_cost = loam, float("nan"), float("nan")
    tried: Mapping[Texture, float] = {}
    correction: Correction | None = None
    chosen: Profile | SoilLayers = best
    if training and held_out:
        trainer = Trainer(forcing, setup, observed, training, rules.objective)
        if soil is None:
            best, cost, tried = trainer.search(rules.plan)
            chosen = best
        else:
            correction, cost, _ = search_corrections(soil, setup.thickness_mm, trainer.costs)
            chosen = correction.of(soil, zone_of_layers(setup.thickness_mm))
        loam_cost = trainer.costs([loam])[0]
    elif soil is not None:
        chosen = soil
    columns = [loam, chosen] if soil is None else [loam, chosen, soil]
    runs = simulated_at_depths(columns, forcing, setup, observed.depths_m, observed.day_kind)
    if 0 not in runs or 1 not in runs:
        raise RequestError(f"{network} {station}: the engine failed on the loam or the best soil.")
    record = slice(forcing.spin_up_d, None)
    theta = observed.theta[record]
    in_training = np.isin(forcing.year[record], training)
    return Inversion(
        network,
        station,
        observed.years,
        training,
        held_out,
        observed.depths_m,
        best,
        cost,
        loam_cost,
        tried,
        forcing.day[record],
        theta,
        runs[0][record],
        runs[1][record],
        _climatology_of(np.where(in_training[:, None], theta, np.nan), forcing.day[record]),
        runs[2][record] if 2 in runs else np.full(theta.shape, np.nan),
        correction,
    )


def _climatology_of(theta: FloatArray, day: IntArray) -> FloatArray:
    """Smoothed mean of each day of the year, on every day; NaN for a depth without values."""
    out = np.full(theta.shape, np.nan)
    doy = day_of_year(day)
    for i in range(theta.shape[1]):
        if np.isfinite(theta[:, i]).any():
            out[:, i] = climatology(theta[:, i], doy)[doy]
    return out
