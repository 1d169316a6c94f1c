"""``rootzone validate-soils``: our soil parameters against measured soils."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import json_option
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.hydraulics.measured_soils import MeasuredSoils

_FILE = click.Path(path_type=Path)


@click.command()
@click.option(
    "--unsoda", type=_FILE, help="Folder with unsoda_soils.parquet and unsoda_retention.parquet."
)
@click.option("--kssl", type=_FILE, help="kssl_reference.csv: curves of the NCSS laboratory.")
@click.option("--gshp", type=_FILE, help="gshp_reference.csv: curves of the GSHP collection.")
@click.option(
    "--mesosoil", type=_FILE, help="mesosoil_v2_1.parquet: soils of the Oklahoma Mesonet."
)
@click.option(
    "--ptf",
    "functions",
    multiple=True,
    metavar="NAME",
    help="Pedotransfer function; again for more, or all.  [default: rosetta3 for one collection, "
    "all for several]",
)
@click.option("--by-class", is_flag=True, help="One table for each, per texture class.")
@json_option
def command(
    unsoda: Path | None,
    kssl: Path | None,
    gshp: Path | None,
    mesosoil: Path | None,
    functions: tuple[str, ...],
    by_class: bool,
    as_json: bool,
) -> None:
    """Print the errors of our retention curves and Ks against collections of measured soils.

    Retention errors in m3 m-3, Ks errors as log10 of cm d-1; ours minus measured. UNSODA is judged
    at laboratory drying points up to 16,000 cm, the others at set suctions. A function is not
    judged at the water contents it takes as inputs. One collection and one function give a table
    per texture class; several give a line each. Rosetta, Wosten and Weynants saw parts of these
    soils in their making: the last lines say which.
    """
    from dataclasses import asdict

    from rootzone.hydraulics.validation import markdown_table, summary_table, validate_against

    collections = _read(unsoda, kssl, gshp, mesosoil)
    names = _functions(functions, len(collections))
    tables = []
    for measured in collections:
        for name in names:
            errors = validate_against(measured, name)
            if errors and errors[-1].points:
                tables.append((measured, name, errors))
    if as_json:
        rows = [
            {
                "collection": measured.name,
                "function": name,
                **{key: None if value != value else value for key, value in asdict(row).items()},
            }
            for measured, name, errors in tables
            for row in errors
        ]
        click.echo(json_text(rows))
        return
    if len(tables) == 1 and not by_class:
        click.echo(markdown_table(tables[0][2]))
        return
    click.echo(summary_table([(measured.name, name, rows[-1]) for measured, name, rows in tables]))
    if by_class:
        for measured, name, errors in tables:
            click.echo(f"\n{measured.name}, {name}\n\n{markdown_table(errors)}")
    click.echo("")
    for measured in collections:
        click.echo(f"{measured.name}, seen in training: {measured.seen_in_training}.")


def _read(
    unsoda: Path | None, kssl: Path | None, gshp: Path | None, mesosoil: Path | None
) -> list[MeasuredSoils]:
    """The collections that were named."""
    from rootzone.hydraulics.read_measured import read_gshp, read_kssl, read_mesosoil
    from rootzone.hydraulics.read_unsoda import read_unsoda

    readers = ((unsoda, read_unsoda), (kssl, read_kssl), (gshp, read_gshp))
    found = [reader(path) for path, reader in (*readers, (mesosoil, read_mesosoil)) if path]
    if not found:
        raise click.UsageError("Name a collection: --unsoda, --kssl, --gshp or --mesosoil.")
    return found


def _functions(names: tuple[str, ...], n_collection: int) -> tuple[str, ...]:
    """Functions to judge, every name known."""
    from rootzone._shared.names import did_you_mean
    from rootzone.hydraulics.pedotransfer import PTF_NAMES

    if not names:
        return PTF_NAMES if n_collection > 1 else ("rosetta3",)
    if "all" in names:
        return PTF_NAMES
    for name in names:
        if name not in PTF_NAMES:
            raise click.BadParameter(
                f"there is no pedotransfer function {name!r}{did_you_mean(name, PTF_NAMES)}; "
                f"known: {', '.join(PTF_NAMES)}"
            )
    return names
