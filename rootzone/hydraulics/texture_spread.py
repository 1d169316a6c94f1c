"""What the quantiles of a mapped soil product leave open in the water a soil holds.

A product such as SoilGrids gives, beside the mean of a fraction, what 5 % and 95 % of its
predictions lie below. Taken as a normal distribution that is a standard deviation; it is carried
through the pedotransfer function to first order, and into simulations by four moved textures.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np

from rootzone._shared.arrays import FloatArray
from rootzone._shared.tables import Column, Schema
from rootzone.campaign.model import MOVED_TEXTURES
from rootzone.hydraulics.pedotransfer import PEDOTRANSFERS
from rootzone.hydraulics.texture import close_textures
from rootzone.hydraulics.van_genuchten import theta_from_psi

if TYPE_CHECKING:
    import polars as pl

    from rootzone.campaign.model import Soil
    from rootzone.covariates.layers.source import Source

FROM_5_TO_95: Final = 3.2897072539029444
"""Standard deviations of a normal distribution between its 5 and 95 % quantiles, 2 x 1.644854."""
FRACTIONS: Final = ("sand", "clay")

SPREAD: Final = Schema(
    "soils_spread",
    (
        Column("site_id", "id", "-", "site"),
        Column("top_mm", "float", "mm", "depth of the mapped layer's top"),
        Column("bottom_mm", "float", "mm", "depth of the mapped layer's bottom"),
        Column("sand_sd_pct", "float", "%", "standard deviation of sand"),
        Column("clay_sd_pct", "float", "%", "standard deviation of clay"),
        Column("dul_sd", "float", "m3 m-3", "that of the drained upper limit"),
        Column("ll15_sd", "float", "m3 m-3", "that of the lower limit"),
        Column("log10_ks_sd", "float", "-", "that of log10 of saturated conductivity"),
    ),
)


def has_quantiles(source: Source) -> bool:
    """Whether a soil product has quantiles of sand and clay."""
    wanted = {f"{name}_{quantile}" for name in FRACTIONS for quantile in ("q05", "q95")}
    return wanted <= set(source.variables)


def deviation(q05: FloatArray, q95: FloatArray) -> FloatArray:
    """Standard deviation of a normal distribution with these 5 and 95 % quantiles.

    Examples
    --------
    >>> float(deviation(np.array(20.0), np.array(52.897)).round(2))
    10.0
    """
    return np.maximum(np.asarray(q95, np.float64) - q05, 0.0) / FROM_5_TO_95


def spread_of_layers(
    layers: Mapping[str, FloatArray], sd_pct: Mapping[str, FloatArray], limits: Soil
) -> dict[str, FloatArray]:
    """Standard deviations of DUL, LL15 and log10 Ks that those of texture bring about.

    Parameters
    ----------
    layers : mapping of str to array, shape (row,)
        ``sand_pct, silt_pct, clay_pct, top_mm, bottom_mm`` and what the function needs beside.
    sd_pct : mapping of str to array, shape (row,)
        Standard deviation [%] of ``sand`` and ``clay``.
    limits : campaign.model.Soil
        Suctions of the limits, and the pedotransfer function.

    Returns
    -------
    dict of str to array, shape (row,)
        ``dul_sd``, ``ll15_sd`` [m3 m-3] and ``log10_ks_sd`` [-]; NaN where the function gives none.

    Notes
    -----
    First order, by differences one standard deviation to either side: the variance is the sum of
    ``(f(x + sd) - f(x - sd))^2 / 4`` over sand and clay, whose errors are taken as independent
    while silt closes the sum. Textures beyond the triangle are moved to its edge. What the function
    itself leaves open, which is often more, is not in it.
    """
    base = {name: np.asarray(values, np.float64) for name, values in layers.items()}
    rows = base["sand_pct"].shape
    variance: dict[str, FloatArray] = {
        name: np.zeros(rows) for name in ("dul_sd", "ll15_sd", "log10_ks_sd")
    }
    for moved in FRACTIONS:
        ends = [_limits(base, moved, sign * sd_pct[moved], limits) for sign in (1.0, -1.0)]
        for name in variance:
            variance[name] = variance[name] + ((ends[0][name] - ends[1][name]) / 2.0) ** 2
    return {name: np.sqrt(value) for name, value in variance.items()}


def _limits(
    layers: dict[str, FloatArray], moved: str, by_pct: FloatArray, limits: Soil
) -> dict[str, FloatArray]:
    """DUL, LL15 and log10 Ks where one fraction is moved."""
    texture = moved_texture(layers, moved, by_pct)
    fraction = texture["sand_pct"]
    found = close_textures(fraction, texture["silt_pct"], texture["clay_pct"], tolerance_pct=10.0)
    known = layers | {
        "sand_pct": found.sand_pct, "silt_pct": found.silt_pct, "clay_pct": found.clay_pct,
    }  # fmt: skip
    ptf = limits.ptf if limits.ptf in PEDOTRANSFERS else "rosetta3"
    theta_r, theta_s, alpha, n, ks = PEDOTRANSFERS[ptf].predict(known)
    dul = np.full(fraction.shape, -limits.dul_suction_cm)
    ll15 = np.full(fraction.shape, -limits.ll15_suction_cm)
    with np.errstate(invalid="ignore", divide="ignore"):
        return {
            "dul_sd": theta_from_psi(dul, theta_r, theta_s, alpha, n),
            "ll15_sd": theta_from_psi(ll15, theta_r, theta_s, alpha, n),
            "log10_ks_sd": np.log10(ks),
        }


def moved_texture(
    layers: Mapping[str, FloatArray], moved: str, by_pct: FloatArray
) -> dict[str, FloatArray]:
    """Sand, silt and clay where sand or clay is moved and silt closes the sum.

    Parameters
    ----------
    layers : mapping of str to array, shape (row,)
        ``sand_pct`` and ``clay_pct`` [%].
    moved : str
        ``sand`` or ``clay``.
    by_pct : array, shape (row,)
        How far [%]; textures beyond the triangle are moved to its edge.

    Examples
    --------
    >>> loam = {"sand_pct": np.array([40.0]), "clay_pct": np.array([20.0])}
    >>> {k: float(v[0]) for k, v in moved_texture(loam, "sand", np.array([10.0])).items()}
    {'sand_pct': 50.0, 'silt_pct': 30.0, 'clay_pct': 20.0}
    """
    other = next(name for name in FRACTIONS if name != moved)
    fraction = np.clip(layers[f"{moved}_pct"] + by_pct, 0.0, 100.0)
    rest = np.minimum(layers[f"{other}_pct"], 100.0 - fraction)
    texture = {f"{moved}_pct": fraction, f"{other}_pct": rest}
    silt = 100.0 - fraction - rest
    return {"sand_pct": texture["sand_pct"], "silt_pct": silt, "clay_pct": texture["clay_pct"]}


def moved_layers(
    layers: pl.DataFrame, quantiles: pl.DataFrame, tolerance_pct: float
) -> dict[str, pl.DataFrame]:
    """Layers of the sites with their textures moved, by the names of ``MOVED_TEXTURES``.

    Parameters
    ----------
    layers : DataFrame
        Sampled layers of the sites.
    quantiles : DataFrame
        As in `spread_table`.
    tolerance_pct : float
        Distance of a sum from 100 % that is closed before it is moved; others stay as they are,
        to be refused as the site's own are.

    Notes
    -----
    Sand lies ``sqrt(2)`` standard deviations lower and higher, then clay, with silt closing the
    sum. These are sigma points (Julier and Uhlmann 1997): with the site's own texture they have the
    variance of two independent normal errors, ``(2 s^2 + 2 s^2) / 4`` each with the divisor of five
    values, so what is linear in them has exactly its variance. A site's layers move together: its
    errors are taken as one through the profile, which is the wider case.
    """
    import polars as pl

    closed = close_textures(
        *(layers[f"{name}_pct"].to_numpy().astype(float) for name in ("sand", "silt", "clay")),
        tolerance_pct=tolerance_pct,
    )
    usable = closed.refusal == 0
    own = {"sand_pct": closed.sand_pct, "clay_pct": closed.clay_pct}
    out = {}
    for name in MOVED_TEXTURES:
        moved, _, side = name.partition("_")
        ends = [quantiles[f"{moved}_{end}"].to_numpy() for end in ("q05", "q95")]
        by = np.sqrt(2.0) * deviation(*ends) * (1.0 if side == "high" else -1.0)
        texture = moved_texture(own, moved, by)
        out[name] = layers.with_columns(
            pl.Series(column, np.where(usable, values, layers[column].to_numpy()))
            for column, values in texture.items()
        )
    return out


def spread_table(layers: pl.DataFrame, quantiles: pl.DataFrame, limits: Soil) -> pl.DataFrame:
    """The table of spreads, a row for each sampled layer.

    Parameters
    ----------
    layers : DataFrame
        Sampled layers of the sites.
    quantiles : DataFrame
        Columns ``sand_q05, sand_q95, clay_q05, clay_q95`` [%], row by row the same.
    limits : campaign.model.Soil
        As in `spread_of_layers`.
    """
    import polars as pl

    sd = {
        name: deviation(quantiles[f"{name}_q05"].to_numpy(), quantiles[f"{name}_q95"].to_numpy())
        for name in FRACTIONS
    }
    known = {name: layers[name].to_numpy() for name in layers.columns if name not in _KEYS}
    if "log10_om_pct" in known:
        known["om_pct"] = 10.0 ** known["log10_om_pct"]
    out = spread_of_layers(known, sd, limits)
    return layers.select("site_id", "top_mm", "bottom_mm").with_columns(
        pl.Series("sand_sd_pct", sd["sand"]),
        pl.Series("clay_sd_pct", sd["clay"]),
        *(pl.Series(name, values) for name, values in out.items()),
    )


_KEYS = ("site_id", "cell_id")
