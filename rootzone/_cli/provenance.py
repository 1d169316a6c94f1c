"""``rootzone provenance``: what made a file, in words."""

from __future__ import annotations

from pathlib import Path

import click

from rootzone._cli._options import json_option


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@json_option
def command(file: Path, as_json: bool) -> None:
    """Print what made FILE: verb, code version, settings and digest of every input."""
    from rootzone._shared.provenance import in_words, read_provenance

    record = read_provenance(file)
    click.echo(record.to_json() if as_json else in_words(record))
