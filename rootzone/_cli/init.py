"""``rootzone init``: a complete, commented campaign file to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--pack",
    default="conus",
    show_default=True,
    help="Sources to start from: conus for the contiguous United States, global for any place.",
)
@click.option("--lat", type=click.FloatRange(-90, 90), help="Middle of the region [degree north].")
@click.option("--lon", type=click.FloatRange(-180, 180), help="Middle of the region [degree east].")
@click.option("--force", is_flag=True, help="Overwrite a campaign.yaml that is there already.")
def command(folder: Path, pack: str, lat: float | None, lon: float | None, force: bool) -> None:
    """Write DIR/campaign.yaml with every key, its default and its meaning.

    With --lat and --lon the region is a box of 0.2 degrees around that place; with --pack global
    the sources are those of any place on Earth, and the grid lies in the place's UTM zone.
    """
    from rootzone._shared.atomic import refuse_overwrite, write_text
    from rootzone.api._engine_settings import setting_lines
    from rootzone.campaign.scaffold import campaign_text
    from rootzone.covariates.packs import choices_for

    path = folder / "campaign.yaml"
    refuse_overwrite(path, force=force)
    write_text(path, campaign_text(setting_lines(), choices_for(pack, lat, lon)))
    click.echo(str(path))
    if pack == "global":
        click.echo(
            "grid.crs is the UTM zone of the place; any system in metres may stand there.", err=True
        )
    click.echo(f"next: edit it, then: rootzone check {path}", err=True)
