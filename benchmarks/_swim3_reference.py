"""Read the reference runs of the real SWIM3 and repeat them here.

The reference lies beside the checkout and is not part of the repository; see its README for how
it was made. Each set is one way of running SWIM3 (step settings, boundary, switches).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim import columns, layout
from rootzone.engines.swim.nodes import apsim_day as swim3_column

FOLDER = Path(__file__).resolve().parents[2] / "shared" / "reference" / "swim3"
ON_11_MM = 1.0e-9

Kernel = Callable[..., tuple[int, int, int]]


@dataclass(frozen=True)
class ReferenceSet:
    """One way the reference was run: its file, the convention of DUL, and changed settings."""

    name: str
    file: str
    psidul_cm: int = -100
    changes: dict[str, float] = field(default_factory=dict)


SETS = (
    ReferenceSet("default", "psidul100_default"),
    ReferenceSet("rain1440", "psidul100_rain1440_f32", changes={"RAIN_HOURS": 24.0}),
    ReferenceSet("dtmin1", "psidul330_dtmin1_f32", -330, {"DT_MIN_H": 1.0 / 60.0}),
    ReferenceSet(
        "ex60",
        "psidul100_ex60_fine_f32",
        changes={"DT_MAX_H": 1.0, "MAX_WATER_INCREMENT_CM": 0.5},
    ),
    ReferenceSet(
        "fine",
        "psidul100_ex60_fine_f32",
        changes={"DT_MAX_H": 0.5, "MAX_WATER_INCREMENT_CM": 0.2},
    ),
    ReferenceSet("ponding", "psidul100_variants_f32", changes={"CN2_BARE": 0.0}),
    ReferenceSet("novapour", "psidul100_variants_f32", changes={"VAPOUR": 0.0}),
    ReferenceSet("residue50", "psidul100_variants_f32", changes={"RESIDUE_COVER": 0.5}),
    ReferenceSet("swf1", "psidul100_variants_f32", changes={"SPACE_WEIGHTING": 1.0}),
    ReferenceSet("seepage", "psidul100_variants_f32", changes={"BOTTOM_KIND": 3.0}),
    ReferenceSet("solutes3", "psidul100_variants_f32"),
)


def settings_array(**changes: float) -> FloatArray:
    """Engine settings of the reference (APSIM's defaults, CN2Bare 73), with changes by name."""
    values = {
        "CN2_BARE": 73.0,
        "CN_RED": 20.0,
        "CN_COV": 0.8,
        "VAPOUR": 1.0,
        "DT_MAX_H": 24.0,
        "MAX_WATER_INCREMENT_CM": 1.0,
        "RAIN_HOURS": 12.0,
        "EO_START_H": 6.0,
        "EO_HOURS": 12.0,
        "CN_DEPTH_MM": 450.0,
        "CN_EXPONENT": 4.16,
        "POND_MAX_MM": np.inf,
        "TOLERANCE": 5.0e-3,
        "ITERATION_RESIDUAL": 5.0e-4,
        "THETA_STEP": 0.03,
    } | changes
    settings = np.zeros(layout.N_SETTINGS)
    for name, value in values.items():
        settings[getattr(layout, f"SET_{name}")] = value
    return settings


def read_soils(psidul_cm: int) -> dict[str, dict[str, Any]]:
    """Soils of one convention of DUL, by name."""
    soils = json.loads((FOLDER / "soils.json").read_text(encoding="utf-8"))
    return {soil["id"]: soil for soil in soils[f"psidul_{psidul_cm}"]}


def layers_array(soil: dict[str, Any]) -> FloatArray:
    """Layers of a soil as the kernels take them."""
    layers = np.empty((len(soil["thickness"]), layout.N_SWIM3))
    names = ("thickness", "ll15", "dul", "sat", "ks", "kdul", "psidul")
    for column, name in enumerate(names):
        layers[:, column] = soil[name]
    return layers


def read_weather() -> dict[str, FloatArray]:
    """Rain and potential evaporation [mm d-1] of each climate, shape (day, 2)."""
    table = pl.read_parquet(FOLDER / "weather.parquet").sort("weather", "date")
    return {
        str(name[0]): rows.select("rain", "eo").to_numpy()
        for name, rows in table.group_by("weather", maintain_order=True)
    }


def read_daily(reference: ReferenceSet) -> pl.DataFrame:
    """Daily reference of one set, ordered by soil, climate and date."""
    table = pl.read_parquet(FOLDER / f"daily_{reference.file}.parquet")
    return table.filter(pl.col("config") == reference.name).sort("soil", "weather", "date")


def run(
    soil: dict[str, Any],
    weather: FloatArray,
    settings: FloatArray,
    kernel: Kernel = columns.swim3_apsim,
    work_size: Callable[[int], int] = swim3_column.work_size,
) -> tuple[tuple[int, int, int], FloatArray, FloatArray]:
    """Run one column; return (status, fail day, repairs), daily theta and the daily table."""
    layers = layers_array(soil)
    theta = np.full((len(weather), len(layers)), np.nan)
    daily = np.full((len(weather), layout.N_DAILY), np.nan)
    initial = np.asarray(soil["init"], dtype=np.float64)
    work = np.zeros(work_size(len(layers)))
    ended = kernel(layers, initial, weather, settings, theta, daily, work)
    return ended, theta, daily


@dataclass(frozen=True)
class Difference:
    """How far the runs of one set lie from the reference."""

    runs: int
    p999: float
    worst: float
    total_mm: float
    steps_differ: int
    unfinished: int


def compare(reference: ReferenceSet, *, traps: bool, skip: tuple[str, ...] = ()) -> Difference:
    """Repeat every run of a set and compare daily water contents, totals and step counts.

    Parameters
    ----------
    reference : ReferenceSet
        The set.
    traps : bool
        Reproduce SWIM3's faults instead of mending them.
    skip : tuple of str
        Soils to leave out.
    """
    soils = read_soils(reference.psidul_cm)
    weather = read_weather()
    settings = settings_array(REPRODUCE_TRAPS=float(traps), **reference.changes)
    errors: list[FloatArray] = []
    total_mm, steps_differ, unfinished = 0.0, 0, 0
    for (soil, climate), rows in read_daily(reference).group_by(["soil", "weather"]):
        if soil in skip:
            continue
        rows = rows.sort("date")
        ended, theta, daily = run(soils[str(soil)], weather[str(climate)], settings)
        unfinished += ended[0] != layout.OK
        names = [name for name in rows.columns if name.startswith("sw_")]
        layer = [int(name.removeprefix("sw_")) - 1 for name in names]
        usual = np.abs(weather[str(climate)][:, 0] - 1.1) > ON_11_MM
        errors.append(np.abs(theta[:, layer] - rows.select(names).to_numpy())[usual].ravel())
        steps_differ += int((daily[:, layout.STEPS] != rows["n_steps"].to_numpy()).sum())
        for name in ("es", "runoff", "drainage"):
            column = getattr(layout, f"{name.upper()}_MM")
            total_mm = max(total_mm, abs(daily[:, column].sum() - rows[name].sum()))
    error = np.concatenate(errors)
    return Difference(
        len(errors),
        float(np.quantile(error, 0.999)),
        float(error.max()),
        total_mm,
        steps_differ,
        unfinished,
    )


@dataclass(frozen=True)
class DistanceAt20Cm:
    """How far theta at 20 cm lies from the finest steps of the reference."""

    rmse: float
    rmse_by_climate: dict[str, float]
    worst: float
    balance_mm: float
    fallbacks: int


def theta_at_20_cm(theta: FloatArray) -> FloatArray:
    """Water content at 20 cm, linear between the nodes of layers 4 and 5 at 17.5 and 25 cm."""
    return theta[:, 3] + (theta[:, 4] - theta[:, 3]) * (20.0 - 17.5) / (25.0 - 17.5)


def compare_at_20_cm(
    kernel: Kernel, work_size: Callable[[int], int], **changes: float
) -> DistanceAt20Cm:
    """Run every soil and climate of the set ``fine`` and compare theta at 20 cm, day by day.

    Parameters
    ----------
    kernel, work_size : function
        A column kernel and the length of its scratch array.
    changes : float
        Settings that differ from those of the reference's default, by name.
    """
    fine = next(reference for reference in SETS if reference.name == "fine")
    soils, weather = read_soils(fine.psidul_cm), read_weather()
    settings = settings_array(**changes)
    errors: dict[str, list[FloatArray]] = {}
    balance_mm, fallbacks = 0.0, 0
    for (soil, climate), rows in read_daily(fine).group_by(["soil", "weather"]):
        rows = rows.sort("date")
        ended, theta, daily = run(
            soils[str(soil)], weather[str(climate)], settings, kernel, work_size
        )
        fallbacks += bool(ended[2] & layout.REPAIR_EXPLICIT_STEP)
        balance_mm = max(balance_mm, float(np.abs(daily[:, layout.BALANCE_ERROR_MM]).max()))
        upper, lower = rows["sw_4"].to_numpy(), rows["sw_5"].to_numpy()
        expected = upper.astype(np.float64) + (lower - upper) / 3.0
        errors.setdefault(str(climate), []).append(theta_at_20_cm(theta) - expected)
    by_climate = {
        climate: float(np.sqrt(np.mean(np.concatenate(found) ** 2)))
        for climate, found in errors.items()
    }
    every = np.concatenate([one for found in errors.values() for one in found])
    rmse, worst = float(np.sqrt(np.mean(every**2))), float(np.abs(every).max())
    return DistanceAt20Cm(rmse, by_climate, worst, balance_mm, fallbacks)
