"""The soil of stations by depth: one table whatever it came from, with what is worth believing.

A station's soil comes from a sample at its sensors, a pit beside it, or a soil map. Map classes do
harm: with them a simulation is worse than with one loam everywhere. So every row says where it is
from and whether it counts as measured, and only measured ones are used unless asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from rootzone._shared.arrays import FloatArray
from rootzone._shared.errors import RequestError
from rootzone._shared.provenance import Provenance
from rootzone._shared.table_files import read_table, write_table
from rootzone._shared.tables import Column, Schema
from rootzone.hydraulics.by_difference import BY_DIFFERENCE, closed_by_difference
from rootzone.hydraulics.by_difference import FRACTIONS as _TEXTURE
from rootzone.hydraulics.closed_forms import OM_PER_OC

LEAST_LAYERS_OF_A_CLASS = 3  # one texture at so many depths is a map class, not samples
_TOLERANCE_PCT = 10.0


def _c(name: str, kind: str, unit: str, meaning: str, *, required: bool = True) -> Column:
    return Column(name, kind, unit, meaning, required)


STATION_SOILS = Schema(
    "station_soils",
    (
        _c("network", "text", "-", "network the station belongs to"),
        _c("station", "text", "-", "station, unique in its network"),
        _c("top_mm", "float", "mm", "top of the layer; half-way to the next sample above"),
        _c("bottom_mm", "float", "mm", "bottom of the layer; half-way to the next sample below"),
        _c("sand_pct", "float", "%", "sand"),
        _c("silt_pct", "float", "%", "silt"),
        _c("clay_pct", "float", "%", "clay"),
        _c("bd_g_cm3", "float", "g cm-3", "dry bulk density; empty where not known"),
        _c("om_pct", "float", "%", "organic matter by mass; empty where not known"),
        _c("theta_33kpa", "float", "m3 m-3", "measured at 33 kPa; empty where not known"),
        _c("theta_1500kpa", "float", "m3 m-3", "measured at 1500 kPa; empty where not known"),
        _c("stones_mass_pct", "float", "%", "fragments above 2 mm by mass; empty where not known"),
        _c("standing", "text", "-", "measured, mapped (a class of a soil map) or suspect, and why"),
        _c("source", "text", "-", "where the numbers are from"),
        _c(BY_DIFFERENCE, "text", "-", "fraction that closed the sum, if any", required=False),
    ),
)
NUMBERS = tuple(c.name for c in STATION_SOILS.columns if c.kind == "float")
Problem: TypeAlias = Callable[[str], None]
MEASURED, MAPPED, SUSPECT = "measured", "mapped", "suspect"


def soils_path(stations: Path) -> Path:
    """Where the soils of a station table lie."""
    return stations.with_name(f"{stations.stem}.soils{stations.suffix}")


def layers_about(middle_mm: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Tops and bottoms of layers about samples: half-way to the neighbours, from the surface down.

    Parameters
    ----------
    middle_mm : array, shape (sample,)
        Depths of the samples, rising [mm].

    Examples
    --------
    >>> layers_about(np.array([50.0, 100.0, 200.0]))[1].tolist()
    [75.0, 150.0, 250.0]
    """
    between = 0.5 * (middle_mm[1:] + middle_mm[:-1])
    last = middle_mm[-1] + (middle_mm[-1] - between[-1] if between.size else middle_mm[-1])
    return np.concatenate(([0.0], between)), np.concatenate((between, [last]))


def soil_frame(samples: pl.DataFrame, on_problem: Problem | None = None) -> pl.DataFrame:
    """Samples of many stations as layers, each with its standing.

    Parameters
    ----------
    samples : polars.DataFrame
        A row a sample: network, station, depth_mm, and of ``STATION_SOILS`` what is known;
        ``standing`` where the source tells it. Two samples at one depth give their mean. One
        fraction may be left out of the whole table: it closes the sum, and ``by_difference`` says
        which it was.
    on_problem : callable, optional
        Told in words of every sample that is left out.

    Returns
    -------
    polars.DataFrame
        In the schema ``STATION_SOILS``. Classes of a soil map between the samples of a station are
        left out. Samples without texture, or whose fractions are impossible
        or far from 100 %, are left out; the neighbours take their place. Where the source says
        nothing, a station with one texture at three or more depths counts as mapped, and one that
        repeats another's samples as suspect.
    """
    samples = closed_by_difference(samples, "the table of samples")
    types = {"float": pl.Float64, "text": pl.String}
    columns = {column.name: types[column.kind] for column in STATION_SOILS.columns}
    given = samples.with_columns(
        *(
            (pl.col(name).cast(kind) if name in samples.columns else pl.lit(None, kind)).alias(name)
            for name, kind in columns.items()
            if name not in ("top_mm", "bottom_mm")
        )
    )
    if "oc_pct" in samples.columns:
        given = given.with_columns(
            pl.coalesce("om_pct", OM_PER_OC * pl.col("oc_pct").cast(pl.Float64)).alias("om_pct")
        )
    judged = given.with_columns(_fault().alias("fault"))
    if on_problem is not None:
        for row in judged.filter(pl.col("fault") != "").iter_rows(named=True):
            on_problem(_in_words(row))
    good = judged.filter(pl.col("fault") == "").drop("fault")
    keys = ["network", "station"]
    good = _without_map_classes(good)
    numbers = [name for name in NUMBERS if name not in ("top_mm", "bottom_mm")]
    good = (
        good.group_by([*keys, "depth_mm"], maintain_order=True)
        .agg(pl.col(numbers).mean(), pl.col("standing", "source", BY_DIFFERENCE).first())
        .sort([*keys, "depth_mm"], maintain_order=True)
    )
    parts = []
    for _, own in good.group_by(keys, maintain_order=True):
        top, bottom = layers_about(own["depth_mm"].to_numpy().astype(np.float64))
        parts.append(own.with_columns(pl.Series("top_mm", top), pl.Series("bottom_mm", bottom)))
    if not parts:
        return pl.DataFrame(schema=columns)
    return _with_standing(pl.concat(parts)).select(list(columns))


def _fault() -> pl.Expr:
    """What makes a sample useless; empty for a good one."""
    total = pl.sum_horizontal(_TEXTURE)
    known = pl.all_horizontal(pl.col(_TEXTURE).is_not_null() & pl.col(_TEXTURE).is_not_nan())
    possible = pl.all_horizontal(pl.col(_TEXTURE).is_between(0.0, 100.0))
    deep = pl.col("depth_mm").is_not_null() & (pl.col("depth_mm") >= 0.0)
    return (
        pl.when(~deep.fill_null(value=False))
        .then(pl.lit("it has no depth"))
        .when(~known)
        .then(pl.lit("texture is missing"))
        .when(~possible)
        .then(pl.lit("a fraction is outside 0 to 100 %"))
        .when((total - 100.0).abs() > _TOLERANCE_PCT)
        .then(pl.format("the fractions make {} %", total.round(1)))
        .otherwise(pl.lit(""))
    )


def _in_words(row: Mapping[str, Any]) -> str:
    depth = "no depth" if row["depth_mm"] is None else f"{row['depth_mm']:g} mm"
    seen = ", ".join(
        f"{name} {'-' if row[name] is None else format(row[name], 'g')}" for name in _TEXTURE
    )
    return (
        f"{row['network']} {row['station']}, {depth}: {row['fault']} ({seen}); the sample is left "
        "out and its neighbours take its place"
    )


def _without_map_classes(samples: pl.DataFrame) -> pl.DataFrame:
    """Samples without the classes of a map that were put between those of the same station.

    A sample that repeats the texture of such a class is one itself, whatever its note says.
    """
    keys = ["network", "station"]
    mapped = pl.col("standing").str.starts_with(MAPPED).fill_null(value=False)
    of_class = mapped.any().over([*keys, *_TEXTURE])
    return samples.filter(~of_class | of_class.all().over(keys))


def _with_standing(frame: pl.DataFrame) -> pl.DataFrame:
    """The standing of every row whose source does not tell it."""
    keys = ["network", "station"]
    texture = pl.concat_str(pl.col(_TEXTURE).round(2), separator="/")
    sample = pl.concat_str([texture, pl.col("depth_mm")], separator="@")
    own = frame.with_columns(texture.alias("texture"), sample.alias("sample"))
    own = own.with_columns(
        pl.col("texture").n_unique().over(keys).alias("textures"),
        pl.len().over(keys).alias("layers"),
        pl.struct(keys).n_unique().over("sample").alias("stations_alike"),
    )
    copied = (pl.col("stations_alike") > 1).sum().over(keys) >= 2
    is_class = (pl.col("textures") == 1) & (pl.col("layers") >= LEAST_LAYERS_OF_A_CLASS)
    standing = (
        pl.when(pl.col("standing").is_not_null())
        .then(pl.col("standing"))
        .when(is_class)
        .then(pl.lit(f"{MAPPED}: one texture at every depth"))
        .when(copied)
        .then(pl.lit(f"{SUSPECT}: another station has the same samples"))
        .otherwise(pl.lit(MEASURED))
    )
    return own.with_columns(standing.alias("standing"))


def usable_soils(soils: pl.DataFrame, *, with_mapped: bool = False) -> pl.DataFrame:
    """Stations whose every layer counts as measured, or also those of a map; never suspect ones."""
    allowed = (MEASURED, MAPPED) if with_mapped else (MEASURED,)
    good = pl.any_horizontal(pl.col("standing").str.starts_with(word) for word in allowed)
    return soils.filter(good.all().over("network", "station"))


def read_station_soils(path: Path) -> pl.DataFrame:
    """A table of ``rootzone stations --soils``.

    Raises
    ------
    RequestError
        It is missing, or none.
    """
    frame = read_table(path, STATION_SOILS)
    if BY_DIFFERENCE in frame.columns:
        return frame
    return frame.with_columns(pl.lit(None, pl.String).alias(BY_DIFFERENCE))


def is_station_soils(frame: pl.DataFrame) -> bool:
    """Whether a table is in the schema ``STATION_SOILS`` already."""
    return all(c.name in frame.columns for c in STATION_SOILS.columns if c.required)


def write_station_soils(path: Path, frame: pl.DataFrame, record: Provenance) -> None:
    """Write the table."""
    write_table(path, frame, STATION_SOILS, record)


def joined_soils(tables: Sequence[pl.DataFrame]) -> pl.DataFrame:
    """Tables one under the other; of a station that is in several, the first counts."""
    keys = ["network", "station"]
    out = tables[0]
    for table in tables[1:]:
        out = pl.concat([out, table.join(out, on=keys, how="anti")])
    return out


def of_stations(soils: pl.DataFrame, stations: pl.DataFrame) -> tuple[pl.DataFrame, Sequence[str]]:
    """The soils of the stations of a table, and the stations that have none.

    Raises
    ------
    RequestError
        Not one station of the table has a soil.
    """
    keys = ["network", "station"]
    wanted = stations.select(keys).unique(maintain_order=True)
    found = soils.join(wanted, on=keys, how="semi")
    if found.height == 0:
        first = wanted.head(3).rows()
        have = soils.select(keys).unique(maintain_order=True).head(3).rows()
        raise RequestError(
            f"None of the {wanted.height} stations has a soil. Stations are named like {first}, "
            f"soils like {have}; network and station must be the same in both."
        )
    without = wanted.join(found, on=keys, how="anti")["station"].to_list()
    return found, [str(name) for name in without]
