"""The whole chain on real input: ``python scripts/run_real.py REALDATA OUT`` (make real DATA=...).

Two parts, each with the verbs a user would type. *The county*: sites, soils, simulation, labels,
network and maps over the box of Boulder County whose elevation is real, with real climate classes
and the weather of a real station; soil texture and land cover are made up, because no real file of
them is at hand. *The stations*: the five Colorado stations of USCRN with probes at 20 cm lie
outside that box, so they are taken as points: their weather and readings are real, and their soil
is the one that explains the first half of their record. Skill is told on the later half. A run that
was killed goes on with the same command.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import _real_inputs as inputs
import click

from rootzone._cli._chain import Chain, Step
from rootzone._shared.atomic import write_text
from rootzone.campaign.workspace import Workspace

YEAR = 2023
RAW_YEARS = range(2018, 2024)
STATIONS = (
    "CO_Cortez_8_SE", "CO_Dinosaur_2_E", "CO_La_Junta_17_WSW", "CO_Montrose_11_ENE",
    "CO_Nunn_7_NNE",
)  # fmt: skip
WEATHER_STATION = "CO_Boulder_14_W"
MADE_UP = f"""\
soil texture and land cover of the county. No POLARIS tile and no NLCD cut of this box is at hand,
so a seeded generator made them, in those formats; the maps say nothing about the real soil of
Boulder County. The weather files have gridMET's format, but hold the weather of one station, its
temperature moved to each cell's height by 6.5 K/km. Real are elevation (SRTM, 3 arc-seconds),
climate classes (Kottek et al. 2006), the daily weather of USCRN Boulder 14 W, and everything at the
five USCRN stations of Colorado with probes at 20 cm ({", ".join(STATIONS)}). None of these lies in
the mapped box, so skill at real stations is told for points, in points/skill.md and on this page.
"""
CAMPAIGN = f"""\
name: boulder-county
description: Real terrain, climate and weather; made-up soil and land cover
region:
  bounds_lonlat_deg: [{", ".join(str(side) for side in inputs.BOX)}]
years: [{YEAR}]
catalog:
  files: [catalog.yaml]
  climate_class: koppen_colorado
  elevation: srtm
weather:
  pet: apsim
sites:
  per_year: 200
engine:
  spin_up_days: 365
  settings: {{snow: true}}
jobs:
  sites_per_shard: 50
labels:
  depths_mm: [200]
learning:
  model: unet_a_up4
  widths: [16, 32, 64]
  epochs: 3                          # each is judged by all held-out labels, which takes longest
  steps_per_epoch: 50
  batch_size: 16
  output: bounds
  simulated_batch_probability: 1.0   # no station lies in the box
  features: {{aspect: sincos, classes: onehot, forcing: bilinear}}
maps:
  dates: [{YEAR}-04-15, {YEAR}-06-15, {YEAR}-08-15, {YEAR}-10-15]
"""


def main() -> None:
    """Run what is not done yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("real", type=Path, help="folder of real files, such as ../shared/realdata")
    parser.add_argument("out", type=Path, nargs="?", default=Path("real-out"))
    parser.add_argument("--force", action="store_true", help="begin again")
    asked = parser.parse_args()
    chain = Chain(asked.out, "real", CAMPAIGN + MADE_UP)
    chain.open(force=asked.force)
    try:
        chain.run(steps(asked.real, asked.out))
    except click.exceptions.Exit as ended:
        sys.exit(ended.exit_code)
    print(chain.table())
    print(f"done in {chain.seconds:.0f} s")


def steps(real: Path, out: Path) -> list[Step]:
    """The county, then the stations."""
    campaign = str(out / "campaign.yaml")
    again = ("--force",)
    weather, forcing = out / "boulder_14_w.parquet", out / "boulder_14_w.forcing.parquet"
    return [
        Step(
            "weather station",
            ("stations", *raw_files(real, [WEATHER_STATION]), "--out", str(weather),
             "--forcing", str(forcing)),
            again,
        ),
        Step("inputs", make=lambda: make_inputs(real, out, forcing)),
        Step("check", ("check", campaign)),
        Step("forcing", ("forcing", campaign), again),
        Step("sites", ("sites", campaign), again),
        Step("soils", ("soils", campaign), again),
        Step("plan", ("plan", campaign)),
        Step("simulate", ("simulate", campaign)),
        Step("labels", ("labels", campaign)),
        Step("train", ("train", campaign)),
        Step("evaluate", ("evaluate", campaign, "--most-tile-days", "200")),
        Step("map", ("map", campaign)),
        *station_steps(real, out),
        Step("report", ("report", campaign), again),
    ]  # fmt: skip


def station_steps(real: Path, out: Path) -> list[Step]:
    """The stations as points: read, their soil found, and the network held against both."""
    points = out / "points"
    table, forcing, inverted = (
        points / "stations.parquet", points / "weather.parquet", points / "inverted"
    )  # fmt: skip
    raw = raw_files(real, list(STATIONS))
    read = ("stations", *raw, "--out", str(table), "--forcing", str(forcing))
    invert = ("invert", str(table), "--out", str(inverted), "--depth", "0.2")
    return [
        Step("stations", read, ("--force",)),
        Step("invert", invert, ("--force",)),
        Step("skill at stations", make=lambda: tell_skill(real, out, table, forcing, inverted)),
    ]


def tell_skill(real: Path, out: Path, table: Path, forcing: Path, inverted: Path) -> None:
    """The network at the stations; what is real is told with the figures."""
    from _real_stations import write_station_skill

    bundle = Workspace(out).bundle()
    text = write_station_skill(table, forcing, inverted, bundle, real / inputs.KOPPEN)
    print(text)
    write_text(out / "data" / "MADE_UP.txt", MADE_UP)


def raw_files(real: Path, stations: list[str]) -> list[str]:
    """USCRN's own daily files of some stations."""
    folder = real / "uscrn" / "raw"
    return [str(folder / f"CRND0103-{y}-{name}.txt") for name in stations for y in RAW_YEARS]


def make_inputs(real: Path, out: Path, forcing: Path) -> None:
    """Data folder, catalog and campaign file."""
    inputs.write_inputs(real, out / "data", forcing, [YEAR - 1, YEAR])
    write_text(out / "data" / "MADE_UP.txt", MADE_UP)
    write_text(out / "campaign.yaml", CAMPAIGN)


if __name__ == "__main__":
    main()
