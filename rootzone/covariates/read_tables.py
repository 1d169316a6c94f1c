"""Tables of the catalog: weather of one place, measured soils."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootzone._shared.errors import RequestError
from rootzone.covariates.fetch.checksums import check_inputs
from rootzone.covariates.layers.catalog import Catalog
from rootzone.covariates.read_unsoda_db import read_unsoda_table
from rootzone.covariates.weather.read_met import read_met

if TYPE_CHECKING:
    import polars as pl


def read_table_layer(catalog: Catalog, address: str) -> pl.DataFrame:
    """A table by its address.

    Parameters
    ----------
    catalog : Catalog
        Where it lies.
    address : str
        Such as ``unsoda/retention`` or ``met/Ames``.

    Returns
    -------
    frame : polars.DataFrame
        Columns carry their unit in their name. Weather of a place stands in the weather table's
        columns, its ``cell_id`` the name of the place.

    Raises
    ------
    RequestError
        The address names no table, or the file cannot be read.
    """
    layer = catalog.layer(address)
    path = catalog.data_folder / layer.path_pattern()
    check_inputs([path], catalog.data_folder)
    if layer.source.reader == "met":
        return read_met(path).to_frame(path.stem)
    if layer.source.reader == "unsoda":
        return read_unsoda_table(path, layer.values["variable"])
    raise RequestError(f"{address} is read by {layer.source.reader}, which gives no table.")
