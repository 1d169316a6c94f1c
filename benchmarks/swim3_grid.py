"""What SWIM3's nodes cost in space: theta at 20 cm as the campaign's layers are split.

Physics `swim3`, stepping `converged`, twelve layers split into 1 to 16 parts each. SWIM3 puts its
first node at the surface and gives it the water of a whole layer, so its error is of first order
in the thickness of the top layer. Distances are to the finest split.
"""

from __future__ import annotations

import time

import numpy as np
from _figures import Figures, parser
from _swim3_reference import layers_array, read_soils, read_weather, settings_array

from rootzone._shared.arrays import FloatArray
from rootzone.engines.swim import columns, layout
from rootzone.engines.swim.nodes import setup_converged as swim3_converged

SPLITS = (1, 2, 4, 8)
FINEST = 16
SOILS = ("sandy_loam", "loam", "silt_loam", "clay_loam", "clay")
DEPTH_MM = 200.0
DAYS_PER_YEAR = 365.0


def node_depths_mm(thickness_mm: FloatArray) -> FloatArray:
    """Depths of SWIM3's nodes: the surface, mid-depths, the bottom."""
    bottom = np.cumsum(thickness_mm)
    depths = bottom - 0.5 * thickness_mm
    depths[0], depths[-1] = 0.0, bottom[-1]
    return depths


def theta_and_ms(
    soil: dict[str, object], weather: FloatArray, parts: int
) -> tuple[FloatArray, float]:
    """Daily water content at 20 cm and the time of a site-year [ms] with every layer split."""
    layers = np.repeat(layers_array(soil), parts, axis=0)
    layers[:, layout.SWIM3_THICKNESS_MM] /= parts
    initial = np.repeat(np.asarray(soil["init"], dtype=np.float64), parts)
    theta = np.full((len(weather), len(layers)), np.nan)
    daily = np.full((len(weather), layout.N_DAILY), np.nan)
    work = np.zeros(swim3_converged.work_size(len(layers)))
    start = time.perf_counter()
    ended = columns.swim3_converged(layers, initial, weather, settings_array(), theta, daily, work)
    ms = 1e3 * (time.perf_counter() - start) * DAYS_PER_YEAR / len(weather)
    if ended[0] != layout.OK:
        raise RuntimeError(f"{soil['id']} split in {parts}: status {ended[0]} on day {ended[1]}")
    depths = node_depths_mm(layers[:, layout.SWIM3_THICKNESS_MM])
    at_depth = np.array([np.interp(DEPTH_MM, depths, row) for row in theta])
    return at_depth, ms


def main() -> None:
    arguments = parser(__doc__).parse_args()
    figures = Figures()
    soils, weather = read_soils(-100), read_weather()["semiarid_plains"]
    theta_and_ms(soils["loam"], weather[:5], 1)
    errors: dict[int, list[FloatArray]] = {parts: [] for parts in SPLITS}
    times: dict[int, list[float]] = {parts: [] for parts in SPLITS}
    for name in SOILS:
        finest, _ = theta_and_ms(soils[name], weather, FINEST)
        for parts in SPLITS:
            theta, ms = theta_and_ms(soils[name], weather, parts)
            errors[parts].append(theta - finest)
            times[parts].append(ms)
    for parts in SPLITS:
        rmse = float(np.sqrt(np.mean(np.concatenate(errors[parts]) ** 2)))
        bias = float(np.mean(np.concatenate(errors[parts])))
        label = f"layers split in {parts} ({12 * parts} nodes)"
        figures.add(f"{label}: RMSE of theta at 20 cm", rmse, "m3 m-3")
        figures.add(f"{label}: mean error at 20 cm", bias, "m3 m-3")
        figures.add(f"{label}: median time", float(np.median(times[parts])), "ms per site-year")
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
