"""Order of convergence in time and space, as figures and as a plot.

Time: Haverkamp's sand under a constant flux (smooth in time), fixed steps, against a step 64 times
shorter. Space: the same after 0.4 h with even cells, against 512 cells.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from _figures import Figures, parser

from rootzone.engines.swim import layout, state
from rootzone.engines.swim.cells.problem import Accuracy, Bottom, Problem, Surface
from rootzone.engines.swim.cells.table import table_from_functions

mpl.use("Agg")
from matplotlib import pyplot as plt

DURATION_D = 0.4 / 24.0
BOTTOM = Bottom(layout.BOTTOM_FIXED_HEAD, -61.5)


def sand() -> np.ndarray:
    return table_from_functions(
        lambda h: 0.075 + 0.212 * 1.611e6 / (1.611e6 + np.abs(h) ** 3.96),
        lambda h: 0.00944 * 86400 * 1.175e6 / (1.175e6 + np.abs(h) ** 4.74),
    )


def wetted(n: int, dt_d: float | None) -> Problem:
    """Sand 0.4 h into a flux of 13.69 cm/h, with fixed steps or with tight control."""
    problem = Problem(
        np.full(n, 80.0 / n), [sand()], [0] * n, np.full(n, -61.5),
        Surface(rain_cm_d=13.69 * 24), BOTTOM, Accuracy(1e-5, 1e-8, 1e-3),
    )  # fmt: skip
    if dt_d is not None:
        problem.march(1e-3 / 24)  # past the jump of the flux, in small steps
        problem.control[state.TOLERANCE] = problem.control[state.THETA_STEP] = 1e9
        problem.control[state.DT_MAX] = problem.control[state.DT_NEXT] = dt_d
        return problem.march(DURATION_D - 1e-3 / 24)
    return problem.march(DURATION_D)


def rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def in_time() -> tuple[np.ndarray, np.ndarray]:
    dts = DURATION_D / 2.0 ** np.arange(5, 10)
    exact = wetted(100, dts[-1] / 64).theta
    return dts * 86400.0, np.array([rms(wetted(100, dt).theta - exact) for dt in dts])


def in_space() -> tuple[np.ndarray, np.ndarray]:
    counts = np.array([16, 32, 64, 128])
    exact = wetted(512, None).theta
    errors = []
    for n in counts:
        means = exact.reshape(n, -1).mean(axis=1)
        errors.append(rms(wetted(int(n), None).theta - means))
    return 80.0 / counts, np.array(errors)


def order(size: np.ndarray, error: np.ndarray) -> float:
    return float(np.polyfit(np.log(size), np.log(error), 1)[0])


def plot(path: Path, cases: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    figure, axes = plt.subplots(1, len(cases), figsize=(8, 3.5), layout="constrained")
    for axis, (label, (size, error)) in zip(axes, cases.items(), strict=True):
        axis.loglog(size, error, "o-", label=f"order {order(size, error):.2f}")
        axis.set_xlabel(label)
        axis.set_ylabel("RMS error of theta [m3 m-3]")
        axis.legend()
    figure.savefig(path)


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--plot", type=Path, default=None, help="write a PNG or SVG here")
    given = arguments.parse_args()
    cases = {"time step [s]": in_time(), "cell size [cm]": in_space()}
    figures = Figures()
    for name, (size, error) in cases.items():
        for one_size, one_error in zip(size, error, strict=True):
            figures.add(f"error at {name.split(' [')[0]} {one_size:.4g}", one_error, "m3 m-3")
        figures.add(f"order in {name.split(' [')[0]}", order(size, error), "-")
    if given.plot is not None:
        plot(given.plot, cases)
    figures.show(as_json=given.json)


if __name__ == "__main__":
    main()
