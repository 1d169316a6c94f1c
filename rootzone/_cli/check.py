"""``rootzone check``: is this campaign file right, before a night is burnt on it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from rootzone.campaign.findings import Finding
    from rootzone.campaign.read_campaign import LoadedCampaign


@click.command()
@click.argument("campaign", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The same facts as JSON.")
def command(campaign: Path, as_json: bool) -> None:
    """Check CAMPAIGN, its catalog and its engine; change nothing.

    All mistakes are shown together, each with file, line, column, the value seen and how to mend
    it. Exit status 2 if there is any.
    """
    from rootzone.campaign.findings import CampaignMistakes
    from rootzone.campaign.read_campaign import examine_campaign

    loaded, findings = examine_campaign(campaign)
    if loaded is not None:
        findings = sorted([*findings, *_later_findings(loaded)])
    if as_json:
        click.echo(json.dumps(_facts(campaign, loaded, findings), indent=1))
    if findings:
        if as_json:
            raise click.exceptions.Exit(CampaignMistakes.exit_code)
        raise CampaignMistakes(findings)
    if loaded is not None and not as_json:
        click.echo(_in_words(campaign, loaded))
        click.echo(f"next: rootzone sites {campaign}", err=True)


def _later_findings(loaded: LoadedCampaign) -> list[Finding]:
    """What only later stages can judge: files that must exist, engine settings, the engine."""
    from rootzone._cli._engine_settings import settings_findings

    return [
        *_missing_files(loaded),
        *_catalog_findings(loaded),
        *_place_findings(loaded),
        *settings_findings(loaded),
        *_engine_findings(loaded),
    ]


def _catalog_findings(loaded: LoadedCampaign) -> list[Finding]:
    """What the campaign's own catalogs may not say: paths that leave their folder, other hosts."""
    from rootzone._shared.errors import RequestError
    from rootzone.covariates.layers.catalog import stray_addresses

    found = []
    for i, name in enumerate(loaded.campaign.catalog.files):
        path, key = loaded.document.path.parent / name, ("catalog", "files", i)
        if not path.is_file():
            continue
        try:
            strays = stray_addresses([path])
        except RequestError as error:
            found.append(loaded.finding(key, f"the catalog is wrong: {error}", f"correct {path}"))
            continue
        for file, line, entry, problem in strays:
            reason, _, mend = problem.partition(". ")
            text = f"{file}:{line}: {entry}: {reason}"
            found.append(loaded.finding(key, text, mend or f"correct {path}"))
    return found


def _place_findings(loaded: LoadedCampaign) -> list[Finding]:
    """Whether the region and the grid's coordinate system are ones that exist."""
    from rootzone._shared.errors import RequestError
    from rootzone.covariates.grid import projected_crs
    from rootzone.covariates.open_campaign import open_region

    found = []
    try:
        projected_crs(loaded.campaign.grid.crs)
    except RequestError as error:
        found.append(
            loaded.finding(("grid", "crs"), str(error), "name a projected system in metres")
        )
    region, key = loaded.campaign.region, "polygon_file"
    if region.place is not None:
        key = "place"
    elif region.polygon_file is None or not _there(
        loaded.document.path.parent / region.polygon_file
    ):
        return found  # a box needs no looking up, and a file that is missing was told
    try:
        open_region(loaded)
    except RequestError as error:
        found.append(loaded.finding(("region", key), str(error), "correct it"))
    return found


def _there(path: Path) -> bool:
    """Whether a path exists; one that no disk can hold does not."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _missing_files(loaded: LoadedCampaign) -> list[Finding]:
    folder = loaded.document.path.parent
    campaign = loaded.campaign
    named: list[tuple[tuple[str | int, ...], str]] = []
    if campaign.region.polygon_file:
        named.append((("region", "polygon_file"), campaign.region.polygon_file))
    named += [(("catalog", "files", i), name) for i, name in enumerate(campaign.catalog.files)]
    named += [(("labels", "stations", i), name) for i, name in enumerate(campaign.labels.stations)]
    return [
        loaded.finding(key, f"{folder / name} does not exist", "correct the path or make the file")
        for key, name in named
        if not _there(folder / name)
    ]


def _engine_findings(loaded: LoadedCampaign) -> list[Finding]:
    """Whether the engine the campaign names can be started on this machine."""
    import shlex
    import shutil

    engine = loaded.campaign.engine
    if engine.name != "apsim":
        return []
    try:
        command_line = shlex.split(engine.apsim_models or "Models")
    except ValueError:
        command_line = []
    if not command_line:
        return [
            loaded.finding(
                ("engine", "apsim_models"),
                "it is no command",
                "give the path or container command of Models, or null",
            )
        ]
    try:
        there = shutil.which(command_line[0])
    except (OSError, ValueError):
        there = None
    if there:
        return _program_findings(loaded)
    return [
        loaded.finding(
            ("engine", "apsim_models"),
            f"APSIM's {command_line[0]} is not to be found on this machine",
            "install APSIM, give the path or container command of Models, or use name: swim",
        )
    ]


def _program_findings(loaded: LoadedCampaign) -> list[Finding]:
    """Whether this machine's user lets a campaign start the program and use the folder it names."""
    from rootzone._shared.errors import RequestError
    from rootzone.jobs.shard.engine_choice import check_program, check_scratch

    engine, found = loaded.campaign.engine, []
    named = str(engine.settings.get("models") or engine.apsim_models or "")
    scratch = engine.settings.get("scratch")
    for key, look, value in (
        (("engine", "apsim_models"), check_program, named),
        (("engine", "settings", "scratch"), check_scratch, scratch),
    ):
        try:
            if value:
                look(str(value))
        except RequestError as error:
            problem, _, mend = str(error).partition(" If it is your APSIM, ")
            found.append(loaded.finding(key, problem.removesuffix("."), mend or "leave it out"))
    return found


def _facts(path: Path, loaded: LoadedCampaign | None, findings: list[Finding]) -> dict[str, Any]:
    return {
        "file": str(path),
        "ok": not findings,
        "digest": loaded.digest if loaded and not findings else None,
        "mistakes": [finding.as_dict() for finding in findings],
    }


def _in_words(path: Path, loaded: LoadedCampaign) -> str:
    campaign = loaded.campaign
    site_years = campaign.sites.per_year * len(campaign.years)
    depths = ", ".join(f"{depth:g}" for depth in campaign.labels.depths_mm)
    engine = campaign.engine
    bottom = sum(campaign.profile.thickness_mm)
    return "\n".join(
        (
            f"{path} is right. Digest {loaded.digest}",
            f"  campaign  {campaign.name}: {site_years:,} site-years",
            f"  profile   {len(campaign.profile.thickness_mm)} layers down to {bottom:g} mm",
            f"  engine    {engine.name}, {engine.physics} physics, {engine.stepping} stepping",
            f"  labels    at {depths} mm",
        )
    )
