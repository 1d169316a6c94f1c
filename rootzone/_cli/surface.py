"""``rootzone surface``: moisture of the top 5 cm from satellites."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rootzone._cli._options import device_option, force_option, json_option
from rootzone._cli._surface_fusion import daily, fuse
from rootzone._cli._surface_select import apply, select
from rootzone._shared.json_text import json_text

if TYPE_CHECKING:
    from types import ModuleType

    from rootzone.surface.chain.open_surface import OpenSurface

_CAMPAIGN = click.argument(
    "campaign", metavar="CAMPAIGN", type=click.Path(path_type=Path, dir_okay=False)
)
_ENGINE = click.option(
    "--engine",
    type=click.Choice(("local", "ee")),
    default="local",
    show_default=True,
    help="Who computes: this machine, or Earth Engine (of the system select).",
)
_FILES = click.argument(
    "paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path)
)


@click.group()
def command() -> None:
    """Retrieve surface moisture (0-5 cm) from satellites, and map it by a campaign's ``surface:``.

    The maps are what ``learning.features.surface_moisture`` reads, so that the network of the root
    zone can see the surface.
    """


@command.command()
@_FILES
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Parquet to write.")
@click.option("--as", "source", help="Catalog entry the FILEs are of; told by their names if not.")
@click.option(
    "--catalog",
    "files",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="A catalog file of your own; its entries win over the packed ones.",
)
@click.option("--recommended", is_flag=True, help="Only retrievals that the product recommends.")
@force_option
@json_option
def observe(
    paths: tuple[Path, ...],
    out: Path | None,
    source: str | None,
    files: tuple[Path, ...],
    recommended: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Read FILEs of satellites and models into one table, and say what was left out and why.

    Products are those of kind ``observations`` in ``rootzone catalog list``: SMAP, SMOS, GLDAS,
    ERA5-Land, C3S, Copernicus SSM and SWI, GLEAM. A file without a value that counts is told and
    passed over, unless none has one.
    """
    import polars as pl

    from rootzone._shared.errors import RequestError
    from rootzone._shared.provenance import Provenance, inputs_of
    from rootzone._shared.table_files import write_table
    from rootzone.covariates.layers.catalog import load_catalog
    from rootzone.covariates.observe.each import observe_file
    from rootzone.covariates.observe.observed import OBSERVATIONS, NothingLeftError, Observed

    if out is not None and out.exists() and not force:
        raise RequestError(f"{out} exists; --force writes over it.")
    catalog = load_catalog(list(files), Path())
    frames, facts = [], []
    for path in paths:
        try:
            seen = observe_file(path, catalog, source, recommended_only=recommended)
            frames.append(seen.frame)
        except NothingLeftError as error:
            if path == paths[-1] and not frames:
                raise
            seen = Observed(pl.DataFrame(), error.dropped, (f"{path.name}: no value is left",))
        facts.append(
            {"file": str(path), "kept": seen.dropped.kept, "dropped": seen.dropped.counts,
             "said": list(seen.said)}
        )  # fmt: skip
        if not as_json:
            click.echo("\n".join([*seen.said, *(f"  {line}" for line in seen.dropped.lines())]))
    if as_json:
        click.echo(json_text(facts))
    if out is not None:
        record = Provenance(
            "rootzone surface observe", inputs_of({p.name: p for p in paths}),
            {"recommended": recommended, "source": source},
        )  # fmt: skip
        write_table(out, pl.concat(frames), OBSERVATIONS, record)
        orbits = [path for path in paths if "_L2_SM_P" in path.name]
        if orbits:
            click.echo(f"next: rootzone surface retrieve {orbits[0]}", err=True)


@command.command()
@_FILES
@json_option
def retrieve(paths: tuple[Path, ...], as_json: bool) -> None:
    """Retrieve moisture from SMAP L2 FILEs as NASA does, and hold it against NASA's values."""
    import numpy as np

    from rootzone.covariates.observe.smap_l2 import read_smap_l2
    from rootzone.surface.physics.retrieve import retrieve_scah, retrieve_scav
    from rootzone.surface.samples.smap_scene import scene_of

    rows = []
    for path in paths:
        half = read_smap_l2(path)
        scene = scene_of(half)
        for name, told in (
            ("sca_v", retrieve_scav(half.values["tb_v_corrected"], scene)),
            ("sca_h", retrieve_scah(half.values["tb_h_corrected"], scene)),
        ):
            nasa = half.values[f"theta_{name}"]
            both = np.isfinite(nasa) & np.isfinite(told.theta)
            off = np.abs(told.theta - nasa)[both]
            rows.append(
                {"file": path.name, "algorithm": name, "cells": int(both.sum()),
                 "at_bound": int((told.at_bound & both).sum()),
                 "mean_theta": float(told.theta[both].mean()) if both.any() else None,
                 "largest_difference": float(off.max()) if off.size else None}
            )  # fmt: skip
    if as_json:
        click.echo(json_text(rows))
        return
    for row in rows:
        if row["cells"]:
            click.echo(
                f"{row['file']}  {row['algorithm']}: {row['cells']} cells, mean "
                f"{row['mean_theta']:.3f} m3 m-3, {row['at_bound']} at a limit; largest difference "
                f"to the file's own {row['largest_difference']:.1e}"
            )
        else:
            click.echo(f"{row['file']}  {row['algorithm']}: no cell with a retrieval")


@command.command()
@_CAMPAIGN
@click.option(
    "--every",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Days from one file of weather to the next.",
)
def inputs(campaign: Path, every: int) -> None:
    """Write the files that system deepsoil reads, from CAMPAIGN's own catalog and weather.

    They are the land (soils, terrain, classes, a composite), and by day weather, leaf area and
    coarse moisture. What the catalog has no file of is left out, and told.
    """
    from rootzone._shared.errors import RequestError

    opened = _opened(campaign)
    system = opened.section.system
    if system != "deepsoil":
        raise RequestError(f"Inputs are made for system deepsoil; this one is {system}.")
    for path in _part(opened, "inputs").make_inputs(opened, every, _say):
        click.echo(path)
    click.echo(f"next: rootzone surface plan {campaign}", err=True)


@command.command()
@_CAMPAIGN
@_ENGINE
@json_option
def plan(campaign: Path, engine: str, as_json: bool) -> None:
    """Tell what CAMPAIGN will read, train, write and cost, before anything runs."""
    opened = _opened(campaign)
    facts = _part(opened, "plan").plan(opened, **_asked(opened, engine))
    if as_json:
        click.echo(json_text(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name.replace('_', ' '):24}{value}")
    click.echo(f"next: rootzone surface train {campaign}", err=True)


@command.command()
@_CAMPAIGN
@click.option(
    "--part",
    metavar="K/N",
    help="Of system deepsoil only every N-th network from the K-th on, for the tasks of an array.",
)
@device_option
def train(campaign: Path, part: str | None, device: str | None) -> None:
    """Train the retrieval on CAMPAIGN's stations, a network for each split and seed.

    Stopped or killed, the same command goes on and ends with the same networks. After all parts of
    an array the command without --part collects what they trained. --device is for system deepsoil.
    """
    from rootzone._shared.errors import RequestError

    opened = _opened(campaign)
    system = opened.section.system
    asked = {k: v for k, v in (("part", part), ("device", device)) if v is not None}
    if asked and system != "deepsoil":
        raise RequestError(
            f"--{next(iter(asked))} is for the clusters of system deepsoil; this one is {system}."
        )
    click.echo(_part(opened, "run_training").train_all(opened, _say, **asked))
    click.echo(f"next: rootzone surface evaluate {campaign}", err=True)


@command.command()
@_CAMPAIGN
@json_option
def evaluate(campaign: Path, as_json: bool) -> None:
    """Print the skill at held-out samples, all splits side by side, beside SCA-V and trees."""
    opened = _opened(campaign)
    part = _part(opened, "evaluate")
    facts = part.evaluate(opened)
    if as_json:
        click.echo(json_text(facts))
    else:
        click.echo(part.table_text(facts["skill"]))
        if "missing" in facts:
            click.echo(f"\nwhat a missing sensor costs\n{part.missing_text(facts['missing'])}")
    click.echo(f"next: rootzone surface map {campaign}", err=True)


@command.command("map")
@_CAMPAIGN
@_ENGINE
@click.option(
    "--for-campaign",
    is_flag=True,
    help="Map every day, and write it on the campaign's grid too, for its root-zone network.",
)
def map_(campaign: Path, engine: str, for_campaign: bool) -> None:
    """Write CAMPAIGN's daily maps: moisture, interval, flags and, of 1 km, parameters.

    With --engine ee the same maps are computed by Earth Engine from images of their bands, which
    ``rootzone surface bands`` writes. Stopped or killed, the same command goes on; exports are
    found again by their task names.
    """
    from dataclasses import replace

    opened = _opened(campaign)
    if for_campaign:
        every = opened.section.model_copy(update={"dates": ()})
        opened = replace(opened, section=every)
    made = _part(opened, "run_maps").make_maps(opened, _say, **_asked(opened, engine))
    click.echo(made[-1].folder)
    if for_campaign:
        from rootzone.covariates.open_campaign import CampaignFiles
        from rootzone.surface.product.for_campaign import PATTERN, maps_for_campaign

        grid = CampaignFiles.beside(campaign).grid
        maps_for_campaign(made, grid, campaign.parent, opened.section.interval_pct, _say)
        click.echo(f"set learning.features.surface_moisture: {PATTERN!r}", err=True)
    click.echo(f"next: rootzone report {campaign}", err=True)


# A longitude of the west begins with a minus, which would be an option otherwise.
@command.command(context_settings={"ignore_unknown_options": True})
@click.argument("campaign", type=click.Path(path_type=Path, dir_okay=False))
@click.argument("lat", type=float)
@click.argument("lon", type=float)
@click.argument("day", metavar="DATE", type=click.DateTime(["%Y-%m-%d"]))
@_ENGINE
@json_option
def point(
    campaign: Path, lat: float, lon: float, day: dt.datetime, engine: str, as_json: bool
) -> None:
    """Print moisture at LAT LON on DATE, and the parameters it was made with."""
    opened = _opened(campaign)
    facts = _part(opened, "run_maps").at_point(
        opened, lat, lon, day.date(), **_asked(opened, engine)
    )
    if as_json:
        click.echo(json_text(facts))
        return
    for name, value in facts.items():
        click.echo(f"{name:16} {value:.4f}" if isinstance(value, float) else f"{name:16} {value}")


@command.command()
@_CAMPAIGN
def bands(campaign: Path) -> None:
    """Write the bands that CAMPAIGN's chosen models read, a GeoTIFF a day to map.

    For --engine ee each is uploaded once as an image of Earth Engine, under the name that is told
    (``surface.select.cloud.asset``).
    """
    from rootzone._shared.errors import RequestError
    from rootzone.surface.chosen.run_maps import make_bands

    opened = _opened(campaign)
    if opened.section.system != "select":
        raise RequestError(
            f"surface.system is {opened.section.system}; only select has bands to send."
        )
    for path in make_bands(opened, _say):
        click.echo(path)
    click.echo(f"next: upload them, then rootzone surface map {campaign} --engine ee", err=True)


for verb in (select, apply, fuse, daily):
    command.add_command(verb)


def _opened(campaign: Path) -> OpenSurface:
    from rootzone.surface.chain.open_surface import OpenSurface

    return OpenSurface.of(campaign)


def _part(opened: OpenSurface, name: str) -> ModuleType:
    """What a verb does for the campaign's system: each has modules of the same names."""
    from importlib import import_module

    packages = {
        "two_layer": "two_layer", "select": "chosen", "multimodal": "multimodal",
        "deepsoil": "extents",
    }  # fmt: skip
    package = packages.get(opened.section.system, "chain")
    return import_module(f"rootzone.surface.{package}.{name}")


def _asked(opened: OpenSurface, engine: str) -> dict[str, str]:
    """The engine, for the system that has two."""
    from rootzone._shared.errors import RequestError

    if opened.section.system == "select":
        return {"engine": engine}
    if engine == "local":
        return {}
    raise RequestError(
        f"--engine {engine} runs what surface.system select chose; it is {opened.section.system}."
    )


def _say(line: str) -> None:
    click.echo(line, err=True)
