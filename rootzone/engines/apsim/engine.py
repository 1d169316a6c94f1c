"""APSIM behind the protocol all engines share: files out, ``Models``, verdicts in."""

from __future__ import annotations

import errno
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from rootzone._shared.arrays import IntArray
from rootzone._shared.days import calendar_day
from rootzone._shared.errors import RequestError, StoppedEarly
from rootzone.engines.apsim.find_models import ModelsProgram, find_models
from rootzone.engines.apsim.judge import Asked, Verdict, judge
from rootzone.engines.apsim.read_db import Harvest, read_db
from rootzone.engines.apsim.run_models import ModelsRun, run_models
from rootzone.engines.apsim.scratch import clean_up, refuse_full, scratch_folder
from rootzone.engines.apsim.settings import ApsimSettings
from rootzone.engines.apsim.verdicts import errors_on_console, failure_class_of, own_words
from rootzone.engines.apsim.write_apsimx import SOIL_ARRAYS, Simulation, write_apsimx
from rootzone.engines.apsim.write_met import MET_COLUMNS, write_met
from rootzone.engines.failures import Failure, FailureClass
from rootzone.engines.protocol import EngineRun, Profiles, SiteBatch

_LATITUDE_DEG = 40.0  # APSIM insists on one; a fallow water balance does not use it


@dataclass(frozen=True)
class _Outcome:
    """Verdict on one site of the batch, by its position."""

    site: int
    verdict: Verdict


class ApsimEngine:
    """SWIM3 inside an installed APSIM.

    Parameters
    ----------
    settings : ApsimSettings
        SWIM3's keys and how to run.
    program : ModelsProgram, optional
        The ``Models`` to use; looked for when not given.

    Raises
    ------
    RequestError
        APSIM is not to be found, or the scratch folder cannot be written.
    """

    def __init__(self, settings: ApsimSettings, program: ModelsProgram | None = None) -> None:
        self.settings = settings
        self.program = program or find_models(settings.models)
        self.file_format = self.program.file_format(settings.file_format)
        _check_scratch(settings.scratch)
        clean_up(settings.scratch)

    @property
    def name(self) -> str:
        """``apsim``."""
        return "apsim"

    @property
    def label(self) -> str:
        """As it stands on a label."""
        return "apsim/swim3/apsim"

    def identity(self) -> Mapping[str, Any]:
        """Version, file format, template and SWIM3's keys; not where or how fast it ran."""
        return self.settings.identity(self.program)

    def run(self, batch: SiteBatch) -> EngineRun:
        """Run every site; a site that fails never stops the others."""
        _check_columns(batch)
        sites = np.arange(batch.n_site)
        size = self.settings.simulations_per_file
        parts = [sites[start : start + size] for start in range(0, batch.n_site, size)]
        with ThreadPoolExecutor(self.settings.processes) as pool:
            found = [
                o for part in pool.map(lambda p: self._run_sites(batch, p), parts) for o in part
            ]
        return _engine_run(batch, sorted(found, key=lambda outcome: outcome.site))

    def stream(self, batch: SiteBatch) -> Iterator[EngineRun]:
        """Run the batch in chunks that keep every process busy."""
        size = self.settings.simulations_per_file * self.settings.processes
        for start in range(0, batch.n_site, size):
            yield self.run(batch.between(start, min(start + size, batch.n_site)))

    def _run_sites(self, batch: SiteBatch, sites: IntArray) -> list[_Outcome]:
        """Run some sites in one file; where the file as a whole failed, its halves again."""
        ran, harvest = self._run_file(batch, sites)
        outcomes: list[_Outcome] = []
        again: list[int] = []
        for site in sites.tolist():
            verdict = self._verdict(batch, site, ran, harvest)
            told_nothing = harvest is None or _name(site) not in harvest.errors
            if verdict.failure_class is not None and told_nothing and _whole_file(ran):
                again.append(site)
            outcomes.append(_Outcome(site, verdict))
        if not again or len(sites) == 1:
            return outcomes
        kept = [outcome for outcome in outcomes if outcome.site not in set(again)]
        if not ran.timed_out and (same := self._fault_of_all(batch, outcomes, again)):
            return kept + same
        half = (len(again) + 1) // 2
        for part in (again[:half], again[half:]):
            if part:
                kept += self._run_sites(batch, np.array(part))
        return kept

    def _fault_of_all(
        self, batch: SiteBatch, outcomes: Sequence[_Outcome], sites: Sequence[int]
    ) -> list[_Outcome]:
        """Verdicts of a file that no site of it is to blame for; empty where some may be.

        Where the first and the last site each fail alone in the words of the whole file, so would
        the others: three starts in place of two a site.
        """
        said = {o.site: o.verdict.text for o in outcomes}[sites[0]]
        ends = [self._run_sites(batch, np.array([site]))[0] for site in (sites[0], sites[-1])]
        if any(end.verdict.failure_class is None or end.verdict.text != said for end in ends):
            return []
        return [_Outcome(site, ends[0].verdict) for site in sites]

    def _run_file(self, batch: SiteBatch, sites: IntArray) -> tuple[ModelsRun, Harvest | None]:
        try:
            with scratch_folder(self.settings.scratch) as folder:
                return self._run_in(folder, batch, sites)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            raise StoppedEarly(
                f"The scratch folder {self.settings.scratch or tempfile.gettempdir()} is full: "
                f"{error}. Make room, or set engine setting scratch to another folder; the same "
                "command goes on."
            ) from error

    def _run_in(
        self, folder: Path, batch: SiteBatch, sites: IntArray
    ) -> tuple[ModelsRun, Harvest | None]:
        apsimx = folder / "run.apsimx"
        simulations = _simulations(batch, sites, folder)
        write_apsimx(apsimx, simulations, self.settings, self.file_format)
        ran = run_models(self.program, apsimx, self._limit_s(batch, sites))
        database = apsimx.with_suffix(".db")
        try:
            harvest = read_db(database) if database.exists() else None
        except RequestError:
            harvest = None
        _refuse_fault_of_the_program(ran, self.program, self.file_format)
        if not ran.timed_out and (harvest is None or harvest.rows is None or not len(harvest.rows)):
            refuse_full(folder)
        return ran, harvest

    def _limit_s(self, batch: SiteBatch, sites: IntArray) -> float:
        """Time a file may take [s]: what its sites are expected to, and one that hangs is found.

        A site that stands alone has all of ``site_timeout_s``. Many together are given ten times
        what APSIM takes, so that a hung one costs minutes and not its limit times their number.
        """
        settings = self.settings
        years = float(batch.weather.n_day[batch.cell[sites]].max()) / 365.0
        expected = min(_EXPECTED_S_PER_YEAR * max(years, 1.0), settings.site_timeout_s)
        alone = settings.site_timeout_s if len(sites) == 1 else 0.0
        return settings.start_timeout_s + max(expected * len(sites), alone)

    def _verdict(
        self, batch: SiteBatch, site: int, ran: ModelsRun, harvest: Harvest | None
    ) -> Verdict:
        if harvest is not None:
            verdict = judge(harvest, _name(site), _asked(batch, site, self.settings))
            untold = verdict.failure_class in _UNTOLD
            if not untold or not _whole_file(ran):
                return verdict
        return _verdict_on_file(ran, self.settings)


_EXPECTED_S_PER_YEAR = 3.0  # ten times a simulated year's usual time in APSIM, on a loaded machine
# What no site can be blamed for: every file of the campaign would fail alike.
_PROGRAM_FAULTS = (r"[Ff]ile version is greater than the latest", r"No datastore is available")


def _refuse_fault_of_the_program(ran: ModelsRun, program: ModelsProgram, version: str) -> None:
    """Stop at once where APSIM refuses our files as such.

    Raises
    ------
    RequestError
        With APSIM's own words and the setting that mends it.
    """
    for pattern in _PROGRAM_FAULTS:
        if found := re.search(rf".*{pattern}.*", ran.console):
            raise RequestError(
                f"{program.command[0]} (version {program.version or 'not told'}) refuses files of "
                f"format {version}: {own_words(found[0])}. Set engine.settings.file_format: '77', "
                "or install a newer APSIM. No site is to blame, so the run stops here."
            )


# Failures for which the console may know more than the database.
_UNTOLD = (FailureClass.REPORT_MISSING, FailureClass.DATES_INCOMPLETE)


def _whole_file(ran: ModelsRun) -> bool:
    """Whether the run as such went wrong, and not only a simulation in it."""
    return ran.timed_out or ran.exit_code != 0


def _verdict_on_file(ran: ModelsRun, settings: ApsimSettings) -> Verdict:
    empty = np.empty((0, 0))
    if ran.timed_out:
        text = f"stopped after {ran.seconds:.0f} s; site_timeout_s is {settings.site_timeout_s:g}"
        return Verdict(FailureClass.TIMEOUT, text, None, empty, {})
    if ran.exit_code < 0:
        text = f"Models was ended by signal {-ran.exit_code}"
        return Verdict(FailureClass.WORKER_DIED, text, None, empty, {})
    errors = errors_on_console(ran.console)
    text = own_words(" | ".join(errors)) if errors else ran.console.strip()[-500:]
    text = text or f"Models ended with status {ran.exit_code} and said nothing"
    return Verdict(failure_class_of(text), text, None, empty, {})


def _name(site: int) -> str:
    return f"s{site:07d}"


def _check_scratch(scratch: str | None) -> None:
    try:
        with tempfile.TemporaryDirectory(prefix="rootzone-", dir=scratch):
            return
    except OSError as error:
        raise RequestError(
            f"The scratch folder {scratch or tempfile.gettempdir()} cannot be written: {error}. "
            "Set engine setting scratch to a folder on a local disk."
        ) from error


def _check_columns(batch: SiteBatch) -> None:
    lacking = [name for name in SOIL_ARRAYS if name not in batch.soil]
    lacking += [name for name in ("kdul_mm_d", "psidul_cm") if name not in batch.soil]
    if lacking:
        raise RequestError(
            f"APSIM needs the soil columns {', '.join(lacking)}, which the soils table lacks; "
            "rootzone soils writes them."
        )
    lacking = [name for name in MET_COLUMNS if name not in batch.weather.columns]
    if lacking:
        raise RequestError(
            f"APSIM computes demand from radiation and temperature; the weather table lacks "
            f"{', '.join(lacking)}."
        )


def _simulations(batch: SiteBatch, sites: IntArray, folder: Path) -> Sequence[Simulation]:
    start = batch.weather.day_start
    for cell in np.unique(batch.cell[sites]).tolist():
        days = slice(int(start[cell]), int(start[cell + 1]))
        columns = {name: batch.weather.columns[name][days] for name in MET_COLUMNS}
        write_met(
            folder / f"c{cell}.met",
            int(batch.weather.first_day[cell]),
            columns,
            _LATITUDE_DEG,
            f"cell {batch.weather.cell_ids[cell]}",
        )
    return [_simulation(batch, site) for site in sites.tolist()]


def _simulation(batch: SiteBatch, site: int) -> Simulation:
    rows = slice(int(batch.layer_start[site]), int(batch.layer_start[site + 1]))
    cell = int(batch.cell[site])
    first = calendar_day(batch.weather.first_day[cell])
    last = first + timedelta(days=int(batch.weather.n_day[cell]) - 1)
    soil = {name: values[rows] for name, values in batch.soil.items()}
    return Simulation(_name(site), soil, f"c{cell}.met", first, last)


def _asked(batch: SiteBatch, site: int, settings: ApsimSettings) -> Asked:
    rows = slice(int(batch.layer_start[site]), int(batch.layer_start[site + 1]))
    cell = int(batch.cell[site])
    days = slice(int(batch.weather.day_start[cell]), int(batch.weather.day_start[cell + 1]))
    rain_mm = batch.weather.columns["rain_mm"][days].astype(np.float32).astype(np.float64)
    return Asked(
        batch.soil["thickness_mm"][rows],
        batch.soil["sat"][rows],
        batch.soil["theta_initial"][rows],
        rain_mm,
        int(batch.weather.first_day[cell]),
        settings.balance_tolerance_mm,
    )


def _engine_run(batch: SiteBatch, outcomes: Sequence[_Outcome]) -> EngineRun:
    good = [o for o in outcomes if o.verdict.failure_class is None]
    failures = [
        Failure(
            batch.site_ids[o.site],
            o.verdict.failure_class,
            o.verdict.text,
            layer=o.verdict.layer,
            attempts=1,
        )
        for o in outcomes
        if o.verdict.failure_class is not None
    ]
    sites = np.array([o.site for o in good], dtype=np.int64)
    theta = [o.verdict.theta for o in good]
    n_day = np.array([len(values) for values in theta], dtype=np.int64)
    names = list(good[0].verdict.daily) if good else []
    daily = {name: np.concatenate([o.verdict.daily[name] for o in good]) for name in names}
    daily["steps"] = np.zeros(int(n_day.sum()), dtype=np.int32)  # APSIM does not tell them
    return EngineRun(
        Profiles(
            batch.site_ids[sites],
            np.concatenate(([0], np.cumsum(n_day))),
            np.concatenate(([0], np.cumsum(n_day * batch.n_layer[sites]))),
            batch.n_layer[sites],
            batch.weather.first_day[batch.cell[sites]],
            np.concatenate([values.ravel() for values in theta]) if theta else np.zeros(0),
            daily,
        ),
        failures,
        computed=len(outcomes),
    )
