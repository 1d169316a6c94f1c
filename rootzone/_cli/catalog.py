"""``rootzone catalog``: what data there is, and what a file really is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import json_option
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.covariates.check.check import FileReport
    from rootzone.covariates.layers.catalog import Catalog
    from rootzone.covariates.layers.source import Source

_FILES = click.option(
    "--catalog",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A catalog file of your own; its entries win over the packed ones.",
)
# Facts of a file in the order they are printed; the long ones stay in the JSON.
_HIDDEN_FACTS = ("crs", "codes", "subdatasets", "sentinels", "missing_days", "notes")


@click.group()
def command() -> None:
    """Show the data catalog, or hold files against it; results on stdout."""


@command.command("list")
@_FILES
@json_option
def list_(files: tuple[Path, ...], as_json: bool) -> None:
    """List every source: name, kind, unit, licence and where the entry stands."""
    catalog = _load(files)
    if as_json:
        _echo_json([_row(catalog, name) for name in catalog.sources])
        return
    click.echo(f"{'name':<16} {'kind':<11} {'unit':<9} {'title':<64} licence")
    for name, source in catalog.sources.items():
        click.echo(
            f"{name:<16} {source.kind:<11} {source.unit:<9} {source.title:<64} {source.licence}"
        )
    click.echo("next: rootzone catalog show NAME, or rootzone catalog check FILE", err=True)


@command.command()
@click.argument("name")
@_FILES
@json_option
def show(name: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Print all that the catalog says of the source NAME."""
    catalog = _load(files)
    source = catalog.source(name)
    if as_json:
        _echo_json({"name": name, "from": catalog.origin[name], **source.model_dump(mode="json")})
        return
    click.echo(f"{name}   ({catalog.origin[name]})")
    for line in _lines(source):
        click.echo(line)


@command.command()
@click.argument(
    "paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)
@click.option("--as", "source_name", help="Catalog entry the files are held against.")
@_FILES
@json_option
def check(
    paths: tuple[Path, ...], source_name: str | None, files: tuple[Path, ...], as_json: bool
) -> None:
    """Report what each FILE really is, against the catalog, and how to mend a mismatch.

    Exit status 2 where a problem was found that would make numbers wrong.
    """
    from rootzone.covariates.check.check import check_file

    catalog = _load(files)
    reports = [check_file(path, catalog, source_name) for path in paths]
    if as_json:
        _echo_json([report.to_dict() for report in reports])
    else:
        for report in reports:
            _print_report(report)
    if not all(report.ok for report in reports):
        raise click.exceptions.Exit(2)


def _load(files: tuple[Path, ...]) -> Catalog:
    from rootzone.covariates.layers.catalog import load_catalog

    return load_catalog(files, Path())


def _row(catalog: Catalog, name: str) -> dict[str, object]:
    source = catalog.source(name)
    row = source.model_dump(mode="json", include={"title", "kind", "reader", "unit", "licence"})
    return {"name": name, **row, "from": catalog.origin[name]}


def _lines(source: Source) -> list[str]:
    lines = []
    for key, value in source.model_dump(mode="json", exclude_defaults=True).items():
        if key == "variables":
            lines.append("variables")
            lines += [
                f"  {name:<14} [{part.unit}] {part.range[0]:g} to {part.range[1]:g}"
                f"{' (log10)' if part.log10 else ''} {part.meaning}".rstrip()
                for name, part in source.variables.items()
            ]
        else:
            lines.append(f"{key:<16} {value}")
    return lines


def _print_report(report: FileReport) -> None:
    click.echo(f"{report.path}   as {report.source or 'no catalog entry'}")
    for key, value in report.facts.items():
        if value not in (None, [], {}) and key not in _HIDDEN_FACTS:
            click.echo(f"  {key.replace('_', ' '):<22} {value}")
    for finding in report.findings:
        click.echo(f"  {finding.level.upper():<8}{finding.code}: {finding.problem.rstrip('.')}.")
        click.echo(f"          To mend it: {finding.mend.rstrip('.')}.")
    click.echo(f"  {'ok' if report.ok else 'NOT OK'}")


def _echo_json(value: object) -> None:

    click.echo(json_text(value))
