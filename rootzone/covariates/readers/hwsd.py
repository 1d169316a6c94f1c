"""Harmonized World Soil Database 2: a raster of mapping units, and a table of their soils.

A pixel holds the number of a mapping unit, which is no quantity: it is taken from the nearest
pixel and looked up in the table afterwards. The first soil of a unit's sequence, its largest share,
counts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from rootzone._shared.arrays import AnyArray
from rootzone._shared.errors import RequestError
from rootzone.covariates.layers.mapping_units import values_by_unit
from rootzone.covariates.layers.opened import Opened
from rootzone.covariates.layers.source import Layer
from rootzone.covariates.readers.raster import Raster

TABLE = "HWSD2_LAYERS.csv"
_UNIT, _SEQUENCE, _LAYER = "HWSD2_SMU_ID", "SEQUENCE", "LAYER"


class Hwsd(Raster):
    """HWSD2 as GeoTIFF, with ``HWSD2_LAYERS.csv`` (exported from its database) beside it."""

    def opened_files(self, layer: Layer, paths: list[Path], gaps: tuple[str, ...] = ()) -> Opened:
        """Mapping units, and how to look their numbers up."""
        opened = super().opened_files(layer, paths, gaps)
        table = paths[0].with_name(TABLE)
        return replace(opened, lookup=_lookup(table, layer), files=(*opened.files, table))


READER = Hwsd()


def _lookup(path: Path, layer: Layer) -> Callable[[AnyArray], AnyArray]:
    """Values of a layer's variable by mapping unit."""
    import polars as pl

    part, depth = layer.part, layer.values.get("depth", "")
    if part is None or not part.names:
        raise RequestError(f"{layer.source_name}: names must say the column of {TABLE}.")
    if not path.is_file():
        raise RequestError(
            f"{path} is missing beside the raster: export the table {TABLE[:-4]} of HWSD2.mdb as "
            "CSV, for example with mdb-export HWSD2.mdb HWSD2_LAYERS."
        )
    number = layer.source.depth_names().index(depth) + 1
    columns = [_UNIT, _SEQUENCE, _LAYER, part.names[0]]
    try:
        frame = pl.read_csv(path, columns=columns, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise RequestError(f"{path} cannot be read as the table of HWSD2: {error}") from error
    frame = frame.filter((pl.col(_SEQUENCE) == 1) & (pl.col(_LAYER) == f"D{number}"))
    units = frame[_UNIT].to_numpy().astype(np.int64)
    values = frame[part.names[0]].cast(pl.Float32).fill_null(float("nan")).to_numpy()
    values = np.where(values < 0, np.nan, values)  # negative codes: no soil (water, rock, ice)
    return values_by_unit(units, values)
