"""What an evaluation of the column asks of memory and arithmetic, counted in plain Python.

Arrays that count the numbers read and written, and numbers that count the operations on them, go
through the very kernels: ``NUMBA_DISABLE_JIT=1 python benchmarks/_gpu_traffic.py``. Caches are not
in it, so bytes are an upper bound of what the memory has to bring; a function such as ``exp``
counts as one operation, and what follows from its result is not counted.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numba
import numpy as np

from rootzone.engines.swim import columns, layout
from rootzone.engines.swim.cells.setup import work_size
from rootzone.engines.swim.settings import default_settings

COUNTS: Counter[str] = Counter()


class Counted(float):
    """A number that counts what is done with it."""


def _operation(name: str) -> None:
    plain = getattr(float, name)

    def counting(self: float, *others: float) -> float:
        value = plain(self, *others)
        COUNTS["operations"] += 1
        return Counted(value) if isinstance(value, float) else value

    setattr(Counted, name, counting)


for _name in ("add", "sub", "mul", "truediv", "pow"):
    _operation(f"__{_name}__")
    _operation(f"__r{_name}__")
for _name in ("neg", "abs"):
    _operation(f"__{_name}__")


class CountingArray(np.ndarray):
    """An array that counts single numbers read and written."""

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401
        found = super().__getitem__(key)
        if isinstance(found, np.ndarray):
            return found
        COUNTS["read"] += 1
        return Counted(found)

    def __setitem__(self, key: Any, value: Any) -> None:  # noqa: ANN401
        if not isinstance(key, slice):
            COUNTS["written"] += 1
        super().__setitem__(key, value)


def per_evaluation(
    layers: np.ndarray, theta: np.ndarray, weather: np.ndarray, n_day: int
) -> dict[str, float]:
    """Bytes and operations an evaluation, all of a day's other work in them; the set-up apart.

    Parameters
    ----------
    layers, theta, weather : array
        One column, as the kernels take it.
    n_day : int
        Days to count, 2 or more; the first gives the set-up.
    """
    if not numba.config.DISABLE_JIT:
        raise SystemExit("set NUMBA_DISABLE_JIT=1: compiled kernels cannot be counted")
    found = []
    for days in (1, n_day):
        COUNTS.clear()
        daily = np.zeros((days, layout.N_DAILY + 1))
        columns.van_genuchten_converged(
            layers,
            theta,
            weather[:days],
            default_settings("van_genuchten", "converged").to_vector(),
            np.zeros((days, len(layers))),
            daily,
            np.zeros(work_size(len(layers))).view(CountingArray),
        )
        found.append((daily[:, layout.EVALUATIONS].sum(), Counter(COUNTS)))
    (few, first), (many, last) = found
    evaluations = many - few
    return {
        "evaluations": evaluations,
        "read_bytes": 8.0 * (last["read"] - first["read"]) / evaluations,
        "written_bytes": 8.0 * (last["written"] - first["written"]) / evaluations,
        "operations": (last["operations"] - first["operations"]) / evaluations,
    }


def main() -> None:
    from _engine_cases import USDA_TEXTURES, climate, settings_of, usda_sites, weather_batch
    from engine_speed import columns_of

    weather = weather_batch([climate("semiarid_plains")], ["semi-arid"])
    held = columns_of(usda_sites(weather), settings_of("van_genuchten", "converged"))
    rows = []
    for number, name in enumerate(USDA_TEXTURES):
        if name not in ("sand", "loam", "clay"):
            continue
        part = slice(held.layer_start[number], held.layer_start[number + 1])
        found = per_evaluation(held.layers[part], held.theta_initial[part], held.weather, 30)
        rows.append(found)
        print(name, {key: round(value) for key, value in found.items()})
    mean = {key: np.mean([row[key] for row in rows]) for key in rows[0]}
    print("mean", {key: round(float(value)) for key, value in mean.items()})


if __name__ == "__main__":
    main()
