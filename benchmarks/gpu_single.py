"""What single precision would cost: scratch of the column in float32, against float64, on the CPU.

Half the memory traffic on a GPU. Twelve textures in five climates for a year; the same kernels,
compiled for both. Constants stay double, so arithmetic is done in double and kept in single.
"""

from __future__ import annotations

import math

import numpy as np
from _engine_cases import CLIMATES, climate, settings_of, usda_sites, weather_batch
from _figures import Figures, parser
from engine_speed import columns_of

from rootzone.engines.swim import columns, layout
from rootzone.engines.swim.cells.setup import work_size


def main() -> None:
    parse = parser(__doc__)
    parse.add_argument("--days", type=int, default=365)
    asked = parse.parse_args()
    settings = settings_of("van_genuchten", "converged")
    cells = [climate(name)[-asked.days :] for name in CLIMATES]
    held = columns_of(usda_sites(weather_batch(cells, list(CLIMATES))), settings)
    n_layer = int(held.n_layer[0])
    vector = settings.to_vector()
    apart, balance, evaluations, statuses = [], [], [], []
    for c in range(held.n_column):
        part = slice(held.layer_start[c], held.layer_start[c + 1])
        days = held.weather[held.day_start[held.cell[c]] : held.day_start[held.cell[c] + 1]]
        both = []
        for real in (np.float64, np.float32):
            theta = np.full((len(days), n_layer), np.nan)
            daily = np.full((len(days), layout.N_DAILY + 1), np.nan)
            status, _, _ = columns.van_genuchten_converged(
                held.layers[part],
                held.theta_initial[part],
                days,
                vector.astype(real),
                theta,
                daily,
                np.zeros(work_size(n_layer), real),
            )
            both.append((theta, daily, status))
        apart.append(both[1][0] - both[0][0])
        balance.append(np.abs(both[1][1][:, layout.BALANCE_ERROR_MM]).max())
        evaluations.append([float(daily[:, layout.EVALUATIONS].sum()) for _, daily, _ in both])
        statuses.append(both[1][2])
    figures = Figures()
    every = np.concatenate([one.ravel() for one in apart])
    figures.add("theta, rms from double", math.sqrt(float((every**2).mean())), "m3 m-3", "< 1e-4")
    worst = max(math.sqrt(float((one**2).mean())) for one in apart)
    figures.add("theta, rms of the worst column", worst, "m3 m-3", "< 1e-4")
    figures.add("theta, worst day and layer", float(np.abs(every).max()), "m3 m-3")
    figures.add("worst daily balance error", float(np.max(balance)), "mm", "<= 1e-6")
    figures.add("columns that failed", float(np.count_nonzero(statuses)), f"of {held.n_column}")
    double, single = np.sum(evaluations, axis=0)
    figures.add("evaluations, single over double", single / double, "")
    figures.show(as_json=asked.json)


if __name__ == "__main__":
    main()
