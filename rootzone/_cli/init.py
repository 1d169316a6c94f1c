"""``rootzone init``: a complete, commented campaign file to start from."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Overwrite a campaign.yaml that is there already.")
def command(folder: Path, force: bool) -> None:
    """Write DIR/campaign.yaml with every key, its default and its meaning."""
    from rootzone._shared.atomic import refuse_overwrite, write_text
    from rootzone.api._engine_settings import setting_lines
    from rootzone.campaign.scaffold import campaign_text

    path = folder / "campaign.yaml"
    refuse_overwrite(path, force=force)
    write_text(path, campaign_text(setting_lines()))
    click.echo(str(path))
    click.echo(f"next: edit it, then: rootzone check {path}", err=True)
