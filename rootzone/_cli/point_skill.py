"""``rootzone point-skill``: what point models are worth at held-out stations, years and dates."""

from __future__ import annotations

from pathlib import Path

import click

from rootzone._cli._options import force_option, json_option
from rootzone._cli._ptfs import PTFS
from rootzone._shared.json_text import json_text

_SPLITS = ("stations", "years", "blocked_dates", "season_dates")


@click.command()
@click.argument("station_table", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--weather", type=click.Path(path_type=Path), help="Default: beside the table.")
@click.option(
    "--inversions", type=click.Path(path_type=Path),
    help="inversions.parquet of `rootzone invert`; used only where later years are held out.",
)  # fmt: skip
@click.option(
    "--soils", "soil_table", type=click.Path(path_type=Path),
    help="Soils of the stations. Default: NAME.soils beside the table, if it is there.",
)  # fmt: skip
@click.option("--ptf", type=click.Choice(PTFS), default="rosetta3", show_default=True,
              help="Pedotransfer function of measured soils.")  # fmt: skip
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Engine setting.")
@click.option("--climate", type=click.Path(path_type=Path), help="Raster of climate classes.")
@click.option(
    "--climate-legend", type=click.Choice(["koppen_kottek", "koppen_beck"]),
    default="koppen_kottek", show_default=True,
)  # fmt: skip
@click.option(
    "--split", "splits", multiple=True, type=click.Choice(_SPLITS), default=_SPLITS,
    show_default=True, help="What is held out; may be repeated.",
)  # fmt: skip
@click.option(
    "--depth",
    "depth_m",
    default=0.20,
    type=click.FloatRange(0, 10),
    show_default=True,
    help="Sensor depth [m].",
)
@click.option(
    "--folds",
    default=8,
    type=click.IntRange(2),
    show_default=True,
    help="Parts of the left-out stations.",
)
@click.option(
    "--steps",
    default=300,
    type=click.IntRange(1),
    show_default=True,
    help="Training steps of the network.",
)
@click.option(
    "--seed", default=1, type=click.IntRange(0), show_default=True, help="Seed of everything drawn."
)
@force_option
@json_option
def command(
    station_table: Path,
    out: Path,
    weather: Path | None,
    inversions: Path | None,
    soil_table: Path | None,
    ptf: str,
    pairs: tuple[str, ...],
    climate: Path | None,
    climate_legend: str,
    splits: tuple[str, ...],
    depth_m: float,
    folds: int,
    steps: int,
    seed: int,
    force: bool,
    as_json: bool,
) -> None:
    """Train point models on STATION_TABLE and score them on what was held out.

    LightGBM and a network over days see only weather, season, climate class and simulations of
    assumed soils; LightGBM also the soil and its simulation where it was measured. Beside them
    stand the raw simulations and climatologies. Written are predictions.parquet, skill.parquet,
    comparison.parquet and summary.md.
    """
    from rootzone._cli._learning import require_learning

    require_learning(threads=1)  # short series on a small network: more threads only wait
    from rootzone._shared.atomic import refuse_overwrite, write_text
    from rootzone._shared.profile_depths import nodes_of_engine
    from rootzone._shared.provenance import Provenance, inputs_of
    from rootzone._shared.table_files import write_table
    from rootzone._shared.units import mm_from_m
    from rootzone.engines.swim.engine import SwimEngine
    from rootzone.engines.swim.read_settings import settings_from_pairs
    from rootzone.inversion.column_runs import ColumnSetup
    from rootzone.learning.evaluation.compare import compare
    from rootzone.learning.evaluation.metrics import skill_table
    from rootzone.learning.evaluation.tables import COMPARISON, PREDICTIONS, SKILL
    from rootzone.learning.points.read_inputs import PointFiles, read_point_stations
    from rootzone.learning.points.report import as_text
    from rootzone.learning.points.run_skill import TREES, SkillSettings, point_predictions
    from rootzone.learning.points.samples import PointSettings
    from rootzone.learning.points.tcn import TcnSettings
    from rootzone.stations.station_table import weather_path

    refuse_overwrite(out / "skill.parquet", force=force)
    physics, stepping = "van_genuchten", "converged"
    snow = () if any(pair.startswith("snow=") for pair in pairs) else ("snow=true",)
    engine = SwimEngine(settings_from_pairs(physics, stepping, (*snow, *pairs)), threads=1)
    setup = ColumnSetup(engine, nodes_of_engine(physics, stepping))
    own_weather = weather or weather_path(station_table)
    files = PointFiles(
        station_table, own_weather, inversions, climate, climate_legend, soil_table, ptf
    )
    stations = read_point_stations(files, setup, PointSettings(depth_m), _tell)
    settings = SkillSettings(
        splits, folds, seed, tcn=TcnSettings(steps=steps), depth_mm=mm_from_m(depth_m)
    )
    predictions = point_predictions(stations, settings, _tell)
    skill = skill_table(predictions, seed)
    comparison = compare(predictions, seed, model=TREES)
    text = as_text(skill, comparison)
    named = {"stations": station_table, "weather": own_weather} | {
        name: path
        for name, path in (
            ("inversions", inversions),
            ("climate", climate),
            ("soils", soil_table),
        )
        if path is not None
    }
    record = Provenance(
        "rootzone point-skill",
        inputs_of(named),
        {**engine.identity(), "splits": list(splits), "folds": folds, "seed": seed,
         "steps": steps, "depth_m": depth_m, "compared": TREES, "climate_legend": climate_legend,
         "ptf": ptf},
    )  # fmt: skip
    out.mkdir(parents=True, exist_ok=True)
    write_table(out / "predictions.parquet", predictions, PREDICTIONS, record)
    write_table(out / "skill.parquet", skill, SKILL, record)
    write_table(out / "comparison.parquet", comparison, COMPARISON, record)
    write_text(out / "summary.md", text)
    click.echo(json_text(skill.to_dicts()) if as_json else text)
    click.echo(f"next: open {out / 'summary.md'}", err=True)


def _tell(what: str) -> None:
    click.echo(what, err=True)
