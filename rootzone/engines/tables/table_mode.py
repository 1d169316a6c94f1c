"""Soils and weather in, profiles out: an engine run on two tables, outside any campaign."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from rootzone._shared.atomic import atomic_path, refuse_overwrite
from rootzone._shared.daily import PLANT_COLUMNS
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, inputs_of, sidecar_of
from rootzone.engines.failures import Failure, count_by_class, failures_frame
from rootzone.engines.kinds import kind_of
from rootzone.engines.protocol import Engine, EngineRun
from rootzone.engines.tables.read_soils import COVER_CODE, SoilTable, read_soils
from rootzone.engines.tables.read_weather import (
    WeatherNeeds,
    join_weather,
    one_cell_for_all,
    read_weather,
)
from rootzone.engines.tables.write_profiles import ProfileWriter, check_ending


@dataclass
class TableRun:
    """What a run on two tables came to.

    Parameters
    ----------
    out : str
        The profiles table.
    sites, done, failed : int
        Sites of the soils table, those with profiles, those in quarantine.
    failed_by_class : dict
        Number of quarantined sites by failure class.
    failed_table : str or None
        Where the quarantine lies; None when it is empty.
    repaired_by_name : dict
        Number of sites on which a trap of the original model was met and mended.
    repaired_table : str or None
        Which sites these are; None when there are none.
    site_years : float
        Work done.
    columns_computed : int
        Columns really computed; identical ones are computed once.
    seconds : float
        Wall time, reading and writing included.
    engine : str
        Engine, physics and stepping.
    digest : str
        Digest of the provenance.
    notes : list
        What to tell about the inputs.
    """

    out: str
    sites: int = 0
    done: int = 0
    failed: int = 0
    failed_by_class: dict[str, int] = field(default_factory=dict)
    failed_table: str | None = None
    repaired_by_name: dict[str, int] = field(default_factory=dict)
    repaired_table: str | None = None
    site_years: float = 0.0
    columns_computed: int = 0
    seconds: float = 0.0
    engine: str = ""
    digest: str = ""
    notes: list[str] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)

    @property
    def failed_pct(self) -> float:
        """Share of sites in quarantine [%]."""
        return 100.0 * self.failed / self.sites if self.sites else 0.0

    def facts(self) -> dict[str, Any]:
        """The run as JSON values, without the failures themselves."""
        return {key: value for key, value in asdict(self).items() if key != "failures"}


def simulate_tables(
    soils: Path,
    weather: Path,
    out: Path,
    engine: Engine,
    *,
    physics: str,
    needs: WeatherNeeds,
    initial: str = "theta",
    extra_columns: Sequence[str] = (),
    float32: bool = False,
    force: bool = False,
    progress: Callable[[int, int, int], None] | None = None,
) -> TableRun:
    """Run an engine on two tables and write profiles, quarantine and repairs.

    Parameters
    ----------
    soils, weather : Path
        Input tables, ``.parquet`` or ``.csv``.
    out : Path
        Profiles table to write; its quarantine lies beside it as ``NAME.failed.parquet`` (or
        ``.csv``), sites with mended traps as ``NAME.repaired.parquet``.
    engine : Engine
        Runs the sites.
    physics : str
        Which soil columns it needs.
    needs : WeatherNeeds
        What the engine asks of the weather besides rain.
    initial : str
        Which soil column sets the first day's water: ``theta``, ``psi`` or none, ``equilibrium``.
    extra_columns : sequence of str
        Daily columns of the engine's profiles beside those that every one has.
    float32 : bool
        Whether profiles are stored in single precision.
    force : bool
        Whether existing outputs are replaced.
    progress : callable, optional
        Told sites done, sites failed and all sites after each chunk.

    Raises
    ------
    RequestError
        A file as a whole cannot be used, or would be overwritten.
    """
    started = time.perf_counter()
    check_ending(out)
    _refuse_to_write_over_inputs(out, soils, weather)
    for path in (out, _beside(out, "failed"), _beside(out, "repaired")):
        refuse_overwrite(path, force=force)
    table = read_soils(soils, physics, initial)
    if COVER_CODE in table.soil:
        if not kind_of(engine.name).grows_covers:
            raise RequestError(
                f"{soils} has a column cover, and covers grow in the embedded engine alone; take "
                "--engine swim, or leave the column out."
            )
        needs = needs._replace(temperature=True)
        extra_columns = tuple(dict.fromkeys((*extra_columns, *PLANT_COLUMNS)))
    forcing = read_weather(weather, needs)
    batch, cell_failures = join_weather(table, forcing)
    record = Provenance(
        verb="rootzone simulate-tables",
        inputs=inputs_of({"soils": soils, "weather": weather}),
        settings={**engine.identity(), **_elsewhere(engine), "float32": float32},
    )
    run = TableRun(str(out), sites=table.n_site, engine=engine.label, digest=record.digest)
    run.failures = [*table.failures, *cell_failures]
    run.notes = [*forcing.notes, *_coarse_layers(table, physics)]
    if one_cell_for_all(table, forcing):
        only = forcing.batch.cell_ids[0]
        run.notes.append(f"the soils name no weather cell; all stand under the only one, {only}")
    repairs: dict[int | str, tuple[str, ...]] = {}
    with ProfileWriter(
        out,
        record,
        text_ids=table.id_dtype == pl.String,
        float32=float32,
        extra_columns=extra_columns,
    ) as writer:
        for part in engine.stream(batch):
            writer.write(part.profiles)
            _count(run, part, repairs)
            if progress is not None:
                progress(run.done, len(run.failures), run.sites)
    run.failed = len(run.failures)
    run.failed_by_class = count_by_class(run.failures)
    run.repaired_by_name = dict(Counter(name for names in repairs.values() for name in names))
    run.failed_table = _put(
        _beside(out, "failed"), failures_frame(run.failures, table.id_dtype), record
    )
    run.repaired_table = _put(_beside(out, "repaired"), _repairs(repairs, table.id_dtype), record)
    run.seconds = time.perf_counter() - started
    return run


def _count(run: TableRun, part: EngineRun, repairs: dict[int | str, tuple[str, ...]]) -> None:
    run.done += len(part.profiles.site_ids)
    run.site_years += part.profiles.n_row / 365.25
    run.columns_computed += part.computed
    run.failures.extend(part.failures)
    repairs.update({site: tuple(names) for site, names in part.repairs.items()})


def _refuse_to_write_over_inputs(out: Path, *inputs: Path) -> None:
    if out.resolve() in {path.resolve() for path in inputs}:
        raise RequestError(f"--out {out} is one of the inputs; choose another name.")


def _beside(out: Path, what: str) -> Path:
    return out.with_name(f"{out.stem}.{what}{out.suffix}")


def _repairs(repairs: dict[int | str, tuple[str, ...]], id_dtype: pl.DataType) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "site_id": pl.Series("site_id", list(repairs), dtype=id_dtype),
            "repairs": pl.Series(
                "repairs", [", ".join(names) for names in repairs.values()], dtype=pl.String
            ),
        }
    )


def _put(path: Path, frame: pl.DataFrame, record: Provenance) -> str | None:
    """Write a side table, or remove one of an earlier run when there is nothing to say."""
    from rootzone._shared.write_frames import metadata_of

    if frame.height == 0:
        path.unlink(missing_ok=True)
        sidecar_of(path).unlink(missing_ok=True)
        return None
    with atomic_path(path) as temporary:
        if path.suffix == ".csv":
            frame.write_csv(temporary)
        else:
            frame.write_parquet(temporary, metadata=metadata_of(record))
    return str(path)


_ROOT_ZONE_MM, _COARSE_MM = 500.0, 150.0


def _elsewhere(engine: Engine) -> dict[str, str]:
    """Where the columns were computed, for the record, where that is not the CPU."""
    device = getattr(engine, "device", "cpu")
    return {} if device == "cpu" else {"device": device}


def _coarse_layers(table: SoilTable, physics: str) -> list[str]:
    """A word where swim3's layers are too thick for the gradients near the surface.

    swim3 has a node a layer. With layers of 200, 400 and 900 mm its water content at 20 cm was off
    by 0.09 (RMSE of a loam's year); ``van_genuchten`` refines its own grid and was off by 0.007.
    """
    if physics != "swim3":
        return []
    thickness = table.soil["thickness_mm"]
    start = np.repeat(table.layer_start[:-1], np.diff(table.layer_start))
    below = np.cumsum(thickness)
    top = below - thickness - np.concatenate(([0.0], below))[start]
    coarse = (top < _ROOT_ZONE_MM) & (thickness > _COARSE_MM)
    if not coarse.any():
        return []
    first = int(np.flatnonzero(coarse)[0])
    sites = np.unique(start[coarse]).size
    return [f"{sites} of {table.n_site} sites have {_words(thickness[first], top[first])}"]


def thick_layers_note(thickness_mm: Sequence[float]) -> str:
    """The same word for the layers of a campaign; empty where they are thin enough.

    Examples
    --------
    >>> thick_layers_note([50, 100, 150, 150, 150, 300, 600])
    ''
    >>> thick_layers_note([200, 400, 900])[:55]
    'layers thicker than 150 mm above 50 cm (first: 200 mm a'
    """
    thickness = np.asarray(thickness_mm, dtype=np.float64)
    top = np.cumsum(thickness) - thickness
    coarse = np.flatnonzero((top < _ROOT_ZONE_MM) & (thickness > _COARSE_MM))
    return _words(thickness[coarse[0]], top[coarse[0]]) if coarse.size else ""


def _words(thickness_mm: float, top_mm: float) -> str:
    return (
        f"layers thicker than {_COARSE_MM:g} mm above {_ROOT_ZONE_MM / 10:g} cm (first: "
        f"{thickness_mm:g} mm at {top_mm:g} mm). swim3 has one node a layer: near the surface its "
        "water contents may be off by 0.05 and more. Cut them finer, or use van_genuchten physics, "
        "which refines its own grid."
    )
