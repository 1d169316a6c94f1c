"""Read public tables of station soils: tidy ones, NASMD's site tables, MesoSoil, NEON's pits."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Final

import polars as pl

from rootzone._shared.errors import RequestError
from rootzone._shared.table_files import read_frame
from rootzone.hydraulics.by_difference import FRACTIONS
from rootzone.stations.station_soils import (
    MAPPED,
    MEASURED,
    NUMBERS,
    SUSPECT,
    Problem,
    is_station_soils,
    read_station_soils,
    soil_frame,
)

_MM_PER_CM = 10.0
_MESOSOIL_MISSING = -9.0


def read_soils(path: Path, on_problem: Problem | None = None) -> pl.DataFrame:
    """Soils of stations from a file, whatever its layout, in the schema ``STATION_SOILS``.

    Parameters
    ----------
    path : Path
        ``.parquet`` or ``.csv``: a tidy table (network, station, depth_cm or depth_mm, sand_pct,
        silt_pct, clay_pct, of which one may be left out, and what else is known, with ``quality``,
        ``standing`` or neither), a
        NASMD site table, MesoSoil, NEON's initial characterisation, or a table that
        ``rootzone stations --soils`` wrote.
    on_problem : callable, optional
        Told in words of every sample that is left out.

    Raises
    ------
    RequestError
        The layout is none of these, or no row can be used.
    """
    frame = _read(path)
    if is_station_soils(frame):
        return read_station_soils(path)
    return soils_of_frame(frame, str(path), on_problem)


def soils_of_frame(
    frame: pl.DataFrame, name: str, on_problem: Problem | None = None
) -> pl.DataFrame:
    """As `read_soils`, of a table in memory; ``name`` tells it in messages."""
    for needed, reader in _LAYOUTS:
        if set(needed) <= set(frame.columns):
            soils = soil_frame(reader(frame), on_problem)
            if soils.height == 0:
                raise RequestError(f"{name}: no row has a possible texture and a depth.")
            return soils
    raise RequestError(
        f"{name} is no table of station soils. A tidy one has network, station, depth_cm, "
        f"two of sand_pct, silt_pct and clay_pct; this one has {', '.join(frame.columns[:8])}."
    )


def _read(path: Path) -> pl.DataFrame:
    """A table; one in latin-1 is read as that, as names of places often are."""
    if path.suffix != ".csv":
        return read_frame(path)
    if not path.is_file():
        raise RequestError(f"{path} does not exist.")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("latin-1")
    try:
        return pl.read_csv(io.StringIO(text), infer_schema_length=0, null_values=["NA", ""])
    except pl.exceptions.PolarsError as error:
        raise RequestError(f"{path} cannot be read as a table: {error}") from error


def _numbers(*names: str) -> list[pl.Expr]:
    return [pl.col(name).cast(pl.Float64, strict=False) for name in names]


def _tidy(frame: pl.DataFrame) -> pl.DataFrame:
    """Our own layout, with the notes of ``quality`` turned into a standing."""
    if "depth_mm" not in frame.columns:
        (depth,) = _numbers("depth_cm")
        frame = frame.with_columns((_MM_PER_CM * depth).alias("depth_mm"))
    renamed = {"coarse_frag_pct": "stones_mass_pct"}
    frame = frame.rename({old: new for old, new in renamed.items() if old in frame.columns})
    known = [name for name in (*NUMBERS, "oc_pct") if name in frame.columns]
    frame = frame.with_columns(*_numbers(*known), pl.col("depth_mm").cast(pl.Float64, strict=False))
    if "standing" not in frame.columns and "quality" in frame.columns:
        note = pl.col("quality").fill_null("")
        frame = frame.with_columns(
            pl.when(note.str.starts_with("SUSPECT"))
            .then(pl.lit(f"{SUSPECT}: ") + note)
            .when(note.str.contains("texture SSURGO"))
            .then(pl.lit(f"{MAPPED}: SSURGO class"))
            .otherwise(pl.lit(MEASURED))
            .alias("standing")
        )
    return frame


def _nasmd(frame: pl.DataFrame) -> pl.DataFrame:
    """A site table of the North American Soil Moisture Database: five to eight depths a row.

    Bulk density is often a range of a soil map, whose middle is taken. Rows whose notes name
    SSURGO are classes of that map.
    """
    parts = []
    for number in range(1, 9):
        names = {
            f"Depth{number}(cm)": "depth_cm",
            f"PercentSand{number}": "sand_pct",
            f"PercentSilt{number}": "silt_pct",
            f"PercentClay{number}": "clay_pct",
            f"BulkDensity{number}(g/cc)": "bd",
        }
        if set(names) <= set(frame.columns):
            parts.append(frame.select("Network", "StationName", "Notes", *names).rename(names))
    rows = pl.concat(parts).with_columns(_numbers("depth_cm", "sand_pct", "silt_pct", "clay_pct"))
    density = [_middle(str(text or "")) for text in rows["bd"].to_list()]
    mapped = pl.col("Notes").fill_null("").str.contains("(?i)ssurgo")
    return rows.select(
        pl.col("Network").alias("network"),
        pl.col("StationName").alias("station"),
        (_MM_PER_CM * pl.col("depth_cm")).alias("depth_mm"),
        "sand_pct",
        "silt_pct",
        "clay_pct",
        pl.Series("bd_g_cm3", density, dtype=pl.Float64),
        pl.when(mapped).then(pl.lit(f"{MAPPED}: SSURGO class")).alias("standing"),
        pl.lit("NASMD (Quiring et al. 2016)").alias("source"),
    )


def _middle(text: str) -> float | None:
    """Middle of a range such as ``1.25-1.40``, or the number itself."""
    found = [float(part) for part in re.findall(r"\d+(?:\.\d+)?", text)]
    return sum(found) / len(found) if found else None


def _mesosoil(frame: pl.DataFrame) -> pl.DataFrame:
    """MesoSoil of the Oklahoma Mesonet; -9.9 is missing."""
    names = ("Depth", "Sand", "Silt", "Clay", "BulkD", "Th33", "Th1500")
    known = [
        pl.when(column > _MESOSOIL_MISSING).then(column).alias(name)
        for name, column in zip(names, _numbers(*names), strict=True)
    ]
    rows = frame.with_columns(known)
    return rows.select(
        pl.lit("Oklahoma Mesonet").alias("network"),
        pl.col("Site").alias("station"),
        (_MM_PER_CM * pl.col("Depth")).alias("depth_mm"),
        pl.col("Sand").alias("sand_pct"),
        pl.col("Silt").alias("silt_pct"),
        pl.col("Clay").alias("clay_pct"),
        pl.col("BulkD").alias("bd_g_cm3"),
        pl.col("Th33").alias("theta_33kpa"),
        pl.col("Th1500").alias("theta_1500kpa"),
        pl.lit(MEASURED).alias("standing"),
        pl.lit("MesoSoil (Scott et al. 2013)").alias("source"),
    )


def _neon(frame: pl.DataFrame) -> pl.DataFrame:
    """NEON's pits, a plot a station; carbon and fragments come in g per kg."""
    numbers = ("horizonTopDepth", "horizonBottomDepth", "sandTotal", "siltTotal", "clayTotal")
    more = ("bulkDen", "estimatedOC", "coarseFrag2To5", "coarseFrag5To20")
    rows = frame.with_columns(_numbers(*numbers, *more))
    middle = 0.5 * (pl.col("horizonTopDepth") + pl.col("horizonBottomDepth"))
    fragments = pl.col("coarseFrag2To5").fill_null(0.0) + pl.col("coarseFrag5To20").fill_null(0.0)
    known = pl.any_horizontal(pl.col("coarseFrag2To5", "coarseFrag5To20").is_not_null())
    return rows.select(
        pl.lit("NEON").alias("network"),
        pl.col("plotID").alias("station"),
        (_MM_PER_CM * middle).alias("depth_mm"),
        pl.col("sandTotal").alias("sand_pct"),
        pl.col("siltTotal").alias("silt_pct"),
        pl.col("clayTotal").alias("clay_pct"),
        pl.col("bulkDen").alias("bd_g_cm3"),
        (pl.col("estimatedOC") / 10.0).alias("oc_pct"),
        pl.when(known).then(fragments / 10.0).alias("stones_mass_pct"),
        pl.lit(MEASURED).alias("standing"),
        pl.lit("NEON DP1.10047.001").alias("source"),
    )


_LAYOUTS: Final[tuple[tuple[tuple[str, ...], Callable[[pl.DataFrame], pl.DataFrame]], ...]] = (
    (("Network", "StationName", "PercentSand1", "Notes"), _nasmd),
    (("Site", "Depth", "Sand", "Silt", "Clay", "BulkD", "Th33", "Th1500"), _mesosoil),
    (("plotID", "horizonTopDepth", "sandTotal", "siltTotal", "clayTotal"), _neon),
    *(
        (("network", "station", depth, *two), _tidy)
        for depth in ("depth_cm", "depth_mm")
        for two in combinations(FRACTIONS, 2)  # the third may close the sum
    ),
)
