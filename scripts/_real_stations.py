"""The network of the real chain at real stations, beside the simulation of their own soil.

Each station is a point: one pixel's worth of land, laid out as a tile that is the same everywhere,
with the station's own weather. Its texture is the one that explains its first years, so nothing
from the years that count was used for it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import rasterio
import torch
from numpy.typing import NDArray

from rootzone._shared.arrays import FloatArray
from rootzone._shared.atomic import write_text
from rootzone._shared.skill import as_row, skill_of
from rootzone.covariates.weather.antecedent import antecedent_columns
from rootzone.hydraulics.soil_columns import uniform_first_rows
from rootzone.hydraulics.soils import soils_from_textures
from rootzone.learning.scene.features import LAND
from rootzone.learning.scene.weather_days import WeatherDays
from rootzone.networks.bundle import Bundle, load_bundle
from rootzone.stations.station_table import at_depth, read_stations

DEPTH_M = 0.20
_TILE_PX = 64
_BATCH = 32
_GRASS = 71.0  # NLCD's grassland, as at USCRN's sites; no land-cover file of these places is here
# Height above sea level, rounded to 50 m; the station files do not hold it.
HEIGHT_M = {
    "CO_Cortez_8_SE": 2450.0,
    "CO_Dinosaur_2_E": 1850.0,
    "CO_La_Junta_17_WSW": 1350.0,
    "CO_Montrose_11_ENE": 2550.0,
    "CO_Nunn_7_NNE": 1650.0,
}
_METHODS = {
    "network": "network, trained in Boulder County on simulated labels",
    "inverted": "simulation, soil from the station's first years",
    "loam": "simulation, one loam for all",
    "climatology": "climatology of the station's first years",
}


def write_station_skill(
    stations: Path, forcing: Path, inverted: Path, bundle: Path, koppen: Path
) -> str:
    """Score the network in the held-out years and write ``skill.md`` beside the station table.

    Parameters
    ----------
    stations, forcing : Path
        Station table and its gapless weather.
    inverted : Path
        Folder that ``rootzone invert`` wrote.
    bundle : Path
        The trained network.
    koppen : Path
        Raster of climate classes.

    Returns
    -------
    str
        The text of ``skill.md``.
    """
    network = load_bundle(bundle)
    found = pl.read_parquet(inverted / "inversions.parquet")
    observed = at_depth(read_stations(stations), DEPTH_M)
    weather = pl.read_parquet(forcing)
    rows = []
    for station in found.iter_rows(named=True):
        name = station["station"]
        own = station_weather(weather.filter(pl.col("cell_id") == name))
        at = read_stations(stations).filter(pl.col("station") == name).row(0, named=True)
        land = {**land_of(station), "elevation_m": HEIGHT_M[name],
                "climate_class": _class_at(koppen, at["lon"], at["lat"])}  # fmt: skip
        predicted = predict(network, land, own, station["held_out_years"])
        pairs = predicted.join(observed.filter(pl.col("station") == name), on="date").filter(
            pl.col("date").dt.year().is_in(station["held_out_years"])
        )
        skill = skill_of(pairs["predicted"].to_numpy(), pairs["theta"].to_numpy())
        rows.append({"station": name, "soil": "network", **as_row(skill)})
    scores = pl.read_parquet(inverted / "scores.parquet").filter(
        pl.col("years") == "held_out",
        pl.col("season") == "all",
        pl.col("nominal_depth_m") == DEPTH_M,
    )
    table = pl.concat([pl.DataFrame(rows), scores], how="diagonal_relaxed")
    text = _as_markdown(table)
    write_text(stations.with_name("skill.md"), text)
    return text


def station_weather(table: pl.DataFrame) -> pl.DataFrame:
    """The network's weather columns of one station, as cell 0."""
    table = table.sort("date")
    rain, pet = (table[name].to_numpy() for name in ("rain_mm", "eo_mm"))
    sums = antecedent_columns(rain[:, None], pet[:, None])
    return table.select(
        pl.lit(0).alias("cell_id"),
        pl.col("date"),
        pl.col("rain_mm"),
        ((pl.col("tmax_degc") + pl.col("tmin_degc")) / 2).alias("tmean_degc"),
        pl.col("vpd_kpa").interpolate().fill_null(strategy="backward"),
        pl.col("eo_mm").alias("pet_mm"),
        *(pl.Series(name, values[:, 0]) for name, values in sums.items()),
    )


def land_of(station: dict[str, float]) -> dict[str, float]:
    """Land bands of a station: level, grass, with the texture that explains its first years."""
    texture = {f"{name}_pct": station[f"{name}_pct_zone_1"] for name in ("sand", "silt", "clay")}
    return {**texture, "slope_deg": 0.0, "aspect_deg": float("nan"), "land_cover": _GRASS}


def predict(
    network: Bundle, land: dict[str, float], weather: pl.DataFrame, years: list[int]
) -> pl.DataFrame:
    """Water content on every day of some years that has all channels: date, predicted."""
    spec = network.spec
    days = WeatherDays.from_frame(weather, spec)
    of_year = days.dates.astype("datetime64[Y]").astype(int) + 1970
    keep = np.flatnonzero(days.usable & np.isin(of_year, years))
    dynamic = days.values[keep, 0]
    static = spec.scaled_land({name: np.array([value]) for name, value in land.items()})[:, 0]
    columns = np.empty((len(keep), len(spec)), dtype=np.float32)
    columns[:, spec.of_origin(LAND)] = static
    columns[:, spec.dynamic] = dynamic
    soil = soil_of(land)
    middle = _TILE_PX // 2
    out = []
    for part in np.array_split(columns, max(1, len(keep) // _BATCH)):
        x = torch.from_numpy(part)[:, :, None, None].expand(-1, -1, _TILE_PX, _TILE_PX)
        told = network.predict(x.contiguous(), soil.expand(len(part), -1, -1, _TILE_PX, _TILE_PX))
        out.append(told.theta[:, 0, middle, middle].numpy())
    dates = days.dates[keep]
    return pl.DataFrame({"date": dates, "predicted": np.concatenate(out).astype(float)})


def soil_of(land: dict[str, float]) -> torch.Tensor:
    """theta_r, theta_s, alpha and n of a texture, shape (1, 1, 4, 1, 1)."""
    sand, silt, clay = (np.array([float(land[f"{n}_pct"])]) for n in ("sand", "silt", "clay"))
    soils = soils_from_textures(sand, silt, clay, uniform_first_rows(1, 1))
    values: NDArray[np.float32] = np.array(
        [soils[name][0] for name in ("theta_r", "theta_s", "alpha_per_cm", "n")], dtype=np.float32
    )
    return torch.from_numpy(values).view(1, 1, 4, 1, 1)


def _class_at(koppen: Path, lon: float, lat: float) -> float:
    with rasterio.open(koppen) as file:
        return float(next(file.sample([(lon, lat)]))[0])


def _as_markdown(table: pl.DataFrame) -> str:
    lines = [
        "# Skill at five real stations, 20 cm, years not used for their soil",
        "",
        "| station | method | days | R | ubRMSE | bias | MAE |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in sorted(set(table["station"])):
        for method, words in _METHODS.items():
            rows = table.filter(pl.col("station") == name, pl.col("soil") == method)
            if rows.height:
                lines.append(f"| {name} | {words} | {_numbers(rows.row(0, named=True))} |")
    lines += [
        "",
        "| all: median | days | R | ubRMSE | abs. bias | MAE |",
        "|---|---|---|---|---|---|",
    ]
    best: list[tuple[float, str]] = []
    for method, words in _METHODS.items():
        rows = table.filter(pl.col("soil") == method).with_columns(pl.col("bias").abs())
        median = rows.select(pl.col("n").sum(), pl.col("r", "ubrmse", "bias", "mae").median())
        lines.append(f"| {words} | {_numbers(median.row(0, named=True))} |")
        middle, low, high = (float(v) for v in (median["mae"][0], *_ends(rows["mae"])))
        best.append((middle, f"{words} {middle:.3f} ({low:.3f} to {high:.3f} at the stations)"))
    first, second = (words for _, words in sorted(best)[:2])
    told = f"Smallest median MAE: {first}; next {second}. So few stations tell methods apart only "
    lines += ["", told + "where these ranges do not overlap.", ""]
    return "\n".join(lines)


def _ends(values: pl.Series) -> tuple[float, float]:
    known = values.drop_nulls().to_numpy()
    return float(known.min()), float(known.max())


def _numbers(row: dict[str, FloatArray | float]) -> str:
    figures = " | ".join(f"{row[name]:.3f}" for name in ("r", "ubrmse", "bias", "mae"))
    return f"{row['n']:.0f} | {figures}"
