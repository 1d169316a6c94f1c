"""What labels need to know beside the profiles: design facts of the sites and what ran them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any

import polars as pl

from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance, inputs_of, read_provenance
from rootzone._shared.tables import SITES, read_frame, read_table
from rootzone.campaign.model import Campaign
from rootzone.campaign.workspace import Workspace
from rootzone.labels.depths import MID_LAYER, SWIM3, LabelDepth, parse_depth
from rootzone.labels.layering import (
    Layerings,
    layerings_from_soils,
    layerings_from_thickness,
)
from rootzone.labels.make_labels import LabelRule, SiteFacts
from rootzone.labels.read_profiles import profile_files
from rootzone.labels.write_labels import LabelJob

UNKNOWN_ENGINE = "unknown"


def nodes_of_physics(physics: str) -> str:
    """Where the values of a physics set belong: SWIM3's own nodes, or the middle of the layers."""
    return SWIM3 if physics == "swim3" else MID_LAYER


def read_facts(sites: Path, ledgers: Sequence[Path] = ()) -> dict[Hashable, SiteFacts]:
    """Stratum, weight, year and rung of every site.

    Parameters
    ----------
    sites : Path
        Sites table of the design.
    ledgers : sequence of Path
        Ledgers of shards; the largest rung of a site counts. Missing files are passed over.

    Raises
    ------
    RequestError
        A table is not what it should be, or a site stands in the sites table twice.
    """
    frame = read_table(sites, SITES)
    if frame["site_id"].n_unique() != frame.height:
        raise RequestError(f"{sites}: site_id is not unique; each site and year needs its own.")
    rungs: dict[Hashable, int] = {}
    for ledger in ledgers:
        if ledger.exists():
            rungs.update(_rungs(ledger))
    columns = frame.select("site_id", "stratum", "weight", "year").iter_rows()
    return {
        site: SiteFacts(stratum, float(weight), int(year), rungs.get(site, 0))
        for site, stratum, weight, year in columns
    }


def _rungs(ledger: Path) -> dict[Hashable, int]:
    frame = read_frame(ledger)
    if not {"site_id", "rung"} <= set(frame.columns):
        return {}
    largest = frame.group_by("site_id").agg(pl.col("rung").max())
    return dict(largest.iter_rows())


def campaign_jobs(campaign: Campaign, workspace: Workspace) -> list[LabelJob]:
    """One job for every shard of a campaign that has profiles.

    Raises
    ------
    RequestError
        There are no profiles, or the sites table is missing or wrong.
    """
    files = profile_files(workspace.root / "runs")
    ledgers = [path.with_name("ledger.parquet") for path in files]
    facts = read_facts(workspace.sites, ledgers)
    nodes = nodes_of_physics(campaign.engine.physics)
    rule = LabelRule(
        depths=[LabelDepth(depth) for depth in campaign.labels.depths_mm],
        layerings=layerings_from_thickness(campaign.profile.thickness_mm, nodes),
        facts=facts,
    )
    design = inputs_of({"sites": workspace.sites})
    return [_job(path, path.parent.name.removeprefix("shard="), rule, design) for path in files]


def table_jobs(
    profiles: Path,
    depths: Sequence[str],
    *,
    soils: Path | None = None,
    thickness_mm: Sequence[float] = (),
    nodes: str | None = None,
    sites: Path | None = None,
    spin_up_days: int = 0,
) -> list[LabelJob]:
    """Jobs for profile files outside a campaign.

    Parameters
    ----------
    profiles : Path
        One file, or a folder of them.
    depths : sequence of str
        Such as ``200`` or ``0-1000`` [mm].
    soils : Path, optional
        Soils table the profiles were made from; gives every site its own layers.
    thickness_mm : sequence of float
        Layers of all sites [mm], in place of ``soils``.
    nodes : str, optional
        ``mid_layer`` or ``swim3``; by the physics in the provenance when not given.
    sites : Path, optional
        Sites table with strata, weights and years.
    spin_up_days : int
        Days dropped at the start of every site [d].
    """
    files = profile_files(profiles)
    chosen = nodes or nodes_of_physics(str(_settings(files[0]).get("physics", "")))
    extra = {"soils": soils} if soils else {}
    if soils is not None:
        layerings = layerings_from_soils(read_frame(soils), chosen)
    elif thickness_mm:
        layerings = layerings_from_thickness(thickness_mm, chosen)
    else:
        layerings = Layerings()
    rule = LabelRule(
        depths=[parse_depth(text) for text in depths],
        layerings=layerings,
        facts=read_facts(sites) if sites else {},
        spin_up_days=spin_up_days,
    )
    digests = inputs_of({**extra, **({"sites": sites} if sites else {})})
    names = [f"{number:05d}" for number in range(len(files))]
    return [_job(path, name, rule, digests) for path, name in zip(files, names, strict=True)]


def _job(profiles: Path, name: str, rule: LabelRule, inputs: Mapping[str, str]) -> LabelJob:
    settings = _settings(profiles)
    record = Provenance(
        verb="rootzone labels",
        inputs={**inputs, "profiles": settings.get("digest", "none")},
        settings={
            "depths": [str(depth) for depth in rule.depths],
            "spin_up_days": rule.spin_up_days,
            "nodes": sorted({str(node) for node in _nodes(rule)}),
        },
    )
    parts = [str(settings.get(key, "")) for key in ("engine", "physics", "stepping")]
    engine = "/".join(part for part in parts if part) or UNKNOWN_ENGINE
    return LabelJob(profiles, name, rule, engine, record)


def _nodes(rule: LabelRule) -> set[tuple[float, ...]]:
    known = [*rule.layerings.by_count.values(), *rule.layerings.by_site.values()]
    return {layering.node_depth_mm for layering in known}


def _settings(profiles: Path) -> dict[str, Any]:
    """Engine settings and digest as the profiles' own provenance tells them; empty without one."""
    try:
        record = read_provenance(profiles)
    except RequestError:
        return {}
    return {**record.settings, "digest": record.digest}
