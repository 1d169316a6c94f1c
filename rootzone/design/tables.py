"""The tables a design hands on: sites, reserves and strata."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.arrays import AnyArray, IntArray
from rootzone._shared.tables import SITES, Column, Schema
from rootzone.design.classes import codes_of_stratum, stratum_label, stratum_title
from rootzone.design.features import STORED, Moments, cell_ids, values_of
from rootzone.design.plan import Plan
from rootzone.design.run_draw import Draw
from rootzone.design.run_survey import Survey

# A site's number is its year and its pixel: the same place has the same number in every campaign
# on the same grid. Sixteen digits stay exact in JSON and in float64.
_YEAR = 1_000_000_000_000

_EXTRA = (
    Column("rank", "int", "-", "place in the queue of its stratum, 1 first"),
    Column("block", "int", "-", "block of its stratum in which it was picked"),
    Column("land_cover", "int", "-", "land-cover code"),
    Column("climate_class", "text", "-", "climate class"),
    Column("sand_pct", "float", "%", "sand of the layer the design looked at"),
    Column("silt_pct", "float", "%", "silt of the layer the design looked at"),
    Column("clay_pct", "float", "%", "clay of the layer the design looked at"),
    Column("elevation_m", "float", "m", "elevation"),
    Column("weather_row", "int", "-", "row of the weather cell, 0 in the north"),
    Column("weather_col", "int", "-", "column of the weather cell, 0 in the west"),
)
DRAWN = Schema("sites", SITES.columns + _EXTRA[1:])
RESERVES = Schema("reserves", SITES.columns + _EXTRA)
STRATA = Schema(
    "strata",
    (
        Column("year", "int", "-", "campaign year"),
        Column("stratum", "text", "-", "land cover x climate stratum"),
        Column("title", "text", "-", "its name in words"),
        Column("land_cover", "int", "-", "land-cover code"),
        Column("climate_class", "text", "-", "climate class"),
        Column("pixels", "int", "pixel", "candidates"),
        Column("sites", "int", "-", "sites drawn"),
        Column("reserves", "int", "-", "stand-ins"),
        Column("picked_by", "text", "-", "clusters, random choice or all"),
        Column("weight_sum", "float", "pixel", "sum of the weights, equal to its pixels"),
        Column("weight_min", "float", "pixel", "smallest weight"),
        Column("weight_max", "float", "pixel", "largest weight"),
        Column("sand_pct", "float", "%", "mean sand of its candidates"),
        Column("silt_pct", "float", "%", "mean silt of its candidates"),
        Column("clay_pct", "float", "%", "mean clay of its candidates"),
        Column("elevation_m", "float", "m", "mean elevation of its candidates"),
    ),
)


def site_numbers(year: int, pixel: AnyArray) -> IntArray:
    """Numbers of sites: year times 10^12 plus pixel.

    Examples
    --------
    >>> site_numbers(2023, np.array([42])).tolist()
    [2023000000000042]
    """
    return np.asarray(year * _YEAR + pixel.astype(np.int64))


def site_table(survey: Survey, draw: Draw, year: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Sites and reserves of one year, each ordered by its place on the grid.

    Returns
    -------
    sites, reserves : DataFrame
        Columns of `DRAWN` and `RESERVES`.
    """
    grid, rules = survey.grid, survey.rules
    pixel = draw.records["pixel"].astype(np.int64)
    row, col = np.divmod(pixel, grid.width)
    x_m, y_m = grid.xy_m(row, col)
    lon, lat = grid.lon_lat(row, col)
    cover, zone = draw.stratum >> 8, draw.stratum & 255
    values = values_of(draw.records["q"])
    labels = _labels(draw.stratum, survey)
    zones = np.array([rules.climate.labels.get(code, "") for code in range(256)], dtype=object)
    frame = pl.DataFrame(
        {
            "site_id": site_numbers(year, pixel),
            "year": np.full(len(pixel), year, dtype=np.int32),
            "row": row.astype(np.int32),
            "col": col.astype(np.int32),
            "x_m": x_m,
            "y_m": y_m,
            "lon": lon,
            "lat": lat,
            "cell_id": cell_ids(draw.records["q"], rules.weather.cols),
            "stratum": pl.Series(labels.tolist(), dtype=pl.String),
            "weight": draw.weight,
            "rank": draw.rank,
            "block": draw.block.astype(np.int32),
            "land_cover": cover.astype(np.int32),
            "climate_class": pl.Series(zones[zone].tolist(), dtype=pl.String),
            **{name: values[name] for name in ("sand_pct", "silt_pct", "clay_pct", "elevation_m")},
            **{name: values[name].astype(np.int32) for name in ("weather_row", "weather_col")},
        }
    ).sort("site_id")
    sites = frame.filter(pl.col("rank") == 0).drop("rank")
    return sites, frame.filter(pl.col("rank") > 0)


def _labels(stratum: IntArray, survey: Survey) -> AnyArray:
    codes, index = np.unique(stratum, return_inverse=True)
    rules = survey.rules
    names = [stratum_label(int(code), rules.land_cover, rules.climate) for code in codes]
    return np.array(names, dtype=object)[index]


def strata_table(survey: Survey, plan: Plan, draw: Draw, year: int) -> pl.DataFrame:
    """One row per stratum, largest first: pixels, sites, weights and mean covariates."""
    rows = []
    for s, code in enumerate(plan.codes.tolist()):
        weight = draw.weight[(draw.stratum == code) & (draw.rank == 0)]
        row = _stratum_row(code, survey)
        rows.append(
            {
                "year": year,
                **{name: row[name] for name in ("stratum", "title", "land_cover", "climate_class")},
                "pixels": int(plan.pixels[s]),
                "sites": int(plan.sites[s]),
                "reserves": int(plan.reserves[s]),
                "picked_by": _picked_by(plan, s),
                "weight_sum": float(weight.sum()),
                "weight_min": float(weight.min(initial=np.inf)) if weight.size else 0.0,
                "weight_max": float(weight.max(initial=0.0)),
                **_means(survey.strata[code]),
            }
        )
    order = pl.DataFrame(rows)
    return order.sort(["pixels", "stratum"], descending=[True, False])


def _stratum_row(code: int, survey: Survey) -> dict[str, Any]:
    cover, zone = codes_of_stratum(code)
    tables = survey.rules.land_cover, survey.rules.climate
    return {
        "stratum": stratum_label(code, *tables),
        "title": stratum_title(code, *tables),
        "land_cover": cover,
        "climate_class": tables[1].labels[zone],
    }


def _picked_by(plan: Plan, s: int) -> str:
    if plan.clustered[s]:
        return "clusters"
    return "all" if plan.sites[s] == plan.pixels[s] else "random choice"


def _means(moments: Moments) -> dict[str, float]:
    means: Sequence[float] = moments.mean().tolist()
    return {f.name: f.offset + f.step * means[i] for i, f in enumerate(STORED[:4])}
