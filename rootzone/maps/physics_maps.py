"""Maps by physics between simulated soils: a value at every pixel, and how far off it may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from rootzone._shared.digests import digest_json
from rootzone._shared.parts import Parts
from rootzone._shared.provenance import Provenance
from rootzone.covariates.grid import Window
from rootzone.labels.field.build import FieldBuilder
from rootzone.labels.field.read import PhysicsField, open_field
from rootzone.labels.field.region_soils import RegionSoils
from rootzone.learning.scene.land import Land
from rootzone.maps.assemble import MapPlan, assemble_map
from rootzone.maps.encoding import (
    MISSING_LAND,
    MISSING_WEATHER,
    CoverCodes,
    cover_flags,
    flags_of,
    pack_theta,
)
from rootzone.maps.map_run import MapReport, MapRequest, MapRun
from rootzone.maps.map_spec import HALF_MEANING
from rootzone.maps.network_job import PartsSource, Task, part_name
from rootzone.maps.run_simulation import LAND_FAILURES, WEATHER_FAILURES
from rootzone.maps.run_workers import Workers

if TYPE_CHECKING:
    from rootzone._shared.arrays import AnyArray
    from rootzone.covariates.open_campaign import CampaignFiles

_PAINT_PX = 512
_DAYS_AT_ONCE = 31  # 33 MB of a window
_MEANING = "error of physics between simulated soils that {:g} % of pixels stay below"


def maps_from_physics(files: CampaignFiles, request: MapRequest) -> MapReport:
    """Make the maps of a campaign from its physics alone; see ``make_maps``.

    The second band is the error of going between simulated soils, estimated from soils held out
    of them; what is wrong with the soil map, the weather or the engine is not in it.
    """
    run = MapRun(files, request)
    maps = files.campaign.maps
    years = sorted({day.year for day in run.days})
    settings = {
        "source": "physics",
        "physics_error": maps.physics_error,
        "dtype": maps.dtype,
        "excluded_cover": list(run.cover.excluded),
        "region": files.campaign.region.model_dump(mode="json"),
    }
    inputs = {**RegionSoils(files).inputs(years), "land": run.land.digest}
    record = Provenance("rootzone map", inputs, settings)
    engine = files.campaign.engine
    tags = {
        "source": "physics",
        "engine": f"{engine.name}/{engine.physics}/{engine.stepping}",
        HALF_MEANING: _MEANING.format(maps.interval_pct),
    }
    plan = replace(run.plan(record, maps.interval_pct, tags), window_px=_PAINT_PX)
    missing = run.missing(plan)
    if not missing:
        return run.report(plan, 0, "physics")
    builder = FieldBuilder(files, tuple(years))
    wanted = builder.missing()
    dates = [day.isoformat() for day in run.days]
    parts = Parts.of(plan.folder, digest_json([record.digest, dates, list(plan.depths_mm)]))
    job = PhysicsJob(builder, plan, parts, run.land, run.cover)
    with Workers(job, request.cores) as workers:
        _do(run, workers, "weather cells", [Task("cell", day=cell) for cell in wanted])
        tasks = [Task("paint", w) for w in plan.grid.windows(_PAINT_PX) if job.missing_days(w)]
        _do(run, workers, "windows", tasks)
        _do(run, workers, "maps", [Task("assemble", None, *one) for one in missing])
    parts.sweep()
    return run.report(plan, len(missing), "physics", builder.counts(wanted))


def _do(run: MapRun, workers: Workers, what: str, tasks: list[Task]) -> None:
    for number, _ in enumerate(workers.run(tasks), 1):
        run.request.tell(what, number, len(tasks))


@dataclass(frozen=True)
class PhysicsJob:
    """Everything a worker needs to simulate anchors, paint windows and put maps together.

    Parameters
    ----------
    builder : FieldBuilder
        Makes the anchors of a weather cell.
    plan : MapPlan
        The maps.
    parts : Parts
        Where finished windows go.
    land : Land
        Land cover.
    cover : CoverCodes
        Land cover that gets a flag.
    """

    builder: FieldBuilder
    plan: MapPlan
    parts: Parts
    land: Land
    cover: CoverCodes

    def open(self) -> Callable[[Any], None]:
        """What is returned does one task."""

        def do(task: Task) -> None:
            if task.what == "cell":
                self.builder.make(task.day)
            elif task.what == "assemble":
                assemble_map(self.plan, PartsSource(self.plan, self.parts), task.day, task.depth)
            elif task.window is not None:
                self._paint(task.window)

        return do

    def missing_days(self, window: Window) -> list[int]:
        """Days whose values of a window are not there yet."""
        days = self.plan.days
        return [i for i in range(len(days)) if not self.parts.has(part_name(self.plan, i, window))]

    def _paint(self, window: Window) -> None:
        physics = open_field(self.builder.files, self.builder.years)
        by_year: dict[int, list[int]] = {}
        for i in self.missing_days(window):
            by_year.setdefault(self.plan.days[i].year, []).append(i)
        for year, days in by_year.items():
            flags = self._flags(physics, year, window)
            for start in range(0, len(days), _DAYS_AT_ONCE):
                some = days[start : start + _DAYS_AT_ONCE]
                theta = physics.days([self.plan.days[i] for i in some], window)
                for i, one in zip(some, theta, strict=True):
                    self._put(physics, i, window, one, flags)

    def _put(
        self, physics: PhysicsField, day: int, window: Window, theta: AnyArray, flags: AnyArray
    ) -> None:
        date, level = self.plan.days[day], self.plan.interval_pct / 100.0
        error = physics.error(date, window, level)
        packed = {
            name: pack_theta(values.astype(np.float64), self.plan.dtype)
            for name, values in (("theta", theta), ("half", error))
        }
        self.parts.put(part_name(self.plan, day, window), {**packed, "flags": flags})

    def _flags(self, physics: PhysicsField, year: int, window: Window) -> AnyArray:
        cover = np.nan_to_num(self.land.read(["land_cover"], window)[0], nan=0.0).astype(np.int16)
        failure = physics.failures(year, window)
        return flags_of(
            [
                *cover_flags(cover, self.cover),
                (MISSING_WEATHER, np.isin(failure, WEATHER_FAILURES)),
                (MISSING_LAND, np.isin(failure, LAND_FAILURES)),
            ]
        )
