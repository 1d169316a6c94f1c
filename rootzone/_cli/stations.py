"""``rootzone stations``: station files of any network to one screened table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import polars as pl

    from rootzone._shared.provenance import Provenance


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
@click.option("--network", default="plain", help="Network of plain tables without that column.")
@click.option("--rule", "only", multiple=True, help="Apply this rule alone; may be repeated.")
@click.option("--without", multiple=True, help="Switch a rule off; may be repeated.")
@click.option(
    "--forcing",
    type=click.Path(path_type=Path),
    help="Also write gapless weather, a cell a station, for `rootzone simulate --weather`.",
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
@click.option("--force", is_flag=True, help="Replace the table if it exists.")
@click.option("--json", "as_json", is_flag=True, help="Report on stdout as JSON.")
def command(
    sources: tuple[Path, ...],
    out: Path | None,
    station_list: Path | None,
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
    from rootzone._shared.provenance import Provenance, inputs_of
    from rootzone.covariates.fetch.checksums import check_beside
    from rootzone.stations.readers.ismn_agreement import compare_with_ismn
    from rootzone.stations.readers.nrcs_places import read_station_list
    from rootzone.stations.readers.read_any import read_all, station_files
    from rootzone.stations.screening.rules import RULES, chosen_rules
    from rootzone.stations.screening.screen import RuleCounts
    from rootzone.stations.station_table import (
        station_frame,
        weather_frame,
        write_stations,
    )

    of_campaign = len(sources) == 1 and sources[0].suffix in {".yaml", ".yml"}
    if of_campaign:
        campaign_file = sources[0]
        sources, place = _of_campaign(campaign_file)
        out = out or place
    out = _named(out)
    refuse_overwrite(out, force=force)
    rules = chosen_rules(only, without)
    files = station_files(sources)
    check_beside(files)
    listed = read_station_list(station_list) if station_list else None
    data = read_all(files, listed, network)
    counts = RuleCounts()
    frame = station_frame(data, rules, counts)
    record = Provenance(
        "rootzone stations",
        inputs_of({path.name: path for path in files}),
        {"rules": list(rules)},
    )
    write_stations(out, frame, weather_frame(data.weather), record)
    if forcing is not None:
        refuse_overwrite(forcing, force=force)
        _write_forcing(forcing, weather_frame(data.weather), record)
    if campaign_file is not None:
        _write_pixels(out, campaign_file, neighbourhood)
    agreement = [vars(row) for row in compare_with_ismn(data.series)]
    report = {
        "table": str(out),
        "rows": frame.height,
        "good": int((frame["flag"] == "").sum()),
        "stations": frame.select("network", "station").n_unique(),
        "sensors": len(data.series),
        "findings": dict(data.findings.counts),
        "rules": counts.rows(),
        "ismn_flags": agreement,
    }
    if as_json:
        click.echo(json.dumps(report, indent=1))
    else:
        _tell(report, data.findings.lines(), {name: RULES[name].meaning for name in rules})
    following = f"train {campaign_file}" if of_campaign else f"invert {out}"
    click.echo(f"next: rootzone {following}", err=True)


def _of_campaign(campaign_file: Path) -> tuple[tuple[Path, ...], Path]:
    """Station files that a campaign names, and where its table lies."""
    from rootzone._shared.errors import RequestError
    from rootzone.campaign.read_campaign import load_campaign
    from rootzone.campaign.workspace import Workspace

    named = load_campaign(campaign_file).campaign.labels.stations
    if not named:
        raise RequestError(
            f"{campaign_file}: labels.stations names no file or folder of station data. Add them "
            "there, or run: rootzone stations FILES --out TABLE."
        )
    folder = campaign_file.parent
    return tuple(folder / name for name in named), Workspace.beside(campaign_file).stations


def _named(out: Path | None) -> Path:
    from rootzone._shared.errors import RequestError

    if out is None:
        raise RequestError("--out is needed where SOURCES is not a campaign file.")
    return out


def _write_forcing(path: Path, weather: pl.DataFrame, record: Provenance) -> None:
    from rootzone._shared.tables import WEATHER, write_table
    from rootzone.stations.station_forcing import forcing_table

    write_table(path, forcing_table(weather), WEATHER, record)


def _write_pixels(out: Path, campaign_file: Path, neighbourhood: int | None) -> None:
    from rootzone._shared.provenance import Provenance, inputs_of
    from rootzone.campaign.read_campaign import load_campaign
    from rootzone.covariates.open_campaign import open_grid
    from rootzone.labels.write_frames import write_frame
    from rootzone.stations.pixels import station_pixels
    from rootzone.stations.station_table import read_stations

    loaded = load_campaign(campaign_file)
    grid = open_grid(loaded)
    if neighbourhood is None:
        neighbourhood = loaded.campaign.learning.station_neighbourhood_px
    pixels = station_pixels(read_stations(out), grid, neighbourhood)
    record = Provenance(
        "rootzone stations",
        inputs_of({"stations": out}),
        {"grid": grid.to_dict(), "neighbourhood_px": neighbourhood},
    )
    path = out.with_name(f"{out.stem}.pixels.parquet")
    write_frame(path, pixels, record)
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
    if report["ismn_flags"]:
        click.echo("rules beside the ISMN's own flags: both, ours alone, theirs alone")
        for row in report["ismn_flags"]:  # type: ignore[attr-defined]
            note = "" if row["applied"] else "  (not applied: no temperature or rain)"
            click.echo(
                f"{row['network']:<12}{row['rule']:<12}{row['ismn_flags']:<10}"
                f"{row['both']:>8}{row['ours']:>8}{row['theirs']:>8}{note}"
            )
