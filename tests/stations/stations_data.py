"""Small station files and series for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rootzone.stations.series import MEAN_LST, Place, SensorSeries

_NOT_MEASURED = "-9999.0"


def uscrn_line(day: str, theta_20: float, rain_mm: float = 0.0, soil_degc: float = 10.0) -> str:
    """A line of 216 characters in the column widths of CRND0103."""
    moisture = [f"{value:7.3f}" for value in (-99, -99, theta_20, -99, -99)]
    temperature = [f"{soil_degc:7.1f}"] * 5
    head = f"94074 {day}  2.622 {-104.76:7.2f} {40.81:7.2f} {20.0:7.1f} {5.0:7.1f}"
    middle = f" {12.0:7.1f} {12.0:7.1f} {rain_mm:7.1f} {20.0:8.2f} C {25.0:7.1f} {3.0:7.1f}"
    rest = f" {14.0:7.1f} {90.0:7.1f} {30.0:7.1f} {60.0:7.1f}"
    return (head + middle + rest + " " + " ".join(moisture + temperature)).ljust(216)


def write_uscrn(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    return path


def series(
    theta: list[float] | np.ndarray,
    *,
    step_h: float = 24.0,
    network: str = "TEST",
    flags: list[str] | None = None,
    **companions: list[float] | np.ndarray,
) -> SensorSeries:
    """A sensor with evenly spaced readings from 2023-01-01."""
    values = np.asarray(theta, dtype=np.float64)
    minutes = np.timedelta64(round(step_h * 60), "m")
    time = np.datetime64("2023-01-01", "m") + np.arange(len(values)) * minutes
    return SensorSeries(
        Place(network, "one", 40.0, -105.0, position_m=5.0),
        0.2,
        time,
        values,
        MEAN_LST,
        step_h=step_h,
        source_flag=None if flags is None else np.array(flags, dtype=object),
        companions={name: np.asarray(v, dtype=np.float64) for name, v in companions.items()},
    )
