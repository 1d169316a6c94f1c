"""``rootzone provenance``: what made a file, in words."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="The stored record as JSON.")
def command(file: Path, as_json: bool) -> None:
    """Print what made FILE: verb, code version, settings and digest of every input."""
    from rootzone._shared.provenance import in_words, read_provenance

    record = read_provenance(file)
    click.echo(record.to_json() if as_json else in_words(record))
