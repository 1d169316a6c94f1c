"""A campaign in Python: its stages as methods, its tables as results, resumable as the CLI is."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rootzone._shared.errors import ToleranceError
from rootzone.api.labels import Labels
from rootzone.api.maps import Maps
from rootzone.api.profiles import Profiles
from rootzone.api.read import Sites, Weather, profile_rows, read, read_labels
from rootzone.api.soils import Soils
from rootzone.api.stations import Stations
from rootzone.covariates.open_campaign import CampaignFiles

if TYPE_CHECKING:
    from rootzone.campaign.findings import Finding
    from rootzone.jobs.pilot.pilot import Cost
    from rootzone.jobs.record.read_state import CampaignState
    from rootzone.jobs.record.status import Status
    from rootzone.learning.campaign_training import TrainedCampaign
    from rootzone.learning.evaluation.run_evaluation import RunSkill

Say = Callable[[str], None]


def _quiet(text: str) -> None:
    del text


class OpenCampaign(CampaignFiles):
    """A campaign with its stages, tables and state.

    A method that bears a stage's name does that stage if it is not done, and gives what the stage
    makes; ``force=True`` makes it again. A call that was interrupted goes on where it was when it
    is given again, here or on the command line: both keep everything in the same files.

    Examples
    --------
    >>> import rootzone as rz
    >>> campaign = rz.open_campaign("campaign.yaml")
    >>> campaign
    <rootzone campaign made-up-corner: 24 site-years, made so far: forcing, sites, soils, simulate>
    >>> campaign.check()
    []
    """

    def check(self) -> list[Finding]:
        """Everything that is wrong with the campaign file; empty when it is right."""
        from rootzone.api._preflight import campaign_findings

        return campaign_findings(self.path)[1]

    def forcing(
        self, year: int | None = None, *, force: bool = False, say: Say = _quiet
    ) -> Weather:
        """Daily weather of every cell of the region, made where it is not there yet.

        Parameters
        ----------
        year : int, optional
            Only this year's table; by default that of all years the campaign needs.
        force : bool
            Make it again.
        say : callable
            Told what is being done, such as ``print``.
        """
        import polars as pl

        from rootzone.covariates.weather.run_forcing import run_forcing

        years = self.campaign.weather_years
        paths = [self.workspace.weather(one) for one in years]
        if force or not all(path.exists() for path in paths):
            run_forcing(self, force=True, say=say)
        chosen = [self.workspace.weather(one) for one in ([year] if year else years)]
        parts = [read(path) for path in chosen]
        assert all(isinstance(part, Weather) for part in parts)  # noqa: S101 - as just written
        first: Any = parts[0]
        return Weather(pl.concat([p.to_polars() for p in parts]), first.schema, first.provenance)  # type: ignore[union-attr]

    def sites(self, *, workers: int | None = None, force: bool = False, say: Say = _quiet) -> Sites:
        """The drawn sites, with strata and weights; drawn where they are not there yet.

        Parameters
        ----------
        workers : int, optional
            Processes; they never change a site.
        force, say
            As :meth:`forcing`.
        """
        from rootzone.design.run_sites import run_sites

        if force or not self.workspace.sites.exists():
            run_sites(self, workers=workers, force=True, say=say)
        found = read(self.workspace.sites)
        assert isinstance(found, Sites)  # noqa: S101 - as just written
        return found

    def soils(self, *, force: bool = False) -> Soils:
        """Guarded soils of the sites, derived where they are not there yet."""
        from rootzone.hydraulics.run_campaign_soils import run_campaign_soils

        if force or not self.workspace.soils.exists():
            run_campaign_soils(self, force=True)
        found = read(self.workspace.soils)
        assert isinstance(found, Soils)  # noqa: S101 - as just written
        return found

    def plan(self, n_pilot: int = 64, *, cores: int | None = None) -> Cost:
        """What the campaign will cost, by a pilot of ``n_pilot`` sites on this machine."""
        from rootzone._shared.cores import cores_given
        from rootzone.jobs.pilot.run_plan import plan_campaign

        return plan_campaign(self.path, n_pilot, cores or cores_given())[1]

    def simulate(
        self, shards: Sequence[int] | None = None, *, cores: int | None = None, force: bool = False
    ) -> Status:
        """Simulate every shard that is not done, on the threads of this process.

        Parameters
        ----------
        shards : sequence of int, optional
            Only these, counted from 1.
        cores : int, optional
            Threads; all that are given by default.
        force : bool
            Also shards that are done.

        Raises
        ------
        ToleranceError
            More sites failed than ``jobs.max_failed_pct`` allows.
        """
        from rootzone._shared.cores import cores_given
        from rootzone.jobs.driver.run_campaign import run_campaign
        from rootzone.jobs.driver.run_local import InThisProcess

        executor = InThisProcess(cores or cores_given())
        run_campaign(
            self.campaign,
            self.workspace,
            executor,
            numbers=None if shards is None else list(shards),
            force=force,
        )
        status = self.state.status
        allowed = self.campaign.jobs.max_failed_pct
        if status.failed_pct > allowed:
            raise ToleranceError(
                f"{status.sites_failed} of {status.sites} sites failed "
                f"({status.failed_pct:.3g} %), more than jobs.max_failed_pct: {allowed:g} allows."
            )
        return status

    @property
    def state(self) -> CampaignState:
        """Shards, outcomes and the sample as they stand on disk now."""
        from rootzone.jobs.record.read_state import CampaignState

        return CampaignState.beside(self.path)

    def profiles(self, site: int | str | None = None, *, shard: int | None = None) -> Profiles:
        """Daily profiles of one site, or of one shard.

        Parameters
        ----------
        site : int or str, optional
            A site.
        shard : int, optional
            A shard, counted from 1.

        Raises
        ------
        RequestError
            Neither is named, the shard is not simulated, or the site has no profile.
        """
        from rootzone._shared.profile_depths import nodes_of_engine
        from rootzone._shared.tables import PROFILES
        from rootzone.labels.layering import layerings_from_thickness

        frame, record = profile_rows(self.path, self.workspace, site, shard)
        engine = self.campaign.engine
        nodes = nodes_of_engine(engine.physics, engine.stepping)
        layerings = layerings_from_thickness(self.campaign.profile.thickness_mm, nodes)
        return Profiles(frame, PROFILES, record, layerings=layerings)

    def labels(
        self,
        depth_mm: float | None = None,
        *,
        year: int | None = None,
        workers: int = 2,
        force: bool = False,
    ) -> Labels:
        """Labels of all finished shards, made where they are not there yet.

        Parameters
        ----------
        depth_mm : float, optional
            Only this depth [mm].
        year : int, optional
            Only this year.
        workers : int
            Profile files worked on at a time.
        force : bool
            Make them again.
        """
        import shutil

        from rootzone.labels.read_design import campaign_jobs
        from rootzone.labels.write_labels import write_all

        folder = self.workspace.labels
        if force and folder.exists():
            shutil.rmtree(folder)
        write_all(campaign_jobs(self.path).jobs, folder, workers=workers)
        return read_labels(folder, depth_mm, year)

    def stations(self, *, force: bool = False) -> Stations:
        """Screened values of the stations the campaign names, put on its grid."""
        from rootzone.stations.run_stations import campaign_sources, screen_files, write_pixels

        out = self.workspace.stations
        if force or not out.exists():
            screen_files(campaign_sources(self)).write(out, force=True)
            write_pixels(out, self)
        found = read(out)
        assert isinstance(found, Stations)  # noqa: S101 - as just written
        return found

    def train(self, run: str = "main", **options: Any) -> TrainedCampaign:  # noqa: ANN401
        """Train the networks, or go on with them.

        Parameters
        ----------
        run : str
            Name of the run.
        **options
            ``epochs``, ``seed``: in place of the campaign's own.
        """
        from rootzone.learning.campaign_training import train_campaign

        return train_campaign(self, run=run, **options)

    def evaluate(self, run: str = "main", *, most_tile_days: int = 500) -> RunSkill:
        """Skill of a trained run on held-out samples, beside its baselines.

        Parameters
        ----------
        run : str
            The run.
        most_tile_days : int
            Tile-days of simulated labels that are scored.
        """
        from rootzone.learning.evaluation.evaluate import EvaluationSettings
        from rootzone.learning.evaluation.run_evaluation import run_evaluation

        settings = EvaluationSettings(most_tile_days=most_tile_days)
        return run_evaluation(self, (run,), settings)[0][0]

    def maps(
        self,
        dates: Sequence[str | date] = (),
        *,
        source: str | None = None,
        run: str = "main",
        texture_step_pct: float | None = None,
        cores: int | None = None,
        force: bool = False,
    ) -> Maps:
        """Maps of some days, made where they are not there yet.

        Parameters
        ----------
        dates : sequence of str or date
            Days; by default the campaign's own.
        source : {"network", "simulation"}, optional
            The trained network, or physics at every pixel; by default the campaign's own.
        run : str
            Trained run.
        texture_step_pct : float, optional
            Simulation: round textures to this step [%], so that more pixels share a column.
        cores : int, optional
            Processes; all that are given by default.
        force : bool
            Replace maps that were made otherwise.
        """
        from rootzone._shared.cores import cores_given
        from rootzone.maps.map_run import MapRequest
        from rootzone.maps.run_maps import make_maps

        days = tuple(date.fromisoformat(d) if isinstance(d, str) else d for d in dates)
        request = MapRequest(
            run=run,
            dates=days,
            source=source,
            texture_step_pct=texture_step_pct,
            cores=cores or cores_given(),
            force=force,
        )
        made = make_maps(self, request)
        return Maps(made.folder, made.maps, made.series, made.trust)

    def report(self, run: str = "main", *, figures: str | None = None) -> Path:
        """The report of everything there is, one page that opens offline; its path.

        Parameters
        ----------
        run : str
            Training run to show.
        figures : {"svg", "png"}, optional
            Every figure as a file too.
        """
        from rootzone.report.read_inputs import ReportInputs
        from rootzone.report.write_report import write_report

        inputs = ReportInputs(self.loaded, self.data, run)
        write_report(inputs, figures)
        return inputs.workspace.report

    def made(self) -> list[str]:
        """Stages that have left something, in the order of the pipeline."""
        place = self.workspace
        there = {
            "forcing": all(place.weather(y).exists() for y in self.campaign.weather_years),
            "sites": place.sites.exists(),
            "soils": place.soils.exists(),
            "simulate": any(place.runs.glob("shard=*/profiles.parquet")),
            "labels": place.labels.exists(),
            "stations": place.stations.exists(),
            "train": (place.root / "learning").exists(),
            "maps": any(place.maps.rglob("*.tif")),
            "report": place.report.exists(),
        }
        return [name for name, done in there.items() if done]

    def __repr__(self) -> str:
        campaign = self.campaign
        n = campaign.sites.per_year * len(campaign.years)
        made = ", ".join(self.made()) or "nothing"
        return f"<rootzone campaign {campaign.name}: {n:,} site-years, made so far: {made}>"


def open_campaign(path: str | Path, data: str | Path | None = None) -> OpenCampaign:
    """Open a campaign file; nothing else is read until it is asked for.

    Parameters
    ----------
    path : str or Path
        The ``campaign.yaml``.
    data : str or Path, optional
        Folder the catalog's paths start from. Default: the environment's ``ROOTZONE_DATA``, or
        ``data`` beside the file.

    Raises
    ------
    CampaignMistakes
        All mistakes in the file, each with its line and remedy.

    Examples
    --------
    >>> import rootzone as rz
    >>> campaign = rz.open_campaign("campaign.yaml")
    >>> campaign.campaign.labels.depths_mm
    (200.0,)
    """
    folder = data or os.environ.get("ROOTZONE_DATA")
    return OpenCampaign.beside(Path(path), None if folder is None else Path(folder))
