"""What a day's weather is under a canopy: rain that gets through, and demand on soil and roots."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from rootzone._shared.arrays import FloatArray, IntArray
from rootzone._shared.errors import RequestError
from rootzone._shared.jit import kernel
from rootzone.covariates.layers.covers import Cover

EXTINCTION = 0.5  # of light by leaves, see data/covers/covers.yaml
SEASON_DAYS = 30  # days whose mean temperature brings leaves
LONGEST_LAI_GAP_D = 32  # four composites of MODIS
_LITTER_EXPONENT = 0.44  # of evaporation through litter (Adams et al. 1976)


class CanopyForcing(NamedTuple):
    """Daily weather under a canopy, shape (day,) each.

    Parameters
    ----------
    rain_mm : array
        Rain that reaches the soil [mm d-1].
    es_demand_mm : array
        What the air would take from the soil [mm d-1].
    transpiration_demand_mm : array
        What roots would take from a soil without stress [mm d-1].
    interception_mm : array
        Rain that evaporated from leaves and litter [mm d-1].
    held_mm : array
        Rain on leaves and litter at the end of the day [mm].
    """

    rain_mm: FloatArray
    es_demand_mm: FloatArray
    transpiration_demand_mm: FloatArray
    interception_mm: FloatArray
    held_mm: FloatArray


@kernel
def season_ramp(mean_degc: FloatArray, from_degc: float, full_degc: float) -> FloatArray:
    """Share of its leaves that a cover has: 0 to 1 as the mean of the last 30 days warms.

    Parameters
    ----------
    mean_degc : array, shape (day,)
        Mean temperature of each day [degC], no gaps. The first days take what there is.
    from_degc, full_degc : float
        Means at which leaves begin and are full [degC], rising.
    """
    out = np.empty(mean_degc.size)
    total = 0.0
    for day in range(mean_degc.size):
        total += mean_degc[day]
        if day >= SEASON_DAYS:
            total -= mean_degc[day - SEASON_DAYS]
        mean = total / min(day + 1, SEASON_DAYS)
        share = (mean - from_degc) / (full_degc - from_degc)
        out[day] = min(1.0, max(0.0, share))
    return out


def cover_of_lai(lai: FloatArray) -> FloatArray:
    """Ground under leaves by Beer's law, 1 - exp(-0.5 LAI).

    >>> np.round(cover_of_lai(np.array([0.0, 2.0])), 3).tolist()
    [0.0, 0.632]
    """
    return np.asarray(1.0 - np.exp(-EXTINCTION * lai))


def filled_lai(lai: FloatArray, where: str) -> FloatArray:
    """A leaf-area series with gaps filled in a line, up to 32 days.

    Parameters
    ----------
    lai : array, shape (day,)
        Leaf area index [m2 m-2], NaN where missing.
    where : str
        Cell, for the message.

    Raises
    ------
    RequestError
        The series is empty, negative, or has a longer gap.
    """
    known = np.flatnonzero(np.isfinite(lai))
    if known.size == 0:
        raise RequestError(f"{where}: the column lai has no number at all.")
    if (lai[known] < 0.0).any():
        day = int(known[lai[known] < 0.0][0])
        raise RequestError(f"{where}: lai is {lai[day]:g} on day {day + 1}; it is 0 or more.")
    edges = np.concatenate(([-1], known, [lai.size]))
    longest = int(np.argmax(np.diff(edges)))
    gap = int(edges[longest + 1] - edges[longest] - 1)
    if gap > LONGEST_LAI_GAP_D:
        raise RequestError(
            f"{where}: lai is missing on {gap} days from day {edges[longest] + 2} on, longer than "
            f"the {LONGEST_LAI_GAP_D} that are filled. Mend the series, or leave the column out: "
            "leaves then follow temperature."
        )
    return np.asarray(np.interp(np.arange(lai.size), known, lai[known]))


@kernel
def _fill_canopy(
    rain_mm: FloatArray,
    eo_mm: FloatArray,
    green: FloatArray,
    kc: float,
    leaf_storage_mm: float,
    litter_storage_mm: float,
    through_litter: float,
    out: FloatArray,
) -> None:
    held = 0.0
    for day in range(rain_mm.size):
        cover = min(green[day], 0.999)
        lai = -np.log(1.0 - cover) / EXTINCTION
        room = leaf_storage_mm * lai + litter_storage_mm
        caught = min(rain_mm[day], max(0.0, room - held) + 0.0)
        held += caught
        plants = kc * eo_mm[day] * cover
        soil = eo_mm[day] * (1.0 - cover) * through_litter
        dried = min(held, eo_mm[day])
        held -= dried
        let_go = max(0.0, held - room)  # leaves that fell let go what they held
        held -= let_go
        out[0, day] = rain_mm[day] - caught + let_go
        # Water on leaves and litter dries first, with what the plants and the soil would have had.
        left = 1.0 - dried / eo_mm[day] if eo_mm[day] > 0.0 else 0.0
        out[1, day] = soil * left
        out[2, day] = plants * left
        out[3, day] = dried
        out[4, day] = held


def canopy_forcing(
    rain_mm: FloatArray,
    eo_mm: FloatArray,
    cover: Cover,
    *,
    mean_degc: FloatArray | None = None,
    lai: FloatArray | None = None,
) -> CanopyForcing:
    """Weather of one cell under a cover.

    Parameters
    ----------
    rain_mm, eo_mm : array, shape (day,)
        Rain or melt, and potential evaporation [mm d-1].
    cover : Cover
        What grows.
    mean_degc : array, shape (day,), optional
        Mean temperature [degC]; without it (and without ``lai``) leaves are there all year.
    lai : array, shape (day,), optional
        Leaf area index [m2 m-2] without gaps; takes the place of the season and of
        ``cover_fraction``.

    Returns
    -------
    CanopyForcing
        Rain = rain through + interception + growth of what is held, each day, and every demand
        together is at most ``max(kc, 1)`` times potential evaporation.

    References
    ----------
    Beer's law for the split of demand (Ritchie 1972, doi:10.1029/WR008i005p01204); storage of
    leaves after Dickinson (1984).
    """
    if lai is not None:
        green = cover_of_lai(lai)
    else:
        season = (
            season_ramp(mean_degc, cover.grow_from_degc, cover.grow_full_degc)
            if mean_degc is not None
            else np.ones(rain_mm.size)
        )
        green = cover.cover_fraction * season
    out = np.empty((5, rain_mm.size))
    _fill_canopy(
        rain_mm,
        eo_mm,
        green,
        cover.kc,
        cover.leaf_storage_mm,
        cover.litter_storage_mm,
        (1.0 - cover.litter_cover) ** _LITTER_EXPONENT,
        out,
    )
    return CanopyForcing(*out)


def canopy_of_cells(
    rain_mm: FloatArray, eo_mm: FloatArray, day_start: IntArray, cover: Cover, **series: FloatArray
) -> CanopyForcing:
    """As ``canopy_forcing``, cell after cell; arrays are flat, shape (all days,)."""
    parts = []
    for at in range(day_start.size - 1):
        days = slice(int(day_start[at]), int(day_start[at + 1]))
        own = {name: values[days] for name, values in series.items()}
        parts.append(canopy_forcing(rain_mm[days], eo_mm[days], cover, **own))
    return CanopyForcing(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
