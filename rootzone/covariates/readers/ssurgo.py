"""SSURGO, STATSGO2 and gNATSGO: a raster of map-unit keys, and the tables of their horizons.

The tables are ``component.csv`` and ``chorizon.csv`` beside the raster, exported with their own
column names. The largest component of a map unit counts; a layer has the mean of its horizons,
weighted by how much of each lies in it. A component without horizons, rock, water or a town, has no
value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.mapping_units import values_by_unit
from rootzone.covariates.layers.opened import Opened
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.readers.raster import Raster

if TYPE_CHECKING:
    import polars as pl

COMPONENTS, HORIZONS = "component.csv", "chorizon.csv"


class Ssurgo(Raster):
    """Map units by key, looked up in the two tables."""

    def opened_files(self, layer: Layer, paths: list[Path], gaps: tuple[str, ...] = ()) -> Opened:
        """Keys, and how to look their numbers up."""
        opened = super().opened_files(layer, paths, gaps)
        tables = [paths[0].with_name(name) for name in (COMPONENTS, HORIZONS)]
        return replace(
            opened, lookup=_lookup(tables[0], tables[1], layer), files=(*opened.files, *tables)
        )


READER = Ssurgo()


def _lookup(components: Path, horizons: Path, layer: Layer) -> Callable[[AnyArray], AnyArray]:
    """Values of a layer's variable by map-unit key."""
    import polars as pl

    part, depth = layer.part, layer.values.get("depth", "")
    if part is None or not part.names:
        raise RequestError(f"{layer.source_name}: names must say the column of {HORIZONS}.")
    depths = dict(zip(layer.source.depth_names(), layer.source.depths_cm, strict=True))
    top, bottom = depths.get(depth, layer.source.depths_cm[0])
    value = pl.col(part.names[0]).cast(pl.Float64)
    inside = pl.min_horizontal(pl.col("hzdepb_r"), bottom) - pl.max_horizontal(
        pl.col("hzdept_r"), top
    )
    layers = (
        _table(horizons, ["cokey", "hzdept_r", "hzdepb_r", part.names[0]])
        .with_columns(inside=inside.cast(pl.Float64), value=value)
        .filter((pl.col("inside") > 0) & pl.col("value").is_not_null())
        .group_by("cokey")
        .agg(mean=(pl.col("value") * pl.col("inside")).sum() / pl.col("inside").sum())
    )
    largest = (
        _table(components, ["mukey", "cokey", "comppct_r"])
        .sort(["comppct_r", "cokey"], descending=[True, False], nulls_last=True)
        .unique("mukey", keep="first", maintain_order=True)
        .join(layers, on="cokey", how="left")
    )
    means = largest["mean"].fill_null(float("nan")).to_numpy()
    return values_by_unit(largest["mukey"].cast(pl.Int64).to_numpy(), means)


def _table(path: Path, columns: list[str]) -> pl.DataFrame:
    import polars as pl

    if not path.is_file():
        raise RequestError(
            f"{path} is missing beside the raster: export the tables component and chorizon of the "
            "geodatabase as CSV, for example with ogr2ogr -f CSV component.csv gNATSGO_CONUS.gdb "
            "component."
        )
    try:
        frame = pl.read_csv(path, columns=columns, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise RequestError(f"{path} cannot be read as a table of SSURGO: {error}") from error
    keys = [name for name in columns if name.endswith("key")]
    return frame.with_columns(pl.col(keys).cast(pl.Int64))
