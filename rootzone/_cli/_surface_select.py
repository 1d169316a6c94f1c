"""``rootzone surface select`` and ``apply``: a model for each environment, from any table."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import click

from rootzone._cli._options import force_option, json_option
from rootzone._shared.json_text import json_text


@click.command()
@click.argument("table", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--features", required=True, metavar="COL,COL,...", help="Columns that ridge and trees read."
)
@click.option(
    "--by", default="", metavar="COL,COL,...", help="Class columns of environments, first first."
)
@click.option(
    "--cluster",
    default="",
    metavar="COL,COL,...",
    help="Columns whose means group stations, as a further class.",
)
@click.option("--station", default="station", show_default=True, help="Column of the station.")
@click.option("--target", default="theta", show_default=True, help="Column of water content.")
@click.option("--outer", type=click.IntRange(2), default=5, show_default=True, help="Folds.")
@click.option(
    "--soft",
    type=click.FloatRange(0.0),
    default=0.0,
    show_default=True,
    help="Weigh models by ubRMSE, this wide [m3 m-3], instead of one an environment.",
)
@click.option("--rounds", type=click.IntRange(1), default=400, show_default=True, help="Trees.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of folds and fits.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Parquet to write.")
@click.option(
    "--models",
    type=click.Path(path_type=Path, dir_okay=False),
    help="JSON for the fitted models, for rootzone surface apply.",
)
@force_option
@json_option
def select(
    table: Path,
    features: str,
    by: str,
    cluster: str,
    station: str,
    target: str,
    outer: int,
    soft: float,
    rounds: int,
    seed: int,
    out: Path | None,
    models: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Choose a model for each environment from the samples of TABLE (Parquet or CSV).

    TABLE has a row a station and day: the station, ``date``, the water content measured and any
    features. Candidates are ridge and boosted trees on --features, the monthly mean of stations
    (climatology) and, where TABLE has their columns, SCA-V and the water cloud. Models are judged
    at stations left out of their fit; nothing is chosen on the stations it is reported on.
    """
    from rootzone._shared.atomic import refuse_overwrite
    from rootzone.surface.select.run_select import Columns, report_text, run_select

    for written in filter(None, (out, models)):
        refuse_overwrite(written, force=force)
    classes, groups, wanted = (
        tuple(filter(None, (name.strip() for name in told.split(","))))
        for told in (by, cluster, features)
    )
    columns = Columns(station, target, classes, groups)
    facts = run_select(
        table, columns, wanted, outer=outer, soft=soft, rounds=rounds, seed=seed, out=out,
        models=models, say=lambda line: click.echo(line, err=True),
    )  # fmt: skip
    if as_json:
        click.echo(json_text(facts))
        return
    click.echo(report_text(facts))


@click.command()
@click.argument("models", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("image", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", required=True, type=click.Path(path_type=Path, dir_okay=False),
              help="GeoTIFF to write.")  # fmt: skip
@click.option(
    "--date",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Of the image, where climatology takes part.",
)
@force_option
def apply(models: Path, image: Path, out: Path, day: dt.datetime | None, force: bool) -> None:
    """Run MODELS, of ``rootzone surface select --models``, on the bands of IMAGE at any scale.

    IMAGE is a GeoTIFF whose bands are named as the features. With several environments a band
    ``environment`` holds their numbers, in the order of MODELS; ``scale_km`` is the size of the
    pixels where no band tells it. Written are moisture, spread, model and environment.
    """
    from rootzone._shared.atomic import refuse_overwrite
    from rootzone.surface.select.apply import run_apply

    refuse_overwrite(out, force=force)
    run_apply(models, image, out, day.date() if day else None)
    click.echo(out)
