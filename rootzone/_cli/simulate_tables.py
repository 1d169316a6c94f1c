"""``rootzone simulate-tables``: daily soil-water profiles of a soils and a weather table."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import (
    device_option,
    engine_options,
    force_option,
    json_option,
    set_option,
    threads_option,
)
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.engines.tables.table_mode import TableRun

_SHOWN = 10

_EPILOG = """\b
SOILS, one row per site and layer:
  site_id, cell_id, layer (1 at the top), thickness_mm, and
  swim3          bd_g_cm3, airdry (both only checked), ll15, dul, sat, ks_mm_d,
                 theta_initial, kdul_mm_d, psidul_cm
  van_genuchten  theta_r, theta_s, alpha_per_cm, n, ks_mm_d, theta_initial
                 and, if there, l (Mualem's, else 0.5)
  if there       cover: what grows at the site, such as grass (docs/roots.md)
\b
WEATHER, one row per cell and day, without gaps:
  cell_id, date, rain_mm, and what the air asks for: eo_mm, else pet_mm, else APSIM's
  formula from radn_mj_m2, tmax_degc, tmin_degc
\b
OUT, one row per site and date, in the order of SOILS:
  site_id, date, theta (list, one value per layer), runoff_mm, drainage_mm, es_mm,
  infiltration_mm (net of evaporation), pond_mm, balance_error_mm, steps, and snow_mm
  with snow or frozen_soil; transpiration_mm, interception_mm and canopy_mm (rain still
  on leaves and litter) where something grows. In CSV theta is the text [0.21, 0.27] in one cell.
  Sites with a wrong row, or whose result breaks physics, are in NAME.failed.parquet
  with the reason; sites on which a fault of APSIM or a hard step was mended are in
  NAME.repaired.parquet.
\b
Exit status: 0 all sites done; 2 the request or a file as a whole is wrong; 3 done, but
more sites failed than --max-failed-pct allows; 4 stopped early.
"""


class _WithSettings(click.Command):
    """Prints the keys of ``--set`` below the options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Table layouts, then every key with unit, default and meaning."""
        from rootzone.engines.swim.read_settings import settings_help

        super().format_epilog(ctx, formatter)
        with formatter.section("Keys of --set, [unit] = default: meaning"):
            for line in settings_help().splitlines():
                formatter.write_text(line)


@click.command(cls=_WithSettings, epilog=_EPILOG)
@click.option(
    "--soils", required=True, type=click.Path(path_type=Path), help="Soils, .parquet or .csv."
)
@click.option(
    "--weather", required=True, type=click.Path(path_type=Path), help="Weather, .parquet or .csv."
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Profiles, .parquet or .csv."
)
@click.option(
    "--engine",
    metavar="NAME",
    default="swim",
    show_default=True,
    help="swim: the embedded one; apsim: SWIM3 of an installed APSIM, see docs/apsim.md.",
)
@engine_options(physics=None)
@set_option
@device_option
@threads_option
@click.option("--float32", is_flag=True, help="Store numbers in single precision: half the file.")
@click.option(
    "--max-failed-pct",
    type=click.FloatRange(0, 100),
    default=0.0,
    show_default=True,
    help="Share of failed sites [%] that still counts as success.",
)
@force_option
@json_option
def command(
    soils: Path,
    weather: Path,
    out: Path,
    engine: str,
    physics: str | None,
    stepping: str,
    pairs: tuple[str, ...],
    device: str | None,
    threads: int | None,
    float32: bool,
    max_failed_pct: float,
    force: bool,
    as_json: bool,
) -> None:
    """Simulate daily soil-water profiles of SOILS under WEATHER into OUT."""
    from rootzone._shared.errors import RequestError

    if threads is not None:
        # Polars reads its own variable when it is first imported.
        os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    from rootzone.engines.kinds import kind_of
    from rootzone.engines.tables.table_mode import simulate_tables

    kind = kind_of(engine)
    if device is not None and kind.on_gpus:
        pairs = (*pairs, f"device={device}")
    elif device == "cuda":
        raise RequestError(
            f"--device cuda: {engine} runs on CPUs alone; leave out --engine {engine}."
        )
    chosen = kind.for_tables(soils, physics, stepping, pairs, threads)
    for note in chosen.notes:
        click.echo(note, err=True)
    try:
        run = simulate_tables(
            soils,
            weather,
            out,
            chosen.engine,
            physics=chosen.physics,
            needs=chosen.needs,
            initial=chosen.initial,
            extra_columns=chosen.extra_columns,
            float32=float32,
            force=force,
            progress=_progress if sys.stderr.isatty() else None,
        )
    except OSError as error:
        raise RequestError(f"{out} cannot be written: {error}. Nothing of it is left.") from error
    passed = run.failed_pct <= max_failed_pct
    following = (
        f"rootzone provenance {run.out}"
        if run.failed == 0
        else f"mend what {run.failed_table} names, then the same command with --force"
    )
    if as_json:
        facts = {**run.facts(), "max_failed_pct": max_failed_pct, "passed": passed}
        click.echo(json_text({**facts, "next": following}))
    _tell(run, max_failed_pct, following)
    if not as_json:
        click.echo(run.out)
    if not passed:
        sys.exit(3)


def _progress(done: int, failed: int, sites: int) -> None:
    click.echo(f"\r{done + failed} of {sites} sites, {failed} failed", nl=False, err=True)


def _tell(run: TableRun, max_failed_pct: float, following: str) -> None:
    """The summary on stderr: the same facts as the JSON report, in words."""
    counts = ", ".join(f"{count} {name}" for name, count in run.failed_by_class.items())
    quarantine = f", {run.failed} quarantined ({counts})" if run.failed else ""
    lines = [f"{run.engine}: {run.done} of {run.sites} sites done{quarantine}"]
    lines += [f"note: {note}" for note in run.notes]
    lines += [f"  {failure.text}" for failure in run.failures[:_SHOWN]]
    if run.failed > _SHOWN:
        lines.append(f"  ... and {run.failed - _SHOWN} more in {run.failed_table}")
    if run.failed_table:
        lines.append(
            f"quarantine: {run.failed_table} ({run.failed_pct:.3g} % of the sites, "
            f"{max_failed_pct:g} % allowed)"
        )
    if run.repaired_table:
        mended = ", ".join(f"{name} on {n}" for name, n in run.repaired_by_name.items())
        lines.append(f"repairs on the way ({mended} sites): {run.repaired_table}")
    lines.append(
        f"{run.site_years:.6g} site-years in {run.seconds:.3g} s, "
        f"{run.columns_computed} columns computed, digest {run.digest}"
    )
    lines.append(f"next: {following}")
    for line in lines:
        click.echo(line, err=True)
