"""Against Ross's non-iterative method (2003): time at equal error, on one core, in the same run.

Twelve USDA textures of 12 layers under semi-arid weather and 150 mm storms for two years, without
a curve number. Error is that of the label at 20 cm against fine cells, the mean of both methods on
them. Ross runs on this engine's default cells and on finer ones, in steps of several lengths, and
with the engine's own surface in place of his: what then remains is step against step. He is
compared at the fastest of his runs that errs no more than the engine does (within 5 %): of those
whose steps are settled, their own error no larger than the engine's steps', and of all, among which
some are near because the error of long steps cancels that of coarse cells. The engine builds its
tables in all times; Ross's are told with his tables and without.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from _engine_cases import CAMPAIGN_MM, climate, semi_arid_cells, settings_of, usda_sites
from _engine_cases import weather_batch as batch_of
from _figures import Figures, parser
from _ross import LABEL, N_OUT, N_POINT, RUNOFF, run_all
from engine_speed import FINE, WHOLE_DAYS, columns_of

from rootzone.engines.protocol import SiteBatch
from rootzone.engines.swim import layout
from rootzone.engines.swim.batch import ColumnResults, Columns, run_columns
from rootzone.engines.swim.cells.grid import (
    CELL_GROWTH,
    FIRST_CELL_CM,
    cell_above_depth,
    split_layers,
)
from rootzone.engines.swim.settings import SwimSettings

GRIDS_CM = (FIRST_CELL_CM, 0.75, 0.4, 0.2)  # first cells; the engine's own first
STEPS_DS = (0.2, 0.14, 0.1, 0.07, 0.05, 0.035, 0.025, 0.0125)
NO_CURVE_NUMBER = {"cn2_bare": 0.0, "pond_max_mm": 0.0}
FINE_DS = 0.01
ROOM = 1.05  # an error so much larger counts as equal
SHORT_STEPS = {"tolerance": 2e-3, "theta_step": 5e-3, "iteration_residual": 1e-4}
FASTER = 0.8  # of Ross's time, what is asked
# Whether with this engine's surface, on its own cells only, in settled steps only.
COMPARED = (
    (False, True, True),
    (False, False, True),
    (False, False, False),
    (True, True, True),
)


@dataclass
class Case:
    """One forcing: the engine's columns, and the same in Ross's terms."""

    batch: SiteBatch
    settings: SwimSettings
    columns: Columns
    soils: np.ndarray
    theta_0: np.ndarray
    days: np.ndarray
    windows: np.ndarray
    tables: np.ndarray


@dataclass
class RossRun:
    """A grid, a step and a surface, and what they gave."""

    first_cm: float
    ds_max: float
    bent: bool
    error: float = np.nan
    step_error: float = np.nan  # against the shortest steps on the same cells
    seconds: float = np.nan  # of one run without tables, to choose by
    runoff_cm: np.ndarray | None = None

    @property
    def name(self) -> str:
        """In words."""
        return f"first cell {self.first_cm:g} cm, steps of {self.ds_max:g}"


def case_of(weather: np.ndarray, **hours: float) -> Case:
    batch = usda_sites(batch_of([weather], ["w"]))
    settings = settings_of("van_genuchten", "converged", **NO_CURVE_NUMBER, **hours)
    top = batch.layer_start[:-1]
    names = ("theta_r", "theta_s", "alpha_per_cm", "n", "ks_mm_d")
    soils = np.column_stack([batch.soil[name][top] for name in names])
    soils[:, 4] /= 10.0
    windows = np.array(
        [settings.rain_start_h, settings.rain_hours, settings.eo_start_h, settings.eo_hours]
    )
    return Case(
        batch,
        settings,
        columns_of(batch, settings),
        soils,
        batch.soil["theta_initial"][top],
        weather / 10.0,
        windows,
        np.zeros((len(soils), N_POINT, 2)),
    )


def cells_of(first_cm: float, growth: float = CELL_GROWTH) -> tuple[np.ndarray, tuple[int, float]]:
    """Cell sizes as the engine cuts them, and where 20 cm lies."""
    dz, layer_of = np.zeros(400), np.zeros(400)
    n = split_layers(CAMPAIGN_MM / 10.0, first_cm, growth, np.array([20.0]), dz, layer_of)
    return dz[:n], cell_above_depth(dz[:n], n, 20.0)


def run_ross(
    case: Case, run: RossRun, growth: float = CELL_GROWTH, *, build: bool = True
) -> tuple[float, np.ndarray]:
    """CPU seconds and the results, shape (column, day, N_OUT)."""
    dz, label = cells_of(run.first_cm, growth)
    out = np.zeros((len(case.soils), len(case.days), N_OUT))
    start = time.process_time()
    run_all(
        case.soils,
        dz,
        case.theta_0,
        case.days,
        case.windows,
        run.ds_max,
        run.bent,
        label,
        case.tables,
        build,
        out,
    )
    return time.process_time() - start, out


def run_engine(case: Case, **changed: float) -> tuple[float, ColumnResults]:
    settings = case.settings.model_copy(update=changed)
    start = time.process_time()
    results = run_columns(case.columns, settings, threads=1)
    return time.process_time() - start, results


def labels_of(case: Case, results: ColumnResults) -> np.ndarray:
    return results.daily[:, layout.N_DAILY].reshape(len(case.soils), -1)


def root_mean_square(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(values**2)))


def try_runs(case: Case, reference: np.ndarray) -> list[RossRun]:
    """Every grid, step and surface once."""
    runs = []
    for bent in (False, True):
        for first_cm in GRIDS_CM:
            settled = run_ross(case, RossRun(first_cm, min(STEPS_DS), bent))[1][:, :, LABEL]
            for ds_max in STEPS_DS:
                run = RossRun(first_cm, ds_max, bent)
                run.seconds, out = run_ross(case, run, build=False)
                run.seconds = min(run.seconds, run_ross(case, run, build=False)[0])
                run.error = root_mean_square(out[:, :, LABEL] - reference)
                run.step_error = root_mean_square(out[:, :, LABEL] - settled)
                run.runoff_cm = out[:, :, RUNOFF].sum(axis=1)
                runs.append(run)
    return runs


def compare(figures: Figures, name: str, case: Case, repeats: int, *, every: bool) -> None:
    """All rows of one forcing."""
    fine_ross = run_ross(case, RossRun(0.1, FINE_DS, bent=False), 1.05)[1][:, :, LABEL]
    fine_own = labels_of(case, run_engine(case, **FINE)[1])
    apart = 1e4 * root_mean_square(fine_ross - fine_own)
    figures.add(f"{name}: the two on fine cells apart", apart, "1e-4 m3 m-3")
    reference = 0.5 * (fine_ross + fine_own)
    runs = try_runs(case, reference)
    own = run_engine(case)[1]
    label = labels_of(case, own)
    error = root_mean_square(label - reference)
    step_error = root_mean_square(label - labels_of(case, run_engine(case, **SHORT_STEPS)[1]))
    years = len(case.soils) * len(case.days) / 365.0
    figures.add(f"{name}: the engine's error", 1e4 * error, "1e-4 m3 m-3")
    figures.add(f"{name}: of which of its steps", 1e4 * step_error, "1e-4 m3 m-3")
    ms = 1e3 * float(np.median([run_engine(case)[0] for _ in range(repeats)])) / years
    figures.add(f"{name}: the engine", ms, "ms per site-year")
    if every:
        tell_runs(name, case, own, runs, years)
    for bent, same, settled in COMPARED:
        who = "Ross with this engine's surface" if bent else "Ross"
        cells = "the same cells" if same else "any cells"
        who = f"{name}: {who}, {cells}, {'settled' if settled else 'any'} steps"
        asked = [
            run
            for run in runs
            if run.bent == bent
            and (run.first_cm == GRIDS_CM[0] or not same)
            and (run.step_error <= ROOM * step_error or not settled)
        ]
        add_verdict(figures, who, case, asked, error, repeats)


def tell_runs(name: str, case: Case, own: ColumnResults, runs: list[RossRun], years: float) -> None:
    """A line for each of Ross's runs."""
    runoff_cm = own.daily[:, layout.RUNOFF_MM].reshape(len(case.soils), -1).sum(axis=1) / 10.0
    for run in runs:
        surface = ", this engine's surface" if run.bent else ""
        off = np.abs(run.runoff_cm - runoff_cm).max()
        said = f"{1e4 * run.error:.2f}e-4 m3 m-3 ({1e4 * run.step_error:.2f} of its steps)"
        ms = 1e3 * run.seconds / years
        print(f"{name}: {run.name}{surface}: {said}, {ms:.3f} ms, runoff off by {off:.2f} cm")


def add_verdict(
    figures: Figures, who: str, case: Case, asked: list[RossRun], error: float, repeats: int
) -> None:
    """The fastest run as near as the engine, and the engine's time over its, in turn."""
    good = [run for run in asked if run.error <= ROOM * error]
    if not good:
        best = min((run.error for run in asked), default=np.nan)
        figures.add(f"{who}: never as near, at best", 1e4 * best, "1e-4 m3 m-3")
        return
    run = min(good, key=lambda run: run.seconds)
    taken: dict[str, list[float]] = {"the engine": [], "with tables": [], "without": []}
    for _ in range(repeats):
        taken["the engine"].append(run_engine(case)[0])
        taken["with tables"].append(run_ross(case, run)[0])
        taken["without"].append(run_ross(case, run, build=False)[0])
    years = len(case.soils) * len(case.days) / 365.0
    figures.add(f"{who} ({run.name}): error", 1e4 * run.error, "1e-4 m3 m-3")
    for kind in ("with tables", "without"):
        ms = 1e3 * float(np.median(taken[kind])) / years
        figures.add(f"{who}: {kind}", ms, "ms per site-year")
        ratio = float(np.median(np.divide(taken["the engine"], taken[kind])))
        told = "yes" if ratio <= FASTER else "no"
        figures.add(f"{who}: the engine over him {kind}; 20 % faster: {told}", ratio, "-", "<= 0.8")


def main() -> None:
    parsed = parser(__doc__)
    parsed.add_argument("--repeats", type=int, default=7)
    parsed.add_argument("--every", action="store_true", help="tell every run of Ross's")
    arguments = parsed.parse_args()
    figures = Figures()
    dry = semi_arid_cells(1)[0]
    for name, case in (
        ("default hours", case_of(dry)),
        ("whole days", case_of(dry, **WHOLE_DAYS)),
        ("storms", case_of(climate("drought_and_storms"))),
    ):
        compare(figures, name, case, arguments.repeats, every=arguments.every)
    figures.show(as_json=arguments.json)


if __name__ == "__main__":
    main()
