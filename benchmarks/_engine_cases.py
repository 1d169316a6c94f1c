"""Soils and weather that the engine benchmarks share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
from fine_richards import s1_weather

from rootzone.campaign.model import Soil
from rootzone.covariates.weather.apsim_eo import apsim_mm
from rootzone.engines.protocol import SiteBatch, WeatherBatch
from rootzone.engines.swim.read_settings import settings_from_mapping
from rootzone.engines.swim.settings import SwimSettings
from rootzone.hydraulics.soils import soils_from_textures

SHARED = Path(__file__).resolve().parents[2] / "shared"

# The campaign's 12 layers [mm], those of the reference runs.
CAMPAIGN_MM = np.array([50, 50, 50, 50, 100, 100, 100, 200, 200, 200, 200, 200], dtype=float)

# Sand and silt [%] of one soil in the middle of each USDA class (reference/swim3/soils.json).
USDA_TEXTURES = {
    "sand": (92, 5),
    "loamy sand": (82, 12),
    "sandy loam": (65, 25),
    "loam": (40, 40),
    "silt loam": (20, 65),
    "silt": (7, 86),
    "sandy clay loam": (60, 13),
    "clay loam": (32, 34),
    "silty clay loam": (10, 56),
    "sandy clay": (52, 6),
    "silty clay": (6, 47),
    "clay": (20, 20),
}
PAIRS = (
    ("van_genuchten", "converged"),
    ("swim3", "converged"),
    ("swim3", "apsim"),
    ("van_genuchten", "apsim"),
)
CLIMATES = ("semiarid_plains", "montane_spring", "humid", "monsoon", "drought_and_storms")


def whole_triangle() -> tuple[np.ndarray, np.ndarray]:
    """Sand and silt [%] of all 5,151 integer textures."""
    sand, silt = np.meshgrid(np.arange(101), np.arange(101), indexing="ij")
    inside = sand + silt <= 100
    return sand[inside].astype(float), silt[inside].astype(float)


def seeded_climate(name: str, n_day: int = 731) -> np.ndarray:
    """Rain and potential evaporation [mm d-1] of a made-up climate, shape (n_day, 2).

    Two-state Markov rain with gamma amounts and a sinusoidal demand; the last climate is 360 days
    without rain, then a year with a day of 150 mm every third week, two of them in pairs.
    """
    wet_share, amount_mm, season, demand_mm = {
        "semiarid_plains": (0.18, 5.0, 0.5, 4.0),
        "montane_spring": (0.35, 5.0, -0.3, 2.5),
        "humid": (0.33, 10.0, 0.1, 3.0),
        "monsoon": (0.35, 18.0, 0.9, 4.5),
        "drought_and_storms": (0.2, 5.0, 0.5, 6.0),
    }[name]
    rng = np.random.default_rng([*name.encode()])
    out = np.zeros((n_day, 2))
    wave = np.sin(2.0 * np.pi * (np.arange(n_day) - 105) / 365.0)
    wet = rng.random(n_day) < wet_share * (1.0 + season * wave)
    out[:, 0] = np.where(wet, rng.gamma(0.65, amount_mm / 0.65, n_day), 0.0)
    out[:, 1] = demand_mm * (1.0 + 0.75 * wave) * rng.gamma(12.0, 1 / 12.0, n_day)
    if name == "drought_and_storms":
        out[:360, 0] = 0.0
        out[360::21, 0] = 150.0
        out[[381, 382, 402, 403], 0] = 150.0
    return out


def climate(name: str) -> np.ndarray:
    """Rain and potential evaporation [mm d-1]: the reference weather, or our own without it."""
    reference = SHARED / "reference" / "swim3" / "weather.parquet"
    if name == "drought_and_storms" or not reference.exists():
        return seeded_climate(name)
    rows = pl.read_parquet(reference).filter(pl.col("weather") == name).sort("date")
    return rows.select("rain", "eo").to_numpy()


def weather_batch(cells: list[np.ndarray], names: list[str]) -> WeatherBatch:
    """Cells of rain and potential evaporation as the engine takes them."""
    table = np.concatenate(cells)
    start = np.concatenate(([0], np.cumsum([len(cell) for cell in cells])))
    columns = {
        "rain_mm": np.ascontiguousarray(table[:, 0]),
        "eo_mm": np.ascontiguousarray(table[:, 1]),
    }
    first_day = np.full(len(cells), 17_897)  # 2019-01-01
    return WeatherBatch(np.array(names, dtype=object), start, first_day, columns)


def sites(
    sand_pct: np.ndarray,
    silt_pct: np.ndarray,
    weather: WeatherBatch,
    thickness_mm: np.ndarray = CAMPAIGN_MM,
    limits: Soil | None = None,
) -> SiteBatch:
    """Every texture in every cell, the same in all layers, half-way between LL15 and DUL."""
    n_soil, n_layer = len(sand_pct), len(thickness_mm)
    clay_pct = 100.0 - sand_pct - silt_pct
    soils = soils_from_textures(sand_pct, silt_pct, clay_pct, np.arange(n_soil + 1), limits=limits)
    if not soils.usable.all():
        raise ValueError(f"{(~soils.usable).sum()} textures are refused by the soil guards")
    names = ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d")
    names += ("ll15", "dul", "sat", "kdul_mm_d", "theta_initial")
    n_cell = len(weather.cell_ids)
    n_site = n_soil * n_cell
    soil = {name: np.tile(np.repeat(soils[name], n_layer), n_cell) for name in names}
    soil["psidul_cm"] = np.full(n_site * n_layer, soils.psidul_cm)
    soil["thickness_mm"] = np.tile(thickness_mm, n_site)
    start = n_layer * np.arange(n_site + 1)
    return SiteBatch(np.arange(n_site), start, soil, np.repeat(np.arange(n_cell), n_soil), weather)


def usda_sites(weather: WeatherBatch) -> SiteBatch:
    """The twelve USDA textures in every cell."""
    textures = np.array(list(USDA_TEXTURES.values()), dtype=float)
    return sites(textures[:, 0], textures[:, 1], weather)


def settings_of(physics: str, stepping: str, **values: float | bool) -> SwimSettings:
    """Default settings with some values changed."""
    return settings_from_mapping(physics, stepping, values)


def semi_arid_cells(n_cell: int) -> list[np.ndarray]:
    """Two years of the semi-arid standard problem, a random stream for each cell."""
    return [s1_weather(seed=1000 + i) for i in range(n_cell)]


def uscrn_station_years() -> list[tuple[str, np.ndarray]]:
    """Calendar years of USCRN stations with usable forcing: name and (rain, Eo), a row a day.

    Usable: at most 10 days lack temperature, radiation or rain. Those are filled, the former two
    linearly and rain by 0. Colorado stations come with gaps filled by their own source and are
    taken from there; potential evaporation is APSIM's formula.
    """
    folder = SHARED / "realdata" / "uscrn"
    filled = pl.read_parquet(folder / "uscrn_colorado_daily_2003_2024.parquet").select(
        pl.col("station").cast(pl.String),
        "date",
        rain="rain_mm_filled",
        radn="srad_mj_m2_filled",
        tmax="tmax_c_filled",
        tmin="tmin_c_filled",
    )
    raw = pl.read_parquet(folder / "uscrn_conus_daily_2009_2024.parquet").select(
        pl.col("station").cast(pl.String),
        "date",
        rain="rain_mm",
        radn="srad_mj_m2",
        tmax="tmax_c",
        tmin="tmin_c",
    )
    raw = raw.filter(~pl.col("station").is_in(filled["station"].unique().to_list()))
    both = pl.concat([filled, raw]).with_columns(year=pl.col("date").dt.year())
    found = []
    for (station, year), rows in both.sort("date").group_by(
        ["station", "year"], maintain_order=True
    ):
        forcing = _usable_year(rows, int(str(year)))
        if forcing is not None:
            found.append((f"{station} {year}", forcing))
    return found


def _usable_year(rows: pl.DataFrame, year: int, most_missing: int = 10) -> np.ndarray | None:
    days = pl.DataFrame(
        {"date": pl.date_range(pl.date(year, 1, 1), pl.date(year, 12, 31), eager=True)}
    )
    joined = days.join(rows.with_columns(pl.col("date").dt.date()), on="date", how="left")
    values = joined.select("rain", "radn", "tmax", "tmin").cast(pl.Float64).fill_nan(None)
    if int(values.select(pl.any_horizontal(pl.all().is_null())).to_series().sum()) > most_missing:
        return None
    others = ("radn", "tmax", "tmin")
    values = values.with_columns(pl.col("rain").fill_null(0.0)).with_columns(
        pl.col(name).interpolate().backward_fill().forward_fill() for name in others
    )
    radn, tmax, tmin = (values[name].to_numpy() for name in others)
    eo_mm = apsim_mm(radn, tmax, np.minimum(tmin, tmax), 0.13)
    return np.column_stack((values["rain"].to_numpy(), eo_mm))


def aridity_group(forcing: np.ndarray) -> str:
    """UNEP (1992) aridity class of a year from rain over potential evaporation."""
    index = forcing[:, 0].sum() / forcing[:, 1].sum()
    for limit, name in ((0.05, "hyper-arid"), (0.2, "arid"), (0.5, "semi-arid"), (0.65, "dry")):
        if index < limit:
            return "dry sub-humid" if name == "dry" else name
    return "humid"
