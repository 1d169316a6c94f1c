"""``rootzone invert``: the soil that explains a station's sensors, scored on held-out years."""

from __future__ import annotations

import json
import re
from pathlib import Path

import click


@click.command()
@click.argument("station_table", type=click.Path(path_type=Path))
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder to write.")
@click.option("--weather", type=click.Path(path_type=Path), help="Default: beside the table.")
@click.option("--station", "names", multiple=True, help="Only this station; may be repeated.")
@click.option(
    "--depth",
    "depths_m",
    multiple=True,
    type=float,
    default=(0.05, 0.10, 0.20, 0.50, 1.00),
    show_default=True,
    help="Depth that takes part [m].",
)
@click.option("--train-year", "train_years", multiple=True, type=int, help="Default: first half.")
@click.option(
    "--objective", type=click.Choice(["rmse", "ubrmse"]), default="rmse", show_default=True,
    help="Nearest to the sensors, or nearest in ups and downs whatever the level.",
)  # fmt: skip
@click.option("--zone", "zones", multiple=True, type=float, help="Lower end of a zone [mm].")
@click.option(
    "--physics", type=click.Choice(["van_genuchten", "swim3"]), default="van_genuchten",
    show_default=True,
)  # fmt: skip
@click.option(
    "--stepping", type=click.Choice(["converged", "apsim"]), default="converged", show_default=True
)
@click.option("--set", "pairs", multiple=True, metavar="KEY=VALUE", help="Engine setting.")
@click.option("--no-snow", is_flag=True, help="Take every precipitation as rain, as APSIM does.")
@click.option("--workers", default=1, show_default=True, help="Stations worked on at a time.")
@click.option("--seed", default=5, show_default=True, help="Seed of the bootstrap.")
@click.option("--no-figures", is_flag=True, help="Tables only.")
@click.option("--force", is_flag=True, help="Replace what is in the folder.")
@click.option("--json", "as_json", is_flag=True, help="Report on stdout as JSON.")
def command(
    station_table: Path,
    out: Path,
    weather: Path | None,
    names: tuple[str, ...],
    depths_m: tuple[float, ...],
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
    own weather; beside it a fixed loam is scored, and the station's own climatology. Written are
    inversions.parquet, scores.parquet, summary.parquet, summary.md, and figures.
    """
    from rootzone._shared.atomic import refuse_overwrite, write_text
    from rootzone._shared.errors import RequestError
    from rootzone._shared.provenance import Provenance, inputs_of
    from rootzone.engines.swim.engine import SwimEngine
    from rootzone.engines.swim.settings import settings_from_pairs
    from rootzone.labels.inversion import figures, summary
    from rootzone.labels.inversion.column_runs import ColumnSetup
    from rootzone.labels.inversion.invert_station import InversionRules, scores_of
    from rootzone.labels.inversion.read_inputs import read_inputs
    from rootzone.labels.inversion.run_inversions import Outcome, inverted, run_inversions
    from rootzone.labels.read_design import nodes_of_engine
    from rootzone.labels.stations.station_table import weather_path
    from rootzone.labels.write_frames import write_frame

    refuse_overwrite(out / "inversions.parquet", force=force)
    weather_file = weather or weather_path(station_table)
    stations, own_weather = read_inputs(station_table, weather_file, names)
    snow = () if no_snow or any(p.startswith("snow=") for p in pairs) else ("snow=true",)
    engine = SwimEngine(settings_from_pairs(physics, stepping, (*snow, *pairs)), threads=1)
    setup = ColumnSetup(
        engine, nodes_of_engine(physics, stepping), zone_bottom_mm=(*sorted(zones), 1e9)
    )
    rules = InversionRules(depths_m=depths_m, training_years=train_years, objective=objective)

    def tell(outcome: Outcome) -> None:
        best = outcome.found.best if outcome.found else outcome.problem
        click.echo(f"{outcome.network} {outcome.station}: {best}", err=True)

    outcomes = run_inversions(stations, own_weather, setup, rules, workers=workers, progress=tell)
    found = inverted(outcomes)
    if not found:
        raise RequestError(f"No station could be inverted. {outcomes[0].problem}")
    record = Provenance(
        "rootzone invert",
        inputs_of({"stations": station_table, "weather": weather_file}),
        {
            **engine.identity(),
            "depths_m": list(depths_m),
            "train_years": list(train_years),
            "zones": list(zones),
            "objective": objective,
            "stations": list(names),
            "seed": seed,
        },
    )
    scores = summary.score_frame([row for one in found for row in scores_of(one)], depths_m)
    medians = summary.summarise(scores, seed)
    write_frame(out / "inversions.parquet", summary.inversion_frame(found), record)
    write_frame(out / "scores.parquet", scores, record)
    write_frame(out / "summary.parquet", medians, record)
    text = _text(medians, summary.as_markdown, summary.seasons_as_markdown)
    write_text(out / "summary.md", text)
    if not no_figures:
        figures.summary_figure(medians, out / "summary.png", record)
        for one in found:
            name = re.sub(r"[^A-Za-z0-9._-]", "_", f"{one.network}_{one.station}")
            figures.station_figure(one, out / "figures" / f"{name}.png", record)
    facts = {
        "folder": str(out),
        "stations": len(found),
        "station_years": sum(len(one.years) for one in found),
        "held_out_station_years": sum(len(one.held_out_years) for one in found),
        "not_inverted": {f"{o.network} {o.station}": o.problem for o in outcomes if o.problem},
    }
    click.echo(json.dumps(facts, indent=1) if as_json else text)
    click.echo(f"next: open {out / 'summary.md'}", err=True)


def _text(medians, as_markdown, seasons_as_markdown) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001
    return "\n".join(
        [
            "Medians over stations, 95 % bootstrap intervals over stations in brackets.",
            "\nHeld-out years, all seasons:\n",
            as_markdown(medians, "held_out"),
            "\nAll station-years, fixed loam:\n",
            as_markdown(medians, "all"),
            "\nHeld-out years at 20 cm, by season:\n",
            seasons_as_markdown(medians, "held_out", 0.20),
            "",
        ]
    )
