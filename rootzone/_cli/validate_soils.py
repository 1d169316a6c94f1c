"""``rootzone validate-soils``: our soil parameters against measured soils."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--unsoda",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder with unsoda_soils.parquet and unsoda_retention.parquet.",
)
@click.option("--json", "as_json", is_flag=True, help="The same table on stdout as JSON.")
def command(unsoda: Path, as_json: bool) -> None:
    """Print the errors of our retention curves and Ks against UNSODA, per texture class.

    Retention errors in m3 m-3 over laboratory drying points up to 16,000 cm; Ks errors as log10 of
    cm d-1; ours minus measured. Much of UNSODA went into Rosetta: this is no independent test.
    """
    import json
    from dataclasses import asdict

    from rootzone.hydraulics.read_unsoda import read_unsoda
    from rootzone.hydraulics.validation import markdown_table, validate_against

    errors = validate_against(read_unsoda(unsoda))
    if as_json:
        rows = [
            {key: None if value != value else value for key, value in asdict(row).items()}
            for row in errors
        ]
        click.echo(json.dumps(rows, indent=1))
    else:
        click.echo(markdown_table(errors))
