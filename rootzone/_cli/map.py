"""``rootzone map``: maps of soil moisture, from the trained network or from physics."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import (
    campaign_argument,
    cores_option,
    data_option,
    device_option,
    force_option,
    json_option,
    run_option,
)
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.maps.map_run import MapReport


def _dates(ctx: click.Context, param: click.Parameter, texts: tuple[str, ...]) -> tuple[date, ...]:
    """Days from ``2023-07-15`` texts."""
    del ctx, param
    found = []
    for text in texts:
        try:
            found.append(datetime.strptime(text, "%Y-%m-%d").date())
        except ValueError as error:
            raise click.BadParameter(f"{text!r} is not a day such as 2023-07-15") from error
    return tuple(found)


@click.command()
@campaign_argument
@data_option
@run_option
@click.option(
    "--date",
    "dates",
    multiple=True,
    callback=_dates,
    metavar="YYYY-MM-DD",
    help="Day to map; may be repeated. Default: maps.dates, or the 15th of each month.",
)
@click.option("--every-day", is_flag=True, help="Map every day of the campaign's years.")
@click.option(
    "--from",
    "source",
    type=click.Choice(["network", "physics", "simulation", "lightgbm"]),
    help="The trained network; physics at every pixel between simulated soils, with its error; "
    "a simulation of every different soil; or LightGBM on the network's channels, to hold beside "
    "the others. Default: maps.source.",
)
@click.option(
    "--window",
    type=click.IntRange(64, 8192),
    help="Side of a window [px], a multiple of 8; never changes a pixel.",
)
@click.option("--faithful", is_flag=True, help="Bare tiles as in the manuscript; seams show.")
@device_option
@cores_option
@click.option(
    "--texture-step",
    type=click.FloatRange(0.01, 50),
    metavar="PCT",
    help="Simulation: round textures to this step, so that more pixels share a column. "
    "Default: no rounding, as the soils stage.",
)
@force_option
@json_option
def command(
    campaign: Path,
    data: Path | None,
    run: str,
    dates: tuple[date, ...],
    every_day: bool,
    source: str | None,
    window: int | None,
    faithful: bool,
    device: str | None,
    cores: int | None,
    texture_step: float | None,
    force: bool,
    as_json: bool,
) -> None:
    """Make the maps of CAMPAIGN in the folder maps beside it.

    For each day and label depth a cloud-optimised GeoTIFF, a twin with flags, a STAC item and
    QGIS colours; all days in one NetCDF or Zarr (maps.time_series); and the trust layer. Maps that
    are there already are kept, and a killed run goes on where it was.
    """
    from rootzone._shared.cores import cores_given
    from rootzone._shared.errors import RequestError
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.maps.map_run import MapRequest
    from rootzone.maps.run_maps import make_maps

    if window is not None and window % 8:
        raise RequestError(f"--window {window} is no multiple of 8 px, the network's stride.")
    files = CampaignFiles.beside(campaign, data)
    chosen = source or files.campaign.maps.source
    if texture_step is not None and chosen != "simulation":
        raise RequestError("--texture-step is for --from simulation; a network reads textures.")
    if faithful and chosen != "network":
        raise RequestError(f"--faithful is about the network; a {chosen} has no tiles.")
    if chosen in ("network", "lightgbm"):
        from rootzone._cli._learning import require_learning

        require_learning()
    if every_day:
        if dates:
            raise RequestError("--every-day and --date exclude each other.")
        dates = tuple(
            date(year, 1, 1) + timedelta(days=day)
            for year in sorted(files.campaign.years)
            for day in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)
        )
    report = make_maps(
        files,
        MapRequest(
            run=run,
            dates=dates,
            source=source,
            window_px=window,
            faithful=faithful,
            device=device or "cpu",
            cores=cores or cores_given(),
            texture_step_pct=texture_step,
            force=force,
            tell=_progress if sys.stderr.isatty() else lambda what, done, of: None,
        ),
    )
    following = f"rootzone report {campaign}"
    click.echo(_words(report), err=True)
    if as_json:
        click.echo(json_text({**report.facts(), "next": following}))
    else:
        click.echo(report.folder)
    click.echo(f"next: {following}", err=True)


def _progress(what: str, done: int, of: int) -> None:
    click.echo(f"\r{done} of {of} {what}   ", nl=done == of, err=True)


def _words(report: MapReport) -> str:
    """The report in words."""
    from rootzone.labels.field.build import FieldCounts

    lines = [f"{len(report.maps)} maps from {report.source}, {report.made_now} made now"]
    counts = report.counts
    if counts is not None:
        failed = ", ".join(f"{n} {name}" for name, n in counts.failed.items()) or "none"
        lines.append(
            f"{counts.columns} different columns for {counts.pixels} pixels, "
            f"{counts.simulated_now} simulated now; without a value: {failed}"
        )
    if isinstance(counts, FieldCounts):
        lines.append(
            f"{counts.simulated} columns were simulated in all, the others lie between "
            "them: in the worst weather cell 95 % of the errors at held-out soils stay below "
            f"{counts.worst_error:.4f} m3 m-3"
        )
    lines += [f"time series: {path}" for path in report.series]
    if report.trust is not None:
        lines.append(f"trust layer: {report.trust}")
    return "\n".join(lines)
