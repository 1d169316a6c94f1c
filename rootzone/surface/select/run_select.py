"""A choice from a table of samples: ``rootzone surface select``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import polars as pl

from rootzone._shared.atomic import write_text
from rootzone._shared.errors import RequestError
from rootzone._shared.names import did_you_mean
from rootzone._shared.positions import refuse_impossible_places
from rootzone._shared.provenance import Provenance, inputs_of, write_sidecar
from rootzone._shared.seal import sealed_json
from rootzone._shared.table_files import read_frame, write_table
from rootzone._shared.tables import Column, Schema
from rootzone.surface.select.candidates import (
    SHY,
    Candidate,
    Climatology,
    Ridge,
    ScaV,
    Trees,
    WaterCloud,
)
from rootzone.surface.select.choose import fit_all, select, skill_table
from rootzone.surface.select.chosen_graph import SCENE
from rootzone.surface.select.environments import LEAST_STATIONS, told_environments
from rootzone.surface.select.graph import image
from rootzone.surface.select.keep_models import models_of

CLUSTER: Final = "cluster"
_INTERVAL_PCT: Final = 90.0
SELECTION: Final = Schema(
    "selection",
    (
        Column("environment", "text", "-", "classes of the places"),
        Column("model", "text", "-", "candidate chosen"),
        Column("n_station", "int", "-", "stations it was chosen on"),
        Column(
            "ubrmse", "float", "m3 m-3", "mean over stations, left out, of the candidate chosen"
        ),
        Column("global_ubrmse", "float", "m3 m-3", "the same of the global winner"),
        Column("se", "float", "m3 m-3", "standard error of the difference"),
        Column("reason", "text", "-", "why"),
    ),
)


@dataclass(frozen=True)
class Columns:
    """What the columns of a table of samples are.

    Parameters
    ----------
    station, target : str
        Column of the station, and of the water content measured [m3 m-3].
    by : sequence of str
        Class columns that make environments; none: one environment.
    cluster : sequence of str
        Columns of numbers whose means over a station's days group stations into clusters, the last
        class of ``by``; none: no clusters.
    """

    station: str = "station"
    target: str = "theta"
    by: Sequence[str] = ()
    cluster: Sequence[str] = ()


def run_select(
    table: Path,
    columns: Columns,
    features: Sequence[str],
    *,
    outer: int = 5,
    soft: float = 0.0,
    rounds: int = 400,
    seed: int = 0,
    out: Path | None = None,
    models: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> dict[str, Any]:
    """Read samples, choose, and tell.

    Parameters
    ----------
    table : Path
        Parquet or CSV with a row a station and day.
    columns : Columns
        What its columns are.
    features : sequence of str
        What ridge and trees read.
    outer, soft, seed, say
        As in `rootzone.surface.select.choose.select`.
    rounds : int
        Trees of the boosted candidates.
    out : Path, optional
        Parquet for the choices.
    models : Path, optional
        JSON for the fitted models, which ``rootzone surface apply`` runs on images.

    Returns
    -------
    dict
        ``winner``, ``beats_climatology``, ``choices`` and ``skill``, as plain values.

    Raises
    ------
    RequestError
        A column is missing, water contents are no fractions, a class differs within a station.
    """
    samples = _read(table, columns, features)
    by = tuple(columns.by)
    if columns.cluster:
        samples, by = _clustered(samples, columns.cluster), (*by, CLUSTER)
    places = samples.select("station", *by).unique()
    twice = places.filter(pl.col("station").is_duplicated())
    if twice.height:
        raise RequestError(
            f"{table}: station {twice['station'][0]!r} has more than one class of "
            f"{', '.join(by)}; an environment belongs to a place."
        )
    environments = told_environments(places, by)
    candidates = _candidates(samples, features, rounds)
    chosen = select(samples, environments, candidates, outer=outer, soft=soft, seed=seed, say=say)
    rows = [asdict(choice) for choice in chosen.choices]
    settings = {
        **asdict(columns), "by": list(by), "cluster": list(columns.cluster),
        "features": list(features), "outer": outer, "soft": soft, "rounds": rounds, "seed": seed,
    }  # fmt: skip
    record = Provenance("rootzone surface select", inputs_of({table.name: table}), settings)
    if models is not None:
        needed = {name for one in candidates for name in one.needs} | {"month"}
        bands = {name: image(SCENE).select(name) for name in needed}
        kept = models_of(chosen, fit_all(samples, candidates, seed), bands, _INTERVAL_PCT)
        write_text(models, sealed_json({**kept.to_dict(), "by": list(by)}))
        write_sidecar(models, record)
    if out is not None:
        write_table(out, pl.DataFrame(rows), SELECTION, record)
    return {
        "winner": chosen.winner,
        "beats_climatology": chosen.beats_climatology,
        "n_station": places.height,
        "weights": chosen.weights if soft > 0.0 else None,
        "choices": rows,
        "skill": skill_table(chosen, [c.name for c in candidates]).to_dicts(),
    }


def report_text(facts: Mapping[str, Any]) -> str:
    """The choices and the skill at left-out stations, as lines."""
    lines = [f"{'environment':32}{'model':18}{'stations':>8}{'ubRMSE':>8}{'global':>8}  why"]
    lines += [
        f"{c['environment']:32}{c['model']:18}{c['n_station']:8d}{c['ubrmse']:8.4f}"
        f"{c['global_ubrmse']:8.4f}  {c['reason']}"
        for c in facts["choices"]
    ]
    lines += [
        "",
        f"left-out stations ({facts['n_station']}), every row predicted without its station:",
        f"{'model':18}{'n':>7}{'R':>7}{'RMSE':>8}{'R2':>8}{'bias':>9}   "
        "ubRMSE, median of stations (95 %)",
    ]
    lines += [
        f"{s['model']:18}{s['n']:7d}{s['r']:7.3f}{s['rmse']:8.4f}{s['r2']:8.3f}{s['bias']:+9.4f}   "
        f"{s['station_ubrmse']:.4f} ({s['station_ubrmse_low']:.4f} to "
        f"{s['station_ubrmse_high']:.4f})"
        for s in facts["skill"]
    ]
    if facts["weights"]:
        lines += ["", "soft weights:"]
        for environment, share in facts["weights"].items():
            told = ", ".join(f"{name} {part:.2f}" for name, part in share.items() if part >= 0.005)
            lines.append(f"{environment:32}{told}")
    verdict = "" if facts["beats_climatology"] else "Not better than climatology: none is good. "
    lines += ["", f"{verdict}Global winner: {facts['winner']}."]
    return "\n".join(lines)


def _read(table: Path, columns: Columns, features: Sequence[str]) -> pl.DataFrame:
    frame = read_frame(table)
    refuse_impossible_places(frame, table)
    needed = (columns.station, columns.target, "date", *columns.by, *columns.cluster, *features)
    for name in needed:
        if name not in frame.columns:
            raise RequestError(
                f"{table} has no column {name!r}{did_you_mean(name, frame.columns)}."
            )
    date = pl.col("date")
    if frame.schema["date"] == pl.String:
        date = date.str.to_date(strict=False)
    frame = frame.with_columns(
        station=pl.col(columns.station).cast(pl.String),
        theta=pl.col(columns.target).cast(pl.Float64, strict=False),
        date=date.cast(pl.Date),
    ).filter(pl.col("theta").is_finite() & pl.col("date").is_not_null())
    if frame.is_empty():
        raise RequestError(f"{table}: no row has both a date and a number in {columns.target}.")
    theta = frame["theta"].to_numpy()
    low, high = float(theta.min()), float(theta.max())
    if low < 0.0 or high > 1.0:
        raise RequestError(
            f"{table}: {columns.target} runs from {low:g} to {high:g}, but water contents are "
            "fractions [m3 m-3]. Divide percent by 100, and take missing codes out."
        )
    return frame


def _clustered(samples: pl.DataFrame, names: Sequence[str]) -> pl.DataFrame:
    """The samples with the cluster of their station."""
    from rootzone.surface.extents.clusters import find_clusters

    means = (
        samples.group_by("station")
        .agg(pl.col(list(names)).cast(pl.Float64, strict=False).mean())
        .sort("station")
    )
    vectors = means.select(pl.all().exclude("station").fill_null(float("nan"))).to_numpy()
    _, label = find_clusters(vectors, list(names), least_members=LEAST_STATIONS)
    named = pl.Series(CLUSTER, [f"cluster {k + 1}" for k in label.tolist()])
    return samples.join(means.select("station", named), on="station", how="left")


def _candidates(samples: pl.DataFrame, features: Sequence[str], rounds: int) -> list[Candidate]:
    """Those that the table has the columns of."""
    if not features:
        raise RequestError("Name at least one column with --features.")
    names = tuple(features)
    found: list[Candidate] = [
        Ridge("ridge", names),
        Trees("trees", names, rounds),
        Trees("trees_shy", names, rounds, settings=SHY, is_by_station=True),
        Climatology(),
    ]
    fixed: tuple[Candidate, ...] = (ScaV(), WaterCloud())
    return [c for c in fixed if set(c.needs) <= set(samples.columns)] + found
