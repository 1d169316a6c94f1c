"""``rootzone soils``: guarded hydraulic parameters of a campaign's sites, or of a table's."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import data_option, force_option, json_option
from rootzone._cli._ptfs import PTFS
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rootzone.hydraulics.run_soils import SoilsRun

_CAMPAIGN_ENDINGS = (".yaml", ".yml")

_EPILOG = """\b
A campaign file in the place of TABLE samples the soil product it names at its sites and
writes soils/soils.parquet beside it; layers, limits and source are the campaign's own.
\b
TABLE, one row per site and layer, .parquet or .csv:
  site_id (or site), and cell_id if the weather cell has another name than the site
  depths: top_mm, bottom_mm | top_cm, bottom_cm | depth_cm such as 5-15 |
          thickness_mm or thickness_cm, from the surface down
  --from texture     sand_pct, silt_pct, clay_pct (or sand, silt, clay); one of the three
                     may be left out, closes the sum and is noted TEXTURE_BY_DIFFERENCE
  --from parameters  theta_r, theta_s, alpha_per_cm, n, ks_mm_d (or ks_cm_d)
  --from polaris     theta_r, theta_s, alpha (log10 kPa-1), n, ksat (log10 cm h-1)
  bd_g_cm3 (or bd), dry bulk density of the fine earth [g cm-3], if known
  om_pct organic matter [% of mass] (or oc_pct, carbon, times 1.724); theta_33kpa and
  theta_1500kpa, measured water contents [m3 m-3]; stones_vol_pct (or stones_mass_pct)
\b
--ptf needs, beside texture:
  rosetta3          nothing
  rosetta3_h3       bd_g_cm3
  rosetta3_h4       bd_g_cm3, theta_33kpa
  rosetta3_h5       bd_g_cm3, theta_33kpa, theta_1500kpa
  wosten1999        bd_g_cm3, om_pct
  weynants2009      bd_g_cm3, om_pct
  saxton_rawls2006  om_pct, and bd_g_cm3 if known
  toth2015          bd_g_cm3, om_pct
\b
OUT, one row per site and layer, for both physics of rootzone simulate:
  site_id, cell_id, layer, thickness_mm, bd_g_cm3, airdry, ll15, dul, sat, ks_mm_d,
  theta_initial, kdul_mm_d, psidul_cm, theta_r, theta_s, alpha_per_cm, n
  beside it NAME.adjustments, every value a guard changed (before, after, rule), and
  NAME.refused, every layer that cannot be used and why. A site with a refused layer
  is left out of OUT as a whole.
\b
Exit status: 0 all sites done; 2 the request or the table as a whole is wrong; 3 done, but
more sites were refused than --max-refused-pct allows.
"""


class _WithLimits(click.Command):
    """Prints the keys of ``--set`` below the options."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Table layouts, then every key with its default."""
        from rootzone.campaign.model import Soil
        from rootzone.hydraulics.limits import limits_of

        super().format_epilog(ctx, formatter)
        with formatter.section("Keys of --set and their defaults (docs/soil-hydraulics.md)"):
            formatter.write_dl([(key, str(value)) for key, value in limits_of(Soil()).items()])


def _thicknesses(
    ctx: click.Context, param: click.Parameter, text: str | None
) -> list[float] | None:
    """Layer thicknesses from ``50,50,100``."""
    del ctx, param
    if text is None:
        return None
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if not values or not all(1.0 <= value <= 10_000.0 for value in values):
        raise click.BadParameter(f"{text!r} is not a list of thicknesses in mm such as 50,50,100")
    return values


@click.command(cls=_WithLimits, epilog=_EPILOG)
@click.argument("table", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="Soils, .parquet or .csv; required with a TABLE.",
)
@data_option
@click.option(
    "--from",
    "source",
    type=click.Choice(["texture", "parameters", "polaris"]),
    default="texture",
    show_default=True,
    help="What TABLE holds: textures, looked up with Rosetta 3; or van Genuchten parameters.",
)
@click.option(
    "--ptf",
    type=click.Choice(PTFS),
    default="rosetta3",
    show_default=True,
    help="Pedotransfer function of textures; see below for what each needs.",
)
@click.option(
    "--member",
    "members",
    multiple=True,
    type=click.Choice(PTFS),
    help="Make each site's soil by this function as well; again for more. Sites are then named "
    "SITE@FUNCTION, and `label-tables --spread` tells what their labels differ by.",
)
@click.option(
    "--fill-inputs",
    is_flag=True,
    help="Fill organic matter (by depth) and bulk density (from texture) that --ptf needs and "
    "TABLE lacks, each noted; otherwise such layers are refused.",
)
@click.option(
    "--layers",
    "thickness_mm",
    callback=_thicknesses,
    metavar="MM,MM,...",
    help="Layer thicknesses of the profile, from the surface down; the source is averaged over "
    "them by depth. Default: the layers of TABLE.",
)
@click.option(
    "--extend", is_flag=True, help="Take the deepest layer of TABLE down to the end of --layers."
)
@click.option(
    "--tolerance-pct",
    type=click.FloatRange(0, 100),
    default=10.0,
    show_default=True,
    help="Distance of sand + silt + clay from 100 % that is still closed.",
)
@click.option(
    "--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Change a limit; see below."
)
@click.option(
    "--max-refused-pct",
    type=click.FloatRange(0, 100),
    default=0.0,
    show_default=True,
    help="Share of refused sites [%] that still counts as success.",
)
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    help="Also draw retention and conductivity curves, .png or .svg.",
)
@force_option
@json_option
def command(
    table: Path,
    out: Path | None,
    data: Path | None,
    source: str,
    ptf: str,
    members: tuple[str, ...],
    fill_inputs: bool,
    thickness_mm: list[float] | None,
    extend: bool,
    tolerance_pct: float,
    pairs: tuple[str, ...],
    max_refused_pct: float,
    figure: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Derive guarded soil hydraulic parameters of all sites in TABLE and write them to OUT."""
    from typing import cast

    from rootzone._shared.atomic import refuse_overwrite
    from rootzone.hydraulics.read_layers import Source
    from rootzone.hydraulics.run_soils import limits_from_pairs, run_soils

    if figure is not None:
        refuse_overwrite(figure, force=force)
    following = f"rootzone simulate-tables --soils {out} --weather WEATHER --out PROFILES"
    if table.suffix in _CAMPAIGN_ENDINGS:
        run, following, max_refused_pct = _campaign_run(table, data, force=force)
        out = run.files.soils
    elif out is None:
        raise click.UsageError("--out is needed with a TABLE.")
    else:
        run = run_soils(
            table,
            out,
            source=cast("Source", source),
            limits=limits_from_pairs(pairs),
            thickness_mm=thickness_mm,
            extend=extend,
            tolerance_pct=tolerance_pct,
            ptf=ptf,
            members=members,
            fill_inputs=fill_inputs,
            force=force,
        )
    if figure is not None:
        from rootzone.hydraulics.figures import draw_soils

        draw_soils(out, figure)
    passed = run.result.n_refused_sites <= max_refused_pct / 100.0 * run.result.n_site
    if not passed:
        following = f"mend what {run.files.refused} names, then the same command with --force"
    _tell(run, figure, following)
    if as_json:
        drawn = {} if figure is None else {"figure": str(figure)}
        click.echo(json_text({**run.facts(), **drawn, "passed": passed, "next": following}))
    else:
        click.echo(out)
    if not passed:
        sys.exit(3)


def _campaign_run(campaign: Path, data: Path | None, *, force: bool) -> tuple[SoilsRun, str, float]:
    """The campaign's soils, the next command, and the refused share it puts up with [%]."""
    from rootzone.covariates.open_campaign import CampaignFiles
    from rootzone.hydraulics.run_campaign_soils import run_campaign_soils

    files = CampaignFiles.beside(campaign, data)
    run = run_campaign_soils(files, force=force)
    return run, f"rootzone plan {campaign}", files.campaign.jobs.max_failed_pct


def _tell(run: SoilsRun, figure: Path | None, following: str) -> None:
    """The summary on stderr: the same facts as the JSON report, in words."""
    lines = [
        f"{run.n_sites} sites, {run.n_layers} layers; {run.result.n_refused_sites} sites refused",
        f"refused layers: {_counts(run.refused_by_reason)} ({run.files.refused})",
        f"adjustments: {_counts(run.adjusted_by_rule)} ({run.files.adjustments})",
        f"textures scaled to 100 %: {run.result.n_normalised}",
    ]
    if figure is not None:
        lines.append(f"figure: {figure}")
    click.echo("\n".join([*lines, f"next: {following}"]), err=True)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number} {name}" for name, number in counts.items()) or "none"
