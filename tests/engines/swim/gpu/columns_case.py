"""A few columns of unlike shape; run as a program it puts them through Numba's CUDA simulator."""

from __future__ import annotations

import sys

import numpy as np

from rootzone.engines.swim.batch import Columns
from rootzone.engines.swim.settings import SwimSettings, default_settings

# Sand and loam of Carsel and Parrish (1988), Table 6: theta_r, theta_s, alpha [cm-1], n, Ks [mm/d].
SAND = (0.045, 0.43, 0.145, 2.68, 7128.0)
LOAM = (0.078, 0.43, 0.036, 1.56, 249.6)


def columns_case() -> Columns:
    """Sand and loam under a storm, one whose water is not a number, one of fewer layers."""
    sand, loam = ([[thick, *soil, 0.5] for thick in (100.0, 150.0)] for soil in (SAND, LOAM))
    layers = np.array([*sand, *loam, *loam, [200.0, *SAND, 0.5]])
    theta = np.array([0.10, 0.12, 0.30, 0.33, np.nan, 0.3, 0.1])
    weather = np.array([[0.0, 5.0], [20.0, 2.0], [0.0, 6.0], [3.0, 4.0]])
    day_start = np.array([0, 3, 4])
    cell = np.array([0, 0, 0, 1])
    return Columns(layers, np.array([0, 2, 4, 6, 7]), theta, weather, day_start, cell)


def settings_case(device: str) -> SwimSettings:
    """Two depths, so that the grid has cells for both."""
    values = default_settings("van_genuchten", "converged").model_dump()
    return SwimSettings.model_validate(
        {**values, "device": device, "label_depths_mm": (50.0, 200.0)}
    )


# ll15, dul, sat, Ks [mm/d], KDul [mm/d], PSIDul [cm] of a loam and a sand of SWIM3's kind.
SWIM3_SOILS = ((0.12, 0.28, 0.42, 240.0, 0.1, -100.0), (0.05, 0.15, 0.40, 2400.0, 0.1, -100.0))
OTHER_PAIRS = (("swim3", "converged"), ("swim3", "apsim"), ("van_genuchten", "apsim"))


def other_case(physics: str, stepping: str, device: str) -> tuple[Columns, SwimSettings]:
    """Three layers of two soils under the same weather, for solvers on SWIM3's nodes."""
    soils = SWIM3_SOILS if physics == "swim3" else tuple((*soil, 0.5) for soil in (LOAM, SAND))
    layers = np.array([[thick, *soil] for soil in soils for thick in (50.0, 100.0, 150.0)])
    theta = np.array([0.15, 0.20, 0.25, 0.12, 0.12, 0.15])
    weather = columns_case().weather
    columns = Columns(
        layers, np.array([0, 3, 6]), theta, weather, np.array([0, 4]), np.array([0, 0])
    )
    values = default_settings(physics, stepping).model_dump()
    return columns, SwimSettings.model_validate({**values, "device": device})


def main() -> None:
    """Run the case on the CPU, without its compiler, and on the simulated GPU; save both."""
    from rootzone.engines.swim.batch import run_columns
    from rootzone.engines.swim.gpu import run_columns as gpu
    from rootzone.engines.swim.gpu import run_track

    run_track._MOST_BLOCKS = 1  # so that threads go on with further rows
    settings = settings_case("cuda")
    plain = run_columns(columns_case(), settings_case("cpu"), threads=1)
    done = run_columns(columns_case(), settings)
    depths = gpu.run_depths(columns_case(), settings, most=2)
    others = {}
    for pair in OTHER_PAIRS:
        for name, device in (("plain", "cpu"), ("gpu", "cuda")):
            results = run_columns(*other_case(*pair, device), threads=1)
            for field in ("theta", "daily", "report", "value"):
                others[f"{'_'.join(pair)}_{name}_{field}"] = getattr(results, field)
    np.savez(
        sys.argv[1],
        **others,
        **{f"plain_{name}": getattr(plain, name) for name in ("theta", "daily", "report", "value")},
        theta=done.theta,
        daily=done.daily,
        report=done.report,
        value=done.value,
        depths=depths.theta,
        depths_report=depths.report,
        depths_value=depths.value,
    )


if __name__ == "__main__":
    main()
