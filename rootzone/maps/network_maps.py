"""Maps by the trained network, and the trust layer beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from rootzone._shared.digests import digest_json
from rootzone._shared.errors import RequestError
from rootzone._shared.parts import Parts
from rootzone._shared.provenance import Provenance, inputs_of
from rootzone.learning.trust import TrainingSites
from rootzone.maps.assemble import MapPlan, assemble_trust, trust_spec
from rootzone.maps.map_run import MapReport, MapRequest, MapRun, made_alike
from rootzone.maps.network_job import NetworkJob, Task
from rootzone.maps.read_training_sites import read_training_sites
from rootzone.maps.run_workers import Workers

if TYPE_CHECKING:
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.learning.scene.scene import Scene
    from rootzone.networks.bundle import Bundle

# Below this, starting processes takes longer than the work [pixels times days].
WORTH_PROCESSES = 2_000_000


def maps_from_network(files: CampaignFiles, request: MapRequest) -> MapReport:
    """Make the maps of a campaign with its trained network; see ``make_maps``."""
    from rootzone.learning.samples.open_samples import open_scene
    from rootzone.networks.bundle import load_bundle

    run = MapRun(files, request)
    scene = open_scene(files)
    folder = run.workspace.bundle(request.run)
    bundle = load_bundle(folder, scene.spec)
    sites = read_training_sites(run.workspace, scene.land)
    trust = _trust_record(run, sites)
    plan = _plan(run, bundle, scene, trust)
    missing = run.missing(plan)
    if missing or not (plan.trust and plan.trust.exists() and made_alike(plan.trust, trust)):
        few = _on_days(scene, run.days)
        parts = Parts.of(
            plan.folder, digest_json([plan.record.digest, trust.digest, plan.window_px])
        )
        job = NetworkJob(
            few, folder, plan, parts, sites, run.cover, request.device, request.faithful,
            run.bf16,
        )  # fmt: skip
        _work(run, job, trust, missing)
        parts.sweep()
    return run.report(plan, len(missing), request.source or "network")


def _trust_record(run: MapRun, sites: TrainingSites) -> Provenance:
    features = [sites.numbers, sites.classes, sites.rung_above_0]
    inputs = {
        "land": run.land.digest,
        "training sites": digest_json([array.tolist() for array in features]),
    }
    return Provenance("rootzone map", inputs, {"layer": "trust"})


def _plan(run: MapRun, bundle: Bundle, scene: Scene, trust: Provenance) -> MapPlan:
    """What is to be made, with the digest of everything that has a say."""
    campaign, request = run.files.campaign, run.request
    weather = {f"weather_{y}": run.workspace.weather(y) for y in campaign.weather_years}
    inputs = {
        "model": bundle.digest,
        "features": bundle.spec.digest,
        "calibration": digest_json(bundle.info["calibration"]),
        **trust.inputs,
        **inputs_of(weather),
    }
    if bundle.info.get("fallback") is not None:
        inputs["fallback"] = digest_json(bundle.info["fallback"])
    for name, source in (("surface", scene.surface_source), ("leaf_area", scene.leaf_area)):
        if source is not None:
            inputs[name] = getattr(source, "digest", "")
    settings = {
        "source": "network",
        "faithful": request.faithful,
        "precision": "bf16" if run.bf16 else "fp32",
        "device": request.device,
        "dtype": campaign.maps.dtype,
        "excluded_cover": list(run.cover.excluded),
        "region": campaign.region.model_dump(mode="json"),
    }
    interval = campaign.maps.interval_pct
    if bundle.calibration is not None:
        interval = 100.0 * bundle.calibration.coverage
    tags = {"source": "network", "model_digest": bundle.digest, "run": request.run}
    if run.bf16 and bundle.info.get("bf16_error"):
        tags["bf16_rms_error"] = f"{bundle.info['bf16_error']['rms']:.2g} m3 m-3"
    plan = run.plan(Provenance("rootzone map", inputs, settings), interval, tags)
    if bundle.depths_mm != plan.depths_mm:
        raise RequestError(
            f"The model of run {request.run} predicts {bundle.depths_mm} mm, labels.depths_mm asks "
            f"for {plan.depths_mm}. Train again, or put the depths back."
        )
    window_px = plan.window_px
    if request.faithful:  # windows then hold whole tiles
        window_px = max(window_px // plan.grid.tile_px, 1) * plan.grid.tile_px
    return replace(plan, window_px=window_px, trust=run.workspace.maps / "trust.tif")


def _on_days(scene: Scene, days: Sequence[date]) -> Scene:
    """The scene with the weather of some days only, so that it travels light.

    Raises
    ------
    RequestError
        A day has no weather, or no sums over the 30 days before it.
    """
    weather = scene.weather
    at = np.unique(weather.day_index(np.asarray(days, dtype="datetime64[D]")))
    few = replace(weather, dates=weather.dates[at], values=weather.values[at].copy())
    return replace(scene, weather=few)


def _work(run: MapRun, job: NetworkJob, trust: Provenance, missing: list[tuple[int, int]]) -> None:
    """The trust layer, then every window, then every map that is missing."""
    plan, parts = job.plan, job.parts
    work = plan.grid.width * plan.grid.height * len(plan.days)
    alone = job.device != "cpu" or work < WORTH_PROCESSES
    windows = list(plan.grid.windows(plan.window_px))
    with Workers(job, 1 if alone else run.request.cores) as workers:
        assert plan.trust is not None  # noqa: S101 - set in _plan
        if not (plan.trust.exists() and made_alike(plan.trust, trust)):
            left = [w for w in windows if not parts.has(f"trust_{w.row}_{w.col}")]
            _do(run, workers, "windows of the trust layer", [Task("trust", w) for w in left])
            tags = {"campaign": run.files.campaign.name}
            assemble_trust(plan.trust, trust_spec(plan.grid, tags), trust, parts, windows)
        if missing:
            tasks = [Task("predict", w) for w in windows if job.missing_days(w)]
            _do(run, workers, "windows", tasks)
            _do(run, workers, "maps", [Task("assemble", None, *one) for one in missing])


def _do(run: MapRun, workers: Workers, what: str, tasks: list[Task]) -> None:
    for number, _ in enumerate(workers.run(tasks), 1):
        run.request.tell(what, number, len(tasks))
