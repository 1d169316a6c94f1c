"""Maps by physics: the different columns of the region, simulated and painted back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.digests import digest_json
from rootzone._shared.parts import Parts
from rootzone._shared.provenance import Provenance
from rootzone.covariates.grid import Window
from rootzone.learning.scene.land import Land
from rootzone.maps.assemble import MapPlan, assemble_map
from rootzone.maps.encoding import CoverCodes, cover_flags, flags_of, pack_theta
from rootzone.maps.map_run import MapReport, MapRequest, MapRun
from rootzone.maps.run_simulation import SimulationJob, SimulationPainter, simulate_region

if TYPE_CHECKING:
    from rootzone._shared.arrays import AnyArray
    from rootzone.covariates.open_campaign import CampaignFiles

_PAINT_PX = 512


def maps_from_simulation(files: CampaignFiles, request: MapRequest) -> MapReport:
    """Make the maps of a campaign without a network; see ``make_maps``."""
    run = MapRun(files, request)
    job = SimulationJob(files, run.days, request.texture_step_pct, request.cores)
    settings = {
        "source": "simulation",
        "texture_step_pct": request.texture_step_pct,
        "dtype": files.campaign.maps.dtype,
        "excluded_cover": list(run.cover.excluded),
        "region": files.campaign.region.model_dump(mode="json"),
    }
    inputs = {**job.inputs(), "land": run.land.digest}
    record = Provenance("rootzone map", inputs, settings)
    engine = files.campaign.engine
    tags = {"source": "simulation", "engine": f"{engine.name}/{engine.physics}/{engine.stepping}"}
    plan = run.plan(record, files.campaign.maps.interval_pct, tags)
    plan = replace(plan, window_px=_PAINT_PX)
    missing = run.missing(plan)
    if not missing:
        return run.report(plan, 0, "simulation")
    dates = [day.isoformat() for day in run.days]
    parts = Parts.of(plan.folder, digest_json([record.digest, dates, list(plan.depths_mm)]))
    counts = simulate_region(job, parts, lambda n, of: request.tell("weather cells", n, of))
    source = _Painted(plan, SimulationPainter(job, parts), run.land, run.cover)
    for number, (day, depth) in enumerate(missing, 1):
        assemble_map(plan, source, day, depth)
        request.tell("maps", number, len(missing))
    report = run.report(plan, len(missing), "simulation", counts)
    parts.sweep()
    return report


@dataclass(frozen=True)
class _Painted:
    """Simulated columns as a source of maps."""

    plan: MapPlan
    painter: SimulationPainter
    land: Land
    cover: CoverCodes

    def values(self, day: int, window: Window) -> tuple[AnyArray, AnyArray, AnyArray]:
        """Packed water content, no half-width, and flags by land cover."""
        theta = self.painter.theta(day, window)
        cover = np.nan_to_num(self.land.read(["land_cover"], window)[0], nan=0.0).astype(np.int16)
        none = np.full_like(theta, np.nan)
        flags = flags_of(list(cover_flags(cover, self.cover)))
        flags |= self.painter.lacking(window)
        return pack_theta(theta, self.plan.dtype), pack_theta(none, self.plan.dtype), flags
