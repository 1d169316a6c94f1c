"""``rootzone invert``: the soil that explains a station's sensors, scored on held-out years."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import force_option, json_option
from rootzone._cli._ptfs import PTFS
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from rootzone.inversion.run_inversions import Outcome


@click.command()
@click.argument("station_table", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--weather", type=click.Path(path_type=Path), help="Default: beside the table.")
@click.option("--station", "names", multiple=True, help="Only this station; may be repeated.")
@click.option(
    "--depth",
    "depths_m",
    multiple=True,
    type=click.FloatRange(0, 10, min_open=True),
    default=(0.05, 0.10, 0.20, 0.50, 1.00),
    show_default=True,
    help="Depth that takes part [m].",
)
@click.option(
    "--soils", "soil_table", type=click.Path(path_type=Path),
    help="Soils of the stations. Default: NAME.soils beside the table, if it is there.",
)  # fmt: skip
@click.option(
    "--ptf", type=click.Choice(PTFS), default="rosetta3", show_default=True,
    help="Pedotransfer function of measured soils.",
)  # fmt: skip
@click.option("--mapped-soils", is_flag=True, help="Take classes of a soil map as measured.")
@click.option("--train-year", "train_years", multiple=True, type=int, help="Default: first half.")
@click.option(
    "--objective", type=click.Choice(["rmse", "ubrmse"]), default="rmse", show_default=True,
    help="Nearest to the sensors, or nearest in ups and downs whatever the level.",
)  # fmt: skip
@click.option(
    "--zone",
    "zones",
    multiple=True,
    type=click.FloatRange(0, min_open=True),
    help="Lower end of a zone [mm].",
)
@click.option(
    "--physics", type=click.Choice(["van_genuchten", "swim3"]), default="van_genuchten",
    show_default=True,
)  # fmt: skip
@click.option(
    "--stepping", type=click.Choice(["converged", "apsim"]), default="converged", show_default=True
)
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Engine setting.")
@click.option("--no-snow", is_flag=True, help="Take every precipitation as rain, as APSIM does.")
@click.option(
    "--workers",
    default=1,
    type=click.IntRange(1),
    show_default=True,
    help="Stations worked on at a time.",
)
@click.option(
    "--seed", default=5, type=click.IntRange(0), show_default=True, help="Seed of the bootstrap."
)
@click.option("--no-figures", is_flag=True, help="Tables only.")
@force_option
@json_option
def command(
    station_table: Path,
    out: Path,
    weather: Path | None,
    names: tuple[str, ...],
    depths_m: tuple[float, ...],
    soil_table: Path | None,
    ptf: str,
    mapped_soils: bool,
    train_years: tuple[int, ...],
    objective: str,
    zones: tuple[float, ...],
    physics: str,
    stepping: str,
    pairs: tuple[str, ...],
    no_snow: bool,
    workers: int,
    seed: int,
    no_figures: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Find the soil that explains each station of STATION_TABLE and score it on other years.

    The texture triangle is searched coarse to fine with the embedded engine under the station's
    own weather. Where the station's soil was measured, layered corrections of it are sought
    instead, about zero (docs/stations.md). Beside it a fixed loam and the measured soil are
    scored, and the station's own climatology. Written are inversions.parquet, scores.parquet,
    summary.parquet, summary.md, and figures.
    """
    from rootzone._shared.atomic import refuse_overwrite
    from rootzone._shared.provenance import Provenance, inputs_of
    from rootzone.engines.swim.read_settings import pairs_as_mapping
    from rootzone.inversion.column_runs import THICKNESS_MM
    from rootzone.inversion.find_soils import find_soils
    from rootzone.inversion.read_inputs import read_inputs
    from rootzone.inversion.station_profiles import measured_profiles
    from rootzone.inversion.write_results import write_results
    from rootzone.stations.station_table import weather_path

    refuse_overwrite(out / "inversions.parquet", force=force)
    weather_file = weather or weather_path(station_table)
    stations, own_weather = read_inputs(station_table, weather_file)
    soils = measured_profiles(
        station_table, soil_table, THICKNESS_MM, ptf, with_mapped=mapped_soils, on_problem=_say
    )
    search = find_soils(
        stations,
        own_weather,
        soils=soils,
        names=names,
        depths_m=depths_m,
        train_years=train_years,
        objective=objective,
        zones_mm=zones,
        physics=physics,
        stepping=stepping,
        settings={**({} if no_snow else {"snow": True}), **pairs_as_mapping(pairs)},
        workers=workers,
        progress=_tell,
    )
    record = Provenance(
        "rootzone invert",
        inputs_of({"stations": station_table, "weather": weather_file}),
        {**search.settings, "seed": seed},
    )
    found = search.found
    text = write_results(out, found, depths_m, record, seed=seed, with_figures=not no_figures)
    facts = {
        "folder": str(out),
        "stations": len(found),
        "station_years": sum(len(one.years) for one in found),
        "held_out_station_years": sum(len(one.held_out_years) for one in found),
        "measured_soils": sum(one.correction is not None for one in found),
        "not_inverted": search.not_inverted,
    }
    click.echo(json_text(facts) if as_json else text)
    click.echo(f"next: open {out / 'summary.md'}", err=True)


def _tell(outcome: Outcome) -> None:
    found = outcome.found
    best = (found.correction or found.best) if found else outcome.problem
    _say(f"{outcome.network} {outcome.station}: {best}")


def _say(what: str) -> None:
    click.echo(what, err=True)
