"""What the second polarisation says of a place over many looks, without a station.

SCA-V uses vertical brightness alone. Where roughness, albedo and canopy are those of the class
table, the water it finds explains horizontal brightness too; where they are not, it misses by
something that stays at the place. A mean over looks has little noise left (2 K a look, 0.2 K over a
hundred), and how the miss changes with water tells roughness, which matters on wet ground, from a
canopy. Both are what satellites said, so a network that reads them learns nothing of stations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from rootzone._shared.arrays import AnyArray, FloatArray
from rootzone._shared.units import FREEZING_K
from rootzone.surface.physics.dielectric import mironov2009_constants
from rootzone.surface.physics.emission import brightness, cosine
from rootzone.surface.physics.retrieve import Scene, porosity_from_bulk_density, retrieve_scav

SECOND: Final = ("miss_k", "miss_slope_k")
"""Columns: mean miss of horizontal brightness [K], and its slope with water [K a m3 m-3]."""
LEAST_LOOKS: Final = 20
"""Looks without which nothing is said of a place."""


def miss_of_looks(columns: Mapping[str, AnyArray]) -> tuple[FloatArray, FloatArray]:
    """SCA-V of cells, and horizontal brightness that it expects minus the one seen.

    Parameters
    ----------
    columns : mapping
        As `channels.channels_of` takes them, for cells of any shape.

    Returns
    -------
    theta : array
        Water content [m3 m-3]; NaN where frozen, at a limit, or an input is missing.
    miss_k : array
        Expected minus seen [K]; NaN at the same places.
    """
    read = {name: np.asarray(values, np.float64) for name, values in columns.items()}
    tau = read["b0"] * read["vwc_kg_m2"]
    scene = Scene(
        read["teff_k"], read["clay_pct"], read["h0"], read["omega0"], tau, read["incidence_deg"],
        porosity_from_bulk_density(read["bulk_density_g_cm3"]),
    )  # fmt: skip
    found = retrieve_scav(read["tb_v"], scene)
    expected, _ = brightness(
        found.theta, mironov2009_constants(read["clay_pct"]), read["teff_k"], read["h0"],
        read["omega0"], tau, cosine(read["incidence_deg"]),
    )  # fmt: skip
    usable = (read["teff_k"] >= FREEZING_K) & ~found.at_bound
    miss = np.where(usable, expected - read["tb_h"], np.nan)
    return np.where(np.isfinite(miss), found.theta, np.nan), np.asarray(miss)


def over_looks(theta: FloatArray, miss_k: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean miss of a place [K], and its slope with water content [K a m3 m-3].

    Parameters
    ----------
    theta, miss_k : array, shape (look, ...)
        Of `miss_of_looks` [m3 m-3] and [K].

    Returns
    -------
    mean_k, slope : array, shape (...)
        NaN where fewer than `LEAST_LOOKS` looks count.

    Examples
    --------
    A miss of 1 K at .1 and 3 K at .2 m3 m-3, ten times each:

    >>> theta, miss = np.tile([0.1, 0.2], 10), np.tile([1.0, 3.0], 10)
    >>> [round(float(v), 6) for v in over_looks(theta, miss)]
    [2.0, 20.0]
    """
    known = np.isfinite(theta) & np.isfinite(miss_k)
    n = known.sum(axis=0)
    enough = n >= LEAST_LOOKS

    def mean(values: FloatArray) -> FloatArray:
        total = np.where(known, values, 0.0).sum(axis=0)
        return np.asarray(np.divide(total, n, out=np.full(n.shape, np.nan), where=enough))

    off = np.where(known, theta - mean(theta), 0.0)
    spread = (off**2).sum(axis=0)
    told = np.where(known, off * miss_k, 0.0).sum(axis=0)
    slope = np.divide(told, spread, out=np.full(n.shape, np.nan), where=enough & (spread > 0.0))
    return mean(miss_k), np.asarray(slope)
