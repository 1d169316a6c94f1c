"""What both ways of making maps share: the request, the plan, what is there already, the report."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from rootzone._shared.atomic import is_damaged
from rootzone._shared.digests import code_version
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, read_provenance, sidecar_of
from rootzone._shared.seal import read_sealed_json
from rootzone.covariates.layers.legends import WATER
from rootzone.labels.field.build import FieldCounts
from rootzone.learning.scene.land import Land
from rootzone.learning.scene.write_land import write_land
from rootzone.maps.assemble import MapPlan
from rootzone.maps.cf import SeriesSpec
from rootzone.maps.encoding import CoverCodes
from rootzone.maps.names import MapFiles, depth_name
from rootzone.maps.run_simulation import SimulationCounts
from rootzone.maps.style import put_style
from rootzone.maps.write_series import write_netcdf, write_zarr

if TYPE_CHECKING:
    from rootzone.campaign.workspace import Workspace
    from rootzone.covariates.open_campaign import CampaignFiles

_LOG = logging.getLogger(__name__)
LIGHTGBM: Final = "lightgbm"  # a source of maps, and the training run they come from
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True)
class MapRequest:
    """What was asked for, besides the campaign.

    Parameters
    ----------
    run : str
        Training run whose model is used.
    dates : tuple of date
        Days; the campaign's own when empty.
    source : str or None
        ``network``, ``physics``, ``simulation`` or ``lightgbm``; the campaign's own when None.
    window_px : int or None
        Side of a window [px]; the campaign's own when None.
    faithful : bool
        Bare tiles, as the manuscript predicts.
    device : str
        ``cpu`` or ``cuda``.
    cores : int
        Processes, or threads of the engine.
    texture_step_pct : float or None
        Rounding of textures for ``simulation`` [%].
    force : bool
        Replace maps that were made otherwise.
    tell : callable
        Called with what is done, how many pieces are done, and how many there are.
    """

    run: str = "main"
    dates: tuple[date, ...] = ()
    source: str | None = None
    window_px: int | None = None
    faithful: bool = False
    device: str = "cpu"
    cores: int = 1
    texture_step_pct: float | None = None
    force: bool = False
    tell: Tell = field(default=lambda what, done, of: None)


@dataclass(frozen=True)
class MapReport:
    """What was made.

    Parameters
    ----------
    folder : Path
        Where maps lie.
    maps : list of Path
        Water-content rasters, in the order of days and depths.
    made_now : int
        Those made by this call; the others were there already, made the same way.
    series : list of Path
        Time series.
    trust : Path or None
        Trust layer.
    source : str
        ``network``, ``physics``, ``simulation`` or ``lightgbm``.
    counts : SimulationCounts or FieldCounts or None
        Columns of a simulation or of a field of physics, where one was looked at.
    """

    folder: Path
    maps: list[Path]
    made_now: int
    series: list[Path]
    trust: Path | None
    source: str
    counts: SimulationCounts | FieldCounts | None = None

    def facts(self) -> dict[str, Any]:
        """The report as JSON values."""
        own: dict[str, Any] = {}
        if self.counts is not None:
            own = {
                "pixels": self.counts.pixels,
                "columns": self.counts.columns,
                "columns_simulated_now": self.counts.simulated_now,
                "columns_failed": dict(self.counts.failed),
            }
        if isinstance(self.counts, FieldCounts):
            own |= {
                "columns_simulated": self.counts.simulated,
                "worst_physics_error": self.counts.worst_error,
            }
        return {
            "folder": str(self.folder),
            "source": self.source,
            "maps": [str(path) for path in self.maps],
            "maps_made_now": self.made_now,
            "series": [str(path) for path in self.series],
            "trust": None if self.trust is None else str(self.trust),
            **own,
        }


def map_dates(campaign_dates: Sequence[date], years: Sequence[int]) -> tuple[date, ...]:
    """The days to map: those named, or the 15th of every month of every year."""
    if campaign_dates:
        return tuple(sorted(set(campaign_dates)))
    return tuple(date(year, month, 15) for year in sorted(years) for month in range(1, 13))


@dataclass(frozen=True)
class MapRun:
    """What both ways of making maps share."""

    files: CampaignFiles
    request: MapRequest

    @property
    def workspace(self) -> Workspace:
        """Folder of the campaign."""
        return self.files.workspace

    @property
    def bf16(self) -> bool:
        """Whether the network computes in bfloat16."""
        return self.files.campaign.learning.precision == "bf16"

    @cached_property
    def days(self) -> tuple[date, ...]:
        """The days to map."""
        campaign = self.files.campaign
        return map_dates(self.request.dates or campaign.maps.dates, campaign.years)

    @cached_property
    def cover(self) -> CoverCodes:
        """Land cover that gets a flag."""
        legend = self.files.catalog.legend_of_layer(self.files.campaign.catalog.land_cover)
        return CoverCodes(legend.codes_of(WATER), self.files.excluded_cover)

    @cached_property
    def land(self) -> Land:
        """The land raster, made where it is missing or out of date."""
        return Land(write_land(self.files, self.workspace.land))

    @property
    def folder(self) -> Path:
        """Where these maps lie: the campaign's own kind in maps, any other kind below it."""
        own = self.files.campaign.maps.source
        if self.request.faithful:
            return self.workspace.maps / "faithful"
        asked = self.request.source or own
        return self.workspace.maps if asked == own else self.workspace.maps / asked

    def plan(self, record: Provenance, interval_pct: float, tags: dict[str, str]) -> MapPlan:
        """The maps to be made, with what is written into each."""
        campaign = self.files.campaign
        return MapPlan(
            grid=self.land.grid,
            days=self.days,
            depths_mm=tuple(float(d) for d in campaign.labels.depths_mm),
            folder=self.folder,
            dtype=campaign.maps.dtype,
            interval_pct=interval_pct,
            window_px=self.request.window_px or campaign.maps.window_px,
            tags={"campaign": campaign.name, "code": code_version(), **tags},
            record=record,
            trust=None,
            region=self.files.region,
        )

    def missing(self, plan: MapPlan) -> list[tuple[int, int]]:
        """Maps that are not there; refuses to replace those made otherwise."""
        wanted = []
        for day, depth in plan.maps():
            files = plan.files(day, depth)
            if not_whole(files):  # all of it is written anew
                wanted.append((day, depth))
                continue
            if made_alike(files.theta, plan.record_of(day, depth)):
                put_style(files.style)
                continue
            if not self.request.force:
                raise RequestError(
                    f"{files.theta} was made otherwise (another model, other inputs or settings) "
                    "and is left alone. Add --force to replace it, or move it away."
                )
            wanted.append((day, depth))
        return wanted

    def series(self, plan: MapPlan, source: str) -> list[Path]:
        """All days of each depth in one file, where the campaign wants that.

        Days named in the request make maps and leave the campaign's series alone.
        """
        kind = self.files.campaign.maps.time_series
        if kind == "none" or self.request.dates:
            return []
        texts = {
            "title": f"Root-zone soil moisture of {self.files.campaign.name}",
            "source": f"rootzone, {source}",
            "digest": plan.record.digest,
        }
        made = []
        for k, depth_mm in enumerate(plan.depths_mm):
            ending = "nc" if kind == "netcdf" else "zarr"
            path = plan.folder / f"{depth_name(depth_mm)}.{ending}"
            settings = {
                **plan.record.settings,
                "depth_mm": depth_mm,
                "dates": [day.isoformat() for day in plan.days],
            }
            record = replace(plan.record, settings=settings)
            if not (path.exists() and made_alike(path, record)):
                spec = SeriesSpec(
                    plan.grid, plan.days, depth_mm, plan.interval_pct, plan.dtype, texts
                )
                files = [plan.files(day, k) for day in range(len(plan.days))]
                write = write_netcdf if kind == "netcdf" else write_zarr
                write(path, spec, files, record)
            made.append(path)
        return made

    def report(
        self,
        plan: MapPlan,
        made: int,
        source: str,
        counts: SimulationCounts | FieldCounts | None = None,
    ) -> MapReport:
        """Write the time series, and tell what there is now."""
        maps = [plan.files(day, depth).theta for day, depth in plan.maps()]
        series = self.series(plan, source)
        return MapReport(plan.folder, maps, made, series, plan.trust, source, counts)


def not_whole(files: MapFiles) -> bool:
    """Whether any file of a map is gone or not what was written, which is told.

    Its colours come from nothing of the map: `put_style` mends them by themselves.
    """
    if not all(p.exists() for p in (files.theta, files.flags, files.stac)):
        return True
    try:
        read_sealed_json(files.stac)
    except RequestError as error:
        _LOG.warning("%s is made again: %s", files.theta, error)
        return True
    return any(is_damaged(path) for path in (files.theta, files.flags))


def made_alike(path: Path, record: Provenance) -> bool:
    """Whether a file was made by the same verb of the same inputs and settings.

    Another version of the package is no reason to make a map again; its name is in the record. A
    file without a record was left by a run that was killed before it wrote one.
    """
    if not sidecar_of(path).exists() or is_damaged(path):
        return False
    try:
        found = read_provenance(path)
    except RequestError as error:
        _LOG.warning("%s is made again: %s", path, error)
        return False
    return (found.verb, found.inputs, found.settings) == (
        record.verb,
        record.inputs,
        json.loads(json.dumps(record.settings)),
    )
