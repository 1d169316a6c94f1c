"""What labels need to know beside the profiles: design facts of the sites and what ran them."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from rootzone._shared.digests import digest_bytes
from rootzone._shared.errors import RequestError
from rootzone._shared.profile_depths import LabelDepth, nodes_of_engine, parse_depth
from rootzone._shared.provenance import Provenance, inputs_of, read_provenance
from rootzone._shared.table_files import read_frame, read_table
from rootzone._shared.tables import SITES
from rootzone.engines.kinds import nodes_told
from rootzone.jobs.record.read_outcomes import last_word
from rootzone.jobs.record.read_state import CampaignState
from rootzone.jobs.shard.read_shard import read_closed
from rootzone.labels.layering import (
    Layerings,
    layerings_from_soils,
    layerings_from_thickness,
)
from rootzone.labels.make_labels import LabelRule, LabelSource, SiteFacts
from rootzone.labels.read_profiles import profile_files
from rootzone.labels.write_labels import LabelJob

UNKNOWN_ENGINE = "unknown"
_FACTS = ["site_id", "stratum", "weight", "year"]

Facts = dict[Hashable, SiteFacts]


def facts_of(sites: pl.DataFrame, rungs: Mapping[Hashable, int] | None = None) -> Facts:
    """Stratum, weight, year and rung of every site.

    Parameters
    ----------
    sites : polars.DataFrame
        Columns site_id, stratum, weight, year; a site once.
    rungs : mapping, optional
        Rung of the convergence ladder that finished each site; 0 where not told.

    Raises
    ------
    RequestError
        A site stands there twice.
    """
    if sites["site_id"].n_unique() != sites.height:
        raise RequestError(
            "site_id is not unique in the sites table; a site and year needs its own."
        )
    known = rungs or {}
    columns = sites.select("site_id", "stratum", "weight", "year").iter_rows()
    return {
        site: SiteFacts(stratum, float(weight), int(year), known.get(site, 0))
        for site, stratum, weight, year in columns
    }


@dataclass(frozen=True)
class CampaignJobs:
    """Jobs of a campaign's finished shards.

    Parameters
    ----------
    jobs : list of LabelJob
        One a finished shard.
    missing : int
        Shards that are not finished; their labels are still to come.
    """

    jobs: list[LabelJob]
    missing: int


def campaign_jobs(campaign_file: Path) -> CampaignJobs:
    """One job for every finished shard of a campaign.

    Weights are those of the sample as it stands: stand-ins in the place of failed sites, weights
    recomputed. Profiles of sites that no longer belong to the sample are left out, and counted.

    Raises
    ------
    RequestError
        The campaign file is wrong, no shard is finished, or a stratum lost all its sites.
    """
    state = CampaignState.beside(campaign_file)
    campaign, workspace = state.campaign, state.workspace
    done = [
        shard.number
        for shard in state.table.shards
        if read_closed(workspace, shard.number) is not None
    ]
    if not done:
        raise RequestError(
            f"No shard of {campaign_file} is finished. Run: rootzone simulate {campaign_file}"
        )
    sites = state.final_sites()
    outcomes = last_word(state.outcomes).filter(pl.col("rung").is_not_null())
    ids = outcomes["site_id"].cast(sites.schema["site_id"]).to_list()
    rungs = dict(zip(ids, outcomes["rung"].cast(pl.Int64).to_list(), strict=True))
    engine = campaign.engine
    rule = LabelRule(
        depths=[LabelDepth(depth) for depth in campaign.labels.depths_mm],
        layerings=layerings_from_thickness(
            campaign.profile.thickness_mm,
            nodes_of_engine(engine.physics, engine.stepping),
        ),
        facts=facts_of(sites, rungs),
        source=campaign.labels.source,
        drop_unknown=True,
    )
    design = {"sites": digest_bytes(sites.select(_FACTS).write_csv().encode())}
    label = "/".join((engine.name, engine.physics, engine.stepping))
    jobs = [
        _job(workspace.profiles(number), f"{number:05d}", rule, design, label) for number in done
    ]
    return CampaignJobs(jobs, len(state.table.shards) - len(done))


def table_jobs(
    profiles: Path,
    depths: Sequence[str],
    *,
    soils: Path | None = None,
    thickness_mm: Sequence[float] = (),
    nodes: str | None = None,
    sites: Path | None = None,
    spin_up_days: int = 0,
    source: LabelSource = "layers",
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
        ``mid_layer`` or ``swim3``; by the engine in the provenance when not given.
    sites : Path, optional
        Sites table with strata, weights and years.
    spin_up_days : int
        Days dropped at the start of every site [d].
    source : str
        ``layers``, or ``solver`` for depths that the profiles hold of the solver's own.
    """
    files = profile_files(profiles)
    told = _settings(files[0])
    chosen = nodes or nodes_told(told)
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
        facts=facts_of(read_table(sites, SITES)) if sites else {},
        spin_up_days=spin_up_days,
        source=source,
    )
    digests = inputs_of({**extra, **({"sites": sites} if sites else {})})
    names = [f"{number:05d}" for number in range(len(files))]
    return [_job(path, name, rule, digests) for path, name in zip(files, names, strict=True)]


def _job(
    profiles: Path, name: str, rule: LabelRule, inputs: Mapping[str, str], engine: str = ""
) -> LabelJob:
    settings = _settings(profiles)
    record = Provenance(
        verb="rootzone labels",
        inputs={**inputs, "profiles": settings.get("digest", "none")},
        settings={
            "depths": [str(depth) for depth in rule.depths],
            "spin_up_days": rule.spin_up_days,
            "nodes": sorted({str(node) for node in _nodes(rule)}),
            **({} if rule.source == "layers" else {"from": rule.source}),
        },
    )
    parts = [str(settings.get(key, "")) for key in ("engine", "physics", "stepping")]
    told = engine or "/".join(part for part in parts if part) or UNKNOWN_ENGINE
    return LabelJob(profiles, name, rule, told, record)


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
