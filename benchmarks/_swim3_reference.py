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
from rootzone.engines.swim import layout, swim3_column

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
        "TOLERANCE": 8.0e-3,
        "ITERATION_RESIDUAL": 1.0e-5,
        "THETA_STEP": 0.06,
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
    kernel: Kernel = swim3_column.run_column,
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
