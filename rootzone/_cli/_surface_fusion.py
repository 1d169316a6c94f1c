"""Verbs of ``rootzone surface`` that fuse images of two sensors."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import force_option, json_option
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.surface.fusion.fuse_files import Quantity

_QUANTITY = click.option(
    "--quantity",
    type=click.Choice(["lst", "ndvi", "reflectance"]),
    help="What the images measure: sets the form and the bounds (lst in K: unbiased).",
)
_BOUNDS = click.option(
    "--bounds", nargs=2, type=float, metavar="LOW HIGH", help="In the files' unit."
)
_FORM = click.option(
    "--unbiased/--plain",
    default=None,
    help="unbiased: for two sensors that differ by more than noise.  [default: as the quantity]",
)
_HALF = click.option("--half-px", type=click.IntRange(1), default=25, show_default=True)
_CLASSES = click.option("--classes", type=click.IntRange(1), default=4, show_default=True)
_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.option(
    "--pair",
    "pairs",
    nargs=2,
    multiple=True,
    required=True,
    metavar="FINE COARSE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="GeoTIFFs of one day from both sensors; twice, or more often with days in the names.",
)
@click.argument("coarse", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False))
@_QUANTITY
@_BOUNDS
@_FORM
@_HALF
@_CLASSES
@click.option(
    "--resample",
    type=click.Choice(["nearest", "bilinear"]),
    help="Put coarse images on the fine grid.  [default: refuse other grids]",
)
@click.option(
    "--least-clear",
    type=click.FloatRange(0, 1),
    default=0.5,
    show_default=True,
    help="Of more than two pairs, leave out those with a smaller share of known pixels.",
)
@force_option
@json_option
def fuse(
    pairs: tuple[tuple[Path, Path], ...],
    coarse: Path,
    out: Path,
    quantity: str | None,
    bounds: tuple[float, float] | None,
    unbiased: bool | None,
    half_px: int,
    classes: int,
    resample: str | None,
    least_clear: float,
    force: bool,
    as_json: bool,
) -> None:
    """Make the fine image of the day of COARSE from pairs of other days (ESTARFM).

    With more than two pairs, the nearest clear ones before and after the day are taken; the days
    are read from the file names.
    """
    from rootzone._shared.atomic import refuse_overwrite
    from rootzone.surface.fusion.fuse_files import FusionSettings, fuse_files
    from rootzone.surface.fusion.pairs import nearest_pairs

    known = _known(quantity, bounds, unbiased)
    refuse_overwrite(out, force=force)
    settings = FusionSettings(
        bounds=known.bounds,
        unbiased=known.unbiased,
        half_px=half_px,
        classes=classes,
        resample=resample or "",
        unit=known.unit,
        meaning=f"{known.meaning}, fused".lstrip(", "),
    )
    two = nearest_pairs(pairs, coarse, resample or "", least_clear)
    done = fuse_files(two, coarse, out, settings)
    facts = {
        "out": str(out),
        "pairs": [[str(path) for path in pair] for pair in two],
        "form": "unbiased" if settings.unbiased else "plain",
        "pixels": done.pixels,
        "known": done.known,
        "mean": done.mean,
        "coarse_mean": done.coarse_mean,
        "unit": settings.unit,
    }
    if as_json:
        click.echo(json_text(facts))
        return
    for fine, rough in two:
        click.echo(f"pair        {fine.name}  {rough.name}")
    click.echo(
        f"{out}: {facts['form']} form, {done.known} of {done.pixels} pixels known, mean "
        f"{done.mean:.4g} {settings.unit}; the day's coarse image there {done.coarse_mean:.4g}"
    )


@click.command()
@click.option(
    "--fine",
    required=True,
    metavar="PATTERN",
    help="GeoTIFFs of the fine sensor, a day in each name; quote the pattern.",
)
@click.option(
    "--coarse",
    required=True,
    metavar="PATTERN",
    help="GeoTIFFs of the long coarse series, on any grid.",
)
@click.option("--from", "first", required=True, type=_DAY, help="First day wanted.")
@click.option("--to", "last", required=True, type=_DAY, help="Last day wanted.")
@click.option("--out", required=True, type=click.Path(path_type=Path, file_okay=False))
@_QUANTITY
@click.option("--name", help="Beginning of the file names.  [default: the quantity]")
@click.option(
    "--fine-days",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Days that a fine image sums up, the first in its name (16 for MOD13A2).",
)
@click.option(
    "--coarse-days",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Days that a coarse image sums up, the first in its name (8 for GLASS).",
)
@_BOUNDS
@click.option(
    "--unbiased/--plain",
    default=False,
    help="plain keeps the fine sensor's level in gaps; unbiased takes the coarse one's.",
)
@_HALF
@_CLASSES
@click.option(
    "--least-clear",
    type=click.FloatRange(0, 1),
    default=0.7,
    show_default=True,
    help="Share of pixels that a pair needs to be fused from.",
)
@click.option(
    "--reach-days",
    type=click.IntRange(1),
    default=32,
    show_default=True,
    help="Farthest day that is fused from, changed from or interpolated to.",
)
@json_option
def daily(
    fine: str,
    coarse: str,
    first: dt.datetime,
    last: dt.datetime,
    out: Path,
    quantity: str | None,
    name: str | None,
    fine_days: int,
    coarse_days: int,
    bounds: tuple[float, float] | None,
    unbiased: bool,
    half_px: int,
    classes: int,
    least_clear: float,
    reach_days: int,
    as_json: bool,
) -> None:
    """Make an image of every day from a fine sensor with clouds and a coarse series.

    What the fine sensor saw stays to the bit. Gaps are fused from two pairs, changed from another
    day as the coarse series changed, interpolated in time, or given the season's mean; a second
    file a day (NAME_DATE.origin.tif) says which, pixel by pixel.
    """
    from rootzone._shared.errors import RequestError
    from rootzone.surface.fusion.daily import DailySettings
    from rootzone.surface.fusion.daily_files import Composites, make_daily

    known = _known(quantity, bounds, unbiased)
    n = (last - first).days + 1
    if n < 1:
        raise RequestError(f"--from {first:%Y-%m-%d} comes after --to {last:%Y-%m-%d}.")
    settings = DailySettings(
        known.bounds, known.unbiased, half_px, classes, least_clear, reach_days
    )
    made = make_daily(
        name or quantity or "image",
        known,
        Composites(_files(fine, "--fine"), fine_days),
        Composites(_files(coarse, "--coarse"), coarse_days),
        [first.date() + dt.timedelta(days=k) for k in range(n)],
        out,
        settings,
        _say if not as_json else lambda _: None,
    )
    if as_json:
        facts = [
            {"day": one.day.isoformat(), "file": str(one.values), "mean": one.mean, **one.share}
            for one in made
        ]
        click.echo(json_text(facts))
        return
    for origin in made[0].share:
        share = sum(one.share[origin] for one in made) / len(made)
        click.echo(f"{origin:10} {share:6.1%} of the pixels of {len(made)} days")


def _known(
    quantity: str | None, bounds: tuple[float, float] | None, unbiased: bool | None
) -> Quantity:
    """The quantity named, with bounds and form as said."""
    from rootzone._shared.errors import RequestError
    from rootzone.surface.fusion.fuse_files import QUANTITIES, Quantity

    known = QUANTITIES.get(quantity or "")
    between = bounds or (known.bounds if known else None)
    if between is None:
        raise RequestError("Say --quantity lst, ndvi or reflectance, or --bounds LOW HIGH.")
    form = unbiased if unbiased is not None else known is not None and known.unbiased
    return Quantity(known.unit if known else "", between, form, known.meaning if known else "")


def _files(pattern: str, option: str) -> list[Path]:
    from rootzone._shared.errors import RequestError
    from rootzone._shared.patterns import files_named

    found = [path for path in files_named(pattern) if not path.name.endswith(".origin.tif")]
    if not found:
        raise RequestError(f"{option}: no file is called {pattern}.")
    return found


def _say(line: str) -> None:
    click.echo(line, err=True)
