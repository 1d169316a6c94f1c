"""What stands beside a pixel of a map: its weather, the nearest simulated site, a station."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone.report.map_layers import packed

if TYPE_CHECKING:
    import polars as pl

    from rootzone.report.read_inputs import ReportInputs

_MOST_SITES = 60
_MOST_STATIONS = 40
_MOST_CELLS = 64
_MOST_DAYS = 1100
_SCALE = 1000  # water contents as whole thousandths


def weather_of(inputs: ReportInputs, shape: tuple[int, int], days: list[date]) -> dict[str, Any]:
    """Daily weather of the cells of the region, and which cell each pixel lies in.

    Rain and demand are in whole tenths of a mm. Of a region of many cells every n-th row and column
    of cells is kept, and a pixel shows the nearest of them.

    Parameters
    ----------
    inputs : ReportInputs
        The campaign.
    shape : (int, int)
        Rows and columns of the small map.
    days : list of date
        Days to show.
    """
    import polars as pl

    if not inputs.weather_files or not days:
        return {}
    code = _cells_of_pixels(inputs, shape)
    wanted = np.unique(code)
    demand = _demand_column(inputs)
    columns = ["cell_id", "date", "rain_mm", *([demand] if demand else [])]
    frame = inputs.weather(columns).filter(
        pl.col("cell_id").is_in(wanted.tolist()), pl.col("date").is_between(days[0], days[-1])
    ).collect()  # fmt: skip
    kept = sorted(frame["cell_id"].unique().to_list())[:_MOST_CELLS]
    if not kept:
        return {}
    index = np.full(code.shape, 255, dtype=np.uint8)
    for i, cell in enumerate(kept):
        index[code == cell] = i
    series = {name: _by_place(frame, "cell_id", kept, days, name, 10) for name in columns[2:]}
    return {
        "cells": packed(index),
        "rain": series["rain_mm"],
        "demand": series[demand] if demand else [],
    }


def _cells_of_pixels(inputs: ReportInputs, shape: tuple[int, int]) -> AnyArray:
    """Cell of each pixel of the small map."""
    height, width = inputs.grid.shape
    row = (np.arange(shape[0]) + 0.5) * height / shape[0] - 0.5
    col = (np.arange(shape[1]) + 0.5) * width / shape[1] - 0.5
    rows, cols = np.meshgrid(row, col, indexing="ij")
    return inputs.weather_grid.id_at(*inputs.grid.lon_lat(rows, cols))


def _demand_column(inputs: ReportInputs) -> str:
    import polars as pl

    names = pl.read_parquet_schema(inputs.weather_files[0])
    return next((name for name in ("pet_mm", "eo_mm") if name in names), "")


def _by_place(
    frame: pl.DataFrame, place: str, places: list[Any], days: list[date], value: str, scale: int
) -> list[list[int | None]]:
    """Whole numbers by place and day, None where there is none."""
    import polars as pl

    asked = pl.DataFrame({place: places}, schema={place: frame.schema[place]}).join(
        pl.DataFrame({"date": days}, schema={"date": pl.Date}), how="cross"
    )
    one = frame.group_by(place, "date").agg(pl.col(value).mean())
    joined = asked.join(one, on=[place, "date"], how="left", maintain_order="left")
    whole = (joined[value].cast(pl.Float64).fill_nan(None) * scale).round().cast(pl.Int64)
    flat = whole.to_list()
    return [flat[i : i + len(days)] for i in range(0, len(flat), len(days))]


def sites_of(inputs: ReportInputs, days: list[date], mapped: list[date]) -> dict[str, Any]:
    """Simulated sites: place, daily water content at the label depth, profile on mapped days."""
    import polars as pl

    if inputs.sites is None or inputs.labels is None or not days:
        return {}
    thickness = inputs.campaign.profile.thickness_mm
    chosen = _spread_sites(inputs)
    if not chosen.height:
        return {}
    names = chosen["site_id"].to_list()
    near = (pl.col("depth_mm") - inputs.depth_mm).abs() < 1e-3
    labels = inputs.labels.filter(near, pl.col("site_id").is_in(names)).select(
        "site_id", "date", "theta"
    )
    series = _by_place(labels.collect(), "site_id", names, days, "theta", _SCALE)
    profiles = inputs.days_of(names, mapped)
    found = {
        (site, day): [round(_SCALE * v) for v in theta]
        for site, day, theta in profiles.iter_rows()
        if len(theta) == len(thickness)
    }
    titles = {
        row["stratum"]: row["title"].replace(" | ", "; ")
        for year in inputs.balance for row in year["by_stratum"]
    }  # fmt: skip
    places = [
        {"name": f"site {site}", "row": row, "col": col, "note": titles.get(stratum, stratum),
         "theta": series[i], "profile": [found.get((site, day)) for day in mapped]}
        for i, (site, row, col, stratum) in enumerate(
            chosen.select("site_id", "row", "col", "stratum").iter_rows()
        )
    ]  # fmt: skip
    edges = np.concatenate([[0.0], np.cumsum(thickness)]) / 10.0
    return {"places": places, "edges_cm": edges.tolist(), "all": inputs.sites.height}


def _spread_sites(inputs: ReportInputs) -> pl.DataFrame:
    """Finished sites spread over the map: the first of each square of a coarse net, then more."""
    import polars as pl

    assert inputs.sites is not None  # noqa: S101 - asked before
    done = inputs.finished_sites()
    sites = inputs.sites.join(done, on="site_id", how="semi").sort("site_id")
    side = max(inputs.grid.shape) / np.sqrt(_MOST_SITES)
    square = (pl.col("row") / side).floor() * 1000 + (pl.col("col") / side).floor()
    ranked = sites.with_columns(square.alias("square")).with_columns(
        pl.int_range(pl.len()).over("square").alias("turn")
    )
    return ranked.sort("turn", "site_id").head(_MOST_SITES).drop("square", "turn")


def stations_of(inputs: ReportInputs, days: list[date]) -> list[dict[str, Any]]:
    """Stations on the grid with their daily values at the label depth."""
    values = inputs.station_values
    if values is None or not values.height or not days:
        return []
    keyed = values.with_columns(_station_name())
    heads = keyed.unique("name", keep="first", maintain_order=True).head(_MOST_STATIONS)
    names = heads["name"].to_list()
    series = _by_place(keyed, "name", names, days, "theta", _SCALE)
    return [
        {"name": name, "row": row, "col": col, "theta": series[i]}
        for i, (name, row, col) in enumerate(heads.select("name", "row", "col").iter_rows())
    ]


def _station_name() -> pl.Expr:
    import polars as pl

    return pl.concat_str("network", "station", separator=" ").alias("name")


def shown_days(years: tuple[int, ...], mapped: list[date]) -> list[date]:
    """Every day of the years that have a map; of many years the last three.

    Examples
    --------
    >>> days = shown_days((2022, 2023), [date(2023, 7, 15)])
    >>> days[0].isoformat(), len(days)
    ('2023-01-01', 365)
    """
    wanted = sorted({day.year for day in mapped} & set(years)) or sorted(years)
    first, last = date(wanted[0], 1, 1), date(wanted[-1], 12, 31)
    days = [date.fromordinal(n) for n in range(first.toordinal(), last.toordinal() + 1)]
    return days[-_MOST_DAYS:]
