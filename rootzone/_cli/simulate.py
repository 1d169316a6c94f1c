"""``rootzone simulate``: daily soil-water profiles of a campaign, or of two tables."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from rootzone._shared.json_text import json_text

_EPILOG = """\b
A campaign: rootzone simulate campaign.yaml
  runs every shard that is not done; the same command resumes after any interruption.
  --shard 7 or 7/200 runs one shard, --shard env the one SLURM_ARRAY_TASK_ID names,
  --task 3/40 every 40th shard from the third. --site ID --out FILE runs one site by
  itself. See docs/running.md.
\b
Two tables: rootzone simulate --soils SOILS --weather WEATHER --out OUT
\b
SOILS, one row per site and layer:
  site_id, cell_id, layer (1 at the top), thickness_mm, and
  swim3          bd_g_cm3, airdry (both only checked), ll15, dul, sat, ks_mm_d,
                 theta_initial, kdul_mm_d, psidul_cm
  van_genuchten  theta_r, theta_s, alpha_per_cm, n, ks_mm_d, theta_initial
                 and, if there, l (Mualem's, else 0.5)
\b
WEATHER, one row per cell and day, without gaps:
  cell_id, date, rain_mm, and eo_mm or radn_mj_m2, tmax_degc, tmin_degc
\b
OUT, one row per site and date, in the order of SOILS:
  site_id, date, theta (list, one value per layer), runoff_mm, drainage_mm, es_mm,
  infiltration_mm (net of evaporation), pond_mm, balance_error_mm, steps, and snow_mm
  with snow or frozen_soil. In CSV theta is the text [0.21, 0.27] in one cell.
  Sites with a wrong row, or whose result breaks physics, are in NAME.failed.parquet
  with the reason; sites on which a fault of APSIM or a hard step was mended are in
  NAME.repaired.parquet.
\b
Exit status: 0 all sites done; 2 the request or a file as a whole is wrong; 3 done, but
more sites failed than --max-failed-pct (a campaign: jobs.max_failed_pct) allows; 4 stopped
early, the same command resumes.
"""


class _WithSettings(click.Command):
    """Prints the keys of ``--set`` below the options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Table layouts, then every key with unit, default and meaning."""
        from rootzone.engines.swim.settings import settings_help

        super().format_epilog(ctx, formatter)
        with formatter.section("Keys of --set, [unit] = default: meaning"):
            for line in settings_help().splitlines():
                formatter.write_text(line)


@click.command(cls=_WithSettings, epilog=_EPILOG)
@click.argument("campaign", required=False, type=click.Path(path_type=Path))
@click.option("--shard", metavar="N[/ALL]|env", help="Campaign: only this shard.")
@click.option("--task", metavar="N/ALL", help="Campaign: only the shards of this array task.")
@click.option("--site", help="Campaign: only this site, its profile to --out.")
@click.option(
    "--executor",
    type=click.Choice(["processes", "threads", "dask"]),
    default="processes",
    show_default=True,
    help="Campaign: where shards run.",
)
@click.option("--cores", type=click.IntRange(1), help="Campaign: cores; default: those given.")
@click.option("--scheduler", help="Campaign: address or file of a Dask scheduler.")
@click.option(
    "--isolated", is_flag=True, help="Campaign: sites in child processes, to find one that hangs."
)
@click.option("--soils", type=click.Path(path_type=Path), help="Soils, .parquet or .csv.")
@click.option("--weather", type=click.Path(path_type=Path), help="Weather, .parquet or .csv.")
@click.option("--out", type=click.Path(path_type=Path), help="Profiles, .parquet or .csv.")
@click.option("--engine", type=click.Choice(["swim"]), default="swim", show_default=True)
@click.option(
    "--physics",
    type=click.Choice(["swim3", "van_genuchten"]),
    help="Hydraulic functions and grid. Default: what SOILS has columns for; van_genuchten "
    "where it has both.",
)
@click.option(
    "--stepping",
    type=click.Choice(["apsim", "converged"]),
    default="converged",
    show_default=True,
    help="apsim: APSIM's step rules and its answers; converged: the error is controlled.",
)
@click.option(
    "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Change a setting; see below."
)
@click.option(
    "--threads", type=click.IntRange(1), help="Threads; default: the cores of this process."
)
@click.option("--float32", is_flag=True, help="Store numbers in single precision: half the file.")
@click.option(
    "--max-failed-pct",
    type=click.FloatRange(0, 100),
    default=0.0,
    show_default=True,
    help="Share of failed sites [%] that still counts as success.",
)
@click.option("--allow-program", metavar="COMMAND", default="",
              help="Campaign: let it start this program, its engine.apsim_models.")  # fmt: skip
@click.option("--force", is_flag=True, help="Replace outputs that exist.")
@click.option("--json", "as_json", is_flag=True, help="Report on stdout as JSON.")
def command(
    campaign: Path | None,
    shard: str | None,
    task: str | None,
    site: str | None,
    executor: str,
    cores: int | None,
    scheduler: str | None,
    isolated: bool,
    soils: Path | None,
    weather: Path | None,
    out: Path | None,
    engine: str,
    physics: str | None,
    stepping: str,
    pairs: tuple[str, ...],
    threads: int | None,
    float32: bool,
    max_failed_pct: float,
    allow_program: str,
    force: bool,
    as_json: bool,
) -> None:
    """Simulate daily soil-water profiles of CAMPAIGN, or of SOILS and WEATHER into OUT."""
    if campaign is not None:
        from rootzone._cli._campaign_run import Choice, simulate_campaign, simulate_site
        from rootzone._shared import machine

        if soils or weather or pairs or (out and not site):
            raise click.UsageError(
                "CAMPAIGN brings its own tables and settings; leave out --soils, --weather, --set "
                "and --out (but for --site)."
            )
        machine.allow_program(allow_program)
        if site:
            simulate_site(campaign, site, out, force=force)
            return
        simulate_campaign(
            campaign,
            Choice(shard, task, executor, cores, scheduler, force, isolated, as_json),
        )
        return
    if soils is None or weather is None or out is None:
        raise click.UsageError("Give CAMPAIGN, or --soils, --weather and --out together.")
    del engine  # only one so far

    from rootzone._shared.errors import RequestError

    if threads is not None:
        # Polars reads its own variable when it is first imported.
        os.environ.setdefault("POLARS_MAX_THREADS", str(threads))
    from rootzone.engines.swim.batch import is_compiled
    from rootzone.engines.swim.engine import SwimEngine
    from rootzone.engines.swim.settings import settings_from_pairs
    from rootzone.engines.tables.read_soils import choose_physics
    from rootzone.engines.tables.table_mode import simulate_tables

    # The pairs are checked against either physics before the soils table is opened.
    asked = settings_from_pairs(physics or "van_genuchten", stepping, pairs)
    chosen = physics or choose_physics(soils, asked.initial)
    settings = settings_from_pairs(chosen, stepping, pairs)
    swim = SwimEngine(settings, threads=threads)
    if physics is None:
        click.echo(f"physics {chosen}, by the columns of {soils}", err=True)
    if not is_compiled(settings):
        click.echo("compiling the engine, once for this version: up to a minute", err=True)
    try:
        run = simulate_tables(
            soils,
            weather,
            out,
            swim,
            physics=chosen,
            salb=settings.salb,
            initial=settings.initial,
            needs_temperature=settings.needs_temperature,
            extra_columns=settings.extra_columns,
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


def _tell(run: object, max_failed_pct: float, following: str) -> None:
    """The summary on stderr: the same facts as the JSON report, in words."""
    from rootzone.engines.tables.table_mode import TableRun

    if not isinstance(run, TableRun):
        raise TypeError(run)
    counts = ", ".join(f"{count} {name}" for name, count in run.failed_by_class.items())
    quarantine = f", {run.failed} quarantined ({counts})" if run.failed else ""
    lines = [f"{run.engine}: {run.done} of {run.sites} sites done{quarantine}"]
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


_SHOWN = 10
