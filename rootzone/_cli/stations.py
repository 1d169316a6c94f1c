"""``rootzone stations``: station files of any network to one screened table."""

from __future__ import annotations

from pathlib import Path

import click

from rootzone._cli._options import force_option, json_option
from rootzone._shared.json_text import json_text

_MOST_SAMPLES = 20  # that are told in text


@click.command()
@click.argument("sources", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Table to write.  [default: stations/stations.parquet beside a campaign]",
)
@click.option(
    "--station-list",
    type=click.Path(path_type=Path),
    help="NRCS's list of stations, for positions of SCAN and SNOTEL. USCRN's come from a "
    "ghcnd-stations.txt among SOURCES.",
)
@click.option(
    "--soils",
    "soil_files",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Table of the stations' soils by depth; may be repeated. They go beside OUT, as "
    "NAME.soils, each layer with its standing: measured, mapped or suspect.",
)
@click.option("--network", default="plain", help="Network of plain tables without that column.")
@click.option("--rule", "only", multiple=True, help="Apply this rule alone; may be repeated.")
@click.option("--without", multiple=True, help="Switch a rule off; may be repeated.")
@click.option(
    "--forcing",
    type=click.Path(path_type=Path),
    help="Also write gapless weather, a cell a station, for `rootzone simulate-tables --weather`.",
)
@click.option(
    "--pixels",
    "campaign_file",
    type=click.Path(path_type=Path),
    help="Campaign whose grid the stations are put on; the pixels lie beside OUT.",
)
@click.option(
    "--neighbourhood",
    type=click.IntRange(min=0),
    help="Pixels on every side.  [default: 0, or as the campaign says]",
)
@force_option
@json_option
def command(
    sources: tuple[Path, ...],
    out: Path | None,
    station_list: Path | None,
    soil_files: tuple[Path, ...],
    network: str,
    only: tuple[str, ...],
    without: tuple[str, ...],
    forcing: Path | None,
    campaign_file: Path | None,
    neighbourhood: int | None,
    force: bool,
    as_json: bool,
) -> None:
    """Read station files of any network, screen them, and write one table to OUT.

    SOURCES are files or folders: USCRN daily text, ISMN archives, replies of AWDB, NRCS reports,
    plain tables. Beside OUT lies the stations' weather. Nothing is deleted: a value that a rule
    takes keeps its place and carries the rule's name. A campaign file as the only source stands
    for the files its labels.stations names, put on its grid.
    """
    from rootzone._shared.atomic import refuse_overwrite
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.stations.run_stations import (
        campaign_sources,
        pixels_path,
        screen_files,
        write_pixels,
    )
    from rootzone.stations.screening.rules import RULES
    from rootzone.stations.station_table import weather_path
    from rootzone.stations.write_soils import write_soils_of

    of_campaign = len(sources) == 1 and sources[0].suffix in {".yaml", ".yml"}
    if of_campaign:
        campaign_file = sources[0]
    files = None if campaign_file is None else CampaignFiles.beside(campaign_file)
    if of_campaign and files is not None:
        sources, out = campaign_sources(files), out or files.workspace.stations
    out = _named(out)
    beside = [weather_path(out)] if weather_path(out).exists() else []
    refuse_overwrite(out, force=force, beside=beside + ([pixels_path(out)] if files else []))
    if forcing is not None:
        refuse_overwrite(forcing, force=force)
    screened = screen_files(
        sources, station_list=station_list, network=network, only=only, without=without
    )
    screened.write(out, force=True)  # looked at above
    if forcing is not None:
        screened.write_forcing(forcing, force=force)
    soils = write_soils_of(out, soil_files, screened.frame, force=force) if soil_files else None
    if files is not None:
        _tell_pixels(write_pixels(out, files, neighbourhood))
    report = {"table": str(out), **screened.facts(), "soils": soils}
    if as_json:
        click.echo(json_text(report))
    else:
        meanings = {name: RULES[name].meaning for name in screened.rules}
        _tell(report, screened.findings.lines(), meanings)
    following = f"train {campaign_file}" if of_campaign else f"invert {out}"
    click.echo(f"next: rootzone {following}", err=True)


def _named(out: Path | None) -> Path:
    from rootzone._shared.errors import RequestError

    if out is None:
        raise RequestError("--out is needed where SOURCES is not a campaign file.")
    return out


def _tell_pixels(path: Path) -> None:
    import polars as pl

    pixels = pl.read_parquet(path)
    uncertain = pixels.filter(pixels["uncertain"])["station"].n_unique()
    click.echo(
        f"{path}: {pixels['station'].n_unique()} stations on the grid, {uncertain} of them "
        "with a position coarser than a pixel",
        err=True,
    )


def _tell(report: dict[str, object], findings: list[str], meanings: dict[str, str]) -> None:
    click.echo(
        f"{report['table']}: {report['rows']} rows of {report['sensors']} sensors at "
        f"{report['stations']} stations, {report['good']} good"
    )
    for line in findings:
        click.echo(f"  {line}")
    click.echo(f"{'network':<12}{'rule':<12}{'taken':>9}{'upstream':>10}{'values':>10}")
    for row in report["rules"]:  # type: ignore[attr-defined]
        name = row["rule"]
        if name not in meanings and name != "(any)" and not row["upstream"]:
            continue
        absent = row["sensors_not_applied"]
        note = f"  not applied on {absent} sensors" if absent else ""
        click.echo(
            f"{row['network']:<12}{name:<12}{row['taken']:>9}{row['upstream']:>10}"
            f"{row['values']:>10}  {meanings.get(name, '')}{note}"
        )
    if report["soils"]:
        soils: dict[str, object] = report["soils"]  # type: ignore[assignment]
        none = len(soils["stations_without"])  # type: ignore[arg-type]
        click.echo(
            f"{soils['table']}: soils of {soils['stations']} stations, measured at "
            f"{soils['stations_measured']}; {none} stations have none"
        )
        if soils["stations_by_difference"]:
            click.echo(
                f"  at {soils['stations_by_difference']} one of sand, silt and clay was not given "
                "and is what the others leave of 100 % (column by_difference)"
            )
        left_out: list[str] = soils["samples_left_out"]  # type: ignore[assignment]
        for line in left_out[:_MOST_SAMPLES]:
            click.echo(f"  {line}")
        if len(left_out) > _MOST_SAMPLES:
            click.echo(f"  and {len(left_out) - _MOST_SAMPLES} more, all with --json")
    if report["ismn_flags"]:
        click.echo("rules beside the ISMN's own flags: both, ours alone, theirs alone")
        for row in report["ismn_flags"]:  # type: ignore[attr-defined]
            note = "" if row["applied"] else "  (not applied: no temperature or rain)"
            click.echo(
                f"{row['network']:<12}{row['rule']:<12}{row['ismn_flags']:<10}"
                f"{row['both']:>8}{row['ours']:>8}{row['theirs']:>8}{note}"
            )
